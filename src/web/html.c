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

void html_literal(Html *h, const char *literal)
{
	g_string_append(h->text, literal);
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

/* Printable ASCII that means nothing to HTML. */
static bool is_plain(char letter)
{
	switch (letter) {
	case '&':
	case '<':
	case '>':
	case '"':
	case '\'':
		return false;
	default:
		return (letter >= ' ' && letter < 0x7F) || letter == '\n' || letter == '\t';
	}
}

/* How many bytes from TEXT on are plain. */
static size_t plain_length(const char *text)
{
	size_t length = 0;

	while (is_plain(text[length]))
		length++;
	return length;
}

/* SHOWN: what is hidden becomes visible. As with g_utf8_make_valid, a byte that is no UTF-8 becomes
 * U+FFFD. */
static void append_text(GString *to, const char *text, bool shown)
{
	for (const char *place = text ? text : ""; *place;) {
		size_t plain = plain_length(place);
		gunichar letter;

		g_string_append_len(to, place, (gssize)plain);
		place += plain;
		if (!*place)
			break;
		letter = g_utf8_get_char_validated(place, -1);
		if (letter >= 0x110000) { /* (gunichar)-1 or -2 */
			append_letter(to, 0xFFFD, shown);
			place++;
		} else {
			append_letter(to, letter, shown);
			place = g_utf8_next_char(place);
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
	g_string_append_printf(h->text, " %s=\"", name);
	html_attr(h, value);
	g_string_append_c(h->text, '"');
}

void html_flag_literal(Html *h, const char *name, bool on)
{
	if (on)
		g_string_append_printf(h->text, " %s", name);
}

void html_url(Html *h, const char *part)
{
	g_string_append_uri_escaped(h->text, part, NULL, FALSE);
}

void html_piece(Html *h, const char *piece)
{
	g_string_append(h->text, piece);
}

void html_number(Html *h, int64_t number)
{
	g_string_append_printf(h->text, "%" G_GINT64_FORMAT, number);
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
