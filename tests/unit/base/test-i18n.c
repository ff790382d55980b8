/* Sentences without a catalogue are German, numbers never follow the locale. */
#include <locale.h>
#include "base/i18n.h"
#include "scratch.h"

static void test_without_a_catalogue_the_text_stays(void **state)
{
	static const char *const marked = N_("Verbindung prüfen");

	(void)state;
	g_setenv("LC_ALL", "C", TRUE);
	i18n_start();
	assert_string_equal(_(marked), "Verbindung prüfen");
}

static void test_an_unknown_locale_does_no_harm(void **state)
{
	(void)state;
	g_setenv("LC_ALL", "xx_YY.UTF-8", TRUE);
	g_setenv("LANGUAGE", "xx:yy", TRUE);
	i18n_start();
	assert_string_equal(_("Verbindung prüfen"), "Verbindung prüfen");
}

static void test_numbers_keep_their_point(void **state)
{
	g_autofree char *number = NULL;

	(void)state;
	g_setenv("LC_ALL", "de_DE.UTF-8", TRUE);
	i18n_start();
	assert_string_equal(setlocale(LC_NUMERIC, NULL), "C");
	number = g_strdup_printf("%.1f", 1.5);
	assert_string_equal(number, "1.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_catalogue_the_text_stays),
		cmocka_unit_test(test_an_unknown_locale_does_no_harm),
		cmocka_unit_test(test_numbers_keep_their_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
