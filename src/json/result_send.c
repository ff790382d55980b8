/* Mails in the outbox. */
#include "json/result.h"

static json_t *recipients_json(const GPtrArray *recipients)
{
	static const char *const names[] = {[MAIL_TO] = "to", [MAIL_CC] = "cc", [MAIL_BCC] = "bcc"};
	json_t *list = json_array();

	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = g_ptr_array_index(recipients, i);

		json_array_append_new(list,
			json_pack("{s:o, s:s, s:s, s:o}", "address",
				result_text(recipient->address), "field", names[recipient->field],
				"state", outbox_state_name(recipient->state), "reply",
				result_text(recipient->reply)));
	}
	return list;
}

json_t *result_outbox(const OutboxMail *mail)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:i, s:o, s:o, s:o, s:o,"
			 " s:o, s:o, s:s, s:o}",
		"id", (json_int_t)mail->id, "state", outbox_state_name(mail->state), "recipients",
		recipients_json(mail->recipients), "user", result_text(mail->user), "from",
		result_text(mail->sender), "subject", result_text(mail->subject), "case",
		result_text(mail->case_number), "size", (json_int_t)mail->size, "message_id",
		result_text(mail->message_id), "attempts", (int)mail->attempts, "next",
		result_time(mail->next), "queued", result_time(mail->created_at), "ended",
		result_time(mail->ended_at), "reason", result_text(mail->reason), "archive_id",
		mail->archive_id ? json_integer(mail->archive_id) : json_null(), "archive_reason",
		result_text(mail->archive_reason), "sent_copy", outbox_copy_name(mail->sent_copy),
		"copy_reason", result_text(mail->copy_reason));
}
