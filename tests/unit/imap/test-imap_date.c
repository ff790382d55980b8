/* INTERNALDATE and SEARCH's day. */
#include "imap_fixture.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"17-Jul-1996 02:44:25 -0700", 837596665},
		{" 1-Jan-1970 00:00:00 +0000", 0},
		{"01-jan-1970 01:30:00 +0130", 0},
		{"29-Feb-2024 23:59:60 +0000", 1709251200},
		{"19-Jan-2038 03:14:08 +0000", 2147483648},
		{"31-Dec-1969 23:59:59 +0000", -1},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int64_t seconds = 7;

		assert_true(imap_date_parse(rows[i].text, &seconds));
		assert_int_equal(seconds, rows[i].seconds);
	}
}

static void test_nonsense_leaves_the_result(void **state)
{
	static const char *const rows[] = {"", "17-Jul-1996", "17-Foo-1996 02:44:25 -0700",
		"17-Jul-1996 02:44:25", "17-Jul-1996 02:44:25 GMT", "32-Jul-1996 02:44:25 +0000",
		"17-Jul-1996 24:44:25 +0000", "17-Jul-1996 02:60:25 +0000",
		"17-Jul-1996 02:44:25 +9900", "0-Jul-1996 02:44:25 +0000",
		"17-Jul-1996 -2:44:25 +0000", "17-Jul-1996 02:44:25 +07"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int64_t seconds = 7;

		assert_false(imap_date_parse(rows[i], &seconds));
		assert_int_equal(seconds, 7);
	}
}

static void test_format(void **state)
{
	g_autofree char *first = imap_date_format(0);
	g_autofree char *last = imap_date_format(1709251199);

	(void)state;
	assert_string_equal(first, "1-Jan-1970");
	assert_string_equal(last, "29-Feb-2024");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nonsense_leaves_the_result),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
