/* Changes of many mails: sets cut into commands. The conversations are in tests/dialogue. */
#include "imap_fixture.h"

enum { COUNT = 4000 };

static uint32_t *sparse_uids(void)
{
	uint32_t *uids = g_new(uint32_t, COUNT);

	for (uint32_t i = 0; i < COUNT; i++)
		uids[i] = 1000000000u + 2 * i;
	return uids;
}

/* Every line that the client said is short enough for any server. */
static void assert_lines_fit(ImapSession *session)
{
	g_auto(GStrv) lines = g_strsplit(fixture_said(session), "\r\n", -1);

	for (char **line = lines; *line; line++)
		assert_true(strlen(*line) < 8192);
}

static void test_flags_in_chunks(void **state)
{
	g_autofree uint32_t *uids = sparse_uids();
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "M2 OK\r\nM3 OK\r\nM4 OK\r\nM5 OK\r\nM6 OK\r\nM7 OK\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(imap_add_flag(session, uids, COUNT, "\\Seen", &error));
	assert_int_equal(session->last_tag, 7);
	assert_lines_fit(session);
	assert_non_null(strstr(fixture_said(session), "1000007998 +FLAGS.SILENT (\\Seen)\r\n"));
}

static void test_nothing_to_do_says_nothing(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "");

	(void)state;
	assert_true(imap_add_flag(session, NULL, 0, "\\Seen", NULL));
	assert_true(imap_move(session, NULL, 0, "Ziel", NULL));
	assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
}

/* A copy that fails marks nothing. */
static void test_move_stops_at_a_failed_copy(void **state)
{
	static const uint32_t uids[] = {1, 2};
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1 UIDPLUS", "M2 NO [OVERQUOTA] full\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(imap_move(session, uids, 2, "Ziel", &error));
	fixture_assert_failure(&error, FAILURE_COMMAND_REFUSED);
	assert_null(strstr(fixture_said(session), "STORE"));
	assert_null(strstr(fixture_said(session), "CREATE"));
}

static void test_move_into_an_impossible_folder(void **state)
{
	static const uint32_t uids[] = {1};
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 MOVE", "");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(imap_move(session, uids, 1, "a\r\nb", &error));
	fixture_assert_failure(&error, FAILURE_FOLDER_UNKNOWN);
	assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_in_chunks),
		cmocka_unit_test(test_nothing_to_do_says_nothing),
		cmocka_unit_test(test_move_stops_at_a_failed_copy),
		cmocka_unit_test(test_move_into_an_impossible_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
