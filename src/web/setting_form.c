/* Showing and taking settings. An empty field means "not set"; a field that the form does not have
 * stays as it is; the box of a switch sends nothing when it is off, so the form names its switches.
 */
#include "web/setting_form.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define SWITCHES "schalter"
#define GENERATION "stand"
#define REMOVE_SUFFIX ".entfernen"

void setting_form_clear(SettingForm *form)
{
	g_clear_pointer(&form->views, g_ptr_array_unref);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		g_clear_pointer(&form->errors[i], g_free);
}

bool setting_form_load(SettingForm *form, const Visit *visit, const char *user, GError **error)
{
	Settings *settings = office_settings(visit->office);

	form->visit = visit;
	form->user = user;
	form->typed = visit->again;
	if (!settings_generation(settings, &form->generation, error))
		return false;
	form->views = settings_view_all(settings, user, error);
	for (guint i = 0; form->views && i < form->views->len; i++) {
		const SettingView *view = form->views->pdata[i];

		form->by_key[view->setting->key] = view;
	}
	return form->views != NULL;
}

void setting_form_mark(Html *h, const SettingForm *form)
{
	const char *typed = form->visit->again ? form_get(form->visit->form, GENERATION) : NULL;

	/* What is put back was typed when an older state was shown. */
	html(h, "<input type=\"hidden\" name=\"" GENERATION "\" value=\"");
	if (typed)
		html_attr(h, typed);
	else
		html_number(h, form->generation);
	html(h, "\">\n");
}

const char *setting_origin_label(SettingOrigin origin)
{
	static const char *const labels[] = {
		[ORIGIN_DEFAULT] = N_("Standard"),
		[ORIGIN_GLOBAL] = N_("aus Systemsteuerung"),
		[ORIGIN_USER] = N_("Benutzer"),
	};

	return _(labels[origin]);
}

static const char *choice_label(const Setting *setting, const char *value)
{
	for (const SettingChoice *choice = setting->choices; choice && choice->value; choice++) {
		if (g_strcmp0(choice->value, value) == 0)
			return _(choice->label);
	}
	return value;
}

const char *setting_shown(const SettingView *view)
{
	if (view->setting->type == TYPE_SECRET)
		return view->set || view->origin != ORIGIN_DEFAULT ? "••••••" : NULL;
	if (view->setting->type == TYPE_BOOLEAN)
		return g_strcmp0(view->value, "true") == 0 ? _("ja") : _("nein");
	return choice_label(view->setting, view->value);
}

/* ---- showing ---- */

/* What the form shows without anything typed: what is stored, else the default. */
static const char *shown_value(const SettingView *view)
{
	return view->stored ? view->stored : view->setting->fallback;
}

static const char *field_value(const SettingForm *form, const SettingView *view)
{
	const char *typed = form->typed && form->visit->form
				    ? form_get(form->visit->form, view->setting->name)
				    : NULL;

	return typed ? typed : shown_value(view);
}

const char *setting_form_value(const SettingForm *form, SettingKey key)
{
	return field_value(form, form->by_key[key]);
}

static bool names_switch(const Form *form, const char *name)
{
	for (size_t i = 0;; i++) {
		const char *value = form_get_at(form, SWITCHES, i);

		if (!value || strcmp(value, name) == 0)
			return value != NULL;
	}
}

static bool is_switched_on(const SettingForm *form, const SettingView *view)
{
	if (form->typed && form->visit->form &&
		names_switch(form->visit->form, view->setting->name))
		return form_get(form->visit->form, view->setting->name) != NULL;
	return g_strcmp0(shown_value(view), "true") == 0;
}

/* The values of TLS in the three groups in which people look for them. */
static const char *choice_group(const Setting *setting, const char *value)
{
	if (setting->key != SETTING_IMAP_TLS && setting->key != SETTING_SMTP_TLS)
		return NULL;
	if (strcmp(value, "none") == 0 || strcmp(value, "server") == 0)
		return _("Üblich");
	return g_str_has_suffix(value, "+") ? _("Diese Fassung oder neuer")
					    : _("Genau diese Fassung");
}

static void show_choices(Html *h, const Field *field, const Setting *setting)
{
	g_autofree Option *options = NULL;
	size_t count = 0;

	while (setting->choices[count].value)
		count++;
	options = g_new0(Option, count + 1);
	for (size_t i = 0; i < count; i++) {
		options[i].value = setting->choices[i].value;
		options[i].label = _(setting->choices[i].label);
		options[i].group = choice_group(setting, options[i].value);
	}
	field_select(h, field, options);
}

static void show_secret(Html *h, const Field *field, const SettingView *view)
{
	g_autofree char *name = g_strconcat(view->setting->name, REMOVE_SUFFIX, NULL);
	Field secret = *field;
	Field remove = {
		.name = name,
		.label = _("Gespeichertes entfernen"),
		.disabled = field->disabled,
	};

	secret.type = "password";
	secret.autocomplete = "new-password";
	secret.value = NULL;
	if (view->set)
		secret.badge = _("gespeichert");
	field_input(h, &secret);
	if (view->set)
		field_checkbox(h, &remove, false);
}

static void show_switch(
	Html *h, const SettingForm *form, const SettingView *view, const Field *field)
{
	html(h, "<input type=\"hidden\" name=\"" SWITCHES "\" value=\"");
	html_attr(h, view->setting->name);
	html(h, "\">\n");
	field_checkbox(h, field, is_switched_on(form, view));
}

/* Read only, without a name: what holds, and where it comes from. */
static void show_effective(Html *h, const SettingView *view, const Field *field)
{
	g_autofree char *id = g_strconcat(field->name, ".gilt", NULL);
	Field shown = *field;

	shown.name = id;
	shown.hint = NULL;
	shown.error = NULL;
	shown.type = NULL;
	shown.value = setting_shown(view);
	if (!shown.value || !*shown.value)
		shown.value = "–";
	shown.read_only = true;
	shown.badge = setting_origin_label(view->origin);
	field_input(h, &shown);
}

static void show_by_type(Html *h, const SettingForm *form, const SettingView *view, Field *field)
{
	const Setting *setting = view->setting;

	switch (setting->type) {
	case TYPE_CHOICE:
		show_choices(h, field, setting);
		break;
	case TYPE_SECRET:
		show_secret(h, field, view);
		break;
	case TYPE_BOOLEAN:
		show_switch(h, form, view, field);
		break;
	case TYPE_LINES:
		field_lines(h, field, 4);
		break;
	case TYPE_INTEGER:
		field->type = "number";
		field->minimum = setting->minimum;
		field->maximum = setting->maximum;
		field_input(h, field);
		break;
	default:
		field_input(h, field);
	}
}

void setting_form_field(Html *h, const SettingForm *form, SettingKey key, const SettingLook *look)
{
	const SettingView *view = form->by_key[key];
	const Setting *setting = view->setting;
	bool prefixed = look && look->prefix;
	g_autofree char *label = g_strdup_printf("%s%s%s%s%s%s", prefixed ? look->prefix : "",
		prefixed ? ": " : "", look && look->label ? look->label : _(setting->label),
		setting->unit ? " (" : "", setting->unit ? _(setting->unit) : "",
		setting->unit ? ")" : "");
	Field field = {
		.name = setting->name,
		.label = label,
		.hint = look && look->why ? look->why : _(setting->help),
		.value = field_value(form, view),
		.error = form->errors[key],
		.disabled = look && look->disabled,
	};

	if (look && look->effective)
		show_effective(h, view, &field);
	else
		show_by_type(h, form, view, &field);
}

/* ---- taking ---- */

/* What one apply collects. */
typedef struct Taking {
	SettingForm *form;
	GArray *changes;    /* SettingChange */
	GPtrArray *secrets; /* owns what the changes point to */
	bool wrong;
} Taking;

static void note_error(Taking *taking, SettingKey key, const GError *problem)
{
	taking->form->errors[key] = failure_sentence(problem);
	taking->wrong = true;
}

static void take_secret(Taking *taking, const SettingView *view)
{
	const Form *form = taking->form->visit->form;
	const Setting *setting = view->setting;
	g_autofree char *remove = g_strconcat(setting->name, REMOVE_SUFFIX, NULL);
	const char *typed = form_get(form, setting->name);
	g_autoptr(GError) problem = NULL;
	SettingChange change = {.setting = setting};
	Secret *secret;

	if (form_get(form, remove)) {
		g_array_append_val(taking->changes, change);
	} else if (typed && *typed) {
		secret = secret_new(typed, strlen(typed));
		g_ptr_array_add(taking->secrets, secret);
		change.secret = secret;
		if (settings_check_secret(setting, secret, &problem))
			g_array_append_val(taking->changes, change);
		else
			note_error(taking, setting->key, problem);
	}
}

/* The value to store for what was typed; NULL: unset. */
static const char *meant_value(const SettingView *view, const Form *form)
{
	const Setting *setting = view->setting;
	const char *typed = form_get(form, setting->name);

	if (setting->type == TYPE_BOOLEAN)
		return typed ? "true" : "false";
	return typed && *typed ? typed : NULL;
}

static void take_value(Taking *taking, const SettingView *view)
{
	const Form *form = taking->form->visit->form;
	const Setting *setting = view->setting;
	const char *meant = meant_value(view, form);
	g_autoptr(GError) problem = NULL;
	g_autofree char *normal = NULL;
	SettingChange change = {.setting = setting, .value = meant};

	if (setting->type == TYPE_BOOLEAN ? !names_switch(form, setting->name)
					  : !form_get(form, setting->name))
		return;
	if (g_strcmp0(meant, shown_value(view)) == 0 || (!meant && !view->stored))
		return;
	normal = meant ? settings_normalise(setting, meant, &problem) : NULL;
	if (meant && !normal)
		note_error(taking, setting->key, problem);
	else if (g_strcmp0(normal, view->stored) != 0)
		g_array_append_val(taking->changes, change);
}

/* What somebody else has stored meanwhile stands at each field that would change it. */
static void note_conflicts(Taking *taking)
{
	for (guint i = 0; i < taking->changes->len; i++) {
		const SettingChange *change = &g_array_index(taking->changes, SettingChange, i);
		SettingKey key = change->setting->key;
		const char *stored = setting_shown(taking->form->by_key[key]);

		taking->form->errors[key] = g_strdup_printf(_("Inzwischen gespeichert ist: %s"),
			stored && *stored ? stored : _("nichts"));
	}
}

static bool apply_changes(Taking *taking, GError **error)
{
	const Visit *visit = taking->form->visit;
	gint64 generation = g_ascii_strtoll(visit_field(visit, GENERATION), NULL, 10);
	g_autoptr(GError) problem = NULL;

	if (taking->form->own)
		generation = 0;
	/* A form without its state, or with one that is still to come (a backup was restored),
	 * counts as outdated, not as willing to overwrite. */
	else if (generation <= 0 || generation > taking->form->generation)
		generation = -1;
	if (settings_apply(office_settings(visit->office), taking->form->user,
		    (const SettingChange *)(void *)taking->changes->data, taking->changes->len,
		    generation, visit->actor, &problem))
		return true;
	if (failure_is(problem, FAILURE_SETTINGS_CHANGED))
		note_conflicts(taking);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

bool setting_form_apply(
	SettingForm *form, const SettingKey *keys, size_t count, bool *changed, GError **error)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(SettingChange));
	g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func((GDestroyNotify)secret_free);
	Taking taking = {.form = form, .changes = changes, .secrets = secrets};

	for (size_t i = 0; i < count; i++) {
		const SettingView *view = form->by_key[keys[i]];

		if (view->setting->type == TYPE_SECRET)
			take_secret(&taking, view);
		else
			take_value(&taking, view);
	}
	form->typed = true;
	*changed = changes->len > 0;
	if (taking.wrong) {
		failure_set(error, FAILURE_FORM_FIELDS, NULL, "values are not allowed");
		return false;
	}
	return changes->len == 0 || apply_changes(&taking, error);
}
