/* Values that were stored but do not take effect, or will disappoint when they do. */
#include "settings/settings_internal.h"

#include <string.h>
#include "base/file.h"
#include "base/i18n.h"

#define CA_FILE_LIMIT (8 * 1024 * 1024)

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
static char *explain_no_effect(const Setting *setting, const Effective *effective)
{
	const char *interface = effective->values[SETTING_INTERFACE].value;

	if (strcmp(interface, "office365") == 0 &&
		(is_credential(setting->key) || setting->key == SETTING_IMAP_TLS ||
			setting->key == SETTING_SMTP_TLS))
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber nicht, solange die "
					 "Schnittstelle „Outlook/Office 365“ ist."),
			setting->name);
	if (is_credential(setting->key))
		return g_strdup_printf(_("%s ist gespeichert, wirkt aber erst zusammen mit einem "
					 "eigenen Kennwort."),
			setting->name);
	return g_strdup_printf(
		is_protocol_key(setting, MAIL_PROTOCOL_IMAP)
			? _("%s ist gespeichert, wirkt aber erst, wenn „Verwende Default IMAP“ "
			    "ausgeschaltet ist.")
			: _("%s ist gespeichert, wirkt aber erst, wenn „Verwende Default SMTP“ "
			    "ausgeschaltet ist."),
		setting->name);
}

static char *check_ca_file(const char *path)
{
	g_autofree char *content = file_read(path, CA_FILE_LIMIT, NULL);

	if (!content)
		return g_strdup_printf(_("Die Datei „%s“ ist derzeit nicht lesbar."), path);
	if (!strstr(content, "-----BEGIN CERTIFICATE-----") &&
		!strstr(content, "-----BEGIN TRUSTED CERTIFICATE-----"))
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

bool settings_warn(Settings *settings, const char *user, const Setting *setting, char **warning,
	GError **error)
{
	g_auto(SettingReading) reading = {0};
	Effective effective;
	const char *stored;

	*warning = NULL;
	if (!settings_read(settings, user, &reading, error))
		return false;
	settings_decide(&reading, &effective);
	stored = user ? reading.own.stored[setting->key]
		      : setting_snapshot_values(reading.globals)->stored[setting->key];
	if (setting->key == SETTING_IMPORT_AFTER || setting->key == SETTING_IMPORT_AFTER_FOLDER)
		*warning = check_after_import(&effective);
	else if (stored && !user)
		*warning = check_global(setting->key, stored);
	else if (stored && effective.values[setting->key].origin != ORIGIN_USER)
		*warning = explain_no_effect(setting, &effective);
	return true;
}
