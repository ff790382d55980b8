/* E-Mail importieren: mailbox, folder, mails, preview. What the mail server is asked for comes
 * piece by piece, so that somebody who waits sees what for. The import itself is watched in
 * page_import_job.c. */
#include "web/page_import.h"

#include <string.h>
#include "app/case_suggest.h"
#include "app/mailbox.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/mail_frame.h"
#include "web/web_internal.h"

#define PICKED_LIMIT 1000

/* ---- what is asked for ---- */

static const char *asked_text(const Visit *visit, const char *name)
{
	const char *value =
		visit->form ? form_get(visit->form, name) : web_request_query(visit->request, name);

	return value && *value ? value : NULL;
}

static int64_t asked_number(const Visit *visit, const char *name)
{
	const char *value = asked_text(visit, name);
	gint64 number = 0;

	return value && g_ascii_string_to_signed(value, 10, 1, G_MAXUINT32, &number, NULL) ? number
											   : 0;
}

static ImportPlace read_place(const Visit *visit)
{
	return (ImportPlace){
		.mailbox = asked_text(visit, "postfach"),
		.folder = asked_text(visit, "ordner"),
		.words = asked_text(visit, "suche"),
		.page = MAX(asked_number(visit, "seite"), 1),
		.all = asked_text(visit, "ausgeblendet") != NULL,
	};
}

static void append(GString *path, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_printf(path, "%s%s=", strchr(path->str, '?') ? "&" : "?", name);
	g_string_append_uri_escaped(path, value, NULL, FALSE);
}

char *import_place_path(const ImportPlace *place)
{
	GString *path = g_string_new(IMPORT_PATH);

	append(path, "postfach", place->mailbox);
	append(path, "ordner", place->folder);
	append(path, "suche", place->words);
	append(path, "ausgeblendet", place->all ? "1" : NULL);
	return g_string_free(path, FALSE);
}

/* ---- the page, piece by piece ---- */

typedef struct Show {
	Visit *visit;
	Html *h;
	ImportPlace place;
	const GError *problem; /* of the form that was sent; NULL: none */
	Account *account;
	Viewing viewing;
	bool is_empty; /* there is no mail to look at */
} Show;

static void flush(Show *show)
{
	g_autofree char *text = html_take(show->h);

	/* Whoever has gone away ends the asking by going. */
	(void)web_response_write(show->visit->response, text, strlen(text));
}

/* Seen after a moment and as long as nothing stands behind it; later on it says more
 * (amtspost.css). */
static void write_running(Html *h, const char *text)
{
	html(h, "<div class=\"asking\" role=\"status\"><p>");
	html_text(h, text);
	html(h, "</p><p class=\"late\">");
	html_text(h, _("Der Mailserver antwortet langsam. Sie können weiter warten oder inzwischen "
		       "im Archiv arbeiten; was schon importiert ist, steht dort."));
	html(h, " <a href=\"/archiv\">");
	html_text(h, _("Zum Archiv"));
	html(h, "</a></p></div>\n");
}

/* What can be done after PROBLEM, beside what its own advice says. */
static void write_ways(Show *show, const GError *problem)
{
	g_autofree char *here = import_place_path(&show->place);
	g_autofree char *escaped = g_uri_escape_string(here, NULL, FALSE);
	bool login = failure_code(problem) == FAILURE_CODE_LOGIN;
	bool may_help = login || failure_code(problem) == FAILURE_CODE_RETRY ||
			failure_code(problem) == FAILURE_CODE_PROTOCOL;
	Html *h = show->h;

	html(h, "<p class=\"buttons\"><a class=\"kern-btn kern-btn--");
	html_literal(h, may_help ? "primary" : "secondary");
	html(h, "\" href=\"");
	if (login) {
		html(h, "/einstellungen?weiter=");
		html_attr(h, escaped);
	} else {
		html_attr(h, here);
	}
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, login ? _("Zur Anmeldung; danach geht es hier weiter")
			   : _("Noch einmal versuchen"));
	html(h, "</span></a>"
		"<a class=\"kern-btn kern-btn--secondary\" href=\"/archiv\"><span "
		"class=\"kern-label\">");
	html_text(h, _("Zum Archiv"));
	html(h, "</span></a></p>\n");
}

static void write_problem(Show *show, const GError *problem)
{
	if (failure_code(problem) == FAILURE_CODE_LOGIN)
		page_alert(show->h, TONE_WARNING, _("Anmeldung erforderlich"), NULL);
	page_alert_failure(show->h, problem);
	write_ways(show, problem);
}

static bool list_folders(Show *show, FolderList *folders, GError **error)
{
	const char *address = settings_require(show->account, MAIL_PROTOCOL_IMAP, error)
				      ? mailbox_find(show->account, show->place.mailbox, error)
				      : NULL;

	if (!address)
		return false;
	show->place.mailbox = address;
	return folders_list(show->visit->office, show->visit->user->name, address, show->place.all,
		web_request_cancel(show->visit->request), folders, error);
}

static bool list_mails(Show *show, MessagePage *page, GError **error)
{
	const MessageQuery query = {
		.user = show->visit->user->name,
		.mailbox = show->place.mailbox,
		.folder = show->place.folder,
		.text = show->place.words,
		.skip = (size_t)(show->place.page - 1) * IMPORT_ROWS_A_PAGE,
		.limit = IMPORT_ROWS_A_PAGE,
	};

	return messages_page(
		show->visit->office, &query, web_request_cancel(show->visit->request), page, error);
}

/* Of a page that is behind the last one, as after its mails were moved away: the last one. */
static bool list_last_mails(Show *show, MessagePage *page, GError **error)
{
	int64_t asked = show->place.page;

	if (!list_mails(show, page, error))
		return false;
	show->place.page = page_clamp(asked, IMPORT_ROWS_A_PAGE, (int64_t)page->total);
	if (page->views->len > 0 || show->place.page == asked)
		return true;
	message_page_clear(page);
	return list_mails(show, page, error);
}

static void write_mails(Show *show)
{
	g_auto(MessagePage) page = {0};
	g_autoptr(GError) problem = NULL;
	ImportList list = {
		.visit = show->visit,
		.account = show->account,
		.place = &show->place,
		.viewing = &show->viewing,
		.page = &page,
		.problem = show->problem,
	};

	show->is_empty = true;
	if (list_last_mails(show, &page, &problem)) {
		show->is_empty = page.total == 0;
		if (import_write_mails(show->h, &list, &problem))
			return;
	}
	write_problem(show, problem);
}

static void write_preview(Html *h)
{
	html(h, "<section class=\"preview\" id=\"vorschau-bereich\" "
		"aria-labelledby=\"vorschau-titel\">"
		"<h2 class=\"kern-heading-small\" id=\"vorschau-titel\">");
	html_text(h, _("Vorschau"));
	html(h, "</h2><p class=\"back\"><a class=\"kern-link\" href=\"#mails\">");
	html_text(h, _("Zurück zur Liste"));
	html(h, "</a></p>\n<p class=\"note\">");
	html_text(h, _("Ein Klick auf den Betreff zeigt die E-Mail hier. Auf dem Mailserver bleibt "
		       "sie ungelesen."));
	html(h, "</p>\n<iframe class=\"mail\" name=\"vorschau\" "
		"sandbox=\"allow-popups allow-popups-to-escape-sandbox\" title=\"");
	html_attr(h, _("Vorschau der E-Mail"));
	html(h, "\"></iframe></section>\n");
}

/* The mailboxes stay at hand, another one may open. */
static void write_problem_pane(Show *show, const GError *problem)
{
	bool any = show->account->address != NULL;

	if (any) {
		html(show->h, "<div class=\"panes\">\n");
		import_write_tree(show->h, &show->place, show->account, NULL);
		html(show->h, "<div class=\"problem\">\n");
	}
	write_problem(show, problem);
	if (any)
		html(show->h, "</div></div>\n");
}

static void write_panes(Show *show, const FolderList *folders)
{
	Html *h = show->h;

	html(h, "<div class=\"panes\">\n");
	import_write_tree(h, &show->place, show->account, folders);
	html(h, "<section class=\"list\" id=\"mails\" aria-labelledby=\"ordner-titel\">"
		"<h2 class=\"kern-heading-small\" id=\"ordner-titel\">");
	html_text(h, words_folder(show->place.folder));
	html(h, "</h2>\n");
	html(h, "<div class=\"asked\">");
	write_running(h, _("Die E-Mails werden vom Mailserver geholt …"));
	flush(show);
	write_mails(show);
	html(h, "</div></section>\n");
	if (!show->is_empty)
		write_preview(h);
	html(h, "</div>\n");
}

static void write_all(Show *show)
{
	g_auto(FolderList) folders = {.limit = IMPORT_FOLDERS};
	g_autoptr(GError) problem = NULL;

	html(show->h, "<div class=\"asked\">");
	write_running(show->h, _("Das Postfach wird geöffnet …"));
	flush(show);
	if (list_folders(show, &folders, &problem))
		write_panes(show, &folders);
	else
		write_problem_pane(show, problem);
	html(show->h, "</div>\n");
}

static bool show_page(Visit *visit, const GError *problem, GError **error)
{
	const char *trail[] = {_("E-Mail"), _("E-Mail importieren"), NULL};
	const Page page = {.title = _("E-Mail importieren"),
		.trail = trail,
		.here = IMPORT_PATH,
		.wide = true};
	Show show = {.visit = visit, .place = read_place(visit), .problem = problem};
	g_autoptr(Account) account =
		settings_resolve(office_settings(visit->office), visit->user->name, error);
	g_autoptr(Html) h = NULL;

	if (!account || !viewing_open(visit->office, visit->user, &show.viewing, error))
		return false;
	if (!show.place.folder)
		show.place.folder = "INBOX";
	show.account = account;
	h = page_begin(visit, &page);
	show.h = h;
	if (problem)
		page_alert_failure(h, problem);
	web_response_header(visit->response, "Cache-Control", "no-store");
	if (problem)
		web_response_status(visit->response, 422);
	web_response_start(visit->response, "text/html; charset=utf-8");
	write_all(&show);
	page_close(h);
	flush(&show);
	viewing_clear(&show.viewing);
	return true;
}

static bool run_show(Visit *visit, GError **error)
{
	return show_page(visit, NULL, error);
}

/* ---- what is picked ---- */

/* "17,23,24", yours. NULL: FAILURE_NOTHING_PICKED, FAILURE_FORM_INVALID. */
static char *picked_uids(const Visit *visit, GError **error)
{
	g_autoptr(GString) uids = g_string_new(NULL);
	const char *text;
	size_t count = 0;
	guint64 uid;

	for (; (text = form_get_at(visit->form, "uid", count)); count++) {
		if (count >= PICKED_LIMIT ||
			!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &uid, NULL)) {
			failure_set(error, FAILURE_FORM_INVALID, NULL, "no UID, or too many");
			return NULL;
		}
		g_string_append_printf(uids, "%s%u", count > 0 ? "," : "", (unsigned)uid);
	}
	if (count == 0)
		failure_set(error, FAILURE_NOTHING_PICKED, NULL, "no UID");
	return count > 0 ? g_string_free(g_steal_pointer(&uids), FALSE) : NULL;
}

/* What the form asks for. */
typedef struct Order {
	char *uids;
	char *case_number;
	const char *mailboxes[2];
	const char *folders[2];
	ImportRequest request; /* borrows from here and from the visit */
} Order;

static void order_clear(Order *order)
{
	g_free(order->uids);
	g_free(order->case_number);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Order, order_clear)

static bool read_case(const Visit *visit, Order *order, GError **error)
{
	g_autofree char *typed = g_strstrip(g_strdup(visit_field(visit, "aktenzeichen")));

	if (!*typed)
		return true;
	order->case_number = g_steal_pointer(&typed);
	return archive_check_case(order->case_number, error);
}

static bool read_since(const Visit *visit, int64_t *since, GError **error)
{
	const char *typed = asked_text(visit, "seit");

	if (!typed || clock_parse(typed, since))
		return true;
	failure_set(error, FAILURE_DATE_INVALID, typed, "%s: no date", typed);
	return false;
}

static bool read_order(const Visit *visit, Order *order, GError **error)
{
	const ImportPlace place = read_place(visit);
	const char *what = visit_field(visit, "was");
	bool all = strcmp(what, "alle") == 0;
	bool whole = all || strcmp(what, "ordner") == 0;

	if (!read_case(visit, order, error))
		return false;
	order->mailboxes[0] = place.mailbox;
	order->folders[0] = place.folder ? place.folder : "INBOX";
	order->request = (ImportRequest){
		.user = visit->user->name,
		.mailboxes = all || !place.mailbox ? NULL : order->mailboxes,
		.folders = all ? NULL : order->folders,
		.case_number = order->case_number,
		.actor = visit->actor,
	};
	if (whole)
		return read_since(visit, &order->request.since, error);
	order->uids = picked_uids(visit, error);
	order->request.uids = order->uids;
	order->request.uid_validity = (uint32_t)asked_number(visit, "gueltig");
	return order->uids != NULL;
}

static bool run_import(Visit *visit, GError **error)
{
	const char *key = asked_text(visit, "schluessel");
	g_auto(Order) order = {0};
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = NULL;
	uint64_t id = 0;

	if (read_order(visit, &order, &problem) &&
		import_check(visit->office, &order.request, &problem))
		id = import_jobs_begin(visit->web->imports, visit->user->id, &order.request,
			key && strlen(key) <= IMPORT_KEY_LIMIT ? key : NULL, &problem);
	if (id == 0)
		return show_page(visit, problem, error);
	path = g_strdup_printf(IMPORT_PATH "/vorgang/%" G_GUINT64_FORMAT, id);
	return visit_redirect(visit, path, NULL);
}

/* ---- the preview ---- */

/* References, the nearest first; borrowed. */
static GPtrArray *nearest_references(const MailView *view)
{
	GPtrArray *references = g_ptr_array_new();

	if (view->content->in_reply_to)
		g_ptr_array_add(references, view->content->in_reply_to);
	for (guint i = view->references->len; i > 0; i--)
		g_ptr_array_add(references, view->references->pdata[i - 1]);
	g_ptr_array_add(references, NULL);
	return references;
}

static void write_suggestion(Html *h, Visit *visit, const MailView *view)
{
	g_autoptr(GPtrArray) references = nearest_references(view);
	g_auto(Viewing) viewing = {0};
	g_autoptr(CaseSuggestion) suggestion = NULL;
	g_autofree char *text = NULL;

	if (!viewing_open(visit->office, visit->user, &viewing, NULL) ||
		!case_suggest(visit->office, &viewing, (const char *const *)references->pdata,
			view->content->subject, &suggestion, NULL) ||
		!suggestion)
		return;
	text = g_strdup_printf(
		suggestion->reason == SUGGESTED_BY_REFERENCE
			? _("Vorschlag: Aktenzeichen %s, denn diese E-Mail gehört zu "
			    "einem Schriftwechsel mit diesem Aktenzeichen.")
			: _("Vorschlag: Aktenzeichen %s, denn es steht im Betreff."),
		suggestion->case_number);
	mail_frame_note(h, text);
}

/* Errors stay within the frame. */
static void write_frame_problem(Html *h, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = failure_advice_on_page(problem);

	mail_frame_note(h, sentence);
	mail_frame_note(h, advice);
}

static bool run_view(Visit *visit, GError **error)
{
	const ImportPlace place = read_place(visit);
	const MessageQuery query = {
		.user = visit->user->name,
		.mailbox = place.mailbox,
		.folder = place.folder ? place.folder : "INBOX",
	};
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailView) view = message_preview(visit->office, &query,
		(uint32_t)asked_number(visit, "uid"), (uint32_t)asked_number(visit, "gueltig"),
		web_request_cancel(visit->request), &problem);
	Html *h = mail_frame_begin();

	(void)error;
	if (view) {
		mail_frame_head(h, view);
		write_suggestion(h, visit, view);
		mail_frame_content(h, view);
	} else {
		write_frame_problem(h, problem);
	}
	mail_frame_end(visit, h);
	return true;
}

const Route route_import[] = {
	{WEB_GET, IMPORT_PATH, ROLE_PERSON, WEB_AS_ERRAND, 0, run_show},
	{WEB_POST, IMPORT_PATH, ROLE_PERSON, WEB_AS_JOB, 0, run_import},
	{WEB_GET, IMPORT_PATH "/ansicht", ROLE_PERSON, WEB_AS_ERRAND, 0, run_view, .foreign = true},
	{0},
};
