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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_that_cannot_be),
		cmocka_unit_test(test_eight_bit_password),
		cmocka_unit_test(test_refusal_tells_no_password),
		cmocka_unit_test(test_capabilities_are_those_after_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
