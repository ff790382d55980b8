/* One worker's claims. */
#include "outbox/outbox_internal.h"

#include "base/clock.h"

/* ---- claims in memory ---- */

int64_t outbox_claim_number(GHashTable *claims, int64_t id)
{
	const int64_t *number = g_hash_table_lookup(claims, &id);

	return number ? *number : -1;
}

void outbox_claim_note(GHashTable *claims, int64_t id, int64_t number)
{
	g_hash_table_replace(claims, g_memdup2(&id, sizeof id), g_memdup2(&number, sizeof number));
}

OutboxWorker *outbox_worker_new(Outbox *outbox, GError **error)
{
	OutboxLease *lease = outbox_lease_new(outbox, error);
	OutboxWorker *worker;

	if (!lease)
		return NULL;
	worker = g_new0(OutboxWorker, 1);
	worker->outbox = outbox;
	worker->lease = lease;
	worker->claims = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	worker->copies = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	worker->taken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	worker->ahead = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	worker->order = g_array_new(FALSE, FALSE, sizeof(int64_t));
	worker->words = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_word_free);
	return worker;
}

/* A durable commit of hardly anything takes all relaxed ones before it along. */
static bool touch(DbTransaction *transaction, void *data, GError **error)
{
	const OutboxWorker *worker = data;

	return db_run(transaction, error,
		"UPDATE outbox_versions SET version = version + 1 WHERE user_id = $1",
		db_int(worker->unsynced));
}

static bool sync_notes(OutboxWorker *worker, GError **error)
{
	if (worker->unsynced == 0)
		return true;
	if (!db_write(worker->outbox->db, touch, worker, error))
		return false;
	worker->unsynced = 0;
	return true;
}

static bool settle_own(DbTransaction *transaction, void *data, GError **error)
{
	const OutboxWorker *worker = data;
	unsigned count = 0;

	return outbox_settle(transaction, worker->lease->name, OUTBOX_KILLED, NULL, &count, error);
}

/* False: rows may name the worker still. */
static bool leave(OutboxWorker *worker)
{
	if (!outbox_put_words(worker, NULL))
		return false;
	if (g_hash_table_size(worker->claims) > 0 || g_hash_table_size(worker->copies) > 0)
		return db_write(worker->outbox->db, settle_own, worker, NULL);
	sync_notes(worker, NULL);
	return true;
}

void outbox_worker_free(OutboxWorker *worker)
{
	if (!worker)
		return;
	outbox_lease_free(worker->lease, !leave(worker));
	g_hash_table_unref(worker->claims);
	g_hash_table_unref(worker->copies);
	g_hash_table_unref(worker->taken);
	g_hash_table_unref(worker->ahead);
	g_array_unref(worker->order);
	g_ptr_array_unref(worker->words);
	g_free(worker);
}

/* ---- claiming ---- */

typedef struct Claiming {
	OutboxSearch search;
	const char *name;
	GPtrArray *mails; /* OutboxMail * */
	GArray *numbers;  /* int64_t, of each one's claim */
} Claiming;

static bool search_only(DbTransaction *transaction, void *data, GError **error)
{
	return outbox_search(transaction, data, error);
}

static bool claim_one(
	DbTransaction *transaction, const Claiming *claiming, int64_t id, GError **error)
{
	OutboxMail *mail = NULL;
	OutboxClaims claims = {0};

	if (!db_run(transaction, error,
		    "UPDATE outbox_mails SET state = 1, worker = $2, claim = claim + 1,"
		    " handing = 0 WHERE id = $1",
		    db_int(id), db_text(claiming->name)) ||
		!outbox_load_claimed(transaction, id, &mail, &claims, error))
		return false;
	g_ptr_array_add(claiming->mails, mail);
	g_array_append_val(claiming->numbers, claims.sending);
	return true;
}

/* Searches anew: somebody may have been faster. */
static bool claim_all(DbTransaction *transaction, void *data, GError **error)
{
	Claiming *claiming = data;
	const GPtrArray *found = claiming->search.found;

	g_ptr_array_set_size(claiming->mails, 0);
	g_array_set_size(claiming->numbers, 0);
	if (!outbox_search(transaction, &claiming->search, error))
		return false;
	for (guint i = 0; i < found->len; i++) {
		if (!claim_one(transaction, claiming,
			    ((const OutboxCandidate *)found->pdata[i])->id, error))
			return false;
	}
	return true;
}

static bool claim_durably(OutboxWorker *worker, Claiming *claiming, GError **error)
{
	if (!db_write(worker->outbox->db, claim_all, claiming, error))
		return false;
	g_array_set_size(worker->order, 0);
	for (guint i = 0; i < claiming->mails->len; i++) {
		const OutboxMail *mail = claiming->mails->pdata[i];

		g_array_append_val(worker->order, mail->id);
		outbox_claim_note(
			worker->claims, mail->id, g_array_index(claiming->numbers, int64_t, i));
	}
	if (claiming->mails->len > 0)
		worker->unsynced = 0;
	return true;
}

GPtrArray *outbox_claim(OutboxWorker *worker, const OutboxPick *pick, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) mails =
		g_ptr_array_new_with_free_func((GDestroyNotify)outbox_mail_free);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(outbox_candidate_free);
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Claiming claiming = {
		.search = {worker, pick, false, limit, clock_now(), found},
		.name = worker->lease->name,
		.mails = mails,
		.numbers = numbers,
	};

	if (!outbox_put_words(worker, error))
		return NULL;
	/* Asking often, with nothing to do, must not keep others from writing. */
	if (!worker->busy && !db_read(worker->outbox->db, search_only, &claiming.search, error))
		return NULL;
	if ((worker->busy || found->len > 0) && !claim_durably(worker, &claiming, error))
		return NULL;
	worker->busy = mails->len > 0;
	if (mails->len == 0 ? !sync_notes(worker, error)
			    : !outbox_fill_in(worker->outbox, mails, error))
		return NULL;
	return g_steal_pointer(&mails);
}
