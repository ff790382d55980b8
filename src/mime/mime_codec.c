/* Bodies of frames as GVariants: made, and read back with every size checked. A body is taken only
 * in normal form, which also proves that its strings are UTF-8 without NUL. */
#include "mime/mime_wire.h"

#include <string.h>
#include "mime/mime_internal.h"

#define REQUEST_TYPE "(a(tt)u)"
#define CONTENT_TYPE "(ussasas(bx)msmsa(sst)sb)"
#define EXTRACTED_TYPE "(yi)"
#define VIEW_TYPE "(" CONTENT_TYPE "asasasmssuub)"

/* A clean line is at most this long, and a person is two of them in "NAME <ADDRESS>". */
#define PERSON_LIMIT (2 * MIME_SUBJECT_LIMIT + 3)

/* Yours: BODY as TYPE if it is exactly one, else NULL. */
static GVariant *open_body(GBytes *body, const char *type)
{
	g_autoptr(GVariant) value =
		g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), body, FALSE));

	return g_variant_is_normal_form(value) ? g_steal_pointer(&value) : NULL;
}

GVariant *mime_encode_request(const MimeRange *ranges, size_t count, unsigned number)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(tt)"));
	for (size_t i = 0; i < count; i++)
		g_variant_builder_add(&builder, "(tt)", ranges[i].offset, ranges[i].size);
	return g_variant_new(REQUEST_TYPE, &builder, (guint32)number);
}

MimeRange *mime_decode_request(GBytes *body, size_t *count, unsigned *number)
{
	g_autoptr(GVariant) value = open_body(body, REQUEST_TYPE);
	g_autoptr(GVariantIter) iter = NULL;
	g_autofree MimeRange *ranges = NULL;
	guint32 asked;
	size_t found;

	if (!value)
		return NULL;
	g_variant_get(value, REQUEST_TYPE, &iter, &asked);
	found = g_variant_iter_n_children(iter);
	if (found == 0 || found > MIME_BATCH_MAILS)
		return NULL;
	ranges = g_new0(MimeRange, found);
	for (size_t i = 0; i < found; i++)
		g_variant_iter_next(iter, "(tt)", &ranges[i].offset, &ranges[i].size);
	*count = found;
	*number = asked;
	return g_steal_pointer(&ranges);
}

static GVariant *encode_strings(const GPtrArray *strings)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("as"));
	for (guint i = 0; i < strings->len; i++)
		g_variant_builder_add(&builder, "s", g_ptr_array_index(strings, i));
	return g_variant_builder_end(&builder);
}

static GVariant *encode_parts(const GPtrArray *parts)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sst)"));
	for (guint i = 0; i < parts->len; i++) {
		const MailPart *part = g_ptr_array_index(parts, i);

		g_variant_builder_add(&builder, "(sst)", part->name, part->type, part->size);
	}
	return g_variant_builder_end(&builder);
}

GVariant *mime_encode_content(uint32_t index, const MailContent *content)
{
	return g_variant_new("(uss@as@as(bx)msms@a(sst)sb)", index, content->subject, content->from,
		encode_strings(content->to), encode_strings(content->cc), content->has_date,
		content->date, content->message_id, content->in_reply_to,
		encode_parts(content->attachments), content->text, content->truncated);
}

static bool decode_people(GVariantIter *iter, GPtrArray *people)
{
	char *person;

	if (g_variant_iter_n_children(iter) > MIME_PEOPLE_LIMIT)
		return false;
	while (g_variant_iter_next(iter, "s", &person)) {
		g_ptr_array_add(people, person);
		if (strlen(person) > PERSON_LIMIT)
			return false;
	}
	return true;
}

static bool decode_parts(GVariantIter *iter, GPtrArray *parts)
{
	if (g_variant_iter_n_children(iter) > MIME_PART_LIMIT)
		return false;
	for (;;) {
		g_autoptr(MailPart) part = g_new0(MailPart, 1);

		if (!g_variant_iter_next(iter, "(sst)", &part->name, &part->type, &part->size))
			return true;
		if (strlen(part->name) > MIME_NAME_LIMIT + sizeof ".eml" ||
			strlen(part->type) > MIME_TYPE_LIMIT)
			return false;
		g_ptr_array_add(parts, g_steal_pointer(&part));
	}
}

static bool fits(const char *text, size_t limit)
{
	return !text || strlen(text) <= limit;
}

/* Yours: VALUE, which is of CONTENT_TYPE; NULL if it breaks a promise or is not for INDEX. */
static MailContent *decode_content(GVariant *value, uint32_t index)
{
	g_autoptr(MailContent) content = mail_content_new();
	g_autoptr(GVariantIter) to = NULL, cc = NULL, parts = NULL;
	gboolean has_date, truncated;
	guint32 said;

	g_clear_pointer(&content->subject, g_free);
	g_clear_pointer(&content->from, g_free);
	g_clear_pointer(&content->text, g_free);
	g_variant_get(value, CONTENT_TYPE, &said, &content->subject, &content->from, &to, &cc,
		&has_date, &content->date, &content->message_id, &content->in_reply_to, &parts,
		&content->text, &truncated);
	content->has_date = has_date;
	content->truncated = truncated;
	if (said != index || !fits(content->subject, MIME_SUBJECT_LIMIT) ||
		!fits(content->message_id, MIME_MESSAGE_ID_LIMIT + 8) ||
		!fits(content->in_reply_to, MIME_MESSAGE_ID_LIMIT + 8) ||
		!fits(content->text, MIME_TEXT_LIMIT) || !decode_people(to, content->to) ||
		!decode_people(cc, content->cc) || !decode_parts(parts, content->attachments))
		return NULL;
	return g_steal_pointer(&content);
}

MailContent *mime_decode_content(GBytes *body, uint32_t index)
{
	g_autoptr(GVariant) value = open_body(body, CONTENT_TYPE);

	return value ? decode_content(value, index) : NULL;
}

/* ---- views ---- */

GVariant *mime_encode_view(const MailView *view)
{
	return g_variant_new("(@" CONTENT_TYPE "@as@as@asmssuub)",
		mime_encode_content(0, view->content), encode_strings(view->senders),
		encode_strings(view->reply_to), encode_strings(view->references), view->html,
		view->header, (guint32)view->blocked_remote, (guint32)view->blocked_active,
		view->truncated);
}

static bool decode_references(GVariantIter *iter, GPtrArray *references)
{
	char *id;

	if (g_variant_iter_n_children(iter) > MAIL_REFERENCES_LIMIT)
		return false;
	while (g_variant_iter_next(iter, "s", &id)) {
		g_ptr_array_add(references, id);
		if (!fits(id, MIME_MESSAGE_ID_LIMIT))
			return false;
	}
	return true;
}

MailView *mime_decode_view(GBytes *body)
{
	g_autoptr(GVariant) value = open_body(body, VIEW_TYPE), content = NULL;
	g_autoptr(GVariantIter) senders = NULL, reply_to = NULL, references = NULL;
	g_autoptr(MailView) view = NULL;
	guint32 remote, active;
	gboolean truncated;

	if (!value)
		return NULL;
	view = mail_view_new();
	g_clear_pointer(&view->content, mail_content_free);
	g_clear_pointer(&view->header, g_free);
	g_variant_get(value, "(@" CONTENT_TYPE "asasasmssuub)", &content, &senders, &reply_to,
		&references, &view->html, &view->header, &remote, &active, &truncated);
	view->content = decode_content(content, 0);
	view->blocked_remote = remote;
	view->blocked_active = active;
	view->truncated = truncated;
	if (!view->content || !fits(view->header, MAIL_HEADER_LIMIT) ||
		!fits(view->html, MAIL_HTML_WHOLE_LIMIT) ||
		!decode_people(senders, view->senders) ||
		!decode_people(reply_to, view->reply_to) ||
		!decode_references(references, view->references))
		return NULL;
	return g_steal_pointer(&view);
}

GVariant *mime_encode_extracted(MimeExtracted result, int number)
{
	return g_variant_new(EXTRACTED_TYPE, (guchar)result, (gint32)number);
}

bool mime_decode_extracted(GBytes *body, MimeExtracted *result, int *number)
{
	g_autoptr(GVariant) value = open_body(body, EXTRACTED_TYPE);
	gint32 reason;
	guchar said;

	if (!value)
		return false;
	g_variant_get(value, EXTRACTED_TYPE, &said, &reason);
	if (said > MIME_EXTRACT_OUTPUT)
		return false;
	*result = (MimeExtracted)said;
	*number = reason;
	return true;
}
