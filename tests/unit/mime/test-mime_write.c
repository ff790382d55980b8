/* Whole messages: what stands in them, what is refused before the first byte, and that our own
 * reader finds again what was written. */
#include "write_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include "base/file.h"
#include "base/sanitizer.h"

static const MimeAddress hans = {(char *)"Meier, Hans", (char *)"hans@amt.example"};
static const MimeAddress anna = {NULL, (char *)"anna@amt.example"};
static const MimeAddress jana = {(char *)"Jana 🐝 Größe", (char *)"jana@größe.example"};
static const MimeAddress umlaut = {(char *)"Jürgen", (char *)"jürgen@größe.example"};

static void test_a_simple_mail(void **state)
{
	g_autoptr(GPtrArray) to = only(&anna);
	MimeMessage message = message_from(&hans, to);
	MimeWritten written;
	g_autoptr(GString) text = write_message(&message, &written);

	(void)state;
	assert_string_equal(text->str,
		"From: \"Meier, Hans\" <hans@amt.example>" CRLF "To: anna@amt.example" CRLF
		"Subject: Bescheid" CRLF "Date: Mon, 23 Nov 2026 15:04:05 +0100" CRLF
		"Message-ID: <1.2@amt.example>" CRLF "MIME-Version: 1.0" CRLF
		"Content-Type: text/plain; charset=UTF-8" CRLF
		"Content-Transfer-Encoding: 7bit" CRLF CRLF "Guten Tag" CRLF);
	assert_int_equal(written.size, text->len);
	assert_false(written.has_8bit);
	assert_false(written.has_utf8);
}

static void test_files(void **state)
{
	static const MimeFile files[] = {{.name = "/tmp/Plan.pdf", .data = "%PDF", .size = 4},
		{.name = "Grüße 🐝.txt", .data = "", .size = 0}};
	g_autoptr(GPtrArray) to = only(&anna);
	MimeMessage message = message_from(&hans, to);
	g_autoptr(GString) text = NULL;
	g_autoptr(MailContent) content = NULL;
	const MailPart *part;

	(void)state;
	message.text = "Grüße\n";
	message.files = files;
	message.file_count = G_N_ELEMENTS(files);
	text = write_message(&message, NULL);
	assert_non_null(strstr(text->str,
		CRLF "Content-Type: application/pdf" CRLF
		     "Content-Disposition: attachment; filename=\"Plan.pdf\"" CRLF
		     "Content-Transfer-Encoding: base64" CRLF CRLF "JVBERg==" CRLF CRLF "--=_"));
	content = mime_read_bytes(text->str, text->len);
	assert_string_equal(content->text, "Grüße");
	assert_int_equal(content->attachments->len, 2);
	part = g_ptr_array_index(content->attachments, 1);
	assert_string_equal(part->name, "Grüße 🐝.txt");
	assert_string_equal(part->type, "text/plain");
	assert_int_equal(part->size, 0);
}

static void test_people_and_subject_come_back(void **state)
{
	g_autoptr(GPtrArray) to = only(&jana);
	g_autoptr(GPtrArray) cc = only(&anna);
	MimeMessage message = message_from(&hans, to);
	g_autoptr(MailContent) content = NULL;
	g_autoptr(GString) subject = g_string_new("AW: ");

	(void)state;
	while (g_utf8_strlen(subject->str, -1) < 2000)
		g_string_append(subject, "Größe 🐝, ");
	g_string_append(subject, "Ende");
	message.cc = cc;
	message.subject = subject->str;
	content = read_back(&message);
	assert_string_equal(content->from, "Meier, Hans <hans@amt.example>");
	assert_string_equal(
		g_ptr_array_index(content->to, 0), "Jana 🐝 Größe <jana@xn--gre-6ka8i.example>");
	assert_string_equal(g_ptr_array_index(content->cc, 0), "anna@amt.example");
	assert_string_equal(content->subject, subject->str);
	assert_int_equal(content->date, 1795442645);
	assert_string_equal(content->message_id, "1.2@amt.example");
}

static void test_utf8_only_for_addresses(void **state)
{
	g_autoptr(GPtrArray) to = only(&jana);
	g_autoptr(GPtrArray) cc = only(&umlaut);
	MimeMessage message = message_from(&hans, to);
	MimeWritten written;
	g_autoptr(GString) ascii = NULL, utf8 = NULL;

	(void)state;
	message.subject = message.text = "Größe 🐝";
	ascii = write_message(&message, &written);
	assert_true(g_str_is_ascii(ascii->str));
	assert_false(written.has_8bit || written.has_utf8);
	message.cc = cc;
	utf8 = write_message(&message, &written);
	assert_non_null(strstr(utf8->str, "=?UTF-8?Q?J=C3=BCrgen?= <jürgen@größe.example>" CRLF));
	assert_true(written.has_8bit && written.has_utf8);
}

static void test_nobody_is_named(void **state)
{
	MimeMessage message = message_from(&hans, NULL);
	g_autoptr(GString) text = write_message(&message, NULL);

	(void)state;
	assert_non_null(strstr(text->str, CRLF "To: undisclosed-recipients:;" CRLF));
	assert_null(strstr(text->str, "Cc:"));
}

static void test_answers(void **state)
{
	g_autoptr(GPtrArray) to = only(&anna);
	g_autoptr(GPtrArray) references = g_ptr_array_new();
	g_autofree char *endless = g_strnfill(2000, 'x');
	MimeMessage message = message_from(&hans, to);
	g_autoptr(GString) one = NULL, many = NULL, odd = NULL;

	(void)state;
	message.in_reply_to = "b@x.de";
	one = write_message(&message, NULL);
	assert_non_null(
		strstr(one->str, CRLF "In-Reply-To: <b@x.de>" CRLF "References: <b@x.de>" CRLF));
	g_ptr_array_add(references, (gpointer) "a@x.de");
	g_ptr_array_add(references, (gpointer) "mit blank@x.de");
	g_ptr_array_add(references, (gpointer) "umläut@x.de");
	g_ptr_array_add(references, (gpointer) "x>@x.de");
	g_ptr_array_add(references, (gpointer) "");
	g_ptr_array_add(references, endless);
	g_ptr_array_add(references, (gpointer) "b@x.de");
	message.references = references;
	many = write_message(&message, NULL);
	assert_non_null(strstr(many->str, CRLF "References: <a@x.de> <b@x.de>" CRLF));
	message.in_reply_to = "umläut@x.de";
	odd = write_message(&message, NULL);
	assert_null(strstr(odd->str, "In-Reply-To"));
	assert_non_null(strstr(odd->str, CRLF "References: <a@x.de> <b@x.de>" CRLF));
}

static void test_ten_thousand_people(void **state)
{
	g_autoptr(GPtrArray) to = g_ptr_array_new();
	MimeMessage message = message_from(&hans, to);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	for (int i = 0; i < 10000; i++)
		g_ptr_array_add(to, (gpointer)(i % 2 ? &jana : &hans));
	content = read_back(&message);
	/* The reader of foreign mails stops at 256 KiB. */
	assert_true(content->to->len > 4000);
}

/* ---- what is refused ---- */

/* What may stand in no field: a field that it begins or ends, or where it stands alone. */
static const char *const hostile[] = {"a\rb", "a\nb", "a\r\nBcc: x@y.de", "\r\n\r\nText", "a\r\n b",
	"\n", "a\x1b[2J", "a\x7f", "a\xc2\x85", "a" SEPARATOR "b", "a\xe2\x80\xa9", SURROGATE,
	"\xed\xa0\x80\xed\xb0\x80", "\xff", "a\xc3", "\xc0\x8a", "\xf4\x90\x80\x80"};

/* The mail that is answered is somebody else's: the answer does not fail for it. */
static void assert_foreign_id_is_left_out(const char *id)
{
	g_autoptr(GPtrArray) to = only(&anna);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	MimeMessage message = message_from(&hans, to);
	g_autoptr(GString) text = NULL;

	g_ptr_array_add(ids, (gpointer)id);
	g_ptr_array_add(ids, (gpointer) "a@b.de");
	message.in_reply_to = id;
	message.references = ids;
	text = write_message(&message, NULL);
	assert_null(strstr(text->str, "In-Reply-To"));
	assert_non_null(strstr(text->str, CRLF "References: <a@b.de>" CRLF));
}

static void test_hostile_text_fields(void **state)
{
	g_autoptr(GPtrArray) to = only(&anna);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		MimeAddress bad_name = {(char *)hostile[i], (char *)"x@y.de"};
		g_autofree char *address = g_strconcat(hostile[i], "@y.de", NULL);
		g_autofree char *behind = g_strconcat("x@y.de", hostile[i], NULL);
		MimeAddress bad_address = {NULL, address}, bad_end = {NULL, behind};
		g_autoptr(GPtrArray) name = only(&bad_name), local = only(&bad_address);
		g_autoptr(GPtrArray) end = only(&bad_end);
		MimeMessage message = message_from(&hans, to);

		message.subject = hostile[i];
		assert_refused(&message, FAILURE_FIELD_INVALID, "Betreff");
		message = message_from(&bad_name, to);
		assert_refused(&message, FAILURE_FIELD_INVALID, "Name zu x@y.de");
		message = message_from(&hans, name);
		assert_refused(&message, FAILURE_FIELD_INVALID, "Name zu x@y.de");
		message = message_from(&bad_address, to);
		assert_refused(&message, FAILURE_ADDRESS_INVALID, NULL);
		message = message_from(&hans, local);
		assert_refused(&message, FAILURE_ADDRESS_INVALID, NULL);
		message = message_from(&hans, to);
		message.cc = end;
		assert_refused(&message, FAILURE_ADDRESS_INVALID, NULL);
		message = message_from(&hans, to);
		message.message_id = hostile[i];
		assert_refused(&message, FAILURE_FIELD_INVALID, "Message-ID");
		assert_foreign_id_is_left_out(hostile[i]);
	}
}

static void test_hostile_files(void **state)
{
	g_autoptr(GPtrArray) to = only(&anna);
	g_autofree char *endless = g_strnfill(MIME_WRITE_NAME_LIMIT + 1, 'a');
	MimeMessage message = message_from(&hans, to);
	MimeFile file = {.data = "", .name = endless};

	(void)state;
	message.files = &file;
	message.file_count = 1;
	assert_refused(&message, FAILURE_FIELD_INVALID, "Dateiname");
	file.name = "a/";
	assert_refused(&message, FAILURE_FIELD_INVALID, "Dateiname");
	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		file = (MimeFile){.data = "", .name = hostile[i]};
		assert_refused(&message, FAILURE_FIELD_INVALID, "Dateiname");
		file = (MimeFile){.data = "", .name = "a", .type = hostile[i]};
		assert_refused(&message, FAILURE_FIELD_INVALID, "Dateityp");
	}
}

static void test_the_rest_that_is_refused(void **state)
{
	static const char *const texts[] = {
		"a\x1b[2J", "\x01", "\x7f", "\xc2\x96", "\xff", SURROGATE};
	g_autoptr(GPtrArray) to = only(&anna);
	g_autofree char *endless = g_strnfill(MIME_WRITE_SUBJECT_LIMIT + 1, 'a');
	MimeMessage message = message_from(&hans, to);

	(void)state;
	message.subject = endless;
	assert_refused(&message, FAILURE_FIELD_INVALID, "Betreff");
	message = message_from(&hans, to);
	message.message_id = "";
	assert_refused(&message, FAILURE_FIELD_INVALID, "Message-ID");
	message.message_id = "a b@c.de";
	assert_refused(&message, FAILURE_FIELD_INVALID, "Message-ID");
	message.message_id = "a>@c.de";
	assert_refused(&message, FAILURE_FIELD_INVALID, "Message-ID");
	message = message_from(&hans, to);
	message.date = INT64_MAX;
	assert_refused(&message, FAILURE_FIELD_INVALID, "Datum");
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		message = message_from(&hans, to);
		message.text = texts[i];
		assert_refused(&message, FAILURE_FIELD_INVALID, "Text");
	}
}

/* A person's text may hold whatever a keyboard and other programs' line ends make. */
static void test_text_holds_no_header(void **state)
{
	g_autoptr(GPtrArray) to = only(&anna);
	MimeMessage message = message_from(&hans, to);
	g_autoptr(MailContent) content = NULL;

	(void)state;
	message.text = "\r\nBcc: x@y.de\r\n.\r\nQUIT\r\n--=_\n" SEPARATOR "\tä\v\f\xc2\x85";
	content = read_back(&message);
	assert_true(g_str_has_prefix(content->text, "\nBcc: x@y.de\n.\nQUIT\n--=_\n" SEPARATOR));
	assert_int_equal(content->to->len, 1);
}

/* ---- the sink, threads, memory, time ---- */

static bool refuse_bytes(const void *bytes, size_t size, void *data, GError **error)
{
	(void)bytes;
	(void)size;
	*(unsigned *)data += 1;
	failure_set(error, FAILURE_DISK_FULL, NULL, "full");
	return false;
}

static void test_a_sink_that_refuses(void **state)
{
	g_autofree char *bytes = g_malloc0(1 << 20);
	const MimeFile file = {.name = "a", .data = bytes, .size = 1 << 20};
	g_autoptr(GPtrArray) to = only(&anna);
	MimeMessage message = message_from(&hans, to);
	g_autoptr(GError) error = NULL;
	MimeWritten written;
	unsigned calls = 0;

	(void)state;
	message.files = &file;
	message.file_count = 1;
	assert_false(mime_write(&message, refuse_bytes, &calls, &written, &error));
	assert_true(failure_is(error, FAILURE_DISK_FULL));
	assert_int_equal(calls, 1);
}

static void *write_many(void *unused)
{
	g_autoptr(GPtrArray) to = only(&jana);
	MimeMessage message = message_from(&hans, to);

	(void)unused;
	message.subject = message.text = "Größe 🐝";
	for (int i = 0; i < 200; i++) {
		g_autoptr(GString) text = write_message(&message, NULL);

		if (!strstr(text->str, "xn--gre-6ka8i"))
			return NULL;
	}
	return (void *)hans.name;
}

static void test_threads(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, NULL), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
}

static bool count_bytes(const void *bytes, size_t size, void *data, GError **error)
{
	(void)bytes;
	(void)error;
	*(uint64_t *)data += size;
	return true;
}

static long peak_kilobytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

#define LARGE ((uint64_t)100 << 20)

static void test_a_large_file_needs_no_memory(void **state)
{
	g_autofree char *path = g_strdup("/tmp/amtspost-attachment-XXXXXX");
	g_auto(Descriptor) descriptor = g_mkstemp(path);
	const MimeFile file = {.name = "groß.bin", .descriptor = descriptor, .size = LARGE};
	g_autoptr(GPtrArray) to = only(&anna);
	MimeMessage message = message_from(&hans, to);
	MimeWritten written;
	uint64_t bytes = 0;
	long before;

	(void)state;
	unlink(path);
	/* A hole: on no disk and in no memory. */
	assert_int_equal(ftruncate(descriptor, (off_t)LARGE), 0);
	message.files = &file;
	message.file_count = 1;
	before = peak_kilobytes();
	assert_true(mime_write(&message, count_bytes, &bytes, &written, NULL));
	assert_int_equal(bytes, written.size);
	assert_true(bytes > LARGE / 57 * 78);
	if (!UNDER_SANITIZER)
		assert_true(peak_kilobytes() - before < 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_simple_mail),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_people_and_subject_come_back),
		cmocka_unit_test(test_utf8_only_for_addresses),
		cmocka_unit_test(test_nobody_is_named),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ten_thousand_people),
		cmocka_unit_test(test_hostile_text_fields),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_the_rest_that_is_refused),
		cmocka_unit_test(test_text_holds_no_header),
		cmocka_unit_test(test_a_sink_that_refuses),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_a_large_file_needs_no_memory),
	};

	/* Spelled out, so that no time zone database is needed. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
