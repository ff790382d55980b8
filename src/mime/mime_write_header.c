/* Header fields as they are sent: folding, encoded words (RFC 2047), parameters (RFC 2231). All
 * text given here was looked at before: it has no control characters and is UTF-8. What GMime does
 * otherwise, and why that would not do, is in docs/decisions/mime.md. */
#include "mime/mime_write_internal.h"

#include <string.h>

#define LINE_LIMIT 76 /* with encoded words (RFC 2047 section 2); without, 78 are advised */
#define ENCODED_WORD_LIMIT 75
#define FRAME_SIZE (strlen("=?UTF-8?Q?") + strlen("?="))
#define ROOM_LEAST 40 /* a line with less left is not worth an encoded word */
#define WORD_LIMIT 60 /* longer ones are encoded, because then they can be cut */

/* ---- lines ---- */

void mime_fold_begin(MimeFold *fold, const char *name)
{
	g_string_append(fold->text, name);
	g_string_append_c(fold->text, ':');
	fold->column = strlen(name) + 1;
	fold->has_words = false;
}

void mime_fold_end(MimeFold *fold)
{
	g_string_append(fold->text, "\r\n");
	fold->column = 0;
}

static void break_line(MimeFold *fold)
{
	g_string_append(fold->text, "\r\n");
	fold->column = 0;
}

/* A blank and SIZE bytes of WORD; not below a field's name that would then stand alone. */
static void add_word(MimeFold *fold, const char *word, size_t size)
{
	if (fold->column + 1 + size > LINE_LIMIT && fold->has_words)
		break_line(fold);
	g_string_append_c(fold->text, ' ');
	g_string_append_len(fold->text, word, (gssize)size);
	fold->column += 1 + size;
	fold->has_words = true;
}

void mime_fold_word(MimeFold *fold, const char *word)
{
	add_word(fold, word, strlen(word));
}

/* TEXT's words, which single blanks part. */
static void add_words(MimeFold *fold, const char *text)
{
	for (const char *at = text; *at;) {
		size_t size = strcspn(at, " ");

		add_word(fold, at, size);
		at += size + (at[size] == ' ' ? 1 : 0);
	}
}

/* ---- encoded words ---- */

/* What may stand for itself in "Q" everywhere (RFC 2047 section 5 (3)), and what in text only. */
static bool is_bare(char letter, bool in_phrase)
{
	if (g_ascii_isalnum(letter) || (letter && strchr("!*+-/", letter)))
		return true;
	return !in_phrase && letter > ' ' && letter < 127 && !strchr("=?_", letter);
}

/* Bytes that SIZE bytes of TEXT take in "Q". */
static size_t quoted_size(const char *text, size_t size, bool in_phrase)
{
	size_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += text[i] == ' ' || is_bare(text[i], in_phrase) ? 1 : 3;
	return sum;
}

static size_t base64_size(size_t size)
{
	return (size + 2) / 3 * 4;
}

static void append_quoted(GString *to, const char *text, size_t size, bool in_phrase)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == ' ')
			g_string_append_c(to, '_');
		else if (is_bare(text[i], in_phrase))
			g_string_append_c(to, text[i]);
		else
			mime_append_hex(to, '=', text[i]);
	}
}

/* How many bytes of TEXT, whole characters, fit into ROOM bytes encoded. */
static size_t piece_size(const char *text, size_t room, bool base64, bool in_phrase)
{
	size_t size = 0, quoted = 0;

	while (text[size]) {
		size_t next = (size_t)(g_utf8_next_char(text + size) - text);

		quoted += quoted_size(text + size, next - size, in_phrase);
		if ((base64 ? base64_size(next) : quoted) > room)
			break;
		size = next;
	}
	return size;
}

/* Bytes left for an encoded word; on a new line if this one has too few. */
static size_t make_room(MimeFold *fold)
{
	if (fold->column + 1 + ROOM_LEAST > LINE_LIMIT)
		break_line(fold);
	return MIN((size_t)ENCODED_WORD_LIMIT, LINE_LIMIT - fold->column - 1) - FRAME_SIZE;
}

static void add_encoded_word(
	MimeFold *fold, const char *text, size_t size, bool base64, bool in_phrase)
{
	g_autoptr(GString) word = g_string_new(base64 ? "=?UTF-8?B?" : "=?UTF-8?Q?");

	if (base64) {
		g_autofree char *encoded = g_base64_encode((const guchar *)text, size);

		g_string_append(word, encoded);
	} else {
		append_quoted(word, text, size, in_phrase);
	}
	g_string_append(word, "?=");
	add_word(fold, word->str, word->len);
}

static void add_encoded(MimeFold *fold, const char *text)
{
	size_t length = strlen(text);
	/* People read headers too: "Q" unless it takes half as much again. */
	bool base64 = 3 * base64_size(length) <= 2 * quoted_size(text, length, false);

	for (const char *at = text; *at;) {
		size_t size = piece_size(at, make_room(fold), base64, false);

		add_encoded_word(fold, at, size, base64, false);
		at += size;
	}
}

/* ---- fields ---- */

/* Printable ASCII that nobody takes for an encoded word. */
static bool is_printable(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (*at < ' ' || *at > '~')
			return false;
	}
	return !strstr(text, "=?");
}

/* Whether the words of TEXT come back as they are: single blanks between them, none of them long.
 */
static bool has_plain_words(const char *text)
{
	for (const char *at = text; *at;) {
		size_t size = strcspn(at, " ");

		if (size == 0 || size > WORD_LIMIT || (at[size] == ' ' && !at[size + 1]))
			return false;
		at += size + (at[size] == ' ' ? 1 : 0);
	}
	return true;
}

void mime_fold_text(MimeFold *fold, const char *text)
{
	if (is_printable(text) && has_plain_words(text))
		add_words(fold, text);
	else
		add_encoded(fold, text);
}

/* Letters of atoms (RFC 5322 section 3.2.3) and blanks. */
static bool is_atoms(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (!g_ascii_isalnum(*at) && !strchr("!#$%&'*+-/=?^_`{|}~ ", *at))
			return false;
	}
	return true;
}

/* False: nothing was added, since it would be a long word. */
static bool add_quoted_string(MimeFold *fold, const char *text)
{
	g_autoptr(GString) word = g_string_new("\"");

	for (const char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\')
			g_string_append_c(word, '\\');
		g_string_append_c(word, *at);
	}
	g_string_append_c(word, '"');
	if (word->len > WORD_LIMIT)
		return false;
	add_word(fold, word->str, word->len);
	return true;
}

/* The size of the word at TEXT if it can stand between encoded ones as it is, else 0. */
static size_t plain_word_size(const char *text)
{
	size_t size = strcspn(text, " ");
	g_autofree char *word = g_strndup(text, MIN(size, (size_t)WORD_LIMIT));

	return size <= WORD_LIMIT && is_atoms(word) && is_printable(word) ? size : 0;
}

/* Where an encoded word of at most SIZE bytes of TEXT ends best: before a plain word, else before
 * any. */
static size_t phrase_piece_size(const char *text, size_t size)
{
	size_t blank = 0;

	for (size_t end = size; end > 0 && text[size]; end--) {
		if (text[end] == ' ' && plain_word_size(text + end + 1) > 0)
			return end;
		if (text[end] == ' ' && blank == 0)
			blank = end;
	}
	return blank > 0 ? blank : size;
}

/* How many bytes of NAME fit into ROOM either way. */
static size_t phrase_size(const char *name, size_t room)
{
	return MAX(piece_size(name, room, false, true), piece_size(name, room, true, true));
}

/* As few encoded words as can be, with plain words between them: where two follow each other some
 * readers (Python 3.11's) show the blank that only parts them. */
static void add_encoded_phrase(MimeFold *fold, const char *name)
{
	const size_t most = ENCODED_WORD_LIMIT - FRAME_SIZE;

	for (const char *at = name; *at;) {
		size_t room = make_room(fold), size = phrase_size(at, room), plain;

		if (at[size] && fold->has_words && !at[phrase_size(at, most)]) {
			break_line(fold);
			room = make_room(fold);
			size = phrase_size(at, room);
		}
		size = phrase_piece_size(at, size);
		add_encoded_word(fold, at, size, quoted_size(at, size, true) > room, true);
		at += size;
		if (*at != ' ' || plain_word_size(at + 1) == 0)
			continue;
		while (*at == ' ' && (plain = plain_word_size(at + 1)) > 0) {
			add_word(fold, at + 1, plain);
			at += 1 + plain;
		}
		at += *at == ' ' ? 1 : 0;
	}
}

void mime_fold_phrase(MimeFold *fold, const char *name)
{
	if (is_printable(name) && is_atoms(name) && has_plain_words(name))
		add_words(fold, name);
	else if (!is_printable(name) || !add_quoted_string(fold, name))
		add_encoded_phrase(fold, name);
}

/* ---- parameters ---- */

/* Appends LETTER as in an extended value (RFC 2231 section 7); fewer stand for themselves than may,
 * since some readers know fewer. */
static void append_extended(GString *to, const char *letter, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (g_ascii_isalnum(letter[i]) || (letter[i] && strchr("-._", letter[i])))
			g_string_append_c(to, letter[i]);
		else
			mime_append_hex(to, '%', letter[i]);
	}
}

/* The next section of *VALUE, whole characters: readers decode each alone. */
static void add_section(MimeFold *fold, const char *name, unsigned number, const char **value)
{
	g_autoptr(GString) word = g_string_new(NULL);

	g_string_append_printf(word, "%s*%u*=%s", name, number, number == 0 ? "UTF-8''" : "");
	do {
		const char *next = g_utf8_next_char(*value);

		append_extended(word, *value, (size_t)(next - *value));
		*value = next;
	} while (**value && word->len + 3 * strlen("\xf0\x9f\x98\x80") < LINE_LIMIT);
	if (**value)
		g_string_append_c(word, ';');
	add_word(fold, word->str, word->len);
}

static void add_extended(MimeFold *fold, const char *name, const char *value)
{
	g_autoptr(GString) whole = g_string_new(NULL);
	unsigned number = 0;

	g_string_append_printf(whole, "%s*=UTF-8''", name);
	append_extended(whole, value, strlen(value));
	if (whole->len < LINE_LIMIT) {
		add_word(fold, whole->str, whole->len);
		return;
	}
	while (*value)
		add_section(fold, name, number++, &value);
}

void mime_fold_parameter(MimeFold *fold, const char *name, const char *value)
{
	g_autofree char *plain = NULL;

	g_string_append_c(fold->text, ';');
	fold->column++;
	if (!is_printable(value) || strpbrk(value, "\"\\") || strlen(value) > WORD_LIMIT) {
		add_extended(fold, name, value);
		return;
	}
	plain = g_strdup_printf("%s=\"%s\"", name, value);
	mime_fold_word(fold, plain);
}
