/* The one tokeniser of search: folded words without diacritics. It goes letter by letter and keeps
 * no copy of the text, so that neither a text's length nor a letter's place in it matters. */
#include "base/text.h"

/* A word is cut behind the letter that reaches this many bytes: nobody types longer ones, and
 * base64 left in a text is not worth an index. A query is cut in the same place. */
#define WORD_LIMIT 64

#define ZERO_WIDTH_SPACE 0x200B

typedef struct Writer {
	GString *words;
	size_t end;   /* WORDS never grows beyond */
	size_t start; /* where the present word begins, with the blank in front of it */
	size_t first; /* its first letter */
	bool inside;  /* a word */
} Writer;

/* Adds SIZE bytes of one letter to the present or a new word. At the limit the word is taken back
 * whole: half a word would be found under a name that it does not have. */
static bool add_letter(Writer *writer, const char *letter, size_t size)
{
	GString *words = writer->words;
	size_t blank = !writer->inside && words->len > 0;

	if (!writer->inside)
		writer->start = words->len;
	else if (words->len - writer->first >= WORD_LIMIT)
		return true;
	if (size + blank > writer->end - words->len) {
		g_string_truncate(words, writer->start);
		return false;
	}
	if (blank)
		g_string_append_c(words, ' ');
	if (!writer->inside)
		writer->first = words->len;
	writer->inside = true;
	for (size_t i = 0; i < size; i++)
		g_string_append_c(words, letter[i]);
	return true;
}

/* Letters that people type with the plain ones though Unicode does not decompose them. */
static const char *plain_letters(gunichar lower)
{
	switch (lower) {
	case 0x00DF: /* ß */
		return "ss";
	case 0x00E6: /* æ */
		return "ae";
	case 0x0153: /* œ */
		return "oe";
	case 0x00F8: /* ø */
		return "o";
	case 0x0142: /* ł */
		return "l";
	case 0x0111: /* đ */
		return "d";
	default:
		return NULL;
	}
}

/* Marks (diacritics), soft hyphens and joiners stand inside words and are not read. */
static bool is_silent(gunichar letter)
{
	return g_unichar_ismark(letter) ||
	       (g_unichar_type(letter) == G_UNICODE_FORMAT && letter != ZERO_WIDTH_SPACE);
}

/* Adds one decomposed letter, or ends the word. */
static bool add_part(Writer *writer, gunichar part)
{
	char bytes[6];
	const char *plain;
	gunichar lower;

	if (is_silent(part))
		return true;
	if (!g_unichar_isalnum(part)) {
		writer->inside = false;
		return true;
	}
	/* By way of the capital, so that both sigmas are one letter. */
	lower = g_unichar_tolower(g_unichar_toupper(part));
	plain = plain_letters(lower);
	if (plain)
		return add_letter(writer, plain, strlen(plain));
	return add_letter(writer, bytes, (size_t)g_unichar_to_utf8(lower, bytes));
}

/* Adds the letter at *TEXT, which is none of ASCII, and moves on; a broken one parts words. */
static bool add_wide(Writer *writer, const char **text)
{
	gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	gunichar letter = g_utf8_get_char_validated(*text, -1);
	gsize count;

	if (letter >= (gunichar)-2) {
		writer->inside = false;
		(*text)++;
		return true;
	}
	*text = g_utf8_next_char(*text);
	count = g_unichar_fully_decompose(letter, TRUE, parts, G_N_ELEMENTS(parts));
	for (gsize i = 0; i < count; i++) {
		if (!add_part(writer, parts[i]))
			return false;
	}
	return true;
}

bool text_append_words(GString *words, const char *text, size_t limit)
{
	Writer writer = {.words = words, .end = words->len + MIN(limit, G_MAXSIZE - words->len)};

	while (*text) {
		char lower = (char)(*text | 0x20); /* of an ASCII letter or digit */

		if ((unsigned char)*text >= 0x80) {
			if (!add_wide(&writer, &text))
				return false;
			continue;
		}
		if (!g_ascii_isalnum(*text))
			writer.inside = false;
		else if (!add_letter(&writer, &lower, 1))
			return false;
		text++;
	}
	return true;
}
