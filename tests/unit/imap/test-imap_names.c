/* Modified UTF-7 both ways, and what is broken in it. */
#include "imap_fixture.h"

#include "imap/imap_names.h"

static void test_both_ways(void **state)
{
	static const struct {
		const char *name, *raw;
	} rows[] = {
		{"INBOX", "INBOX"},
		{"Gelöschte Elemente", "Gel&APY-schte Elemente"},
		{"Entwürfe/Über & Unter", "Entw&APw-rfe/&ANw-ber &- Unter"},
		{"&", "&-"},
		{"&&-", "&-&--"},
		{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"}, /* RFC 3501 */
		{"☺!", "&Jjo-!"},
		{"😀", "&2D3eAA-"},
		{"äöü", "&AOQA9gD8-"},
		{"a\"b\\c", "a\"b\\c"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *raw = imap_name_encode(rows[i].name, false);
		g_autofree char *name = imap_name_decode(rows[i].raw, false);

		assert_string_equal(raw, rows[i].raw);
		assert_string_equal(name, rows[i].name);
	}
}

static void test_utf8(void **state)
{
	g_autofree char *raw = imap_name_encode("Entwürfe & mehr", true);
	g_autofree char *name = imap_name_decode("Entwürfe & mehr &APY-", true);
	g_autofree char *broken = imap_name_decode("a\xff", true);

	(void)state;
	assert_string_equal(raw, "Entwürfe & mehr");
	assert_string_equal(name, "Entwürfe & mehr &APY-");
	assert_string_equal(broken, "a\xef\xbf\xbd");
}

/* What is broken stays as it is, so that somebody can read at least that. */
static void test_broken(void **state)
{
	static const char *const rows[] = {
		"&",
		"a&b",
		"&APY",	    /* no end */
		"&A-",	    /* one letter */
		"&AP-",	    /* half a unit */
		"&APZ-",    /* bits left over */
		"&APYA-",   /* a letter too much */
		"&AP/-",    /* base64, but not the modified one */
		"&2D0-",    /* half a surrogate pair */
		"&3gA-",    /* the other half */
		"&AAA-",    /* NUL */
		"&AA0ACg-", /* CR LF */
		"&ABs-",    /* escape */
		"&AA0-",
		"&AP Y-",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = imap_name_decode(rows[i], false);

		assert_string_equal(name, rows[i]);
	}
}

static void test_eight_bit(void **state)
{
	g_autofree char *name = imap_name_decode("Entw\xc3\xbcrfe", false);
	g_autofree char *latin = imap_name_decode("Entw\xfcrfe", false);

	(void)state;
	assert_string_equal(name, "Entwürfe");
	assert_string_equal(latin, "Entw\xef\xbf\xbdrfe");
}

static void test_names_that_cannot_be(void **state)
{
	static const char *const names[] = {"", "a\r\nb", "a\nb", "\x1b", "\xff", "\xc2\x85"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		assert_null(imap_name_encode(names[i], false));
		assert_null(imap_name_encode(names[i], true));
	}
}

/* Every character there is survives, alone and among others. */
static void test_all_characters(void **state)
{
	(void)state;
	for (gunichar letter = 0xa0; letter < 0x110000; letter += letter < 0x3000 ? 1 : 37) {
		char text[16] = "x";
		g_autofree char *raw = NULL, *name = NULL;

		if (!g_unichar_validate(letter) || g_unichar_iscntrl(letter))
			continue;
		text[1 + g_unichar_to_utf8(letter, text + 1)] = '\0';
		raw = imap_name_encode(text, false);
		name = imap_name_decode(raw, false);
		assert_true(g_str_is_ascii(raw));
		assert_string_equal(name, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_eight_bit),
		cmocka_unit_test(test_names_that_cannot_be),
		cmocka_unit_test(test_all_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
