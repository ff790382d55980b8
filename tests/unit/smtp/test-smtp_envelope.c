/* MAIL and RCPT: what can be said to a server, and how it is said. */
#include "smtp_fixture.h"

#define EVERYTHING "250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
#define NOTHING "250 DSN\r\n"
#define A_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ADDRESS_250 A_50 A_50 A_50 A_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x.example.de"

static void test_commands(void **state)
{
	static const struct {
		const char *offer;
		SmtpMail mail;
		const char *recipient, *said;
	} rows[] = {
		{EVERYTHING, {"a@x.example"}, "b@x.example",
			"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"},
		{EVERYTHING, {"", .size = 1000000}, "b@x.example",
			"MAIL FROM:<> SIZE=1000000\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"},
		{EVERYTHING, {"a@x.example", .has_8bit = true}, "b@x.example",
			"MAIL FROM:<a@x.example> BODY=8BITMIME\r\nRCPT TO:<b@x.example>\r\n"
			"DATA\r\n"},
		{EVERYTHING, {"a@x.example", .size = 7, .has_utf8 = true}, "b@x.example",
			"MAIL FROM:<a@x.example> SIZE=7 BODY=8BITMIME SMTPUTF8\r\n"
			"RCPT TO:<b@x.example>\r\nDATA\r\n"},
		{EVERYTHING, {"m\xc3\xbcller@x.example"}, "b@x.example",
			"MAIL FROM:<m\xc3\xbcller@x.example> SMTPUTF8\r\n"
			"RCPT TO:<b@x.example>\r\nDATA\r\n"},
		{EVERYTHING, {"a@x.example"},
			"b@stra\xc3\x9f"
			"e.example",
			"MAIL FROM:<a@x.example> SMTPUTF8\r\n"
			"RCPT TO:<b@stra\xc3\x9f"
			"e.example>\r\nDATA\r\n"},
		/* One command at a time */
		{NOTHING, {"a@x.example", .size = 5000000}, "b@x.example",
			"MAIL FROM:<a@x.example>\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(rows[i].offer, "");
		SmtpMail mail = rows[i].mail;
		g_autoptr(GError) error = NULL;

		mail.recipients = &rows[i].recipient;
		mail.recipient_count = 1;
		assert_true(smtp_mail_offer(session, &mail, &error));
		assert_string_equal(fixture_said(session), rows[i].said);
	}
}

/* What a control character, or what is not UTF-8, is shown as. */
#define REPLACED "\xef\xbf\xbd"

/* Nothing is said, and the session goes on. */
static void test_refused(void **state)
{
	static const struct {
		const char *offer;
		SmtpMail mail;
		const char *recipient;
		Failure failure;
		const char *subject;
	} rows[] = {
		{EVERYTHING, {"a@x.example"}, "b@x.example\r\nRSET", FAILURE_ADDRESS_UNUSABLE,
			"b@x.example" REPLACED REPLACED "RSET"},
		{EVERYTHING, {"a@x.example\n"}, "b@x.example", FAILURE_ADDRESS_UNUSABLE,
			"a@x.example" REPLACED},
		{EVERYTHING, {"a@x.example"}, "b>@x.example", FAILURE_ADDRESS_UNUSABLE,
			"b>@x.example"},
		{EVERYTHING, {"a@x.example> SIZE=1"}, "b@x.example", FAILURE_ADDRESS_UNUSABLE,
			"a@x.example> SIZE=1"},
		{EVERYTHING, {"a@x.example"}, "<b@x.example", FAILURE_ADDRESS_UNUSABLE,
			"<b@x.example"},
		{EVERYTHING, {"a@x.example"}, "b b@x.example", FAILURE_ADDRESS_UNUSABLE,
			"b b@x.example"},
		{EVERYTHING, {"a@x.example"}, "b\x7f@x.example", FAILURE_ADDRESS_UNUSABLE,
			"b" REPLACED "@x.example"},
		{EVERYTHING, {"a@x.example"}, "b\xff@x.example", FAILURE_ADDRESS_UNUSABLE,
			"b" REPLACED "@x.example"},
		{EVERYTHING, {"a@x.example"}, "", FAILURE_ADDRESS_UNUSABLE, ""},
		{EVERYTHING, {"a@x.example"}, "b", FAILURE_ADDRESS_UNUSABLE, "b"},
		{EVERYTHING, {"a@x.example"}, "b@", FAILURE_ADDRESS_UNUSABLE, "b@"},
		{EVERYTHING, {"a@x.example"}, "@x.example", FAILURE_ADDRESS_UNUSABLE, "@x.example"},
		{EVERYTHING, {"a"}, "b@x.example", FAILURE_ADDRESS_UNUSABLE, "a"},
		{EVERYTHING, {"a@x.example"}, ADDRESS_250 "xyz.de", FAILURE_ADDRESS_UNUSABLE,
			ADDRESS_250 "xyz.de"},
		{NOTHING, {"a@x.example"}, "m\xc3\xbcller@x.example", FAILURE_ADDRESS_UNUSABLE,
			"m\xc3\xbcller@x.example"},
		{NOTHING, {"m\xc3\xbcller@x.example"}, "b@x.example", FAILURE_ADDRESS_UNUSABLE,
			NULL},
		{NOTHING, {"a@x.example", .has_8bit = true}, "b@x.example", FAILURE_SMTP_LACKS,
			"8BITMIME"},
		{NOTHING, {"a@x.example", .has_utf8 = true}, "b@x.example", FAILURE_SMTP_LACKS,
			"SMTPUTF8"},
		{EVERYTHING, {"a@x.example", .size = 1000001}, "b@x.example",
			FAILURE_MAIL_TOO_LARGE, "1000000 Byte"},
		{"250 SIZE 5000\r\n", {"a@x.example", .size = 5001}, "b@x.example",
			FAILURE_MAIL_TOO_LARGE, "5000 Byte"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(SmtpSession) session = fixture_open(rows[i].offer, "250 Ok\r\n");
		const char *const recipients[] = {"c@x.example", rows[i].recipient};
		SmtpMail mail = rows[i].mail;
		g_autoptr(GError) error = NULL;

		mail.recipients = recipients;
		mail.recipient_count = 2;
		assert_false(smtp_mail_offer(session, &mail, &error));
		if (rows[i].subject)
			assert_string_equal(failure_subject(error), rows[i].subject);
		fixture_assert_failure(&error, rows[i].failure);
		assert_string_equal(fixture_said(session), "");
		assert_true(smtp_noop(session, &error));
	}
}

static void test_longest_address(void **state)
{
	g_autoptr(SmtpSession) session = fixture_open(EVERYTHING, "");
	static const char *const recipients[] = {ADDRESS_250 "a.de"};
	const SmtpMail mail = {"a@x.example", recipients, 1};

	(void)state;
	assert_int_equal(strlen(recipients[0]), 254);
	assert_true(smtp_mail_offer(session, &mail, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_longest_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
