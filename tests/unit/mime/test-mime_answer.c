/* Answers: quotations, subjects, new ids. */
#include "write_fixture.h"

static void test_quotes(void **state)
{
	static const struct {
		const char *text, *quotation;
	} rows[] = {
		{"", ""},
		{"Hallo", "> Hallo\n"},
		{"Hallo\r\n\r\nTschüss\r\n\n \n", "> Hallo\n>\n> Tschüss\n"},
		{"> alt\n>> älter\nneu", ">> alt\n>>> älter\n> neu\n"},
		{"a\x1b[2Jb\x7f\xc2\x96 c\td", "> a[2Jb c\td\n"},
		{"a\xff", "> a\xef\xbf\xbd\n"},
		{" eingerückt", ">  eingerückt\n"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *quotation = mime_quote(rows[i].text, 10000);

		assert_string_equal(quotation, rows[i].quotation);
	}
}

static void test_quotation_has_a_limit(void **state)
{
	g_autofree char *cut = mime_quote("eins\nzwei\ndrei", 9);
	g_autofree char *whole = mime_quote("eins\nzwei\ndrei", 14);
	g_autofree char *none = mime_quote("eins", 3);

	(void)state;
	assert_string_equal(cut, "> eins\n> zwei\n> […]\n");
	assert_string_equal(whole, "> eins\n> zwei\n> drei\n");
	assert_string_equal(none, "> […]\n");
}

static void test_subjects(void **state)
{
	static const struct {
		const char *subject, *answer;
	} rows[] = {
		{"Antrag", "AW: Antrag"},
		{"AW: Antrag", "AW: Antrag"},
		{" Aw:Antrag", "Aw:Antrag"},
		{"RE: Antrag", "RE: Antrag"},
		{"Antwort: Antrag", "Antwort: Antrag"},
		{"Rest: Antrag", "AW: Rest: Antrag"},
		{"WG: Antrag", "AW: WG: Antrag"},
		{"", "AW: "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *answer = mime_answer_subject(rows[i].subject);

		assert_string_equal(answer, rows[i].answer);
	}
}

static void test_ids_are_new_and_fit_for_a_header(void **state)
{
	g_autofree char *id = mime_message_id_new("jürgen@müller.de");
	g_autofree char *other = mime_message_id_new("jürgen@müller.de");
	g_autofree char *homeless = mime_message_id_new("Hans");

	(void)state;
	assert_int_equal(strlen(id), 33 + strlen("@xn--mller-kva.de"));
	assert_true(g_str_has_suffix(id, "@xn--mller-kva.de"));
	assert_true(g_str_is_ascii(id));
	assert_string_not_equal(id, other);
	assert_true(g_str_has_suffix(homeless, "@localhost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_quotation_has_a_limit),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_ids_are_new_and_fit_for_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
