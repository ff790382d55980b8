/* Which bytes make two copies one mail. */
#include "fixture.h"
#include "archive/archive_digest.h"

typedef struct Key {
	bool groups;
	char hex[SHA256_HEX_SIZE];
} Key;

/* The key of MAIL handed over in pieces of STEP bytes. */
static Key key_by(const char *mail, size_t step)
{
	g_autoptr(ArchiveDigest) digest = archive_digest_new();
	uint8_t raw[SHA256_SIZE];
	size_t size = strlen(mail);
	Key key;

	for (size_t at = 0; at < size; at += step)
		archive_digest_update(digest, mail + at, MIN(step, size - at));
	key.groups = archive_digest_finish(digest, raw);
	sha256_to_hex(raw, key.hex);
	return key;
}

static Key key_of(const char *mail)
{
	Key whole = key_by(mail, SIZE_MAX / 2);

	for (size_t step = 1; step < 5; step++) {
		Key cut = key_by(mail, step);

		assert_int_equal(cut.groups, whole.groups);
		assert_string_equal(cut.hex, whole.hex);
	}
	return whole;
}

static void assert_same(const char *a, const char *b)
{
	Key left = key_of(a);
	Key right = key_of(b);

	assert_string_equal(left.hex, right.hex);
}

static void assert_different(const char *a, const char *b)
{
	Key left = key_of(a);
	Key right = key_of(b);

	assert_string_not_equal(left.hex, right.hex);
}

static void test_equals_hash_of_the_rest(void **state)
{
	static const char rest[] = "Message-ID: <1@x>\r\n\r\nbody";
	uint8_t raw[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	Key key = key_of("Received: by a\r\n\tfor b\r\nMessage-ID: <1@x>\r\n\r\nbody");

	(void)state;
	sha256_of(rest, sizeof rest - 1, raw);
	sha256_to_hex(raw, hex);
	assert_string_equal(key.hex, hex);
	assert_true(key.groups);
}

static void test_trace_headers_do_not_count(void **state)
{
	static const char *const traces[] = {
		"Received: x\r\n",
		"RECEIVED : x\r\n",
		"Return-Path: <>\r\n",
		"Delivered-To: a@b\r\n y\r\n\tz\r\n",
		"X-MS-Exchange-Organization-AuthSource: x\r\n",
		"x-ms-exchange-: x\r\n",
		"ARC-Seal: i=1;\r\n a=rsa\r\n",
		"Authentication-Results: x\r\n",
		"Status: RO\r\n",
		"X-Spam-Score: 1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(traces); i++) {
		g_autofree char *first =
			g_strconcat(traces[i], "Message-ID: <1@x>\r\nTo: b\r\n\r\nb", NULL);
		g_autofree char *middle =
			g_strconcat("Message-ID: <1@x>\r\n", traces[i], "To: b\r\n\r\nb", NULL);
		g_autofree char *last =
			g_strconcat("Message-ID: <1@x>\r\nTo: b\r\n", traces[i], "\r\nb", NULL);

		assert_same("Message-ID: <1@x>\r\nTo: b\r\n\r\nb", first);
		assert_same(first, middle);
		assert_same(first, last);
	}
}

static void test_everything_else_counts(void **state)
{
	static const char mail[] = "Message-ID: <1@x>\r\nSubject: a\r\n\r\nbody\r\n";

	(void)state;
	assert_different(mail, "Message-ID: <2@x>\r\nSubject: a\r\n\r\nbody\r\n");
	assert_different(mail, "Message-ID: <1@x>\r\nSubject: a\r\n\r\nbodY\r\n");
	assert_different(mail, "Message-ID: <1@x>\r\nSubject: a\r\n\r\nbody\r\n\r\n");
	assert_different(mail, "Message-ID: <1@x>\r\nSubject: a\r\nReceived-By: x\r\n\r\nbody\r\n");
	assert_different(
		mail, "Message-ID: <1@x>\r\nSubject: a\r\nX-MS-Exchange: x\r\n\r\nbody\r\n");
	assert_different(
		mail, "Message-ID: <1@x>\r\nSubject: a\r\nDKIM-Signature: v=1\r\n\r\nbody\r\n");
	assert_different(mail, "Message-ID: <1@x>\r\nSubject: a\r\n x\r\n\r\nbody\r\n");
	assert_different(mail, "Message-ID: <1@x>\nSubject: a\n\nbody\n");
}

/* What looks like a trace header behind the blank line is the sender's text. */
static void test_body_counts_whole(void **state)
{
	(void)state;
	assert_different("Message-ID: <1@x>\r\n\r\nReceived: a\r\n",
		"Message-ID: <1@x>\r\n\r\nReceived: b\r\n");
	assert_different(
		"Message-ID: <1@x>\n\nReceived: a\n", "Message-ID: <1@x>\n\nReceived: b\n");
	assert_different("\r\nReceived: a\r\n", "\r\nReceived: b\r\n");
	assert_different("\nStatus: a\n", "\nStatus: b\n");
}

static void test_bare_newlines(void **state)
{
	(void)state;
	assert_same("Received: a\n b\nMessage-ID: <1@x>\n\nbody", "Message-ID: <1@x>\n\nbody");
}

static void test_message_id_decides(void **state)
{
	(void)state;
	assert_true(key_of("message-id: <1@x>\n\n").groups);
	assert_true(key_of("Message-Id:\r\n <1@x>\r\n\r\n").groups);
	assert_true(key_of("To: b\r\nMESSAGE-ID :x").groups);
	assert_false(key_of("Subject: a\r\n\r\nMessage-ID: <1@x>\r\n").groups);
	assert_false(key_of("Message-ID:\r\nSubject: a\r\n\r\n").groups);
	assert_false(key_of("Message-ID: \r\n \r\n\r\nx").groups);
	assert_false(key_of("X-Message-ID: <1@x>\r\n\r\n").groups);
	assert_false(key_of("Message-ID").groups);
	assert_false(key_of("").groups);
}

/* Names longer than any in the table, lines without a name, a mail that ends in a header. */
static void test_odd_lines_count(void **state)
{
	g_autofree char *name = g_strnfill(5000, 'r');
	g_autofree char *a = g_strconcat(name, ": a\r\n\r\n", NULL);
	g_autofree char *b = g_strconcat(name, ": b\r\n\r\n", NULL);

	(void)state;
	assert_different(a, b);
	assert_different("no colon\r\n\r\n", "no Colon\r\n\r\n");
	assert_different("Received", "Receiver");
	assert_same("Received: a", "Received: b");
	assert_different(" Received: a\r\n", " Received: b\r\n");
	assert_different("Received\r\nx: a", "Received\r\nx: b");
}

static void test_finish_starts_anew(void **state)
{
	g_autoptr(ArchiveDigest) digest = archive_digest_new();
	uint8_t first[SHA256_SIZE];
	uint8_t second[SHA256_SIZE];

	(void)state;
	archive_digest_update(digest, "Message-ID: <1@x>\r\n\r\nb", 22);
	assert_true(archive_digest_finish(digest, first));
	archive_digest_update(digest, "Received: x\r\n", 13);
	assert_false(archive_digest_finish(digest, second));
	archive_digest_update(digest, "Message-ID: <1@x>\r\n\r\nb", 22);
	assert_true(archive_digest_finish(digest, second));
	assert_memory_equal(first, second, SHA256_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equals_hash_of_the_rest),
		cmocka_unit_test(test_trace_headers_do_not_count),
		cmocka_unit_test(test_everything_else_counts),
		cmocka_unit_test(test_body_counts_whole),
		cmocka_unit_test(test_bare_newlines),
		cmocka_unit_test(test_message_id_decides),
		cmocka_unit_test(test_odd_lines_count),
		cmocka_unit_test(test_finish_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
