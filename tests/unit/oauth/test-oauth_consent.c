/* Addresses of the authority and of ourselves, and the reasons for permissions. */
#include "fixture.h"

static void test_addresses_of_the_authority(void **state)
{
	OauthClient client = fixture_client("https://login.example");
	g_autofree char *token = oauth_url(&client, "/oauth2/v2.0/token");

	(void)state;
	assert_string_equal(token, "https://login.example/organizations/oauth2/v2.0/token");
}

static void check_redirect(const OauthClient *client, uint16_t port, const char *expected)
{
	g_autofree char *uri = oauth_redirect_uri(client, port);

	assert_string_equal(uri, expected);
}

static void test_redirect(void **state)
{
	OauthClient client = fixture_client("https://login.example");

	(void)state;
	check_redirect(&client, 0, "http://localhost/oauth/callback");
	check_redirect(&client, 1, "http://localhost:1/oauth/callback");
	check_redirect(&client, 65535, "http://localhost:65535/oauth/callback");
	client.redirect_uri = (char *)"https://amt.example/zurueck?a=b";
	check_redirect(&client, 0, "https://amt.example/zurueck?a=b");
	check_redirect(&client, 65535, "https://amt.example/zurueck?a=b");
}

static void check_consent(const OauthClient *client, const char *expected)
{
	g_autofree char *url = oauth_consent_url(client);

	assert_string_equal(url, expected);
}

static void test_consent(void **state)
{
	OauthClient client = fixture_client("https://login.example");

	(void)state;
	check_consent(&client,
		"https://login.example/organizations/v2.0/adminconsent?client_id=" CLIENT_ID
		"&redirect_uri=http%3A%2F%2Flocalhost%2Foauth%2Fcallback"
		"&scope=https%3A%2F%2Foutlook.office.com%2FIMAP.AccessAsUser.All%20offline_access");
	client.id = (char *)"a&b=c+d #\xc3\xa4";
	client.redirect_uri = (char *)"https://amt.example/?a=b&c=d";
	client.scopes = (char *)"x";
	check_consent(&client,
		"https://login.example/organizations/v2.0/adminconsent?client_id="
		"a%26b%3Dc%2Bd%20%23%C3%A4"
		"&redirect_uri=https%3A%2F%2Famt.example%2F%3Fa%3Db%26c%3Dd&scope=x");
}

static void test_known_permissions(void **state)
{
	static const char *const scopes[] = {"https://outlook.office.com/IMAP.AccessAsUser.All",
		"https://outlook.office365.us/IMAP.AccessAsUser.All", "IMAP.AccessAsUser.All",
		"https://outlook.office.com/SMTP.Send", "SMTP.Send", "offline_access", "openid",
		"profile", "email"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++) {
		const char *reason = oauth_permission_reason(scopes[i]);

		assert_non_null(reason);
		assert_true(g_str_has_suffix(reason, "."));
	}
	assert_string_equal(oauth_permission_reason(scopes[0]), oauth_permission_reason(scopes[2]));
	assert_string_equal(oauth_permission_reason(scopes[3]), oauth_permission_reason(scopes[4]));
}

static void test_unknown_permissions(void **state)
{
	static const char *const scopes[] = {"", "/", "openid/", "Mail.Read",
		"imap.accessasuser.all", "IMAP.AccessAsUser", "https://outlook.office.com/.default",
		"offline_access "};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++)
		assert_null(oauth_permission_reason(scopes[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_of_the_authority),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_consent),
		cmocka_unit_test(test_known_permissions),
		cmocka_unit_test(test_unknown_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
