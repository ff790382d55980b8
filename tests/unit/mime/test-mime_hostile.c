/* Mails that are made to exhaust: read in time, within limits, and as far as they can be. */
#include "mime_fixture.h"

#include <time.h>

#define FROM_AND_SUBJECT "From: a@b.de\r\nSubject: da\r\n"
#define SECONDS 20 /* CPU time; a release build needs a tenth of a second each */

static MailContent *read_in_time(const GString *mail)
{
	clock_t start = clock();
	MailContent *content = mime_read_bytes(mail->str, mail->len);

	assert_true((clock() - start) / CLOCKS_PER_SEC < SECONDS);
	assert_sound(content);
	return content;
}

static void test_half_a_million_header_fields(void **state)
{
	g_autoptr(GString) mail = repeat("X-Feld: Wert\r\n", 500000);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	g_string_append(mail, FROM_AND_SUBJECT "\r\nText\r\n");
	content = read_in_time(mail);
	assert_string_equal(content->subject, "da");
	assert_string_equal(content->text, "Text");
	assert_false(content->truncated);
}

static void test_half_a_million_recipients(void **state)
{
	g_autoptr(GString) mail = repeat("To: a@b.de\r\n", 500000);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	g_string_append(mail, FROM_AND_SUBJECT "\r\nText\r\n");
	content = read_in_time(mail);
	assert_string_equal(content->subject, "da");
	assert_int_equal(content->to->len, MIME_PEOPLE_LIMIT);
	assert_true(content->truncated);
}

/* HTML shares its time over the whole mail; what else the mail says is all there. */
static void test_forty_parts_of_slow_html(void **state)
{
	g_autoptr(GString) part = g_string_new("--b\r\nContent-Type: text/html\r\n\r\n<a");
	g_autoptr(GString) mail =
		g_string_new(FROM_AND_SUBJECT "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	g_autoptr(MailContent) content = NULL;
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 40000; i++)
		g_string_append_printf(part, " a%d=1", i);
	g_string_append(part, ">x\r\n");
	for (int i = 0; i < 40; i++)
		g_string_append_len(mail, part->str, (gssize)part->len);
	g_string_append(mail, "--b\r\n\r\nText\r\n--b\r\nContent-Type: image/png\r\n\r\n");
	content = read_in_time(mail);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 8);
	assert_string_equal(content->subject, "da");
	assert_string_equal(content->from, "a@b.de");
	assert_non_null(strstr(content->text, "Text"));
	assert_int_equal(content->attachments->len, 1);
	assert_true(content->truncated);
}

static void test_two_hundred_thousand_parts(void **state)
{
	g_autoptr(GString) mail = repeat("--b\r\nContent-Type: image/png\r\n\r\nx\r\n", 200000);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	g_string_prepend(mail, FROM_AND_SUBJECT
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n");
	content = read_in_time(mail);
	assert_string_equal(content->text, "Text");
	assert_int_equal(content->attachments->len, MIME_PART_LIMIT - 2);
	assert_true(content->truncated);
}

static void test_multiparts_within_each_other(void **state)
{
	g_autoptr(GString) mail = g_string_new(FROM_AND_SUBJECT);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	for (int i = 0; i < 20000; i++)
		g_string_append_printf(
			mail, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
	g_string_append(mail, "\r\nText");
	content = read_in_time(mail);
	assert_string_equal(content->subject, "da");
	assert_int_equal(content->attachments->len, 1);
	assert_true(content->truncated);
}

static void test_messages_within_each_other(void **state)
{
	g_autoptr(GString) mail = g_string_new(FROM_AND_SUBJECT);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	for (int i = 0; i < 20000; i++)
		g_string_append_printf(
			mail, "Content-Type: message/rfc822\r\n\r\nSubject: tief %d\r\n", i);
	g_string_append(mail, "\r\nText");
	content = read_in_time(mail);
	assert_non_null(strstr(content->text, "tief 4"));
	assert_null(strstr(content->text, "tief 5\n"));
	assert_true(content->truncated);
}

static void test_many_attached_messages_share_the_parts(void **state)
{
	g_autoptr(GString) inner = repeat("--i\r\nContent-Type: image/png\r\n\r\n\r\n", 100);
	g_autoptr(GString) mail =
		g_string_new(FROM_AND_SUBJECT "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	g_autoptr(MailContent) content = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++)
		g_string_append_printf(mail,
			"--b\r\nContent-Type: message/rfc822\r\n\r\n"
			"Content-Type: multipart/mixed; boundary=i\r\n\r\n%s",
			inner->str);
	content = read_in_time(mail);
	assert_int_equal(content->attachments->len, 1000);
	assert_true(content->truncated);
}

static void test_endless_lines(void **state)
{
	static const char *const starts[] = {"Subject: ", "X: ", "", "\r\n", "To: ",
		"Content-Type: multipart/mixed; boundary=", "Content-Type: text/plain; charset=",
		"Content-Disposition: attachment; filename=", "Message-ID: <", "Date: "};
	g_autoptr(GString) line = repeat("0123456789abcdef", 1 << 18);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autoptr(GString) mail = g_string_new(starts[i]);
		g_autoptr(MailContent) content = NULL;

		g_string_append_len(mail, line->str, (gssize)line->len);
		content = read_in_time(mail);
		assert_true(strlen(content->subject) <= MIME_SUBJECT_LIMIT);
	}
}

/* A part without an end, and a boundary that looks like many. */
static void test_dashes(void **state)
{
	g_autoptr(GString) mail = repeat("--", 500000);
	g_autoptr(GString) lines = repeat("--\r\n----\r\n", 300000);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	g_string_append_len(mail, lines->str, (gssize)lines->len);
	g_string_prepend(mail, "Content-Type: multipart/mixed; boundary=\"-\"\r\n\r\n");
	content = read_in_time(mail);
	assert_true(content->attachments->len <= MIME_PART_LIMIT);
}

static void test_text_is_cut_at_its_limit(void **state)
{
	g_autoptr(GString) mail = repeat("ä", 1000000);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	g_string_prepend(mail, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
	content = read_in_time(mail);
	assert_int_equal(strlen(content->text), MAIL_TEXT_LIMIT);
	assert_true(content->truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_a_million_header_fields),
		cmocka_unit_test(test_half_a_million_recipients),
		cmocka_unit_test(test_forty_parts_of_slow_html),
		cmocka_unit_test(test_two_hundred_thousand_parts),
		cmocka_unit_test(test_multiparts_within_each_other),
		cmocka_unit_test(test_messages_within_each_other),
		cmocka_unit_test(test_many_attached_messages_share_the_parts),
		cmocka_unit_test(test_endless_lines),
		cmocka_unit_test(test_dashes),
		cmocka_unit_test(test_text_is_cut_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
