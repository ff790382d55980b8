/* Showing settings as fields. Beside each stands, hidden, what it shows, so that taking them
 * (setting_take.c) can tell what was changed here from what others have changed meanwhile. */
#include "web/setting_form_internal.h"

#include <inttypes.h>
#include <string.h>
#include "base/hash.h"
#include "base/i18n.h"
#include "failure/failure.h"

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
	const char *typed =
		form->visit->again ? form_get(form->visit->form, FORM_GENERATION) : NULL;

	/* What is put back was typed when an older state was shown. */
	html(h, "<input type=\"hidden\" name=\"" FORM_GENERATION "\" value=\"");
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

static bool is_proxy_port(SettingKey key)
{
	return key == SETTING_IMAP_PROXY_PORT || key == SETTING_SMTP_PROXY_PORT;
}

/* The default of a proxy's port follows its kind, which may be chosen beside it. */
const char *setting_form_shown(const SettingView *view)
{
	if (view->stored || is_proxy_port(view->setting->key))
		return view->stored;
	return view->setting->fallback;
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

/* What nobody has changed here shows the new state. */
static bool shows_typed(const SettingForm *form, const SettingView *view)
{
	return form->typed && form->visit->form && setting_form_touches(form, view);
}

/* What is put back was typed when an older state was shown. */
static void write_state(Html *h, const SettingForm *form, const SettingView *view)
{
	g_autofree char *state = setting_form_state(view);
	g_autofree char *name = g_strconcat(view->setting->name, FORM_SHOWN, NULL);
	const char *former = form->visit->again && shows_typed(form, view)
				     ? form_get(form->visit->form, name)
				     : NULL;

	html(h, "<input type=\"hidden\" name=\"");
	html_attr(h, view->setting->name);
	html(h, FORM_SHOWN "\" value=\"");
	html_attr(h, former ? former : state);
	html(h, "\">\n");
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

/* "IMAP: Port (…)" with PREFIX, "Port (…)" without (NULL); LABEL (nullable) in place of the row's;
 * yours. */
static char *field_label(const Setting *setting, const char *prefix, const char *label)
{
	return g_strconcat(prefix ? prefix : "", prefix ? ": " : "",
		label ? label : _(setting->label), setting->unit ? " (" : "",
		setting->unit ? _(setting->unit) : "", setting->unit ? ")" : "", NULL);
}

/* Yours: which port holds without an entry, by the kind that the form shows. */
static char *proxy_port_hint(const SettingForm *form, SettingKey port)
{
	SettingKey type = port - (SETTING_IMAP_PROXY_PORT - SETTING_IMAP_PROXY_TYPE);

	return g_strdup_printf(_("Voreinstellung: %s. %s"),
		settings_proxy_port(setting_form_value(form, type)),
		_(settings_get_row(port)->help));
}

void setting_form_field(Html *h, const SettingForm *form, SettingKey key, const SettingLook *look)
{
	const SettingView *view = form->by_key[key];
	const Setting *setting = view->setting;
	g_autofree char *label =
		field_label(setting, look ? look->prefix : NULL, look ? look->label : NULL);
	g_autofree char *port = is_proxy_port(key) ? proxy_port_hint(form, key) : NULL;
	Field field = {
		.name = setting->name,
		.label = label,
		.hint = port		    ? port
			: look && look->why ? look->why
					    : _(setting->help),
		.value = field_value(form, view),
		.error = form->errors[key],
		.disabled = look && look->disabled,
	};

	if (look && look->effective) {
		show_effective(h, view, &field);
		return;
	}
	write_state(h, form, view);
	show_by_type(h, form, view, &field);
}

/* ---- several fields ---- */

void setting_form_fold(Html *h, const SettingForm *form, const char *summary, SettingKey first,
	SettingKey last, bool open)
{
	for (SettingKey key = first; key <= last; key++)
		open = open || form->errors[key];
	html(h, "<details class=\"fold\"");
	html_flag(h, "open", open);
	html(h, "><summary>");
	html_text(h, summary);
	html(h, "</summary>\n");
}

static const struct {
	const char *values; /* that it is said of, separated by blanks */
	const char *heading;
	const char *text;
} tls_warnings[] = {
	{"none", N_("Diese Verbindung ist nicht verschlüsselt"),
		N_("Kennwörter und E-Mails können unterwegs mitgelesen werden.")},
	{"tls1.0 tls1.0+ tls1.1 tls1.1+", N_("TLS 1.0 und 1.1 gelten als unsicher"),
		N_("Bitte nur so lange verwenden, bis der Mailserver TLS 1.2 beherrscht.")},
};

static bool is_among(const char *values, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(values, " ", -1);

	return value && g_strv_contains((const char *const *)parts, value);
}

/* All of them are there, hidden but for the one that VALUE is about: amtspost.js shows another one
 * as soon as it is chosen. */
void setting_form_tls(Html *h, const SettingForm *form, SettingKey key, const SettingLook *look)
{
	const SettingView *view = form->by_key[key];
	bool effective = look && look->effective;
	const char *value = effective ? view->value : field_value(form, view);

	setting_form_field(h, form, key, look);
	for (size_t i = 0; i < G_N_ELEMENTS(tls_warnings); i++) {
		bool hit = is_among(tls_warnings[i].values, value) && !(look && look->disabled);

		if (effective && !hit)
			continue;
		html(h, "<div");
		if (!effective) {
			html_attribute(h, "data-choice", view->setting->name);
			html_attribute(h, "data-values", tls_warnings[i].values);
		}
		html_flag(h, "hidden", !hit);
		html(h, ">");
		page_alert(h, TONE_WARNING, _(tls_warnings[i].heading), _(tls_warnings[i].text));
		html(h, "</div>\n");
	}
}

void setting_form_proxy(Html *h, const SettingForm *form, SettingKey type)
{
	SettingKey host = type + (SETTING_IMAP_PROXY_HOST - SETTING_IMAP_PROXY_TYPE);
	SettingKey last = type + (SETTING_IMAP_PROXY_PASSWORD - SETTING_IMAP_PROXY_TYPE);
	const char *value = setting_form_value(form, host);

	setting_form_fold(h, form, _("Proxy"), type, last, value && *value);
	for (SettingKey key = type; key <= last; key++)
		setting_form_field(h, form, key, NULL);
	html(h, "</details>\n");
}

void setting_form_warnings(Html *h, const SettingForm *form, const SettingKey *keys, size_t count)
{
	/* That they cannot be told is no failure of the page. */
	g_autoptr(GError) ignored = NULL;
	g_autoptr(GPtrArray) warnings = settings_warn_each(
		office_settings(form->visit->office), form->user, keys, count, &ignored);

	for (guint i = 0; warnings && i < warnings->len; i++)
		page_alert(h, TONE_WARNING, warnings->pdata[i], NULL);
}

/* A link to each field that something is wrong with. */
static void write_errors(Html *h, const SettingForm *form)
{
	html(h, "<ul class=\"problems\">\n");
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);
		g_autofree char *label = field_label(setting, _(setting->group), NULL);

		if (!form->errors[key])
			continue;
		html(h, "<li><a class=\"kern-link\" href=\"#");
		html_attr(h, setting->name);
		html(h, "\">");
		html_text(h, label);
		html(h, "</a> ");
		html_text(h, form->errors[key]);
		html(h, "</li>\n");
	}
	html(h, "</ul>\n");
}

void setting_form_alert(Html *h, const SettingForm *form, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	g_autofree char *advice = NULL;

	if (failure_is(problem, FAILURE_SETTINGS_CHANGED)) {
		advice = g_strconcat(
			_("Gespeichert ist von Ihren Angaben noch nichts; was Sie eingegeben "
			  "haben, steht noch in den Feldern. „Speichern“ übernimmt es, auch in den "
			  "Feldern, an denen steht, was andere geändert haben. Alle übrigen Felder "
			  "zeigen den neuen Stand und behalten ihn."),
			form->secret_typed ? " " : NULL,
			_("Kennwörter geben Sie dabei bitte noch einmal ein."), NULL);
		page_alert(h, TONE_DANGER, sentence, advice);
	} else {
		page_alert_failure(h, problem);
	}
	write_errors(h, form);
}
