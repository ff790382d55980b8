/* The rows of the archive's list with their boxes, and what can be done with the ticked ones: a ZIP
 * file, an Aktenzeichen for all of them. */
#include <inttypes.h>
#include <string.h>
#include "app/document.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/download_mail.h"
#include "web/page_archive.h"

#define PATH "/archiv-auswahl"

/* Whether the box of mail ID was ticked in the form that is shown again, or all are to be. */
static bool is_ticked(const Visit *visit, int64_t id)
{
	const char *text;

	if (web_request_method(visit->request) != WEB_POST)
		return web_request_query(visit->request, "alle") != NULL;
	for (size_t i = 0; (text = form_get_at(visit->form, "id", i)); i++) {
		if (download_number(text) == id)
			return true;
	}
	return false;
}

static const char *shown_subject(const ArchiveRow *row)
{
	if (*row->subject)
		return row->subject;
	return row->state == ARCHIVE_UNREAD ? _("(wird noch gelesen)") : _("(ohne Betreff)");
}

static void write_box(Html *h, const Visit *visit, const ArchiveRow *row)
{
	g_autofree char *label = g_strdup_printf(_("Auswählen: %s"), shown_subject(row));

	html(h, "<input class=\"kern-form-check__checkbox\" type=\"checkbox\" name=\"id\" "
		"value=\"");
	html_number(h, row->id);
	html(h, "\" aria-label=\"");
	html_text(h, label);
	html(h, "\"");
	html_flag(h, "checked", is_ticked(visit, row->id));
	html(h, ">");
}

static void write_subject(Html *h, const ArchiveRow *row)
{
	html(h, "<a class=\"kern-link\" href=\"" ARCHIVE_PATH "/");
	html_number(h, row->id);
	html(h, "\">");
	html_text(h, shown_subject(row));
	html(h, "</a>");
	if (row->state == ARCHIVE_UNREADABLE) {
		html(h, " ");
		page_badge(h, TONE_WARNING, _("nicht lesbar"));
	}
	if (row->mailboxes > 1) {
		g_autofree char *count =
			g_strdup_printf(row->mailboxes >= ARCHIVE_MAILBOX_COUNT_LIMIT
						? _("in %u oder mehr Postfächern")
						: _("in %u Postfächern"),
				row->mailboxes);

		html(h, " ");
		page_badge(h, TONE_INFO, count);
	}
}

static void write_row(Html *h, const Visit *visit, const ArchiveRow *row, const char *const *labels)
{
	g_autofree char *date = clock_format_german(row->date);
	g_autofree char *size = words_size(row->size);

	table_row(h);
	table_cell(h, labels[0]);
	write_box(h, visit, row);
	table_heading_cell(h, labels[1]);
	write_subject(h, row);
	table_cell(h, labels[2]);
	html_text(h, *row->from ? row->from : "–");
	table_cell(h, labels[3]);
	html_text(h, date);
	table_cell(h, labels[4]);
	html_text(h, size);
	table_cell(h, labels[5]);
	if (row->attachments > 0)
		html_number(h, row->attachments);
	else
		html_text(h, "–");
	table_cell(h, labels[6]);
	html_text(h, row->case_number ? row->case_number : "–");
}

/* What the form carries of the list that it stands in. */
static void write_hidden(Html *h, const Visit *visit)
{
	for (const char *const *name = archive_parameters; *name; name++) {
		const char *value = archive_asked_text(visit, *name);

		if (!value)
			continue;
		html(h, "<input type=\"hidden\"");
		html_attribute(h, "name", *name);
		html_attribute(h, "value", value);
		html(h, ">");
	}
}

/* A link for browsers without scripts; amtspost.js ticks the boxes at once. */
static void write_all(Html *h, const Visit *visit)
{
	g_autofree char *path = archive_asked_path(visit, NULL, archive_asked_text(visit, "vor"));

	html(h, "<p class=\"note tick-all\"><a class=\"kern-link\" data-tick-all=\"id\" href=\"");
	html_attr(h, path);
	html_text(h, strchr(path, '?') ? "&" : "?");
	html(h, "alle=1\">");
	html_text(h, _("Alle auf dieser Seite auswählen"));
	html(h, "</a></p>\n");
}

static void write_deeds(Html *h, const Visit *visit, const GError *problem)
{
	bool again = strcmp(web_request_path(visit->request), PATH) == 0;
	g_autofree char *wrong = again ? page_field_error(problem, FAILURE_CASE_INVALID) : NULL;
	g_autofree char *missing = again ? page_field_error(problem, FAILURE_CASE_MISSING) : NULL;

	html(h, "<div class=\"deeds\" role=\"group\" aria-label=\"");
	html_attr(h, _("Ausgewählte E-Mails"));
	html(h, "\">\n<p class=\"ticked\" role=\"status\" data-one=\"");
	html_attr(h, _("1 E-Mail ausgewählt"));
	html(h, "\" data-many=\"");
	html_attr(h, _("{} E-Mails ausgewählt"));
	html(h, "\">");
	html_text(h, _("Mit den ausgewählten E-Mails:"));
	html(h, "</p>\n<button type=\"submit\" class=\"kern-btn kern-btn--secondary\" name=\"tun\" "
		"value=\"zip\" data-download><span class=\"kern-label\">");
	html_text(h, _("Als ZIP herunterladen"));
	html(h, "</span></button>\n");
	field_input(h, &(Field){.name = "neues-aktenzeichen",
			       .label = _("Neues Aktenzeichen"),
			       .value = again ? visit_field(visit, "neues-aktenzeichen") : NULL,
			       .list = "aktenzeichen-liste",
			       .max_length = ARCHIVE_CASE_LIMIT,
			       .error = wrong ? wrong : missing});
	form_submit(h, _("Aktenzeichen zuweisen"), "secondary", "tun", "zuweisen");
	html(h, "</div>\n");
}

void archive_write_rows(Html *h, const Visit *visit, const ArchivePage *page, const GError *problem)
{
	const char *labels[] = {_("Auswahl"), _("Betreff"), _("Von"), _("Datum"), _("Größe"),
		_("Anlagen"), _("Aktenzeichen"), NULL};

	html(h, "<form class=\"archive-list\" method=\"post\" action=\"" PATH "\">");
	form_session(h, visit);
	write_hidden(h, visit);
	write_all(h, visit);
	table_begin(h, _("E-Mails im Archiv"), labels);
	for (guint i = 0; i < page->rows->len; i++)
		write_row(h, visit, page->rows->pdata[i], labels);
	table_end(h);
	write_deeds(h, visit, problem);
	form_end(h);
}

/* ---- what is done ---- */

static bool read_ids(const Visit *visit, GArray *ids, bool zip, GError **error)
{
	const char *text;

	for (size_t i = 0; (text = form_get_at(visit->form, "id", i)); i++) {
		if (!download_add_id(ids, text, error))
			return false;
	}
	if (ids->len > 0)
		return true;
	failure_set(error, zip ? FAILURE_EXPORT_EMPTY : FAILURE_SELECTION_EMPTY, NULL, "no mail");
	return false;
}

static bool assign(Visit *visit, const ArchiveViewer *viewer, const GArray *ids, GError **error)
{
	const char *typed = visit_field(visit, "neues-aktenzeichen");
	g_autofree char *stripped = g_strstrip(g_strdup(typed));
	g_autofree char *path = NULL;

	if (!*stripped) {
		failure_set(error, FAILURE_CASE_MISSING, NULL, "no case number");
		return false;
	}
	if (!document_assign(visit->office, viewer, ids, typed, visit->actor, error))
		return false;
	path = archive_asked_path(visit, NULL, archive_asked_text(visit, "vor"));
	return visit_redirect(visit, path, "zugewiesen");
}

static bool do_deed(Visit *visit, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	bool zip = strcmp(visit_field(visit, "tun"), "zip") == 0;
	g_auto(Viewing) viewing = {0};

	if (!viewing_open(visit->office, visit->user, &viewing, error) ||
		!read_ids(visit, ids, zip, error))
		return false;
	if (zip)
		return download_zip(visit, viewing_viewer(&viewing), ids, error);
	return assign(visit, viewing_viewer(&viewing), ids, error);
}

static bool run(Visit *visit, GError **error)
{
	g_autoptr(GError) problem = NULL;

	return do_deed(visit, &problem) || archive_show(visit, problem, error);
}

const Route route_selection[] = {
	{WEB_POST, PATH, ROLE_PERSON, WEB_AS_ERRAND, 0, run},
	{0},
};
