/* Putting messages into folders; the conversations are in tests/dialogue. */
#include "imap_fixture.h"

static const char message[] = "Subject: Probe\r\n\r\nGr\xfc\xdf"
			      "e\r\n";

static ImapAppend make_append(void)
{
	return (ImapAppend){
		.bytes = message,
		.size = strlen(message),
		.flags = "\\Seen",
		.date = 837593065,
	};
}

static void test_appends_at_once(void **state)
{
	const ImapAppend append = make_append();
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1 LITERAL+ UIDPLUS", "M2 OK [APPENDUID 7 4711] done\r\n");
	g_autoptr(GError) error = NULL;
	uint32_t uid = 0;

	(void)state;
	assert_true(imap_append(session, "Gesendete Entwürfe", &append, &uid, &error));
	assert_int_equal(uid, 4711);
	assert_non_null(strstr(fixture_said(session),
		"M2 APPEND \"Gesendete Entw&APw-rfe\" (\\Seen) \"17-Jul-1996 08:44:25 +0000\""
		" {25+}\r\nSubject: Probe\r\n\r\nGr\xfc\xdf"
		"e\r\n\r\n"));
}

static void test_asks_before_a_literal(void **state)
{
	ImapAppend append = make_append();
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "+ go\r\nM2 OK done\r\n");
	g_autoptr(GError) error = NULL;
	uint32_t uid = 99;

	(void)state;
	append.flags = NULL;
	append.date = 0;
	assert_true(imap_append(session, "INBOX", &append, &uid, &error));
	assert_int_equal(uid, 0);
	assert_non_null(strstr(fixture_said(session),
		"M2 APPEND \"INBOX\" {25}\r\nSubject: Probe\r\n\r\nGr\xfc\xdf"
		"e\r\n\r\n"));
}

/* Not a byte of it is sent where the server does not want it. */
static void test_sends_nothing_that_is_refused(void **state)
{
	const ImapAppend append = make_append();
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "M2 NO [OVERQUOTA] full\r\nM3 OK\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(imap_append(session, "Sent", &append, NULL, &error));
	fixture_assert_failure(&error, FAILURE_COMMAND_REFUSED);
	assert_null(strstr(fixture_said(session), "Subject"));
	assert_true(imap_is_alive(session));
	assert_true(imap_noop(session, &error));
}

static void test_makes_the_folder(void **state)
{
	const ImapAppend append = make_append();
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1",
		"M2 NO [TRYCREATE] none\r\nM3 OK\r\n+ go\r\nM4 OK [APPENDUID 1 1] done\r\n");
	g_autoptr(GError) error = NULL;
	uint32_t uid = 0;

	(void)state;
	assert_true(imap_append(session, "Sent", &append, &uid, &error));
	assert_int_equal(uid, 1);
	assert_non_null(strstr(fixture_said(session), "M3 CREATE \"Sent\"\r\nM4 APPEND \"Sent\""));
}

static void test_a_nonsensical_uid_is_none(void **state)
{
	const ImapAppend append = make_append();
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1 LITERAL+", "M2 OK [APPENDUID 7 -3] done\r\n");
	uint32_t uid = 5;

	(void)state;
	assert_true(imap_append(session, "Sent", &append, &uid, NULL));
	assert_int_equal(uid, 0);
}

static void test_finds_a_message_id(void **state)
{
	const ImapSearch search = {.message_id = "1@amt.example"};
	const ImapSearch hostile = {.message_id = "1@amt.example\r\nM9 LOGOUT"};
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "* SEARCH 4\r\nM2 OK\r\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) uids = imap_search(session, &search, &error);

	(void)state;
	assert_null(error);
	assert_int_equal(uids->len, 1);
	assert_non_null(strstr(fixture_said(session),
		"M2 UID SEARCH ALL HEADER Message-ID \"1@amt.example\"\r\n"));
	assert_null(imap_search(session, &hostile, &error));
	fixture_assert_failure(&error, FAILURE_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends_at_once),
		cmocka_unit_test(test_asks_before_a_literal),
		cmocka_unit_test(test_sends_nothing_that_is_refused),
		cmocka_unit_test(test_makes_the_folder),
		cmocka_unit_test(test_a_nonsensical_uid_is_none),
		cmocka_unit_test(test_finds_a_message_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
