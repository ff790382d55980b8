/* The tokeniser of search: what a reader takes for the same word is the same, wherever it stands.
 */
#include "base/text.h"
#include "scratch.h"

#define LIMIT 100000

static void assert_words(const char *text, const char *expected)
{
	g_autoptr(GString) words = g_string_new(NULL);

	assert_true(text_append_words(words, text, LIMIT));
	assert_string_equal(words->str, expected);
}

static void test_parts_words(void **state)
{
	(void)state;
	assert_words("", "");
	assert_words(" .,-\n", "");
	assert_words("Wort", "wort");
	assert_words("  Zwei  Worte. ", "zwei worte");
	assert_words("AZ-2026/0815_b", "az 2026 0815 b");
	assert_words("info@amt.example", "info amt example");
	assert_words("\"a\" AND (b* OR -c:d^)", "a and b or c d");
	assert_words("a\xc2\xa0"
		     "b\xe2\x80\x93"
		     "c\xe2\x80\x8b"
		     "d",
		"a b c d");
}

static void test_folds(void **state)
{
	(void)state;
	assert_words("MÜLLER Ärger Öl", "muller arger ol");
	/* the same with combining marks, also before a word's first letter */
	assert_words("MU\xcc\x88LLER \xcc\x88x", "muller x");
	assert_words("Straße STRASSE GRO\xe1\xba\x9e", "strasse strasse gross");
	assert_words("Crème Brûlée Łódź Søren Đorđe Æsop Œuvre",
		"creme brulee lodz soren dorde aesop oeuvre");
	assert_words("Ελλάδος ΕΛΛΆΔΟΣ", "ελλαδοσ ελλαδοσ");
	assert_words("ПРИВЕТ привет", "привет привет");
}

static void test_folds_compatible_letters(void **state)
{
	(void)state;
	/* ligature, full width, mathematical capitals, MHz and TEL in one character */
	assert_words("\xef\xac\x81nden", "finden");
	assert_words("\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\x91", "ab1");
	assert_words("\xf0\x9d\x90\x80\xf0\x9d\x90\x81", "ab");
	assert_words("\xe3\x8e\x92 \xe2\x84\xa1", "mhz tel");
	assert_words("m\xc2\xb2 \xc2\xbd", "m2 1 2");
}

static void test_reads_past_what_is_not_seen(void **state)
{
	(void)state;
	/* soft hyphen, joiners, byte order mark */
	assert_words("Donau\xc2\xad"
		     "dampf\xe2\x80\x8dschiff\xe2\x80\x8c"
		     "fahrt\xef\xbb\xbf",
		"donaudampfschifffahrt");
}

static void test_invalid_utf8_parts_words(void **state)
{
	(void)state;
	assert_words("M\xfcller", "m ller");
	assert_words("a\xc3", "a");
	assert_words("a\xe2\x82", "a");
	assert_words("\x80\x80", "");
	assert_words("a\xed\xa0\x80"
		     "b\xc0\xaf"
		     "c\xf8\x88\x80\x80\x80"
		     "d",
		"a b c d");
	/* cut in the middle, with a letter behind */
	assert_words("a\xf0\x9d\x90"
		     "b",
		"a b");
}

static void test_appends_behind_what_is_there(void **state)
{
	g_autoptr(GString) words = g_string_new("eins");

	(void)state;
	assert_true(text_append_words(words, "Zwei", LIMIT));
	assert_true(text_append_words(words, "...", LIMIT));
	assert_true(text_append_words(words, "drei", LIMIT));
	assert_string_equal(words->str, "eins zwei drei");
}

static void test_cuts_long_words(void **state)
{
	g_autofree char *ascii = g_strnfill(10000, 'x');
	g_autofree char *expected = g_strnfill(64, 'x');
	g_autofree char *query = g_strnfill(70, 'X');
	g_autoptr(GString) cyrillic = g_string_new("b");
	g_autoptr(GString) words = g_string_new(NULL);

	(void)state;
	assert_words(ascii, expected);
	assert_words(query, expected);
	for (int i = 0; i < 5000; i++)
		g_string_append(cyrillic, "ж");
	/* never in the middle of a letter: 1 + 32 * 2 bytes */
	assert_true(text_append_words(words, cyrillic->str, LIMIT));
	assert_int_equal(words->len, 65);
	assert_true(g_utf8_validate(words->str, -1, NULL));
	/* and the next word is whole again */
	g_string_append(cyrillic, " Ende");
	g_string_truncate(words, 0);
	assert_true(text_append_words(words, cyrillic->str, LIMIT));
	assert_string_equal(words->str + 65, " ende");
}

static void test_limit_is_exact(void **state)
{
	static const char text[] = "eins zwei größe";
	/* what fits into so many bytes */
	static const struct {
		size_t limit;
		const char *words;
	} cases[] = {{0, ""}, {3, ""}, {4, "eins"}, {8, "eins"}, {9, "eins zwei"},
		{15, "eins zwei"}, {16, "eins zwei grosse"}, {SIZE_MAX, "eins zwei grosse"}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) words = g_string_new(NULL);

		assert_int_equal(
			text_append_words(words, text, cases[i].limit), cases[i].limit >= 16);
		assert_string_equal(words->str, cases[i].words);
	}
}

static void test_limit_counts_what_is_added(void **state)
{
	g_autoptr(GString) words = g_string_new("davor");

	(void)state;
	assert_false(text_append_words(words, "wort", 4));
	assert_string_equal(words->str, "davor");
	assert_true(text_append_words(words, "wort", 5));
	assert_string_equal(words->str, "davor wort");
	assert_true(text_append_words(words, "...", 0));
	assert_false(text_append_words(words, "wort", 0));
	assert_true(text_append_words(words, "wort", SIZE_MAX));
	assert_string_equal(words->str, "davor wort wort");
}

static void test_no_limit_is_passed(void **state)
{
	static const char text[] = "Ärger ßß жж 日本 \xef\xac\x83 \xf0\x90\x90\x80 a";

	(void)state;
	for (size_t limit = 0; limit < 60; limit++) {
		g_autoptr(GString) words = g_string_new("x");

		text_append_words(words, text, limit);
		assert_true(words->len <= 1 + limit);
		assert_true(g_utf8_validate(words->str, -1, NULL));
		assert_false(g_str_has_suffix(words->str, " "));
	}
}

/* A word may begin at any byte of a long text without being torn or joined. */
static void test_place_does_not_matter(void **state)
{
	(void)state;
	for (size_t before = 4070; before < 4110; before++) {
		g_autofree char *marks = g_strnfill(before, '.');
		g_autofree char *text = g_strconcat(marks,
			"Grö\xc3\x9f"
			"enU\xcc\x88"
			"bersicht|日本.x",
			NULL);

		assert_words(text, "grossenubersicht 日本 x");
	}
}

static void test_texts_without_blanks(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) words = g_string_new(NULL);
	g_auto(GStrv) list = NULL;

	(void)state;
	for (int i = 0; i < 3000; i++)
		g_string_append(text, "Straße,");
	assert_true(text_append_words(words, text->str, LIMIT));
	list = g_strsplit(words->str, " ", -1);
	assert_int_equal(g_strv_length(list), 3000);
	for (char **word = list; *word; word++)
		assert_string_equal(*word, "strasse");
}

/* Whatever bytes come, what goes into the index is words and single blanks. */
static void test_any_bytes_give_clean_words(void **state)
{
	g_autoptr(GRand) dice = g_rand_new_with_seed(20261123);

	(void)state;
	for (int round = 0; round < 2000; round++) {
		g_autoptr(GString) words = g_string_new(NULL);
		g_autoptr(GString) again = g_string_new(NULL);
		char text[100] = "";

		for (size_t i = 0; i < sizeof text - 1; i++)
			text[i] = (char)g_rand_int_range(dice, 1, 256);
		assert_true(text_append_words(words, text, LIMIT));
		assert_true(g_utf8_validate(words->str, -1, NULL));
		assert_null(strstr(words->str, "  "));
		assert_true(words->str[0] != ' ' && !g_str_has_suffix(words->str, " "));
		/* Words found in a result find it again. */
		assert_true(text_append_words(again, words->str, LIMIT));
		assert_string_equal(again->str, words->str);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_words),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_folds_compatible_letters),
		cmocka_unit_test(test_reads_past_what_is_not_seen),
		cmocka_unit_test(test_invalid_utf8_parts_words),
		cmocka_unit_test(test_appends_behind_what_is_there),
		cmocka_unit_test(test_cuts_long_words),
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_limit_counts_what_is_added),
		cmocka_unit_test(test_no_limit_is_passed),
		cmocka_unit_test(test_place_does_not_matter),
		cmocka_unit_test(test_texts_without_blanks),
		cmocka_unit_test(test_any_bytes_give_clean_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
