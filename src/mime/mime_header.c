/* Header fields: collecting the few that matter with a limit each, and decoding single values.
 * Address fields are read in mime_people.c. */
#include "mime/mime_internal.h"

#include <string.h>
#include "base/text.h"

#define YEAR_10000 253402300800

typedef struct FieldRow {
	const char *name;
	size_t limit;
	bool repeats; /* several are one list */
} FieldRow;

static const FieldRow rows[MIME_FIELD_COUNT] = {
	[MIME_FROM] = {"from", MIME_PEOPLE_BYTES_LIMIT, true},
	[MIME_SENDER] = {"sender", MIME_PEOPLE_BYTES_LIMIT, false},
	[MIME_REPLY_TO] = {"reply-to", MIME_PEOPLE_BYTES_LIMIT, false},
	[MIME_TO] = {"to", MIME_PEOPLE_BYTES_LIMIT, true},
	[MIME_CC] = {"cc", MIME_PEOPLE_BYTES_LIMIT, true},
	[MIME_SUBJECT] = {"subject", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_DATE] = {"date", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_MESSAGE_ID] = {"message-id", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_IN_REPLY_TO] = {"in-reply-to", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_CONTENT_ID] = {"content-id", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_CONTENT_TYPE] = {"content-type", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_CONTENT_DISPOSITION] = {"content-disposition", MIME_FIELD_BYTES_LIMIT, false},
	[MIME_CONTENT_TRANSFER_ENCODING] = {"content-transfer-encoding", MIME_FIELD_BYTES_LIMIT,
		false},
};

void mime_header_clear(MimeHeader *header)
{
	for (int field = 0; field < MIME_FIELD_COUNT; field++) {
		if (header->fields[field])
			g_string_free(header->fields[field], TRUE);
	}
	*header = (MimeHeader){0};
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t';
}

/* The length of the field name that LINE begins with, 0 if it begins with none; *VALUE is where its
 * value begins. Blanks before the colon are obsolete, but allowed (RFC 5322, 4.5). */
static size_t field_name(const char *line, size_t size, size_t *value)
{
	size_t length = 0, at;

	while (length < size && line[length] > ' ' && line[length] < 127 && line[length] != ':')
		length++;
	for (at = length; at < size && is_blank(line[at]); at++)
		;
	if (at == size || line[at] != ':')
		return 0;
	*value = at + 1;
	return length;
}

bool mime_header_is_field(const char *line, size_t size)
{
	size_t value;

	return field_name(line, size, &value) > 0;
}

/* Begins to collect into FIELD, or into nothing if it stands already. */
static void start_field(MimeHeader *header, MimeField field)
{
	if (header->fields[field] && !rows[field].repeats)
		return;
	if (!header->fields[field])
		header->fields[field] = g_string_new(NULL);
	header->current = header->fields[field];
	header->limit = rows[field].limit;
	if (header->current->len > 0)
		mime_header_add_piece(header, ",", 1);
}

void mime_header_add_line(MimeHeader *header, const char *line, size_t size)
{
	size_t value = 0, length;

	if (size > 0 && is_blank(line[0])) {
		mime_header_add_piece(header, line, size);
		return;
	}
	header->current = NULL;
	length = field_name(line, size, &value);
	for (int field = 0; field < MIME_FIELD_COUNT && length > 0; field++) {
		if (strlen(rows[field].name) == length &&
			g_ascii_strncasecmp(rows[field].name, line, length) == 0) {
			start_field(header, (MimeField)field);
			break;
		}
	}
	mime_header_add_piece(header, line + value, size - value);
}

void mime_header_add_piece(MimeHeader *header, const char *piece, size_t size)
{
	GString *field = header->current;
	size_t before;

	if (!field)
		return;
	while (size > 0 && (piece[size - 1] == '\n' || piece[size - 1] == '\r'))
		size--;
	before = field->len;
	if (size > header->limit - MIN(header->limit, before)) {
		size = header->limit - MIN(header->limit, before);
		header->truncated = true;
	}
	g_string_append_len(field, piece, (gssize)size);
	for (size_t at = before; at < field->len; at++) {
		if (field->str[at] == '\0')
			field->str[at] = ' ';
	}
}

char *mime_header_value(const MimeHeader *header, MimeField field)
{
	const GString *value = header->fields[field];

	return value ? mime_join_words(g_strstrip(mime_text_to_utf8(value->str, value->len, NULL)))
		     : NULL;
}

/* Characters that reorder the text around them: a file name or a sender could pose as another. */
static bool is_direction_mark(gunichar letter)
{
	return (letter >= 0x202A && letter <= 0x202E) || (letter >= 0x2066 && letter <= 0x2069);
}

char *mime_clean_line(const char *text, size_t limit)
{
	g_autofree char *valid = text_make_valid(text, strlen(text));
	GString *line = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);
		size_t size = (size_t)(g_utf8_next_char(at) - at);

		if (is_direction_mark(letter) || letter == 0xFEFF)
			continue;
		if (line->len + size > limit)
			break;
		if (g_unichar_iscntrl(letter) || letter == 0x2028 || letter == 0x2029)
			g_string_append_c(line, ' ');
		else
			g_string_append_len(line, at, (gssize)size);
	}
	return g_strstrip(g_string_free(line, FALSE));
}

char *mime_header_text(const MimeHeader *header, MimeField field, size_t limit)
{
	g_autofree char *value = mime_header_value(header, field);
	g_autofree char *decoded =
		value ? g_mime_utils_header_decode_text(mime_options(), value) : NULL;

	return mime_clean_line(decoded ? decoded : "", limit);
}

bool mime_header_date(const MimeHeader *header, int64_t *seconds)
{
	g_autofree char *value = mime_header_value(header, MIME_DATE);
	g_autoptr(GDateTime) date = value ? g_mime_utils_header_decode_date(value) : NULL;
	int64_t unix_time = date ? g_date_time_to_unix(date) : -1;

	if (unix_time < 0 || unix_time >= YEAR_10000)
		return false;
	*seconds = unix_time;
	return true;
}

char *mime_header_id(const MimeHeader *header, MimeField field)
{
	g_autofree char *value = mime_header_value(header, field);
	const char *open = value ? strchr(value, '<') : NULL;
	const char *start = open ? open + 1 : value;
	GString *id;

	if (!value)
		return NULL;
	id = g_string_new(NULL);
	for (const char *at = start; *at && *at != '>'; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		/* Blanks come from folding inside the brackets; without brackets one ends it. */
		if (g_unichar_isspace(letter) && !open)
			break;
		if (!g_unichar_isspace(letter) && !g_unichar_iscntrl(letter))
			g_string_append_unichar(id, letter);
		if (id->len >= MIME_MESSAGE_ID_LIMIT)
			break;
	}
	if (id->len == 0)
		return g_string_free(id, TRUE);
	return g_string_free(id, FALSE);
}
