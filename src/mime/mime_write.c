/* A message: what may not stand in one is refused first, then header, text and files are written
 * one after the other. Header fields are put together in mime_write_header.c, text and files
 * encoded in mime_write_text.c and mime_write_file.c. */
#include "mime/mime_write.h"

#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"
#include "mime/mime_write_internal.h"

#define BUFFER_BYTES ((size_t)64 << 10)
#define BOUNDARY_DIGITS 32

/* ---- what may not stand in a message ---- */

bool mime_is_line(const char *text, size_t limit)
{
	if (strlen(text) > limit || text_has_control(text))
		return false;
	/* Line and paragraph separator: readers break lines there. */
	return !strstr(text, "\xe2\x80\xa8") && !strstr(text, "\xe2\x80\xa9");
}

void mime_refuse_field(GError **error, const char *label, const char *why)
{
	g_autofree char *shown = text_for_terminal(label);

	failure_set(error, FAILURE_FIELD_INVALID, shown, "%s: %s", shown, why);
}

static bool check_line(const char *text, size_t limit, const char *label, GError **error)
{
	if (mime_is_line(text, limit))
		return true;
	mime_refuse_field(error, label, "control characters, no UTF-8, or too long");
	return false;
}

/* Line ends of every kind (Unicode's too) are text, other controls are not. By bytes, since texts
 * are long: U+0080 to U+009F are C2 80 to C2 9F. */
static bool check_text(const char *text, GError **error)
{
	bool sound = g_utf8_validate(text, -1, NULL);

	for (const unsigned char *at = (const unsigned char *)text; *at && sound; at++) {
		if (*at < ' ')
			sound = *at >= '\t' && *at <= '\r';
		else if (*at == 0xC2)
			sound = at[1] >= 0xA0 || at[1] == 0x85;
		else
			sound = *at != 0x7F;
	}
	if (!sound)
		mime_refuse_field(error, _("Text"), "control characters or no UTF-8");
	return sound;
}

static bool check_person(const MimeAddress *person, GError **error)
{
	g_autofree char *wire = mime_address_wire(person->address, error);
	g_autofree char *label = NULL;

	if (!wire)
		return false;
	label = g_strdup_printf(_("Name zu %s"), person->address);
	return !person->name || check_line(person->name, MIME_WRITE_NAME_LIMIT, label, error);
}

static bool check_people(const GPtrArray *people, GError **error)
{
	for (guint i = 0; people && i < people->len; i++) {
		if (!check_person(g_ptr_array_index(people, i), error))
			return false;
	}
	return true;
}

/* An id that can be written: letters of ASCII without blanks and brackets. */
static bool is_id(const char *id)
{
	size_t length = strlen(id);

	for (size_t i = 0; i < length; i++) {
		if (id[i] <= ' ' || id[i] > '~' || id[i] == '<' || id[i] == '>')
			return false;
	}
	return length > 0 && length <= MIME_WRITE_ID_LIMIT;
}

static bool check_file(const MimeFile *file, GError **error)
{
	g_autofree char *name = NULL, *type = NULL;

	if (!check_line(file->name, SIZE_MAX, _("Dateiname"), error))
		return false;
	name = mime_file_name(file);
	if (!*name || strlen(name) > MIME_WRITE_NAME_LIMIT) {
		mime_refuse_field(error, _("Dateiname"), "empty or too long");
		return false;
	}
	type = mime_file_type(file, name);
	if (!type)
		mime_refuse_field(error, _("Dateityp"), "no media type");
	return type != NULL;
}

static bool check_message(const MimeMessage *message, GError **error)
{
	g_autofree char *date = clock_format_mail(message->date);

	if (!check_person(message->from, error) || !check_people(message->to, error) ||
		!check_people(message->cc, error) ||
		!check_line(message->subject, MIME_WRITE_SUBJECT_LIMIT, _("Betreff"), error) ||
		!check_text(message->text, error))
		return false;
	if (!is_id(message->message_id)) {
		mime_refuse_field(error, "Message-ID", "no message id");
		return false;
	}
	if (!*date) {
		mime_refuse_field(error, _("Datum"), "before the year 1 or after 9999");
		return false;
	}
	for (size_t i = 0; i < message->file_count; i++) {
		if (!check_file(&message->files[i], error))
			return false;
	}
	return true;
}

/* ---- into the sink ---- */

/* Collects small pieces. */
typedef struct Writer {
	MimeSink *sink;
	void *data;
	GString *buffer;
	uint64_t size;
} Writer;

static bool flush(Writer *writer, GError **error)
{
	if (writer->buffer->len > 0 &&
		!writer->sink(writer->buffer->str, writer->buffer->len, writer->data, error))
		return false;
	writer->size += writer->buffer->len;
	g_string_truncate(writer->buffer, 0);
	return true;
}

/* A MimeSink. */
static bool put(const void *bytes, size_t size, void *data, GError **error)
{
	Writer *writer = data;

	if (writer->buffer->len + size > BUFFER_BYTES && !flush(writer, error))
		return false;
	g_string_append_len(writer->buffer, bytes, (gssize)size);
	return true;
}

static bool put_text(Writer *writer, const char *text, GError **error)
{
	return put(text, strlen(text), writer, error);
}

/* ---- the header ---- */

static void add_people(MimeFold *fold, const char *field, const GPtrArray *people)
{
	guint count = people ? people->len : 0;

	if (count == 0)
		return;
	mime_fold_begin(fold, field);
	for (guint i = 0; i < count; i++) {
		const MimeAddress *person = g_ptr_array_index(people, i);
		g_autofree char *wire = mime_address_wire(person->address, NULL);
		g_autofree char *name = g_strstrip(g_strdup(person->name ? person->name : ""));
		const char *comma = i + 1 < count ? "," : "";
		g_autofree char *word = *name ? g_strdup_printf("<%s>%s", wire, comma)
					      : g_strdup_printf("%s%s", wire, comma);

		if (*name)
			mime_fold_phrase(fold, name);
		mime_fold_word(fold, word);
	}
	mime_fold_end(fold);
}

static void add_id(MimeFold *fold, const char *id)
{
	g_autofree char *word = g_strdup_printf("<%s>", id);

	mime_fold_word(fold, word);
}

static void add_field(MimeFold *fold, const char *field, const char *value)
{
	mime_fold_begin(fold, field);
	mime_fold_word(fold, value);
	mime_fold_end(fold);
}

/* References end with the mail that is answered (RFC 5322 section 3.6.4). Ids of the mails that are
 * answered are foreign: one that cannot be written is left out, since the answer must not fail for
 * it. */
static void add_references(MimeFold *fold, const MimeMessage *message)
{
	const char *parent = message->in_reply_to;
	const char *last = NULL;

	if (parent && is_id(parent)) {
		mime_fold_begin(fold, "In-Reply-To");
		add_id(fold, parent);
		mime_fold_end(fold);
	}
	for (guint i = 0; message->references && i < message->references->len; i++) {
		const char *id = g_ptr_array_index(message->references, i);

		if (!is_id(id))
			continue;
		if (!last)
			mime_fold_begin(fold, "References");
		add_id(fold, id);
		last = id;
	}
	if (parent && is_id(parent) && g_strcmp0(last, parent) != 0) {
		if (!last)
			mime_fold_begin(fold, "References");
		add_id(fold, parent);
		last = parent;
	}
	if (last)
		mime_fold_end(fold);
}

static void add_header(MimeFold *fold, const MimeMessage *message)
{
	g_autoptr(GPtrArray) from = g_ptr_array_new();
	g_autofree char *date = clock_format_mail(message->date);

	g_ptr_array_add(from, (gpointer)message->from);
	add_people(fold, "From", from);
	add_people(fold, "To", message->to);
	add_people(fold, "Cc", message->cc);
	/* Some servers add a field of their own where nobody is named. */
	if ((!message->to || message->to->len == 0) && (!message->cc || message->cc->len == 0))
		add_field(fold, "To", "undisclosed-recipients:;");
	mime_fold_begin(fold, "Subject");
	mime_fold_text(fold, message->subject);
	mime_fold_end(fold);
	add_field(fold, "Date", date);
	mime_fold_begin(fold, "Message-ID");
	add_id(fold, message->message_id);
	mime_fold_end(fold);
	add_references(fold, message);
	add_field(fold, "MIME-Version", "1.0");
}

/* ---- the parts ---- */

static void add_text_header(MimeFold *fold, bool plain)
{
	add_field(fold, "Content-Type", "text/plain; charset=UTF-8");
	add_field(fold, "Content-Transfer-Encoding", plain ? "7bit" : "quoted-printable");
	g_string_append(fold->text, "\r\n");
}

static bool put_file(Writer *writer, const MimeFile *file, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *name = mime_file_name(file);
	g_autofree char *type = mime_file_type(file, name);
	MimeFold fold = {.text = text};

	mime_fold_begin(&fold, "Content-Type");
	mime_fold_word(&fold, type);
	/* Of other texts nobody knows it; readers guess. */
	if (g_str_has_prefix(type, "text/") && mime_file_is_utf8(file, name))
		mime_fold_parameter(&fold, "charset", "UTF-8");
	mime_fold_end(&fold);
	mime_fold_begin(&fold, "Content-Disposition");
	mime_fold_word(&fold, "attachment");
	mime_fold_parameter(&fold, "filename", name);
	mime_fold_end(&fold);
	add_field(&fold, "Content-Transfer-Encoding", "base64");
	g_string_append(text, "\r\n");
	return put(text->str, text->len, writer, error) &&
	       mime_file_write(file, name, put, writer, error);
}

/* Yours: no line of a body can be it, since "=_" is neither base64 nor quoted-printable, and who
 * wrote a plain text did not know the message's id. */
static char *make_boundary(const char *message_id)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	sha256_of(message_id, strlen(message_id), digest);
	sha256_to_hex(digest, hex);
	return g_strdup_printf("=_%.*s", BOUNDARY_DIGITS, hex);
}

static bool put_parts(Writer *writer, MimeFold *fold, const MimeMessage *message, GError **error)
{
	g_autofree char *boundary = make_boundary(message->message_id);
	g_autofree char *type = g_strdup_printf("multipart/mixed; boundary=\"%s\"", boundary);
	g_autofree char *delimiter = g_strdup_printf("\r\n--%s\r\n", boundary);
	g_autofree char *end = g_strdup_printf("\r\n--%s--\r\n", boundary);
	bool plain = mime_text_is_plain(message->text);

	add_field(fold, "Content-Type", type);
	g_string_append(fold->text, delimiter);
	add_text_header(fold, plain);
	if (!put(fold->text->str, fold->text->len, writer, error) ||
		!mime_text_write(message->text, plain, put, writer, error))
		return false;
	for (size_t i = 0; i < message->file_count; i++) {
		if (!put_text(writer, delimiter, error) ||
			!put_file(writer, &message->files[i], error))
			return false;
	}
	return put_text(writer, end, error);
}

static bool put_text_only(
	Writer *writer, MimeFold *fold, const MimeMessage *message, GError **error)
{
	bool plain = mime_text_is_plain(message->text);

	add_text_header(fold, plain);
	return put(fold->text->str, fold->text->len, writer, error) &&
	       mime_text_write(message->text, plain, put, writer, error);
}

static bool has_8bit(const GString *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if ((unsigned char)text->str[i] > 127)
			return true;
	}
	return false;
}

bool mime_write(const MimeMessage *message, MimeSink *sink, void *data, MimeWritten *written,
	GError **error)
{
	g_autoptr(GString) header = g_string_new(NULL), buffer = NULL;
	MimeFold fold = {.text = header};
	Writer writer = {.sink = sink, .data = data};
	bool has_utf8;

	if (!check_message(message, error))
		return false;
	buffer = g_string_sized_new(BUFFER_BYTES);
	writer.buffer = buffer;
	add_header(&fold, message);
	/* All else is encoded. */
	has_utf8 = has_8bit(header);
	if (!(message->file_count > 0 ? put_parts(&writer, &fold, message, error)
				      : put_text_only(&writer, &fold, message, error)) ||
		!flush(&writer, error))
		return false;
	*written = (MimeWritten){.size = writer.size, .has_8bit = has_utf8, .has_utf8 = has_utf8};
	return true;
}
