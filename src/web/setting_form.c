/* Showing settings as fields. Beside each stands, hidden, what it shows, so that taking them
 * (setting_take.c) can tell what was changed here from what others have changed meanwhile. */
#include "web/setting_form_internal.h"

#include <inttypes.h>
#include <string.h>
#include "base/hash.h"
#include "base/i18n.h"

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
	html(h, "<input type=\"hidden\" name=\"" FORM_GENERATION "\" value=\"");
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

const char *setting_form_shown(const SettingView *view)
{
	return view->stored ? view->stored : view->setting->fallback;
}

char *setting_form_fingerprint(const char *value)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	sha256_of(value ? value : "", value ? strlen(value) : 0, digest);
	sha256_to_hex(digest, hex);
	return g_strndup(hex, 16);
}

char *setting_form_state(const SettingView *view)
{
	return view->setting->type == TYPE_SECRET
		       ? g_strdup_printf("%" PRId64, view->generation)
		       : setting_form_fingerprint(setting_form_shown(view));
}

static void write_state(Html *h, const SettingView *view)
{
	g_autofree char *state = setting_form_state(view);

	html(h, "<input type=\"hidden\" name=\"");
	html_attr(h, view->setting->name);
	html(h, FORM_SHOWN "\" value=\"");
	html_attr(h, state);
	html(h, "\">\n");
}

/* What nobody has changed here shows the new state. */
static bool shows_typed(const SettingForm *form, const SettingView *view)
{
	return form->typed && form->visit->form && setting_form_touches(form, view);
}

static const char *field_value(const SettingForm *form, const SettingView *view)
{
	return shows_typed(form, view) ? form_get(form->visit->form, view->setting->name)
				       : setting_form_shown(view);
}

const char *setting_form_value(const SettingForm *form, SettingKey key)
{
	return field_value(form, form->by_key[key]);
}

static bool is_switched_on(const SettingForm *form, const SettingView *view)
{
	if (shows_typed(form, view))
		return form_get(form->visit->form, view->setting->name) != NULL;
	return g_strcmp0(setting_form_shown(view), "true") == 0;
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
	g_autofree char *name = g_strconcat(view->setting->name, FORM_REMOVE, NULL);
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
	html(h, "<input type=\"hidden\" name=\"" FORM_SWITCHES "\" value=\"");
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

	if (look && look->effective) {
		show_effective(h, view, &field);
		return;
	}
	write_state(h, view);
	show_by_type(h, form, view, &field);
}
