/* XOAUTH2 and OAUTHBEARER: the messages of RFC 7628, of Microsoft's and of Google's documentation,
 * refusals by a challenge, and what must not get into a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "sasl/sasl_internal.h"

#define BOTH (SASL_XOAUTH2 | SASL_OAUTHBEARER)
#define EVERY_MECHANISM (~0u)

static const SaslMechanism mechanisms[] = {SASL_XOAUTH2, SASL_OAUTHBEARER};
/* What each of them answers to a refusal. */
static const char *const answers[] = {"", "\x01"};

static Sasl *begin(SaslMechanism mechanism, const char *user, const char *text)
{
	g_autoptr(Secret) token = secret_new(text, strlen(text));
	SaslIdentity identity = {.username = user, .token = token};
	Sasl *sasl = sasl_new(mechanism, &identity, NULL, NULL);

	assert_non_null(sasl);
	assert_true(sasl_is_client_first(sasl));
	assert_false(sasl_is_complete(sasl));
	assert_null(sasl_server_error(sasl));
	return sasl;
}

static Secret *step(Sasl *sasl, const char *challenge)
{
	g_autoptr(GError) error = NULL;
	Secret *response = sasl_step(sasl, challenge, challenge ? strlen(challenge) : 0, &error);

	assert_null(error);
	assert_non_null(response);
	return response;
}

/* An exchange whose first message is sent. */
static Sasl *begin_sent(SaslMechanism mechanism)
{
	Sasl *sasl = begin(mechanism, "u", "t");

	secret_free(step(sasl, NULL));
	return sasl;
}

static void assert_step(Sasl *sasl, const char *challenge, const char *expected)
{
	g_autoptr(Secret) response = step(sasl, challenge);

	assert_int_equal(secret_size(response), strlen(expected));
	assert_string_equal(secret_text(response), expected);
}

/* The first message in base64, as it stands in the documents. */
static void assert_encoded(Sasl *sasl, const char *expected)
{
	g_autoptr(Secret) response = step(sasl, NULL);
	g_autofree char *encoded =
		g_base64_encode((const guchar *)secret_text(response), secret_size(response));

	assert_string_equal(encoded, expected);
	assert_true(sasl_is_complete(sasl));
}

static void test_microsoft(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_XOAUTH2, "test@contoso.onmicrosoft.com",
		"EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA");

	(void)state;
	assert_encoded(sasl, "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBb"
			     "DNCQUFVRkZwVUF"
			     "vN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==");
}

static void test_google(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_XOAUTH2, "someuser@example.com",
		"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");

	(void)state;
	assert_encoded(sasl, "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxb"
			     "VRjMk52YjNSbGN"
			     "rQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
}

/* Section 4.1, and the failed exchange of section 4.3. */
static void test_rfc_7628(void **state)
{
	static const char text[] = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
	static const char refusal[] = "{\"status\":\"invalid_token\",\"scope\":\"example_scope\","
				      "\"openid-configuration\":\"https://example.com/.well-known/"
				      "openid-configuration\"}";
	g_autoptr(Secret) token = secret_new(text, strlen(text));
	SaslIdentity identity = {
		.username = "user@example.com",
		.token = token,
		.host = "server.example.com",
		.port = 143,
	};
	g_autoptr(Sasl) sasl = sasl_new(SASL_OAUTHBEARER, &identity, NULL, NULL);

	(void)state;
	assert_encoded(sasl, "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9M"
			     "TQzAWF1dGg9QmV"
			     "hcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
	assert_step(sasl, refusal, "\x01");
	assert_string_equal(sasl_server_error(sasl), refusal);
}

static void test_oauthbearer_without_host(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_OAUTHBEARER, "a,b=c@example.com", "t");

	(void)state;
	assert_step(sasl, NULL,
		"n,a=a=2Cb=3Dc@example.com,\x01"
		"auth=Bearer t\x01\x01");
}

/* A host that RFC 7628 has no letters for, above all one that would add keys of its own. */
static void test_oauthbearer_leaves_out_odd_hosts(void **state)
{
	static const char *const hosts[] = {
		"", "a\x01port=1", "m\xc3\xbcller.example", "a b", "a\r\n"};
	g_autoptr(Secret) token = secret_new("t", 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		SaslIdentity identity = {
			.username = "u", .token = token, .host = hosts[i], .port = 993};
		g_autoptr(Sasl) sasl = sasl_new(SASL_OAUTHBEARER, &identity, NULL, NULL);

		assert_step(sasl, NULL,
			"n,a=u,\x01port=993\x01"
			"auth=Bearer t\x01\x01");
	}
}

static void test_xoauth2_tells_no_host(void **state)
{
	g_autoptr(Secret) token = secret_new("t", 1);
	SaslIdentity identity = {.username = "u=1", .token = token, .host = "h", .port = 993};
	g_autoptr(Sasl) sasl = sasl_new(SASL_XOAUTH2, &identity, NULL, NULL);

	(void)state;
	assert_step(sasl, NULL,
		"user=u=1\x01"
		"auth=Bearer t\x01\x01");
}

static void test_refusal_is_answered_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		g_autoptr(Sasl) sasl = begin_sent(mechanisms[i]);
		g_autoptr(GError) error = NULL;

		assert_step(sasl, "{\"status\":\"401\"}", answers[i]);
		assert_string_equal(sasl_server_error(sasl), "{\"status\":\"401\"}");
		assert_null(sasl_step(sasl, "more", 4, &error));
		assert_true(failure_is(error, FAILURE_SASL_INVALID));
		assert_string_equal(sasl_server_error(sasl), "{\"status\":\"401\"}");
	}
}

static void test_empty_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		g_autoptr(Sasl) sasl = begin_sent(mechanisms[i]);

		assert_step(sasl, "", answers[i]);
		assert_null(sasl_server_error(sasl));
	}
}

static void test_refusal_is_fit_for_a_log(void **state)
{
	static const struct {
		const char *challenge;
		size_t size;
		const char *kept;
	} rows[] = {
		{"a\x1b[31mb", 7, "a\xef\xbf\xbd[31mb"},
		{"a\r\nb\0c", 6,
			"a\xef\xbf\xbd\xef\xbf\xbd"
			"b\xef\xbf\xbd"
			"c"},
		{"\xff\xc3", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x80\xae\xc2\x9b", 5, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"status\":\"gr\xc3\xb6\xc3\x9f"
		 "er\"}",
			21,
			"{\"status\":\"gr\xc3\xb6\xc3\x9f"
			"er\"}"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Sasl) sasl = begin_sent(SASL_XOAUTH2);
		g_autoptr(Secret) second = sasl_step(sasl, rows[i].challenge, rows[i].size, NULL);

		assert_non_null(second);
		assert_string_equal(sasl_server_error(sasl), rows[i].kept);
	}
}

/* The cut falls between characters, wherever it falls. */
static void test_long_refusal_is_cut(void **state)
{
	(void)state;
	for (size_t blanks = 0; blanks < 8; blanks++) {
		g_autoptr(Sasl) sasl = begin_sent(SASL_OAUTHBEARER);
		g_autoptr(GString) challenge = g_string_new(NULL);
		g_autoptr(Secret) second = NULL;

		for (size_t i = 0; i < blanks; i++)
			g_string_append_c(challenge, ' ');
		while (challenge->len < SASL_CHALLENGE_LIMIT - 8)
			g_string_append(challenge, "\xf0\x9f\x93\xa7");
		second = step(sasl, challenge->str);
		assert_in_range(strlen(sasl_server_error(sasl)), 300, 500);
		assert_true(g_utf8_validate(sasl_server_error(sasl), -1, NULL));
		assert_true(g_str_has_prefix(challenge->str, sasl_server_error(sasl)));
	}
}

static void test_refusal_that_is_too_long(void **state)
{
	g_autoptr(Sasl) sasl = begin_sent(SASL_XOAUTH2);
	g_autofree char *challenge = g_strnfill(SASL_CHALLENGE_LIMIT + 1, 'x');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(sasl_step(sasl, challenge, SASL_CHALLENGE_LIMIT + 1, &error));
	assert_true(failure_is(error, FAILURE_SASL_INVALID));
	assert_null(sasl_server_error(sasl));
}

static void test_long_tokens(void **state)
{
	static const size_t sizes[] = {2000, 2001, 4096, 16384, SASL_TEXT_LIMIT};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *text = g_strnfill(sizes[i], 'x');
		g_autofree char *expected = g_strconcat("user=u\x01"
							"auth=Bearer ",
			text, "\x01\x01", NULL);
		g_autoptr(Sasl) sasl = begin(SASL_XOAUTH2, "u", text);

		assert_step(sasl, NULL, expected);
	}
}

/* Whether one of the two mechanisms is chosen and begun; both must be of one mind. */
static bool is_carried(const SaslIdentity *identity)
{
	bool chosen = sasl_choose(BOTH, identity) != SASL_NONE;

	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Sasl) sasl = sasl_new(mechanisms[i], identity, NULL, &error);

		assert_int_equal(sasl != NULL, chosen);
		assert_int_equal(failure_is(error, FAILURE_LOGIN_UNUSABLE), !chosen);
	}
	return chosen;
}

static bool is_token_carried(const char *text, size_t size)
{
	g_autoptr(Secret) token = secret_new(text, size);
	SaslIdentity identity = {.username = "u", .token = token};

	return is_carried(&identity);
}

static void test_letters_of_tokens(void **state)
{
	g_autofree char *longest = g_strnfill(SASL_TEXT_LIMIT, 'x');
	g_autofree char *longer = g_strnfill(SASL_TEXT_LIMIT + 1, 'x');

	(void)state;
	assert_true(is_token_carried("AZaz09-._~+/==", 14));
	for (int byte = 0; byte < 256; byte++) {
		const char text[] = {'a', (char)byte, 'b'};

		assert_int_equal(is_token_carried(text, sizeof text), byte > 0x20 && byte < 0x7f);
	}
	assert_false(is_token_carried("", 0));
	assert_true(is_token_carried(longest, SASL_TEXT_LIMIT));
	assert_false(is_token_carried(longer, SASL_TEXT_LIMIT + 1));
}

static void test_letters_of_names(void **state)
{
	static const struct {
		const char *user;
		bool carried;
	} rows[] = {
		{"maier@example.com", true},
		{"m\xc3\xbcller@example.com", true},
		{"a b", true},
		{"", false},
		{"maier\x01"
		 "auth=Bearer other",
			false},
		{"maier\r\n", false},
		{"\x7f", false},
		{"a\xc2\x85", false},
		{"m\xfcller", false},
	};
	g_autoptr(Secret) token = secret_new("t", 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		SaslIdentity identity = {.username = rows[i].user, .token = token};

		assert_int_equal(is_carried(&identity), rows[i].carried);
	}
}

static void test_no_authorization_identity(void **state)
{
	g_autoptr(Secret) token = secret_new("t", 1);
	SaslIdentity identity = {.username = "u", .authorize_as = "info", .token = token};

	(void)state;
	assert_false(is_carried(&identity));
}

/* A token goes by no mechanism for passwords, and a password by none for tokens. */
static void test_choice(void **state)
{
	g_autoptr(Secret) secret = secret_new("t", 1);
	SaslIdentity with_token = {.username = "u", .token = secret};
	SaslIdentity with_password = {.username = "u", .password = secret};
	SaslIdentity with_nothing = {.username = "u"};

	(void)state;
	assert_int_equal(sasl_choose(EVERY_MECHANISM, &with_token), SASL_XOAUTH2);
	assert_int_equal(
		sasl_choose(EVERY_MECHANISM & ~SASL_XOAUTH2, &with_token), SASL_OAUTHBEARER);
	assert_int_equal(sasl_choose(EVERY_MECHANISM & ~BOTH, &with_token), SASL_NONE);
	assert_int_equal(sasl_choose(EVERY_MECHANISM, &with_password), SASL_SCRAM_SHA_256);
	assert_int_equal(sasl_choose(BOTH, &with_password), SASL_NONE);
	assert_int_equal(sasl_choose(EVERY_MECHANISM, &with_nothing), SASL_NONE);
	assert_null(sasl_new(SASL_PLAIN, &with_token, NULL, NULL));
	assert_null(sasl_new(SASL_SCRAM_SHA_256, &with_token, NULL, NULL));
	assert_null(sasl_new(SASL_XOAUTH2, &with_password, NULL, NULL));
}

static void test_messages_tell_no_token(void **state)
{
	g_autoptr(Secret) token = secret_new("Tannenbaum\n", 11);
	SaslIdentity identity = {.username = "u", .token = token};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(sasl_new(SASL_XOAUTH2, &identity, NULL, &error));
	assert_null(strstr(error->message, "Tannenbaum"));
	assert_non_null(strstr(error->message, "token"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_microsoft),
		cmocka_unit_test(test_google),
		cmocka_unit_test(test_rfc_7628),
		cmocka_unit_test(test_oauthbearer_without_host),
		cmocka_unit_test(test_oauthbearer_leaves_out_odd_hosts),
		cmocka_unit_test(test_xoauth2_tells_no_host),
		cmocka_unit_test(test_refusal_is_answered_once),
		cmocka_unit_test(test_empty_refusal),
		cmocka_unit_test(test_refusal_is_fit_for_a_log),
		cmocka_unit_test(test_long_refusal_is_cut),
		cmocka_unit_test(test_refusal_that_is_too_long),
		cmocka_unit_test(test_long_tokens),
		cmocka_unit_test(test_letters_of_tokens),
		cmocka_unit_test(test_letters_of_names),
		cmocka_unit_test(test_no_authorization_identity),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_messages_tell_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
