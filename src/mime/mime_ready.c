/* Finished messages: what a program hands over as .eml. Its header is read by plain rules and kept
 * field by field as it is, its body too; only line ends are made the wire's. What is ambiguous is
 * refused, because a server could read it otherwise than we do. */
#include "mime/mime_write.h"

#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"
#include "mime/mime_internal.h"
#include "mime/mime_write_internal.h"

#define SHOWN_LIMIT 60 /* bytes of a line that a failure names */

/* A field: its lines, each ended with CRLF, and where in them the value begins. */
typedef struct Field {
	GString *lines;
	size_t name_size, value;
} Field;

typedef struct Header {
	GPtrArray *fields; /* Field * */
	size_t size;	   /* bytes of the input, with the empty line */
} Header;

void mime_ready_free(MimeReady *ready)
{
	if (!ready)
		return;
	mime_address_free(ready->from);
	g_clear_pointer(&ready->senders, g_ptr_array_unref);
	g_clear_pointer(&ready->recipients, g_ptr_array_unref);
	g_clear_pointer(&ready->fields, g_byte_array_unref);
	g_free(ready->message_id);
	g_free(ready->subject);
	g_clear_pointer(&ready->content, g_byte_array_unref);
	g_free(ready);
}

static void field_free(gpointer data)
{
	Field *field = data;

	g_string_free(field->lines, TRUE);
	g_free(field);
}

/* ---- lines ---- */

/* A header's line has tabs, but no other control characters: a bare CR would end it for some. */
static bool is_header_line(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 127)
			return false;
	}
	return g_utf8_validate_len(line, size, NULL);
}

/* The size of a field's name, 0: LINE begins none. No blank before the colon. */
static size_t field_name_size(const char *line, size_t size)
{
	size_t name = 0;

	while (name < size && line[name] > ' ' && line[name] < 127 && line[name] != ':')
		name++;
	return name < size && line[name] == ':' ? name : 0;
}

/* Names the field that LINE begins, with NAME bytes, or the line, but not what is no mail at all: a
 * document's bytes say nothing to anybody. */
static bool refuse_line(const Header *header, const char *line, size_t size, size_t name,
	const char *why, GError **error)
{
	bool is_text = header->fields->len > 0 && is_header_line(line, size);
	size_t shown = MIN(name > 0 ? name : size, (size_t)SHOWN_LIMIT);
	g_autofree char *label = text_make_valid(line, shown);

	mime_refuse_field(error, name > 0 || is_text ? label : _("Kopfzeilen"), why);
	return false;
}

/* Takes a line without its end. */
static bool take_line(Header *header, const char *line, size_t size, GError **error)
{
	bool goes_on = *line == ' ' || *line == '\t';
	size_t name = field_name_size(line, size);
	Field *field;

	if (!is_header_line(line, size))
		return refuse_line(
			header, line, size, name, "control characters or no UTF-8", error);
	if (goes_on ? header->fields->len == 0 : name == 0)
		return refuse_line(header, line, size, 0, "no header field", error);
	if (goes_on) {
		field = g_ptr_array_index(header->fields, header->fields->len - 1);
	} else {
		field = g_new0(Field, 1);
		field->lines = g_string_new(NULL);
		field->name_size = name;
		field->value = name + 1;
		g_ptr_array_add(header->fields, field);
	}
	g_string_append_len(field->lines, line, (gssize)size);
	g_string_append(field->lines, "\r\n");
	return true;
}

/* Cuts the header off BYTES. */
static bool read_header(Header *header, const char *bytes, size_t size, GError **error)
{
	size_t at = 0;

	while (at < size) {
		const char *line = bytes + at;
		const char *end = memchr(line, '\n', size - at);
		size_t length = end ? (size_t)(end - line) : size - at;
		bool is_first = at == 0;

		at += length + (end ? 1 : 0);
		if (at > MIME_READY_HEADER_LIMIT) {
			mime_refuse_field(error, _("Kopfzeilen"), "header too large");
			return false;
		}
		if (end && length > 0 && line[length - 1] == '\r')
			length--;
		if (length == 0)
			break;
		/* The envelope line of a mailbox file is no field. */
		if (is_first && length > 5 && memcmp(line, "From ", 5) == 0)
			continue;
		if (!take_line(header, line, length, error))
			return false;
	}
	header->size = at;
	return true;
}

/* ---- fields ---- */

static bool is_named(const Field *field, const char *name)
{
	return strlen(name) == field->name_size &&
	       g_ascii_strncasecmp(field->lines->str, name, field->name_size) == 0;
}

/* Yours: the value on one line, without tabs. */
static char *field_value(const Field *field)
{
	GString *value = g_string_new(NULL);

	for (const char *at = field->lines->str + field->value; *at; at++) {
		if (*at != '\r' && *at != '\n')
			g_string_append_c(value, *at == '\t' ? ' ' : *at);
	}
	return g_strstrip(g_string_free(value, FALSE));
}

/* Yours: the value of the only field of NAME; NULL: there is none, or it is empty. More than one is
 * a failure. */
static bool only_value(const Header *header, const char *name, char **value, GError **error)
{
	*value = NULL;
	for (guint i = 0; i < header->fields->len; i++) {
		const Field *field = g_ptr_array_index(header->fields, i);

		if (!is_named(field, name))
			continue;
		if (*value) {
			mime_refuse_field(error, name, "stands there twice");
			g_clear_pointer(value, g_free);
			return false;
		}
		*value = field_value(field);
	}
	if (*value && !**value)
		g_clear_pointer(value, g_free);
	return true;
}

static char *decode(const char *text)
{
	g_autofree char *joined = mime_join_words(g_strdup(text)), *decoded = NULL;

	mime_start_library();
	decoded = g_mime_utils_header_decode_text(mime_options(), joined);
	return mime_clean_line(decoded ? decoded : "", MIME_SUBJECT_LIMIT);
}

static void free_address(gpointer address)
{
	mime_address_free(address);
}

static bool read_from(const Header *header, MimeReady *ready, GError **error)
{
	g_autofree char *value = NULL;
	g_autofree char *name = NULL;

	if (!only_value(header, "From", &value, error))
		return false;
	ready->from = value ? mime_address_sender(value) : NULL;
	if (!ready->from) {
		mime_refuse_field(error, "From", "it must have exactly one address");
		return false;
	}
	name = g_steal_pointer(&ready->from->name);
	ready->from->name = name ? decode(name) : NULL;
	return true;
}

/* The name of the field that says who sends, beside From; NULL: FIELD is none. */
static const char *find_sender_name(const Field *field)
{
	static const char *const names[] = {"Sender", "Resent-From", "Resent-Sender"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (is_named(field, names[i]))
			return names[i];
	}
	return NULL;
}

static bool read_senders(const Header *header, MimeReady *ready, GError **error)
{
	ready->senders = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < header->fields->len; i++) {
		const Field *field = g_ptr_array_index(header->fields, i);
		const char *name = find_sender_name(field);
		g_autofree char *value = name ? field_value(field) : NULL;
		g_autoptr(MimeAddress) sender = name ? mime_address_sender(value) : NULL;

		if (!name)
			continue;
		if (!sender) {
			mime_refuse_field(error, name, "it must have exactly one address");
			return false;
		}
		g_ptr_array_add(ready->senders, g_steal_pointer(&sender->address));
	}
	return true;
}

/* Appends the addresses of FIELD, which is called for WHAT, that SEEN does not hold. */
static bool add_recipients(
	const Field *field, MailField what, GHashTable *seen, MimeReady *ready, GError **error)
{
	uint8_t byte = (uint8_t)what;

	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func(free_address);
	g_autofree char *value = field_value(field);

	if (!mime_address_list(value, people, error))
		return false;
	for (guint i = 0; i < people->len; i++) {
		const MimeAddress *person = g_ptr_array_index(people, i);
		char *wire = mime_address_wire(person->address, NULL);

		if (!g_hash_table_add(seen, text_fold_address(wire))) {
			g_free(wire);
			continue;
		}
		g_ptr_array_add(ready->recipients, wire);
		g_byte_array_append(ready->fields, &byte, 1);
	}
	return true;
}

static bool read_recipients(const Header *header, MimeReady *ready, GError **error)
{
	static const char *const names[] = {[MAIL_TO] = "To", [MAIL_CC] = "Cc", [MAIL_BCC] = "Bcc"};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	ready->recipients = g_ptr_array_new_with_free_func(g_free);
	ready->fields = g_byte_array_new();
	for (unsigned what = 0; what < G_N_ELEMENTS(names); what++) {
		for (guint i = 0; i < header->fields->len; i++) {
			const Field *field = g_ptr_array_index(header->fields, i);

			if (is_named(field, names[what]) &&
				!add_recipients(field, (MailField)what, seen, ready, error))
				return false;
		}
	}
	if (ready->recipients->len > 0)
		return true;
	failure_set(error, FAILURE_RECIPIENT_MISSING, NULL, "no recipient in To, Cc and Bcc");
	return false;
}

/* Its id without <>, or a new one. */
static bool read_message_id(const Header *header, MimeReady *ready, GError **error)
{
	g_autofree char *value = NULL;
	size_t length;

	if (!only_value(header, "Message-ID", &value, error))
		return false;
	if (!value) {
		ready->message_id = mime_message_id_new(ready->from->address);
		return true;
	}
	length = strlen(value);
	if (length < 3 || value[0] != '<' || strcspn(value, "> \t") != length - 1 ||
		length > MIME_WRITE_ID_LIMIT) {
		mime_refuse_field(error, "Message-ID", "no message id");
		return false;
	}
	ready->message_id = g_strndup(value + 1, length - 2);
	return true;
}

static bool read_subject(const Header *header, MimeReady *ready, GError **error)
{
	g_autofree char *value = NULL;

	if (!only_value(header, "Subject", &value, error))
		return false;
	ready->subject = decode(value ? value : "");
	return true;
}

/* ---- what is sent ---- */

static void append(GByteArray *to, const char *bytes, size_t size)
{
	g_byte_array_append(to, (const guint8 *)bytes, (guint)size);
}

/* Appends NAME with VALUE where the header has no such field with a value. */
static bool add_missing(const Header *header, GByteArray *content, const char *name,
	const char *value, GError **error)
{
	g_autofree char *present = NULL, *line = NULL;

	if (!only_value(header, name, &present, error))
		return false;
	line = present ? g_strdup("") : g_strdup_printf("%s: %s\r\n", name, value);
	append(content, line, strlen(line));
	return true;
}

/* Fields that tell what receivers must not know, that the last server writes, or that say nothing
 * where they must say something. */
static bool is_left_out(const Field *field)
{
	static const char *const always[] = {"Bcc", "Resent-Bcc", "Return-Path"};
	static const char *const empty[] = {"Date", "Message-ID", "MIME-Version", "To", "Cc"};

	for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
		if (is_named(field, always[i]))
			return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
		g_autofree char *value = is_named(field, empty[i]) ? field_value(field) : NULL;

		if (value && !*value)
			return true;
	}
	return false;
}

static bool add_header(const Header *header, MimeReady *ready, int64_t date, GError **error)
{
	g_autofree char *id = g_strdup_printf("<%s>", ready->message_id);
	g_autofree char *now = clock_format_mail(date);

	for (guint i = 0; i < header->fields->len; i++) {
		const Field *field = g_ptr_array_index(header->fields, i);

		if (!is_left_out(field))
			append(ready->content, field->lines->str, field->lines->len);
	}
	return add_missing(header, ready->content, "Date", now, error) &&
	       add_missing(header, ready->content, "Message-ID", id, error) &&
	       add_missing(header, ready->content, "MIME-Version", "1.0", error);
}

/* Appends BODY with CRLF for each line end of any kind. */
static void add_body(GByteArray *content, const char *body, size_t size)
{
	const char *end = body + size;

	while (body < end) {
		const char *at = body;

		while (at < end && *at != '\r' && *at != '\n')
			at++;
		append(content, body, (size_t)(at - body));
		if (at < end)
			append(content, "\r\n", 2);
		if (at < end && *at == '\r' && at + 1 < end && at[1] == '\n')
			at++;
		body = at + (at < end ? 1 : 0);
	}
	if (size > 0 && content->data[content->len - 1] != '\n')
		append(content, "\r\n", 2);
}

static bool is_8bit(const GByteArray *content, size_t start)
{
	for (size_t i = start; i < content->len; i++) {
		if (content->data[i] > 127)
			return true;
	}
	return false;
}

MimeReady *mime_ready_read(const void *bytes, size_t size, int64_t date, GError **error)
{
	g_autoptr(MimeReady) ready = g_new0(MimeReady, 1);
	g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(field_free);
	Header header = {.fields = fields};

	g_assert(size <= MIME_READY_LIMIT);
	if (!read_header(&header, bytes, size, error) || !read_from(&header, ready, error) ||
		!read_senders(&header, ready, error) || !read_recipients(&header, ready, error) ||
		!read_message_id(&header, ready, error) || !read_subject(&header, ready, error))
		return NULL;
	/* Lines may end with LF alone: one byte more each. */
	ready->content = g_byte_array_sized_new((guint)MIN(size + size / 32, (size_t)G_MAXINT));
	if (!add_header(&header, ready, date, error))
		return NULL;
	ready->has_utf8 = is_8bit(ready->content, 0);
	append(ready->content, "\r\n", 2);
	add_body(ready->content, (const char *)bytes + header.size, size - header.size);
	ready->has_8bit = ready->has_utf8 || is_8bit(ready->content, 0);
	return g_steal_pointer(&ready);
}
