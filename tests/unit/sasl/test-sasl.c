/* The table, the choice among mechanisms, SASLprep and what identities are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "sasl/sasl_internal.h"

#define ALL (SASL_LOGIN | SASL_PLAIN | SASL_SCRAM_SHA_1 | SASL_SCRAM_SHA_256)

static SaslMechanism choose(unsigned offered, const char *user, const char *authorize_as,
	const char *password, size_t size)
{
	g_autoptr(Secret) secret = secret_new(password, size);
	SaslIdentity identity = {user, authorize_as, secret};

	return sasl_choose(offered, &identity);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned bit = SASL_LOGIN; bit <= SASL_XOAUTH2; bit <<= 1)
		assert_int_equal(sasl_from_name(sasl_name((SaslMechanism)bit)), bit);
	assert_int_equal(sasl_from_name("scram-sha-256"), SASL_SCRAM_SHA_256);
	assert_int_equal(sasl_from_name("SCRAM-SHA-256-PLUS"), SASL_NONE);
	assert_int_equal(sasl_from_name(""), SASL_NONE);
	assert_null(sasl_name(SASL_NONE));
}

static void test_choose_takes_the_strongest(void **state)
{
	(void)state;
	assert_int_equal(choose(ALL, "m", NULL, "p", 1), SASL_SCRAM_SHA_256);
	assert_int_equal(choose(ALL & ~SASL_SCRAM_SHA_256, "m", NULL, "p", 1), SASL_SCRAM_SHA_1);
	assert_int_equal(choose(SASL_LOGIN | SASL_PLAIN, "m", NULL, "p", 1), SASL_PLAIN);
	assert_int_equal(choose(SASL_LOGIN, "m", NULL, "p", 1), SASL_LOGIN);
	assert_int_equal(choose(0, "m", NULL, "p", 1), SASL_NONE);
}

static void test_choose_minds_the_identity(void **state)
{
	(void)state;
	assert_int_equal(choose(SASL_LOGIN, "m", "other", "p", 1), SASL_NONE);
	assert_int_equal(choose(ALL, "m", "other", "p", 1), SASL_SCRAM_SHA_256);
	assert_int_equal(choose(ALL, "m", NULL, "p\xe4ss", 4), SASL_LOGIN);
	assert_int_equal(choose(ALL, "m", NULL, "p\xc3\xa4ss", 5), SASL_SCRAM_SHA_256);
	assert_int_equal(choose(ALL, "m", NULL, "a\nb", 3), SASL_NONE);
	assert_int_equal(choose(ALL, "m", NULL, "a\0b", 3), SASL_NONE);
	assert_int_equal(choose(ALL, "m\r", NULL, "p", 1), SASL_NONE);
	assert_int_equal(choose(ALL, "", NULL, "p", 1), SASL_NONE);
}

static void test_new_refuses_controls(void **state)
{
	static const char *const bad[] = {"a\rb", "a\nb", "\x7f", "a\xc2\x85", "\xff"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Secret) password = secret_new(bad[i], strlen(bad[i]));
		SaslIdentity identity = {"maier", NULL, password};
		g_autoptr(GError) error = NULL;

		assert_null(sasl_new(SASL_SCRAM_SHA_1, &identity, NULL, &error));
		assert_true(failure_is(error, FAILURE_LOGIN_UNUSABLE));
		assert_null(strstr(error->message, bad[i]));
	}
}

/* RFC 4013 section 3, and spaces. */
static void test_prepare(void **state)
{
	static const struct {
		const char *text, *prepared;
	} rows[] = {
		{"I\xc2\xadX", "IX"},
		{"user", "user"},
		{"USER", "USER"},
		{"\xc2\xaa", "a"},
		{"\xe2\x85\xa8", "IX"},
		{"a\xc2\xa0"
		 "b",
			"a b"},
		{"\xe3\x80\x80", " "},
		{"u\xcc\x88", "\xc3\xbc"},
		{"\xe2\x80\x8b", ""},
		{"\x07", NULL},
		{"\xc0\x80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *prepared = sasl_prepare(rows[i].text, strlen(rows[i].text));

		if (rows[i].prepared)
			assert_string_equal(prepared, rows[i].prepared);
		else
			assert_null(prepared);
	}
	assert_null(sasl_prepare("a\0b", 3));
}

static void test_nonces_differ(void **state)
{
	g_autoptr(Secret) password = secret_new("pencil", 6);
	SaslIdentity identity = {"user", NULL, password};
	g_autoptr(Sasl) one = sasl_new(SASL_SCRAM_SHA_256, &identity, NULL, NULL);
	g_autoptr(Sasl) two = sasl_new(SASL_SCRAM_SHA_256, &identity, NULL, NULL);

	(void)state;
	assert_string_not_equal(one->nonce, two->nonce);
	assert_true(strlen(one->nonce) >= 24 && !strchr(one->nonce, ','));
}

static void test_long_challenge_is_refused(void **state)
{
	g_autoptr(Secret) password = secret_new("pencil", 6);
	SaslIdentity identity = {"user", NULL, password};
	g_autoptr(Sasl) sasl = sasl_new(SASL_LOGIN, &identity, NULL, NULL);
	g_autofree char *challenge = g_strnfill(SASL_CHALLENGE_LIMIT + 1, 'x');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(sasl_step(sasl, challenge, SASL_CHALLENGE_LIMIT + 1, &error));
	assert_true(failure_is(error, FAILURE_SASL_INVALID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_choose_takes_the_strongest),
		cmocka_unit_test(test_choose_minds_the_identity),
		cmocka_unit_test(test_new_refuses_controls),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_nonces_differ),
		cmocka_unit_test(test_long_challenge_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
