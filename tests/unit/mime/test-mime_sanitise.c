/* What is left of a mail's HTML, and that hostile HTML leaves nothing; the fuzz target's checks
 * hold for all of it. */
#include "mime_fixture.h"

#include <time.h>
#include "../../../fuzz/sanitise_check.h"

#define GIF "data:image/gif;base64,R0lGODlhAQA="

typedef struct Row {
	const char *html, *left;
	unsigned remote, active;
} Row;

/* An image for the name "bild". */
static GBytes *find_image(const char *content_id, void *user_data)
{
	(void)user_data;
	return strcmp(content_id, "bild") == 0 ? g_bytes_new_static("GIF89a..", 8) : NULL;
}

static void assert_row(const Row *row)
{
	g_auto(MimeSanitiser) sanitiser;

	mime_sanitiser_init(&sanitiser, find_image, NULL);
	mime_sanitiser_add_html(&sanitiser, row->html, false);
	assert_string_equal(sanitiser.html->str, row->left);
	assert_int_equal(sanitiser.blocked_remote, row->remote);
	assert_int_equal(sanitiser.blocked_active, row->active);
	assert_true(is_harmless(sanitiser.html->str));
	assert_true(is_stable(sanitiser.html->str));
}

#define assert_rows(rows)                                                                          \
	do {                                                                                       \
		for (size_t row = 0; row < G_N_ELEMENTS(rows); row++)                              \
			assert_row(&(rows)[row]);                                                  \
	} while (0)

static void test_what_is_active_goes(void **state)
{
	static const Row rows[] = {
		{"<p>a<script>x()</script>b", "<p>ab</p>", 0, 1},
		{"<scr<script>ipt>x</script>", "ipt&gt;x", 0, 0},
		{"<b onclick=x() ONLOAD=y>a</b>", "<b>a</b>", 0, 2},
		{"<svg onload=x><script>y</script></svg>a", "a", 0, 2},
		{"<math><mi xlink:href='javascript:x'>a</mi></math>b", "b", 0, 1},
		{"<form action=/abmelden><input><button>Los</button></form>", "<div>Los</div>", 0,
			3},
		{"<iframe srcdoc='<p>x'></iframe><object data=x></object>a", "a", 0, 2},
		{"<meta http-equiv=Refresh content='0;url=x'><base href=http://x/>a", "a", 0, 2},
		{"<noscript><b>a</b></noscript>b", "<b>a</b>b", 0, 0},
		{"<noscript><p title=\"</noscript><img src=http://x/>\">a",
			"<p title=\"&lt;/noscript&gt;&lt;img src=http://x/&gt;\">a</p>", 0, 0},
	};

	(void)state;
	assert_rows(rows);
}

static void test_nothing_is_fetched(void **state)
{
	static const Row rows[] = {
		{"<img src=http://x/ alt=Logo><img src=//x/><img src='\thttps://x/'>", "[Logo]", 3,
			0},
		{"<img srcset='http://x/ 1x'><picture><source srcset=http://x/></picture>", "", 2,
			0},
		{"<table background=http://x/><td>a</table>",
			"<table><tbody><tr><td>a</td></tr></tbody></table>", 1, 0},
		{"<video poster=http://x/p src=http://x/v></video>a", "a", 2, 0},
		{"<link rel=dns-prefetch href=//x><link rel=preload href=//x>a", "a", 2, 0},
		{"<style>@import 'x'</style><p style='background:url(x);color:red'>a",
			"<p style=\"color:red\">a</p>", 2, 0},
		{"<p style='width:expression(1);-moz-binding:x'>a", "<p>a</p>", 0, 1},
		{"<p style='background:\\75rl(x)'>a", "<p>a</p>", 0, 1},
		{"<a href=http://x/ ping=http://y/>a</a>",
			"<a href=\"http://x/\" target=\"_blank\" rel=\"noopener noreferrer "
			"nofollow\">a</a>",
			0, 0},
	};

	(void)state;
	assert_rows(rows);
}

static void test_own_images_stay(void **state)
{
	static const Row rows[] = {
		{"<img src=cid:bild>", "<img src=\"data:image/gif;base64,R0lGODlhLi4=\">", 0, 0},
		{"<img src='CID:b%69ld' alt=x>",
			"<img src=\"data:image/gif;base64,R0lGODlhLi4=\" alt=\"x\">", 0, 0},
		{"<img src=cid:fehlt alt=Wappen>", "[Wappen]", 0, 0},
		{"<img src='data:image/svg+xml;base64,PHN2Zy8+'>a", "a", 0, 0},
		{"<img src='data:image/png;base64,R0lGODlhAQA='>a", "a", 0, 0},
		{"<img src='data:text/html,<script>x</script>'>a", "a", 0, 0},
		{"<img src='" GIF "'>", "<img src=\"" GIF "\">", 0, 0},
	};

	(void)state;
	assert_rows(rows);
}

static void test_links(void **state)
{
	static const char *const bad[] = {"javascript:x", " JaVaScRiPt:x", "java\tscript:x",
		"java\nscript:x", "\x01javascript:x", "vbscript:x", "data:text/html,x", "file:///x",
		"//x/", "/abmelden", "\\\\x\\y", "#a", "about:blank", "blob:x", "http:x",
		"ms-msdt:x", "\u200bjavascript:x", ""};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *link = mime_attribute_link(bad[i]);

		assert_null(link);
	}
	assert_true(mime_link_is_active("java\tscript:x"));
	assert_false(mime_link_is_active("https://javascript:x"));
}

/* Each was a way past some sanitiser. */
static void test_mutations(void **state)
{
	static const char *const bad[] = {
		"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 "
		"onerror=x&gt;\">",
		"<svg></p><style><a id=\"</style><img src=1 onerror=x>\">",
		"<form><math><mtext></form><form><mglyph><style></math><img src onerror=x>",
		"<svg><title><![CDATA[</title><img src=x onerror=x>]]></svg>",
		"<select><template><style><!--</style><a rel=\"--></style></template></select><img "
		"id=x src onerror=x>\">",
		"<xmp><p title=\"</xmp><img src=x onerror=x>\"></xmp>",
		"<textarea><p title=\"</textarea><img src=x onerror=x>\">",
		"<!--><img src=x onerror=x>--><!-- --!><img src=x onerror=x><!-- -->",
		"<plaintext><script>x</script>",
		"<h1><p><a><table><a><h1><p><b><i></b></a></table><li><dd><li></i>",
		"<b title='``onerror=x' lang='\"><script>'>a</b>",
		"</div></body></html></iframe></style><script>x</script>",
		"<p style=\"color:red&quot;&gt;&lt;script&gt;x\">a",
		"<font face=\"x&quot; onclick=x y=&quot;\">a",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(MimeSanitiser) sanitiser;

		mime_sanitiser_init(&sanitiser, find_image, NULL);
		mime_sanitiser_add_html(&sanitiser, bad[i], false);
		assert_true(is_harmless(sanitiser.html->str));
		assert_true(is_stable(sanitiser.html->str));
	}
}

static void test_formatting_of_nothing_goes(void **state)
{
	static const Row rows[] = {
		{"<b><i></i></b>a<font color=red></font>", "a", 0, 0},
		{"<b> </b><p></p><span style='color:red'></span>",
			"<b> </b><p></p><span style=\"color:red\"></span>", 0, 0},
		{"<p><b>a<p>b</b><p>c", "<p><b>a</b></p><p><b>b</b></p><p>c</p>", 0, 0},
		{"<p><b><i>a<p></i></b><p>c", "<p><b><i>a</i></b></p><p></p><p>c</p>", 0, 0},
	};

	(void)state;
	assert_rows(rows);
}

/* A person waits for it, and the browser then has to show what is left. */
static void test_misnested_formatting_is_shown_in_time(void **state)
{
	g_autoptr(GString) html = repeat("<b><i><p><a href=x><font color=red>", 20000);
	g_auto(MimeSanitiser) sanitiser;
	clock_t start = clock();

	(void)state;
	g_string_prepend(html, "<p>Anfang</p>");
	mime_sanitiser_init(&sanitiser, NULL, NULL);
	mime_sanitiser_add_html(&sanitiser, html->str, false);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 2);
	assert_true(g_str_has_prefix(sanitiser.html->str, "<p>Anfang</p>"));
	assert_true(sanitiser.html->len < html->len);
}

/* It is cut where the tree is freed already. */
static void test_too_much_text_is_cut(void **state)
{
	g_autoptr(GString) html = repeat("<p><b>Wort", 300000);
	g_auto(MimeSanitiser) sanitiser;

	(void)state;
	mime_sanitiser_init(&sanitiser, NULL, NULL);
	mime_sanitiser_add_html(&sanitiser, html->str, false);
	assert_true(sanitiser.truncated);
	assert_true(sanitiser.html->len <= MAIL_HTML_LIMIT);
	assert_true(is_harmless(sanitiser.html->str));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_active_goes),
		cmocka_unit_test(test_nothing_is_fetched),
		cmocka_unit_test(test_own_images_stay),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_formatting_of_nothing_goes),
		cmocka_unit_test(test_misnested_formatting_is_shown_in_time),
		cmocka_unit_test(test_too_much_text_is_cut),
	};

	mime_start_library();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
