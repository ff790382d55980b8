/* The table is whole: every key of section 2 once, with label, help, scope and a valid default. */
#include "house.h"

typedef struct Expected {
	const char *name;
	const char *label;
	const char *fallback;
	unsigned scopes;
	bool clerk;
} Expected;

#define USER SCOPE_USER
#define GLOBAL SCOPE_GLOBAL
#define BOTH (SCOPE_GLOBAL | SCOPE_USER)
#define HIDDEN                                                                                     \
	"Kalender;Kontakte;Notizen;RSS-Abonnements;Synchronisierungsprobleme;"                     \
	"Verlauf der Unterhaltung;Suchordner;Aufgaben;Junk-E-Mail;Gelöscht;Journal"
#define SCOPES                                                                                     \
	"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "   \
	"offline_access openid profile"

/* clang-format off */
/* The specification's table, written down a second time on purpose. */
static const Expected expected[] = {
	{"interface", "Schnittstelle", "disabled", USER, false},
	{"account", "Kontoname", NULL, USER, false},
	{"mailboxes", "weitere Postfächer", NULL, USER, false},
	{"imap.use-default", "Verwende Default IMAP", "false", USER, false},
	{"imap.host", "Servername bzw. IP", NULL, BOTH, false},
	{"imap.port", "Port", "993", BOTH, false},
	{"imap.tls", "SSL/TLS", "server", BOTH, false},
	{"imap.username", "Benutzername", NULL, BOTH, true},
	{"imap.password", "Kennwort", NULL, BOTH, true},
	{"imap.proxy.type", "Proxy-Art", "http", BOTH, false},
	{"imap.proxy.host", "Proxy Hostname/Server", NULL, BOTH, false},
	{"imap.proxy.port", "Proxy Port", "3128", BOTH, false},
	{"imap.proxy.username", "Proxy Benutzername", NULL, BOTH, false},
	{"imap.proxy.password", "Proxy Benutzerpasswort", NULL, BOTH, false},
	{"smtp.use-default", "Verwende Default SMTP", "false", USER, false},
	{"smtp.host", "Servername bzw. IP", NULL, BOTH, false},
	{"smtp.port", "Port", "587", BOTH, false},
	{"smtp.tls", "SSL/TLS", "server", BOTH, false},
	{"smtp.username", "Benutzername", NULL, BOTH, true},
	{"smtp.password", "Kennwort", NULL, BOTH, true},
	{"smtp.proxy.type", "Proxy-Art", "http", BOTH, false},
	{"smtp.proxy.host", "Proxy Hostname/Server", NULL, BOTH, false},
	{"smtp.proxy.port", "Proxy Port", "3128", BOTH, false},
	{"smtp.proxy.username", "Proxy Benutzername", NULL, BOTH, false},
	{"smtp.proxy.password", "Proxy Benutzerpasswort", NULL, BOTH, false},
	{"smtp.signature", "Signatur", NULL, USER, true},
	{"import.hidden-folders", "beim Import ausgeblendete Ordner und Postfächer", HIDDEN, USER, true},
	{"import.after", "nach dem Import", "none", USER, true},
	{"import.after-folder", NULL, NULL, USER, true},
	{"oauth.authority", NULL, "https://login.microsoftonline.com", GLOBAL, false},
	{"oauth.tenant", NULL, "organizations", GLOBAL, false},
	{"oauth.client-id", NULL, NULL, GLOBAL, false},
	{"oauth.client-secret", NULL, NULL, GLOBAL, false},
	{"oauth.redirect-uri", NULL, NULL, GLOBAL, false},
	{"oauth.scopes", NULL, SCOPES, GLOBAL, false},
	{"oauth.token-folder", "Ordner der Tokendatei", NULL, BOTH, false},
	{"office.name", "Name der Behörde", NULL, GLOBAL, false},
	{"tls.ca-file", "zusätzliche Zertifizierungsstellen", NULL, GLOBAL, false},
	{"network.timeout", "Zeitgrenze", "60", GLOBAL, false},
};
/* clang-format on */

static void test_has_the_specified_rows(void **state)
{
	(void)state;
	assert_int_equal(G_N_ELEMENTS(expected), SETTING_COUNT);
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);

		assert_string_equal(setting->name, expected[key].name);
		assert_int_equal(setting->key, key);
		assert_int_equal(setting->scopes, expected[key].scopes);
		assert_int_equal(setting->clerk, expected[key].clerk);
		assert_int_equal(g_strcmp0(setting->fallback, expected[key].fallback), 0);
		if (expected[key].label)
			assert_string_equal(setting->label, expected[key].label);
	}
}

static void test_finds_rows_by_unique_names(void **state)
{
	GError *error = NULL;

	(void)state;
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);

		assert_ptr_equal(settings_find_row(setting->name, &error), setting);
	}
	assert_null(settings_find_row("imap.hosts", &error));
	assert_failure(error, FAILURE_SETTING_UNKNOWN);
	assert_null(settings_find_row("IMAP.HOST", &error));
	assert_failure(error, FAILURE_SETTING_UNKNOWN);
	assert_null(settings_find_row("", &error));
	assert_failure(error, FAILURE_SETTING_UNKNOWN);
}

static void test_every_row_speaks(void **state)
{
	(void)state;
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);

		assert_true(setting->label && *setting->label);
		assert_true(setting->group && *setting->group);
		assert_true(setting->help && g_str_has_suffix(setting->help, "."));
		assert_int_equal(setting->type == TYPE_CHOICE, setting->choices != NULL);
		assert_int_equal(setting->type == TYPE_INTEGER, setting->maximum > 0);
		assert_false(setting->type == TYPE_SECRET && setting->fallback);
	}
}

static void test_every_default_is_valid(void **state)
{
	(void)state;
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);
		g_autofree char *normal = NULL;
		GError *error = NULL;

		if (!setting->fallback)
			continue;
		normal = settings_normalise(setting, setting->fallback, &error);
		assert_no_failure(error);
		assert_string_equal(normal, setting->fallback);
	}
}

static void test_hides_the_standard_folders(void **state)
{
	const Setting *hidden = settings_get_row(SETTING_IMPORT_HIDDEN_FOLDERS);
	g_autofree char *joined = g_strjoinv(";", (char **)settings_hidden_standard());

	(void)state;
	assert_string_equal(hidden->fallback, joined);
}

static void test_offers_the_ten_tls_values(void **state)
{
	static const SettingChoice tls[] = {{"none", "Nein"}, {"server", "Server (Standard)"},
		{"tls1.0", "TLS 1.0"}, {"tls1.1", "TLS 1.1"}, {"tls1.2", "TLS 1.2"},
		{"tls1.3", "TLS 1.3"}, {"tls1.0+", "ab TLS 1.0"}, {"tls1.1+", "ab TLS 1.1"},
		{"tls1.2+", "ab TLS 1.2"}, {"tls1.3+", "ab TLS 1.3"}};
	const SettingChoice *choices = settings_get_row(SETTING_IMAP_TLS)->choices;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(tls); i++) {
		assert_string_equal(choices[i].value, tls[i].value);
		assert_string_equal(choices[i].label, tls[i].label);
	}
	assert_null(choices[G_N_ELEMENTS(tls)].value);
	assert_ptr_equal(settings_get_row(SETTING_SMTP_TLS)->choices, choices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_the_specified_rows),
		cmocka_unit_test(test_finds_rows_by_unique_names),
		cmocka_unit_test(test_every_row_speaks),
		cmocka_unit_test(test_every_default_is_valid),
		cmocka_unit_test(test_hides_the_standard_folders),
		cmocka_unit_test(test_offers_the_ten_tls_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
