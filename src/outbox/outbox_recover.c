/* What becomes of claims whose owner works no more. Of a mail that was not being handed over
 * nothing can have reached a server: it waits again. Of one that was, or where a power cut may have
 * taken the word that it was, nobody knows. */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include "base/clock.h"
#include "failure/failure.h"

/* The recipients of MAIL that are in one of both states get STATE. */
static void change_open(OutboxMail *mail, OutboxState state)
{
	for (guint i = 0; i < mail->recipients->len; i++) {
		OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (recipient->state == OUTBOX_QUEUED || recipient->state == OUTBOX_WAITING)
			recipient->state = state;
	}
}

/* FAILURE says why, and names nothing. */
static bool put_unknown(
	DbTransaction *transaction, OutboxMail *mail, Failure failure, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *reason = NULL;

	failure_set(&why, failure, NULL, "nobody knows whether it was sent");
	reason = failure_sentence(why);
	change_open(mail, OUTBOX_UNKNOWN);
	return db_run(transaction, error,
		       "UPDATE outbox_mails SET state = 5, attempts = attempts + 1, next = 0,"
		       " ended_at = $2, condition = $3, reason = $4, handing = 0 WHERE id = $1",
		       db_int(mail->id), db_int(clock_now()), db_text(failure_name(why)),
		       db_text(reason)) &&
	       outbox_put_recipients(transaction, mail->id, mail->recipients, error);
}

bool outbox_cancel_orphan(DbTransaction *transaction, int64_t id, GError **error)
{
	int64_t changed = 0;

	if (!db_run_counted(transaction, &changed, error,
		    "UPDATE outbox_mails SET state = 6, next = 0, ended_at = $2,"
		    " copy_due = CASE WHEN archive_copy = 1 AND EXISTS (SELECT 1"
		    " FROM outbox_recipients WHERE mail_id = $1 AND state = 2)"
		    " THEN coalesce(copy_due, 0) END"
		    " WHERE id = $1 AND user_id = 0 AND state IN (0, 3)",
		    db_int(id), db_int(clock_now())))
		return false;
	return changed == 0 || db_run(transaction, error,
				       "UPDATE outbox_recipients SET state = 6 WHERE mail_id = $1"
				       " AND state IN (0, 3)",
				       db_int(id));
}

static bool give_back(DbTransaction *transaction, OutboxMail *mail, GError **error)
{
	return db_run(transaction, error,
		       "UPDATE outbox_mails SET state = $2, handing = 0 WHERE id = $1",
		       db_int(mail->id), db_int(outbox_state_of(mail->recipients))) &&
	       outbox_cancel_orphan(transaction, mail->id, error);
}

/* ---- the claims of one owner ---- */

typedef struct Claim {
	int64_t id, number;
	int64_t handing; /* as in the row */
} Claim;

/* Claim, yours. */
static GArray *find_claims(DbTransaction *transaction, const char *name, GError **error)
{
	g_autoptr(GArray) claims = g_array_new(FALSE, FALSE, sizeof(Claim));
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, claim, handing FROM outbox_mails WHERE state NOT IN (2, 6) AND state = "
		"1"
		" AND worker = $1",
		db_text(name));

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed)) {
		Claim claim = {db_rows_int(rows, 0), db_rows_int(rows, 1), db_rows_int(rows, 2)};

		g_array_append_val(claims, claim);
	}
	return db_rows_end(failed, error) ? g_steal_pointer(&claims) : NULL;
}

/* Whether the mail may have reached a server. */
static bool may_have_gone(const Claim *claim, OutboxLife life, const OutboxJournal *journal)
{
	if (life == OUTBOX_LOST || claim->handing == OUTBOX_HANDING)
		return true;
	return claim->handing == OUTBOX_AHEAD &&
	       (!journal || outbox_journal_has_handed(journal, claim->id, claim->number));
}

static bool settle_claim(DbTransaction *transaction, const char *name, const Claim *claim,
	OutboxLife life, const OutboxJournal *journal, GError **error)
{
	const OutboxWord *word =
		journal ? outbox_journal_find(journal, claim->id, claim->number) : NULL;
	g_autoptr(OutboxMail) mail = NULL;
	bool noted;

	if (word)
		return outbox_put_word(transaction, name, word, &noted, error);
	if (!outbox_load(transaction, claim->id, &mail, error))
		return false;
	return may_have_gone(claim, life, journal)
		       ? put_unknown(transaction, mail, FAILURE_SENT_INTERRUPTED, error)
		       : give_back(transaction, mail, error);
}

/* int64_t, yours. */
static GArray *find_stages(DbTransaction *transaction, const char *name, GError **error)
{
	g_autoptr(GArray) stages = g_array_new(FALSE, FALSE, sizeof(int64_t));
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT id FROM outbox_stages WHERE owner = $1", db_text(name));

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed)) {
		int64_t stage = db_rows_int(rows, 0);

		g_array_append_val(stages, stage);
	}
	return db_rows_end(failed, error) ? g_steal_pointer(&stages) : NULL;
}

/* Content that nobody will queue any more. */
static bool drop_stages(DbTransaction *transaction, const char *name, GError **error)
{
	g_autoptr(GArray) stages = find_stages(transaction, name, error);

	for (guint i = 0; stages && i < stages->len; i++) {
		if (!outbox_drop_stage(transaction, g_array_index(stages, int64_t, i), error))
			return false;
	}
	return stages != NULL;
}

bool outbox_settle(DbTransaction *transaction, const char *name, OutboxLife life,
	const OutboxJournal *journal, unsigned *count, GError **error)
{
	g_autoptr(GArray) claims = find_claims(transaction, name, error);

	for (guint i = 0; claims && i < claims->len; i++) {
		if (!settle_claim(transaction, name, &g_array_index(claims, Claim, i), life,
			    journal, error))
			return false;
	}
	if (!claims ||
		!db_run(transaction, error,
			"UPDATE outbox_mails SET copy_worker = NULL WHERE copy_due IS NOT NULL"
			" AND copy_worker = $1",
			db_text(name)))
		return false;
	*count += claims->len;
	return drop_stages(transaction, name, error);
}

/* ---- all ---- */

typedef struct Recovery {
	const Outbox *outbox;
	const OutboxDead *dead;
	GPtrArray *names; /* char *: of owners that work no more */
	unsigned count;
} Recovery;

static bool find_names(DbTransaction *transaction, void *data, GError **error)
{
	const Recovery *recovery = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT worker FROM outbox_mails WHERE state NOT IN (2, 6) AND state = 1"
		" UNION SELECT copy_worker FROM outbox_mails WHERE copy_due IS NOT NULL"
		" AND copy_worker IS NOT NULL UNION SELECT owner FROM outbox_stages");

	if (!rows)
		return false;
	g_ptr_array_set_size(recovery->names, 0);
	while (db_rows_next(rows, &failed)) {
		const char *name = db_rows_text(rows, 0);

		if (outbox_life_of(recovery->outbox, recovery->dead, name) != OUTBOX_ALIVE)
			g_ptr_array_add(recovery->names, g_strdup(name));
	}
	return db_rows_end(failed, error);
}

/* Whose name was found dead or lost stays so. */
static bool settle_all(DbTransaction *transaction, void *data, GError **error)
{
	Recovery *recovery = data;

	recovery->count = 0;
	for (guint i = 0; i < recovery->names->len; i++) {
		const char *name = recovery->names->pdata[i];
		OutboxLife life = outbox_life_of(recovery->outbox, recovery->dead, name);
		const OutboxLease *lease = g_hash_table_lookup(recovery->dead->leases, name);
		g_autoptr(OutboxJournal) journal =
			life == OUTBOX_KILLED ? outbox_journal_read(lease->file) : NULL;

		if (!outbox_settle(transaction, name, life, journal, &recovery->count, error))
			return false;
	}
	return true;
}

bool outbox_recover(Outbox *outbox, unsigned *count, GError **error)
{
	g_auto(OutboxDead) dead = {0};
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	Recovery recovery = {outbox, &dead, names, 0};

	/* First who is dead, then what they left: so nothing of theirs is overlooked, and no row
	 * names them when their files go. */
	if (!outbox_dead_find(outbox, &dead, error) ||
		!db_read(outbox->db, find_names, &recovery, error) ||
		(names->len > 0 && !db_write(outbox->db, settle_all, &recovery, error)))
		return false;
	outbox_dead_remove(&dead);
	if (count)
		*count = recovery.count;
	return true;
}

/* ---- a backup that was restored ---- */

/* int64_t, yours. */
static GArray *find_under_way(DbTransaction *transaction, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id FROM outbox_mails WHERE state NOT IN (2, 6) AND state IN (0, 1, 3)");

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed)) {
		int64_t id = db_rows_int(rows, 0);

		g_array_append_val(ids, id);
	}
	return db_rows_end(failed, error) ? g_steal_pointer(&ids) : NULL;
}

static bool doubt_all(DbTransaction *transaction, void *data, GError **error)
{
	unsigned *count = data;
	g_autoptr(GArray) ids = find_under_way(transaction, error);

	for (guint i = 0; ids && i < ids->len; i++) {
		g_autoptr(OutboxMail) mail = NULL;

		if (!outbox_load(transaction, g_array_index(ids, int64_t, i), &mail, error) ||
			!put_unknown(transaction, mail, FAILURE_SENT_RESTORED, error))
			return false;
	}
	if (ids)
		*count = ids->len;
	return ids != NULL;
}

bool outbox_doubt(Outbox *outbox, unsigned *count, GError **error)
{
	return db_write(outbox->db, doubt_all, count, error);
}
