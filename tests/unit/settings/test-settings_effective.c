/* Which value holds, and from where: "Verwende Default", credentials, Office 365, proxies. */
#include "house.h"

static const char *const protocols[] = {"imap", "smtp"};

/* Yours: "imap" and "host" give "imap.host". */
static char *name_of(const char *protocol, const char *field)
{
	return g_strconcat(protocol, ".", field, NULL);
}

static void set_field(const House *house, const char *user, const char *protocol, const char *field,
	const char *value)
{
	g_autofree char *key = name_of(protocol, field);

	house_set(house, user, key, value);
}

static void expect_field(const House *house, const char *protocol, const char *field,
	const char *value, SettingOrigin origin)
{
	g_autofree char *key = name_of(protocol, field);

	house_expect(house, "eva", key, value, origin);
}

static void test_an_untouched_user_has_defaults(void **state)
{
	House *house = *state;

	house_expect(house, "eva", "interface", "disabled", ORIGIN_DEFAULT);
	house_expect(house, "eva", "account", NULL, ORIGIN_DEFAULT);
	house_expect(house, "eva", "imap.use-default", "false", ORIGIN_DEFAULT);
	house_expect(house, "eva", "imap.host", NULL, ORIGIN_DEFAULT);
	house_expect(house, "eva", "imap.port", "993", ORIGIN_DEFAULT);
	house_expect(house, "eva", "smtp.port", "587", ORIGIN_DEFAULT);
	house_expect(house, "eva", "smtp.tls", "server", ORIGIN_DEFAULT);
	house_expect(house, NULL, "network.timeout", "60", ORIGIN_DEFAULT);
	house_expect(house, NULL, "smtp.port", "587", ORIGIN_DEFAULT);
}

/* On, off, on again, with globals that change in between. */
static void use_default_to_and_fro(const House *house, const char *protocol)
{
	set_field(house, NULL, protocol, "host", "alt.example");
	set_field(house, NULL, protocol, "tls", "tls1.3");
	set_field(house, "eva", protocol, "host", "eigen.example");
	set_field(house, "eva", protocol, "port", "1143");
	expect_field(house, protocol, "host", "eigen.example", ORIGIN_USER);
	expect_field(house, protocol, "tls", "server", ORIGIN_DEFAULT);

	set_field(house, "eva", protocol, "use-default", "true");
	expect_field(house, protocol, "host", "alt.example", ORIGIN_GLOBAL);
	expect_field(house, protocol, "tls", "tls1.3", ORIGIN_GLOBAL);
	expect_field(house, protocol, "port", strcmp(protocol, "imap") == 0 ? "993" : "587",
		ORIGIN_DEFAULT);
	set_field(house, NULL, protocol, "host", "neu.example");
	set_field(house, NULL, protocol, "port", "2993");
	expect_field(house, protocol, "host", "neu.example", ORIGIN_GLOBAL);
	expect_field(house, protocol, "port", "2993", ORIGIN_GLOBAL);
	set_field(house, "eva", protocol, "tls", "none"); /* stored meanwhile */
	expect_field(house, protocol, "tls", "tls1.3", ORIGIN_GLOBAL);

	set_field(house, "eva", protocol, "use-default", "false");
	expect_field(house, protocol, "host", "eigen.example", ORIGIN_USER);
	expect_field(house, protocol, "port", "1143", ORIGIN_USER);
	expect_field(house, protocol, "tls", "none", ORIGIN_USER);
	set_field(house, NULL, protocol, "host", "dritter.example");

	set_field(house, "eva", protocol, "use-default", "true");
	expect_field(house, protocol, "host", "dritter.example", ORIGIN_GLOBAL);
	set_field(house, NULL, protocol, "host", NULL);
	expect_field(house, protocol, "host", NULL, ORIGIN_DEFAULT);
}

static void test_use_default_switches_to_and_fro(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++)
		use_default_to_and_fro(*state, protocols[i]);
}

static void test_use_default_of_one_protocol_leaves_the_other(void **state)
{
	House *house = *state;

	house_set(house, NULL, "imap.host", "imap.example");
	house_set(house, NULL, "smtp.host", "smtp.example");
	house_set(house, "eva", "imap.use-default", "true");
	house_expect(house, "eva", "imap.host", "imap.example", ORIGIN_GLOBAL);
	house_expect(house, "eva", "smtp.host", NULL, ORIGIN_DEFAULT);
}

/* One row of the credentials' rule: what is stored, and which pair is used. */
typedef struct Pair {
	const char *use_default;
	const char *global_name, *global_password;
	const char *own_name, *own_password;
	const char *name, *password; /* effective; NULL: none */
} Pair;

/* clang-format off */
static const Pair pairs[] = {
	/* nothing stored */
	{"false", NULL, NULL, NULL, NULL, NULL, NULL},
	{"true", NULL, NULL, NULL, NULL, NULL, NULL},
	/* a global password never travels to a user's own host */
	{"false", "relay", "G", NULL, NULL, NULL, NULL},
	{"false", "relay", "G", "eva", NULL, NULL, NULL},
	/* use-default: the global pair, if there is no own password */
	{"true", "relay", "G", NULL, NULL, "relay", "G"},
	{"true", "relay", "G", "eva", NULL, "relay", "G"},
	{"true", NULL, "G", NULL, NULL, "eva@amt.example", "G"},
	{"true", NULL, "G", "eva", NULL, "eva@amt.example", "G"},
	/* the own pair comes first, and is never mixed with the global one */
	{"true", "relay", "G", "eva", "E", "eva", "E"},
	{"true", "relay", "G", NULL, "E", "eva@amt.example", "E"},
	{"true", "relay", NULL, NULL, "E", "eva@amt.example", "E"},
	{"true", "relay", NULL, NULL, NULL, NULL, NULL},
	{"false", "relay", "G", "eva", "E", "eva", "E"},
	{"false", NULL, NULL, NULL, "E", "eva@amt.example", "E"},
	/* an empty user name is none */
	{"false", NULL, NULL, "", "E", "eva@amt.example", "E"},
	{"true", "", "G", NULL, NULL, "eva@amt.example", "G"},
};
/* clang-format on */

static void check_pair(const House *house, const char *protocol, const Pair *pair, size_t row)
{
	g_autoptr(Account) account = NULL;
	const Endpoint *endpoint;

	set_field(house, "eva", protocol, "use-default", pair->use_default);
	set_field(house, NULL, protocol, "username", pair->global_name);
	set_field(house, NULL, protocol, "password", pair->global_password);
	set_field(house, "eva", protocol, "username", pair->own_name);
	set_field(house, "eva", protocol, "password", pair->own_password);
	account = house_resolve(house, "eva");
	endpoint = strcmp(protocol, "imap") == 0 ? &account->imap : &account->smtp;
	if (g_strcmp0(endpoint->username, pair->name) != 0 ||
		g_strcmp0(endpoint->password ? secret_text(endpoint->password) : NULL,
			pair->password) != 0)
		fail_msg("%s, row %zu: signs in as '%s'", protocol, row,
			endpoint->username ? endpoint->username : "nobody");
	if (!pair->name)
		return;
	SettingOrigin origin = g_strcmp0(pair->password, "E") == 0 ? ORIGIN_USER : ORIGIN_GLOBAL;
	expect_field(house, protocol, "username", pair->name, origin);
	expect_field(house, protocol, "password", NULL, origin);
}

static void test_credentials_have_one_origin(void **state)
{
	House *house = *state;

	house_set(house, "eva", "interface", "standard");
	house_set(house, "eva", "account", "eva@amt.example");
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		for (size_t row = 0; row < G_N_ELEMENTS(pairs); row++)
			check_pair(house, protocols[i], &pairs[row], row);
	}
}

static void test_a_name_alone_is_shown_and_not_used(void **state)
{
	House *house = *state;
	g_autoptr(Account) account = NULL;

	house_set(house, "eva", "imap.username", "eva");
	house_expect(house, "eva", "imap.username", "eva", ORIGIN_USER);
	house_expect(house, "eva", "imap.password", NULL, ORIGIN_DEFAULT);
	account = house_resolve(house, "eva");
	assert_null(account->imap.username);
	assert_null(account->imap.password);
}

static void test_office365_signs_in_as_the_account(void **state)
{
	House *house = *state;
	g_autoptr(Account) account = NULL;

	house_set(house, NULL, "smtp.password", "global");
	house_set(house, "eva", "account", "eva@amt.example");
	house_set(house, "eva", "smtp.use-default", "true");
	house_set(house, "eva", "imap.tls", "none");
	house_set(house, "eva", "imap.username", "eva");
	house_set(house, "eva", "imap.password", "geheim");
	house_set(house, "eva", "interface", "office365");
	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		expect_field(house, protocols[i], "tls", "tls1.2+", ORIGIN_DEFAULT);
		expect_field(house, protocols[i], "username", NULL, ORIGIN_DEFAULT);
		expect_field(house, protocols[i], "password", NULL, ORIGIN_DEFAULT);
	}
	account = house_resolve(house, "eva");
	assert_int_equal(account->imap.tls, TLS_MODE_FROM_1_2);
	assert_int_equal(account->smtp.tls, TLS_MODE_FROM_1_2);
	assert_null(account->imap.password);
	assert_null(account->smtp.password);

	house_set(house, "eva", "interface", "standard");
	house_expect(house, "eva", "imap.tls", "none", ORIGIN_USER);
	house_expect(house, "eva", "imap.username", "eva", ORIGIN_USER);
}

static void test_the_proxy_comes_whole_from_one_scope(void **state)
{
	House *house = *state;
	g_autoptr(Account) own = NULL;
	g_autoptr(Account) global = NULL;

	house_set(house, NULL, "imap.proxy.host", "proxy.example");
	house_set(house, NULL, "imap.proxy.type", "socks5");
	house_set(house, NULL, "imap.proxy.username", "amt");
	house_set(house, NULL, "imap.proxy.password", "P");
	house_set(house, "eva", "imap.proxy.host", "eigener.example");
	own = house_resolve(house, "eva");
	assert_string_equal(own->imap.proxy.host, "eigener.example");
	assert_int_equal(own->imap.proxy.kind, PROXY_HTTP);
	assert_int_equal(own->imap.proxy.port, 3128);
	assert_null(own->imap.proxy.username);
	assert_null(own->imap.proxy.password);

	house_set(house, "eva", "imap.use-default", "true");
	global = house_resolve(house, "eva");
	assert_string_equal(global->imap.proxy.host, "proxy.example");
	assert_int_equal(global->imap.proxy.kind, PROXY_SOCKS5);
	assert_int_equal(global->imap.proxy.port, 1080);
	assert_string_equal(global->imap.proxy.username, "amt");
	assert_string_equal(secret_text(global->imap.proxy.password), "P");
	assert_null(global->smtp.proxy.host);
}

static void test_the_proxy_port_follows_its_kind(void **state)
{
	House *house = *state;

	house_expect(house, NULL, "smtp.proxy.port", "3128", ORIGIN_DEFAULT);
	house_set(house, NULL, "smtp.proxy.type", "socks5");
	house_expect(house, NULL, "smtp.proxy.port", "1080", ORIGIN_DEFAULT);
	house_expect(house, "eva", "smtp.proxy.port", "3128", ORIGIN_DEFAULT);
	house_set(house, NULL, "smtp.proxy.port", "3128");
	house_expect(house, NULL, "smtp.proxy.port", "3128", ORIGIN_GLOBAL);
}

static void test_an_emptied_proxy_is_none(void **state)
{
	House *house = *state;
	g_autoptr(Account) account = NULL;

	house_set(house, "eva", "imap.proxy.host", "");
	house_set(house, "eva", "imap.proxy.password", "P");
	account = house_resolve(house, "eva");
	assert_null(account->imap.proxy.host);
	assert_null(account->imap.proxy.password);
}

static void test_the_token_folder_falls_through(void **state)
{
	House *house = *state;

	house_expect(house, "eva", "oauth.token-folder", NULL, ORIGIN_DEFAULT);
	house_set(house, NULL, "oauth.token-folder", "/srv/{user}");
	house_expect(house, "eva", "oauth.token-folder", "/srv/{user}", ORIGIN_GLOBAL);
	house_set(house, "eva", "oauth.token-folder", "~/token");
	house_expect(house, "eva", "oauth.token-folder", "~/token", ORIGIN_USER);
	house_expect(house, "otto", "oauth.token-folder", "/srv/{user}", ORIGIN_GLOBAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_an_untouched_user_has_defaults),
		house_test(test_use_default_switches_to_and_fro),
		house_test(test_use_default_of_one_protocol_leaves_the_other),
		house_test(test_credentials_have_one_origin),
		house_test(test_a_name_alone_is_shown_and_not_used),
		house_test(test_office365_signs_in_as_the_account),
		house_test(test_the_proxy_comes_whole_from_one_scope),
		house_test(test_the_proxy_port_follows_its_kind),
		house_test(test_an_emptied_proxy_is_none),
		house_test(test_the_token_folder_falls_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
