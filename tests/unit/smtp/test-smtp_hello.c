/* The name that EHLO tells, and what of its answer is taken. The conversations themselves are in
 * tests/dialogue. */
#include "smtp_fixture.h"

static void test_client_names(void **state)
{
	static const char literal[] = "[127.0.0.1]";
	static const struct {
		const char *host, *name;
	} rows[] = {
		{"post.amt.example", "post.amt.example"},
		{"a.b", "a.b"},
		{"xn--mller-kva.example", "xn--mller-kva.example"},
		{"host-1.amt.example", "host-1.amt.example"},
		{"post", literal},
		{"", literal},
		{".", literal},
		{"post.", literal},
		{".example", literal},
		{"a..example", literal},
		{"-a.example", literal},
		{"a-.example", literal},
		{"a_b.example", literal},
		{"a b.example", literal},
		{"a.example\r\nMAIL FROM:<x@y>", literal},
		{"a.example\n", literal},
		{"m\xc3\xbcller.example", literal},
		{"192.0.2.1", literal},
		{"localhost.localdomain", "localhost.localdomain"},
	};
	g_autofree char *label = g_strnfill(64, 'a');
	g_autofree char *long_label = g_strconcat(label, ".example", NULL);
	g_autofree char *long_label_name = smtp_client_name(long_label);

	(void)state;
	assert_string_equal(long_label_name, literal);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = smtp_client_name(rows[i].host);

		assert_string_equal(name, rows[i].name);
	}
}

static void test_long_client_name(void **state)
{
	g_autoptr(GString) host = g_string_new("a");
	g_autofree char *name = NULL;

	(void)state;
	while (host->len <= 255)
		g_string_append(host, ".example");
	name = smtp_client_name(host->str);
	assert_string_equal(name, "[127.0.0.1]");
}

static void test_our_own_name(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open("250 DSN\r\n", "");
	g_auto(GStrv) words = NULL;
	g_autofree char *name = NULL;

	(void)state;
	assert_string_equal(fixture_said(session), "");
	words = g_strsplit_set(stream_memory_output(session->stream)->str, " \r", 3);
	name = smtp_client_name(words[1]);
	assert_string_equal(words[0], "EHLO");
	assert_true(strcmp(words[1], name) == 0 || strcmp(words[1], "[127.0.0.1]") == 0);
	assert_string_equal(words[2], "\n");
}

static void test_capabilities(void **state)
{
	static const struct {
		const char *line;
		SmtpCapability capability;
	} rows[] = {
		{"250 PIPELINING\r\n", SMTP_CAP_PIPELINING},
		{"250 size\r\n", SMTP_CAP_SIZE},
		{"250 8BitMime\r\n", SMTP_CAP_8BITMIME},
		{"250 SMTPUTF8\r\n", SMTP_CAP_SMTPUTF8},
		{"250 ENHANCEDSTATUSCODES\r\n", SMTP_CAP_ENHANCEDSTATUSCODES},
		{"250 CHUNKING\r\n", SMTP_CAP_CHUNKING},
		{"250 DSN\r\n", SMTP_CAP_DSN},
		{"250 AUTH PLAIN\r\n", SMTP_CAP_AUTH},
		{"250 AUTH=PLAIN\r\n", 0},
		{"250 XPIPELINING\r\n", 0},
		{"250 PIPELINING2\r\n", 0},
		{"250  PIPELINING\r\n", 0},
		{"250\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(rows[i].line, "");

		assert_int_equal(session->capabilities, rows[i].capability);
		if (rows[i].capability)
			assert_true(smtp_has(session, rows[i].capability));
	}
}

static void test_mechanisms(void **state)
{
	g_autoptr(SmtpSession) session =
		fixture_open("250-AUTH=XOAUTH2\r\n250-AUTH gssapi NTLM  Plain\r\n"
			     "250 AUTH LOGIN OAUTHBEARER\r\n",
			"");

	(void)state;
	assert_int_equal(smtp_mechanisms(session), SASL_PLAIN | SASL_LOGIN | SASL_OAUTHBEARER);
}

/* What is not offered any more after a login is not used any more. */
static void test_offer_is_the_last_one(void **state)
{
	g_autoptr(SmtpSession) session =
		fixture_open("250-AUTH PLAIN\r\n250-CHUNKING\r\n250 SIZE 5\r\n",
			"250-mail.example\r\n250 DSN\r\n");

	(void)state;
	assert_int_equal(smtp_size_limit(session), 5);
	assert_true(smtp_hello(session, NULL));
	assert_int_equal(session->capabilities, SMTP_CAP_DSN);
	assert_int_equal(smtp_mechanisms(session), SASL_NONE);
	assert_int_equal(smtp_size_limit(session), 0);
}

static void test_size_limits(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open("250 SIZE 9223372036854775807\r\n", "");
	g_autoptr(SmtpSession) other = fixture_open("250 SIZE 9223372036854775808\r\n", "");

	(void)state;
	assert_true(smtp_size_limit(session) == INT64_MAX);
	assert_int_equal(smtp_size_limit(other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_names),
		cmocka_unit_test(test_long_client_name),
		cmocka_unit_test(test_our_own_name),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(test_offer_is_the_last_one),
		cmocka_unit_test(test_size_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
