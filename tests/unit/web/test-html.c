/* Escaping by place: whatever text says, it opens no tag, ends no attribute and turns nothing
 * around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "web/html.h"

static void assert_html(Html *h, const char *expected)
{
	g_autofree char *written = html_take(h);

	assert_string_equal(written, expected);
}

static void test_text(void **state)
{
	g_autoptr(Html) h = html_new();

	(void)state;
	html(h, "<p>");
	html_text(h, "<script>alert(\"1\" & '2')</script>");
	html_text(h, NULL);
	assert_html(h, "<p>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
	html_printf(h, "%d < %s", 1, "ü>");
	assert_html(h, "1 &lt; ü&gt;");
}

static void test_what_hides(void **state)
{
	g_autoptr(Html) h = html_new();

	(void)state;
	html_text(h, "a\x01\x7f\xc2\x85"
		     "b\u202egpj.exe\u2066\u200f\n\tc");
	assert_html(h, "a\uFFFD\uFFFD\uFFFDb\uFFFDgpj.exe\uFFFD\uFFFD\n\tc");
	html_text(h, "a\xff\xc3");
	assert_html(h, "a\uFFFD\uFFFD");
	html_text(h, "Größe \xc3<\u20ac\U0001F600\u061C>ä");
	assert_html(h, "Größe \uFFFD&lt;\u20ac\U0001F600\uFFFD&gt;ä");
	html_value(h, "ä\u202e\x01");
	assert_html(h, "ä\u202e\x01");
}

/* Every byte alone, against the rule; and what outgrows the page's first size. */
static void test_each_byte_and_much(void **state)
{
	g_autoptr(Html) h = html_new();
	g_autoptr(GString) long_text = g_string_new(NULL);

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {(char)byte, '\0'};
		g_autofree char *written = NULL;

		html_text(h, text);
		written = html_take(h);
		if (strchr("&<>\"'", byte))
			assert_true(written[0] == '&' && g_str_has_suffix(written, ";"));
		else if ((byte >= ' ' && byte < 0x7F) || byte == '\n' || byte == '\t')
			assert_string_equal(written, text);
		else
			assert_string_equal(written, "\uFFFD");
	}
	for (int i = 0; i < 20000; i++) {
		html_text(h, "ä");
		html(h, "<b>");
		g_string_append(long_text, "ä<b>");
	}
	assert_html(h, long_text->str);
}

static void test_attributes(void **state)
{
	g_autoptr(Html) h = html_new();

	(void)state;
	html_attribute(h, "title", "\" onclick=\"x");
	html_attribute(h, "title", NULL);
	html_flag(h, "checked", true);
	html_flag(h, "disabled", false);
	assert_html(h, " title=\"&quot; onclick=&quot;x\" checked");
	html_url(h, "a/b?c&d ü");
	assert_html(h, "a%2Fb%3Fc%26d%20%C3%BC");
	html_number(h, INT64_MIN);
	assert_html(h, "-9223372036854775808");
}

static void test_pieces(void **state)
{
	g_autoptr(Html) h = html_new();
	g_autoptr(GBytes) bytes = NULL;

	(void)state;
	html_text(h, "<");
	g_autofree char *piece = html_take(h);
	html_piece(h, piece);
	bytes = html_steal(h);
	assert_int_equal(g_bytes_get_size(bytes), 4);
	assert_memory_equal(g_bytes_get_data(bytes, NULL), "&lt;", 4);
	assert_html(h, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_what_hides),
		cmocka_unit_test(test_each_byte_and_much),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
