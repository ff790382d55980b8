/* The session's life: what it outlives, what it says at its end, and replies that nobody asked for.
 * The conversations themselves are in tests/dialogue. */
#include "smtp_fixture.h"

/* Opens a session whose server says all at once, so that replies come along with others. */
static SmtpSession *open_at_once(const char *text, GError **error)
{
	return smtp_open(fixture_stream(text, strlen(text), 1 << 20), error);
}

#define OPENING "220 mail.example\r\n250-mail.example\r\n250 DSN\r\n"

/* What was said before our EHLO is no answer to it. */
static void test_leftovers_before_the_answer(void **state)
{
	static const char *const leftovers[] = {"220 again\r\n", "250 SIZE 1\r\n",
		"250-fake\r\n250-AUTH PLAIN\r\n250 SIZE 1\r\n", "502 no\r\n", "220 a\r\n554 b\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(leftovers); i++) {
		g_autofree char *text = g_strconcat("220 mail.example\r\n", leftovers[i],
			"250-mail.example\r\n250 DSN\r\n", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(SmtpSession) session = open_at_once(text, &error);

		assert_null(error);
		assert_int_equal(session->capabilities, SMTP_CAP_DSN);
		assert_int_equal(smtp_size_limit(session), 0);
	}
}

static void test_leftovers_without_end(void **state)
{
	g_autoptr(GString) text = g_string_new("220 mail.example\r\n");
	g_autoptr(SmtpSession) session = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		g_string_append(text, "250 DSN\r\n");
	session = open_at_once(text->str, &error);
	assert_null(session);
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
}

/* On a socket, where the server waits for us: what it says unasked must not become the answer to
 * the next command. */
static void test_replies_to_nothing(void **state)
{
	static const struct {
		const char *reply;
		Failure failure;
	} rows[] = {
		{"250 2.0.0 and one more\r\n", FAILURE_SERVER_GARBAGE},
		{"235 you are in\r\n", FAILURE_SERVER_GARBAGE},
		{"\r\n", FAILURE_SERVER_GARBAGE},
		{"421 4.4.2 timeout\r\n", FAILURE_SERVER_BYE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("250 Ok\r\n", rows[i].reply, NULL);
		g_autoptr(SmtpSession) session = g_new0(SmtpSession, 1);
		g_autoptr(GError) error = NULL;

		session->stream = fixture_stream(text, strlen(text), 1 << 20);
		session->alive = true;
		assert_true(smtp_noop(session, &error));
		assert_false(smtp_noop(session, &error));
		fixture_assert_failure(&error, rows[i].failure);
		assert_false(smtp_is_alive(session));
		assert_string_equal(stream_memory_output(session->stream)->str, "NOOP\r\n");
	}
}

static void test_password_is_not_sent_to_a_server_that_runs_ahead(void **state)
{
	g_autoptr(SmtpSession) session = g_new0(SmtpSession, 1);
	g_autoptr(Secret) token = secret_new("token", 5);
	SaslIdentity identity = {.username = "maier", .token = token};
	static const char text[] = "334 \r\n235 you are in\r\n250 mail.example\r\n";
	g_autoptr(GError) error = NULL;

	(void)state;
	session->stream = fixture_stream(text, strlen(text), 1 << 20);
	session->alive = true;
	session->mechanisms = SASL_XOAUTH2;
	assert_false(smtp_login(session, &identity, &error));
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	assert_string_equal(stream_memory_output(session->stream)->str, "AUTH XOAUTH2\r\n");
}

static void test_what_ends_a_session(void **state)
{
	static const struct {
		Failure failure;
		bool alive;
	} rows[] = {
		{FAILURE_SERVER_GARBAGE, false},
		{FAILURE_LINE_TOO_LONG, false},
		{FAILURE_SASL_INVALID, false},
		{FAILURE_SERVER_BYE, false},
		{FAILURE_SERVER_UNAVAILABLE, false},
		{FAILURE_THROTTLED, false},
		{FAILURE_TIMEOUT, false},
		{FAILURE_CONNECTION_LOST, false},
		{FAILURE_CANCELLED, false},
		{FAILURE_LOGIN_REFUSED, true},
		{FAILURE_LOGIN_UNUSABLE, true},
		{FAILURE_LOGIN_MECHANISM, true},
		{FAILURE_SMTP_AUTH_MISSING, true},
		{FAILURE_SMTP_AUTH_OFF, true},
		{FAILURE_BASIC_AUTH_RETIRED, true},
		{FAILURE_COMMAND_REFUSED, true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open("250 DSN\r\n", "");
		g_autoptr(GError) error = NULL;

		assert_false(smtp_fail(session, &error, rows[i].failure, "x", "because"));
		assert_true(failure_is(error, rows[i].failure));
		assert_int_equal(smtp_is_alive(session), rows[i].alive);
	}
}

static void test_a_dead_session_says_nothing(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open("250 AUTH PLAIN\r\n", "");
	g_autoptr(Secret) password = secret_new("geheim", 6);
	SaslIdentity identity = {.username = "maier", .password = password};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(smtp_noop(session, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_false(smtp_is_alive(session));
	assert_string_equal(fixture_said(session), "NOOP\r\n");
	assert_false(smtp_noop(session, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_false(smtp_login(session, &identity, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_string_equal(fixture_said(session), "NOOP\r\n");
}

static void test_refusals(void **state)
{
	static const struct {
		const char *answer;
		Failure failure;
		const char *message;
	} rows[] = {
		{"550 5.7.1 not\r\n", FAILURE_COMMAND_REFUSED, "NOOP: 550 5.7.1 not"},
		{"451 4.3.0 later\r\n", FAILURE_SERVER_UNAVAILABLE, "NOOP: 451 4.3.0 later"},
		{"221 bye\r\n", FAILURE_SERVER_GARBAGE, "NOOP: 221 bye"},
		{"334 \r\n", FAILURE_SERVER_GARBAGE, "NOOP: 334 "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open("250 DSN\r\n", rows[i].answer);
		g_autoptr(GError) error = NULL;

		assert_false(smtp_noop(session, &error));
		assert_string_equal(error->message, rows[i].message);
		fixture_assert_failure(&error, rows[i].failure);
	}
}

/* Closing NULL, and what was never opened. */
static void test_close(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	smtp_close(NULL);
	assert_null(open_at_once("", &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_null(open_at_once("220 mail.example\r\n", &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leftovers_before_the_answer),
		cmocka_unit_test(test_leftovers_without_end),
		cmocka_unit_test(test_replies_to_nothing),
		cmocka_unit_test(test_password_is_not_sent_to_a_server_that_runs_ahead),
		cmocka_unit_test(test_what_ends_a_session),
		cmocka_unit_test(test_a_dead_session_says_nothing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
