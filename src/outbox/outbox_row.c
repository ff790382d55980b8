/* Mails and recipients as rows. */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "failure/failure.h"

#define REPLY_LIMIT 2000 /* bytes of a server's answer */

void outbox_recipient_free(void *data)
{
	OutboxRecipient *recipient = data;

	g_free(recipient->address);
	g_free(recipient->reply);
	g_free(recipient);
}

void outbox_mail_free(OutboxMail *mail)
{
	if (!mail)
		return;
	g_free(mail->user);
	g_free(mail->sender);
	g_free(mail->subject);
	g_free(mail->message_id);
	g_free(mail->case_number);
	g_free(mail->condition);
	g_free(mail->reason);
	g_free(mail->copy_reason);
	g_free(mail->archive_reason);
	g_clear_pointer(&mail->content, g_bytes_unref);
	g_clear_pointer(&mail->recipients, g_ptr_array_unref);
	g_free(mail);
}

#define MAIL_COLUMNS                                                                               \
	"id, user_id, user_name, sender, subject, message_id, case_number, size, has_8bit,"        \
	" has_utf8, created_at, state, attempts, next, ended_at, condition, reason, sent_copy,"    \
	" archive_copy, copy_reason, archive_reason, archive_id, claim, copy_claim, seen,"         \
	" retried_at"

static OutboxMail *read_mail(DbRows *rows)
{
	OutboxMail *mail = g_new0(OutboxMail, 1);

	mail->id = db_rows_int(rows, 0);
	mail->user_id = db_rows_int(rows, 1);
	mail->user = g_strdup(db_rows_text(rows, 2));
	mail->sender = g_strdup(db_rows_text(rows, 3));
	mail->subject = g_strdup(db_rows_text(rows, 4));
	mail->message_id = g_strdup(db_rows_text(rows, 5));
	mail->case_number = g_strdup(db_rows_text(rows, 6));
	mail->size = (uint64_t)db_rows_int(rows, 7);
	mail->has_8bit = db_rows_int(rows, 8) != 0;
	mail->has_utf8 = db_rows_int(rows, 9) != 0;
	mail->created_at = db_rows_int(rows, 10);
	mail->state = (OutboxState)db_rows_int(rows, 11);
	mail->attempts = (unsigned)db_rows_int(rows, 12);
	mail->next = db_rows_int(rows, 13);
	mail->ended_at = db_rows_int(rows, 14);
	mail->condition = g_strdup(db_rows_text(rows, 15));
	mail->reason = g_strdup(db_rows_text(rows, 16));
	mail->sent_copy = (OutboxCopy)db_rows_int(rows, 17);
	mail->archive_copy = (OutboxCopy)db_rows_int(rows, 18);
	mail->copy_reason = g_strdup(db_rows_text(rows, 19));
	mail->archive_reason = g_strdup(db_rows_text(rows, 20));
	mail->archive_id = db_rows_int(rows, 21);
	mail->is_seen = db_rows_int(rows, 24) != 0;
	mail->retried_at = db_rows_int(rows, 25);
	mail->recipients = g_ptr_array_new_with_free_func(outbox_recipient_free);
	return mail;
}

static void add_recipient(OutboxMail *mail, DbRows *rows)
{
	OutboxRecipient *recipient = g_new(OutboxRecipient, 1);

	*recipient = (OutboxRecipient){
		.address = g_strdup(db_rows_text(rows, 0)),
		.state = (OutboxState)db_rows_int(rows, 1),
		.reply = g_strdup(db_rows_text(rows, 2)),
		.field = (MailField)db_rows_int(rows, 3),
	};
	g_ptr_array_add(mail->recipients, recipient);
	mail->recipient_count++;
	mail->served_count += recipient->state == OUTBOX_SENT;
}

/* How many there are, of whom only some are loaded. */
static bool count_recipients(DbTransaction *transaction, OutboxMail *mail, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT count(*), count(CASE WHEN state = 2 THEN 1 END) FROM outbox_recipients"
		" WHERE mail_id = $1",
		db_int(mail->id));

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		mail->recipient_count = (unsigned)db_rows_int(rows, 0);
		mail->served_count = (unsigned)db_rows_int(rows, 1);
	}
	return db_rows_end(failed, error);
}

static bool load_recipients(
	DbTransaction *transaction, OutboxMail *mail, size_t limit, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT address, state, reply, field FROM outbox_recipients WHERE mail_id = $1"
		" ORDER BY number LIMIT $2",
		db_int(mail->id), db_int((int64_t)limit));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		add_recipient(mail, rows);
	return db_rows_end(failed, error) &&
	       (mail->recipients->len < limit || count_recipients(transaction, mail, error));
}

static bool load_row(DbTransaction *transaction, int64_t id, OutboxMail **mail,
	OutboxClaims *claims, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " MAIL_COLUMNS " FROM outbox_mails WHERE id = $1", db_int(id));

	if (!rows)
		return false;
	*mail = db_rows_next(rows, &failed) ? read_mail(rows) : NULL;
	if (*mail)
		*claims = (OutboxClaims){db_rows_int(rows, 22), db_rows_int(rows, 23)};
	return db_rows_end(failed, error);
}

bool outbox_load_claimed(DbTransaction *transaction, int64_t id, OutboxMail **mail,
	OutboxClaims *claims, GError **error)
{
	g_autoptr(OutboxMail) loaded = NULL;

	if (!load_row(transaction, id, &loaded, claims, error) ||
		(loaded && !load_recipients(transaction, loaded, INT64_MAX, error)))
		return false;
	*mail = g_steal_pointer(&loaded);
	return true;
}

bool outbox_load_some(
	DbTransaction *transaction, int64_t id, size_t limit, OutboxMail **mail, GError **error)
{
	g_autoptr(OutboxMail) loaded = NULL;
	OutboxClaims claims;

	if (!load_row(transaction, id, &loaded, &claims, error) ||
		(loaded && !load_recipients(transaction, loaded, limit, error)))
		return false;
	*mail = g_steal_pointer(&loaded);
	return true;
}

bool outbox_load(DbTransaction *transaction, int64_t id, OutboxMail **mail, GError **error)
{
	OutboxClaims claims;

	return outbox_load_claimed(transaction, id, mail, &claims, error);
}

bool outbox_load_known(
	DbTransaction *transaction, int64_t id, int64_t user_id, OutboxMail **mail, GError **error)
{
	g_autoptr(OutboxMail) loaded = NULL;
	g_autofree char *number = g_strdup_printf("%" PRId64, id);

	if (!outbox_load(transaction, id, &loaded, error))
		return false;
	if (!loaded || (user_id != 0 && loaded->user_id != user_id)) {
		failure_set(
			error, FAILURE_OUTBOX_UNKNOWN, number, "no mail %s in the outbox", number);
		return false;
	}
	*mail = g_steal_pointer(&loaded);
	return true;
}

/* ---- what recipients make of a mail ---- */

static bool has_state(const GPtrArray *recipients, OutboxState state)
{
	for (guint i = 0; i < recipients->len; i++) {
		if (((const OutboxRecipient *)recipients->pdata[i])->state == state)
			return true;
	}
	return false;
}

OutboxState outbox_state_of(const GPtrArray *recipients)
{
	static const OutboxState order[] = {
		OUTBOX_UNKNOWN,
		OUTBOX_QUEUED,
		OUTBOX_WAITING,
		OUTBOX_FAILED,
		OUTBOX_SENT,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		if (has_state(recipients, order[i]))
			return order[i];
	}
	return OUTBOX_CANCELLED;
}

bool outbox_is_served(const GPtrArray *recipients)
{
	return has_state(recipients, OUTBOX_SENT);
}

char *outbox_fit_reply(const char *reply)
{
	return reply ? text_make_valid(reply, MIN(strlen(reply), REPLY_LIMIT)) : NULL;
}

bool outbox_put_recipients(
	DbTransaction *transaction, int64_t id, const GPtrArray *recipients, GError **error)
{
	for (guint i = 0; i < recipients->len; i++) {
		const OutboxRecipient *recipient = recipients->pdata[i];
		g_autofree char *reply = outbox_fit_reply(recipient->reply);

		g_assert(recipient->state != OUTBOX_SENDING);
		if (!db_run(transaction, error,
			    "UPDATE outbox_recipients SET state = $3, reply = $4"
			    " WHERE mail_id = $1 AND number = $2"
			    " AND (state <> $3 OR reply IS DISTINCT FROM $4)",
			    db_int(id), db_int(i), db_int(recipient->state), db_text(reply)))
			return false;
	}
	return true;
}
