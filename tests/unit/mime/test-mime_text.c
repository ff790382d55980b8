/* Charsets, named rightly, wrongly and not at all; tidying and limits. */
#include "mime_fixture.h"

static void test_charsets(void **state)
{
	static const struct {
		const char *charset;
		const char *bytes;
		const char *text;
	} rows[] = {
		{"utf-8",
			"Stra\xc3\x9f"
			"e",
			"Straße"},
		{"UTF8",
			"Stra\xc3\x9f"
			"e",
			"Straße"},
		{"iso-8859-1",
			"Stra\xdf"
			"e",
			"Straße"},
		{"iso-8859-1", "50 \x80", "50 €"},
		{"ISO_8859-1", "\x84Zitat\x93", "„Zitat“"},
		{"iso-8859-15", "50 \xa4", "50 €"},
		{"windows-1252", "50 \x80 \x96 \xfc", "50 € – ü"},
		{"cp1252", "\xfc", "ü"},
		{"ibm850", "\x81", "ü"},
		{"macintosh", "\x9f", "ü"},
		{"windows-1251", "\xcf\xf0\xe8", "При"},
		{"gb2312", "\xc4\xe3", "你"},
		{"iso-2022-jp", "\x1b$B8l\x1b(B", "語"},
		{"utf-7", "+AOQ-", "ä"},
		{NULL,
			"Stra\xc3\x9f"
			"e",
			"Straße"},
		{NULL,
			"Stra\xdf"
			"e",
			"Straße"},
		{"us-ascii",
			"Stra\xdf"
			"e",
			"Straße"},
		{"us-ascii",
			"Stra\xc3\x9f"
			"e",
			"Straße"},
		{"utf-8",
			"Stra\xdf"
			"e",
			"Straße"},
		{"gibt-es-nicht",
			"Stra\xdf"
			"e",
			"Straße"},
		{"gibt-es-nicht",
			"Stra\xc3\x9f"
			"e",
			"Straße"},
		{"utf-8//IGNORE", "\xdf", "ß"},
		{"", "abc", "abc"},
		{"windows-1252", "\x81", "\xef\xbf\xbd"},
	};

	(void)state;
	mime_start_library();
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			mime_text_to_utf8(rows[i].bytes, strlen(rows[i].bytes), rows[i].charset);

		assert_string_equal(text, rows[i].text);
	}
}

static void test_wide_charsets_and_nul(void **state)
{
	g_autofree char *wide = mime_text_to_utf8("\xff\xfe"
						  "a\0\xe4\0",
		6, "utf-16");
	g_autofree char *nul = mime_text_to_utf8("a\0b", 3, NULL);
	g_autofree char *only = mime_text_to_utf8("\0\0\0\0", 4, "iso-8859-1");

	(void)state;
	assert_string_equal(wide, "aä");
	assert_string_equal(nul, "ab");
	assert_string_equal(only, "");
}

/* A limit may cut a character; the rest is still UTF-8 and not guessed anew. */
static void test_cut_character(void **state)
{
	g_autofree char *text = mime_text_to_utf8("\xc3\xa4\xc3", 3, "utf-8");

	(void)state;
	assert_string_equal(text, "ä\xef\xbf\xbd");
}

static void test_tidy(void **state)
{
	g_autofree char *tidy = mime_text_tidy("\xef\xbb\xbf"
					       "a\r\nb\rc\n\td\x01\x7f\xc2\x85"
					       "e \r\n\r\n");

	(void)state;
	assert_string_equal(tidy, "a\nb\nc\n\tde");
}

static void test_append_cuts_between_characters(void **state)
{
	g_autoptr(GString) text = g_string_new("12");

	(void)state;
	assert_true(mime_text_append(text, "3", 4));
	assert_false(mime_text_append(text, "ä", 4));
	assert_string_equal(text->str, "123");
	assert_true(mime_text_append(text, "ä", 5));
	assert_false(mime_text_append(text, "x", 5));
	assert_string_equal(text->str, "123ä");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_wide_charsets_and_nul),
		cmocka_unit_test(test_cut_character),
		cmocka_unit_test(test_tidy),
		cmocka_unit_test(test_append_cuts_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
