/* What login sends where, what it tells of a refusal, and that this is never a secret. The
 * conversations themselves are in tests/dialogue. */
#include "smtp_fixture.h"

#include <sodium.h>

#define TOKEN_LIMIT ((size_t)64 * 1024)
#define TOKENS "250 AUTH PLAIN LOGIN XOAUTH2\r\n"
#define PASSWORDS "250 AUTH PLAIN LOGIN\r\n"
#define WELCOME "235 2.7.0 in\r\n250 mail.example\r\n"

static bool login(SmtpSession *session, const char *user, const char *text, size_t size,
	bool with_token, GError **error)
{
	g_autoptr(Secret) secret = secret_new(text, size);
	SaslIdentity identity = {
		.username = user,
		.password = with_token ? NULL : secret,
		.token = with_token ? secret : NULL,
	};

	return smtp_login(session, &identity, error);
}

static bool login_by_token(SmtpSession *session, const char *token, GError **error)
{
	return login(session, "maier", token, strlen(token), true, error);
}

static bool login_by_password(SmtpSession *session, const char *password, GError **error)
{
	return login(session, "maier", password, strlen(password), false, error);
}

/* Whether the client's next line is LINE; moves behind it. */
static bool take_line(const char **said, const char *line)
{
	if (!g_str_has_prefix(*said, line) || !g_str_has_prefix(*said + strlen(line), "\r\n"))
		return false;
	*said += strlen(line) + 2;
	return true;
}

static void test_tokens_wait_for_the_server(void **state)
{
	static const size_t sizes[] = {1, 100, 2000, 2500, TOKEN_LIMIT};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(SmtpSession) session = fixture_open(TOKENS, "334 \r\n" WELCOME);
		g_autofree char *token = g_strnfill(sizes[i], 't');
		g_autofree char *message = g_strconcat("user=maier\x01"
						       "auth=Bearer ",
			token, "\x01\x01", NULL);
		g_autofree char *line = g_base64_encode((const guchar *)message, strlen(message));
		g_autoptr(GError) error = NULL;
		const char *said;

		assert_true(login_by_token(session, token, &error));
		said = fixture_said(session);
		assert_true(take_line(&said, "AUTH XOAUTH2"));
		assert_true(take_line(&said, line));
		assert_true(g_str_has_prefix(said, "EHLO "));
	}
}

static void test_token_that_is_too_long(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open(TOKENS, "");
	g_autofree char *token = g_strnfill(TOKEN_LIMIT + 1, 't');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(login_by_token(session, token, &error));
	fixture_assert_failure(&error, FAILURE_LOGIN_UNUSABLE);
	assert_string_equal(fixture_said(session), "");
	assert_true(smtp_is_alive(session));
}

/* A command line has 512 bytes with its CRLF. */
static void test_long_passwords_wait_for_the_server(void **state)
{
	unsigned waited = 0;

	(void)state;
	for (size_t size = 340; size < 400; size++) {
		g_autoptr(SmtpSession) session = fixture_open(PASSWORDS, WELCOME);
		g_autofree char *password = g_strnfill(size, 'p');
		g_autoptr(GError) error = NULL;
		size_t line;

		if (!login_by_password(session, password, &error)) {
			fixture_assert_failure(&error, FAILURE_SASL_INVALID);
			assert_string_equal(fixture_said(session), "AUTH PLAIN\r\n");
			waited++;
			continue;
		}
		line = strcspn(fixture_said(session), "\r");
		assert_in_range(line, 400, 510);
		assert_int_equal(waited, 0);
	}
	assert_in_range(waited, 1, 50);
}

static void test_long_password(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open(PASSWORDS, "334 go on\r\n" WELCOME);
	g_autofree char *password = g_strnfill(1000, 'p');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(login_by_password(session, password, &error));
	assert_true(g_str_has_prefix(fixture_said(session), "AUTH PLAIN\r\nAG1haWVyAHBwcHBw"));
}

static void test_a_refusal_can_be_followed_by_another_login(void **state)
{
	g_autoptr(SmtpSession) session =
		fixture_open(PASSWORDS, "535 5.7.8 no\r\n535 5.7.8 no\r\n" WELCOME "250 ok\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(login_by_password(session, "falsch", &error));
	fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
	assert_false(login_by_password(session, "auch falsch", &error));
	fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
	assert_true(login_by_password(session, "geheim", &error));
	assert_true(smtp_noop(session, &error));
}

static void test_messages(void **state)
{
	static const struct {
		const char *answers, *message;
	} rows[] = {
		{"334 \r\n535 5.7.3 no [x]\r\n", "AUTH: 535 5.7.3 no [x]"},
		{"334 \r\n535\r\n", "AUTH: 535 "},
		{"334 \r\n535-5.7.8 a\r\n535 5.7.8 b\r\n", "AUTH: 535 5.7.8 a 5.7.8 b"},
		{"334 \r\n334 eyJzdGF0dXMiOiI0MDEifQ==\r\n535 5.7.8 no\r\n",
			"AUTH: 535 5.7.8 no; before it: {\"status\":\"401\"}"},
		{"334 \r\n334 G1szMW0=\r\n535 5.7.8 n\x1b[31mo\r\n",
			"AUTH: 535 5.7.8 n\xef\xbf\xbd[31mo; before it: \xef\xbf\xbd[31m"},
		{"334 \r\n334 \r\n535 5.7.8 no\r\n", "AUTH: 535 5.7.8 no"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(TOKENS, rows[i].answers);
		g_autoptr(GError) error = NULL;

		assert_false(login_by_token(session, "token", &error));
		assert_string_equal(error->message, rows[i].message);
		fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
	}
}

/* Whom or what the sentences name. */
static void test_sentences(void **state)
{
	static const struct {
		const char *offer, *answers, *name;
		Failure failure;
	} rows[] = {
		{PASSWORDS, "535 no\r\n", "maier", FAILURE_LOGIN_REFUSED},
		{PASSWORDS, "535 5.7.139 SmtpClientAuthentication is disabled\r\n", "maier",
			FAILURE_SMTP_AUTH_OFF},
		{PASSWORDS, "550 5.7.30 gone\r\n", "maier", FAILURE_BASIC_AUTH_RETIRED},
		{PASSWORDS, "538 no\r\n", "memory", FAILURE_LOGIN_MECHANISM},
		{PASSWORDS, "432 later\r\n", "memory", FAILURE_THROTTLED},
		{PASSWORDS, "454 later\r\n", "memory", FAILURE_SERVER_UNAVAILABLE},
		{PASSWORDS, "501 5.5.2 odd\r\n", "5.5.2 odd", FAILURE_COMMAND_REFUSED},
		{PASSWORDS, "250 ok\r\n", "memory", FAILURE_SERVER_GARBAGE},
		{"250 DSN\r\n", "", "memory", FAILURE_SMTP_AUTH_MISSING},
		{"250 AUTH NTLM\r\n", "", "memory", FAILURE_LOGIN_MECHANISM},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(rows[i].offer, rows[i].answers);
		g_autoptr(GError) error = NULL;
		g_autofree char *sentence = NULL;

		assert_false(login_by_password(session, "geheim", &error));
		sentence = failure_sentence(error);
		assert_non_null(strstr(sentence, rows[i].name));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

static void test_identities_that_cannot_be(void **state)
{
	static const struct {
		const char *user, *secret;
		size_t size;
		bool with_token;
	} rows[] = {
		{"maier", "a\r\nRSET", 7, false},
		{"maier", "a\nb", 3, false},
		{"maier", "a\0b", 3, false},
		{"ma\rier", "ab", 2, false},
		{"", "ab", 2, false},
		{"maier", "", 0, true},
		{"maier", "a b", 3, true},
		{"maier",
			"a\x01"
			"b",
			3, true},
		{"maier", "a\xc3\xa4", 3, true},
		{"ma\x01"
		 "auth=Bearer x\x01\x01",
			"ab", 2, true},
		{"ma\r\nier", "ab", 2, true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(TOKENS, "");
		g_autoptr(GError) error = NULL;

		assert_false(login(session, rows[i].user, rows[i].secret, rows[i].size,
			rows[i].with_token, &error));
		fixture_assert_failure(&error, FAILURE_LOGIN_UNUSABLE);
		assert_string_equal(fixture_said(session), "");
		assert_true(smtp_is_alive(session));
	}
}

/* A server that hands our words back, as some do with commands that they do not know, does not
 * bring them into a log. */
static void test_echoes_are_withheld(void **state)
{
	static const char token[] = "TannenbaumTannenbaumTannenbaum";
	g_autofree char *message = g_strconcat("user=maier\x01"
					       "auth=Bearer ",
		token, "\x01\x01", NULL);
	g_autofree char *line = g_base64_encode((const guchar *)message, strlen(message));
	g_autofree char *json = g_strconcat("{\"token\":\"", token, "\"}", NULL);
	g_autofree char *challenge = g_base64_encode((const guchar *)json, strlen(json));
	const char *const secrets[] = {token, line};
	const char *const parts[][3] = {
		{"334 \r\n500 5.5.1 Command unrecognized: \"", line, "\"\r\n"},
		{"334 \r\n535 5.7.8 ", token, "\r\n"},
		{"334 \r\n334 ", challenge, "\r\n535 5.7.8 no\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *answers = g_strconcat(parts[i][0], parts[i][1], parts[i][2], NULL);
		g_autoptr(SmtpSession) session = fixture_open(TOKENS, answers);
		g_autoptr(GError) error = NULL;
		g_autofree char *sentence = NULL;

		assert_false(login_by_token(session, token, &error));
		sentence = failure_sentence(error);
		for (size_t k = 0; k < G_N_ELEMENTS(secrets); k++) {
			assert_null(strstr(error->message, secrets[k]));
			assert_null(strstr(sentence, secrets[k]));
		}
		assert_non_null(strstr(error->message, REPEATS_WITHHELD));
	}
}

static void test_echo_of_an_initial_response(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open(PASSWORDS,
		"500 5.5.1 Command unrecognized: \"AUTH PLAIN AG1haWVyAFRhbm5lbmJhdW0=\"\r\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	assert_false(login_by_password(session, "Tannenbaum", &error));
	assert_non_null(strstr(fixture_said(session), "AG1haWVyAFRhbm5lbmJhdW0="));
	sentence = failure_sentence(error);
	assert_null(strstr(error->message, "VGFubmVu"));
	assert_null(strstr(error->message, "AG1haWVy"));
	assert_null(strstr(sentence, "AG1haWVy"));
	fixture_assert_failure(&error, FAILURE_COMMAND_REFUSED);
}

/* LOGIN's last message is the password alone, and that may be short. */
static void test_echo_of_a_short_password(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open("250 AUTH LOGIN\r\n",
		"334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n501 5.5.2 odd: R2VoZWlt\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(login_by_password(session, "Geheim", &error));
	assert_null(strstr(error->message, "R2VoZWlt"));
	fixture_assert_failure(&error, FAILURE_COMMAND_REFUSED);
}

/* What of a server's text comes into the message: all of it, or nothing. */
static void check_withheld(const char *offer, const char *answers, const char *message)
{
	g_autoptr(SmtpSession) session = fixture_open(offer, answers);
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	assert_false(login_by_password(session, "Tannenbaum", &error));
	sentence = failure_sentence(error);
	assert_string_equal(error->message, message);
	assert_null(strstr(sentence, "Tannenba"));
	assert_null(session->identity);
	assert_null(session->sasl);
}

static void test_texts_that_repeat_the_password(void **state)
{
	static const struct {
		const char *answers, *message;
	} rows[] = {
		{"535 5.7.8 not Tannenbaum\r\n", "AUTH: 535 " REPEATS_WITHHELD},
		{"535-5.7.8 no:\r\n535 5.7.8 Tannenba\r\n", "AUTH: 535 " REPEATS_WITHHELD},
		{"535 5.7.8 Tannenb\r\n", "AUTH: 535 5.7.8 Tannenb"},
		{"501 5.5.2 RhbnVGFubmVuYmF1bQ=\r\n", "AUTH: 501 " REPEATS_WITHHELD},
		{"421 4.7.0 <Tannenbaum>\r\n", "421 " REPEATS_WITHHELD},
		{"421 4.7.0 bye\r\n", "421 4.7.0 bye"},
		{"250 Tannenbaum\r\n", "AUTH: 250 " REPEATS_WITHHELD},
		{"235 in\r\n421 Tannenbaum\r\n", "421 " REPEATS_WITHHELD},
		{"235 in\r\n550 Tannenbaum\r\n", "EHLO: 550 " REPEATS_WITHHELD},
		{"235 in\r\n500 Tannenbaum\r\n", "the server knows no EHLO: 500 " REPEATS_WITHHELD},
		{"Tannenbaum\r\n", "a reply without a code"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_withheld(PASSWORDS, rows[i].answers, rows[i].message);
}

/* A refusal keeps its meaning. */
static void test_withheld_refusals(void **state)
{
	static const struct {
		const char *answers;
		Failure failure;
	} rows[] = {
		{"535 5.7.8 Tannenbaum\r\n", FAILURE_LOGIN_REFUSED},
		{"535 5.7.139 basic authentication is disabled: Tannenbaum\r\n",
			FAILURE_BASIC_AUTH_RETIRED},
		{"454 4.7.0 too many Tannenbaum\r\n", FAILURE_THROTTLED},
		{"454 4.7.0 Tannenbaum\r\n", FAILURE_SERVER_UNAVAILABLE},
		{"501 5.5.2 Tannenbaum\r\n", FAILURE_COMMAND_REFUSED},
		{"421 4.7.0 Tannenbaum\r\n", FAILURE_SERVER_BYE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(PASSWORDS, rows[i].answers);
		g_autoptr(GError) error = NULL;

		assert_false(login_by_password(session, "Tannenbaum", &error));
		assert_non_null(strstr(error->message, REPEATS_WITHHELD));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

/* As long as the session lives. */
static void test_behind_the_login(void **state)
{
	g_autoptr(SmtpSession) session =
		fixture_open(PASSWORDS, WELCOME "502 5.5.1 Tannenbaum\r\n421 Tannenbaum\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(login_by_password(session, "Tannenbaum", &error));
	assert_null(session->identity);
	assert_null(session->sasl);
	assert_false(smtp_noop(session, &error));
	assert_string_equal(error->message, "NOOP: 502 " REPEATS_WITHHELD);
	g_clear_error(&error);
	assert_false(smtp_noop(session, &error));
	assert_string_equal(error->message, "421 " REPEATS_WITHHELD);
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
		{"e=not-Tannenbaum", "AUTH: " REPEATS_WITHHELD},
	};
	g_autofree char *one = g_base64_encode((const guchar *)first, strlen(first));

	(void)state;
	randombytes_set_implementation(&zeros);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *final = rows[i].final;
		g_autofree char *two = g_base64_encode((const guchar *) final, strlen(final));
		g_autofree char *answers = g_strdup_printf("334 %s\r\n334 %s\r\n", one, two);

		check_withheld("250 AUTH SCRAM-SHA-256\r\n", answers, rows[i].message);
	}
}

static void test_refusal_tells_no_password(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open(PASSWORDS, "535 5.7.8 not you\r\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	assert_false(login_by_password(session, "Tannenbaum", &error));
	sentence = failure_sentence(error);
	assert_null(strstr(sentence, "Tannenbaum"));
	assert_null(strstr(error->message, "Tannenbaum"));
	assert_non_null(strstr(error->message, "not you"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_wait_for_the_server),
		cmocka_unit_test(test_token_that_is_too_long),
		cmocka_unit_test(test_long_passwords_wait_for_the_server),
		cmocka_unit_test(test_long_password),
		cmocka_unit_test(test_a_refusal_can_be_followed_by_another_login),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_identities_that_cannot_be),
		cmocka_unit_test(test_echoes_are_withheld),
		cmocka_unit_test(test_echo_of_an_initial_response),
		cmocka_unit_test(test_echo_of_a_short_password),
		cmocka_unit_test(test_refusal_tells_no_password),
		cmocka_unit_test(test_texts_that_repeat_the_password),
		cmocka_unit_test(test_withheld_refusals),
		cmocka_unit_test(test_behind_the_login),
		cmocka_unit_test(test_reason_of_scram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
