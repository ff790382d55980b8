/* SCRAM: the vectors of RFC 5802 and RFC 7677, and servers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "sasl/sasl.h"

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define FULL_1 NONCE_1 "3rfcNHYJY1ZVvWVs7j"
#define FIRST_1 "r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=4096"
#define FINAL_1 "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="

static Sasl *begin(
	SaslMechanism mechanism, const char *user, const char *authorize_as, const char *nonce)
{
	g_autoptr(Secret) password = secret_new("pencil", 6);
	SaslIdentity identity = {user, authorize_as, password};
	Sasl *sasl = sasl_new(mechanism, &identity, nonce, NULL);

	assert_non_null(sasl);
	assert_true(sasl_is_client_first(sasl));
	return sasl;
}

static void assert_step(Sasl *sasl, const char *challenge, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Secret) response =
		sasl_step(sasl, challenge, challenge ? strlen(challenge) : 0, &error);

	assert_null(error);
	assert_string_equal(secret_text(response), expected);
}

static void assert_refused(Sasl *sasl, const char *challenge, size_t size, Failure failure)
{
	g_autoptr(GError) error = NULL;

	assert_null(sasl_step(sasl, challenge, size, &error));
	assert_true(failure_is(error, failure));
	assert_false(sasl_is_complete(sasl));
	g_clear_error(&error);
	/* Dead for good: a later message cannot revive the exchange. */
	assert_null(sasl_step(sasl, FINAL_1, strlen(FINAL_1), &error));
	assert_false(sasl_is_complete(sasl));
}

static void test_rfc_5802(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "user", NULL, NONCE_1);

	(void)state;
	assert_step(sasl, NULL, "n,,n=user,r=" NONCE_1);
	assert_step(sasl, FIRST_1, "c=biws,r=" FULL_1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	assert_false(sasl_is_complete(sasl));
	assert_step(sasl, FINAL_1, "");
	assert_true(sasl_is_complete(sasl));
}

static void test_rfc_7677(void **state)
{
	static const char nonce[] = "rOprNGfwEbeRWgbNEkqO";
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_256, "user", NULL, nonce);

	(void)state;
	assert_step(sasl, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	assert_step(sasl,
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i="
		"4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_step(sasl, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "");
	assert_true(sasl_is_complete(sasl));
}

static void test_names_are_escaped_and_prepared(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "a,b=c\xc2\xad", "info@x,y", "N");

	(void)state;
	assert_step(sasl, NULL, "n,a=info@x=2Cy,n=a=2Cb=3Dc,r=N");
}

static void test_extensions_behind_are_ignored(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "user", NULL, NONCE_1);
	g_autoptr(GError) error = NULL;
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);
	g_autoptr(Secret) second = sasl_step(sasl, FIRST_1 ",x=y", strlen(FIRST_1) + 4, &error);

	assert_non_null(first);
	(void)state;
	assert_non_null(second);
}

static void test_hostile_first_messages(void **state)
{
	static const char *const messages[] = {
		"",
		"r=" NONCE_1 ",s=QSXCR+Q6sek8bf92,i=4096", /* nothing added to our nonce */
		"r=fyko,s=QSXCR+Q6sek8bf92,i=4096",
		"r=X" FULL_1 ",s=QSXCR+Q6sek8bf92,i=4096",
		"r=" FULL_1 "\x01,s=QSXCR+Q6sek8bf92,i=4096",
		"m=ext," FIRST_1,
		"r=" FULL_1 ",i=4096,s=QSXCR+Q6sek8bf92",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92",
		"r=" FULL_1 ",s=,i=4096",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf9,i=4096",
		"r=" FULL_1 ",s=Q SXCR+Q6sek8bf92,i=4096",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=0",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=1",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=4095",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=-4096",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=+4096",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=4096x",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=1000001",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=1000000000",
		"r=" FULL_1 ",s=QSXCR+Q6sek8bf92,i=99999999999999999999999",
		FINAL_1,
		"e=unknown-user",
	};
	int64_t start = clock_monotonic();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "user", NULL, NONCE_1);
		g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);

		assert_non_null(first);
		assert_refused(sasl, messages[i], strlen(messages[i]), FAILURE_SASL_INVALID);
	}
	assert_true(clock_monotonic() - start < 2000);
}

static void test_first_message_with_nul(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "user", NULL, NONCE_1);
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);

	assert_non_null(first);
	(void)state;
	assert_refused(sasl, FIRST_1 "\0x", sizeof(FIRST_1) + 1, FAILURE_SASL_INVALID);
}

static void test_hostile_final_messages(void **state)
{
	static const struct {
		const char *message;
		Failure failure;
	} rows[] = {
		{"", FAILURE_SASL_INVALID},
		{"v=", FAILURE_SASL_INVALID},
		{"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", FAILURE_SASL_INVALID},
		{"v=rmF9pqV8S7suAoZWja4dJRkFsKU=", FAILURE_SASL_INVALID},
		{"v=rmF9", FAILURE_SASL_INVALID},
		{"rmF9pqV8S7suAoZWja4dJRkFsKQ=", FAILURE_SASL_INVALID},
		{"e=invalid-proof", FAILURE_LOGIN_REFUSED},
		{"e=other\x1b[31m", FAILURE_LOGIN_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_1, "user", NULL, NONCE_1);
		g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);
		g_autoptr(Secret) second = sasl_step(sasl, FIRST_1, strlen(FIRST_1), NULL);

		assert_non_null(first);
		assert_non_null(second);
		assert_refused(sasl, rows[i].message, strlen(rows[i].message), rows[i].failure);
	}
}

static void test_early_success_is_not_complete(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_256, "user", NULL, NULL);
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);

	assert_non_null(first);
	(void)state;
	assert_false(sasl_is_complete(sasl));
}

/* SCRAM sends no password, but what one can be guessed by. */
static void test_proof_is_hidden(void **state)
{
	static const char server_first[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
					   "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	static const char proof[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
	g_autoptr(Secret) password = secret_new("pencil", 6);
	SaslIdentity identity = {.username = "user", .password = password};
	g_autoptr(Sasl) sasl = begin(SASL_SCRAM_SHA_256, "user", NULL, "rOprNGfwEbeRWgbNEkqO");
	g_autoptr(Secret) first = sasl_step(sasl, NULL, 0, NULL);
	g_autoptr(Secret) final = NULL;
	g_autoptr(Repeats) repeats = repeats_new();

	(void)state;
	assert_non_null(first);
	sasl_hide_identity(&identity, repeats);
	sasl_hide_proof(sasl, repeats);
	assert_ptr_equal(repeats_withhold(repeats, proof), proof);
	assert_string_equal(repeats_withhold(repeats, "no \"pencil\""), REPEATS_WITHHELD);
	final = sasl_step(sasl, server_first, strlen(server_first), NULL);
	sasl_hide_proof(sasl, repeats);
	assert_string_equal(repeats_withhold(repeats, secret_text(final)), REPEATS_WITHHELD);
	assert_true(repeats_in_text(repeats, proof + 20, 8));
	assert_ptr_equal(repeats_withhold(repeats, server_first), server_first);
	assert_false(repeats_in_text(repeats, "e=invalid-proof", 15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_5802),
		cmocka_unit_test(test_rfc_7677),
		cmocka_unit_test(test_names_are_escaped_and_prepared),
		cmocka_unit_test(test_extensions_behind_are_ignored),
		cmocka_unit_test(test_hostile_first_messages),
		cmocka_unit_test(test_first_message_with_nul),
		cmocka_unit_test(test_hostile_final_messages),
		cmocka_unit_test(test_early_success_is_not_complete),
		cmocka_unit_test(test_proof_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
