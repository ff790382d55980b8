/* Text on the wire: plain where nobody changes it, quoted-printable else, and back as it was. */
#include "write_fixture.h"

#include <gmime/gmime-encodings.h>

/* Yours: TEXT as it is sent. */
static char *written(const char *text, bool plain)
{
	GString *sent = g_string_new(NULL);

	assert_true(mime_text_write(text, plain, collect, sent, NULL));
	return g_string_free(sent, FALSE);
}

static void test_plain(void **state)
{
	g_autofree char *line = g_strnfill(78, 'a');
	g_autofree char *longer = g_strconcat(line, "a", NULL);

	(void)state;
	assert_true(mime_text_is_plain(""));
	assert_true(mime_text_is_plain("Guten Tag\n\tHans = 1.\n.\n..\n\nFrom: hier\n"));
	assert_true(mime_text_is_plain(line));
	assert_false(mime_text_is_plain(longer));
	assert_false(mime_text_is_plain("ä"));
	assert_false(mime_text_is_plain("blank \n"));
	assert_false(mime_text_is_plain("-- \r\nHans"));
	assert_false(mime_text_is_plain("tab\t"));
	assert_false(mime_text_is_plain("a\nFrom hier\n"));
	assert_false(mime_text_is_plain("\f"));
}

static void test_line_ends(void **state)
{
	static const struct {
		const char *text, *sent;
	} rows[] = {
		{"", ""},
		{"a", "a" CRLF},
		{"a\n", "a" CRLF},
		{"a\r\n", "a" CRLF},
		{"a\r", "a" CRLF},
		{"a\n\rb", "a" CRLF CRLF "b" CRLF},
		{"\n", CRLF},
		{"a\r\r\nb\n\n", "a" CRLF CRLF "b" CRLF CRLF},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *plain = written(rows[i].text, true);
		g_autofree char *quoted = written(rows[i].text, false);

		assert_string_equal(plain, rows[i].sent);
		assert_string_equal(quoted, rows[i].sent);
	}
}

static void test_quoted(void **state)
{
	static const struct {
		const char *text, *sent;
	} rows[] = {
		{"Grüße = \t!", "Gr=C3=BC=C3=9Fe =3D \t!" CRLF},
		{"-- \na \t", "--=20" CRLF "a =09" CRLF},
		{".\n.a\n a.", "=2E" CRLF "=2Ea" CRLF " a." CRLF},
		{"From hier\nFrom\nAus From ", "=46rom hier" CRLF "From" CRLF "Aus From=20" CRLF},
		{"a\fb\x7f", "a=0Cb=7F" CRLF},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *sent = written(rows[i].text, false);

		assert_string_equal(sent, rows[i].sent);
	}
}

/* Decoded by GMime it is TEXT again, and no line is longer than 76. */
static void assert_round(const char *text)
{
	g_autofree char *sent = written(text, false);
	g_autofree char *decoded = g_malloc(strlen(sent) + 8);
	g_auto(GStrv) lines = g_strsplit(sent, CRLF, -1);
	GMimeEncoding encoding;
	size_t size;

	for (char **line = lines; *line; line++) {
		size_t length = strlen(*line);

		assert_true(length <= 76);
		assert_true(**line != '.' && !g_str_has_prefix(*line, "From "));
		assert_true(length == 0 || !strchr(" \t", (*line)[length - 1]));
	}
	g_mime_encoding_init_decode(&encoding, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	size = g_mime_encoding_flush(&encoding, sent, strlen(sent), decoded);
	assert_int_equal(size, strlen(text) + 2);
	assert_memory_equal(decoded, text, strlen(text));
}

static void test_long_lines_read_back(void **state)
{
	static const char *const pieces[] = {
		"a", "ä", EMOJI, ".", "From ", "a ", " ", "\t", "=", "äa.", "xFrom From "};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		for (unsigned count = 1; count < 300; count++) {
			g_string_append(text, pieces[i]);
			assert_round(text->str);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_long_lines_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
