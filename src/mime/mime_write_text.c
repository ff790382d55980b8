/* The text of a mail as it is sent: as it is where nobody would change it on the way, else
 * quoted-printable (RFC 2045 section 6.7). */
#include "mime/mime_write_internal.h"

#include <string.h>

#define PLAIN_LIMIT 78	/* bytes of a line that is sent as it is (RFC 5322 section 2.1.1) */
#define QUOTED_LIMIT 76 /* of one that is encoded, with the "=" that says that it goes on */

const char *mime_text_line(const char *text, size_t *size)
{
	const char *end = text;

	while (*end && *end != '\r' && *end != '\n')
		end++;
	*size = (size_t)(end - text);
	if (!*end)
		return *size > 0 ? end : NULL;
	return end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
}

/* What stores that keep mails in one file take for the next mail. */
static bool is_mbox_line(const char *line, size_t size)
{
	return size >= 5 && memcmp(line, "From ", 5) == 0;
}

static bool is_plain_line(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
			return false;
	}
	/* Blanks at the end may get lost. */
	return size <= PLAIN_LIMIT && !is_mbox_line(line, size) &&
	       (size == 0 || (line[size - 1] != ' ' && line[size - 1] != '\t'));
}

bool mime_text_is_plain(const char *text)
{
	size_t size;

	for (const char *at = text, *next; (next = mime_text_line(at, &size)); at = next) {
		if (!is_plain_line(at, size))
			return false;
	}
	return true;
}

/* Whether the byte at INDEX must be encoded; BEGINS: it would be an output line's first. A dot
 * there is safe from relays that mistake it for the mail's end. */
static bool must_encode(const char *line, size_t size, size_t index, bool begins)
{
	char letter = line[index];

	if (letter == ' ' || letter == '\t')
		return index + 1 == size;
	if (begins && (letter == '.' || is_mbox_line(line + index, size - index)))
		return true;
	return letter <= ' ' || letter > '~' || letter == '=';
}

static void append_quoted_line(GString *to, const char *line, size_t size)
{
	size_t column = 0;

	for (size_t i = 0; i < size; i++) {
		size_t need = must_encode(line, size, i, column == 0) ? 3 : 1;

		if (column + need > QUOTED_LIMIT - 1) {
			g_string_append(to, "=\r\n");
			column = 0;
			need = must_encode(line, size, i, true) ? 3 : 1;
		}
		if (need == 3)
			mime_append_hex(to, '=', line[i]);
		else
			g_string_append_c(to, line[i]);
		column += need;
	}
}

bool mime_text_write(const char *text, bool plain, MimeSink *sink, void *data, GError **error)
{
	g_autoptr(GString) piece = g_string_new(NULL);
	size_t size;

	for (const char *at = text, *next; (next = mime_text_line(at, &size)); at = next) {
		g_string_truncate(piece, 0);
		if (plain)
			g_string_append_len(piece, at, (gssize)size);
		else
			append_quoted_line(piece, at, size);
		g_string_append(piece, "\r\n");
		if (!sink(piece->str, piece->len, data, error))
			return false;
	}
	return true;
}
