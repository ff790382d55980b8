/* THE table: one row a setting, in the order of the enum. Only data; what a type accepts is in
 * settings_value.c, what holds for a user in settings_effective.c. */
#include "settings/settings_internal.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

#define GROUP_GENERAL N_("Allgemein")
#define GROUP_OFFICE N_("Office und E-Mail")
#define GROUP_IMPORT N_("E-Mail importieren")
#define GROUP_OAUTH N_("OAuth-Anwendung")

/* In the order of the enums in model/: a choice's index is the enum's value. */
static const SettingChoice interfaces[] = {
	{"standard", N_("Standard (IMAP/SMTP)")},
	{"office365", N_("Outlook/Office 365 (IMAP/SMTP)")},
	{"disabled", N_("Deaktiviert")},
	{NULL, NULL},
};

static const SettingChoice tls_modes[] = {
	{"none", N_("Nein")},
	{"server", N_("Server (Standard)")},
	{"tls1.0", N_("TLS 1.0")},
	{"tls1.1", N_("TLS 1.1")},
	{"tls1.2", N_("TLS 1.2")},
	{"tls1.3", N_("TLS 1.3")},
	{"tls1.0+", N_("ab TLS 1.0")},
	{"tls1.1+", N_("ab TLS 1.1")},
	{"tls1.2+", N_("ab TLS 1.2")},
	{"tls1.3+", N_("ab TLS 1.3")},
	{NULL, NULL},
};

static const SettingChoice proxy_kinds[] = {
	{"http", N_("HTTP (CONNECT)")},
	{"socks5", N_("SOCKS5")},
	{NULL, NULL},
};

static const SettingChoice after_imports[] = {
	{"none", N_("nichts ändern")},
	{"seen", N_("als gelesen kennzeichnen")},
	{"flag", N_("zur Nachverfolgung kennzeichnen")},
	{"move", N_("in einen Ordner verschieben")},
	{NULL, NULL},
};

static const char *const hidden_standard[] = {
	"Kalender",
	"Kontakte",
	"Notizen",
	"RSS-Abonnements",
	"Synchronisierungsprobleme",
	"Verlauf der Unterhaltung",
	"Suchordner",
	"Aufgaben",
	"Junk-E-Mail",
	"Gelöscht",
	"Journal",
	NULL,
};

/* clang-format off */

#define BOTH (SCOPE_GLOBAL | SCOPE_USER)

/* The rows that IMAP and SMTP share: KEY as in the enum, NAME as in the key, GROUP as people say. */
#define PROTOCOL_ROWS(KEY, NAME, GROUP, USE_DEFAULT, PORT) \
	[SETTING_##KEY##_USE_DEFAULT] = { \
		.key = SETTING_##KEY##_USE_DEFAULT, .name = NAME ".use-default", .type = TYPE_BOOLEAN, .scopes = SCOPE_USER, \
		.group = GROUP, .label = USE_DEFAULT, .fallback = "false", \
		.help = N_("Server, Port, SSL/TLS und Proxy kommen aus der Systemsteuerung; eigene Angaben bleiben gespeichert, gelten aber erst wieder nach dem Ausschalten."), \
	}, \
	[SETTING_##KEY##_HOST] = { \
		.key = SETTING_##KEY##_HOST, .name = NAME ".host", .type = TYPE_HOST, .scopes = BOTH, \
		.group = GROUP, .label = N_("Servername bzw. IP"), \
		.help = N_("Name des Mailservers, wie er in seinem Zertifikat steht, oder seine IP-Adresse (IPv4 oder IPv6)."), \
	}, \
	[SETTING_##KEY##_PORT] = { \
		.key = SETTING_##KEY##_PORT, .name = NAME ".port", .type = TYPE_INTEGER, .scopes = BOTH, \
		.group = GROUP, .label = N_("Port"), .fallback = PORT, \
		.minimum = 1, .maximum = 65535, \
		.help = N_("Üblich sind 993 für IMAP und 587 für SMTP. Auf 993 und 465 ist die Verbindung von Anfang an verschlüsselt, auf 143, 25 und 587 wird sie es mit STARTTLS."), \
	}, \
	[SETTING_##KEY##_TLS] = { \
		.key = SETTING_##KEY##_TLS, .name = NAME ".tls", .type = TYPE_CHOICE, .scopes = BOTH, \
		.group = GROUP, .label = N_("SSL/TLS"), .fallback = "server", \
		.choices = tls_modes, \
		.help = N_("Empfohlen ist „Server (Standard)“: die neueste TLS-Version, die der Server und dieser Rechner gemeinsam beherrschen."), \
	}, \
	[SETTING_##KEY##_USERNAME] = { \
		.key = SETTING_##KEY##_USERNAME, .name = NAME ".username", .type = TYPE_TEXT, .scopes = BOTH, .clerk = true, \
		.may_be_empty = true, \
		.group = GROUP, .label = N_("Benutzername"), \
		.help = N_("Nur nötig, wenn er vom Kontonamen abweicht. Er gilt zusammen mit dem Kennwort von derselben Stelle."), \
	}, \
	[SETTING_##KEY##_PASSWORD] = { \
		.key = SETTING_##KEY##_PASSWORD, .name = NAME ".password", .type = TYPE_SECRET, .scopes = BOTH, .clerk = true, \
		.group = GROUP, .label = N_("Kennwort"), \
		.help = N_("Wird verschlüsselt gespeichert und nirgends wieder angezeigt."), \
	}, \
	[SETTING_##KEY##_PROXY_TYPE] = { \
		.key = SETTING_##KEY##_PROXY_TYPE, .name = NAME ".proxy.type", .type = TYPE_CHOICE, .scopes = BOTH, \
		.group = GROUP, .label = N_("Proxy-Art"), .fallback = "http", \
		.choices = proxy_kinds, \
		.help = N_("Nur von Bedeutung, wenn ein Proxy eingetragen ist."), \
	}, \
	[SETTING_##KEY##_PROXY_HOST] = { \
		.key = SETTING_##KEY##_PROXY_HOST, .name = NAME ".proxy.host", .type = TYPE_HOST, .scopes = BOTH, \
		.may_be_empty = true, \
		.group = GROUP, .label = N_("Proxy Hostname/Server"), \
		.help = N_("Ohne Eintrag geht die Verbindung direkt zum Mailserver; Proxy-Vorgaben des Betriebssystems gelten nicht."), \
	}, \
	[SETTING_##KEY##_PROXY_PORT] = { \
		.key = SETTING_##KEY##_PROXY_PORT, .name = NAME ".proxy.port", .type = TYPE_INTEGER, .scopes = BOTH, \
		.group = GROUP, .label = N_("Proxy Port"), .fallback = PROXY_PORT_HTTP, \
		.minimum = 1, .maximum = 65535, \
		.help = N_("Ohne Eintrag 3128 für HTTP und 1080 für SOCKS5."), \
	}, \
	[SETTING_##KEY##_PROXY_USERNAME] = { \
		.key = SETTING_##KEY##_PROXY_USERNAME, .name = NAME ".proxy.username", .type = TYPE_TEXT, .scopes = BOTH, \
		.may_be_empty = true, \
		.group = GROUP, .label = N_("Proxy Benutzername"), \
		.help = N_("Nur nötig, wenn der Proxy eine Anmeldung verlangt."), \
	}, \
	[SETTING_##KEY##_PROXY_PASSWORD] = { \
		.key = SETTING_##KEY##_PROXY_PASSWORD, .name = NAME ".proxy.password", .type = TYPE_SECRET, .scopes = BOTH, \
		.group = GROUP, .label = N_("Proxy Benutzerpasswort"), \
		.help = N_("Das Kennwort zur Anmeldung am Proxy. Wird verschlüsselt gespeichert und nirgends wieder angezeigt."), \
	}

static const Setting table[SETTING_COUNT] = {
	[SETTING_INTERFACE] = {
		.key = SETTING_INTERFACE, .name = "interface", .type = TYPE_CHOICE, .scopes = SCOPE_USER,
		.group = GROUP_OFFICE, .label = N_("Schnittstelle"), .fallback = "disabled",
		.choices = interfaces,
		.help = N_("Wie dieser Benutzer mit dem Mailserver arbeitet; „Deaktiviert“ schaltet alle E-Mail-Funktionen ab."),
	},
	[SETTING_ACCOUNT] = {
		.key = SETTING_ACCOUNT, .name = "account", .type = TYPE_ADDRESS, .scopes = SCOPE_USER,
		.group = GROUP_OFFICE, .label = N_("Kontoname"),
		.help = N_("Die E-Mail-Adresse des Hauptpostfachs."),
	},
	[SETTING_MAILBOXES] = {
		.key = SETTING_MAILBOXES, .name = "mailboxes", .type = TYPE_LIST, .scopes = SCOPE_USER, .may_be_empty = true,
		.group = GROUP_OFFICE, .label = N_("weitere Postfächer"), .check = settings_check_addresses,
		.help = N_("E-Mail-Adressen gemeinsam genutzter Postfächer, durch Semikolon getrennt."),
	},
	PROTOCOL_ROWS(IMAP, "imap", N_("IMAP"), N_("Verwende Default IMAP"), "993"),
	PROTOCOL_ROWS(SMTP, "smtp", N_("SMTP"), N_("Verwende Default SMTP"), "587"),
	[SETTING_SMTP_SIGNATURE] = {
		.key = SETTING_SMTP_SIGNATURE, .name = "smtp.signature", .type = TYPE_LINES, .scopes = SCOPE_USER, .clerk = true,
		.may_be_empty = true,
		.group = N_("SMTP"), .label = N_("Signatur"),
		.help = N_("Steht unter jeder neuen E-Mail dieses Benutzers."),
	},
	[SETTING_IMPORT_HIDDEN_FOLDERS] = {
		.key = SETTING_IMPORT_HIDDEN_FOLDERS, .name = "import.hidden-folders", .type = TYPE_LIST, .scopes = SCOPE_USER, .clerk = true,
		.may_be_empty = true,
		.group = GROUP_IMPORT, .label = N_("beim Import ausgeblendete Ordner und Postfächer"),
		.fallback = "Kalender;Kontakte;Notizen;RSS-Abonnements;Synchronisierungsprobleme;"
			"Verlauf der Unterhaltung;Suchordner;Aufgaben;Junk-E-Mail;Gelöscht;Journal",
		.help = N_("Ordnernamen oder Postfachadressen, durch Semikolon getrennt. Eine leere Liste blendet nichts aus."),
	},
	[SETTING_IMPORT_AFTER] = {
		.key = SETTING_IMPORT_AFTER, .name = "import.after", .type = TYPE_CHOICE, .scopes = SCOPE_USER, .clerk = true,
		.group = GROUP_IMPORT, .label = N_("nach dem Import"), .fallback = "none",
		.choices = after_imports,
		.help = N_("Was auf dem Mailserver mit einer E-Mail geschieht, nachdem sie sicher im Archiv liegt. Gelöscht wird nie."),
	},
	[SETTING_IMPORT_AFTER_FOLDER] = {
		.key = SETTING_IMPORT_AFTER_FOLDER, .name = "import.after-folder", .type = TYPE_TEXT, .scopes = SCOPE_USER, .clerk = true,
		.may_be_empty = true,
		.group = GROUP_IMPORT, .label = N_("nach dem Import: Zielordner"),
		.help = N_("Der Ordner auf dem Mailserver, in den importierte E-Mails verschoben werden."),
	},
	[SETTING_OAUTH_AUTHORITY] = {
		.key = SETTING_OAUTH_AUTHORITY, .name = "oauth.authority", .type = TYPE_URL, .scopes = SCOPE_GLOBAL,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Anmeldedienst"),
		.fallback = "https://login.microsoftonline.com",
		.help = N_("Adresse des Dienstes, bei dem sich die Benutzer anmelden."),
	},
	[SETTING_OAUTH_TENANT] = {
		.key = SETTING_OAUTH_TENANT, .name = "oauth.tenant", .type = TYPE_TEXT, .scopes = SCOPE_GLOBAL,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Mandant"), .fallback = "organizations",
		.check = settings_check_tenant,
		.help = N_("Mandanten-ID oder Domäne der Behörde; „organizations“ lässt alle Organisationen zu."),
	},
	[SETTING_OAUTH_CLIENT_ID] = {
		.key = SETTING_OAUTH_CLIENT_ID, .name = "oauth.client-id", .type = TYPE_TEXT, .scopes = SCOPE_GLOBAL,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Anwendungs-ID"),
		.check = settings_check_client,
		.help = N_("Die Kennung, unter der Amtspost beim Anmeldedienst registriert ist."),
	},
	[SETTING_OAUTH_CLIENT_SECRET] = {
		.key = SETTING_OAUTH_CLIENT_SECRET, .name = "oauth.client-secret", .type = TYPE_SECRET, .scopes = SCOPE_GLOBAL,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Geheimnis"),
		.help = N_("Nur nötig, wenn Amtspost als vertrauliche Anwendung registriert ist. Wird nirgends wieder angezeigt."),
	},
	[SETTING_OAUTH_REDIRECT_URI] = {
		.key = SETTING_OAUTH_REDIRECT_URI, .name = "oauth.redirect-uri", .type = TYPE_URL, .scopes = SCOPE_GLOBAL, .may_be_empty = true,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Umleitungsadresse"),
		.help = N_("Nur für einen festen Port auf diesem Rechner (http://localhost:8400/oauth/callback) oder eine eigene Adresse. Ohne Eintrag wählt Amtspost einen freien Port und http://localhost/oauth/callback ist zu registrieren."),
	},
	[SETTING_OAUTH_SCOPES] = {
		.key = SETTING_OAUTH_SCOPES, .name = "oauth.scopes", .type = TYPE_TEXT, .scopes = SCOPE_GLOBAL,
		.group = GROUP_OAUTH, .label = N_("OAuth-Anwendung: Berechtigungen"),
		.fallback = "https://outlook.office.com/IMAP.AccessAsUser.All "
			"https://outlook.office.com/SMTP.Send offline_access openid profile",
		.help = N_("Die angeforderten Berechtigungen, durch Leerzeichen getrennt."),
	},
	[SETTING_OAUTH_TOKEN_FOLDER] = {
		.key = SETTING_OAUTH_TOKEN_FOLDER, .name = "oauth.token-folder", .type = TYPE_TEXT, .scopes = BOTH,
		.group = GROUP_OAUTH, .label = N_("Ordner der Tokendatei"), .check = settings_check_token_folder,
		.help = N_("Absoluter Pfad; möglich sind %APPDATA%, %USERPROFILE% und ~ am Anfang sowie {user} für den Benutzernamen."),
	},
	[SETTING_OFFICE_NAME] = {
		.key = SETTING_OFFICE_NAME, .name = "office.name", .type = TYPE_TEXT, .scopes = SCOPE_GLOBAL, .may_be_empty = true,
		.group = GROUP_GENERAL, .label = N_("Name der Behörde"),
		.help = N_("Wird auf jeder Seite angezeigt."),
	},
	[SETTING_TLS_CA_FILE] = {
		.key = SETTING_TLS_CA_FILE, .name = "tls.ca-file", .type = TYPE_FILE, .scopes = SCOPE_GLOBAL, .may_be_empty = true,
		.group = GROUP_GENERAL, .label = N_("zusätzliche Zertifizierungsstellen"),
		.help = N_("PEM-Datei mit Zertifikaten, denen neben denen des Betriebssystems vertraut wird; für IMAP, SMTP und OAuth."),
	},
	[SETTING_NETWORK_TIMEOUT] = {
		.key = SETTING_NETWORK_TIMEOUT, .name = "network.timeout", .type = TYPE_INTEGER, .scopes = SCOPE_GLOBAL,
		.group = GROUP_GENERAL, .label = N_("Zeitgrenze"), .fallback = "60",
		.minimum = 1, .maximum = 600, .unit = N_("Sekunden"),
		.help = N_("So lange darf eine Verbindung ohne Fortschritt bleiben."),
	},
};
/* clang-format on */

const Setting *settings_get_row(SettingKey key)
{
	g_assert(key < SETTING_COUNT);
	return &table[key];
}

const Setting *settings_find_row(const char *name, GError **error)
{
	g_autofree char *shown = NULL;

	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		if (strcmp(table[key].name, name) == 0)
			return &table[key];
	}
	shown = text_for_terminal(name);
	failure_set(error, FAILURE_SETTING_UNKNOWN, shown, "unknown setting '%s'", shown);
	return NULL;
}

const char *const *settings_hidden_standard(void)
{
	return hidden_standard;
}
