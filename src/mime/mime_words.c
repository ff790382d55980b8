/* Encoded words (RFC 2047) in base64 that follow each other, made one. GMime 3.2 decodes such a run
 * as one stream, which the first padding ends: of two words that each hold an "ä" it shows one. */
#include "mime/mime_internal.h"

#include <string.h>

/* "=?CHARSET?B?DATA?=" */
typedef struct Word {
	const char *charset, *data, *end;
	size_t charset_size, data_size;
} Word;

static bool read_word(const char *text, Word *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789+/=";
	const char *mark;

	if (text[0] != '=' || text[1] != '?')
		return false;
	word->charset = text + 2;
	word->charset_size = strcspn(word->charset, "?\" \t");
	mark = word->charset + word->charset_size;
	if (mark[0] != '?' || (mark[1] != 'B' && mark[1] != 'b') || mark[2] != '?')
		return false;
	word->data = mark + 3;
	word->data_size = strspn(word->data, letters);
	word->end = word->data + word->data_size + 2;
	return word->charset_size > 0 && word->data[word->data_size] == '?' &&
	       word->data[word->data_size + 1] == '=';
}

static bool has_charset(const Word *word, const Word *other)
{
	return word->charset_size == other->charset_size &&
	       g_ascii_strncasecmp(word->charset, other->charset, word->charset_size) == 0;
}

static void append_decoded(GByteArray *bytes, const Word *word)
{
	g_autofree char *data = g_strndup(word->data, word->data_size);
	gsize size;
	g_autofree guchar *decoded = g_base64_decode(data, &size);

	g_byte_array_append(bytes, decoded, (guint)size);
}

/* Appends the run of words that FIRST, at TEXT, begins; answers where it ends. */
static const char *append_run(GString *to, const char *text, const Word *first)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *encoded = NULL;
	const char *end = first->end;
	Word next;

	append_decoded(bytes, first);
	while (read_word(end + strspn(end, " \t\r\n"), &next) && has_charset(&next, first)) {
		append_decoded(bytes, &next);
		end = next.end;
	}
	if (end == first->end) {
		g_string_append_len(to, text, end - text);
		return end;
	}
	encoded = g_base64_encode(bytes->data, bytes->len);
	g_string_append_len(to, text, first->data - text);
	g_string_append(to, encoded);
	g_string_append(to, "?=");
	return end;
}

char *mime_join_words(char *text)
{
	GString *joined;
	Word word;

	/* Only a word that ends with padding is trouble. */
	if (!strstr(text, "=?="))
		return text;
	joined = g_string_sized_new(strlen(text));
	for (const char *at = text; *at;) {
		if (read_word(at, &word))
			at = append_run(joined, at, &word);
		else
			g_string_append_c(joined, *at++);
	}
	g_free(text);
	return g_string_free(joined, FALSE);
}
