/* Archived mails, and what checking them found. */
#include "json/result.h"

static json_t *attachments_json(const GPtrArray *attachments)
{
	json_t *list = json_array();

	for (guint i = 0; i < attachments->len; i++) {
		const MailPart *part = g_ptr_array_index(attachments, i);

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:I}", "name", result_text(part->name), "type",
				      result_text(part->type), "size", (json_int_t)part->size));
	}
	return list;
}

static json_t *source_json(const ArchiveSource *source)
{
	bool uploaded = !source->mailbox;
	/* The command line is nobody's account. */
	const char *user = g_str_has_prefix(source->user, "cli:") ? NULL : source->user;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "user", result_text(user),
		"mailbox", result_text(source->mailbox), "folder", result_text(source->folder),
		"uidvalidity", uploaded ? json_null() : json_integer(source->uid_validity), "uid",
		uploaded ? json_null() : json_integer(source->uid), "received",
		result_time(source->received), "imported", result_time(source->imported),
		"imported_by", result_text(source->imported_by));
}

static json_t *sources_json(const GPtrArray *sources)
{
	json_t *list = json_array();

	for (guint i = 0; i < sources->len; i++)
		json_array_append_new(list, source_json(g_ptr_array_index(sources, i)));
	return list;
}

json_t *result_mail(const ArchiveMail *mail)
{
	const char *first = mail->copies->len > 0 ? g_ptr_array_index(mail->copies, 0) : NULL;

	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id",
		(json_int_t)mail->id, "subject", result_text(mail->subject), "from",
		result_text(mail->from), "to", result_texts(mail->to), "date",
		result_time(mail->date), "size", (json_int_t)mail->size, "sha256",
		result_text(first), "copies", result_texts(mail->copies), "case",
		result_text(mail->case_number), "message_id", result_text(mail->message_id),
		"attachments", attachments_json(mail->attachments), "sources",
		sources_json(mail->sources), "unreadable", mail->state == ARCHIVE_UNREADABLE);
}

json_t *result_mail_text(const ArchiveMail *mail, const char *text)
{
	json_t *document = result_mail(mail);

	json_object_set_new(document, "text", result_text(text));
	return document;
}

json_t *result_verify(uint64_t checked, const GPtrArray *damaged)
{
	json_t *details = json_array();

	for (guint i = 0; i < damaged->len; i++) {
		const ArchiveDamage *damage = g_ptr_array_index(damaged, i);

		json_array_append_new(
			details, json_pack("{s:I, s:o, s:o}", "id", (json_int_t)damage->mail_id,
					 "sha256", result_text(damage->sha256), "reason",
					 result_text(damage->reason)));
	}
	return json_pack("{s:I, s:i, s:o}", "checked", (json_int_t)checked, "damaged",
		(int)damaged->len, "details", details);
}
