/* The one tokeniser of search: folded words without diacritics. */
#include "base/text.h"

#include <string.h>

/* Words longer than this are cut: nobody types them, and base64 left in a text is not worth an
 * index. */
#define WORD_LIMIT 64

/* Text is normalised in slices, so that a long one never stands in memory four times. */
#define SLICE 4096

/* Appends the words of one normalised piece; false at the limit. */
static bool append_piece(GString *words, const char *piece, size_t end)
{
	size_t start = words->len;
	bool inside = false;

	for (const char *at = piece; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (g_unichar_ismark(letter))
			continue;
		if (!g_unichar_isalnum(letter)) {
			inside = false;
			continue;
		}
		if (!inside && words->len + 1 >= end)
			return false;
		if (!inside && words->len > 0)
			g_string_append_c(words, ' ');
		if (!inside)
			start = words->len;
		inside = true;
		if (words->len - start < WORD_LIMIT && words->len + 6 < end)
			g_string_append_unichar(words, letter);
	}
	return words->len + 6 < end;
}

/* Where to cut TEXT: at most SLICE bytes, behind a blank if there is one, else between letters. */
static size_t slice_length(const char *text)
{
	size_t length = strnlen(text, SLICE);
	size_t cut = length;

	if (length < SLICE)
		return length;
	while (cut > SLICE / 2 && !g_ascii_isspace(text[cut - 1]))
		cut--;
	if (cut > SLICE / 2)
		return cut;
	cut = length;
	while (cut > 1 && ((unsigned char)text[cut] & 0xC0) == 0x80)
		cut--;
	return cut;
}

static bool is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

/* Compatibility decomposition and case folding; the marks are dropped afterwards. */
static char *normalise(const char *text, size_t length)
{
	g_autofree char *valid = NULL;
	g_autofree char *folded = NULL;

	if (is_ascii(text, length))
		return g_ascii_strdown(text, (gssize)length);
	valid = text_make_valid(text, length);
	folded = g_utf8_casefold(valid, -1);
	return g_utf8_normalize(folded, -1, G_NORMALIZE_NFKD);
}

bool text_append_words(GString *words, const char *text, size_t limit)
{
	size_t end = words->len + limit;

	while (*text) {
		size_t length = slice_length(text);
		g_autofree char *piece = normalise(text, length);

		if (!append_piece(words, piece, end))
			return false;
		text += length;
	}
	return true;
}
