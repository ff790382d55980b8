/* PLAIN and LOGIN: their messages, and no answer after the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "sasl/sasl.h"

static Sasl *begin(SaslMechanism mechanism, const char *authorize_as, const char *password)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));
	SaslIdentity identity = {"tim", authorize_as, secret};
	Sasl *sasl = sasl_new(mechanism, &identity, NULL, NULL);

	assert_non_null(sasl);
	return sasl;
}

static void assert_step(Sasl *sasl, const char *challenge, const char *expected, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Secret) response =
		sasl_step(sasl, challenge, challenge ? strlen(challenge) : 0, &error);

	assert_non_null(response);
	assert_int_equal(secret_size(response), size);
	assert_memory_equal(secret_text(response), expected, size);
}

static void assert_ended(Sasl *sasl)
{
	g_autoptr(GError) error = NULL;

	assert_true(sasl_is_complete(sasl));
	assert_null(sasl_step(sasl, "more", 4, &error));
	assert_true(failure_is(error, FAILURE_SASL_INVALID));
}

/* RFC 4616 section 4. */
static void test_plain(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_PLAIN, NULL, "tanstaaftanstaaf");
	g_autoptr(Sasl) other = begin(SASL_PLAIN, "Ursel", "xipj3plmq");

	(void)state;
	assert_true(sasl_is_client_first(sasl));
	assert_false(sasl_is_complete(sasl));
	assert_step(sasl, NULL, "\0tim\0tanstaaftanstaaf", 21);
	assert_ended(sasl);
	assert_step(other, "", "Ursel\0tim\0xipj3plmq", 19);
}

static void test_plain_leaves_text_as_it_is(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_PLAIN, NULL, "u\xcc\x88\xc2\xaa");

	(void)state;
	assert_step(sasl, NULL, "\0tim\0u\xcc\x88\xc2\xaa", 10);
}

static void test_login(void **state)
{
	g_autoptr(Sasl) sasl = begin(SASL_LOGIN, NULL, "p\xe4ss\"\\");

	(void)state;
	assert_false(sasl_is_client_first(sasl));
	assert_step(sasl, "User Name", "tim", 3);
	assert_false(sasl_is_complete(sasl));
	assert_step(sasl, "Password", "p\xe4ss\"\\", 6);
	assert_ended(sasl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_leaves_text_as_it_is),
		cmocka_unit_test(test_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
