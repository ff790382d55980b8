/* Exchanges in base64: the first message at once or when asked for, and challenges that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "sasl/sasl_internal.h"

/* Of "\0tim\0tanstaaftanstaaf" (RFC 4616 section 4). */
#define PLAIN_MESSAGE "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"

static Sasl *begin(SaslMechanism mechanism)
{
	g_autoptr(Secret) secret = secret_new("tanstaaftanstaaf", 16);
	bool with_token = mechanism == SASL_XOAUTH2 || mechanism == SASL_OAUTHBEARER;
	SaslIdentity identity = {
		.username = "tim",
		.password = with_token ? NULL : secret,
		.token = with_token ? secret : NULL,
	};
	Sasl *sasl = sasl_new(mechanism, &identity, NULL, NULL);

	assert_non_null(sasl);
	return sasl;
}

static void assert_answer(Sasl *sasl, const char *challenge, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Secret) answer = sasl_answer(sasl, challenge, &error);

	assert_null(error);
	assert_string_equal(secret_text(answer), expected);
}

static void assert_invalid(Sasl *sasl, const char *challenge)
{
	g_autoptr(GError) error = NULL;

	assert_null(sasl_answer(sasl, challenge, &error));
	assert_true(failure_is(error, FAILURE_SASL_INVALID));
}

static void test_at_once(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_PLAIN);
	g_autoptr(Secret) first = sasl_initial_response(sasl, strlen(PLAIN_MESSAGE));

	(void)state;
	assert_string_equal(secret_text(first), PLAIN_MESSAGE);
	assert_true(sasl_is_complete(sasl));
	assert_null(sasl_initial_response(sasl, SIZE_MAX));
	assert_true(sasl_is_complete(sasl));
	assert_invalid(sasl, "");
}

/* A success before the message was sent is none. */
static void test_too_long_for_the_line(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_PLAIN);

	(void)state;
	assert_null(sasl_initial_response(sasl, strlen(PLAIN_MESSAGE) - 1));
	assert_false(sasl_is_complete(sasl));
	assert_null(sasl_initial_response(sasl, SIZE_MAX));
	assert_answer(sasl, "", PLAIN_MESSAGE);
	assert_true(sasl_is_complete(sasl));
	assert_invalid(sasl, "");
}

/* What asks for the first message may be anything. */
static void test_when_asked_for(void **state)
{
	static const char *const texts[] = {"", "!", "go ahead", "bm8=", "\xff"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Sasl) sasl = begin(SASL_PLAIN);

		assert_false(sasl_is_complete(sasl));
		assert_answer(sasl, texts[i], PLAIN_MESSAGE);
		assert_true(sasl_is_complete(sasl));
	}
}

static void test_server_first(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_LOGIN);

	(void)state;
	assert_null(sasl_initial_response(sasl, SIZE_MAX));
	assert_answer(sasl, "VXNlcm5hbWU6", "dGlt");
	assert_answer(sasl, "UGFzc3dvcmQ6", "dGFuc3RhYWZ0YW5zdGFhZg==");
	assert_true(sasl_is_complete(sasl));
	assert_invalid(sasl, "UGFzc3dvcmQ6");
}

static void test_empty_answers(void **state)
{
	g_autoptr(Sasl) xoauth2 = begin(SASL_XOAUTH2);
	g_autoptr(Sasl) oauthbearer = begin(SASL_OAUTHBEARER);
	g_autoptr(Secret) one = sasl_initial_response(xoauth2, SIZE_MAX);
	g_autoptr(Secret) two = sasl_initial_response(oauthbearer, SIZE_MAX);

	(void)state;
	assert_true(one && two);
	assert_answer(xoauth2, "e30=", "");
	assert_string_equal(sasl_server_error(xoauth2), "{}");
	assert_answer(oauthbearer, "", "AQ==");
	assert_null(sasl_server_error(oauthbearer));
}

static void test_no_base64(void **state)
{
	static const char *const texts[] = {"!", "e30", "e30==", "e3 0=", "e30=\x1b",
		" e30=", "e30= ", "{\"status\":\"401\"}", "e31=", "=", "\xff\xff"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Sasl) sasl = begin(SASL_LOGIN);

		assert_invalid(sasl, texts[i]);
	}
}

static void test_decode(void **state)
{
	size_t size;
	g_autofree guchar *empty = sasl_decode_base64("", &size);
	g_autofree guchar *bytes = NULL;

	(void)state;
	assert_non_null(empty);
	assert_int_equal(size, 0);
	bytes = sasl_decode_base64("AP8K", &size);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "\0\xff\n", 3);
	assert_null(sasl_decode_base64("AP8", &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_too_long_for_the_line),
		cmocka_unit_test(test_when_asked_for),
		cmocka_unit_test(test_server_first),
		cmocka_unit_test(test_empty_answers),
		cmocka_unit_test(test_no_base64),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
