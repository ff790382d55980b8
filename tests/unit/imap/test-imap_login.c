/* What login sends for odd user names and passwords, and that it never tells them. The
 * conversations themselves are in tests/dialogue. */
#include "imap_fixture.h"

static bool login(
	ImapSession *session, const char *user, const char *text, size_t size, GError **error)
{
	g_autoptr(Secret) password = secret_new(text, size);
	SaslIdentity identity = {user, NULL, password};

	return imap_login(session, &identity, error);
}

static bool login_by_token(ImapSession *session, const char *text, size_t size, GError **error)
{
	g_autoptr(Secret) token = secret_new(text, size);
	SaslIdentity identity = {.username = "maier", .token = token};

	return imap_login(session, &identity, error);
}

static void test_arguments_that_cannot_be(void **state)
{
	static const struct {
		const char *user, *password;
		size_t size;
	} rows[] = {
		{"maier", "a\r\nM3 DELETE INBOX", 18},
		{"maier", "a\nb", 3},
		{"maier", "a\0b", 3},
		{"ma\rier", "ab", 2},
		{"ma\nier", "ab", 2},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 AUTH=PLAIN", "");
		g_autoptr(GError) error = NULL;

		assert_false(login(session, rows[i].user, rows[i].password, rows[i].size, &error));
		fixture_assert_failure(&error, FAILURE_LOGIN_UNUSABLE);
		assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
	}
}

/* Bytes that are no UTF-8 only go where any bytes may. */
static void test_eight_bit_password(void **state)
{
	g_autoptr(ImapSession) session = fixture_open(
		"IMAP4rev1 LITERAL+ AUTH=PLAIN", "M2 OK [CAPABILITY IMAP4rev1] in\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(login(session, "maier",
		"stra\xdf"
		"e",
		6, &error));
	assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n"
						   "M2 LOGIN \"maier\" {6+}\r\nstra\xdf"
						   "e\r\n");
}

static void test_refusal_tells_no_password(void **state)
{
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "M2 NO [AUTHENTICATIONFAILED] not you\r\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	assert_false(login(session, "maier", "Tannenbaum", 10, &error));
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, "maier"));
	assert_non_null(strstr(error->message, "not you"));
	assert_null(strstr(error->message, "Tannenbaum"));
	fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
}

static void test_capabilities_are_those_after_login(void **state)
{
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1 IDLE", "M2 OK\r\n* CAPABILITY IMAP4rev1 MOVE\r\nM3 OK\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(login(session, "maier", "x", 1, &error));
	assert_true(imap_has(session, IMAP_CAP_MOVE));
	assert_false(imap_has(session, IMAP_CAP_IDLE));
}

/* A token of SIZE letters; whether it goes with the command, which it must as WITH_COMMAND says. */
static void check_token(size_t size, bool with_command)
{
	g_autofree char *answers = g_strconcat(
		with_command ? "" : "+ \r\n", "M2 OK [CAPABILITY IMAP4rev1] in\r\n", NULL);
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 SASL-IR AUTH=XOAUTH2", answers);
	g_autofree char *token = g_strnfill(size, 't');
	g_autofree char *message = g_strconcat("user=maier\x01"
					       "auth=Bearer ",
		token, "\x01\x01", NULL);
	g_autofree char *line = g_base64_encode((const guchar *)message, strlen(message));
	g_autofree char *expected = g_strconcat("M1 CAPABILITY\r\nM2 AUTHENTICATE XOAUTH2",
		with_command ? " " : "\r\n", line, "\r\n", NULL);
	g_autoptr(GError) error = NULL;

	assert_true(login_by_token(session, token, size, &error));
	assert_string_equal(fixture_said(session), expected);
	if (with_command)
		assert_true(strlen(expected) < 4000);
}

static void test_tokens_of_any_length(void **state)
{
	static const struct {
		size_t size;
		bool with_command;
	} rows[] = {{1, true}, {2000, true}, {2800, true}, {2950, false}, {4096, false},
		{16384, false}, {65536, false}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_token(rows[i].size, rows[i].with_command);
}

static void test_tokens_that_cannot_be(void **state)
{
	static const struct {
		const char *token;
		size_t size;
	} rows[] = {{"", 0}, {"a b", 3}, {"a\r\nM3 DELETE INBOX", 18}, {"a\0b", 3},
		{"a\x01"
		 "b",
			3}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 AUTH=XOAUTH2", "");
		g_autoptr(GError) error = NULL;

		assert_false(login_by_token(session, rows[i].token, rows[i].size, &error));
		fixture_assert_failure(&error, FAILURE_LOGIN_UNUSABLE);
		assert_string_equal(fixture_said(session), "M1 CAPABILITY\r\n");
		assert_true(imap_is_alive(session));
	}
}

/* What the server said to the token stands beside its NO; the token does not. */
static void test_refusal_of_a_token(void **state)
{
	static const struct {
		const char *answers, *message;
	} rows[] = {
		{"+ eyJzdGF0dXMiOiI0MDEifQ==\r\nM2 NO no\r\n",
			"AUTHENTICATE, to which the server said {\"status\":\"401\"}: NO no"},
		{"+ G1szMW0=\r\nM2 BAD no\r\n",
			"AUTHENTICATE, to which the server said \xef\xbf\xbd[31m: BAD no"},
		{"M2 NO AUTHENTICATE failed.\r\n", "AUTHENTICATE: NO AUTHENTICATE failed."},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session =
			fixture_open("IMAP4rev1 SASL-IR AUTH=XOAUTH2", rows[i].answers);
		g_autoptr(GError) error = NULL;

		assert_false(login_by_token(session, "Tannenbaum", 10, &error));
		assert_string_equal(error->message, rows[i].message);
		fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
		assert_true(imap_is_alive(session));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_that_cannot_be),
		cmocka_unit_test(test_eight_bit_password),
		cmocka_unit_test(test_refusal_tells_no_password),
		cmocka_unit_test(test_capabilities_are_those_after_login),
		cmocka_unit_test(test_tokens_of_any_length),
		cmocka_unit_test(test_tokens_that_cannot_be),
		cmocka_unit_test(test_refusal_of_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
