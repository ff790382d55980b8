/* Verbindung prüfen: the ladder of steps, sent step by step as they come, so that it is live
 * without any script. It answers the POST itself: there is nothing to come back to. */
#include <string.h>
#include "app/check.h"
#include "app/words.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/page.h"

#define CHECK_PATH "/pruefen"
#define TEST_MAIL "testnachricht"

typedef struct Ladder {
	Visit *visit;
	const char *user;
	Html *h;
	bool opened;
	MailProtocol protocol; /* of the list that is open */
	bool is_left_out;      /* its settings say that there is nothing to check */
	unsigned failed;
	unsigned hints;
} Ladder;

static void flush(Ladder *ladder)
{
	g_autofree char *text = html_take(ladder->h);

	/* Whoever has gone away cancels the check by going. */
	(void)web_response_write(ladder->visit->response, text, strlen(text));
}

static void write_state(Html *h, const CheckResult *result)
{
	if (check_is_hint(result))
		page_badge(h, TONE_WARNING, _("Hinweis"));
	else if (result->state == CHECK_GOOD)
		page_badge(h, TONE_SUCCESS, _("in Ordnung"));
	else if (result->state == CHECK_BAD)
		page_badge(h, TONE_DANGER, _("gescheitert"));
	else
		page_badge(h, TONE_INFO, _("entfällt"));
}

static void open_list(Ladder *ladder, MailProtocol protocol)
{
	if (ladder->opened && ladder->protocol == protocol)
		return;
	if (ladder->opened)
		html(ladder->h, "</ol>\n");
	html(ladder->h, "<h2 class=\"kern-heading-medium\">");
	html_text(ladder->h, words_protocol(protocol));
	html(ladder->h, "</h2><ol class=\"ladder\">\n");
	ladder->opened = true;
	ladder->is_left_out = false;
	ladder->protocol = protocol;
}

static void write_paragraph(Html *h, const char *label, const char *text)
{
	html(h, "<p>");
	if (label) {
		html(h, "<strong>");
		html_text(h, label);
		html(h, "</strong> ");
	}
	html_text(h, text);
	html(h, "</p>");
}

static void write_technical(Html *h, const GError *problem)
{
	html(h, "<details class=\"technical\"><summary>");
	html_text(h, _("Technische Meldung"));
	html(h, "</summary><p><code>");
	html_text(h, problem->message);
	html(h, "</code></p></details>");
}

/* What goes on is shown as long as nothing stands behind it (amtspost.css). */
static void begins(MailProtocol protocol, CheckStep step, const char *mailbox, void *data)
{
	Ladder *ladder = data;
	Html *h = ladder->h;

	open_list(ladder, protocol);
	html(h, "<li class=\"running\"><div class=\"step\">");
	page_badge(h, TONE_INFO, _("läuft"));
	html(h, "<strong>");
	if (step == CHECK_PROXY || step == CHECK_TCP)
		html_text(h, _("Verbindung bis zur ersten Antwort des Servers"));
	else
		html_text(h, words_check_step(step));
	if (mailbox)
		html_printf(h, " %s", mailbox);
	html(h, "</strong></div></li>\n");
	flush(ladder);
}

/* To go elsewhere is what cancels the check; the end hides it. */
static void write_stop(Html *h, const Visit *visit)
{
	const char *path = visit_next(visit);

	html(h, "<p class=\"buttons stop\"><a class=\"kern-btn kern-btn--secondary\" href=\"");
	html_attr(h, path ? path : "/");
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Abbrechen"));
	html(h, "</span></a></p>\n");
}

static void report(const CheckResult *result, void *data)
{
	Ladder *ladder = data;
	Html *h = ladder->h;
	g_autofree char *duration = words_duration(result->milliseconds);
	g_autofree char *advice = result->problem ? failure_advice_on_page(result->problem)
						  : g_strdup(result->advice);

	open_list(ladder, result->protocol);
	if (ladder->is_left_out)
		return;
	ladder->is_left_out = result->step == CHECK_SETTINGS && result->state == CHECK_OPEN;
	html(h, "<li><div class=\"step\">");
	write_state(h, result);
	html(h, "<strong>");
	html_text(h, words_check_step(result->step));
	if (result->mailbox)
		html_printf(h, " %s", result->mailbox);
	html(h, "</strong>");
	if (result->state != CHECK_OPEN) {
		html(h, "<span class=\"time\">");
		html_text(h, duration);
		html(h, "</span>");
	}
	html(h, "</div>");
	write_paragraph(h, NULL, result->detail);
	if (advice)
		write_paragraph(h, _("Rat:"), advice);
	if (result->problem)
		write_technical(h, result->problem);
	html(h, "</li>\n");
	ladder->failed += result->state == CHECK_BAD;
	ladder->hints += check_is_hint(result);
	flush(ladder);
}

/* "Alles in Ordnung; 2 Hinweise."; yours. */
static char *describe_end(const Ladder *ladder)
{
	g_autofree char *steps =
		ladder->failed == 0
			? g_strdup(_("Alles in Ordnung"))
			: g_strdup_printf(ngettext("%u Schritt ist gescheitert",
						  "%u Schritte sind gescheitert", ladder->failed),
				  ladder->failed);
	g_autofree char *hints =
		ladder->hints == 0
			? NULL
			: g_strdup_printf(ngettext("; %u Hinweis", "; %u Hinweise", ladder->hints),
				  ladder->hints);

	return g_strdup_printf("%s%s.", steps, hints ? hints : "");
}

/* To where the check was asked for. */
static void write_way_back(const Ladder *ladder)
{
	const char *path = visit_next(ladder->visit);

	html(ladder->h, "<p><a class=\"kern-link\" href=\"");
	html_attr(ladder->h, path ? path : "/");
	html(ladder->h, "\">");
	html_text(ladder->h, path && strcmp(path, "/") != 0 ? _("Zurück") : _("Zur Startseite"));
	html(ladder->h, "</a></p>\n");
}

static void write_hidden(Html *h, const char *name, const char *value)
{
	html(h, "<input type=\"hidden\" name=\"");
	html_attr(h, name);
	html(h, "\" value=\"");
	html_attr(h, value);
	html(h, "\">");
}

/* The same check once more, with a test mail if an address is typed; PROBLEM (nullable) is what was
 * wrong with it. */
static void write_again(Html *h, const Visit *visit, const char *user, const GError *problem)
{
	static const char *const kept[] = {"weiter", "imap", "smtp"};
	g_autofree char *error = page_field_error(problem, FAILURE_ADDRESS_INVALID);

	form_begin(h, visit, CHECK_PATH);
	write_hidden(h, "benutzer", user);
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
		if (visit_has(visit, kept[i]))
			write_hidden(h, kept[i], visit_field(visit, kept[i]));
	}
	/* Once it is sent, it is not sent again by mistake. */
	field_input(
		h, &(Field){.name = TEST_MAIL,
			   .label = _("Testnachricht senden an"),
			   .hint = _("Freiwillig. Aus dem geprüften Postfach geht dann eine kurze "
				     "E-Mail an diese Adresse."),
			   .value = problem ? visit_field(visit, TEST_MAIL) : NULL,
			   .type = "email",
			   .error = error});
	form_submit(h, _("Noch einmal prüfen"), "secondary", NULL, NULL);
	form_end(h);
}

static void write_end(Ladder *ladder, const GError *problem)
{
	Html *h = ladder->h;
	g_autofree char *end = describe_end(ladder);
	const char *where = NULL;

	if (ladder->failed > 0)
		where = _("Was zu tun ist und von wem, steht bei jedem gescheiterten Schritt.");
	else if (ladder->hints > 0)
		where = _("Was zu beachten ist, steht bei jedem Hinweis.");
	if (ladder->opened)
		html(h, "</ol>\n");
	html(h, "<div id=\"ende\">");
	if (problem && !ladder->opened)
		page_alert_failure(h, problem);
	else
		page_alert(h, ladder->failed > 0 ? TONE_WARNING : TONE_SUCCESS, end, where);
	html(h, "</div>\n");
	write_again(h, ladder->visit, ladder->user, NULL);
	write_way_back(ladder);
	page_close(h);
}

/* Whose connection: one's own, or anybody's for an administrator; borrowed. */
static const char *checked_user(const Visit *visit, GError **error)
{
	const char *name = visit_field(visit, "benutzer");

	if (!*name || strcmp(name, visit->user->name) == 0)
		return visit->user->name;
	if (visit->user->admin)
		return name;
	failure_set(error, FAILURE_PAGE_FORBIDDEN, NULL, "another's connection");
	return NULL;
}

static Html *begin_page(const Visit *visit)
{
	const char *trail[] = {_("Verbindung prüfen"), NULL};
	const Page page = {.title = _("Verbindung prüfen"), .trail = trail};

	return page_begin(visit, &page);
}

/* What is going to happen. */
static void write_head(Html *h, const CheckRequest *request)
{
	html(h, "<p>");
	html_printf(
		h, _("Geprüft wird, Schritt für Schritt, die Verbindung von „%s“."), request->user);
	html(h, " ");
	if (request->send_to)
		html_printf(h, _("Am Ende geht eine Testnachricht an %s."), request->send_to);
	else
		html_text(h, _("Eine E-Mail wird nicht gesendet."));
	html(h, "</p>\n");
}

/* The form once more, with what is wrong in it; nothing is checked. */
static bool show_problem(Visit *visit, const char *user, const GError *problem)
{
	Html *h = begin_page(visit);

	page_alert_failure(h, problem);
	write_again(h, visit, user, problem);
	return page_end(visit, h, 422);
}

static bool run_check(Visit *visit, GError **error)
{
	const char *send_to = visit_field(visit, TEST_MAIL);
	CheckRequest request = {
		.user = checked_user(visit, error),
		.imap = visit_has(visit, "imap"),
		/* A test mail takes it. */
		.smtp = visit_has(visit, "smtp") || (*send_to && visit_has(visit, "imap")),
		.send_to = *send_to ? send_to : NULL,
		.actor = visit->actor,
		.begins = begins,
	};
	g_autoptr(GError) problem = NULL;
	g_autoptr(Html) h = NULL;
	Ladder ladder = {.visit = visit, .user = request.user};

	if (!request.user)
		return false;
	if (request.send_to && !check_test_address(request.send_to, &problem))
		return show_problem(visit, request.user, problem);
	h = begin_page(visit);
	ladder.h = h;
	write_head(h, &request);
	write_stop(h, visit);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "text/html; charset=utf-8");
	flush(&ladder);
	check_run(visit->office, &request, report, &ladder, web_request_cancel(visit->request),
		&problem);
	write_end(&ladder, problem);
	flush(&ladder);
	return true;
}

void form_check(Html *h, const Visit *visit, const char *user)
{
	form_begin(h, visit, CHECK_PATH);
	html(h, "<input type=\"hidden\" name=\"benutzer\" value=\"");
	html_attr(h, user ? user : visit->user->name);
	html(h, "\"><input type=\"hidden\" name=\"weiter\" value=\"");
	html_attr(h, web_request_path(visit->request));
	html(h, "\">");
	form_submit(h, _("Verbindung prüfen"), "secondary", NULL, NULL);
	form_end(h);
}

const Route route_check[] = {
	{WEB_POST, CHECK_PATH, ROLE_PERSON, WEB_AS_ERRAND, 0, run_check},
	{0},
};
