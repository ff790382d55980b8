/* Sets of UIDs both ways, their limits, and the chunks that fit into a command. */
#include "imap_fixture.h"

static void test_format_and_parse(void **state)
{
	static const uint32_t uids[] = {4, 6, 7, 8, 10, 4294967294, 4294967295};
	g_autofree char *text = imap_uid_set_format(uids, G_N_ELEMENTS(uids));
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) back = imap_uid_set_parse(text, G_N_ELEMENTS(uids), &error);

	(void)state;
	assert_string_equal(text, "4,6:8,10,4294967294:4294967295");
	assert_null(error);
	assert_int_equal(back->len, G_N_ELEMENTS(uids));
	assert_memory_equal(back->data, uids, sizeof uids);
}

static void test_parse_sorts(void **state)
{
	static const uint32_t sorted[] = {1, 3, 4, 5, 9};
	g_autoptr(GArray) uids = imap_uid_set_parse("9,5:3,4,1,1:1", 100, NULL);

	(void)state;
	assert_int_equal(uids->len, G_N_ELEMENTS(sorted));
	assert_memory_equal(uids->data, sorted, sizeof sorted);
}

static void test_nonsense(void **state)
{
	static const char *const rows[] = {"", ",", "1,", "1,,2", "0", "0:5", "a", "1:", ":1",
		"1:2:3", "*", "1:*", "-1", "+1", " 1", "1 ", "4294967296", "1:1001",
		"1:4294967295"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(imap_uid_set_parse(rows[i], 1000, &error));
		fixture_assert_failure(&error, FAILURE_UID_SET_INVALID);
	}
	for (unsigned limit = 3; limit < 6; limit++) {
		g_autoptr(GArray) uids = imap_uid_set_parse("1:2,8:10", limit, NULL);

		assert_int_equal(uids != NULL, limit == 5);
	}
}

static void test_chunks(void **state)
{
	g_autoptr(GString) set = g_string_new("before");
	g_autofree uint32_t *uids = g_new(uint32_t, 5000);
	size_t done = 0, chunks = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		uids[i] = 4000000000u + 2 * i;
	while (done < 5000) {
		size_t size = imap_uid_set_chunk(set, uids + done, 5000 - done, 1000);
		g_autoptr(GArray) back = imap_uid_set_parse(set->str, 1000, NULL);

		assert_true(size > 0 && size <= 1000 && set->len <= IMAP_SET_LIMIT);
		assert_int_equal(back->len, size);
		assert_memory_equal(back->data, uids + done, size * sizeof *uids);
		done += size;
		chunks++;
	}
	assert_true(chunks >= 5 && chunks <= 8);
	for (uint32_t i = 0; i < 5000; i++)
		uids[i] = i + 1;
	assert_int_equal(imap_uid_set_chunk(set, uids, 5000, 1000), 1000);
	assert_string_equal(set->str, "1:1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_and_parse),
		cmocka_unit_test(test_parse_sorts),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
