/* Values of attributes that may stay, each kind in one spelling, and text as HTML. */
#include "mime/mime_sanitise.h"

#include <string.h>

#define WORD_LIMIT 35
#define FACE_LIMIT 256

/* ---- text ---- */

/* Controls go, and so do characters that reorder what stands around them or that are none. */
static bool may_stay(gunichar letter)
{
	return !g_unichar_iscntrl(letter) && letter != 0xFEFF && (letter & 0xFFFE) != 0xFFFE &&
	       !(letter >= 0xFDD0 && letter <= 0xFDEF) && !(letter >= 0x202A && letter <= 0x202E) &&
	       !(letter >= 0x2066 && letter <= 0x2069);
}

/* What stands for a letter of ASCII that does not stand for itself; NULL: it does. */
static const char *escape_of(char letter, bool in_attribute)
{
	switch (letter) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return in_attribute ? "&quot;" : NULL;
	case '\n':
	case '\r':
		return in_attribute ? " " : "\n";
	case '\t':
		return in_attribute ? " " : NULL;
	case '\f':
		return " ";
	default:
		return letter > 0 && (letter < 32 || letter == 127) ? "" : NULL;
	}
}

void mime_text_append_escaped(GString *to, const char *text, bool in_attribute)
{
	const char *start = text;

	for (const char *at = text, *next; *at; at = next) {
		const char *escape = escape_of(*at, in_attribute);

		next = g_utf8_next_char(at);
		if (!escape && ((unsigned char)*at < 0x80 || may_stay(g_utf8_get_char(at))))
			continue;
		g_string_append_len(to, start, at - start);
		g_string_append(to, escape ? escape : "");
		start = next;
	}
	g_string_append(to, start);
}

/* ---- links ---- */

/* Yours: VALUE without what browsers overlook in it: blanks around it, controls anywhere. */
static char *plain_link(const char *value)
{
	GString *link = g_string_new(NULL);

	for (const char *at = value; *at; at = g_utf8_next_char(at)) {
		if (may_stay(g_utf8_get_char(at)))
			g_string_append_len(link, at, g_utf8_next_char(at) - at);
	}
	return g_strstrip(g_string_free(link, FALSE));
}

static bool has_prefix(const char *text, const char *prefix)
{
	return g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

char *mime_attribute_link(const char *value)
{
	g_autofree char *link = plain_link(value);
	size_t length = strlen(link);

	if (length <= MIME_LINK_LIMIT && ((has_prefix(link, "http://") && length > 7) ||
						 (has_prefix(link, "https://") && length > 8) ||
						 (has_prefix(link, "mailto:") && length > 7)))
		return g_steal_pointer(&link);
	return NULL;
}

bool mime_link_is_active(const char *value)
{
	g_autofree char *link = plain_link(value);

	return has_prefix(link, "javascript:") || has_prefix(link, "vbscript:") ||
	       has_prefix(link, "data:");
}

/* ---- the other kinds ---- */

static char *word_value(const char *value)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isalnum(value[i]) && value[i] != '-')
			return NULL;
	}
	return length > 0 && length <= WORD_LIMIT ? g_strdup(value) : NULL;
}

static char *color_value(const char *value)
{
	g_autofree char *word = word_value(value + (*value == '#'));

	return word && !strchr(word, '-') ? g_strdup(value) : NULL;
}

/* Whole numbers, perhaps with a sign, a fraction that counts for nothing, "%" or "px". */
static char *number_value(const MimeAttribute *attribute, const char *value)
{
	const char *at = value + (*value == '-' || *value == '+');
	int number = 0;

	if (!g_ascii_isdigit(*at))
		return NULL;
	for (; g_ascii_isdigit(*at); at++) {
		number = number * 10 + (*at - '0');
		if (number > 1000000)
			return NULL;
	}
	number = *value == '-' ? -number : number;
	if (*at == '.' && strspn(at + 1, "0123456789") <= 6)
		at += 1 + strspn(at + 1, "0123456789");
	if (strcmp(at, "%") == 0)
		return number >= 0 && number <= 100 ? g_strdup(value) : NULL;
	if ((*at && g_ascii_strcasecmp(at, "px") != 0) || number < attribute->least ||
		number > attribute->most)
		return NULL;
	return g_strdup(value);
}

static char *font_value(const char *value)
{
	for (const char *at = value; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (!g_unichar_isalnum(letter) && !strchr(" -_.,'\"", (int)MIN(letter, 127)))
			return NULL;
	}
	return *value && strlen(value) <= FACE_LIMIT ? g_strdup(value) : NULL;
}

static char *label_value(const char *value)
{
	GString *label = g_string_new(NULL);

	mime_text_append(label, value, MIME_LABEL_LIMIT);
	return g_string_free(label, FALSE);
}

static char *style_value(const char *value)
{
	GString *style = g_string_new(NULL);

	mime_style_append(style, value);
	return g_string_free(style, style->len == 0);
}

char *mime_attribute_value(const MimeAttribute *attribute, const char *value)
{
	g_autofree char *stripped = NULL;

	if (attribute->kind == MIME_VALUE_LABEL)
		return label_value(value);
	if (attribute->kind == MIME_VALUE_STYLE)
		return style_value(value);
	if (attribute->kind == MIME_VALUE_LINK)
		return mime_attribute_link(value);
	stripped = g_strstrip(g_strdup(value));
	switch (attribute->kind) {
	case MIME_VALUE_WORD:
		return word_value(stripped);
	case MIME_VALUE_COLOR:
		return color_value(stripped);
	case MIME_VALUE_NUMBER:
		return number_value(attribute, stripped);
	default:
		return font_value(stripped);
	}
}
