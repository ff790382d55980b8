/* Attachments: name, type, and the bytes in base64 (RFC 2045 section 6.8). */
#include "mime/mime_write_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <gmime/gmime-encodings.h>
#include "failure/failure.h"

#define LINE_BYTES 57 /* become a line of 76 letters */
#define LINE_LETTERS 76
#define PIECE_LINES 1024
#define PIECE_BYTES ((size_t)LINE_BYTES * PIECE_LINES)
#define TEXT_LIMIT ((uint64_t)1 << 20) /* bytes of a text whose charset is looked for */
#define ANY_TYPE "application/octet-stream"
#define TYPE_LIMIT 127 /* RFC 6838 section 4.2: of each half */

/* What offices attach. */
static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{".7z", "application/x-7z-compressed"},
	{".bmp", "image/bmp"},
	{".css", "text/css"},
	{".csv", "text/csv"},
	{".doc", "application/msword"},
	{".docm", "application/vnd.ms-word.document.macroEnabled.12"},
	{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{".dwg", "image/vnd.dwg"},
	{".gif", "image/gif"},
	{".gz", "application/gzip"},
	{".heic", "image/heic"},
	{".htm", "text/html"},
	{".html", "text/html"},
	{".ics", "text/calendar"},
	{".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},
	{".json", "application/json"},
	{".m4a", "audio/mp4"},
	{".mov", "video/quicktime"},
	{".mp3", "audio/mpeg"},
	{".mp4", "video/mp4"},
	{".msg", "application/vnd.ms-outlook"},
	{".odg", "application/vnd.oasis.opendocument.graphics"},
	{".odp", "application/vnd.oasis.opendocument.presentation"},
	{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{".odt", "application/vnd.oasis.opendocument.text"},
	{".p7m", "application/pkcs7-mime"},
	{".p7s", "application/pkcs7-signature"},
	{".pdf", "application/pdf"},
	{".png", "image/png"},
	{".ppt", "application/vnd.ms-powerpoint"},
	{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{".rtf", "application/rtf"},
	{".svg", "image/svg+xml"},
	{".tar", "application/x-tar"},
	{".tif", "image/tiff"},
	{".tiff", "image/tiff"},
	{".txt", "text/plain"},
	{".vcf", "text/vcard"},
	{".wav", "audio/x-wav"},
	{".webp", "image/webp"},
	{".xls", "application/vnd.ms-excel"},
	{".xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"},
	{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{".xml", "application/xml"},
	{".zip", "application/zip"},
};

/* ---- name and type ---- */

char *mime_file_name(const MimeFile *file)
{
	const char *slash = strrchr(file->name, '/');
	const char *name = slash ? slash + 1 : file->name;
	const char *backslash = strrchr(name, '\\');

	return g_strstrip(g_strdup(backslash ? backslash + 1 : name));
}

static const char *type_by_ending(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < G_N_ELEMENTS(types); i++) {
		if (g_ascii_strcasecmp(ending, types[i].ending) == 0)
			return types[i].type;
	}
	return ANY_TYPE;
}

/* How many letters of a token (RFC 2045 section 5.1) TEXT begins with. */
static size_t token_size(const char *text)
{
	size_t size = 0;

	while (g_ascii_isalnum(text[size]) || (text[size] && strchr("!#$&+-.^_", text[size])))
		size++;
	return size <= TYPE_LIMIT ? size : 0;
}

char *mime_file_type(const MimeFile *file, const char *name)
{
	g_autofree char *type = NULL;
	size_t major, minor;

	if (!file->type)
		return g_strdup(type_by_ending(name));
	type = g_ascii_strdown(file->type, -1);
	/* A browser may say more: "text/plain; charset=utf-8". */
	type[strcspn(type, ";")] = '\0';
	g_strchomp(type);
	major = token_size(type);
	minor = type[major] == '/' ? token_size(type + major + 1) : 0;
	if (major == 0 || minor == 0 || type[major + 1 + minor])
		return NULL;
	/* These may not be in base64 (RFC 2045 section 6.4). */
	if (g_str_has_prefix(type, "message/") || g_str_has_prefix(type, "multipart/"))
		return g_strdup(ANY_TYPE);
	return g_steal_pointer(&type);
}

char *mime_foreign_type(const char *type)
{
	const MimeFile file = {.type = type};
	char *known = mime_file_type(&file, "");

	return known ? known : g_strdup(ANY_TYPE);
}

/* ---- content ---- */

/* A piece on its way: bytes, letters as GMime makes them (lines ended by LF), lines as they leave.
 */
typedef struct Pieces {
	char bytes[PIECE_BYTES];
	char letters[PIECE_LINES * (LINE_LETTERS + 1) + 8];
	char lines[PIECE_LINES * (LINE_LETTERS + 2) + 8];
} Pieces;

/* SIZE bytes, whole lines unless they are the last. */
static bool write_piece(
	Pieces *pieces, const char *bytes, size_t size, MimeSink *sink, void *data, GError **error)
{
	GMimeEncoding encoding;
	size_t letters, used = 0;

	g_mime_encoding_init_encode(&encoding, GMIME_CONTENT_ENCODING_BASE64);
	letters = g_mime_encoding_flush(&encoding, bytes, size, pieces->letters);
	for (size_t at = 0; at < letters;) {
		const char *end = memchr(pieces->letters + at, '\n', letters - at);
		size_t line = end ? (size_t)(end - pieces->letters) - at : letters - at;

		/* It ends a whole line twice. */
		if (line > 0) {
			memcpy(pieces->lines + used, pieces->letters + at, line);
			memcpy(pieces->lines + used + line, "\r\n", 2);
			used += line + 2;
		}
		at += line + 1;
	}
	return sink(pieces->lines, used, data, error);
}

static bool refuse_changed(const char *name, GError **error)
{
	failure_set(
		error, FAILURE_FILE_CHANGED, name, "attachment: size changed while it was read");
	return false;
}

/* Fills BYTES with SIZE bytes from OFFSET. */
static bool read_bytes(const MimeFile *file, const char *name, char *bytes, uint64_t offset,
	size_t size, GError **error)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count =
			pread(file->descriptor, bytes + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			failure_set_errno(error, FAILURE_INPUT_UNREADABLE, name, errno);
			return false;
		}
		if (count == 0)
			return refuse_changed(name, error);
		done += (size_t)count;
	}
	return true;
}

/* Nothing may be behind the last byte: who said SIZE saw another file. */
static bool check_end(const MimeFile *file, const char *name, GError **error)
{
	char byte;
	ssize_t count;

	do
		count = pread(file->descriptor, &byte, 1, (off_t)file->size);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		failure_set_errno(error, FAILURE_INPUT_UNREADABLE, name, errno);
	else if (count > 0)
		refuse_changed(name, error);
	return count == 0;
}

bool mime_file_is_utf8(const MimeFile *file, const char *name)
{
	size_t size = (size_t)MIN(file->size, TEXT_LIMIT);
	g_autofree char *bytes = file->data ? NULL : g_malloc(size + 1);

	if (file->size > TEXT_LIMIT || (bytes && !read_bytes(file, name, bytes, 0, size, NULL)))
		return false;
	return g_utf8_validate_len(bytes ? bytes : file->data, size, NULL);
}

bool mime_file_write(
	const MimeFile *file, const char *name, MimeSink *sink, void *data, GError **error)
{
	g_autofree Pieces *pieces = g_new(Pieces, 1);

	for (uint64_t offset = 0; offset < file->size;) {
		size_t size = (size_t)MIN(file->size - offset, (uint64_t)PIECE_BYTES);
		const char *bytes = pieces->bytes;

		if (file->data)
			bytes = (const char *)file->data + offset;
		else if (!read_bytes(file, name, pieces->bytes, offset, size, error))
			return false;
		if (!write_piece(pieces, bytes, size, sink, data, error))
			return false;
		offset += size;
	}
	return file->data || check_end(file, name, error);
}
