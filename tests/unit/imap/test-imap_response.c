/* What comes in: conditions, codes, capabilities, throttling, and what is no response at all. */
#include "imap_fixture.h"

static ImapReply read_one(const char *answer, ImapSession **session)
{
	g_autoptr(GError) error = NULL;
	ImapReply reply;

	*session = fixture_open("IMAP4rev1", answer);
	assert_true(imap_read(*session, NULL, &reply, &error));
	return reply;
}

static void test_conditions_and_codes(void **state)
{
	static const struct {
		const char *line;
		ImapCondition condition;
		ImapCode code;
		const char *text;
	} rows[] = {
		{"* OK\r\n", IMAP_OK, IMAP_CODE_NONE, ""},
		{"* ok hello\r\n", IMAP_OK, IMAP_CODE_NONE, "hello"},
		{"* NO [UNAVAILABLE] later\r\n", IMAP_NO, IMAP_CODE_UNAVAILABLE, "later"},
		{"* NO [unavailable]\r\n", IMAP_NO, IMAP_CODE_UNAVAILABLE, ""},
		{"* BAD [BADCHARSET (UTF-8)] x\r\n", IMAP_BAD, IMAP_CODE_OTHER, "x"},
		{"* OK [UIDNEXT 7\r\n", IMAP_OK, IMAP_CODE_UIDNEXT, ""},
		{"* OK [] x\r\n", IMAP_OK, IMAP_CODE_OTHER, "x"},
		{"* OK text {5}\r\n", IMAP_OK, IMAP_CODE_NONE, "text {5}"},
		{"* PREAUTH x\r\n", IMAP_PREAUTH, IMAP_CODE_NONE, "x"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = NULL;
		ImapReply reply = read_one(rows[i].line, &session);

		assert_int_equal(reply.kind, IMAP_UNTAGGED);
		assert_int_equal(reply.condition, rows[i].condition);
		assert_int_equal(reply.code, rows[i].code);
		assert_string_equal(session->text->str, rows[i].text);
	}
}

static void test_uid_codes(void **state)
{
	static const struct {
		const char *line;
		uint32_t validity;
	} rows[] = {
		{"* OK [UIDVALIDITY 4294967295] x\r\n", 4294967295u},
		{"* OK [UIDVALIDITY 4294967296] x\r\n", 0},
		{"* OK [UIDVALIDITY -1] x\r\n", 0},
		{"* OK [UIDVALIDITY] x\r\n", 0},
		{"* OK [UIDVALIDITY 1 2] x\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = NULL;

		read_one(rows[i].line, &session);
		assert_int_equal(session->uid_validity, rows[i].validity);
	}
}

static void test_capabilities(void **state)
{
	g_autoptr(ImapSession) session = NULL;

	(void)state;
	read_one("* CAPABILITY imap4rev1 move AUTH=plain Auth=SCRAM-SHA-256 AUTH=X LITERAL- \r\n",
		&session);
	assert_true(imap_has(session, IMAP_CAP_MOVE));
	assert_true(imap_has(session, IMAP_CAP_LITERAL_MINUS));
	assert_false(imap_has(session, IMAP_CAP_LITERAL_PLUS));
	assert_false(imap_has(session, IMAP_CAP_MOVE | IMAP_CAP_IDLE));
	assert_int_equal(session->mechanisms, SASL_PLAIN | SASL_SCRAM_SHA_256);
}

static void test_throttling(void **state)
{
	static const struct {
		const char *text;
		bool throttled;
		unsigned backoff;
	} rows[] = {
		{"Request is throttled. Suggested Backoff Time: 297345 milliseconds", true, 297345},
		{"request is throttled", true, 0},
		{"Request is throttled. Suggested Backoff Time: 99999999999999999999", true,
			IMAP_BACKOFF_LIMIT},
		{"Suggested Backoff Time: -5 milliseconds", true, IMAP_BACKOFF_LIMIT},
		{"all is well", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line = g_strdup_printf("M2 NO %s\r\n", rows[i].text);
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", line);
		g_autoptr(GError) error = NULL;

		assert_false(imap_noop(session, &error));
		fixture_assert_failure(
			&error, rows[i].throttled ? FAILURE_THROTTLED : FAILURE_COMMAND_REFUSED);
		assert_int_equal(imap_backoff(session), rows[i].backoff);
		assert_int_equal(imap_is_alive(session), !rows[i].throttled);
	}
}

static void test_bye_tells_what_came_before(void **state)
{
	g_autoptr(ImapSession) session = fixture_open(
		"IMAP4rev1", "* NO Server busy\x1b[2J\r\n* BYE Connection closed. 14\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(imap_noop(session, &error));
	assert_non_null(strstr(error->message, "Connection closed. 14"));
	assert_non_null(strstr(error->message, "Server busy"));
	assert_null(strchr(error->message, '\x1b'));
	fixture_assert_failure(&error, FAILURE_SERVER_BYE);
}

static void test_garbage(void **state)
{
	static const char *const answers[] = {
		"\r\n",
		"\n",
		" M2 OK\r\n",
		"*\r\n",
		"* \r\n",
		"**\r\n",
		"* 5\r\n",

		"* 4294967296 EXISTS\r\n",
		"M\r\n",
		"M2\r\n",
		"M02x OK\r\n",
		"M2OK\r\n",
		"M2 \r\n",
		"M2 PREAUTH\r\n",
		"M2 BYE\r\n",
		"m2 OK\r\n",
		"M3 OK\r\n",
		"M1 OK\r\n",
		"M0 OK\r\n",
		"M99999999999999999999 OK\r\n",
		"A2 OK\r\n",
		"+\r\n",
		"+ idling\r\n",
		"\x16\x03\x01",
		"HTTP/1.1 400 Bad Request\r\n",
		"* 1 FETCH (\r\n",
		"* 1 FETCH )\r\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", answers[i]);
		g_autoptr(GError) error = NULL;

		assert_false(imap_noop(session, &error));
		fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
		assert_false(imap_is_alive(session));
	}
}

static void test_the_end_is_a_lost_connection(void **state)
{
	static const char answer[] = "* 5 EXISTS\r\nM2 OK done\r\n";

	(void)state;
	for (size_t size = 0; size < strlen(answer); size++) {
		g_autoptr(ImapSession) session = fixture_open_chunked("IMAP4rev1", answer, size, 1);
		g_autoptr(GError) error = NULL;

		assert_false(imap_noop(session, &error));
		fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions_and_codes),
		cmocka_unit_test(test_uid_codes),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_throttling),
		cmocka_unit_test(test_bye_tells_what_came_before),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_the_end_is_a_lost_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
