/* One mail of the outbox: how it stands, whom it reached, and what can be done about it. */
#include <inttypes.h>
#include <string.h>
#include "app/words.h"
#include "app/words_send.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_outbox.h"
#include "web/page_personal.h"
#include "web/page_send.h"
#include "web/web_internal.h"

#define AGAIN "/erneut"
#define CANCEL "/abbrechen"
#define SEE "/erledigt"
#define EDIT "/bearbeiten"
/* The field that says: it may come twice. */
#define TWICE "doppelt"

/* ---- which one ---- */

/* Yours. Another user's is as good as none. */
static OutboxMail *find_mail(const Visit *visit, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);
	guint64 id;

	if (outbox && g_ascii_string_to_unsigned(visit->part, 10, 1, INT64_MAX, &id, NULL))
		return outbox_get(outbox, (int64_t)id, visit->user->id, error);
	if (outbox)
		failure_set(error, FAILURE_OUTBOX_UNKNOWN, visit->part, "%s: no mail's number",
			visit->part);
	return NULL;
}

static char *make_path(const OutboxMail *mail, const char *behind)
{
	return g_strdup_printf(OUTBOX_PATH "/%" PRId64 "%s", mail->id, behind);
}

static bool is_ended(const OutboxMail *mail)
{
	return mail->state == OUTBOX_FAILED || mail->state == OUTBOX_UNKNOWN;
}

static bool lacks_copies(const OutboxMail *mail)
{
	return mail->sent_copy == OUTBOX_COPY_FAILED || mail->archive_copy == OUTBOX_COPY_FAILED;
}

/* Whether there is anything left that could be sent. */
static bool has_content(const Visit *visit, const OutboxMail *mail)
{
	g_autoptr(GError) ignored = NULL;
	Outbox *outbox = office_outbox(visit->office, &ignored);
	char byte;

	return outbox && outbox_read(outbox, mail->id, 0, &byte, 1, &ignored) == 1;
}

/* ---- how it stands ---- */

/* One of them, or how many of how many. */
static char *describe_served(const OutboxMail *mail)
{
	return g_strdup_printf(
		ngettext("Angenommen ist sie für %1$u von %2$u Empfänger.",
			"Angenommen ist sie für %1$u von %2$u Empfängern.", mail->recipient_count),
		mail->served_count, mail->recipient_count);
}

static char *make_heading(const OutboxMail *mail)
{
	g_autofree char *next = mail->next ? clock_format_german(mail->next) : NULL;

	switch (mail->state) {
	case OUTBOX_QUEUED:
		return g_strdup(_("Die E-Mail steht im Postausgang und wird gleich gesendet."));
	case OUTBOX_SENDING:
		return g_strdup(_("Die E-Mail wird gerade gesendet."));
	case OUTBOX_SENT:
		return g_strdup(_("Die E-Mail ist gesendet."));
	case OUTBOX_WAITING:
		return next ? g_strdup_printf(
				      _("Die E-Mail wartet; der nächste Versuch ist am %s."), next)
			    : g_strdup(_("Die E-Mail wartet auf den nächsten Versuch."));
	case OUTBOX_FAILED:
		return g_strdup(mail->served_count > 0 ? _("Die E-Mail ist nicht an alle gesendet.")
						       : _("Die E-Mail ist nicht gesendet."));
	case OUTBOX_UNKNOWN:
		return g_strdup(_("Es ist ungewiss, ob die E-Mail gesendet ist."));
	case OUTBOX_CANCELLED:
		return g_strdup(_("Das Senden ist abgebrochen."));
	}
	return g_strdup("");
}

/* A server's words end as they like. */
static void add_sentence(GString *text, const char *sentence)
{
	if (!sentence || !*sentence)
		return;
	if (text->len > 0)
		g_string_append(text, strchr(".!?", text->str[text->len - 1]) ? " " : ". ");
	g_string_append(text, sentence);
}

/* What it means, why it is so, and who can do what; NULL: the heading says it all. */
static char *make_text(const OutboxMail *mail)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *served = describe_served(mail);
	g_autofree char *advice = words_outbox_advice(mail->condition, mail->state);
	g_autofree char *ended = mail->ended_at ? clock_format_german(mail->ended_at) : NULL;
	bool is_over = mail->state == OUTBOX_SENT || mail->state == OUTBOX_CANCELLED;

	if (mail->state == OUTBOX_SENT) {
		g_string_printf(text,
			_("Der Mailserver hat sie am %s für alle Empfänger angenommen."),
			ended ? ended : "–");
	} else if (mail->served_count > 0 || mail->state == OUTBOX_CANCELLED) {
		add_sentence(text, served);
	}
	if (!is_over) {
		add_sentence(text, mail->reason);
		add_sentence(text, advice);
	}
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void write_state(Html *h, const OutboxMail *mail)
{
	g_autofree char *heading = make_heading(mail);
	g_autofree char *text = make_text(mail);
	Failure failure;

	page_alert(h, outbox_tone(mail->state), heading, text);
	if (mail->condition && failure_find(mail->condition, &failure) &&
		failure_code_of(failure) == FAILURE_CODE_LOGIN &&
		(mail->state == OUTBOX_WAITING || mail->state == OUTBOX_FAILED)) {
		html(h, "<p><a class=\"kern-link\" href=\"" PERSONAL_PATH "?weiter=" OUTBOX_PATH
			"/");
		html_number(h, mail->id);
		html(h, "\">");
		html_text(h, _("Zur Anmeldung"));
		html(h, "</a></p>\n");
	}
}

/* ---- what can be done ---- */

static void write_deed(Html *h, const Visit *visit, const OutboxMail *mail, const char *behind,
	const char *label, const char *class)
{
	g_autofree char *path = make_path(mail, behind);

	form_button(h, visit, path, label, class);
}

/* To the page that says what it may come to. */
static void write_question(Html *h, const OutboxMail *mail)
{
	g_autofree char *path = make_path(mail, AGAIN);

	html(h, "<a class=\"kern-btn kern-btn--primary\" href=\"");
	html_attr(h, path);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Erneut versuchen …"));
	html(h, "</span></a>\n");
}

static void write_again(Html *h, const Visit *visit, const OutboxMail *mail)
{
	if (mail->state == OUTBOX_WAITING)
		write_deed(h, visit, mail, AGAIN, _("Jetzt versuchen"), "primary");
	else if (mail->state == OUTBOX_FAILED)
		write_deed(h, visit, mail, AGAIN, _("Erneut versuchen"), "primary");
	else if (mail->state == OUTBOX_UNKNOWN)
		write_question(h, mail);
	else if (mail->state == OUTBOX_SENT && lacks_copies(mail))
		write_deed(h, visit, mail, AGAIN, _("Kopie erneut ablegen"), "secondary");
}

/* Whether somebody would still get it by itself, or once a person says so. */
static bool may_cancel(const OutboxMail *mail)
{
	if (mail->state != OUTBOX_UNKNOWN)
		return mail->state == OUTBOX_QUEUED || mail->state == OUTBOX_SENDING ||
		       mail->state == OUTBOX_WAITING;
	for (guint i = 0; i < mail->recipients->len; i++) {
		const OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (recipient->state == OUTBOX_QUEUED || recipient->state == OUTBOX_WAITING)
			return true;
	}
	return false;
}

static void write_deeds(Html *h, const Visit *visit, const OutboxMail *mail)
{
	bool wants_content =
		draft_may_come_of(mail) || (mail->state == OUTBOX_SENT && lacks_copies(mail));
	bool has = !wants_content || has_content(visit, mail);

	if (!wants_content && mail->state != OUTBOX_WAITING && !may_cancel(mail))
		return;
	if (!has) {
		html(h, "<p class=\"note\">");
		html_text(h, _("Ihr Inhalt ist nicht mehr im Postausgang; noch einmal senden lässt "
			       "sie sich nicht. Bitte schreiben Sie sie neu."));
		html(h, "</p>\n");
	}
	html(h, "<div class=\"buttons\">\n");
	if (has)
		write_again(h, visit, mail);
	if (has && draft_may_come_of(mail))
		write_deed(h, visit, mail, EDIT, _("Als neue E-Mail bearbeiten"), "secondary");
	if (is_ended(mail) && !mail->is_seen)
		write_deed(h, visit, mail, SEE, _("Erledigt"), "secondary");
	if (may_cancel(mail))
		write_deed(h, visit, mail, CANCEL, _("Abbrechen"), "secondary");
	html(h, "</div>\n");
}

/* ---- whom it is for ---- */

static void write_reply(Html *h, const OutboxRecipient *recipient, guint number)
{
	if (!recipient->reply) {
		html_text(h, "–");
		return;
	}
	html(h, "<details class=\"technical\" id=\"antwort-");
	html_number(h, number);
	html(h, "\"><summary>");
	html_text(h, _("Technische Meldung"));
	html(h, "<span class=\"kern-sr-only\">: ");
	html_text(h, recipient->address);
	html(h, "</span></summary><code>");
	html_text(h, recipient->reply);
	html(h, "</code></details>");
}

static void write_recipients(Html *h, const OutboxMail *mail)
{
	const char *labels[] = {_("Empfänger"), _("Zustand"), _("Antwort des Mailservers"), NULL};

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Empfänger"));
	html(h, "</h2>\n");
	table_begin(h, _("Empfänger"), labels);
	for (guint i = 0; i < mail->recipients->len; i++) {
		const OutboxRecipient *recipient = mail->recipients->pdata[i];
		g_autofree char *address = words_outbox_address(recipient);

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_text(h, address);
		table_cell(h, labels[1]);
		page_badge(
			h, outbox_tone(recipient->state), words_outbox_recipient(mail, recipient));
		table_cell(h, labels[2]);
		write_reply(h, recipient, i + 1);
	}
	table_end(h);
}

/* ---- the rest ---- */

static const char *copy_words(const OutboxMail *mail, OutboxCopy copy)
{
	bool is_due = mail->state == OUTBOX_SENT || mail->served_count > 0;

	switch (copy) {
	case OUTBOX_COPY_NONE:
		return _("keine durch Amtspost; bei Office 365 legt der Mailserver sie selbst ab");
	case OUTBOX_COPY_PENDING:
		if (mail->state == OUTBOX_CANCELLED && !is_due)
			return "–";
		return is_due ? _("wird abgelegt") : _("folgt, sobald die E-Mail gesendet ist");
	case OUTBOX_COPY_DONE:
		return _("abgelegt");
	case OUTBOX_COPY_FAILED:
		break;
	}
	return _("fehlt");
}

static void write_copy(Html *h, const OutboxMail *mail, OutboxCopy copy, const char *reason)
{
	html_text(h, copy_words(mail, copy));
	if (reason && copy != OUTBOX_COPY_DONE) {
		html(h, "<br><span class=\"note\">");
		html_text(h, reason);
		html(h, "</span>");
	}
}

static void write_copies(Html *h, const OutboxMail *mail)
{
	description_open(h, _("Kopie im Ordner für gesendete E-Mails"));
	write_copy(h, mail, mail->sent_copy, mail->copy_reason);
	description_close(h);
	description_open(h, _("Archiv"));
	if (mail->archive_id > 0) {
		html(h, "<a class=\"kern-link\" href=\"/archiv/");
		html_number(h, mail->archive_id);
		html(h, "\">");
		html_text(h, _("Im Archiv ansehen"));
		html(h, "</a>");
	} else {
		write_copy(h, mail, mail->archive_copy, mail->archive_reason);
	}
	description_close(h);
}

static void write_facts(Html *h, const OutboxMail *mail)
{
	g_autofree char *queued = clock_format_german(mail->created_at);
	g_autofree char *ended = mail->ended_at ? clock_format_german(mail->ended_at) : NULL;
	g_autofree char *next = mail->next && mail->state == OUTBOX_WAITING
					? clock_format_german(mail->next)
					: NULL;
	g_autofree char *attempts = g_strdup_printf("%u", mail->attempts);
	g_autofree char *size = words_size(mail->size);

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Angaben"));
	html(h, "</h2>\n");
	description_begin(h);
	description_text(h, _("Von"), mail->sender);
	description_text(h, _("Aktenzeichen"), mail->case_number);
	description_text(h, _("Eingereiht"), queued);
	if (ended)
		description_text(
			h, mail->state == OUTBOX_SENT ? _("Gesendet") : _("Beendet"), ended);
	description_text(h, _("Versuche"), attempts);
	if (next)
		description_text(h, _("Nächster Versuch"), next);
	write_copies(h, mail);
	description_text(h, _("Größe"), size);
	description_text(h, _("Message-ID"), mail->message_id);
	description_end(h);
}

/* ---- the page ---- */

static bool write_mail(Visit *visit, Html *h, char **said, GError **error)
{
	g_autoptr(OutboxMail) mail = find_mail(visit, error);

	if (!mail)
		return false;
	write_state(h, mail);
	write_deeds(h, visit, mail);
	write_recipients(h, mail);
	write_facts(h, mail);
	*said = make_heading(mail);
	return true;
}

static bool show_mail(Visit *visit, const GError *problem, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("Postausgang"), NULL};
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	g_autofree char *events = mail ? make_path(mail, "/ereignisse?") : NULL;
	Page page = {.trail = trail, .here = OUTBOX_PATH, .wide = true};
	g_autoptr(Html) h = NULL;

	if (!mail)
		return false;
	page.title = words_outbox_subject(mail);
	h = page_begin(visit, &page);
	if (problem)
		page_alert_failure(h, problem);
	if (!outbox_write_live(visit, h, write_mail, events, error))
		return false;
	html(h, "<p><a class=\"kern-link\" href=\"" OUTBOX_PATH "\">");
	html_text(h, _("Zum Postausgang"));
	html(h, "</a></p>\n");
	return page_end(visit, g_steal_pointer(&h), problem ? 409 : 200);
}

static bool run_show(Visit *visit, GError **error)
{
	return show_mail(visit, NULL, error);
}

static bool run_events(Visit *visit, GError **error)
{
	return outbox_follow(visit, write_mail, error);
}

/* ---- trying again, where somebody may get it twice ---- */

static void write_doubtful(Html *h, const OutboxMail *mail)
{
	html(h, "<ul>");
	for (guint i = 0; i < mail->recipients->len; i++) {
		const OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (recipient->state != OUTBOX_UNKNOWN)
			continue;
		html(h, "<li>");
		html_text(h, recipient->address);
		html(h, "</li>");
	}
	html(h, "</ul>\n");
}

static void write_question_form(Html *h, const Visit *visit, const OutboxMail *mail)
{
	bool is_unknown = mail->state == OUTBOX_UNKNOWN;
	g_autofree char *path = make_path(mail, AGAIN);

	form_begin(h, visit, path);
	html(h, "<div class=\"buttons\">");
	form_submit(h, is_unknown ? _("Trotzdem noch einmal senden") : _("Erneut versuchen"),
		"primary", is_unknown ? TWICE : NULL, is_unknown ? "ja" : NULL);
	html(h, "<a class=\"kern-btn kern-btn--secondary\" href=\"" OUTBOX_PATH "/");
	html_number(h, mail->id);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Nicht senden"));
	html(h, "</span></a></div>");
	form_end(h);
}

static bool run_question(Visit *visit, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("Postausgang"), NULL};
	const Page page = {
		.title = _("E-Mail noch einmal senden?"), .trail = trail, .here = OUTBOX_PATH};
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	Html *h;

	if (!mail)
		return false;
	if (!is_ended(mail) && mail->state != OUTBOX_WAITING) {
		g_autofree char *path = make_path(mail, "");

		return visit_redirect(visit, path, NULL);
	}
	h = page_begin(visit, &page);
	html(h, "<p>");
	html_printf(h, _("Betreff: %s"), words_outbox_subject(mail));
	html(h, "</p>\n");
	if (mail->state == OUTBOX_UNKNOWN) {
		page_alert(h, TONE_WARNING, _("Die E-Mail kann doppelt ankommen."),
			_("Der Mailserver hat sie vielleicht schon angenommen; seine Antwort kam "
			  "nicht "
			  "mehr an. Fragen Sie am besten zuerst nach, ob sie angekommen ist bei:"));
		write_doubtful(h, mail);
	}
	write_question_form(h, visit, mail);
	return page_end(visit, h, 200);
}

/* ---- deeds ---- */

/* What was not done is told on the mail's page, which shows how it stands now. NOTICE (nullable) is
 * for what that does not say. */
static bool finish(Visit *visit, const OutboxMail *mail, const GError *problem, const char *notice,
	GError **error)
{
	g_autofree char *path = make_path(mail, "");

	return problem ? show_mail(visit, problem, error) : visit_redirect(visit, path, notice);
}

static bool try_again(const Visit *visit, const OutboxMail *mail, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);

	if (!outbox)
		return false;
	return visit_has(visit, TWICE)
		       ? outbox_retry(outbox, mail->id, visit->user->id, visit->actor, error)
		       : outbox_retry_certain(
				 outbox, mail->id, visit->user->id, visit->actor, error);
}

static bool run_again(Visit *visit, GError **error)
{
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	g_autoptr(GError) problem = NULL;

	if (!mail)
		return false;
	if (mail->state == OUTBOX_UNKNOWN && !visit_has(visit, TWICE)) {
		g_autofree char *path = make_path(mail, AGAIN);

		return visit_redirect(visit, path, NULL);
	}
	if (try_again(visit, mail, &problem))
		sender_wake(visit->web->sender);
	return finish(visit, mail, problem, NULL, error);
}

static bool run_cancel(Visit *visit, GError **error)
{
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	g_autoptr(GError) problem = NULL;

	if (!mail)
		return false;
	outbox_cancel(office_outbox(visit->office, NULL), mail->id, visit->user->id, visit->actor,
		&problem);
	return finish(visit, mail, problem, NULL, error);
}

static bool run_see(Visit *visit, GError **error)
{
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	g_autoptr(GError) problem = NULL;

	if (!mail)
		return false;
	outbox_see(office_outbox(visit->office, NULL), mail->id, visit->user->id, &problem);
	return finish(visit, mail, problem, "erledigt", error);
}

static bool run_edit(Visit *visit, GError **error)
{
	g_autoptr(OutboxMail) mail = find_mail(visit, error);
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = NULL;
	int64_t id = 0;

	if (!mail)
		return false;
	if (!draft_again(visit->office, visit->user, mail->id, &id,
		    web_request_cancel(visit->request), &problem) &&
		id == 0)
		return show_mail(visit, problem, error);
	path = g_strdup_printf(SEND_PATH "/%" PRId64, id);
	if (problem)
		return visit_redirect(visit, path, "anlagen-fehlen");
	return visit_redirect(
		visit, path, mail->state == OUTBOX_UNKNOWN ? "vielleicht-doppelt" : NULL);
}

const Route route_outbox_mail[] = {
	{WEB_GET, OUTBOX_PATH "/*", ROLE_PERSON, WEB_AT_ONCE, 0, run_show},
	{WEB_GET, OUTBOX_PATH "/*/ereignisse", ROLE_PERSON, WEB_AS_WAIT, 0, run_events},
	{WEB_GET, OUTBOX_PATH "/*/erneut", ROLE_PERSON, WEB_AT_ONCE, 0, run_question},
	{WEB_POST, OUTBOX_PATH "/*/erneut", ROLE_PERSON, WEB_AS_JOB, 0, run_again},
	{WEB_POST, OUTBOX_PATH "/*/abbrechen", ROLE_PERSON, WEB_AS_JOB, 0, run_cancel},
	{WEB_POST, OUTBOX_PATH "/*/erledigt", ROLE_PERSON, WEB_AS_JOB, 0, run_see},
	{WEB_POST, OUTBOX_PATH "/*/bearbeiten", ROLE_PERSON, WEB_AS_JOB, 0, run_edit},
	{0},
};
