/* What goes out: tags, quoting, literals, and that nothing can end a command early. */
#include "imap_fixture.h"

#define OPENED "M1 CAPABILITY\r\n"

static void test_can_carry(void **state)
{
	(void)state;
	assert_true(imap_command_can_carry("a\"\\\xff b", 6));
	assert_true(imap_command_can_carry("", 0));
	assert_false(imap_command_can_carry("a\rb", 3));
	assert_false(imap_command_can_carry("a\nb", 3));
	assert_false(imap_command_can_carry("a\0b", 3));
}

static void test_tags_and_quoting(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "");
	g_autoptr(ImapCommand) command = imap_command_new("EXAMINE");

	(void)state;
	imap_command_quoted(command, "a \"b\" \\c");
	assert_int_equal(imap_send(session, command, NULL), 2);
	assert_int_equal(imap_send(session, command, NULL), 3);
	assert_string_equal(fixture_said(session),
		OPENED "M2 EXAMINE \"a \\\"b\\\" \\\\c\"\r\nM3 EXAMINE \"a \\\"b\\\" \\\\c\"\r\n");
	session->alive = false;
}

/* A literal: with LITERAL+ at once, with LITERAL- up to 4,096 bytes, otherwise the server is waited
 * for. */
static void test_literals(void **state)
{
	static const struct {
		const char *capabilities;
		size_t size;
		const char *head;
	} rows[] = {
		{"IMAP4rev1 LITERAL+", 5000, "{5000+}\r\n"},
		{"IMAP4rev1 LITERAL-", 4096, "{4096+}\r\n"},
		{"IMAP4rev1 LITERAL-", 4097, "{4097}\r\n"},
		{"IMAP4rev1", 2000, "{2000}\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session =
			fixture_open(rows[i].capabilities, "+ go on\r\nM2 OK\r\n");
		g_autoptr(ImapCommand) command = imap_command_new("X");
		g_autofree char *text = g_strnfill(rows[i].size, 'x');
		g_autofree char *expected =
			g_strconcat(OPENED "M2 X ", rows[i].head, text, "\r\n", NULL);
		bool waits = !strchr(rows[i].head, '+');
		ImapReply reply;
		g_autoptr(GError) error = NULL;

		imap_command_string(command, session, text, rows[i].size);
		/* Where nothing is waited for, the server's "+" is out of place. */
		assert_int_equal(imap_run(session, command, NULL, &reply, &error), waits);
		assert_int_equal(imap_is_alive(session), waits);
		assert_string_equal(fixture_said(session), expected);
		session->alive = false;
	}
}

static void test_dead_session_sends_nothing(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", "M7 OK\r\n");
	g_autoptr(GError) error = NULL;
	ImapStatus status;

	(void)state;
	assert_false(imap_noop(session, &error));
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	assert_false(imap_is_alive(session));
	assert_false(imap_noop(session, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_false(imap_select(session, "INBOX", IMAP_READ_ONLY, &status, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_null(imap_fetch_begin(session, NULL, 0, IMAP_ITEMS_RAW, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_string_equal(fixture_said(session), OPENED "M2 NOOP\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_can_carry),
		cmocka_unit_test(test_tags_and_quoting),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_dead_session_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
