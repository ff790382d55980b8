/* E-Mail importieren: the mails of one folder, and the bar that imports them. */
#include "web/page_import.h"

#include <inttypes.h>
#include <string.h>
#include "app/case_suggest.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/web_internal.h"

#define CASES_OFFERED 100
#define SUBJECT_LETTERS 160 /* of one in the list */

static void write_hidden(Html *h, const char *name, const char *value)
{
	if (!value)
		return;
	html(h, "<input type=\"hidden\" name=\"");
	html_attr(h, name);
	html(h, "\" value=\"");
	html_attr(h, value);
	html(h, "\">");
}

/* What both forms say of where they are. */
static void write_place(Html *h, const ImportPlace *place)
{
	write_hidden(h, "postfach", place->mailbox);
	write_hidden(h, "ordner", place->folder);
	write_hidden(h, "ausgeblendet", place->all ? "1" : NULL);
}

static void write_search(Html *h, const ImportPlace *place)
{
	html(h, "<form class=\"search\" method=\"get\" action=\"" IMPORT_PATH "#mails\" "
		"role=\"search\">");
	write_place(h, place);
	field_input(h, &(Field){.name = "suche",
			       .label = _("Im Ordner suchen"),
			       .value = place->words,
			       .type = "search"});
	form_submit(h, _("Suchen"), "secondary", NULL, NULL);
	html(h, "</form>\n");
}

/* ---- a row ---- */

static void write_filed(Html *h, const MessageView *view)
{
	g_autofree char *when = clock_format_german(view->filed_at);
	g_autofree char *day = clock_format_day(view->filed_at);
	g_autofree char *who = words_actor(view->filed_by);

	html(h, "<p class=\"state\"><a href=\"/archiv/");
	html_number(h, view->mail_id);
	html(h, "\">");
	page_badge(h, TONE_SUCCESS, _("bereits im Archiv"));
	html(h, "</a> <span class=\"note\" title=\"");
	html_attr(h, when);
	html(h, "\">");
	html_printf(h, _("von %1$s, %2$s"), who, day);
	if (view->case_number)
		html_printf(h, _(", Aktenzeichen %s"), view->case_number);
	html(h, "</span></p>\n");
}

static const char *reason_words(const CaseSuggestion *suggestion)
{
	return suggestion->reason == SUGGESTED_BY_REFERENCE
		       ? _("antwortet auf eine E-Mail mit diesem Aktenzeichen")
		       : _("steht im Betreff und ist bekannt");
}

static void write_suggestion(Html *h, const CaseSuggestion *suggestion)
{
	html(h, "<p class=\"state note\" data-case=\"");
	html_attr(h, suggestion->case_number);
	html(h, "\" data-reason=\"");
	html_attr(h, reason_words(suggestion));
	html(h, "\">");
	html_printf(
		h, _("Vorschlag: %1$s (%2$s)"), suggestion->case_number, reason_words(suggestion));
	html(h, "</p>\n");
}

static bool suggest(Html *h, const ImportList *list, const MessageView *view, GError **error)
{
	const char *references[] = {view->in_reply_to, NULL};
	g_autoptr(CaseSuggestion) suggestion = NULL;

	if (view->imported)
		return true;
	if (!case_suggest(list->visit->office, list->viewing, references, view->subject,
		    &suggestion, error))
		return false;
	if (suggestion)
		write_suggestion(h, suggestion);
	return true;
}

static bool is_picked(const ImportList *list, const char *uid)
{
	const char *picked;

	for (size_t i = 0; list->visit->form && (picked = form_get_at(list->visit->form, "uid", i));
		i++) {
		if (strcmp(picked, uid) == 0)
			return true;
	}
	return false;
}

/* The whole one stands in the preview; yours. */
static char *shown_subject(const MessageView *view)
{
	g_autofree char *start = NULL;

	if (!*view->subject)
		return g_strdup(_("(ohne Betreff)"));
	if (g_utf8_strlen(view->subject, -1) <= SUBJECT_LETTERS)
		return g_strdup(view->subject);
	start = g_utf8_substring(view->subject, 0, SUBJECT_LETTERS);
	return g_strconcat(start, "…", NULL);
}

/* The preview's address: the link leads into the frame beside the list. */
static void write_preview_link(Html *h, const ImportList *list, const MessageView *view)
{
	g_autofree char *subject = shown_subject(view);

	html(h, "<a class=\"kern-link\" target=\"vorschau\" href=\"" IMPORT_PATH
		"/ansicht?postfach=");
	html_url(h, list->page->mailbox);
	html(h, "&amp;ordner=");
	html_url(h, list->page->folder);
	html(h, "&amp;gueltig=");
	html_number(h, list->page->uid_validity);
	html(h, "&amp;uid=");
	html_number(h, view->uid);
	html(h, "\">");
	if (!view->seen) {
		html(h, "<span class=\"kern-sr-only\">");
		html_text(h, _("ungelesen: "));
		html(h, "</span>");
	}
	html_text(h, subject);
	html(h, "</a>");
}

static void write_box(Html *h, const ImportList *list, const MessageView *view)
{
	g_autofree char *uid = g_strdup_printf("%u", view->uid);
	g_autofree char *subject = shown_subject(view);

	html(h, "<div class=\"kern-form-check\"><input class=\"kern-form-check__checkbox\" "
		"type=\"checkbox\" name=\"uid\" id=\"mail-");
	html_attr(h, uid);
	html(h, "\" value=\"");
	html_attr(h, uid);
	html(h, "\"");
	html_flag(h, "checked", is_picked(list, uid));
	html(h, "><label class=\"kern-label\" for=\"mail-");
	html_attr(h, uid);
	html(h, "\"><span class=\"kern-sr-only\">");
	html_printf(h, _("Auswählen: %s"), subject);
	html(h, "</span></label></div>\n");
}

/* The name where there is one; the address stands in the preview. */
static void write_sender(Html *h, const char *from)
{
	const char *address = strstr(from, " <");
	g_autofree char *name = address ? g_strndup(from, (gsize)(address - from)) : NULL;

	html_text(h, name && *name ? name : *from ? from : "–");
}

static bool write_mail(Html *h, const ImportList *list, const MessageView *view, GError **error)
{
	g_autofree char *date = clock_format_german(view->date);
	g_autofree char *size = words_size(view->size);

	html(h, "<li class=\"mail");
	html_text(h, view->seen ? "" : " unseen");
	html(h, "\">");
	write_box(h, list, view);
	html(h, "<div class=\"about\"><p class=\"line\"><span class=\"from\" title=\"");
	html_text(h, view->from);
	html(h, "\">");
	write_sender(h, view->from);
	html(h, "</span> <span class=\"date\">");
	html_text(h, date);
	html(h, "</span></p>\n<p class=\"line\">");
	write_preview_link(h, list, view);
	html(h, " <span class=\"date\">");
	html_text(h, size);
	html(h, "</span></p>\n");
	if (view->imported)
		write_filed(h, view);
	else if (!suggest(h, list, view, error))
		return false;
	html(h, "</div></li>\n");
	return true;
}

/* ---- the bar ---- */

static const char *after_words(const Account *account)
{
	switch (account->after) {
	case AFTER_SEEN:
		return _("Danach werden die E-Mails auf dem Mailserver als gelesen markiert.");
	case AFTER_FLAG:
		return _("Danach werden die E-Mails auf dem Mailserver gekennzeichnet.");
	case AFTER_MOVE:
		return _("Danach werden die E-Mails auf dem Mailserver in den Ordner „%s“ "
			 "verschoben.");
	case AFTER_NONE:
		break;
	}
	return _("Auf dem Mailserver bleibt alles, wie es ist.");
}

static void write_after(Html *h, const Account *account)
{
	g_auto(GStrv) parts = g_strsplit(after_words(account), "%s", 2);
	g_autofree char *joined =
		g_strjoinv(account->after_folder ? account->after_folder : "", parts);

	html(h, "<p class=\"note\">");
	html_text(h, joined);
	html(h, " <a href=\"/einstellungen\">");
	html_text(h, _("Ändern"));
	html(h, "</a></p>\n");
}

static bool write_cases(Html *h, const ImportList *list, GError **error)
{
	Archive *archive = office_archive(list->visit->office, error);
	g_autoptr(GPtrArray) cases = archive ? archive_cases(archive, viewing_viewer(list->viewing),
						       "", CASES_OFFERED, error)
					     : NULL;

	if (!cases)
		return false;
	html(h, "<datalist id=\"bekannte\">");
	for (guint i = 0; i < cases->len; i++) {
		html(h, "<option value=\"");
		html_attr(h, cases->pdata[i]);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
	return true;
}

static bool write_case(Html *h, const ImportList *list, GError **error)
{
	g_autofree char *wrong = page_field_error(list->problem, FAILURE_CASE_INVALID);

	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen (freiwillig)"),
			       .value = visit_field(list->visit, "aktenzeichen"),
			       .error = wrong,
			       .list = "bekannte"});
	html(h, "<p class=\"suggestion\" hidden aria-live=\"polite\"><span></span> ");
	html(h, "<button type=\"button\" class=\"kern-btn kern-btn--tertiary\">"
		"<span class=\"kern-label\">");
	html_text(h, _("Übernehmen"));
	html(h, "</span></button></p>\n");
	return write_cases(h, list, error);
}

static void write_wholes(Html *h, const ImportList *list)
{
	g_autofree char *wrong = page_field_error(list->problem, FAILURE_DATE_INVALID);

	html(h, "<details class=\"fold\"");
	html_flag(h, "open", wrong != NULL);
	html(h, "><summary>");
	html_text(h, _("Ganzen Ordner oder alles Neue importieren"));
	html(h, "</summary>\n<p>");
	html_text(h, _("Importiert wird, was seit dem letzten Mal dazugekommen ist; was schon im "
		       "Archiv ist, wird nicht noch einmal abgelegt."));
	html(h, "</p>\n");
	field_input(h, &(Field){.name = "seit",
			       .label = _("Nur E-Mails ab (freiwillig)"),
			       .value = visit_field(list->visit, "seit"),
			       .type = "date",
			       .error = wrong});
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Ganzen Ordner importieren"), "secondary", "was", "ordner");
	form_submit(h, _("Alle Postfächer importieren"), "secondary", "was", "alle");
	html(h, "</div></details>\n");
}

static bool write_bar(Html *h, const ImportList *list, GError **error)
{
	/* An empty folder still leads to the others. */
	if (list->page->views->len == 0) {
		write_wholes(h, list);
		return true;
	}
	html(h, "<div class=\"pick\">");
	if (!write_case(h, list, error))
		return false;
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Importieren"), "primary", "was", "auswahl");
	html(h, "</div></div>\n");
	write_after(h, list->account);
	write_wholes(h, list);
	return true;
}

/* ---- all of it ---- */

static void write_nothing(Html *h, const ImportPlace *place)
{
	page_alert(h, TONE_INFO,
		place->words ? _("Keine E-Mail dieses Ordners passt zur Suche.")
			     : _("Dieser Ordner ist leer."),
		place->words ? _("Gesucht hat der Mailserver, in Betreff, Beteiligten und Text.")
			     : NULL);
}

/* How many there are, and the way out of a search. */
static void write_count(Html *h, const ImportList *list)
{
	const ImportPlace whole = {.mailbox = list->place->mailbox,
		.folder = list->place->folder,
		.all = list->place->all};
	g_autofree char *path = import_place_path(&whole);
	unsigned long count = list->page->total;

	html(h, "<p>");
	if (!list->place->words) {
		html_printf(h, ngettext("%lu E-Mail", "%lu E-Mails", count), count);
		html(h, "</p>");
		return;
	}
	html_printf(h, ngettext("%lu gefunden", "%lu gefunden", count), count);
	html(h, " · <a href=\"");
	html_attr(h, path);
	html(h, "#mails\">");
	html_text(h, _("Suche aufheben"));
	html(h, "</a></p>");
}

static bool write_rows(Html *h, const ImportList *list, GError **error)
{
	const GPtrArray *views = list->page->views;

	html(h, "<div class=\"above\"><div class=\"kern-form-check all\" hidden><input "
		"class=\"kern-form-check__checkbox\" "
		"type=\"checkbox\" id=\"alle-auswaehlen\"><label class=\"kern-label\" "
		"for=\"alle-auswaehlen\">");
	html_text(h, _("Alle auf dieser Seite"));
	html(h, "</label></div>");
	write_count(h, list);
	html(h, "</div>\n<ul class=\"mails\">\n");
	for (guint i = 0; i < views->len; i++) {
		if (!write_mail(h, list, views->pdata[i], error))
			return false;
	}
	html(h, "</ul>\n");
	return true;
}

static void write_form_begin(Html *h, const ImportList *list)
{
	g_autofree char *key = g_uuid_string_random();
	g_autofree char *validity = g_strdup_printf("%u", list->page->uid_validity);

	form_begin_named(h, list->visit, IMPORT_PATH, "auswahl");
	write_place(h, list->place);
	write_hidden(h, "gueltig", validity);
	write_hidden(h, "suche", list->place->words);
	html(h, "<input type=\"hidden\" name=\"seite\" value=\"");
	html_number(h, list->place->page);
	html(h, "\">");
	/* Sent twice, it is one import. */
	write_hidden(h, "schluessel", key);
}

bool import_write_mails(Html *h, const ImportList *list, GError **error)
{
	g_autofree char *path = import_place_path(list->place);
	g_autofree char *numbers = g_strconcat(path, "&seite=", NULL);

	write_search(h, list->place);
	if (list->page->views->len == 0)
		write_nothing(h, list->place);
	if (list->page->total == 0 && list->place->words)
		return true;
	write_form_begin(h, list);
	if (list->page->views->len > 0 && !write_rows(h, list, error))
		return false;
	if (list->page->total > 0)
		page_numbers(h, numbers, list->place->page, IMPORT_ROWS_A_PAGE,
			(int64_t)list->page->total);
	if (!write_bar(h, list, error))
		return false;
	form_end(h);
	return true;
}
