/* Opening, what becomes of failures, closing. */
#include "imap_fixture.h"

static ImapSession *open_raw(const char *text, GError **error)
{
	g_autoptr(GBytes) input = g_bytes_new(text, strlen(text));

	return imap_open(stream_open_memory(input, 3), error);
}

static void test_open_failures(void **state)
{
	static const struct {
		const char *text;
		Failure failure;
	} rows[] = {
		{"", FAILURE_CONNECTION_LOST},
		{"* OK", FAILURE_CONNECTION_LOST},
		{"* BYE no\r\n", FAILURE_SERVER_BYE},
		{"* BYE\r\n", FAILURE_SERVER_BYE},
		{"* BYE Request is throttled.\r\n", FAILURE_THROTTLED},
		{"* OK\r\nM1 NO\r\n", FAILURE_SERVER_GARBAGE},
		{"torn\r\ntorn again\r\n", FAILURE_SERVER_GARBAGE},
		{"SSH-2.0-OpenSSH_9.2\r\nInvalid SSH identification string.\r\n",
			FAILURE_SERVER_GARBAGE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(open_raw(rows[i].text, &error));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

static void test_endless_greeting(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	for (int i = 0; i < IMAP_GREETING_LINES + 1; i++)
		g_string_append(text, "* OK still thinking\r\n");
	g_string_append(text, "M1 OK\r\n");
	assert_null(open_raw(text->str, &error));
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
}

static void test_greeting_is_dropped(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = open_raw(
		"VE]\r\n* 7 EXISTS\r\nA003 OK x\r\n* CAPABILITY IMAP4rev1 MOVE\r\n+ old\r\n"
		"* CAPABILITY IMAP4rev1 IDLE\r\nM1 OK\r\nM2 OK\r\n",
		&error);

	(void)state;
	assert_non_null(session);
	assert_false(imap_has(session, IMAP_CAP_MOVE));
	assert_true(imap_has(session, IMAP_CAP_IDLE));
	assert_false(imap_is_preauthenticated(session));
	assert_true(imap_noop(session, &error));
	assert_true(imap_bytes(session) > 100);
}

/* Which failures end a session is decided by their code. */
static void test_failures_and_life(void **state)
{
	static const struct {
		Failure failure;
		bool alive;
	} rows[] = {
		{FAILURE_SERVER_GARBAGE, false},
		{FAILURE_SERVER_BYE, false},
		{FAILURE_TIMEOUT, false},
		{FAILURE_CANCELLED, false},
		{FAILURE_FOLDER_UNKNOWN, true},
		{FAILURE_LOGIN_REFUSED, true},
		{FAILURE_COMMAND_REFUSED, true},
		{FAILURE_UID_SET_INVALID, true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "");
		g_autoptr(GError) error = NULL;

		assert_false(imap_fail(session, &error, rows[i].failure, "x", "because"));
		fixture_assert_failure(&error, rows[i].failure);
		assert_int_equal(imap_is_alive(session), rows[i].alive);
	}
}

static void test_failures_name_the_host(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "?\r\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	assert_false(imap_noop(session, &error));
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, stream_host(session->stream)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_failures),
		cmocka_unit_test(test_endless_greeting),
		cmocka_unit_test(test_greeting_is_dropped),
		cmocka_unit_test(test_failures_and_life),
		cmocka_unit_test(test_failures_name_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
