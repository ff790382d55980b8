/* Checks and folding of text from people and peers. */
#include "base/text.h"

#include <string.h>

#define ADDRESS_LIMIT 254 /* RFC 5321, erratum 1690 */
#define LABEL_LIMIT 63	  /* RFC 1035, section 2.3.4 */

#define CAPITAL_I_WITH_DOT 0x130

#define REPLACEMENT "\xef\xbf\xbd"

bool text_is_same(const char *one, const char *other)
{
	g_autofree char *first = text_fold_address(one ? one : "");
	g_autofree char *second = text_fold_address(other ? other : "");

	return strcmp(first, second) == 0;
}

char *text_make_valid(const char *data, size_t size)
{
	GString *valid = g_string_sized_new(size);

	while (size > 0) {
		const char *bad;

		if (g_utf8_validate_len(data, size, &bad)) {
			g_string_append_len(valid, data, (gssize)size);
			break;
		}
		g_string_append_len(valid, data, bad - data);
		g_string_append(valid, REPLACEMENT);
		size -= (size_t)(bad - data) + 1;
		data = bad + 1;
	}
	return g_string_free(valid, FALSE);
}

/* Nothing composes or decomposes in ASCII, and most text here is. */
static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

char *text_fold(const char *text)
{
	if (is_ascii(text))
		return g_ascii_strdown(text, -1);

	g_autofree char *valid = text_make_valid(text, strlen(text));
	g_autofree char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
	g_autofree char *folded = g_utf8_casefold(composed, -1);

	return g_utf8_normalize(folded, -1, G_NORMALIZE_NFC);
}

/* Not by g_utf8_strdown, which knows other letters in Turkey. */
char *text_fold_address(const char *text)
{
	if (is_ascii(text))
		return g_ascii_strdown(text, -1);

	g_autofree char *valid = text_make_valid(text, strlen(text));
	g_autofree char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
	g_autoptr(GString) small = g_string_new(NULL);

	for (const char *at = composed; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		/* Its dot is a mark of its own in small letters: it is no "i". */
		if (letter == CAPITAL_I_WITH_DOT)
			g_string_append(small, "i\xcc\x87");
		else
			g_string_append_unichar(small, g_unichar_tolower(letter));
	}
	return g_utf8_normalize(small->str, -1, G_NORMALIZE_NFC);
}

bool text_has_control(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return true;
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		if (g_unichar_iscntrl(g_utf8_get_char(at)))
			return true;
	}
	return false;
}

bool text_is_label(const char *label, gunichar extra)
{
	size_t length = strlen(label);

	if (length == 0 || length > LABEL_LIMIT || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (const char *at = label; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (!g_unichar_isalnum(letter) && !g_unichar_ismark(letter) && letter != '-' &&
			(!extra || letter != extra))
			return false;
	}
	return true;
}

/* A dot-separated domain, or an address literal in brackets. */
static bool is_domain(const char *domain)
{
	size_t length = strlen(domain);
	g_auto(GStrv) labels = NULL;

	if (domain[0] == '[')
		return length > 2 && domain[length - 1] == ']' &&
		       strspn(domain + 1, "0123456789abcdefABCDEFIPv:.") == length - 2;
	labels = g_strsplit(domain, ".", -1);
	for (char **label = labels; *label; label++) {
		if (!text_is_label(*label, 0))
			return false;
	}
	return length > 0;
}

static bool is_local_part(const char *local, size_t length)
{
	g_autofree char *part = g_strndup(local, length);

	return length > 0 && length <= 64 && part[0] != '.' && part[length - 1] != '.' &&
	       !strstr(part, "..") && !strpbrk(part, " \t\"(),:;<>@[\\]");
}

/* Two addresses that look the same must be the same: no blanks, joiners or changes of direction. */
static bool is_invisible(gunichar letter)
{
	return g_unichar_isspace(letter) || g_unichar_type(letter) == G_UNICODE_FORMAT;
}

bool text_is_address(const char *text)
{
	const char *at = strrchr(text, '@');

	if (!at || strlen(text) > ADDRESS_LIMIT || text_has_control(text))
		return false;
	for (const char *letter = text; *letter; letter = g_utf8_next_char(letter)) {
		if (is_invisible(g_utf8_get_char(letter)))
			return false;
	}
	return is_local_part(text, (size_t)(at - text)) && is_domain(at + 1);
}

/* Characters that change the direction of the text around them, or end the line unseen. */
bool text_steers_terminal(gunichar letter)
{
	return g_unichar_iscntrl(letter) || (letter >= 0x2028 && letter <= 0x202E) ||
	       (letter >= 0x2066 && letter <= 0x2069) || letter == 0x200E || letter == 0x200F ||
	       letter == 0x061C;
}

static bool is_printable(const char *text)
{
	while (g_ascii_isprint(*text))
		text++;
	return *text == '\0';
}

char *text_for_terminal(const char *text)
{
	if (is_printable(text))
		return g_strdup(text);

	g_autofree char *valid = text_make_valid(text, strlen(text));
	GString *safe = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (text_steers_terminal(letter))
			g_string_append(safe, REPLACEMENT);
		else
			g_string_append_unichar(safe, letter);
	}
	return g_string_free(safe, FALSE);
}

char *text_shell_word(const char *text)
{
	static const char plain[] = "@%+=:,./-_0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	bool is_plain = *text && text[strspn(text, plain)] == '\0';

	return is_plain ? g_strdup(text) : g_shell_quote(text);
}

GPtrArray *text_split_list(const char *text, char separator)
{
	GPtrArray *items = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	/* Each piece is taken over or freed. */
	g_autofree char **pieces = g_strsplit(text, (const char[]){separator, '\0'}, -1);

	for (char **piece = pieces; *piece; piece++) {
		char *item = g_strstrip(*piece);

		if (!*item || !g_hash_table_add(seen, text_fold_address(item)))
			g_free(*piece);
		else
			g_ptr_array_add(items, *piece);
	}
	return items;
}
