/* Copies of mails that were sent. Making one twice is one all the same (who makes it looks first),
 * so nothing here waits for the disk. */
#include "outbox/outbox_internal.h"

#include "base/clock.h"

typedef struct Claiming {
	OutboxSearch search;
	const char *name;
	GPtrArray *mails; /* OutboxMail * */
	GArray *numbers;  /* int64_t, of each one's claim */
} Claiming;

static bool release_own(DbTransaction *transaction, const char *name, GError **error)
{
	return db_run(transaction, error,
		"UPDATE outbox_mails SET copy_worker = NULL WHERE copy_due IS NOT NULL"
		" AND copy_worker = $1",
		db_text(name));
}

static bool claim_one(
	DbTransaction *transaction, const Claiming *claiming, int64_t id, GError **error)
{
	OutboxMail *mail = NULL;
	OutboxClaims claims = {0};

	if (!db_run(transaction, error,
		    "UPDATE outbox_mails SET copy_worker = $2, copy_claim = copy_claim + 1"
		    " WHERE id = $1",
		    db_int(id), db_text(claiming->name)) ||
		!outbox_load_claimed(transaction, id, &mail, &claims, error))
		return false;
	g_ptr_array_add(claiming->mails, mail);
	g_array_append_val(claiming->numbers, claims.copying);
	return true;
}

static bool claim_all(DbTransaction *transaction, void *data, GError **error)
{
	Claiming *claiming = data;
	const GPtrArray *found = claiming->search.found;

	g_ptr_array_set_size(claiming->mails, 0);
	g_array_set_size(claiming->numbers, 0);
	if (!release_own(transaction, claiming->name, error) ||
		!outbox_search(transaction, &claiming->search, error))
		return false;
	for (guint i = 0; i < found->len; i++) {
		if (!claim_one(transaction, claiming,
			    ((const OutboxCandidate *)found->pdata[i])->id, error))
			return false;
	}
	return true;
}

static bool search_only(DbTransaction *transaction, void *data, GError **error)
{
	return outbox_search(transaction, data, error);
}

/* Whether there is anything to write: a claim, or the end of one. */
static bool is_needed(OutboxWorker *worker, OutboxSearch *search, bool *needed, GError **error)
{
	if (!db_read(worker->outbox->db, search_only, search, error))
		return false;
	*needed = search->found->len > 0 || g_hash_table_size(worker->copies) > 0;
	return true;
}

GPtrArray *outbox_claim_copies(
	OutboxWorker *worker, const OutboxPick *pick, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) mails =
		g_ptr_array_new_with_free_func((GDestroyNotify)outbox_mail_free);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(outbox_candidate_free);
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Claiming claiming = {
		.search = {worker, pick, true, limit, clock_now(), found},
		.name = worker->lease->name,
		.mails = mails,
		.numbers = numbers,
	};
	bool needed;

	if (!is_needed(worker, &claiming.search, &needed, error) ||
		(needed && !db_write_relaxed(worker->outbox->db, claim_all, &claiming, error)))
		return NULL;
	g_hash_table_remove_all(worker->copies);
	for (guint i = 0; i < mails->len; i++)
		outbox_claim_note(worker->copies, ((const OutboxMail *)mails->pdata[i])->id,
			g_array_index(numbers, int64_t, i));
	return outbox_fill_in(worker->outbox, mails, error) ? g_steal_pointer(&mails) : NULL;
}

/* ---- what came of one ---- */

typedef struct Noting {
	int64_t id;
	int64_t number;
	bool archive;
	OutboxCopy copy;
	int64_t archive_id;
	const char *reason;
	int64_t next;
} Noting;

/* What is still pending keeps the claim, unless it is to be tried later. */
static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Noting *noting = data;

	if (noting->archive)
		return db_run(transaction, error,
			"UPDATE outbox_mails SET archive_copy = $3, archive_reason = $4,"
			" archive_id = CASE $6 WHEN 0 THEN archive_id ELSE $6 END,"
			" copy_due = CASE WHEN $3 = 1 THEN $5 WHEN sent_copy = 1 THEN copy_due END,"
			" copy_worker = CASE WHEN $3 <> 1 AND sent_copy = 1 THEN copy_worker END"
			" WHERE id = $1 AND copy_claim = $2",
			db_int(noting->id), db_int(noting->number), db_int(noting->copy),
			db_text(noting->reason), db_int(noting->next), db_int(noting->archive_id));
	return db_run(transaction, error,
		"UPDATE outbox_mails SET sent_copy = $3, copy_reason = $4,"
		" copy_due = CASE WHEN $3 = 1 THEN $5 WHEN archive_copy = 1 THEN copy_due END,"
		" copy_worker = CASE WHEN $3 <> 1 AND archive_copy = 1 THEN copy_worker END"
		" WHERE id = $1 AND copy_claim = $2",
		db_int(noting->id), db_int(noting->number), db_int(noting->copy),
		db_text(noting->reason), db_int(noting->next));
}

bool outbox_note_copy(OutboxWorker *worker, const OutboxMail *mail, bool archive, OutboxCopy copy,
	int64_t archive_id, const char *reason, int64_t next, GError **error)
{
	const Noting noting = {
		.id = mail->id,
		.number = outbox_claim_number(worker->copies, mail->id),
		.archive = archive,
		.copy = copy,
		.archive_id = archive_id,
		.reason = reason,
		.next = next,
	};

	if (!db_write_relaxed(worker->outbox->db, note_in, (void *)&noting, error))
		return false;
	g_hash_table_add(worker->taken, g_memdup2(&mail->id, sizeof mail->id));
	return true;
}
