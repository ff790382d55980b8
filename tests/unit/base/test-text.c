/* Text of people and peers: folding, checks, addresses, what a terminal gets to see. */
#include "base/text.h"
#include "scratch.h"

#define BAD "\xef\xbf\xbd"

static void assert_fold(const char *text, const char *expected)
{
	g_autofree char *folded = text_fold(text);
	g_autofree char *again = text_fold(folded);

	assert_string_equal(folded, expected);
	assert_string_equal(again, expected);
}

static void test_fold(void **state)
{
	(void)state;
	assert_fold("", "");
	assert_fold("Gelöscht", "gelöscht");
	/* o and a combining diaeresis, as macOS names folders */
	assert_fold("GELO\xcc\x88SCHT", "gelöscht");
	assert_fold("Straße", "strasse");
	assert_fold("STRASSE", "strasse");
	assert_fold("GRO\xe1\xba\x9e", "gross");
	/* both sigmas, and the Kelvin sign */
	assert_fold("ΣΊΣΥΦΟΣ", "σίσυφοσ");
	assert_fold("σίσυφος", "σίσυφοσ");
	assert_fold("\xe2\x84\xaa", "k");
	/* composed again behind a folding that decomposes; a mark that folds to a letter */
	assert_fold("\xce\x90", "\xce\x90");
	assert_fold("\xce\xb1\xcd\x85\xcc\x81", "\xce\xac\xce\xb9");
	/* diacritics stay: Muller is not Müller */
	assert_fold("Müller", "müller");
	assert_fold("a\xff"
		    "B",
		"a" BAD "b");
}

static void test_fold_address(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {{"INFO@Amt.Example", "info@amt.example"},
		{"Bu\xcc\x88rger@AMT.example", "bürger@amt.example"},
		{"info@STRA\xe1\xba\x9e"
		 "E.example",
			"info@straße.example"},
		{"info@strasse.example", "info@strasse.example"}, {"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"σίσυφος", "σίσυφος"}, {"\xc4\xb0nfo", "i\xcc\x87nfo"}, {"\xc5\xbf", "\xc5\xbf"}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *folded = text_fold_address(cases[i].text);
		g_autofree char *again = text_fold_address(folded);

		assert_string_equal(folded, cases[i].folded);
		assert_string_equal(again, folded);
	}
	assert_false(text_is_same("info@straße.example", "info@strasse.example"));
	assert_true(text_is_same("INFO@STRAßE.example", "info@straße.EXAMPLE"));
	assert_true(text_is_same(NULL, ""));
}

static void assert_valid(const char *data, size_t size, const char *expected)
{
	g_autofree char *valid = text_make_valid(data, size);

	assert_true(g_utf8_validate(valid, -1, NULL));
	assert_string_equal(valid, expected);
}

static void test_make_valid(void **state)
{
	(void)state;
	assert_valid("", 0, "");
	assert_valid("Grüße", 7, "Grüße");
	assert_valid("Grüße", 3, "Gr" BAD);
	assert_valid("a\0b", 3, "a" BAD "b");
	assert_valid("\0", 1, BAD);
	/* Latin-1, an overlong slash, half a surrogate pair, beyond Unicode */
	assert_valid("M\xfcller", 6, "M" BAD "ller");
	assert_valid("\xc0\xaf", 2, BAD BAD);
	assert_valid("\xed\xa0\x80", 3, BAD BAD BAD);
	assert_valid("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD);
}

static void test_has_control(void **state)
{
	static const char *const good[] = {"", "a b", "Straße", "\xc2\xa0", "日本"};
	static const char *const bad[] = {
		"\t", "a\n", "\r", "\x1b[0m", "\x7f", "\xc2\x80", "x\xc2\x9f", "\xff", "\xc3"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		assert_false(text_has_control(good[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_true(text_has_control(bad[i]));
}

static void test_addresses(void **state)
{
	static const char *const texts[] = {"info@amt.example", "a@b", "vor.nach@amt.example",
		"info+akte=7@amt.example", "o'neill@amt.example", "!#$%&'*+-/=?^_`{|}~@amt.example",
		"INFO@AMT.EXAMPLE", "info@bürgerbüro.example", "bürger@amt.example",
		"用户@例子.example", "info@xn--brgerbro-65ag.example", "info@[192.0.2.1]",
		"info@[IPv6:2001:db8::1]", "0@1.example",
		/* o and a combining diaeresis */
		"info@lo\xcc\x88we.example"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (!text_is_address(texts[i]))
			fail_msg("'%s' was refused", texts[i]);
	}
}

static void test_no_addresses(void **state)
{
	static const char *const texts[] = {"", "@", "info", "info@", "@amt.example",
		"info@@amt.example", "a@b@amt.example", ".info@amt.example", "info.@amt.example",
		"in..fo@amt.example", "info@.example", "info@amt.", "info@amt..example",
		"info@-amt.example", "info@amt-.example", "info@am_t.example", "in fo@amt.example",
		" info@amt.example", "info@amt.example ", "info@amt .example",
		"\"in fo\"@amt.example", "Info <info@amt.example>", "<info@amt.example>",
		"info@amt.example,x@amt.example", "info@amt.example;x@amt.example",
		"info(x)@amt.example", "in\\fo@amt.example", "info:x@amt.example",
		"info@amt.example:25", "info@amt/example", "info@[]", "info@[", "info@[192.0.2.1",
		"info@[192.0.2.1]x", "info@[a]b]", "info@[evil.example]"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (text_is_address(texts[i]))
			fail_msg("'%s' was taken", texts[i]);
	}
}

static void test_hostile_addresses(void **state)
{
	static const char *const texts[] = {/* further commands and headers */
		"info@amt.example\r\nRCPT TO:<x@evil.example>", "info\n@amt.example",
		"info@amt.example\n", "in\tfo@amt.example", "info\x7f@amt.example",
		"info\xc2\x85@amt.example",
		/* broken UTF-8 */
		"inf\xf6@amt.example", "info@amt\xc3.example", "\xed\xa0\x80@amt.example",
		/* turned round, joined and parted unseen, odd blanks, another dot and slash */
		"info\xe2\x80\xae@amt.example", "info@amt\xe2\x80\x8b.example",
		"in\xe2\x80\x8dnen@amt.example", "in\xc2\xadnen@amt.example",
		"info\xc2\xa0@amt.example", "info\xe3\x80\x80@amt.example",
		"info\xe2\x80\xa8@amt.example", "\xef\xbb\xbfinfo@amt.example",
		"info@amt\xe3\x80\x82test", "info@amt.example\xe2\x88\x95pfad"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (text_is_address(texts[i]))
			fail_msg("hostile address %zu was taken", i);
	}
}

static bool is_address_of(size_t local, size_t label, size_t labels)
{
	g_autofree char *name = g_strnfill(local, 'l');
	g_autofree char *part = g_strnfill(label, 'd');
	g_autoptr(GString) address = g_string_new(name);

	for (size_t i = 0; i < labels; i++)
		g_string_append_printf(address, "%c%s", i ? '.' : '@', part);
	return text_is_address(address->str);
}

static void test_address_lengths(void **state)
{
	(void)state;
	assert_true(is_address_of(64, 9, 1));
	assert_false(is_address_of(65, 9, 1));
	assert_true(is_address_of(1, 63, 1));
	assert_false(is_address_of(1, 64, 1));
	/* 62 + 3 * 64 = 254 bytes */
	assert_true(is_address_of(62, 63, 3));
	assert_false(is_address_of(63, 63, 3));
}

static void assert_shown(const char *text, const char *expected)
{
	g_autofree char *shown = text_for_terminal(text);

	assert_string_equal(shown, expected);
}

static void test_shell_word(void **state)
{
	static const char *const pairs[][2] = {
		{"m.muster@amt-1.example", "m.muster@amt-1.example"},
		{"amt bau", "'amt bau'"},
		{"o'amt", "'o'\\''amt'"},
		{"büro", "'büro'"},
		{"$(x)", "'$(x)'"},
		{"", "''"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *word = text_shell_word(pairs[i][0]);

		assert_string_equal(word, pairs[i][1]);
	}
}

static void test_for_terminal(void **state)
{
	(void)state;
	assert_shown("", "");
	assert_shown("Grüße 日本 🏛", "Grüße 日本 🏛");
	assert_shown("\x1b]0;Titel\x07", BAD "]0;Titel" BAD);
	assert_shown("a\nb\rc\td\x7f", "a" BAD "b" BAD "c" BAD "d" BAD);
	/* CSI and OSC as one character of C1 */
	assert_shown("\xc2\x9b"
		     "2J\xc2\x9d",
		BAD "2J" BAD);
	assert_shown("a\xff\x9b", "a" BAD BAD);
	/* "gpj.exe" shown as "exe.jpg" */
	assert_shown("Bild\xe2\x80\xaegpj.exe", "Bild" BAD "gpj.exe");
}

static void test_for_terminal_knows_all_direction_controls(void **state)
{
	static const gunichar letters[] = {0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B,
		0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};
	char text[7] = "";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
		text[g_unichar_to_utf8(letters[i], text)] = '\0';
		assert_shown(text, BAD);
	}
	/* Arabic and Hebrew themselves stay. */
	assert_shown("سلام שלום", "سلام שלום");
}

static void assert_list(const char *text, const char *expected)
{
	g_autoptr(GPtrArray) items = text_split_list(text, ';');
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < items->len; i++)
		g_string_append_printf(joined, "[%s]", (const char *)g_ptr_array_index(items, i));
	assert_string_equal(joined->str, expected);
}

static void test_split_list(void **state)
{
	(void)state;
	assert_list("", "");
	assert_list(" ; ;;", "");
	assert_list("a@b", "[a@b]");
	assert_list(" a@b ;\tc@d\n; e f ", "[a@b][c@d][e f]");
	/* the first spelling stays, in its place */
	assert_list("Straße;B;STRAßE;b;a", "[Straße][B][a]");
	assert_list("a@straße;a@strasse", "[a@straße][a@strasse]");
	assert_list("gelöscht;GELO\xcc\x88SCHT", "[gelöscht]");
	assert_list("a,b", "[a,b]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_address),
		cmocka_unit_test(test_make_valid),
		cmocka_unit_test(test_has_control),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_hostile_addresses),
		cmocka_unit_test(test_address_lengths),
		cmocka_unit_test(test_for_terminal),
		cmocka_unit_test(test_shell_word),
		cmocka_unit_test(test_for_terminal_knows_all_direction_controls),
		cmocka_unit_test(test_split_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
