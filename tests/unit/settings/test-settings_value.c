/* What each key accepts, its normal form, and that a refusal names key and value. */
#include "house.h"

#include <locale.h>
#include "settings/settings_internal.h"

static char present_locale[] = "C.UTF-8";

/* In place of the C library's, also where GLib asks: no locale need be installed. */
char *setlocale(int category, const char *locale)
{
	(void)category;
	(void)locale;
	return present_locale;
}

/* LOCALE as long as "C.UTF-8". */
static void travel(const char *locale)
{
	memcpy(present_locale, locale, sizeof present_locale - 1);
}

typedef struct Case {
	const char *key;
	const char *typed;
	const char *normal; /* NULL: refused */
} Case;

/* clang-format off */
static const Case accepted[] = {
	{"interface", "office365", "office365"},
	{"interface", " standard ", "standard"},
	{"account", "info@amt.example", "info@amt.example"},
	{"mailboxes", " a@amt.example ;b@amt.example;; A@amt.example", "a@amt.example;b@amt.example"},
	{"mailboxes", "a@straße.example;a@strasse.example;A@STRAßE.example",
		"a@straße.example;a@strasse.example"},
	{"mailboxes", "", ""},
	{"mailboxes", " ; ", ""},
	{"imap.use-default", "true", "true"},
	{"imap.host", "imap.amt.example", "imap.amt.example"},
	{"imap.host", "IMAP.Amt.Example.", "imap.amt.example"},
	{"imap.host", "localhost", "localhost"},
	{"imap.host", "mail_1.amt.local", "mail_1.amt.local"},
	{"imap.host", "post.münchen.example", "post.münchen.example"},
	{"imap.host", "POST.MÜNCHEN.example", "post.münchen.example"},
	{"imap.host", "post.mu\u0308nchen.example", "post.münchen.example"},
	{"imap.host", "192.0.2.7", "192.0.2.7"},
	{"imap.host", "[2001:DB8:0:0::1]", "2001:db8::1"},
	{"imap.host", "::1", "::1"},
	{"imap.port", "993", "993"},
	{"imap.port", " 143 ", "143"},
	{"imap.port", "1", "1"},
	{"imap.port", "65535", "65535"},
	{"imap.tls", "tls1.3+", "tls1.3+"},
	{"imap.username", "AMT\\müller", "AMT\\müller"},
	{"imap.username", "", ""},
	{"imap.proxy.host", "", ""},
	{"imap.proxy.type", "socks5", "socks5"},
	{"smtp.signature", "Mit freundlichen Grüßen\r\n\tEva", "Mit freundlichen Grüßen\n\tEva"},
	{"import.hidden-folders", "", ""},
	{"import.hidden-folders", " Spam ; Archiv/2019;spam ", "Spam;Archiv/2019"},
	{"import.after", "move", "move"},
	{"oauth.authority", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
	{"oauth.authority", "http://[::1]:80", "http://[::1]:80"},
	{"oauth.redirect-uri", "https://amt.example/oauth/callback", "https://amt.example/oauth/callback"},
	{"oauth.redirect-uri", "", ""},
	{"oauth.tenant", "amt.example", "amt.example"},
	{"oauth.token-folder", "%APPDATA%/amtspost/{user}", "%APPDATA%/amtspost/{user}"},
	{"oauth.token-folder", "~/token", "~/token"},
	{"oauth.token-folder", "/srv/token/{user}", "/srv/token/{user}"},
	{"tls.ca-file", "/etc/ssl/amt.pem", "/etc/ssl/amt.pem"},
	{"network.timeout", "600", "600"},
};

static const Case refused[] = {
	{"interface", "Standard", NULL},
	{"interface", "imap", NULL},
	{"interface", "", NULL},
	{"account", "info", NULL},
	{"account", "a@b.example;c@d.example", NULL},
	{"account", "", NULL},
	{"mailboxes", "a@amt.example;kaputt@", NULL},
	{"mailboxes", "a@amt.example,b@amt.example", NULL},
	{"imap.use-default", "yes", NULL},
	{"imap.use-default", "TRUE", NULL},
	{"imap.host", "", NULL},
	{"imap.host", "imap amt", NULL},
	{"imap.host", "imap.amt.example:993", NULL},
	{"imap.host", "https://imap.amt.example", NULL},
	{"imap.host", "imap..example", NULL},
	{"imap.host", "-imap.example", NULL},
	{"imap.host", "imap-.example", NULL},
	{"imap.host", "192.0.2.256", NULL},
	{"imap.host", "1.2.3", NULL},
	{"imap.host", "[192.0.2.1]", NULL},
	{"imap.host", "[::1", NULL},
	{"imap.host", "::12345", NULL},
	{"imap.host", "a/b", NULL},
	{"imap.host", "imap.example\n", NULL},
	{"imap.host", "user@imap.example", NULL},
	{"imap.host", "\xff", NULL},
	{"imap.port", "0", NULL},
	{"imap.port", "65536", NULL},
	{"imap.port", "993x", NULL},
	{"imap.port", "9 93", NULL},
	{"imap.port", "+993", NULL},
	{"imap.port", "-1", NULL},
	{"imap.port", "0x3e1", NULL},
	{"imap.port", "99399399399399399399", NULL},
	{"imap.port", "", NULL},
	{"imap.port", "993\n", NULL},
	{"smtp.port", "smtp", NULL},
	{"imap.tls", "tls1.4", NULL},
	{"imap.tls", "ssl", NULL},
	{"imap.tls", "Nein", NULL},
	{"imap.username", "eva\r\nA1 LOGOUT", NULL},
	{"imap.username", "eva\x01", NULL},
	{"imap.username", "eva\x7f", NULL},
	{"imap.username", "eva\xc2\x85", NULL},
	{"imap.username", "\xc3", NULL},
	{"imap.proxy.type", "https", NULL},
	{"imap.proxy.host", "http://proxy", NULL},
	{"imap.proxy.port", "70000", NULL},
	{"smtp.signature", "Glocke\a", NULL},
	{"import.after", "delete", NULL},
	{"import.hidden-folders", "Spam;\tArchiv", NULL},
	{"oauth.authority", "http://login.example", NULL},
	{"oauth.authority", "login.example", NULL},
	{"oauth.authority", "https://", NULL},
	{"oauth.authority", "https://a b", NULL},
	{"oauth.authority", "ftp://login.example", NULL},
	{"oauth.authority", "https://login.example/?x=1", NULL},
	{"oauth.tenant", "a/b", NULL},
	{"oauth.tenant", "", NULL},
	{"oauth.token-folder", "token", NULL},
	{"oauth.token-folder", "", NULL},
	{"oauth.token-folder", "/srv/../etc", NULL},
	{"oauth.token-folder", "/srv/{name}", NULL},
	{"oauth.token-folder", "/srv/%TEMP%", NULL},
	{"oauth.token-folder", "~eva/token", NULL},
	{"tls.ca-file", "amt.pem", NULL},
	{"network.timeout", "0", NULL},
	{"network.timeout", "601", NULL},
	{"network.timeout", "60s", NULL},
};
/* clang-format on */

static void test_accepts_and_normalises(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(accepted); i++) {
		const Case *item = &accepted[i];
		GError *error = NULL;
		g_autofree char *normal =
			settings_normalise(settings_find_row(item->key, NULL), item->typed, &error);
		g_autofree char *again = NULL;

		if (error)
			fail_msg("%s '%s': %s", item->key, item->typed, error->message);
		assert_string_equal(normal, item->normal);
		again = settings_normalise(settings_find_row(item->key, NULL), normal, &error);
		assert_string_equal(again, normal);
	}
}

/* Turkish has an "I" whose small letter has no dot, Lithuanian one that keeps its dot. */
static void test_hosts_are_the_same_everywhere(void **state)
{
	static const char *const locales[] = {"tr_TR.8", "az_AZ.8", "lt_LT.8", "C.UTF-8"};
	const Setting *setting = settings_find_row("imap.host", NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(locales); i++) {
		g_autofree char *plain = NULL;
		g_autofree char *accented = NULL;

		travel(locales[i]);
		plain = settings_normalise(setting, "IMAP.AMT.example", NULL);
		accented = settings_normalise(setting, "Ì.MÜNCHEN.example", NULL);
		assert_string_equal(plain, "imap.amt.example");
		assert_string_equal(accented, "ì.münchen.example");
	}
}

static void test_refuses_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		const Case *item = &refused[i];
		GError *error = NULL;
		g_autofree char *normal =
			settings_normalise(settings_find_row(item->key, NULL), item->typed, &error);
		g_autofree char *sentence = NULL;

		if (normal)
			fail_msg("%s '%s' was accepted", item->key, item->typed);
		sentence = failure_sentence(error);
		assert_non_null(strstr(sentence, item->key));
		assert_true(g_utf8_validate(sentence, -1, NULL));
		assert_failure(error, FAILURE_SETTING_INVALID);
	}
}

static void assert_names(const char *key, const char *typed, const char *part)
{
	GError *error = NULL;
	g_autofree char *sentence = NULL;

	assert_null(settings_normalise(settings_find_row(key, NULL), typed, &error));
	sentence = failure_sentence(error);
	if (!strstr(sentence, part))
		fail_msg("'%s' is not in: %s", part, sentence);
	g_clear_error(&error);
}

static void test_says_what_is_wrong(void **state)
{
	(void)state;
	assert_names("mailboxes", "a@amt.example; kaputt@ ;b@amt.example", "„kaputt@“");
	assert_names("imap.port", "993x", "„993x“");
	assert_names("imap.port", "70000", "1 bis 65535");
	assert_names("interface", "imap", "standard, office365, disabled");
	assert_names("imap.host", "evil\x1b[31m", "\xef\xbf\xbd[31m");
}

static void test_repeats_no_secret(void **state)
{
	const Setting *password = settings_get_row(SETTING_IMAP_PASSWORD);
	const Setting *authority = settings_get_row(SETTING_OAUTH_AUTHORITY);
	static const struct {
		const char *key, *typed;
	} hosts[] = {{"imap.proxy.host", "http://igel:hunter2@proxy:3128"},
		{"imap.host", "eva:hunter2@imap.example"}, {"smtp.host", "hunter2\x1b@x"}};
	GError *error = NULL;

	(void)state;
	assert_null(settings_normalise(password, "hunter2", &error));
	assert_null(strstr(error->message, "hunter2"));
	assert_failure(error, FAILURE_SECRET_ARGUMENT);
	assert_null(settings_normalise(authority, "https://u:hunter2@login.example", &error));
	assert_null(strstr(error->message, "hunter2"));
	assert_failure(error, FAILURE_SETTING_INVALID);
	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autofree char *sentence = NULL;

		assert_null(settings_normalise(
			settings_find_row(hosts[i].key, NULL), hosts[i].typed, &error));
		sentence = failure_sentence(error);
		assert_null(strstr(error->message, "hunter2"));
		assert_null(strstr(sentence, "hunter2"));
		assert_failure(error, FAILURE_SETTING_INVALID);
	}
}

static void test_limits_every_value(void **state)
{
	g_autofree char *huge = g_strnfill(100 * 1024, 'a');

	(void)state;
	for (SettingKey key = 0; key < SETTING_COUNT; key++) {
		const Setting *setting = settings_get_row(key);
		GError *error = NULL;
		g_autofree char *sentence = NULL;

		assert_null(settings_normalise(setting, huge, &error));
		sentence = failure_sentence(error);
		assert_true(strlen(sentence) < 1024);
		g_clear_error(&error);
	}
}

typedef struct SecretCase {
	const char *bytes;
	size_t size;
	bool good;
} SecretCase;

static void test_checks_secrets(void **state)
{
	static const SecretCase cases[] = {{"geheim", 6, true}, {" außen blank ", 14, true},
		{"", 0, false}, {"a\nb", 3, false}, {"a\0b", 3, false}, {"a\x7f", 2, false},
		{"\xff", 1, false}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Secret) secret = secret_new(cases[i].bytes, cases[i].size);
		g_autoptr(GError) error = NULL;

		assert_int_equal(settings_check_secret(
					 settings_get_row(SETTING_IMAP_PASSWORD), secret, &error),
			cases[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_and_normalises),
		cmocka_unit_test(test_hosts_are_the_same_everywhere),
		cmocka_unit_test(test_refuses_by_name),
		cmocka_unit_test(test_says_what_is_wrong),
		cmocka_unit_test(test_repeats_no_secret),
		cmocka_unit_test(test_limits_every_value),
		cmocka_unit_test(test_checks_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
