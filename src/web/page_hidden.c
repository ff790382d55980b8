/* Persönliche Einstellungen | Postfächer: what the import hides, beside the real folders; what
 * happens after an import; the signature. */
#include "web/page_personal.h"

#include <string.h>
#include "app/folders.h"
#include "app/words.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define NAMES "namen"
#define PART "teil"
/* The two buttons of a folder. What they send: the row's number, a blank, what to add or
 * remove, percent-encoded: a field's value shows invisible letters as something else. */
#define HIDE "ausblenden"
#define UNHIDE "einblenden"
#define ROW_ID "zeile-"

static const SettingKey import_keys[] = {
	SETTING_IMPORT_AFTER, SETTING_IMPORT_AFTER_FOLDER, SETTING_SMTP_SIGNATURE};

/* What the list holds now, joined by ';'; borrowed. */
static const char *present_list(const SettingView *view)
{
	return view->stored ? view->stored : view->setting->fallback;
}

/* ---- showing ---- */

static void write_list(Html *h, const SettingForm *form)
{
	const SettingView *view = form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS];
	g_autofree char *lines = g_strdelimit(g_strdup(present_list(view)), ";", '\n');
	const char *typed = form->typed ? form_get(form->visit->form, NAMES) : NULL;
	const char *state = _("Sie haben die Liste noch nie geändert: Es gilt der Standard.");

	if (view->stored)
		state = *view->stored
				? _("Sie haben die Liste geändert.")
				: _("Sie haben die Liste geleert: Es wird nichts ausgeblendet.");
	html(h, "<p>");
	html_text(h, state);
	html(h, "</p>\n");
	field_lines(h,
		&(Field){.name = NAMES,
			.label = _("Beim Import ausgeblendete Ordner und Postfächer"),
			.hint = _("Ein Name je Zeile. Ein Ordnername gilt in jedem Postfach, mit "
				  "allem, "
				  "was darunter liegt; eine Adresse blendet das ganze Postfach "
				  "aus. Eine "
				  "leere Liste blendet nichts aus."),
			.value = typed ? typed : lines,
			.error = form->errors[SETTING_IMPORT_HIDDEN_FOLDERS]},
		12);
}

static void write_hidden_form(Html *h, const SettingForm *form)
{
	html(h, "<section><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Ausgeblendete Ordner"));
	html(h, "</h2>\n");
	form_begin(h, form->visit, PERSONAL_HIDDEN);
	write_list(h, form);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Liste speichern"), "primary", PART, "liste");
	form_submit(h, _("Standard wiederherstellen"), "secondary", PART, "standard");
	html(h, "</div>\n");
	form_end(h);
	html(h, "</section>\n");
}

/* What is stored but cannot work; that it cannot be told is no failure of the page. */
static void write_import_warning(Html *h, const SettingForm *form)
{
	g_autofree char *warning = NULL;
	g_autoptr(GError) ignored = NULL;

	settings_warn(office_settings(form->visit->office), form->user,
		settings_get_row(SETTING_IMPORT_AFTER), &warning, &ignored);
	if (warning)
		page_alert(h, TONE_WARNING, warning, NULL);
}

static void write_import_form(Html *h, const SettingForm *form)
{
	const SettingLook signature = {.why = _("Steht unter jeder Ihrer neuen E-Mails.")};

	html(h, "<section><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Import und Versand"));
	html(h, "</h2>\n");
	write_import_warning(h, form);
	form_begin(h, form->visit, PERSONAL_HIDDEN);
	for (size_t i = 0; i < G_N_ELEMENTS(import_keys); i++)
		setting_form_field(h, form, import_keys[i],
			import_keys[i] == SETTING_SMTP_SIGNATURE ? &signature : NULL);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Speichern"), "primary", PART, "import");
	html(h, "</div>\n");
	form_end(h);
	html(h, "</section>\n");
}

/* Whether an entry can stand for the folder NAME. One that is an address would hide a mailbox. */
static bool can_be_entry(const char *name)
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
	html(h, "<button id=\"" ROW_ID);
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

static void write_folder(Html *h, const FolderView *folder, guint number, const char *const *labels)
{
	g_autofree char *hidden = words_hidden(folder);

	table_row(h);
	table_heading_cell(h, labels[0]);
	html_text(h, folder->name);
	table_cell(h, labels[1]);
	html_text(h, folder->mailbox);
	table_cell(h, labels[2]);
	if (folder->messages >= 0)
		html_number(h, folder->messages);
	else
		html_text(h, "–");
	table_cell(h, labels[3]);
	if (hidden)
		page_badge(h, TONE_INFO, hidden);
	else
		html_text(h, _("wird gezeigt"));
	html(h, " ");
	if (folder->hidden_by)
		write_deed(h, number, UNHIDE,
			folder->whole ? _("Postfach einblenden") : _("Einblenden"),
			folder->hidden_by, folder->whole ? folder->mailbox : folder->name);
	else if (can_be_entry(folder->name))
		write_deed(h, number, HIDE, _("Ausblenden"), folder->name, folder->name);
}

static void write_folders(Html *h, const Visit *visit, const FolderList *list)
{
	const char *labels[] = {_("Ordner"), _("Postfach"), _("E-Mails"), _("Beim Import"), NULL};

	for (guint i = 0; i < list->problems->len; i++)
		page_alert(h, TONE_WARNING, list->problems->pdata[i], NULL);
	form_begin(h, visit, PERSONAL_HIDDEN);
	html(h, "<input type=\"hidden\" name=\"" PART "\" value=\"ordner\">\n");
	table_begin(h, _("Meine Ordner"), labels);
	for (guint i = 0; i < list->views->len; i++)
		write_folder(h, list->views->pdata[i], i, labels);
	table_end(h);
	form_end(h);
	html(h, "<p class=\"note\">");
	html_text(
		h, _("„Ausblenden“ fügt den Ordner der Liste hinzu, mit allem, was darunter liegt. "
		     "„Einblenden“ entfernt den genannten Eintrag; gezeigt wird dann alles, was "
		     "nur er ausgeblendet hat."));
	html(h, "</p>\n");
}

static void write_sign_in_link(Html *h)
{
	html(h, "<p><a class=\"kern-link\" href=\"" PERSONAL_PATH "?weiter=" PERSONAL_FOLDERS
		"\">");
	html_text(h, _("Zur Anmeldung; danach geht es hier weiter"));
	html(h, "</a></p>\n");
}

/* LIST and PROBLEM NULL: nobody has asked for the folders. */
static void write_real_folders(
	Html *h, const Visit *visit, const FolderList *list, const GError *problem)
{
	html(h, "<section id=\"ordner\"><h2 class=\"kern-heading-medium\">");
	html_text(h, _("Meine Ordner"));
	html(h, "</h2>\n");
	if (problem)
		page_alert_failure(h, problem);
	if (problem && failure_code(problem) == FAILURE_CODE_LOGIN)
		write_sign_in_link(h);
	if (list && !problem)
		write_folders(h, visit, list);
	html(h, "<form method=\"get\" action=\"" PERSONAL_FOLDERS "#ordner\">");
	form_submit(h, list ? _("Ordner neu laden") : _("Meine Ordner zeigen"), "secondary", NULL,
		NULL);
	html(h, "</form><p class=\"note\">");
	html_text(h, _("Dafür wird der Mailserver gefragt."));
	html(h, "</p></section>\n");
}

static bool show(Visit *visit, const SettingForm *form, const GError *problem,
	const FolderList *list, const GError *list_problem)
{
	Html *h = page_personal_begin(visit, PERSONAL_HIDDEN, true);

	if (problem)
		page_alert_failure(h, problem);
	html(h, "<div class=\"columns\"><div>\n");
	write_hidden_form(h, form);
	write_import_form(h, form);
	html(h, "</div>\n");
	write_real_folders(h, visit, list, list_problem);
	html(h, "</div>\n");
	return page_end(visit, h, problem ? 422 : 200);
}

bool page_hidden_run(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {0};

	return setting_form_load(&form, visit, visit->user->name, error) &&
	       show(visit, &form, NULL, NULL, NULL);
}

bool page_hidden_folders(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {0};
	g_auto(FolderList) list = {0};
	g_autoptr(GError) problem = NULL;

	if (!setting_form_load(&form, visit, visit->user->name, error))
		return false;
	folders_list(visit->office, visit->user->name, NULL, true,
		web_request_cancel(visit->request), &list, &problem);
	return show(visit, &form, NULL, &list, problem);
}

/* ---- saving ---- */

/* The lines of TEXT as a list; yours. */
static char *join_lines(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *list = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_strstrip(*line);
		if (**line)
			g_string_append_printf(list, "%s%s", list->len > 0 ? ";" : "", *line);
	}
	return g_string_free(list, FALSE);
}

static bool apply_list(Visit *visit, const char *value, GError **error)
{
	SettingChange change = {
		.setting = settings_get_row(SETTING_IMPORT_HIDDEN_FOLDERS),
		.value = value,
	};

	return settings_apply(office_settings(visit->office), visit->user->name, &change, 1, 0,
		visit->actor, error);
}

/* What equals the present list changes nothing, so "never changed" stays that. */
static bool save_list(Visit *visit, SettingForm *form, GError **error)
{
	const SettingView *view = form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS];
	g_autofree char *joined = join_lines(visit_field(visit, NAMES));
	g_autoptr(GError) problem = NULL;
	g_autofree char *normal = settings_normalise(view->setting, joined, &problem);

	form->typed = true;
	if (!normal) {
		form->errors[SETTING_IMPORT_HIDDEN_FOLDERS] = failure_sentence(problem);
		g_clear_error(&problem);
		failure_set(&problem, FAILURE_FORM_FIELDS, NULL, "values are not allowed");
		return show(visit, form, problem, NULL, NULL);
	}
	if (strcmp(normal, present_list(view)) == 0)
		return visit_redirect(visit, PERSONAL_HIDDEN, "unveraendert");
	return apply_list(visit, normal, error) &&
	       visit_redirect(visit, PERSONAL_HIDDEN, "gespeichert");
}

/* LIST without ENTRY, or with it behind all others; yours. */
static char *change_list(const char *list, const char *entry, bool add)
{
	g_autoptr(GPtrArray) items = text_split_list(list, ';');

	for (guint i = items->len; !add && i > 0; i--) {
		if (strcmp(g_ptr_array_index(items, i - 1), entry) == 0)
			g_ptr_array_remove_index(items, i - 1);
	}
	if (add)
		g_ptr_array_add(items, g_strdup(entry));
	g_ptr_array_add(items, NULL);
	return g_strjoinv(";", (char **)items->pdata);
}

/* Back to the row whose button it was. */
static bool go_to_row(Visit *visit, guint64 number, const char *notice)
{
	g_autofree char *place = g_strdup_printf(
		PERSONAL_FOLDERS "?hinweis=%s#" ROW_ID "%" G_GUINT64_FORMAT, notice, number);

	return visit_redirect(visit, place, NULL);
}

/* One folder's button. */
static bool save_folder(Visit *visit, const SettingForm *form, GError **error)
{
	const SettingView *view = form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS];
	bool add = visit_has(visit, HIDE);
	const char *sent = visit_field(visit, add ? HIDE : UNHIDE);
	char *end;
	guint64 number = g_ascii_strtoull(sent, &end, 10);
	g_autofree char *entry = g_uri_unescape_string(*end == ' ' ? end + 1 : "", NULL);
	g_autofree char *changed = NULL;
	g_autofree char *normal = NULL;

	if (!entry || (add && !can_be_entry(entry))) {
		failure_set(error, FAILURE_FORM_FIELDS, NULL, "no entry for a folder");
		return false;
	}
	changed = change_list(present_list(view), entry, add);
	normal = settings_normalise(view->setting, changed, error);
	if (!normal)
		return false;
	if (strcmp(normal, present_list(view)) == 0)
		return go_to_row(visit, number, "unveraendert");
	return apply_list(visit, normal, error) &&
	       go_to_row(visit, number, add ? "ausgeblendet" : "eingeblendet");
}

static bool restore(Visit *visit, const SettingForm *form, GError **error)
{
	if (!form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS]->set)
		return visit_redirect(visit, PERSONAL_HIDDEN, "unveraendert");
	return apply_list(visit, NULL, error) && visit_redirect(visit, PERSONAL_HIDDEN, "standard");
}

bool page_hidden_save(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {.own = true};
	g_autoptr(GError) problem = NULL;
	const char *part = visit_field(visit, PART);
	bool changed;

	if (!setting_form_load(&form, visit, visit->user->name, error))
		return false;
	if (strcmp(part, "standard") == 0)
		return restore(visit, &form, error);
	if (strcmp(part, "liste") == 0)
		return save_list(visit, &form, error);
	if (strcmp(part, "ordner") == 0)
		return save_folder(visit, &form, error);
	if (!setting_form_apply(&form, import_keys, G_N_ELEMENTS(import_keys), &changed, &problem))
		return show(visit, &form, problem, NULL, NULL);
	return visit_redirect(visit, PERSONAL_HIDDEN, changed ? "gespeichert" : "unveraendert");
}
