/* Persönliche Einstellungen | Postfächer: the real folders with what the import hides, a button
 * each. The buttons belong to the form beside them, so that nothing typed there is lost. */
#include "web/page_personal.h"

#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define LONGEST_ENTRY 60 /* letters shown of an entry that hides nothing */

bool page_folders_can_hide(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && name[0] != ' ' && name[length - 1] != ' ' && !strchr(name, ';') &&
	       !text_has_control(name) && !text_is_address(name);
}

/* The button of row NUMBER: the redirect that follows leads back to it. ABOUT is for those who
 * only hear it. */
static void write_deed(Html *h, guint number, const char *deed, const char *label, const char *what,
	const char *about)
{
	html(h, "<button form=\"" HIDDEN_FORM "\" id=\"" HIDDEN_ROW);
	html_number(h, number);
	html(h, "\" type=\"submit\" class=\"kern-btn kern-btn--tertiary\" name=\"");
	html_attr(h, deed);
	html(h, "\" value=\"");
	html_number(h, number);
	html(h, " ");
	html_url(h, what);
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, label);
	html(h, "</span><span class=\"kern-sr-only\">: ");
	html_text(h, about);
	html(h, "</span></button>");
}

static void write_name(Html *h, const char *name)
{
	html_text(h, words_folder(name));
}

static void write_folder(Html *h, const FolderView *folder, guint number, const char *const *labels)
{
	g_autofree char *hidden = words_hidden(folder);

	table_row(h);
	table_heading_cell(h, labels[0]);
	write_name(h, folder->name);
	table_cell(h, labels[1]);
	if (folder->messages >= 0)
		html_number(h, folder->messages);
	else
		html_text(h, "–");
	table_cell(h, labels[2]);
	if (hidden)
		page_badge(h, TONE_INFO, hidden);
	else
		html_text(h, _("wird gezeigt"));
	html(h, " ");
	if (folder->hidden_by)
		write_deed(h, number, HIDDEN_SHOW,
			folder->whole ? _("Postfach einblenden") : _("Einblenden"),
			folder->hidden_by, folder->whole ? folder->mailbox : folder->name);
	else if (page_folders_can_hide(folder->name))
		write_deed(h, number, HIDDEN_HIDE, _("Ausblenden"), folder->name, folder->name);
}

/* "„Spma“, „Bau/Atl“"; yours. */
static char *list_entries(const GPtrArray *entries)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < entries->len; i++) {
		const char *entry = g_ptr_array_index(entries, i);
		bool is_long = g_utf8_strlen(entry, -1) > LONGEST_ENTRY;
		g_autofree char *start =
			is_long ? g_utf8_substring(entry, 0, LONGEST_ENTRY) : g_strdup(entry);

		g_string_append_printf(
			list, "%s„%s%s“", i > 0 ? ", " : "", start, is_long ? "…" : "");
	}
	return g_string_free(list, FALSE);
}

static void write_unmatched(Html *h, const GPtrArray *entries)
{
	g_autofree char *list = entries && entries->len > 0 ? list_entries(entries) : NULL;
	g_autofree char *told =
		list ? g_strdup_printf(_("Diese Einträge treffen keinen Ihrer Ordner: %s"), list)
		     : NULL;

	if (told)
		page_alert(h, TONE_WARNING, told,
			_("Bitte vergleichen Sie die Schreibweise mit den Ordnern unten. Einträge "
			  "für Ordner, die es noch nicht gibt, schaden nicht."));
}

static void write_table(Html *h, const FolderList *list)
{
	const char *labels[] = {_("Ordner"), _("E-Mails"), _("Beim Import"), NULL};
	const char *mailbox = NULL;

	table_begin(h, _("Meine Ordner"), labels);
	for (guint i = 0; i < list->views->len; i++) {
		const FolderView *folder = g_ptr_array_index(list->views, i);

		if (g_strcmp0(folder->mailbox, mailbox) != 0) {
			mailbox = folder->mailbox;
			table_group(h, mailbox, G_N_ELEMENTS(labels) - 1);
		}
		write_folder(h, folder, i, labels);
	}
	table_end(h);
}

static void write_folders(Html *h, const FolderList *list)
{
	for (guint i = 0; i < list->problems->len; i++)
		page_alert(h, TONE_WARNING, _("Ein Postfach ließ sich nicht öffnen"),
			list->problems->pdata[i]);
	write_unmatched(h, list->unmatched);
	write_table(h, list);
	html(h, "<p class=\"note\">");
	html_text(
		h, _("„Ausblenden“ fügt den Ordner der Liste hinzu, mit allem, was darunter liegt. "
		     "„Einblenden“ entfernt den genannten Eintrag; gezeigt wird dann alles, was "
		     "nur er ausgeblendet hat. Was Sie auf dieser Seite sonst geändert haben, "
		     "wird dabei mitgespeichert."));
	html(h, "</p>\n");
}

static void write_sign_in_link(Html *h)
{
	html(h, "<p><a class=\"kern-link\" href=\"" PERSONAL_PATH "?weiter=" PERSONAL_FOLDERS
		"\">");
	html_text(h, _("Zur Anmeldung; danach geht es hier weiter"));
	html(h, "</a></p>\n");
}

void page_folders_show(Html *h, const FolderList *list, const GError *problem)
{
	html(h, "<section id=\"ordner\"><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Meine Ordner"));
	html(h, "</h2>\n");
	if (problem)
		page_alert_failure(h, problem);
	if (problem && failure_code(problem) == FAILURE_CODE_LOGIN)
		write_sign_in_link(h);
	if (list && !problem)
		write_folders(h, list);
	html(h, "<form method=\"get\" action=\"" PERSONAL_FOLDERS "#ordner\">");
	form_submit(h, list ? _("Ordner neu laden") : _("Meine Ordner zeigen"), "secondary", NULL,
		NULL);
	html(h, "</form><p class=\"note\">");
	html_text(h, _("Dafür wird der Mailserver gefragt."));
	html(h, "</p></section>\n");
}
