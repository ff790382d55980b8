/* What login sends for odd user names and passwords, and that it never tells them. The
 * conversations themselves are in tests/dialogue. */
#include "imap_fixture.h"

#include <sodium.h>

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

/* What of a server's text comes into the message: all of it, or nothing. */
static void check_withheld(
	const char *capabilities, const char *password, const char *answers, const char *message)
{
	g_autoptr(ImapSession) session = fixture_open(capabilities, answers);
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	assert_false(login(session, "maier", password, strlen(password), &error));
	sentence = failure_sentence(error);
	assert_string_equal(error->message, message);
	assert_null(strstr(sentence, password));
	assert_null(session->sasl);
}

static void test_texts_that_repeat_the_password(void **state)
{
	static const struct {
		const char *password, *answers, *message;
	} rows[] = {
		{"Tannenbaum", "M2 NO LOGIN \"maier\" \"Tannenbaum\" failed\r\n",
			"LOGIN: NO " REPEATS_WITHHELD},
		{"Tannenbaum", "M2 NO [X Tannenbaum] [Tannenbau\r\n",
			"LOGIN: NO " REPEATS_WITHHELD},
		{"Tannenbaum", "M2 NO [X Tannenbaum] no\r\n", "LOGIN: NO no"},
		{"Tannenbaum", "M2 NO Tannenb\r\n", "LOGIN: NO Tannenb"},
		{"Tannenbaum", "* NO Tannenbaum\r\n* BYE Tannenbaum\r\n",
			"BYE " REPEATS_WITHHELD "; before it: " REPEATS_WITHHELD},
		{"Tannenbaum", "* BYE\r\n", "BYE "},
		{"Tannenbaum", "* BAD VGFubmVuYmF1bQ\r\n* BYE so\r\n",
			"BYE so; before it: " REPEATS_WITHHELD},
		{"Tannenbaum", "Tannenbaum\r\n", "a response begins with 0x54"},
		{"1234567", "M1234567 NO\r\n", "an answer to a command that was never sent"},
		{"1234567", "M1 NO\r\n", "an answer to M1, which is not awaited"},
		{"Tannen\x1b[m", "M2 BAD <Tannen\x1b[m>\r\n", "LOGIN: BAD " REPEATS_WITHHELD},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_withheld("IMAP4rev1", rows[i].password, rows[i].answers, rows[i].message);
	check_withheld("IMAP4rev1 LITERAL+",
		"stra\xdf"
		"e",
		"M2 NO stra\xdf"
		"e\r\n",
		"LOGIN: NO " REPEATS_WITHHELD);
}

/* A refusal keeps its meaning. */
static void test_withheld_refusals(void **state)
{
	static const struct {
		const char *answers;
		Failure failure;
	} rows[] = {
		{"M2 NO Tannenbaum\r\n", FAILURE_LOGIN_REFUSED},
		{"M2 NO [UNAVAILABLE] Tannenbaum\r\n", FAILURE_SERVER_UNAVAILABLE},
		{"M2 NO Server Unavailable. Tannenbaum\r\n", FAILURE_SERVER_UNAVAILABLE},
		{"M2 NO Request is throttled. Tannenbaum\r\n", FAILURE_THROTTLED},
		{"M2 NO Tannenbaum is authenticated but not connected.\r\n",
			FAILURE_LOGIN_NOT_CONNECTED},
		{"* BYE Request is throttled. Tannenbaum\r\n", FAILURE_THROTTLED},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", rows[i].answers);
		g_autoptr(GError) error = NULL;

		assert_false(login(session, "maier", "Tannenbaum", 10, &error));
		assert_non_null(strstr(error->message, REPEATS_WITHHELD));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

/* As long as the session lives. */
static void test_behind_the_login(void **state)
{
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "* NO Tannenbaum\r\nM2 OK [CAPABILITY IMAP4rev1] in\r\n"
					  "M3 NO Tannenbaum\r\n* BYE Tannenbaum\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(login(session, "maier", "Tannenbaum", 10, &error));
	assert_null(session->sasl);
	assert_false(imap_noop(session, &error));
	assert_string_equal(error->message, "NOOP: NO " REPEATS_WITHHELD);
	g_clear_error(&error);
	assert_false(imap_noop(session, &error));
	assert_string_equal(
		error->message, "BYE " REPEATS_WITHHELD "; before it: " REPEATS_WITHHELD);
}

static void test_token_in_a_challenge(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1 SASL-IR AUTH=XOAUTH2",
		"+ eyJ0b2tlbiI6IlRhbm5lbmJhdW0ifQ==\r\nM2 NO no\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(login_by_token(session, "OTannenbaum", 11, &error));
	assert_string_equal(error->message,
		"AUTHENTICATE, to which the server said " REPEATS_WITHHELD ": NO no");
	assert_null(session->sasl);
}

static const char *name_zeros(void)
{
	return "zeros";
}

static uint32_t make_zero(void)
{
	return 0;
}

static void make_zeros(void *bytes, size_t size)
{
	memset(bytes, 0, size);
}

/* SCRAM's last message is the server's, too. Its nonce is one of zeros here. */
static void test_reason_of_scram(void **state)
{
	static randombytes_implementation zeros = {
		.implementation_name = name_zeros, .random = make_zero, .buf = make_zeros};
	static const char first[] = "r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	static const struct {
		const char *final, *message;
	} rows[] = {
		{"e=invalid-proof", "SCRAM-SHA-256: server: invalid-proof"},
		{"e=not-Tannenbaum", "AUTHENTICATE: " REPEATS_WITHHELD},
	};
	g_autofree char *one = g_base64_encode((const guchar *)first, strlen(first));

	(void)state;
	randombytes_set_implementation(&zeros);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *final = rows[i].final;
		g_autofree char *two = g_base64_encode((const guchar *) final, strlen(final));
		g_autofree char *answers = g_strdup_printf("+ \r\n+ %s\r\n+ %s\r\n", one, two);

		check_withheld(
			"IMAP4rev1 AUTH=SCRAM-SHA-256", "Tannenbaum", answers, rows[i].message);
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
		cmocka_unit_test(test_texts_that_repeat_the_password),
		cmocka_unit_test(test_withheld_refusals),
		cmocka_unit_test(test_behind_the_login),
		cmocka_unit_test(test_token_in_a_challenge),
		cmocka_unit_test(test_reason_of_scram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
