/* The structure of a mail in one pass: headers, boundaries, where each body begins and ends. Memory
 * is that of the entities found, whatever lies between them; nothing recurses. What is broken is
 * read as mail programs show it: a header that is none belongs to the body, a multipart without a
 * boundary is text. */
#include "mime/mime_internal.h"

#include <string.h>

/* A multipart whose boundary may come. */
typedef struct Frame {
	int entity;
	char *boundary;
	size_t length;
} Frame;

typedef struct Scanner {
	MimeStructure *structure;
	MimeSource *source;
	uint64_t position;
	unsigned part_limit;
	Frame frames[MIME_DEPTH_LIMIT];
	int depth;
} Scanner;

static void entity_free(MimeEntity *entity)
{
	g_free(entity->type);
	g_free(entity->charset);
	g_free(entity->name);
	g_free(entity->content_id);
	g_free(entity);
}

void mime_structure_clear(MimeStructure *structure)
{
	mime_header_clear(&structure->header);
	if (structure->entities)
		g_ptr_array_unref(structure->entities);
	structure->entities = NULL;
}

bool mime_entity_is_multipart(const MimeEntity *entity)
{
	return g_str_has_prefix(entity->type, "multipart/");
}

bool mime_entity_is_message(const MimeEntity *entity)
{
	return strcmp(entity->type, "message/rfc822") == 0 ||
	       strcmp(entity->type, "message/global") == 0 ||
	       strcmp(entity->type, "message/news") == 0;
}

bool mime_entity_is_html(const MimeEntity *entity)
{
	return strcmp(entity->type, "text/html") == 0;
}

bool mime_entity_is_body(const MimeEntity *entity)
{
	return !entity->is_attachment && !entity->name &&
	       (strcmp(entity->type, "text/plain") == 0 || strcmp(entity->type, "text/html") == 0);
}

bool mime_entity_is_attachment(const MimeEntity *entity)
{
	return !mime_entity_is_multipart(entity) && !mime_entity_is_body(entity);
}

/* ---- boundaries ---- */

static bool is_blank(const char *text, size_t size)
{
	while (size > 0 && g_ascii_isspace(*text)) {
		text++;
		size--;
	}
	return size == 0;
}

/* Which open multipart LINE is a boundary of, the innermost first; -1: none. *CLOSES: its last. */
static int match_boundary(const Scanner *scanner, const char *line, size_t size, bool *closes)
{
	if (size < 3 || line[0] != '-' || line[1] != '-')
		return -1;
	for (int i = scanner->depth - 1; i >= 0; i--) {
		const Frame *frame = &scanner->frames[i];
		const char *rest = line + 2 + frame->length;
		size_t left = size - 2 - frame->length;

		if (size < 2 + frame->length ||
			memcmp(line + 2, frame->boundary, frame->length) != 0)
			continue;
		*closes = left >= 2 && rest[0] == '-' && rest[1] == '-';
		if (*closes ? is_blank(rest + 2, left - 2) : is_blank(rest, left))
			return i;
	}
	return -1;
}

static void push_frame(Scanner *scanner, int entity, char *boundary)
{
	scanner->frames[scanner->depth++] =
		(Frame){.entity = entity, .boundary = boundary, .length = strlen(boundary)};
}

static void pop_frames(Scanner *scanner, int depth)
{
	while (scanner->depth > depth)
		g_free(scanner->frames[--scanner->depth].boundary);
}

/* ---- one header ---- */

/* The first line of a mail out of an mbox file. */
static bool is_envelope(const char *line, size_t size)
{
	return (size >= 5 && memcmp(line, "From ", 5) == 0) ||
	       (size >= 6 && memcmp(line, ">From ", 6) == 0);
}

/* Reads the header at the position; leaves the position at the body or at a boundary. */
static void read_header(Scanner *scanner, MimeHeader *header)
{
	const char *line;
	bool ends, closes, at_start = true, has_field = false;
	size_t size;

	for (; (size = mime_source_line(
			scanner->source, scanner->position, UINT64_MAX, &line, &ends)) > 0;
		scanner->position += size, at_start = ends) {
		if (!at_start) {
			mime_header_add_piece(header, line, size);
			continue;
		}
		if (match_boundary(scanner, line, size, &closes) >= 0)
			return;
		if (line[0] == '\n' || (size == 2 && line[0] == '\r' && line[1] == '\n')) {
			scanner->position += size;
			return;
		}
		/* Bytes without any header are a body; a broken line between fields is not. */
		if (!has_field && !mime_header_is_field(line, size) && !is_envelope(line, size))
			return;
		has_field = true;
		mime_header_add_line(header, line, size);
	}
}

/* Yours: "type/subtype" in lower case, of printable ASCII. What is no type is text (RFC 2045, 5.2);
 * GMime calls that application/octet-stream. */
static char *type_name(GMimeContentType *content_type, const char *value)
{
	const char *type = g_mime_content_type_get_media_type(content_type);
	const char *subtype = g_mime_content_type_get_media_subtype(content_type);
	g_autofree char *name = NULL;

	if (!type || !*type || !subtype || !*subtype ||
		g_ascii_strncasecmp(value, type, strlen(type)) != 0)
		return g_strdup("text/plain");
	name = g_strdup_printf("%s/%s", type, subtype);
	for (char *at = name; *at; at++) {
		if (*at <= ' ' || *at >= 127)
			*at = '_';
		*at = g_ascii_tolower(*at);
	}
	return strlen(name) <= MIME_TYPE_LIMIT ? g_steal_pointer(&name)
					       : g_strdup("application/octet-stream");
}

/* A name that is safe as a file's: no path, no controls; NULL if nothing is left. */
static char *safe_name(const char *raw)
{
	g_autofree char *valid = raw ? mime_text_to_utf8(raw, strlen(raw), NULL) : g_strdup("");
	g_autofree char *line = mime_clean_line(valid, (size_t)2 * MIME_FIELD_BYTES_LIMIT);
	const char *base = line;
	const char *dot;

	for (const char *at = line; *at; at++) {
		if (*at == '/' || *at == '\\')
			base = at + 1;
	}
	while (*base == '.' || *base == ' ')
		base++;
	if (strlen(base) <= MIME_NAME_LIMIT)
		return *base ? g_strdup(base) : NULL;
	/* Too long: the extension stays, since it says what the file is. */
	dot = strrchr(base, '.');
	if (dot && strlen(dot) < 16) {
		g_autofree char *stem = mime_clean_line(base, MIME_NAME_LIMIT - strlen(dot));

		return g_strconcat(stem, dot, NULL);
	}
	return mime_clean_line(base, MIME_NAME_LIMIT);
}

static void read_disposition(MimeEntity *entity, const MimeHeader *header)
{
	g_autofree char *value = mime_header_value(header, MIME_CONTENT_DISPOSITION);
	GMimeContentDisposition *disposition;

	if (!value)
		return;
	disposition = g_mime_content_disposition_parse(mime_options(), value);
	if (!disposition)
		return;
	entity->is_attachment = g_mime_content_disposition_is_attachment(disposition);
	entity->name = safe_name(g_mime_content_disposition_get_parameter(disposition, "filename"));
	g_object_unref(disposition);
}

static GMimeContentEncoding read_encoding(const MimeHeader *header)
{
	g_autofree char *value = mime_header_value(header, MIME_CONTENT_TRANSFER_ENCODING);

	return value ? g_mime_content_encoding_from_string(value) : GMIME_CONTENT_ENCODING_DEFAULT;
}

/* Fills ENTITY from HEADER; answers the boundary if it is a multipart, yours. */
static char *describe_entity(MimeEntity *entity, const MimeHeader *header, bool in_digest)
{
	g_autofree char *value = mime_header_value(header, MIME_CONTENT_TYPE);
	GMimeContentType *type =
		value && *value ? g_mime_content_type_parse(mime_options(), value) : NULL;
	char *boundary = NULL;

	read_disposition(entity, header);
	entity->encoding = read_encoding(header);
	entity->content_id = mime_header_id(header, MIME_CONTENT_ID);
	if (!type) {
		entity->type = g_strdup(in_digest ? "message/rfc822" : "text/plain");
		return NULL;
	}
	entity->type = type_name(type, value);
	entity->charset = g_strdup(g_mime_content_type_get_parameter(type, "charset"));
	if (!entity->name)
		entity->name = safe_name(g_mime_content_type_get_parameter(type, "name"));
	if (mime_entity_is_multipart(entity))
		boundary = g_strdup(g_mime_content_type_get_parameter(type, "boundary"));
	g_object_unref(type);
	return boundary;
}

/* ---- the pass ---- */

static MimeEntity *add_entity(Scanner *scanner, int parent)
{
	MimeEntity *entity = g_new0(MimeEntity, 1);

	entity->parent = parent;
	g_ptr_array_add(scanner->structure->entities, entity);
	return entity;
}

static const MimeEntity *entity_at(const Scanner *scanner, int index)
{
	return g_ptr_array_index(scanner->structure->entities, index);
}

/* Makes a leaf of a multipart that cannot be cut: without a usable boundary it is text, too deep
 * inside others an attachment. */
static void keep_whole(Scanner *scanner, MimeEntity *entity, const char *boundary)
{
	g_free(entity->type);
	if (boundary) {
		entity->type = g_strdup("application/octet-stream");
		scanner->structure->truncated = true;
	} else {
		entity->type = g_strdup("text/plain");
	}
}

/* Reads the header at the position and opens what it announces. */
static void open_entity(Scanner *scanner, int parent)
{
	bool in_digest =
		parent >= 0 && strcmp(entity_at(scanner, parent)->type, "multipart/digest") == 0;
	int index = (int)scanner->structure->entities->len;
	MimeEntity *entity = add_entity(scanner, parent);
	g_auto(MimeHeader) own = {0};
	MimeHeader *header = parent < 0 ? &scanner->structure->header : &own;
	g_autofree char *boundary = NULL;

	read_header(scanner, header);
	boundary = describe_entity(entity, header, in_digest);
	scanner->structure->truncated |= header->truncated;
	entity->start = entity->end = scanner->position;
	if (!mime_entity_is_multipart(entity))
		return;
	if (boundary && *boundary && strlen(boundary) <= MIME_BOUNDARY_LIMIT &&
		scanner->depth < MIME_DEPTH_LIMIT)
		push_frame(scanner, index, g_steal_pointer(&boundary));
	else
		keep_whole(scanner, entity, boundary && *boundary ? boundary : NULL);
}

/* Moves to the next boundary line or the end. Answers the frame or -1; *END is where the body
 * before it ends: the line break before a boundary belongs to the boundary. */
static int next_boundary(Scanner *scanner, uint64_t *end, bool *closes)
{
	uint64_t start = scanner->position;
	size_t size, line_break = 0;
	bool at_start = true, ends;
	const char *line;
	int frame;

	while ((size = mime_source_line(
			scanner->source, scanner->position, UINT64_MAX, &line, &ends)) > 0) {
		frame = at_start ? match_boundary(scanner, line, size, closes) : -1;
		if (frame >= 0) {
			*end = MAX(start, scanner->position - line_break);
			return frame;
		}
		line_break = !ends ? 0 : size > 1 && line[size - 2] == '\r' ? 2 : 1;
		scanner->position += size;
		at_start = ends;
	}
	*end = scanner->position;
	return -1;
}

/* Moves behind the line at the position. */
static void skip_line(Scanner *scanner)
{
	const char *line;
	bool ends = false;
	size_t size;

	while (!ends && (size = mime_source_line(
				 scanner->source, scanner->position, UINT64_MAX, &line, &ends)) > 0)
		scanner->position += size;
}

/* The whole pass: an entity is open until the next boundary of any multipart around it. */
static void scan_all(Scanner *scanner)
{
	int parent = -1;

	for (;;) {
		GPtrArray *entities = scanner->structure->entities;
		bool opened = true, closes = false;
		uint64_t end;
		int frame;

		if (parent >= 0 || entities->len == 0)
			open_entity(scanner, parent);
		else
			opened = false;
		frame = next_boundary(scanner, &end, &closes);
		if (opened)
			((MimeEntity *)g_ptr_array_index(entities, entities->len - 1))->end = end;
		if (frame < 0)
			return;
		skip_line(scanner);
		pop_frames(scanner, closes ? frame : frame + 1);
		if (entities->len >= scanner->part_limit) {
			scanner->structure->truncated = true;
			return;
		}
		parent = closes ? -1 : scanner->frames[frame].entity;
	}
}

void mime_scan_header(MimeStructure *structure, MimeSource *source)
{
	Scanner scanner = {.structure = structure, .source = source};

	*structure = (MimeStructure){
		.entities = g_ptr_array_new_with_free_func((GDestroyNotify)entity_free)};
	read_header(&scanner, &structure->header);
}

void mime_scan(MimeStructure *structure, MimeSource *source, unsigned part_limit)
{
	Scanner scanner = {
		.structure = structure, .source = source, .part_limit = MAX(part_limit, 1)};

	*structure = (MimeStructure){
		.entities = g_ptr_array_new_with_free_func((GDestroyNotify)entity_free)};
	scan_all(&scanner);
	pop_frames(&scanner, 0);
	structure->truncated |= source->failed;
}
