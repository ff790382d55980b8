/* The reader: from the cut structure to MailContent. What a limit cuts is noted, nothing fails. */
#include "mime/mime_internal.h"

#include <pthread.h>
#include <string.h>

/* What the whole mail may still cost, attached messages included. */
typedef struct Budget {
	unsigned parts;
	int64_t html; /* CPU microseconds */
} Budget;

typedef struct Reader {
	MimeSource *source;
	MimeStructure structure;
	MailContent *content;
	Budget *budget;
	int depth;     /* of attached messages around this one */
	bool own_only; /* what attached messages say is left out of the text */
} Reader;

static GMimeParserOptions *options;

static void start_library(void)
{
	static const char *fallback[] = {"utf-8", "windows-1252", NULL};

	g_mime_init();
	options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, fallback);
	g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
	g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
}

void mime_start_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_library);
}

GMimeParserOptions *mime_options(void)
{
	return options;
}

/* ---- text ---- */

static const MimeEntity *entity_at(const Reader *reader, unsigned index)
{
	return g_ptr_array_index(reader->structure.entities, index);
}

/* The charset that an HTML document names itself, yours; NULL if it names none near its beginning.
 */
static char *html_charset(const GString *html)
{
	g_autofree char *head = g_ascii_strdown(html->str, (gssize)MIN(html->len, (gsize)2048));
	const char *name = strstr(head, "charset=");
	size_t length;

	if (!name)
		return NULL;
	name += strlen("charset=");
	name += strspn(name, "\"' ");
	length = strcspn(name, "\"' />;");
	return length > 0 && length < 32 ? g_strndup(name, length) : NULL;
}

char *mime_read_body(MimeSource *source, const MimeEntity *entity, size_t limit, bool *truncated)
{
	g_autoptr(GString) bytes = mime_decode_bytes(source, entity, limit, truncated);
	g_autofree char *own_charset =
		mime_entity_is_html(entity) && !entity->charset ? html_charset(bytes) : NULL;

	return mime_text_to_utf8(
		bytes->str, bytes->len, entity->charset ? entity->charset : own_charset);
}

/* Appends what the body ENTITY says. */
static void append_body(Reader *reader, const MimeEntity *entity, GString *text)
{
	bool *truncated = &reader->content->truncated;
	g_autofree char *valid =
		mime_read_body(reader->source, entity, MIME_BODY_BYTES_LIMIT, truncated);
	g_autofree char *tidy = NULL;

	if (text->len > 0 && *valid)
		mime_text_append(text, "\n", MIME_TEXT_LIMIT);
	if (mime_entity_is_html(entity)) {
		*truncated |=
			!mime_html_append(text, valid, MIME_TEXT_LIMIT, &reader->budget->html);
		return;
	}
	tidy = mime_text_tidy(valid);
	*truncated |= !mime_text_append(text, tidy, MIME_TEXT_LIMIT);
}

static void append_text(Reader *reader, unsigned index, GString *text);

static bool is_blank(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		if (!g_unichar_isspace(g_utf8_get_char(text)))
			return false;
	}
	return true;
}

/* Whether CHILD is a child of PARENT that may speak for an alternative in this round: plain text in
 * the first, anything else in the second. */
static bool is_candidate(const Reader *reader, unsigned parent, unsigned child, bool plain)
{
	const MimeEntity *entity = entity_at(reader, child);

	return entity->parent == (int)parent &&
	       plain == (mime_entity_is_body(entity) && !mime_entity_is_html(entity));
}

/* Of alternatives the first that says anything, plain text before all others. */
static void append_alternative(Reader *reader, unsigned index, GString *text)
{
	unsigned count = reader->structure.entities->len;

	for (int round = 0; round < 2; round++) {
		for (unsigned child = index + 1; child < count; child++) {
			g_autoptr(GString) one = NULL;

			if (!is_candidate(reader, index, child, round == 0))
				continue;
			one = g_string_new(NULL);
			append_text(reader, child, one);
			if (is_blank(one->str))
				continue;
			if (text->len > 0)
				mime_text_append(text, "\n", MIME_TEXT_LIMIT);
			reader->content->truncated |=
				!mime_text_append(text, one->str, MIME_TEXT_LIMIT);
			return;
		}
	}
}

/* Appends the text of the entity INDEX and what it contains; as deep as MIME_DEPTH_LIMIT. */
static void append_text(Reader *reader, unsigned index, GString *text)
{
	const MimeEntity *entity = entity_at(reader, index);

	if (mime_entity_is_body(entity)) {
		append_body(reader, entity, text);
	} else if (strcmp(entity->type, "multipart/alternative") == 0) {
		append_alternative(reader, index, text);
	} else if (mime_entity_is_multipart(entity)) {
		for (unsigned child = index + 1; child < reader->structure.entities->len; child++) {
			if (entity_at(reader, child)->parent == (int)index)
				append_text(reader, child, text);
		}
	}
}

/* ---- attachments ---- */

static const char *extension_of(const char *type)
{
	static const char *const extensions[][2] = {{"application/pdf", "pdf"},
		{"application/zip", "zip"}, {"application/ms-tnef", "dat"},
		{"application/pkcs7-signature", "p7s"}, {"application/x-pkcs7-signature", "p7s"},
		{"application/pkcs7-mime", "p7m"}, {"application/x-pkcs7-mime", "p7m"},
		{"application/pgp-signature", "asc"}, {"application/msword", "doc"},
		{"application/vnd.ms-excel", "xls"},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
		{"application/xml", "xml"}, {"image/jpeg", "jpg"}, {"image/png", "png"},
		{"image/gif", "gif"}, {"image/tiff", "tif"}, {"message/delivery-status", "txt"},
		{"text/calendar", "ics"}, {"text/csv", "csv"}, {"text/html", "html"},
		{"text/plain", "txt"}, {"text/rfc822-headers", "txt"}, {"text/vcard", "vcf"},
		{"text/x-vcard", "vcf"}, {"text/xml", "xml"}};

	for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
		if (strcmp(type, extensions[i][0]) == 0)
			return extensions[i][1];
	}
	return "bin";
}

/* Yours: what an attached message is called: its subject as a file name. */
static char *message_name(const MailContent *message, unsigned number)
{
	g_autofree char *stem = mime_clean_line(message->subject, MIME_NAME_LIMIT - 4);

	g_strdelimit(stem, "/\\:*?\"<>|", '_');
	if (!*stem || *stem == '.')
		return g_strdup_printf("Nachricht-%u.eml", number);
	return g_strconcat(stem, ".eml", NULL);
}

/* Appends what an attached message says, for search. */
static void append_message(Reader *reader, const MailContent *message, GString *text)
{
	const char *const pieces[] = {message->subject, message->from, message->text};
	bool complete = true;

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		if (*pieces[i] && text->len > 0)
			complete &= mime_text_append(text, "\n", MIME_TEXT_LIMIT);
		complete &= mime_text_append(text, pieces[i], MIME_TEXT_LIMIT);
	}
	reader->content->truncated |= !complete || message->truncated;
}

static MailContent *read_message(MimeSource *source, Budget *budget, int depth);

/* Yours: the attached message ENTITY, read; NULL: too deep, or too many parts. Where it is not
 * encoded, and it must not be (RFC 2046, 5.2.1), it is read in place. */
static MailContent *read_attached(Reader *reader, const MimeEntity *entity)
{
	bool *truncated = &reader->content->truncated;
	g_autoptr(GString) bytes = NULL;
	g_auto(MimeSource) source = {0};

	if (reader->depth >= MIME_MESSAGE_DEPTH_LIMIT || reader->budget->parts == 0) {
		*truncated = true;
		return NULL;
	}
	if (mime_entity_is_encoded(entity)) {
		bytes = mime_decode_bytes(
			reader->source, entity, MIME_MESSAGE_BYTES_LIMIT, truncated);
		mime_source_init_memory(&source, bytes->str, bytes->len);
	} else {
		mime_source_init_within(&source, reader->source, entity->start, entity->end);
	}
	return read_message(&source, reader->budget, reader->depth + 1);
}

static void add_attachment(Reader *reader, const MimeEntity *entity, GString *text)
{
	MailPart *part = g_new0(MailPart, 1);
	unsigned number = reader->content->attachments->len + 1;

	part->type = g_strdup(entity->type);
	part->name = g_strdup(entity->name);
	part->size = mime_decoded_size(reader->source, entity);
	if (mime_entity_is_message(entity)) {
		g_autoptr(MailContent) message = read_attached(reader, entity);

		if (message && !reader->own_only)
			append_message(reader, message, text);
		if (message && !part->name)
			part->name = message_name(message, number);
	}
	if (!part->name)
		part->name = g_strdup_printf("Anlage-%u.%s", number, extension_of(entity->type));
	g_ptr_array_add(reader->content->attachments, part);
}

/* ---- the whole ---- */

static void read_people(Reader *reader)
{
	const MimeHeader *header = &reader->structure.header;
	g_autoptr(GPtrArray) from = g_ptr_array_new_with_free_func(g_free);
	MailContent *content = reader->content;
	bool complete = mime_senders_read(header, from);

	g_ptr_array_add(from, NULL);
	g_free(content->from);
	content->from = g_strjoinv(", ", (char **)from->pdata);
	complete &= mime_people_read(header, MIME_TO, content->to);
	complete &= mime_people_read(header, MIME_CC, content->cc);
	content->truncated |= !complete;
}

static void read_header(Reader *reader)
{
	const MimeHeader *header = &reader->structure.header;
	MailContent *content = reader->content;

	g_free(content->subject);
	content->subject = mime_header_text(header, MIME_SUBJECT, MIME_SUBJECT_LIMIT);
	content->has_date = mime_header_date(header, &content->date);
	content->message_id = mime_header_id(header, MIME_MESSAGE_ID);
	content->in_reply_to = mime_header_id(header, MIME_IN_REPLY_TO);
	read_people(reader);
}

/* Reads everything but the structure, which stands. */
static MailContent *read_content(Reader *reader)
{
	GString *text = g_string_new(NULL);

	reader->content = mail_content_new();
	reader->content->truncated = reader->structure.truncated;
	read_header(reader);
	append_text(reader, 0, text);
	for (unsigned i = 0; i < reader->structure.entities->len; i++) {
		const MimeEntity *entity = entity_at(reader, i);

		if (mime_entity_is_attachment(entity))
			add_attachment(reader, entity, text);
	}
	g_free(reader->content->text);
	reader->content->text = g_strchomp(g_string_free(text, FALSE));
	reader->content->truncated |= reader->source->failed;
	return reader->content;
}

static void cut(Reader *reader)
{
	mime_scan(&reader->structure, reader->source, reader->budget->parts);
	reader->budget->parts -= MIN(reader->budget->parts, reader->structure.entities->len);
}

static MailContent *read_message(MimeSource *source, Budget *budget, int depth)
{
	Reader reader = {.source = source, .budget = budget, .depth = depth};
	MailContent *content;

	cut(&reader);
	content = read_content(&reader);
	mime_structure_clear(&reader.structure);
	return content;
}

MailContent *mime_read_source(MimeSource *source)
{
	Budget budget = {.parts = MIME_PART_LIMIT, .html = MIME_HTML_TIME_LIMIT};

	mime_start_library();
	return read_message(source, &budget, 0);
}

MailContent *mime_read_own(MimeSource *source, MimeStructure *structure)
{
	Budget budget = {.parts = MIME_PART_LIMIT, .html = MIME_VIEW_TIME_LIMIT};
	Reader reader = {.source = source, .budget = &budget, .own_only = true};
	MailContent *content;

	mime_start_library();
	cut(&reader);
	content = read_content(&reader);
	*structure = reader.structure;
	return content;
}

MailContent *mime_read_header(MimeSource *source)
{
	Reader reader = {.source = source, .content = mail_content_new()};

	mime_start_library();
	mime_scan_header(&reader.structure, source);
	read_header(&reader);
	reader.content->truncated = true;
	mime_structure_clear(&reader.structure);
	return reader.content;
}

MailContent *mime_read(int descriptor, MimeRange range)
{
	g_auto(MimeSource) source = {0};

	mime_source_init_file(&source, descriptor, range);
	return mime_read_source(&source);
}

MailContent *mime_read_bytes(const void *data, size_t size)
{
	g_auto(MimeSource) source = {0};

	mime_source_init_memory(&source, data, size);
	return mime_read_source(&source);
}

bool mime_extract(MimeSource *source, unsigned number, MimeTaker sink, void *user_data)
{
	g_auto(MimeStructure) structure = {0};

	mime_start_library();
	mime_scan(&structure, source, MIME_PART_LIMIT);
	for (unsigned i = 0; i < structure.entities->len && number > 0; i++) {
		const MimeEntity *entity = g_ptr_array_index(structure.entities, i);

		if (mime_entity_is_attachment(entity) && --number == 0) {
			mime_decode(source, entity, sink, user_data);
			return true;
		}
	}
	return false;
}
