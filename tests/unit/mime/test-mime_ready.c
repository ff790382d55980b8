/* Finished messages: what is read from them, what is kept, and what is refused. */
#include "write_fixture.h"

#include <stdlib.h>

#define FROM "From: a@b.de" CRLF
#define HEADER                                                                                     \
	FROM "To: c@d.de" CRLF "Date: x" CRLF "Message-ID: <i@b.de>" CRLF "MIME-Version: 1.0" CRLF

static MimeReady *read_bytes(const char *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	MimeReady *ready = mime_ready_read(bytes, size, 1795442645, &error);

	if (!ready)
		fail_msg("'%s' was refused: %s", bytes, error->message);
	return ready;
}

static MimeReady *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void assert_content(const MimeReady *ready, const char *content)
{
	g_autofree char *found = g_strndup((const char *)ready->content->data, ready->content->len);

	assert_string_equal(found, content);
}

/* The recipients joined by blanks; yours. */
static char *recipients_of(const MimeReady *ready)
{
	g_ptr_array_add(ready->recipients, NULL);
	return g_strjoinv(" ", (char **)ready->recipients->pdata);
}

static void test_stays_as_it_is(void **state)
{
	static const char mail[] = HEADER "Subject: =?iso-8859-1?q?Gr=FC=DFe?= " CRLF
					  "X-Odd:\tvalue" CRLF "\tgoes on" CRLF CRLF "Text" CRLF;
	g_autoptr(MimeReady) ready = read_text(mail);
	g_autofree char *recipients = recipients_of(ready);

	(void)state;
	assert_content(ready, mail);
	assert_string_equal(ready->subject, "Grüße");
	assert_string_equal(ready->message_id, "i@b.de");
	assert_string_equal(ready->from->address, "a@b.de");
	assert_null(ready->from->name);
	assert_string_equal(recipients, "c@d.de");
	assert_false(ready->has_8bit || ready->has_utf8);
}

static void test_people(void **state)
{
	static const uint8_t fields[] = {MAIL_TO, MAIL_TO, MAIL_TO, MAIL_CC, MAIL_BCC, MAIL_BCC};
	g_autoptr(MimeReady) ready =
		read_text("From: =?UTF-8?Q?M=C3=BCller=2C?= Hans <h@x.de>" CRLF
			  "To: \"Meier, A\" <a@b.de>, Amt: c@d.de, C@D.de;" CRLF "to: d@e.de" CRLF
			  "Cc: e@xn--gre-6ka8i.example (Chef)," CRLF " <a@b.de>" CRLF
			  "Bcc: geheim@b.de" CRLF "\t, auch@b.de" CRLF CRLF);
	g_autofree char *recipients = recipients_of(ready);

	(void)state;
	assert_string_equal(ready->from->name, "Müller, Hans");
	assert_string_equal(
		recipients, "a@b.de c@d.de d@e.de e@xn--gre-6ka8i.example geheim@b.de auch@b.de");
	assert_int_equal(ready->fields->len, sizeof(fields));
	assert_memory_equal(ready->fields->data, fields, sizeof(fields));
}

/* Whoever a field that all read names got no blind copy, wherever that stands. */
static void test_a_blind_copy_is_nobody_elses(void **state)
{
	g_autoptr(MimeReady) ready = read_text("Bcc: a@b.de, geheim@b.de" CRLF "Cc: c@d.de" CRLF
					       "From: h@x.de" CRLF "To: a@b.de" CRLF CRLF);
	static const uint8_t fields[] = {MAIL_TO, MAIL_CC, MAIL_BCC};
	g_autofree char *recipients = recipients_of(ready);

	(void)state;
	assert_string_equal(recipients, "a@b.de c@d.de geheim@b.de");
	assert_int_equal(ready->fields->len, sizeof(fields));
	assert_memory_equal(ready->fields->data, fields, sizeof(fields));
}

static void test_what_goes_and_what_is_added(void **state)
{
	g_autoptr(MimeReady) ready =
		read_text("Return-Path: <x@y.de>" CRLF FROM "bCC: geheim@b.de," CRLF
			  "  noch@b.de" CRLF "Date: " CRLF "Resent-Bcc: x@y.de" CRLF CRLF "Text");
	g_autofree char *expected = NULL;

	(void)state;
	assert_true(g_str_has_suffix(ready->message_id, "@b.de"));
	expected = g_strdup_printf(FROM "Date: Mon, 23 Nov 2026 15:04:05 +0100" CRLF
					"Message-ID: <%s>" CRLF "MIME-Version: 1.0" CRLF CRLF
					"Text" CRLF,
		ready->message_id);
	assert_content(ready, expected);
}

static void test_line_ends(void **state)
{
	g_autoptr(MimeReady) unix_ends = read_text("From: a@b.de\nTo: c@d.de\nDate: x\n"
						   "Message-ID: <i@b.de>\nMIME-Version: 1.0\n\n"
						   "a\n\nb\rc\r\nd\r\r\n\n.\n");
	g_autoptr(MimeReady) mailbox = read_text("From x@y.de Mon Nov 23\n" HEADER "\nText\n");
	g_autoptr(MimeReady) bare = read_text(HEADER);

	(void)state;
	assert_content(
		unix_ends, HEADER CRLF "a" CRLF CRLF "b" CRLF "c" CRLF "d" CRLF CRLF CRLF "." CRLF);
	assert_content(mailbox, HEADER CRLF "Text" CRLF);
	assert_content(bare, HEADER CRLF);
}

static void test_bytes(void **state)
{
	static const char with_nul[] = HEADER CRLF "a\0b\xff" CRLF;
	g_autoptr(MimeReady) body = read_bytes(with_nul, sizeof with_nul - 1);
	g_autoptr(MimeReady) header = read_text(HEADER "Subject: Grüße" CRLF CRLF);

	(void)state;
	assert_int_equal(body->content->len, sizeof with_nul - 1);
	assert_memory_equal(body->content->data, with_nul, sizeof with_nul - 1);
	assert_true(body->has_8bit && !body->has_utf8);
	assert_true(header->has_8bit && header->has_utf8);
	assert_string_equal(header->subject, "Grüße");
}

static void assert_not_ready(const char *bytes, size_t size, Failure failure, const char *subject)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MimeReady) ready = mime_ready_read(bytes, size, 0, &error);

	if (ready)
		fail_msg("'%s' was taken", bytes);
	if (!failure_is(error, failure))
		fail_msg("'%s': another failure: %s", bytes, error->message);
	if (subject)
		assert_string_equal(failure_subject(error), subject);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *mail;
		Failure failure;
		const char *subject;
	} rows[] = {
		{"", FAILURE_FIELD_INVALID, "From"},
		{"Text ohne Kopf", FAILURE_FIELD_INVALID, "Kopfzeilen"},
		{"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", FAILURE_FIELD_INVALID, "Kopfzeilen"},
		{"\x89PNG\r\n\x1a\n", FAILURE_FIELD_INVALID, "Kopfzeilen"},
		{HEADER "\xe2\xe3\xcf" CRLF, FAILURE_FIELD_INVALID, "Kopfzeilen"},
		{CRLF HEADER, FAILURE_FIELD_INVALID, "From"},
		{"To: c@d.de" CRLF CRLF, FAILURE_FIELD_INVALID, "From"},
		{"From:" CRLF "To: c@d.de" CRLF CRLF, FAILURE_FIELD_INVALID, "From"},
		{"From: a@b.de, b@b.de" CRLF "To: c@d.de" CRLF, FAILURE_FIELD_INVALID, "From"},
		{FROM HEADER, FAILURE_FIELD_INVALID, "From"},
		{"From: Hans" CRLF "To: c@d.de" CRLF, FAILURE_FIELD_INVALID, "From"},
		{FROM "To: Hans" CRLF, FAILURE_ADDRESS_INVALID, "Hans"},
		{FROM "To: c@d.de, @e.de" CRLF, FAILURE_ADDRESS_INVALID, "@e.de"},
		{FROM CRLF "To: c@d.de", FAILURE_RECIPIENT_MISSING, NULL},
		{FROM "To: undisclosed-recipients:;" CRLF, FAILURE_RECIPIENT_MISSING, NULL},
		{HEADER "Subject: a\rBcc: x@y.de" CRLF, FAILURE_FIELD_INVALID, NULL},
		{HEADER "Subject: a\r\r\n", FAILURE_FIELD_INVALID, NULL},
		{HEADER "Subject: a\x1b[2J" CRLF, FAILURE_FIELD_INVALID, "Subject"},
		{HEADER "Subject: \xff" CRLF, FAILURE_FIELD_INVALID, NULL},
		{HEADER "Subject: " SURROGATE CRLF, FAILURE_FIELD_INVALID, NULL},
		{HEADER "Subject: a" CRLF "subject: b" CRLF, FAILURE_FIELD_INVALID, "Subject"},
		{HEADER "Date: b" CRLF, FAILURE_FIELD_INVALID, "Date"},
		{HEADER "Message-ID: <j@b.de>" CRLF, FAILURE_FIELD_INVALID, "Message-ID"},
		{FROM "To: c@d.de" CRLF "Message-ID: i@b.de" CRLF, FAILURE_FIELD_INVALID,
			"Message-ID"},
		{FROM "To: c@d.de" CRLF "Message-ID: <>" CRLF, FAILURE_FIELD_INVALID, "Message-ID"},
		{HEADER "kein Feld" CRLF, FAILURE_FIELD_INVALID, "kein Feld"},
		{HEADER "Bcc : x@y.de" CRLF, FAILURE_FIELD_INVALID, "Bcc : x@y.de"},
		{" goes on" CRLF HEADER, FAILURE_FIELD_INVALID, "Kopfzeilen"},
	};
	static const char with_nul[] = HEADER "Subject: a\0b" CRLF CRLF;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_not_ready(
			rows[i].mail, strlen(rows[i].mail), rows[i].failure, rows[i].subject);
	assert_not_ready(with_nul, sizeof with_nul - 1, FAILURE_FIELD_INVALID, NULL);
}

/* Each reader sees the same sender there. */
static void test_one_sender(void **state)
{
	static const char *const taken[] = {"a@b.de", "\"chef@x.de: Amt\" <a@b.de>",
		"(chef@x.de: <c@x.de>;) a@b.de", "Amt <a@b.de> (chef@x.de)",
		"=?utf-8?q?chef=40x=2Ede?= <a@b.de>"};
	static const char *const refused[] = {"chef@x.de: a@b.de;", "chef@x.de:a@b.de",
		"chef@x.de <a@b.de>", "\"Chef\" chef@x.de <a@b.de>", "a@b.de, chef@x.de",
		"<chef@x.de> <a@b.de>", "a@b.de;", "<\"@x.de> :a@b.de (\")",
		"chef@x.de\\, <a@b.de>", "\"chef@x.de <a@b.de>", "Chef"};
	static const char *const fields[] = {"From", "Sender", "Resent-From", "resent-sender"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(taken) * G_N_ELEMENTS(fields); i++) {
		const char *field = fields[i % G_N_ELEMENTS(fields)];
		bool is_from = strcmp(field, "From") == 0;
		g_autofree char *mail = g_strdup_printf("%sTo: c@d.de" CRLF "%s: %s" CRLF,
			is_from ? "" : FROM, field, taken[i / G_N_ELEMENTS(fields)]);
		g_autoptr(MimeReady) ready = read_text(mail);

		assert_string_equal(ready->from->address, "a@b.de");
		assert_int_equal(ready->senders->len, is_from ? 0 : 1);
		if (!is_from)
			assert_string_equal(ready->senders->pdata[0], "a@b.de");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(refused) * G_N_ELEMENTS(fields); i++) {
		const char *field = fields[i % G_N_ELEMENTS(fields)];
		g_autofree char *mail = g_strdup_printf("%sTo: c@d.de" CRLF "%s: %s" CRLF,
			strcmp(field, "From") == 0 ? "" : FROM, field,
			refused[i / G_N_ELEMENTS(fields)]);

		assert_not_ready(mail, strlen(mail), FAILURE_FIELD_INVALID, NULL);
	}
}

static void test_header_has_a_limit(void **state)
{
	g_autoptr(GString) mail = g_string_new(HEADER "X: ");

	(void)state;
	while (mail->len <= MIME_READY_HEADER_LIMIT)
		g_string_append(mail, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" CRLF " ");
	assert_not_ready(mail->str, mail->len, FAILURE_FIELD_INVALID, "Kopfzeilen");
}

/* What was composed goes through as it is. */
static void test_takes_what_was_written(void **state)
{
	static const MimeAddress from = {(char *)"Größe, Hans", (char *)"h@größe.example"};
	static const MimeFile file = {.name = "Grüße.txt", .data = "a\0b", .size = 3};
	g_autoptr(GPtrArray) to = only(&from);
	MimeMessage message = message_from(&from, to);
	g_autoptr(GString) text = NULL;
	g_autoptr(MimeReady) ready = NULL;

	(void)state;
	message.subject =
		"Größe 🐝 und ein Betreff, der so lang ist, dass er umbricht, und noch mehr";
	message.files = &file;
	message.file_count = 1;
	text = write_message(&message, NULL);
	ready = read_bytes(text->str, text->len);
	assert_content(ready, text->str);
	assert_string_equal(ready->subject, message.subject);
	assert_string_equal(ready->from->name, from.name);
	assert_string_equal(ready->from->address, "h@xn--gre-6ka8i.example");
}

/* A name takes three times its bytes and more. */
static void test_takes_the_longest_name(void **state)
{
	g_autoptr(GString) name = g_string_new(NULL);
	MimeAddress from = {NULL, (char *)"h@amt.example"};
	g_autoptr(GPtrArray) to = only(&from);
	MimeMessage message = message_from(&from, to);
	g_autoptr(GString) text = NULL;
	g_autoptr(MimeReady) ready = NULL;

	(void)state;
	while (name->len < MIME_WRITE_NAME_LIMIT)
		g_string_append(name, "ab=ä");
	from.name = name->str;
	text = write_message(&message, NULL);
	ready = read_bytes(text->str, text->len);
	assert_string_equal(ready->from->name, name->str);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stays_as_it_is),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_a_blind_copy_is_nobody_elses),
		cmocka_unit_test(test_what_goes_and_what_is_added),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_one_sender),
		cmocka_unit_test(test_header_has_a_limit),
		cmocka_unit_test(test_takes_what_was_written),
		cmocka_unit_test(test_takes_the_longest_name),
	};

	/* Spelled out, so that no time zone database is needed. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
