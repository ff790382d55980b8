/* Large answers, and searches that are refused before anything is sent. */
#include "imap_fixture.h"

enum { MANY = 1000000 };

static void test_a_million_numbers(void **state)
{
	g_autoptr(GString) answers = g_string_new("* SEARCH");
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;
	g_autoptr(GArray) uids = NULL;
	const ImapSearch search = {0};

	(void)state;
	for (unsigned i = MANY; i > 0; i--)
		g_string_append_printf(answers, " %u", 2 * i);
	g_string_append(answers, "\r\nM2 OK\r\n");
	session = fixture_open("IMAP4rev1", answers->str);
	uids = imap_search(session, &search, &error);
	assert_null(error);
	assert_int_equal(uids->len, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(g_array_index(uids, uint32_t, i), 2 * (i + 1));
}

static void test_a_million_ranges(void **state)
{
	g_autoptr(GString) answers = g_string_new("* ESEARCH (TAG \"M2\") UID ALL 1");
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;
	g_autoptr(GArray) uids = NULL;
	const ImapSearch search = {0};

	(void)state;
	for (unsigned i = 1; i < MANY; i++)
		g_string_append_printf(answers, ",%u", 1 + 2 * i);
	g_string_append(answers, "\r\nM2 OK\r\n");
	session = fixture_open("IMAP4rev1 ESEARCH", answers->str);
	uids = imap_search(session, &search, &error);
	assert_null(error);
	assert_int_equal(uids->len, MANY);
}

static void test_limits(void **state)
{
	g_autofree char *most =
		g_strdup_printf("* ESEARCH UID ALL 5:%u\r\nM2 OK\r\n", IMAP_SEARCH_LIMIT + 4);
	g_autofree char *more =
		g_strdup_printf("* ESEARCH UID ALL 5:%u\r\nM2 OK\r\n", IMAP_SEARCH_LIMIT + 5);
	const ImapSearch search = {0};
	const char *const answers[] = {most, more};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 ESEARCH", answers[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(GArray) uids = imap_search(session, &search, &error);

		assert_int_equal(uids != NULL, i == 0);
		if (error)
			fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	}
}

/* Ranges that overlap count as often as they are told: memory is bounded before it is taken. */
static void test_overlapping_ranges(void **state)
{
	static const char *const sets[] = {
		"1:4294967295",
		"4294967295:1",
		"1:3000000,1:3000000",
		"7,2:4294967295",
		"4294967295,1:4194304",
	};
	const ImapSearch search = {0};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
		g_autofree char *answer =
			g_strdup_printf("* ESEARCH (TAG \"M2\") UID ALL %s\r\nM2 OK\r\n", sets[i]);
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 ESEARCH", answer);
		g_autoptr(GError) error = NULL;

		assert_null(imap_search(session, &search, &error));
		fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
		assert_false(imap_is_alive(session));
	}
}

static void test_overlapping_ranges_within_the_limit(void **state)
{
	g_autoptr(ImapSession) session = fixture_open(
		"IMAP4rev1 ESEARCH", "* ESEARCH (TAG \"M2\") UID ALL 5:9,7:12,12,9:5\r\nM2 OK\r\n");
	const ImapSearch search = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) uids = imap_search(session, &search, &error);
	g_autofree char *set = NULL;

	(void)state;
	assert_null(error);
	set = imap_uid_set_format((const uint32_t *)(void *)uids->data, uids->len);
	assert_string_equal(set, "5:12");
}

static void test_answers_that_are_none(void **state)
{
	static const char *const answers[] = {
		"* SEARCH 1 2 garbage\r\n",
		"* SEARCH garbage\r\n",
		"* SEARCH 1 2 {3}\r\nabc\r\n",
		"* SEARCH 1 2,3\r\n",
		"* SEARCH 1 2 (MODSEQ 9) 3\r\n",
		"* SEARCH 1 2 (MODSEQ 9\r\n",
		"* ESEARCH UID ALL 1,2 garbage\r\n",
		"* ESEARCH UID ALL\r\n",
		"",
		"* 0 RECENT\r\n",
		"* 3 EXISTS\r\n",
	};
	const ImapSearch search = {0};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *all = g_strconcat(answers[i], "M2 OK\r\n", NULL);
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 ESEARCH", all);
		g_autoptr(GError) error = NULL;

		assert_null(imap_search(session, &search, &error));
		fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
		assert_false(imap_is_alive(session));
	}
}

static void test_refused_beforehand(void **state)
{
	g_autofree char *digits = g_strnfill(IMAP_SET_LIMIT + 1, '1');
	const struct {
		ImapSearch search;
		Failure failure;
	} rows[] = {
		{{.uid_set = ""}, FAILURE_UID_SET_INVALID},
		{{.uid_set = "1\r\nM3 DELETE INBOX"}, FAILURE_UID_SET_INVALID},
		{{.uid_set = "1 DELETED"}, FAILURE_UID_SET_INVALID},
		{{.uid_set = digits}, FAILURE_UID_SET_INVALID},
		{{.text = "a\r\nb"}, FAILURE_USAGE},
		{{.text = "\xff"}, FAILURE_USAGE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "");
		g_autoptr(GError) error = NULL;

		assert_null(imap_search(session, &rows[i].search, &error));
		fixture_assert_failure(&error, rows[i].failure);
		assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_million_numbers),
		cmocka_unit_test(test_a_million_ranges),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_overlapping_ranges),
		cmocka_unit_test(test_overlapping_ranges_within_the_limit),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_refused_beforehand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
