/* Any bytes as the HTML of a mail: what comes out of the sanitiser is harmless and stays as it is.
 * An input that begins with a 1 is CSS instead, one with a 2 a whole mail. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "mime/mime_wire.h"
#include "sanitise_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what, const char *html)
{
	if (holds)
		return;
	fprintf(stderr, "%s:\n%s\n", what, html);
	abort();
}

/* An image for every name that begins with an i. */
static GBytes *find_image(const char *content_id, void *user_data)
{
	(void)user_data;
	return *content_id == 'i' ? g_bytes_new_static("GIF89a..", 8) : NULL;
}

static void fuzz_html(const char *html)
{
	g_auto(MimeSanitiser) sanitiser;

	mime_sanitiser_init(&sanitiser, find_image, NULL);
	mime_sanitiser_add_html(&sanitiser, html, false);
	check(is_harmless(sanitiser.html->str), "harmful", sanitiser.html->str);
	check(is_stable(sanitiser.html->str), "not stable", sanitiser.html->str);
}

static void fuzz_style(const char *css)
{
	g_autoptr(GString) once = g_string_new(NULL);
	g_autoptr(GString) twice = g_string_new(NULL);

	mime_style_append(once, css);
	mime_style_append(twice, once->str);
	check(once->len > MIME_STYLE_LIMIT || strcmp(once->str, twice->str) == 0, "not stable",
		once->str);
	check(is_harmless_style(once->str), "harmful", once->str);
}

static void fuzz_mail(const uint8_t *data, size_t size)
{
	g_autoptr(MailView) view = mime_view_bytes(data, size);
	g_autoptr(GVariant) encoded = g_variant_ref_sink(mime_encode_view(view));
	g_autoptr(GBytes) body = g_variant_get_data_as_bytes(encoded);
	g_autoptr(MailView) decoded = mime_decode_view(body);

	check(decoded && strcmp(decoded->header, view->header) == 0, "lost", view->header);
	check(g_strcmp0(decoded->html, view->html) == 0, "lost", view->html);
	if (view->html) {
		check(is_harmless(view->html), "harmful", view->html);
		check(is_stable(view->html), "not stable", view->html);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = NULL;

	mime_start_library();
	if (size > 0 && data[0] == 2) {
		fuzz_mail(data + 1, size - 1);
		return 0;
	}
	text = mime_text_to_utf8((const char *)data, size, NULL);
	if (*text == 1)
		fuzz_style(text + 1);
	else
		fuzz_html(text);
	return 0;
}
