/* Who may sleep: so many of one user, so many in all, and each place is free again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "web/waits.h"

static void test_of_one_user(void **state)
{
	g_autoptr(Waits) waits = waits_new(2, 10);

	(void)state;
	assert_true(waits_take(waits, 7));
	assert_true(waits_take(waits, 7));
	assert_false(waits_take(waits, 7));
	assert_true(waits_take(waits, 8));
	waits_give(waits, 7);
	assert_true(waits_take(waits, 7));
	assert_false(waits_take(waits, 7));
}

static void test_in_all(void **state)
{
	g_autoptr(Waits) waits = waits_new(2, 5);

	(void)state;
	for (int64_t user = 1; user <= 5; user++)
		assert_true(waits_take(waits, user));
	assert_false(waits_take(waits, 6));
	assert_false(waits_take(waits, 1));
	for (int64_t user = 1; user <= 5; user++)
		waits_give(waits, user);
	assert_true(waits_take(waits, 6));
	assert_true(waits_take(waits, 6));
	assert_false(waits_take(waits, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_one_user),
		cmocka_unit_test(test_in_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
