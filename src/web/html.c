/* A GString with escaping. Texts of mails and servers come here, so what a browser does not show or
 * would let run backwards is shown as what it is. */
#include "web/html.h"

#include <stdarg.h>
#include <string.h>
#include "base/text.h"

#define PAGE_SIZE 12288 /* bytes; what most pages need */

struct Html {
	GString *text;
};

Html *html_new(void)
{
	Html *h = g_new0(Html, 1);

	h->text = g_string_sized_new(PAGE_SIZE);
	return h;
}

void html_free(Html *h)
{
	if (!h)
		return;
	g_string_free(h->text, TRUE);
	g_free(h);
}

/* Most of what a page costs passes through here, so what fits in is copied without a call of GLib.
 */
static void append(GString *to, const char *data, size_t size)
{
	if (to->allocated_len - to->len <= size) {
		g_string_append_len(to, data, (gssize)size);
		return;
	}
	memcpy(to->str + to->len, data, size);
	to->len += size;
	to->str[to->len] = '\0';
}

void html_bytes(Html *h, const char *literal, size_t size)
{
	append(h->text, literal, size);
}

void html_literal(Html *h, const char *literal)
{
	append(h->text, literal, strlen(literal));
}

/* Control characters but line break and tab; marks and overrides of direction (UAX #9). */
static bool is_hidden(gunichar letter)
{
	return (letter < 0x20 && letter != '\n' && letter != '\t') ||
	       (letter >= 0x7F && letter < 0xA0) || letter == 0x200E || letter == 0x200F ||
	       (letter >= 0x202A && letter <= 0x202E) || (letter >= 0x2066 && letter <= 0x2069) ||
	       letter == 0x061C;
}

static void append_letter(GString *text, gunichar letter, bool shown)
{
	switch (letter) {
	case '&':
		g_string_append(text, "&amp;");
		break;
	case '<':
		g_string_append(text, "&lt;");
		break;
	case '>':
		g_string_append(text, "&gt;");
		break;
	case '"':
		g_string_append(text, "&quot;");
		break;
	case '\'':
		g_string_append(text, "&#39;");
		break;
	default:
		g_string_append_unichar(text, shown && is_hidden(letter) ? 0xFFFD : letter);
	}
}

/* Whether a byte begins nothing that HTML or a reader could take for something else: printable
 * ASCII but & < > " ' */
static const bool is_plain[256] = {
	['\t'] = true,
	['\n'] = true,
	[' ' ... '!'] = true,
	['#' ... '%'] = true,
	['(' ... ';'] = true,
	['='] = true,
	['?' ... '~'] = true,
};

/* Behind what can be copied as it is from PLACE on. *LETTER: the one there, which cannot;
 * (gunichar)-1 or -2: no UTF-8. */
static const char *skip_plain(const char *place, bool shown, gunichar *letter)
{
	for (;;) {
		while (is_plain[(unsigned char)*place])
			place++;
		*letter = (unsigned char)*place;
		if (*letter < 0x80)
			return place;
		*letter = g_utf8_get_char_validated(place, -1);
		if (*letter >= 0x110000 || (shown && is_hidden(*letter)))
			return place;
		place = g_utf8_next_char(place);
	}
}

/* SHOWN: what is hidden becomes visible. As with g_utf8_make_valid, a byte that is no UTF-8 becomes
 * U+FFFD. */
static void append_text(GString *to, const char *text, bool shown)
{
	const char *place = text ? text : "";

	for (;;) {
		gunichar letter;
		const char *end = skip_plain(place, shown, &letter);

		append(to, place, (size_t)(end - place));
		if (!letter)
			return;
		if (letter >= 0x110000) {
			append_letter(to, 0xFFFD, shown);
			place = end + 1;
		} else {
			append_letter(to, letter, shown);
			place = g_utf8_next_char(end);
		}
	}
}

void html_text(Html *h, const char *text)
{
	append_text(h->text, text, true);
}

void html_value(Html *h, const char *text)
{
	append_text(h->text, text, false);
}

void html_printf(Html *h, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	html_text(h, text);
}

void html_attr(Html *h, const char *value)
{
	append_text(h->text, value, false);
}

void html_attribute_literal(Html *h, const char *name, const char *value)
{
	if (!value)
		return;
	append(h->text, " ", 1);
	append(h->text, name, strlen(name));
	append(h->text, "=\"", 2);
	html_attr(h, value);
	append(h->text, "\"", 1);
}

void html_flag_literal(Html *h, const char *name, bool on)
{
	if (!on)
		return;
	append(h->text, " ", 1);
	append(h->text, name, strlen(name));
}

void html_url(Html *h, const char *part)
{
	g_string_append_uri_escaped(h->text, part, NULL, FALSE);
}

void html_piece(Html *h, const char *piece)
{
	append(h->text, piece, strlen(piece));
}

void html_number(Html *h, int64_t number)
{
	char digits[24];
	char *first = digits + sizeof digits;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		*--first = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--first = '-';
	append(h->text, first, (size_t)(digits + sizeof digits - first));
}

char *html_take(Html *h)
{
	char *text = g_string_free(h->text, FALSE);

	h->text = g_string_new(NULL);
	return text;
}

GBytes *html_steal(Html *h)
{
	GBytes *bytes = g_string_free_to_bytes(h->text);

	h->text = g_string_new(NULL);
	return bytes;
}
