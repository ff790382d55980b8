/* Modified UTF-7: printable ASCII stands for itself, "&-" for "&", all else is UTF-16 in base64
 * with "," in place of "/" and without padding, between "&" and "-". */
#include "imap/imap_names.h"

#include <stdint.h>
#include <string.h>
#include <glib.h>
#include "base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* The UTF-16 units of the base64 TEXT. False if it is broken: a foreign letter, bits left over that
 * are not zero, or a whole letter too much. */
static bool decode_units(const char *text, size_t size, GArray *units)
{
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < size; i++) {
		const char *place = memchr(alphabet, text[i], strlen(alphabet));

		if (!place)
			return false;
		bits = bits << 6 | (uint32_t)(place - alphabet);
		held += 6;
		if (held >= 16) {
			gunichar2 unit = (gunichar2)(bits >> (held - 16));

			g_array_append_val(units, unit);
			held -= 16;
			bits &= (1u << held) - 1;
		}
	}
	return held < 6 && bits == 0 && units->len > 0;
}

/* The shifted TEXT (without & and -) in UTF-8, yours; NULL if it is broken or hides a control. */
static char *decode_shifted(const char *text, size_t size)
{
	g_autoptr(GArray) units = g_array_new(FALSE, FALSE, sizeof(gunichar2));
	g_autofree char *decoded = NULL;
	glong read, written;

	if (!decode_units(text, size, units))
		return NULL;
	decoded = g_utf16_to_utf8(
		(const gunichar2 *)(void *)units->data, units->len, &read, &written, NULL);
	if (!decoded || (guint)read != units->len || strlen(decoded) != (size_t)written ||
		text_has_control(decoded))
		return NULL;
	return g_steal_pointer(&decoded);
}

/* Appends what the shift sequence at AT ("&…-") stands for; answers the place behind it, NULL if it
 * is broken. */
static const char *append_shifted(GString *name, const char *at)
{
	const char *end = strchr(at, '-');
	g_autofree char *decoded = NULL;

	if (!end)
		return NULL;
	if (end == at + 1)
		decoded = g_strdup("&");
	else
		decoded = decode_shifted(at + 1, (size_t)(end - at - 1));
	if (!decoded)
		return NULL;
	g_string_append(name, decoded);
	return end + 1;
}

char *imap_name_decode(const char *raw, bool utf8)
{
	g_autoptr(GString) name = g_string_new(NULL);

	if (utf8)
		return text_make_valid(raw, strlen(raw));
	while (*raw) {
		const char *behind = *raw == '&' ? append_shifted(name, raw) : NULL;

		if (behind)
			raw = behind;
		else
			g_string_append_c(name, *raw++);
	}
	return text_make_valid(name->str, name->len);
}

static void append_base64(GString *raw, const gunichar2 *units, size_t count)
{
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < count; i++) {
		bits = bits << 16 | units[i];
		for (held += 16; held >= 6; held -= 6)
			g_string_append_c(raw, alphabet[bits >> (held - 6) & 63]);
		bits &= (1u << held) - 1;
	}
	if (held > 0)
		g_string_append_c(raw, alphabet[bits << (6 - held) & 63]);
}

static bool stands_for_itself(char byte)
{
	return byte >= 0x20 && byte <= 0x7e;
}

/* Appends the SIZE bytes at TEXT, none of which stands for itself. */
static void append_shift(GString *raw, const char *text, size_t size)
{
	glong count;
	g_autofree gunichar2 *units = g_utf8_to_utf16(text, (glong)size, NULL, &count, NULL);

	g_string_append_c(raw, '&');
	append_base64(raw, units, (size_t)count);
	g_string_append_c(raw, '-');
}

char *imap_name_encode(const char *name, bool utf8)
{
	GString *raw;

	if (*name == '\0' || text_has_control(name))
		return NULL;
	if (utf8)
		return g_strdup(name);
	raw = g_string_new(NULL);
	while (*name) {
		const char *end = name;

		while (*end && !stands_for_itself(*end))
			end++;
		if (end > name)
			append_shift(raw, name, (size_t)(end - name));
		else if (*end++ == '&')
			g_string_append(raw, "&-");
		else
			g_string_append_c(raw, *name);
		name = end;
	}
	return g_string_free(raw, FALSE);
}
