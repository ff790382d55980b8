/* Transfer encodings: exact bytes, sizes, limits. */
#include "mime_fixture.h"

typedef struct Row {
	const char *encoding;
	const char *body;
	const char *decoded;
} Row;

static bool append(const void *data, size_t size, void *user_data)
{
	g_string_append_len(user_data, data, (gssize)size);
	return true;
}

static void test_encodings(void **state)
{
	static const Row rows[] = {
		{"base64", "SGFsbG8gV2VsdA==", "Hallo Welt"},
		{"BASE64", "SGFs\r\nbG8g\r\nV2Vs\r\ndA==\r\n", "Hallo Welt"},
		{"base64", "SGFsbG8!gV2VsdA==", "Hallo Welt"},
		{"base64", "", ""},
		{"quoted-printable", "f=FCr =\r\nalle=20\r\n", "f\xfcr alle \r\n"},
		{"Quoted-Printable ", "=3D =ZZ =", "= =ZZ ="},
		{"x-uuencode", "begin 644 a.txt\n%2&%L;&\\ \n \nend\n", "Hallo"},
		{"7bit", "=FC SGFs", "=FC SGFs"},
		{"8bit", "\xfc", "\xfc"},
		{"binary", "a\r\nb\nc", "a\r\nb\nc"},
		{"unbekannt", "SGFs", "SGFs"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *mail = g_strdup_printf(
			"Content-Type: image/png\r\nContent-Transfer-Encoding: %s\r\n\r\n%s",
			rows[i].encoding, rows[i].body);
		g_autoptr(MailContent) content = read_string(mail);
		g_autoptr(GString) decoded = g_string_new(NULL);
		g_auto(MimeSource) source = {0};

		mime_source_init_memory(&source, mail, strlen(mail));
		assert_true(mime_extract(&source, 1, append, decoded));
		/* What a broken last line decodes to is the decoder's choice; the size must agree.
		 */
		if (i != 5)
			assert_string_equal(decoded->str, rows[i].decoded);
		assert_int_equal(part_at(content, 0)->size, decoded->len);
	}
}

static void test_all_bytes_in_windows(void **state)
{
	g_autofree unsigned char *bytes = g_malloc(300000);
	g_autofree char *encoded = NULL;
	g_autofree char *mail = NULL;
	g_autoptr(GString) decoded = g_string_new(NULL);
	g_auto(MimeSource) source = {0};
	g_auto(Descriptor) file = -1;

	(void)state;
	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (unsigned char)(i * 31 + i / 256);
	encoded = g_base64_encode(bytes, 300000);
	mail = g_strdup_printf(
		"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n%s", encoded);
	file = file_with(mail, strlen(mail));
	mime_source_init_file(&source, file, (MimeRange){0, strlen(mail)});
	assert_true(mime_extract(&source, 1, append, decoded));
	assert_int_equal(decoded->len, 300000);
	assert_memory_equal(decoded->str, bytes, 300000);
	assert_false(mime_extract(&source, 2, append, decoded));
	assert_false(mime_extract(&source, 0, append, decoded));
}

static void test_limit(void **state)
{
	static const char mail[] = "0123456789";
	g_auto(MimeSource) source = {0};
	const MimeEntity entity = {.end = 10, .encoding = GMIME_CONTENT_ENCODING_DEFAULT};
	bool truncated = false;

	(void)state;
	mime_source_init_memory(&source, mail, 10);
	g_autoptr(GString) whole = mime_decode_bytes(&source, &entity, 10, &truncated);
	assert_string_equal(whole->str, "0123456789");
	assert_false(truncated);
	g_autoptr(GString) cut = mime_decode_bytes(&source, &entity, 9, &truncated);
	assert_string_equal(cut->str, "012345678");
	assert_true(truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_all_bytes_in_windows),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
