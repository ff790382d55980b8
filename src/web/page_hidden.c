/* Persönliche Einstellungen | Postfächer: what the import hides, what happens after it, the
 * signature. All of it is one form with one "Speichern". Beside each field stands, hidden, what it
 * showed: what was saved meanwhile in another window is not overwritten. */
#include "web/page_personal.h"

#include <string.h>
#include "app/folders.h"
#include "base/hash.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define NAMES "namen"
#define PART "teil"
#define STANDARD "standard"
#define LISTED "ordner"	 /* the real folders stand beside the form */
#define FORMER "vorher." /* before a setting's name: what its field showed */
#define FORMER_LETTERS 16

/* The list comes first. */
static const SettingKey page_keys[] = {SETTING_IMPORT_HIDDEN_FOLDERS, SETTING_IMPORT_AFTER,
	SETTING_IMPORT_AFTER_FOLDER, SETTING_SMTP_SIGNATURE};

/* What the field of VIEW shows unless something is typed; borrowed. */
static const char *present(const SettingView *view)
{
	const char *value = view->stored ? view->stored : view->setting->fallback;

	return value ? value : "";
}

/* ---- what was changed, here and elsewhere ---- */

/* A few letters that tell VALUE from others; yours. */
static char *fingerprint(const char *value)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	sha256_of(value, strlen(value), digest);
	sha256_to_hex(digest, hex);
	return g_strndup(hex, FORMER_LETTERS);
}

/* What the field of VIEW showed, "" for a form that does not tell; borrowed. */
static const char *former(const Visit *visit, const SettingView *view)
{
	g_autofree char *name = g_strconcat(FORMER, view->setting->name, NULL);

	return visit_field(visit, name);
}

static bool equals(const char *value, const char *print)
{
	g_autofree char *own = fingerprint(value);

	return strcmp(own, print) == 0;
}

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

/* What was typed for KEY; NULL: the form has no such field. Yours. */
static char *typed_value(const Visit *visit, SettingKey key)
{
	bool list = key == SETTING_IMPORT_HIDDEN_FOLDERS;
	const char *name = list ? NAMES : settings_get_row(key)->name;

	if (!visit->form || !form_get(visit->form, name))
		return NULL;
	return list ? join_lines(visit_field(visit, name)) : g_strdup(visit_field(visit, name));
}

/* Whether the form changes what its field of KEY showed. */
static bool is_touched(const SettingForm *form, SettingKey key)
{
	g_autofree char *typed = typed_value(form->visit, key);

	return typed && !equals(typed, former(form->visit, form->by_key[key]));
}

/* ---- showing ---- */

/* Once shown again, a field that nobody touched is still not to be saved. */
static void write_former(Html *h, const SettingForm *form, SettingKey key)
{
	const SettingView *view = form->by_key[key];
	bool again = form->typed && !is_touched(form, key);
	g_autofree char *print =
		again ? g_strdup(former(form->visit, view)) : fingerprint(present(view));

	html(h, "<input type=\"hidden\" name=\"" FORMER);
	html_attr(h, view->setting->name);
	html(h, "\" value=\"");
	html_attr(h, print);
	html(h, "\">\n");
}

static void write_list(Html *h, const SettingForm *form)
{
	const SettingView *view = form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS];
	g_autofree char *lines = g_strdelimit(g_strdup(present(view)), ";", '\n');
	const char *typed = form->typed ? form_get(form->visit->form, NAMES) : NULL;
	const char *state = _("Es gilt der Standard.");

	if (view->stored)
		state = *view->stored
				? _("Sie haben die Liste geändert.")
				: _("Sie haben die Liste geleert: Es wird nichts ausgeblendet.");
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Ausgeblendete Ordner"));
	html(h, "</h2><p>");
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

static void write_import(Html *h, const SettingForm *form)
{
	const SettingLook signature = {.why = _("Steht unter jeder Ihrer neuen E-Mails.")};
	const SettingLook after = {.label = _("Nach dem Import")};
	const SettingLook folder = {
		.label = _("Zielordner"),
		.why = _("Nur bei „in einen Ordner verschieben“: der Ordner auf dem Mailserver, "
			 "in den importierte E-Mails kommen."),
	};

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Import und Versand"));
	html(h, "</h2>\n");
	write_import_warning(h, form);
	setting_form_field(h, form, SETTING_IMPORT_AFTER, &after);
	setting_form_field(h, form, SETTING_IMPORT_AFTER_FOLDER, &folder);
	setting_form_field(h, form, SETTING_SMTP_SIGNATURE, &signature);
}

/* Behind "Speichern", which the Enter key presses because it is the form's first button. */
static void write_restore(Html *h, const SettingForm *form)
{
	if (!form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS]->stored)
		return;
	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Standard der ausgeblendeten Ordner wiederherstellen"));
	html(h, "</summary><p>");
	html_text(h, _("Ihre eigene Liste geht dabei verloren. Was Sie auf dieser Seite sonst "
		       "geändert haben, wird mitgespeichert."));
	html(h, "</p>\n");
	form_submit(h, _("Standard wiederherstellen"), "secondary", PART, STANDARD);
	html(h, "</details>\n");
}

static void write_form(Html *h, const SettingForm *form, bool listed)
{
	form_begin_named(h, form->visit, PERSONAL_HIDDEN, HIDDEN_FORM);
	for (size_t i = 0; i < G_N_ELEMENTS(page_keys); i++)
		write_former(h, form, page_keys[i]);
	if (listed)
		html(h, "<input type=\"hidden\" name=\"" LISTED "\" value=\"true\">\n");
	write_list(h, form);
	write_import(h, form);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Speichern"), "primary", NULL, NULL);
	html(h, "</div>\n");
	write_restore(h, form);
	form_end(h);
}

static void write_problem(Html *h, const GError *problem)
{
	if (failure_is(problem, FAILURE_SETTINGS_CHANGED))
		page_alert(h, TONE_DANGER,
			_("Diese Angaben wurden inzwischen geändert, vielleicht in einem anderen "
			  "Fenster."),
			_("Gespeichert ist von Ihren Angaben noch nichts; was Sie eingegeben "
			  "haben, steht noch in den Feldern. Was inzwischen gilt, steht daneben; "
			  "„Speichern“ ersetzt es durch Ihre Angaben."));
	else
		page_alert_failure(h, problem);
}

static bool show(Visit *visit, const SettingForm *form, const GError *problem,
	const FolderList *list, const GError *list_problem)
{
	Html *h = page_personal_begin(visit, PERSONAL_HIDDEN, true);

	if (problem)
		write_problem(h, problem);
	html(h, "<div class=\"columns\"><div>\n");
	write_form(h, form, list != NULL);
	html(h, "</div>\n");
	page_folders_show(h, list, list_problem);
	html(h, "</div>\n");
	return page_end(visit, h, problem ? 422 : 200);
}

/* The page with the real folders; PROBLEM (nullable) as it came from saving. */
static bool show_folders(Visit *visit, const SettingForm *form, const GError *problem)
{
	g_auto(FolderList) list = {0};
	g_autoptr(GError) list_problem = NULL;

	folders_list(visit->office, visit->user->name, NULL, true,
		web_request_cancel(visit->request), &list, &list_problem);
	return show(visit, form, problem, &list, list_problem);
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

	return setting_form_load(&form, visit, visit->user->name, error) &&
	       show_folders(visit, &form, NULL);
}

/* ---- saving ---- */

/* What one request saves. */
typedef struct Saving {
	SettingForm *form;
	bool list_changes;
	char *list;				  /* NULL: the standard */
	SettingKey keys[G_N_ELEMENTS(page_keys)]; /* further ones that were touched */
	size_t count;
	bool conflict;
	guint64 row; /* of the folder whose button it was */
} Saving;

static void saving_clear(Saving *saving)
{
	g_free(saving->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Saving, saving_clear)

/* KEY is to become something else than it showed: was it changed meanwhile? */
static void check_former(Saving *saving, SettingKey key)
{
	SettingForm *form = saving->form;
	const SettingView *view = form->by_key[key];
	const char *shown = setting_shown(view);

	if (equals(present(view), former(form->visit, view)))
		return;
	saving->conflict = true;
	g_free(form->errors[key]);
	form->errors[key] = g_strdup_printf(
		_("Inzwischen gespeichert ist: %s"), shown && *shown ? shown : _("nichts"));
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

static bool is_deed(const Visit *visit)
{
	return visit_has(visit, HIDDEN_HIDE) || visit_has(visit, HIDDEN_SHOW);
}

/* Has one folder's button change the list. */
static bool take_deed(Saving *saving, GError **error)
{
	const Visit *visit = saving->form->visit;
	bool add = visit_has(visit, HIDDEN_HIDE);
	const char *sent = visit_field(visit, add ? HIDDEN_HIDE : HIDDEN_SHOW);
	char *end;
	g_autofree char *entry = NULL;
	char *changed;

	saving->row = g_ascii_strtoull(sent, &end, 10);
	entry = g_uri_unescape_string(*end == ' ' ? end + 1 : "", NULL);
	if (!entry || (add && !page_folders_can_hide(entry))) {
		failure_set(error, FAILURE_FORM_FIELDS, NULL, "no entry for a folder");
		return false;
	}
	changed = change_list(saving->list, entry, add);
	g_free(saving->list);
	saving->list = changed;
	return true;
}

/* What becomes of the list: what was typed, else what is stored now; then what a button changes. */
static bool take_list(Saving *saving, GError **error)
{
	SettingForm *form = saving->form;
	const SettingView *view = form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS];
	bool touched = is_touched(form, SETTING_IMPORT_HIDDEN_FOLDERS);
	g_autofree char *normal = NULL;
	g_autoptr(GError) problem = NULL;

	saving->list = touched ? typed_value(form->visit, SETTING_IMPORT_HIDDEN_FOLDERS)
			       : g_strdup(present(view));
	if (is_deed(form->visit) && !take_deed(saving, error))
		return false;
	normal = settings_normalise(view->setting, saving->list, &problem);
	if (!normal) {
		form->errors[SETTING_IMPORT_HIDDEN_FOLDERS] = failure_sentence(problem);
		failure_set(error, FAILURE_FORM_FIELDS, NULL, "values are not allowed");
		return false;
	}
	/* What equals the present list changes nothing, so "never changed" stays that. */
	saving->list_changes = strcmp(normal, present(view)) != 0;
	if (touched && saving->list_changes)
		check_former(saving, SETTING_IMPORT_HIDDEN_FOLDERS);
	g_free(saving->list);
	saving->list = g_steal_pointer(&normal);
	return true;
}

static void take_standard(Saving *saving)
{
	saving->list_changes = saving->form->by_key[SETTING_IMPORT_HIDDEN_FOLDERS]->set;
	if (saving->list_changes)
		check_former(saving, SETTING_IMPORT_HIDDEN_FOLDERS);
}

static void take_others(Saving *saving)
{
	for (size_t i = 1; i < G_N_ELEMENTS(page_keys); i++) {
		g_autofree char *typed = typed_value(saving->form->visit, page_keys[i]);

		if (!is_touched(saving->form, page_keys[i]))
			continue;
		saving->keys[saving->count++] = page_keys[i];
		if (strcmp(typed, present(saving->form->by_key[page_keys[i]])) != 0)
			check_former(saving, page_keys[i]);
	}
}

static bool take(Saving *saving, GError **error)
{
	if (strcmp(visit_field(saving->form->visit, PART), STANDARD) == 0)
		take_standard(saving);
	else if (!take_list(saving, error))
		return false;
	take_others(saving);
	if (saving->conflict)
		failure_set(error, FAILURE_SETTINGS_CHANGED, NULL, "changed in another window");
	return !saving->conflict;
}

static bool apply(Saving *saving, bool *changed, GError **error)
{
	const Visit *visit = saving->form->visit;
	const SettingChange change = {
		.setting = settings_get_row(SETTING_IMPORT_HIDDEN_FOLDERS),
		.value = saving->list,
	};

	if (!setting_form_apply(saving->form, saving->keys, saving->count, changed, error))
		return false;
	if (!saving->list_changes)
		return true;
	*changed = true;
	return settings_apply(office_settings(visit->office), visit->user->name, &change, 1, 0,
		visit->actor, error);
}

/* Back to the row whose button it was, or to the page as it was seen. */
static bool go_back(Visit *visit, const Saving *saving, bool changed)
{
	const char *notice = "gespeichert";
	g_autofree char *row = NULL;

	if (!changed)
		notice = "unveraendert";
	else if (is_deed(visit) && saving->count == 0)
		notice = visit_has(visit, HIDDEN_HIDE) ? "ausgeblendet" : "eingeblendet";
	else if (!saving->list)
		notice = "standard";
	if (!is_deed(visit))
		return visit_redirect(visit,
			visit_has(visit, LISTED) ? PERSONAL_FOLDERS : PERSONAL_HIDDEN, notice);
	row = g_strdup_printf(PERSONAL_FOLDERS "?hinweis=%s#" HIDDEN_ROW "%" G_GUINT64_FORMAT,
		notice, saving->row);
	return visit_redirect(visit, row, NULL);
}

bool page_hidden_save(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {.own = true};
	g_auto(Saving) saving = {.form = &form};
	g_autoptr(GError) problem = NULL;
	bool changed;

	if (!setting_form_load(&form, visit, visit->user->name, error))
		return false;
	if (take(&saving, &problem) && apply(&saving, &changed, &problem))
		return go_back(visit, &saving, changed);
	form.typed = true;
	return visit_has(visit, LISTED) ? show_folders(visit, &form, problem)
					: show(visit, &form, problem, NULL, NULL);
}
