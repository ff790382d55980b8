/* Names of attachments, as senders with bad intentions choose them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include "web/download.h"

static void test_names(void **state)
{
	static const struct {
		const char *name, *safe;
	} rows[] = {
		{"Anlage ü.pdf", "Anlage ü.pdf"},
		{"", "Anlage"},
		{" . . ", "Anlage"},
		{"../../etc/passwd", "_.._etc_passwd"},
		{"C:\\boot.ini", "C__boot.ini"},
		{"a:b*c?d<e>f|g\"h.txt", "a_b_c_d_e_f_g_h.txt"},
		{".htaccess", "htaccess"},
		{"rechnung.pdf.  .", "rechnung.pdf"},
		{"CON", "_CON"},
		{"nul.txt", "_nul.txt"},
		{"Aux .tar.gz", "_Aux .tar.gz"},
		{"lpt9", "_lpt9"},
		{"COM1.pdf.exe", "_COM1.pdf.exe"},
		{"COM10.txt", "COM10.txt"},
		{"console.log", "console.log"},
		{"comx", "comx"},
		{"a\r\nSet-Cookie: x=y.txt", "aSet-Cookie_ x=y.txt"},
		{"rechnung\u202efdp.exe", "rechnungfdp.exe"},
		{"\u200f\u2066a\u00ad\u200b\u2028b\u061c.txt", "ab.txt"},
		{"\u200d\u0645\u06cc\u200c.txt", "\u200d\u0645\u06cc\u200c.txt"},
		{"a\xff\xfe", "a\uFFFD\uFFFD"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *safe = download_name(rows[i].name);
		g_autofree char *again = download_name(safe);

		assert_string_equal(safe, rows[i].safe);
		assert_string_equal(again, safe);
	}
}

static void test_the_field_is_one_line_of_ascii(void **state)
{
	g_autofree char *plain = download_disposition("Anlage ü.pdf");
	g_autofree char *hostile = download_disposition("a\"; filename=b.exe;\r\n\tx='%41'");

	(void)state;
	assert_string_equal(plain, "attachment; filename=\"Anlage _.pdf\"; "
				   "filename*=UTF-8''Anlage%20%C3%BC.pdf");
	assert_string_equal(hostile, "attachment; filename=\"a__ filename_b.exe_x_'_41'\"; "
				     "filename*=UTF-8''a_%3B%20filename%3Db.exe%3Bx%3D%27%2541%27");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_field_is_one_line_of_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
