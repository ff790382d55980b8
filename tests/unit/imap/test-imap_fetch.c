/* Fetching: bodies that are not read, chunks by length, many mails. The conversations are in
 * tests/dialogue. */
#include "imap_fixture.h"

static void assert_missing(const ImapFetch *fetch, const char *expected)
{
	const GArray *missing = imap_fetch_missing(fetch, NULL);
	g_autofree char *set =
		imap_uid_set_format((const uint32_t *)(void *)missing->data, missing->len);

	assert_string_equal(set, expected);
}

static void test_bodies_that_nobody_reads_are_skipped(void **state)
{
	static const uint32_t uids[] = {1, 2};
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1",
		"* 1 FETCH (BODY[] {5}\r\n12345 UID 1)\r\n* 2 FETCH (UID 2 BODY[] \"ab\")\r\n"
		"M2 OK\r\nM3 OK\r\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(session, uids, 2, IMAP_ITEMS_RAW, &error);
	ImapMessage message;

	(void)state;
	assert_true(imap_fetch_next(fetch, &message, &error));
	assert_int_equal(message.uid, 0);
	assert_int_equal(message.size, 5);
	assert_true(imap_fetch_end(fetch, &message, &error));
	assert_int_equal(message.uid, 1);
	assert_true(imap_fetch_next(fetch, &message, &error));
	assert_int_equal(message.size, 2);
	assert_true(imap_fetch_end(fetch, &message, &error));
	assert_false(imap_fetch_next(fetch, &message, &error));
	assert_null(error);
	assert_missing(fetch, "");
	assert_false(imap_fetch_next(fetch, &message, &error));
	g_clear_pointer(&fetch, imap_fetch_free);
	assert_true(imap_noop(session, &error));
}

static void test_unfinished_fetch_ends_the_session(void **state)
{
	static const uint32_t uids[] = {1};
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "* 1 FETCH (UID 1 BODY[] {5}\r\n12345)\r\nM2 OK\r\n");
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(session, uids, 1, IMAP_ITEMS_RAW, NULL);
	ImapMessage message;

	(void)state;
	assert_true(imap_fetch_next(fetch, &message, NULL));
	g_clear_pointer(&fetch, imap_fetch_free);
	assert_false(imap_is_alive(session));
}

static void test_nothing_to_fetch(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "");
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(session, NULL, 0, IMAP_ITEMS_RAW, &error);
	ImapMessage message;

	(void)state;
	assert_false(imap_fetch_next(fetch, &message, &error));
	assert_null(error);
	assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
}

/* Sparse UIDs fill the command's length before their number; the third command is sent with the
 * first. */
static void test_long_sets_are_cut(void **state)
{
	enum { COUNT = 3000 };
	g_autofree uint32_t *uids = g_new(uint32_t, COUNT);
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "M2 OK\r\nM3 OK\r\nM4 OK\r\nM5 OK\r\nM6 OK\r\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapFetch) fetch = NULL;
	g_auto(GStrv) lines = NULL;
	ImapMessage message;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++)
		uids[i] = 4000000000u + 2 * i;
	fetch = imap_fetch_begin(session, uids, COUNT, IMAP_ITEMS_RAW, &error);
	assert_false(imap_fetch_next(fetch, &message, &error));
	assert_null(error);
	lines = g_strsplit(fixture_said(session), "\r\n", -1);
	assert_int_equal(g_strv_length(lines), 7);
	for (char **line = lines; *line; line++)
		assert_true(strlen(*line) < 8192);
	assert_int_equal(imap_fetch_missing(fetch, NULL)->len, COUNT);
}

static void append_mails(GString *answers, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		g_string_append_printf(answers,
			"* %u FETCH (UID %u FLAGS (\\Seen) BODY[] {%zu}\r\n%u)\r\n", i, i,
			strlen("x") * (i > 9999		? 5
					      : i > 999 ? 4
					      : i > 99	? 3
					      : i > 9	? 2
							: 1),
			i);
		if (i % 1000 == 0)
			g_string_append_printf(answers, "M%u OK\r\n", i / 1000 + 1);
	}
}

static void test_many(void **state)
{
	enum { COUNT = 20000 };
	g_autoptr(GString) answers = g_string_new(NULL);
	g_autofree uint32_t *uids = g_new(uint32_t, COUNT);
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;
	g_autoptr(ImapFetch) fetch = NULL;
	ImapMessage message;
	unsigned count = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++)
		uids[i] = i + 1;
	append_mails(answers, COUNT);
	session = fixture_open_chunked("IMAP4rev1", answers->str, answers->len, 1000);
	fetch = imap_fetch_begin(session, uids, COUNT, IMAP_ITEMS_RAW, &error);
	while (imap_fetch_next(fetch, &message, &error)) {
		g_autoptr(GString) body = g_string_new(NULL);
		g_autofree char *expected = g_strdup_printf("%u", ++count);
		const void *data;
		ssize_t size;

		while ((size = imap_fetch_read(fetch, &data, &error)) > 0)
			g_string_append_len(body, data, size);
		assert_int_equal(size, 0);
		assert_true(imap_fetch_end(fetch, &message, &error));
		assert_int_equal(message.uid, count);
		assert_true(message.seen);
		assert_string_equal(body->str, expected);
	}
	assert_null(error);
	assert_int_equal(count, COUNT);
	assert_missing(fetch, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies_that_nobody_reads_are_skipped),
		cmocka_unit_test(test_unfinished_fetch_ends_the_session),
		cmocka_unit_test(test_nothing_to_fetch),
		cmocka_unit_test(test_long_sets_are_cut),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
