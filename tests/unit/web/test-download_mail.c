/* Numbers of mails as addresses and forms have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "web/download_mail.h"

static void test_numbers(void **state)
{
	const char *const wrong[] = {"", "0", "-1", "+1", " 1", "1 ", "1.0", "0x1", "x",
		"9223372036854775808", "99999999999999999999"};
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	(void)state;
	assert_int_equal(download_number("9223372036854775807"), INT64_MAX);
	assert_int_equal(download_number(NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_int_equal(download_number(wrong[i]), 0);
	assert_true(download_add_id(ids, "7", NULL) && download_add_id(ids, "7", NULL));
	assert_int_equal(ids->len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
