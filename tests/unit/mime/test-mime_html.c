/* HTML to text: what mail programs write, and trees that would never end. */
#include "mime_fixture.h"

#include <time.h>

static bool append(GString *text, const char *html, size_t limit)
{
	int64_t time = MIME_HTML_TIME_LIMIT;

	return mime_html_append(text, html, limit, &time);
}

static void test_documents(void **state)
{
	static const struct {
		const char *html;
		const char *text;
	} rows[] = {
		{"Hallo <b>Wel</b>t", "Hallo Welt"},
		{"<p>eins</p><p>zwei</p>", "eins\n\nzwei"},
		{"eins<br>zwei<br/>drei", "eins\nzwei\ndrei"},
		{"<div>eins</div>\n   <div>zwei</div>", "eins\nzwei"},
		{"&auml;&Uuml;&szlig;&euro;&#8222;&#x20AC;", "äÜß€„€"},
		{"a&nbsp;b", "a\xc2\xa0"
			     "b"},
		{"<ul><li>eins<li>zwei</ul>danach", "- eins\n- zwei\n\ndanach"},
		{"<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3"},
		{"<head><title>Titel</title><style>p{}</style></head><body>Text", "Text"},
		{"<script>alert(1)</script><!-- Kommentar -->Text", "Text"},
		{"<pre>a\n b</pre>c", "a\nb\n\nc"},
		{"<img src=x alt='Wappen der Stadt'>", "Wappen der Stadt"},
		{"<a href='http://x'>Verweis</a>", "Verweis"},
		{"<!--[if mso]><p>nur Word</p><![endif]-->Text<o:p></o:p>", "Text"},
		{"<h1>Bescheid</h1>Text<hr>Ende", "Bescheid\n\nText\nEnde"},
		{"<p>offen <b>fett <i>beides</b> schr\xc3\xa4g", "offen fett beides schräg"},
		{"", ""},
		{"<", "<"},
		{"<<<>>>", "<<<>>>"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		assert_true(append(text, rows[i].html, 1000));
		assert_string_equal(text->str, rows[i].text);
	}
}

static void test_limit_and_what_is_there(void **state)
{
	g_autoptr(GString) text = g_string_new("vorher ");

	(void)state;
	assert_false(append(text, "<p>eins zwei drei", 16));
	assert_string_equal(text->str, "vorher eins zwei");
}

/* Misnested tags that make a parser copy without end, or look back over everything each time. */
static void test_monsters_end(void **state)
{
	static const struct {
		const char *unit;
		unsigned count;
	} rows[] = {
		{"<b>", 300000},
		{"<a><p>", 100000},
		{"<table>", 100000},
		{"<p><font a><i><em><u>", 40000},
		{"<svg><math><mi>", 50000},
		{"<div>", 200000},
		{"</p>", 200000},
		{"<b a=1><b b=1><b c=1><p>", 20000},
		{"<x ", 200000},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) html = repeat(rows[i].unit, rows[i].count);
		g_autoptr(GString) text = g_string_new(NULL);
		clock_t start = clock();

		g_string_prepend(html, "Anfang ");
		append(text, html->str, MAIL_TEXT_LIMIT);
		assert_true(g_str_has_prefix(text->str, "Anfang"));
		assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	}
}

/* Attributes are compared with all before them. */
static void test_attributes_without_end(void **state)
{
	g_autoptr(GString) html = g_string_new("Anfang <a");
	g_autoptr(GString) text = g_string_new(NULL);
	int64_t time = MIME_HTML_TIME_LIMIT;
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 200000; i++)
		g_string_append_printf(html, " a%d=1", i);
	g_string_append(html, ">Ende");
	for (int i = 0; i < 20; i++)
		assert_false(mime_html_append(text, html->str, MAIL_TEXT_LIMIT, &time));
	assert_true(g_str_has_prefix(text->str, "Anfang"));
	assert_true(time < MIME_HTML_TIME_LIMIT);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 8);
}

static void test_no_time_no_text(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int64_t time = 0;

	(void)state;
	assert_false(mime_html_append(text, "<p>Hallo", MAIL_TEXT_LIMIT, &time));
	assert_string_equal(text->str, "");
}

static void test_large_newsletter_is_whole(void **state)
{
	g_autoptr(GString) html =
		repeat("<tr><td style='mso-x: y; color: red'><p class=MsoNormal>"
		       "<span style='font-size:10pt'>Hallo Welt</span></p></td></tr>\n",
			6000);
	g_autoptr(GString) text = g_string_new(NULL);

	(void)state;
	g_string_prepend(html, "<table>");
	g_string_append(html, "</table>Schluss");
	assert_true(append(text, html->str, MAIL_TEXT_LIMIT));
	assert_true(g_str_has_suffix(text->str, "Hallo Welt\n\nSchluss"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_limit_and_what_is_there),
		cmocka_unit_test(test_monsters_end),
		cmocka_unit_test(test_attributes_without_end),
		cmocka_unit_test(test_no_time_no_text),
		cmocka_unit_test(test_large_newsletter_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
