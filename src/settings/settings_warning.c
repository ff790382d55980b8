/* Values that were stored but do not take effect, or will disappoint when they do. */
#include "settings/settings_internal.h"

#include <string.h>
#include "base/certificate_file.h"
#include "base/i18n.h"

static bool is_protocol_key(const Setting *setting, MailProtocol protocol)
{
	return g_str_has_prefix(setting->name, protocol == MAIL_PROTOCOL_IMAP ? "imap." : "smtp.");
}

static bool is_credential(SettingKey key)
{
	return key == SETTING_IMAP_USERNAME || key == SETTING_IMAP_PASSWORD ||
	       key == SETTING_SMTP_USERNAME || key == SETTING_SMTP_PASSWORD;
}

/* Why a user's value that is stored is not the effective one. */
typedef enum NoEffect {
	NO_EFFECT_OFFICE365,
	NO_EFFECT_PASSWORD,
	NO_EFFECT_IMAP,
	NO_EFFECT_SMTP,
	NO_EFFECT_COUNT
} NoEffect;

static char *explain_one(NoEffect reason, const char *key)
{
	switch (reason) {
	case NO_EFFECT_OFFICE365:
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber nicht, solange die "
					 "Schnittstelle „Outlook/Office 365“ ist."),
			key);
	case NO_EFFECT_PASSWORD:
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber erst zusammen mit einem "
					 "eigenen Kennwort."),
			key);
	case NO_EFFECT_IMAP:
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber erst, wenn „Verwende "
					 "Default IMAP“ ausgeschaltet ist."),
			key);
	default:
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber erst, wenn „Verwende "
					 "Default SMTP“ ausgeschaltet ist."),
			key);
	}
}

static char *explain_several(NoEffect reason, const char *labels)
{
	switch (reason) {
	case NO_EFFECT_OFFICE365:
		return g_strdup_printf(_("Eigene Angaben (%s) sind gespeichert, wirken aber nicht, "
					 "solange die Schnittstelle „Outlook/Office 365“ ist."),
			labels);
	case NO_EFFECT_PASSWORD:
		return g_strdup_printf(_("Eigene Angaben (%s) sind gespeichert, wirken aber erst "
					 "zusammen mit einem eigenen Kennwort."),
			labels);
	case NO_EFFECT_IMAP:
		return g_strdup_printf(_("Eigene Angaben (%s) sind gespeichert, wirken aber erst, "
					 "wenn „Verwende Default IMAP“ ausgeschaltet ist."),
			labels);
	default:
		return g_strdup_printf(_("Eigene Angaben (%s) sind gespeichert, wirken aber erst, "
					 "wenn „Verwende Default SMTP“ ausgeschaltet ist."),
			labels);
	}
}

static NoEffect why_no_effect(const Setting *setting, const Effective *effective)
{
	const char *interface = effective->values[SETTING_INTERFACE].value;

	if (strcmp(interface, "office365") == 0 &&
		(is_credential(setting->key) || setting->key == SETTING_IMAP_TLS ||
			setting->key == SETTING_SMTP_TLS))
		return NO_EFFECT_OFFICE365;
	if (is_credential(setting->key))
		return NO_EFFECT_PASSWORD;
	return is_protocol_key(setting, MAIL_PROTOCOL_IMAP) ? NO_EFFECT_IMAP : NO_EFFECT_SMTP;
}

static char *check_ca_file(const char *path)
{
	g_auto(CertificateFile) file = {0};

	if (!certificate_file_read(path, &file))
		return g_strdup_printf(_("Die Datei „%s“ ist derzeit nicht lesbar."), path);
	if (file.has_private_key)
		return g_strdup_printf(
			_("Die Datei „%s“ enthält einen privaten Schlüssel. Hierher gehören nur "
			  "Zertifikate; bitte prüfen Sie, ob es die richtige Datei ist."),
			path);
	if (file.certificates->len == 0)
		return g_strdup_printf(_("Die Datei „%s“ enthält kein Zertifikat (PEM)."), path);
	return NULL;
}

/* A redirect to this machine without a port, or by https, that nothing here can take. */
static bool leads_to_nobody(const char *value)
{
	g_autoptr(GUri) uri = *value ? g_uri_parse(value, G_URI_FLAGS_NONE, NULL) : NULL;
	const char *host = uri ? g_uri_get_host(uri) : "";

	return host_is_loopback(host) &&
	       (g_uri_get_port(uri) < 0 || strcmp(g_uri_get_scheme(uri), "http") != 0);
}

/* NULL: VALUE, set for everybody, is fine. */
static char *check_global(SettingKey key, const char *value)
{
	if (key == SETTING_TLS_CA_FILE && *value)
		return check_ca_file(value);
	if (key == SETTING_OAUTH_TOKEN_FOLDER && *value && !strstr(value, "{user}"))
		return g_strdup(_("Ohne {user} im Ordner liegen die Tokendateien aller Benutzer an "
				  "einem Ort; nur einer kann sich dann anmelden."));
	if (key == SETTING_OAUTH_SCOPES && !strstr(value, "offline_access"))
		return g_strdup(
			_("Ohne „offline_access“ müssen sich alle Benutzer etwa jede Stunde "
			  "neu anmelden."));
	if (key == SETTING_OAUTH_REDIRECT_URI && leads_to_nobody(value))
		return g_strdup(
			_("An dieser Adresse hört niemand zu: Wer sich anmeldet, muss danach die "
			  "Adresse aus dem Browser von Hand bei Amtspost einfügen. Ohne Eintrag "
			  "oder mit einem Port (http://localhost:8400/oauth/callback) geht es "
			  "von selbst weiter."));
	return NULL;
}

/* NULL: where imported mails go to is complete. */
static char *check_after_import(const Effective *effective)
{
	const char *after = effective->values[SETTING_IMPORT_AFTER].value;
	const char *folder = effective->values[SETTING_IMPORT_AFTER_FOLDER].value;

	if (g_strcmp0(after, "move") != 0 || (folder && *folder))
		return NULL;
	return g_strdup(_("Nach dem Import soll verschoben werden, aber der Zielordner "
			  "(import.after-folder) fehlt. Bis er eingetragen ist, wird nichts "
			  "importiert."));
}

/* NULL: who can use mail has a mailbox. */
static char *check_account(const Effective *effective)
{
	const char *account = effective->values[SETTING_ACCOUNT].value;

	if (strcmp(effective->values[SETTING_INTERFACE].value, "disabled") == 0 ||
		(account && *account))
		return NULL;
	return g_strdup(
		_("Die Schnittstelle ist noch unvollständig: Der Kontoname (account) fehlt. "
		  "Bis er eingetragen ist, gibt es für diesen Benutzer keine E-Mail."));
}

static const char *stored_value(const SettingReading *reading, SettingKey key)
{
	return reading->user_name ? reading->own.stored[key]
				  : setting_snapshot_values(reading->globals)->stored[key];
}

static bool has_no_effect(
	const SettingReading *reading, const Effective *effective, const Setting *setting)
{
	return reading->user_name && stored_value(reading, setting->key) &&
	       effective->values[setting->key].origin != ORIGIN_USER;
}

/* Yours; NULL: what is stored can work. Whether it has an effect is another question. */
static char *check_stored(
	const SettingReading *reading, const Effective *effective, const Setting *setting)
{
	SettingKey key = setting->key;
	const char *stored = stored_value(reading, key);

	if (!reading->user_name)
		return stored ? check_global(key, stored) : NULL;
	if (key == SETTING_IMPORT_AFTER || key == SETTING_IMPORT_AFTER_FOLDER)
		return check_after_import(effective);
	return key == SETTING_INTERFACE || key == SETTING_ACCOUNT ? check_account(effective) : NULL;
}

bool settings_warn(Settings *settings, const char *user, const Setting *setting, char **warning,
	GError **error)
{
	g_auto(SettingReading) reading = {0};
	Effective effective;

	*warning = NULL;
	if (!settings_read(settings, user, &reading, error))
		return false;
	settings_decide(&reading, &effective);
	*warning = check_stored(&reading, &effective, setting);
	if (!*warning && has_no_effect(&reading, &effective, setting))
		*warning = explain_one(why_no_effect(setting, &effective), setting->name);
	return true;
}

/* ---- several at once ---- */

static void add_once(GPtrArray *warnings, char *warning)
{
	if (warning && !g_ptr_array_find_with_equal_func(warnings, warning, g_str_equal, NULL))
		g_ptr_array_add(warnings, warning);
	else
		g_free(warning);
}

/* One sentence for all KEYS that have no effect for one and the same reason. */
static void add_no_effect(GPtrArray *warnings, const SettingReading *reading,
	const Effective *effective, NoEffect reason, const SettingKey *keys, size_t count)
{
	g_autoptr(GString) labels = g_string_new(NULL);

	for (size_t i = 0; i < count; i++) {
		const Setting *setting = settings_get_row(keys[i]);

		if (!has_no_effect(reading, effective, setting) ||
			why_no_effect(setting, effective) != reason)
			continue;
		g_string_append_printf(labels, "%s%s: %s", labels->len > 0 ? "; " : "",
			_(setting->group), _(setting->label));
	}
	if (labels->len > 0)
		g_ptr_array_add(warnings, explain_several(reason, labels->str));
}

GPtrArray *settings_warn_each(
	Settings *settings, const char *user, const SettingKey *keys, size_t count, GError **error)
{
	g_auto(SettingReading) reading = {0};
	Effective effective;
	GPtrArray *warnings;

	if (!settings_read(settings, user, &reading, error))
		return NULL;
	settings_decide(&reading, &effective);
	warnings = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < count; i++)
		add_once(warnings, check_stored(&reading, &effective, settings_get_row(keys[i])));
	for (NoEffect reason = 0; reason < NO_EFFECT_COUNT; reason++)
		add_no_effect(warnings, &reading, &effective, reason, keys, count);
	return warnings;
}
