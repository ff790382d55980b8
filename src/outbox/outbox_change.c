/* What people do with mails in the outbox, and the erasing of content that is not needed any more.
 */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"

#define ERASED_AT_ONCE 50 /* mails in one transaction: others want to write, too */

typedef struct Change {
	int64_t id;
	int64_t user_id;
	const char *actor;
	bool spares_unknown; /* is only about mails that nobody can have got */
} Change;

/* Goes on "Die E-Mail …". */
static const char *state_words(OutboxState state)
{
	static const char *const words[] = {
		[OUTBOX_QUEUED] = N_("steht schon zum Senden bereit"),
		[OUTBOX_SENDING] = N_("wird gerade gesendet"),
		[OUTBOX_SENT] = N_("ist schon gesendet"),
		[OUTBOX_WAITING] = N_("wartet auf den nächsten Versuch"),
		[OUTBOX_FAILED] = N_("konnte nicht gesendet werden"),
		[OUTBOX_UNKNOWN] = N_("ist vielleicht schon angekommen"),
		[OUTBOX_CANCELLED] = N_("wird nicht mehr gesendet"),
	};

	return _(words[state]);
}

bool outbox_refuse(const OutboxMail *mail, GError **error)
{
	failure_set(error, FAILURE_OUTBOX_STATE, state_words(mail->state), "mail %" PRId64 " is %s",
		mail->id, outbox_state_name(mail->state));
	return false;
}

static bool note_change(DbTransaction *transaction, const Change *change, const char *action,
	const OutboxMail *mail, GError **error)
{
	g_autofree char *subject = g_strdup_printf("%" PRId64, mail->id);
	g_autofree char *detail = g_strdup_printf(
		"mailbox: %s; state: %s", mail->sender, outbox_state_name(mail->state));

	return audit_add(transaction, change->actor, action, subject, detail, error);
}

/* ---- cancelling ---- */

/* Of a mail that is being sent only one that is not being handed over yet: its worker asks before
 * it does that, and finds the claim gone. What was sent before to some has its copies. */
static bool cancel_row(
	DbTransaction *transaction, const OutboxMail *mail, bool *changed, GError **error)
{
	int64_t count = 0;

	if (!db_run_counted(transaction, &count, error,
		    "UPDATE outbox_mails SET state = 6, next = 0, ended_at = $2,"
		    " copy_due = CASE WHEN $3 = 1 AND (sent_copy = 1 OR archive_copy = 1)"
		    " THEN coalesce(copy_due, 0) ELSE copy_due END"
		    " WHERE id = $1 AND (state IN (0, 3, 4, 5) OR (state = 1 AND handing = 0))",
		    db_int(mail->id), db_int(clock_now()),
		    db_int(outbox_is_served(mail->recipients))))
		return false;
	*changed = count == 1;
	return true;
}

static bool cancel_in(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autoptr(OutboxMail) mail = NULL;
	bool changed;

	if (!outbox_load_known(transaction, change->id, change->user_id, &mail, error) ||
		!cancel_row(transaction, mail, &changed, error))
		return false;
	if (!changed)
		return outbox_refuse(mail, error);
	return db_run(transaction, error,
		       "UPDATE outbox_recipients SET state = 6 WHERE mail_id = $1"
		       " AND state IN (0, 3)",
		       db_int(mail->id)) &&
	       note_change(transaction, change, "outbox.cancel", mail, error);
}

/* First what is true of mails whose worker is gone: they may have been handed over. */
bool outbox_cancel(Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error)
{
	Change change = {.id = id, .user_id = user_id, .actor = actor};

	return outbox_recover(outbox, NULL, error) &&
	       db_write(outbox->db, cancel_in, &change, error);
}

/* ---- trying again ---- */

static bool may_retry(const OutboxMail *mail, bool *copies_only)
{
	bool copies =
		mail->sent_copy == OUTBOX_COPY_FAILED || mail->archive_copy == OUTBOX_COPY_FAILED;

	*copies_only = mail->state == OUTBOX_SENT && copies;
	return *copies_only || mail->state == OUTBOX_WAITING || mail->state == OUTBOX_FAILED ||
	       mail->state == OUTBOX_UNKNOWN;
}

static bool check_retry(DbTransaction *transaction, const Change *change, const OutboxMail *mail,
	bool *copies_only, GError **error)
{
	int64_t content = 0;
	g_autofree char *number = g_strdup_printf("%" PRId64, mail->id);

	if (!may_retry(mail, copies_only) ||
		(change->spares_unknown && mail->state == OUTBOX_UNKNOWN))
		return outbox_refuse(mail, error);
	if (mail->user_id == 0) {
		failure_set(
			error, FAILURE_USER_UNKNOWN, mail->user, "mail %s: user removed", number);
		return false;
	}
	if (!db_get_int(transaction, &content, 0, error,
		    "SELECT content IS NOT NULL FROM outbox_mails WHERE id = $1", db_int(mail->id)))
		return false;
	if (content == 1)
		return true;
	failure_set(error, FAILURE_OUTBOX_ERASED, number, "mail %s: content erased", number);
	return false;
}

static bool queue_again(DbTransaction *transaction, const OutboxMail *mail, GError **error)
{
	return db_run(transaction, error,
		       "UPDATE outbox_mails SET state = 0, next = 0, ended_at = 0,"
		       " condition = NULL, reason = NULL, seen = 0, retried_at = $2 WHERE id = $1",
		       db_int(mail->id), db_int(clock_now())) &&
	       db_run(transaction, error,
		       "UPDATE outbox_recipients SET state = 0 WHERE mail_id = $1 AND state <> 2",
		       db_int(mail->id));
}

static bool copy_again(DbTransaction *transaction, const OutboxMail *mail, GError **error)
{
	return db_run(transaction, error,
		"UPDATE outbox_mails SET"
		" copy_due = CASE WHEN $2 = 1 AND (sent_copy IN (1, 3) OR archive_copy IN (1, 3))"
		" THEN 0 ELSE copy_due END,"
		" sent_copy = CASE sent_copy WHEN 3 THEN 1 ELSE sent_copy END,"
		" archive_copy = CASE archive_copy WHEN 3 THEN 1 ELSE archive_copy END"
		" WHERE id = $1",
		db_int(mail->id), db_int(outbox_is_served(mail->recipients)));
}

static bool retry_in(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autoptr(OutboxMail) mail = NULL;
	bool copies_only = false;

	return outbox_load_known(transaction, change->id, change->user_id, &mail, error) &&
	       check_retry(transaction, change, mail, &copies_only, error) &&
	       (copies_only || queue_again(transaction, mail, error)) &&
	       copy_again(transaction, mail, error) &&
	       note_change(transaction, change, "outbox.retry", mail, error);
}

bool outbox_retry(Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error)
{
	Change change = {.id = id, .user_id = user_id, .actor = actor};

	return outbox_recover(outbox, NULL, error) &&
	       db_write(outbox->db, retry_in, &change, error);
}

bool outbox_retry_certain(
	Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error)
{
	Change change = {id, user_id, actor, .spares_unknown = true};

	return outbox_recover(outbox, NULL, error) &&
	       db_write(outbox->db, retry_in, &change, error);
}

/* ---- having seen ---- */

static bool see_in(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autoptr(OutboxMail) mail = NULL;

	if (!outbox_load_known(transaction, change->id, change->user_id, &mail, error))
		return false;
	if (mail->state != OUTBOX_FAILED && mail->state != OUTBOX_UNKNOWN)
		return outbox_refuse(mail, error);
	return db_run(transaction, error, "UPDATE outbox_mails SET seen = 1 WHERE id = $1",
		db_int(mail->id));
}

bool outbox_see(Outbox *outbox, int64_t id, int64_t user_id, GError **error)
{
	Change change = {.id = id, .user_id = user_id};

	return db_write(outbox->db, see_in, &change, error);
}

/* ---- erasing ---- */

typedef struct Erasing {
	int64_t before;
	GArray *ids; /* int64_t */
	guint from;
} Erasing;

static bool find_over(DbTransaction *transaction, void *data, GError **error)
{
	const Erasing *erasing = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id FROM outbox_mails WHERE content IS NOT NULL AND ended_at > 0"
		" AND ended_at <= $1 AND copy_due IS NULL",
		db_int(erasing->before));

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		int64_t id = db_rows_int(rows, 0);

		g_array_append_val(erasing->ids, id);
	}
	return db_rows_end(failed, error);
}

/* Unless it was tried again meanwhile. */
static bool erase_one(DbTransaction *transaction, int64_t id, int64_t before, GError **error)
{
	int64_t content = 0;

	if (!db_get_int(transaction, &content, 0, error,
		    "SELECT CASE content WHEN 0 THEN id ELSE content END FROM outbox_mails"
		    " WHERE id = $1 AND ended_at > 0 AND ended_at <= $2 AND copy_due IS NULL",
		    db_int(id), db_int(before)))
		return false;
	if (content == 0)
		return true;
	return db_run(transaction, error, "UPDATE outbox_mails SET content = NULL WHERE id = $1",
		       db_int(id)) &&
	       db_run(transaction, error,
		       "DELETE FROM outbox_pieces WHERE id >= $1 * 1024 AND id < ($1 + 1) * 1024",
		       db_int(content));
}

static bool erase_some(DbTransaction *transaction, void *data, GError **error)
{
	const Erasing *erasing = data;
	guint end = MIN(erasing->from + ERASED_AT_ONCE, erasing->ids->len);

	for (guint i = erasing->from; i < end; i++) {
		if (!erase_one(transaction, g_array_index(erasing->ids, int64_t, i),
			    erasing->before, error))
			return false;
	}
	return true;
}

bool outbox_tidy(Outbox *outbox, int64_t age, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Erasing erasing = {clock_now() - age, ids, 0};

	if (!db_read(outbox->db, find_over, &erasing, error))
		return false;
	for (; erasing.from < ids->len; erasing.from += ERASED_AT_ONCE) {
		if (!db_write(outbox->db, erase_some, &erasing, error))
			return false;
	}
	return true;
}
