/* Taking settings from a form. An empty field means "not set"; a field that the form does not have
 * stays as it is. A field counts as changed if it differs from what it showed: what nobody touched
 * keeps the value that somebody else may have stored meanwhile. */
#include "web/setting_form_internal.h"

#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"

#define MOST_TRIES 5		 /* others may store something between reading and writing */
#define AUDIT_ROWS_SEARCHED 5000 /* for who has changed a value */

/* ---- what was changed ---- */

static bool names_switch(const Form *form, const char *name)
{
	for (size_t i = 0;; i++) {
		const char *value = form_get_at(form, FORM_SWITCHES, i);

		if (!value || strcmp(value, name) == 0)
			return value != NULL;
	}
}

/* Whether the form has a field for SETTING. */
static bool is_sent(const Form *form, const Setting *setting)
{
	return setting->type == TYPE_BOOLEAN ? names_switch(form, setting->name)
					     : form_get(form, setting->name) != NULL;
}

/* The value to store for what was typed; NULL: unset. */
static const char *meant_value(const Form *form, const Setting *setting)
{
	const char *typed = form_get(form, setting->name);

	if (setting->type == TYPE_BOOLEAN)
		return typed ? "true" : "false";
	return typed && *typed ? typed : NULL;
}

/* The state that the field showed; NULL: the form does not tell. */
static const char *state_shown(const Form *form, const Setting *setting)
{
	g_autofree char *name = g_strconcat(setting->name, FORM_SHOWN, NULL);

	return form_get(form, name);
}

static bool touches_secret(const Form *form, const Setting *setting)
{
	g_autofree char *remove = g_strconcat(setting->name, FORM_REMOVE, NULL);
	const char *typed = form_get(form, setting->name);

	return (typed && *typed) || form_get(form, remove);
}

bool setting_form_touches(const SettingForm *form, const SettingView *view)
{
	const Form *sent = form->visit->form;
	const char *shown = state_shown(sent, view->setting);
	g_autofree char *state = NULL;

	if (view->setting->type == TYPE_SECRET)
		return touches_secret(sent, view->setting);
	if (!is_sent(sent, view->setting))
		return false;
	if (!shown)
		return g_strcmp0(meant_value(sent, view->setting), setting_form_shown(view)) != 0;
	state = setting_form_fingerprint(meant_value(sent, view->setting));
	return strcmp(state, shown) != 0;
}

/* Whether the field showed what is stored now. A form without its state, or with one that is still
 * to come (a backup was restored), counts as outdated, not as willing to overwrite. */
static bool is_up_to_date(const SettingForm *form, const SettingView *view)
{
	gint64 generation = g_ascii_strtoll(visit_field(form->visit, FORM_GENERATION), NULL, 10);
	g_autofree char *state = setting_form_state(view);

	if (form->own)
		return true;
	return generation > 0 && generation <= form->generation &&
	       g_strcmp0(state, state_shown(form->visit->form, view->setting)) == 0;
}

/* ---- who was faster ---- */

typedef struct Search {
	const char *user; /* whose setting; NULL: the global one */
	const char *name;
	unsigned left;
	char *actor; /* what was found */
	char *time;
} Search;

static bool find_change(const AuditRow *row, void *data)
{
	Search *search = data;
	size_t length = strlen(search->name);

	if (!g_str_has_prefix(row->action, "settings.") || !row->detail ||
		strncmp(row->detail, search->name, length) != 0 || row->detail[length] != ':' ||
		g_strcmp0(row->subject, search->user) != 0)
		return --search->left > 0;
	search->actor = g_strdup(row->actor);
	search->time = clock_format_german(row->time);
	return false;
}

/* "31 (geändert von „a.admin“, 23.11.2026, 15:04 Uhr)"; yours. */
static char *describe_stored(const SettingForm *form, const SettingView *view)
{
	Search search = {
		.user = form->user, .name = view->setting->name, .left = AUDIT_ROWS_SEARCHED};
	g_autoptr(GError) ignored = NULL;
	const char *shown = setting_shown(view);
	char *text;

	if (!shown || !*shown)
		shown = _("nichts");
	audit_each(office_db(form->visit->office), 0, find_change, &search, &ignored);
	text = search.actor ? g_strdup_printf(_("%s (geändert von „%s“, %s)"), shown, search.actor,
				      search.time)
			    : g_strdup(shown);
	g_free(search.actor);
	g_free(search.time);
	return text;
}

/* ---- taking ---- */

/* What one apply collects. */
typedef struct Taking {
	SettingForm *form;
	GArray *changes;    /* SettingChange */
	GPtrArray *secrets; /* owns what the changes point to */
	bool wrong;
	bool conflict;
} Taking;

static void note_error(Taking *taking, SettingKey key, const GError *problem)
{
	taking->form->errors[key] = failure_sentence(problem);
	taking->wrong = true;
}

/* What somebody else has stored meanwhile stands at the field that would change it. */
static void note_conflict(Taking *taking, const SettingView *view)
{
	g_autofree char *stored = describe_stored(taking->form, view);

	taking->conflict = true;
	taking->form->errors[view->setting->key] = g_strdup_printf(
		view->setting->type == TYPE_SECRET
			? _("Inzwischen gespeichert ist: %s. Soll Ihre Angabe gelten, geben Sie "
			    "sie bitte noch einmal ein.")
			: _("Inzwischen gespeichert ist: %s. „Speichern“ ersetzt das durch Ihre "
			    "Angabe."),
		stored);
}

/* CHANGE is right by itself. */
static void add_change(Taking *taking, const SettingView *view, const SettingChange *change)
{
	if (is_up_to_date(taking->form, view))
		g_array_append_val(taking->changes, *change);
	else
		note_conflict(taking, view);
}

static void take_secret(Taking *taking, const SettingView *view)
{
	const Form *form = taking->form->visit->form;
	const Setting *setting = view->setting;
	g_autofree char *remove = g_strconcat(setting->name, FORM_REMOVE, NULL);
	const char *typed = form_get(form, setting->name);
	g_autoptr(GError) problem = NULL;
	SettingChange change = {.setting = setting};
	Secret *secret;

	if (form_get(form, remove)) {
		if (view->set)
			add_change(taking, view, &change);
	} else if (typed && *typed) {
		taking->form->secret_typed = true;
		secret = secret_new(typed, strlen(typed));
		g_ptr_array_add(taking->secrets, secret);
		change.secret = secret;
		if (settings_check_secret(setting, secret, &problem))
			add_change(taking, view, &change);
		else
			note_error(taking, setting->key, problem);
	}
}

static void take_value(Taking *taking, const SettingView *view)
{
	const Setting *setting = view->setting;
	const char *meant = meant_value(taking->form->visit->form, setting);
	g_autoptr(GError) problem = NULL;
	g_autofree char *normal = NULL;
	SettingChange change = {.setting = setting, .value = meant};

	if (!setting_form_touches(taking->form, view))
		return;
	if (g_strcmp0(meant, setting_form_shown(view)) == 0 || (!meant && !view->stored))
		return;
	normal = meant ? settings_normalise(setting, meant, &problem) : NULL;
	if (meant && !normal)
		note_error(taking, setting->key, problem);
	else if (g_strcmp0(normal, view->stored) != 0)
		add_change(taking, view, &change);
}

static bool apply_changes(Taking *taking, const SettingKey *keys, size_t count, GError **error)
{
	SettingForm *form = taking->form;

	for (size_t i = 0; i < count; i++) {
		const SettingView *view = form->by_key[keys[i]];

		if (view->setting->type == TYPE_SECRET)
			take_secret(taking, view);
		else
			take_value(taking, view);
	}
	if (taking->wrong)
		failure_set(error, FAILURE_FORM_FIELDS, NULL, "values are not allowed");
	else if (taking->conflict)
		failure_set(error, FAILURE_SETTINGS_CHANGED, NULL, "others changed the same");
	else
		return taking->changes->len == 0 ||
		       settings_apply(office_settings(form->visit->office), form->user,
			       (const SettingChange *)(void *)taking->changes->data,
			       taking->changes->len, form->own ? 0 : form->generation,
			       form->visit->actor, error);
	return false;
}

/* FORM as it would be loaded now; unchanged where that fails. */
static bool reload(SettingForm *form, GError **error)
{
	g_auto(SettingForm)
		now = {.own = form->own, .typed = form->typed, .secret_typed = form->secret_typed};
	SettingForm former = *form;

	if (!setting_form_load(&now, form->visit, form->user, error))
		return false;
	*form = now;
	now = former;
	return true;
}

bool setting_form_apply(
	SettingForm *form, const SettingKey *keys, size_t count, bool *changed, GError **error)
{
	for (unsigned tries = 1;; tries++) {
		g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(SettingChange));
		g_autoptr(GPtrArray) secrets =
			g_ptr_array_new_with_free_func((GDestroyNotify)secret_free);
		Taking taking = {.form = form, .changes = changes, .secrets = secrets};
		g_autoptr(GError) problem = NULL;
		bool applied = apply_changes(&taking, keys, count, &problem);

		form->typed = true;
		*changed = changes->len > 0;
		if (applied)
			return true;
		if (taking.wrong || taking.conflict || tries == MOST_TRIES ||
			!failure_is(problem, FAILURE_SETTINGS_CHANGED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		if (!reload(form, error))
			return false;
	}
}
