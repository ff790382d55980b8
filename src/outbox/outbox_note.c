/* The moment of handing over, and what came of it. Each change compares the worker's name and the
 * claim's number, so that whose claim is over changes nothing.
 *
 * Where a server is quick, a commit for each mail would take longer than the mail. So a worker that
 * goes from one mail straight to the next calls some of its mails ahead, in one commit: nobody can
 * cancel them any more. What becomes of these it says in its journal, which outlives it, and then
 * of many in one commit. */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include "base/clock.h"

#define AHEAD 32  /* mails */
#define DELAY 200 /* milliseconds that a word may be missing in the rows */

/* ---- words in the rows ---- */

/* A word that comes after others took its worker for lost (state 5) is the better one. */
static bool put_state(DbTransaction *transaction, const char *name, const OutboxWord *word,
	bool is_over, bool *noted, GError **error)
{
	OutboxState state = outbox_state_of(word->recipients);
	bool is_copied = is_over && state != OUTBOX_UNKNOWN && outbox_is_served(word->recipients);
	int64_t changed = 0;

	if (!db_run_counted(transaction, &changed, error,
		    "UPDATE outbox_mails SET state = $4, attempts = attempts + $5, next = $6,"
		    " ended_at = $7, handing = 0, handed_at = CASE WHEN $11 > handed_at THEN $11 "
		    "ELSE handed_at END,"
		    " condition = CASE $4 WHEN 0 THEN condition ELSE $8 END,"
		    " reason = CASE $4 WHEN 0 THEN reason ELSE $9 END,"
		    " copy_due = CASE WHEN $10 = 1 AND (sent_copy = 1 OR archive_copy = 1)"
		    " THEN coalesce(copy_due, 0) ELSE copy_due END"
		    " WHERE id = $1 AND claim = $2 AND worker = $3 AND state IN (1, 5)",
		    db_int(word->id), db_int(word->claim), db_text(name), db_int(state),
		    db_int(state != OUTBOX_QUEUED),
		    db_int(state == OUTBOX_WAITING ? word->next : 0),
		    db_int(is_over ? word->noted_at : 0), db_text(word->condition),
		    db_text(word->reason), db_int(is_copied), db_int(word->handed_at)))
		return false;
	*noted = changed == 1;
	return true;
}

bool outbox_put_word(DbTransaction *transaction, const char *name, const OutboxWord *word,
	bool *noted, GError **error)
{
	OutboxState state = outbox_state_of(word->recipients);
	bool is_over = state != OUTBOX_QUEUED && state != OUTBOX_WAITING;

	if (!put_state(transaction, name, word, is_over, noted, error))
		return false;
	if (!*noted)
		return true;
	return outbox_put_recipients(transaction, word->id, word->recipients, error) &&
	       (is_over || outbox_cancel_orphan(transaction, word->id, error));
}

/* ---- one commit ---- */

typedef struct Noting {
	const OutboxWorker *worker;
	const OutboxWord *word; /* nullable, beside those of the journal */
	const OutboxMail *next; /* handed over now; nullable */
	bool ahead;		/* so are others, soon */
	bool goes_on;		/* NEXT is ours still */
	GArray *marked;		/* int64_t: who is called ahead now */
} Noting;

/* Our claim on the mail of ID gets HANDING; *CHANGED: it holds. */
static bool mark(DbTransaction *transaction, const OutboxWorker *worker, int64_t id, int handing,
	bool *changed, GError **error)
{
	int64_t count = 0;

	if (!db_run_counted(transaction, &count, error,
		    "UPDATE outbox_mails SET handing = $4, handed_at = CASE $4 WHEN 1 THEN $5"
		    " ELSE handed_at END"
		    " WHERE id = $1 AND claim = $2 AND worker = $3 AND state = 1",
		    db_int(id), db_int(outbox_claim_number(worker->claims, id)),
		    db_text(worker->lease->name), db_int(handing), db_int(clock_now())))
		return false;
	*changed = count == 1;
	return true;
}

static bool put_all(DbTransaction *transaction, const Noting *noting, GError **error)
{
	const OutboxWorker *worker = noting->worker;
	const char *name = worker->lease->name;
	bool noted;

	for (guint i = 0; i < worker->words->len; i++) {
		if (!outbox_put_word(transaction, name, worker->words->pdata[i], &noted, error))
			return false;
	}
	return !noting->word || outbox_put_word(transaction, name, noting->word, &noted, error);
}

/* Nobody but the next one is ahead any more. */
static bool unmark(DbTransaction *transaction, const Noting *noting, GError **error)
{
	GHashTableIter each;
	void *key;
	bool changed;

	g_hash_table_iter_init(&each, noting->worker->ahead);
	while (g_hash_table_iter_next(&each, &key, NULL)) {
		int64_t id = *(const int64_t *)key;

		if ((!noting->next || id != noting->next->id) &&
			!mark(transaction, noting->worker, id, 0, &changed, error))
			return false;
	}
	return true;
}

/* Those that were claimed behind the next one. */
static bool mark_ahead(DbTransaction *transaction, const Noting *noting, GError **error)
{
	const OutboxWorker *worker = noting->worker;
	const GArray *order = worker->order;
	guint at = 0;

	g_array_set_size(noting->marked, 0);
	while (at < order->len && g_array_index(order, int64_t, at) != noting->next->id)
		at++;
	for (guint i = at + 1; i < order->len && i <= at + AHEAD; i++) {
		int64_t id = g_array_index(order, int64_t, i);
		bool changed = false;

		if (g_hash_table_contains(worker->ahead, &id))
			continue;
		if (!mark(transaction, worker, id, OUTBOX_AHEAD, &changed, error))
			return false;
		if (changed)
			g_array_append_val(noting->marked, id);
	}
	return true;
}

/* A mail that only the journal calls handed over, and that nothing came of yet: the journal is
 * emptied. */
static bool mark_handed(DbTransaction *transaction, const Noting *noting, GError **error)
{
	int64_t id = noting->worker->handed;
	bool changed;

	if (id == 0 || (noting->word && noting->word->id == id))
		return true;
	return mark(transaction, noting->worker, id, OUTBOX_HANDING, &changed, error);
}

static bool note_all(DbTransaction *transaction, void *data, GError **error)
{
	Noting *noting = data;

	if (!put_all(transaction, noting, error) || !mark_handed(transaction, noting, error))
		return false;
	if (noting->next && !mark(transaction, noting->worker, noting->next->id, OUTBOX_HANDING,
				    &noting->goes_on, error))
		return false;
	return noting->next && noting->ahead ? mark_ahead(transaction, noting, error)
					     : unmark(transaction, noting, error);
}

/* What NOTING says, and all in the journal. */
static bool commit(OutboxWorker *worker, Noting *noting, GError **error)
{
	g_autoptr(GArray) marked = g_array_new(FALSE, FALSE, sizeof(int64_t));

	noting->worker = worker;
	noting->marked = marked;
	if (!db_write_relaxed(worker->outbox->db, note_all, noting, error))
		return false;
	if (worker->words->len > 0)
		outbox_journal_clear(worker->lease);
	g_ptr_array_set_size(worker->words, 0);
	if (noting->next && noting->ahead)
		g_hash_table_remove(worker->ahead, &noting->next->id);
	else
		g_hash_table_remove_all(worker->ahead);
	for (guint i = 0; i < marked->len; i++)
		g_hash_table_add(worker->ahead,
			g_memdup2(&g_array_index(marked, int64_t, i), sizeof(int64_t)));
	return true;
}

bool outbox_put_words(OutboxWorker *worker, GError **error)
{
	Noting noting = {0};

	return (worker->words->len == 0 && g_hash_table_size(worker->ahead) == 0) ||
	       commit(worker, &noting, error);
}

/* ---- a worker's word ---- */

static void note_handed(OutboxWorker *worker, const OutboxMail *mail)
{
	worker->handed = mail->id;
	worker->handed_at = clock_now();
}

bool outbox_handing_over(OutboxWorker *worker, const OutboxMail *mail, bool *go_on, GError **error)
{
	Noting noting = {.next = mail};

	if (!commit(worker, &noting, error))
		return false;
	*go_on = noting.goes_on;
	note_handed(worker, mail);
	return true;
}

/* Whether the rows may learn later of what is said with NEXT. */
static bool may_wait(const OutboxWorker *worker, const OutboxMail *next)
{
	return g_hash_table_contains(worker->ahead, &next->id) &&
	       (worker->words->len == 0 || clock_monotonic() - worker->since < DELAY);
}

/* WORD, and that NEXT (nullable) is handed over, in the journal alone; WORD is taken then. */
static bool say(OutboxWorker *worker, OutboxWord **word, const OutboxMail *next)
{
	int64_t id = next ? next->id : 0;
	int64_t claim = next ? outbox_claim_number(worker->claims, id) : 0;

	if (!outbox_journal_add(worker->lease, *word, id, claim))
		return false;
	if (worker->words->len == 0)
		worker->since = clock_monotonic();
	g_ptr_array_add(worker->words, g_steal_pointer(word));
	if (next)
		g_hash_table_remove(worker->ahead, &id);
	return true;
}

static void forget(OutboxWorker *worker, const OutboxMail *mail)
{
	if (worker->handed == mail->id)
		worker->handed = 0;
	worker->unsynced = mail->user_id;
	g_hash_table_remove(worker->claims, &mail->id);
	g_hash_table_add(worker->taken, g_memdup2(&mail->id, sizeof mail->id));
}

bool outbox_note(OutboxWorker *worker, const OutboxOutcome *outcome, const OutboxMail *next_mail,
	bool *next_goes_on, GError **error)
{
	const OutboxMail *mail = outcome->mail;
	g_autoptr(OutboxWord) word =
		outbox_word_new(outcome, outbox_claim_number(worker->claims, mail->id),
			worker->handed == mail->id ? worker->handed_at : 0);
	Noting noting = {.word = word, .next = next_mail, .ahead = true};

	if (next_mail && may_wait(worker, next_mail) && say(worker, &word, next_mail)) {
		noting.goes_on = true;
	} else if (!commit(worker, &noting, error)) {
		/* The rows learn of it when they can be written again. */
		if (say(worker, &word, NULL))
			forget(worker, mail);
		return false;
	}
	forget(worker, mail);
	if (next_mail) {
		*next_goes_on = noting.goes_on;
		note_handed(worker, next_mail);
	}
	return true;
}
