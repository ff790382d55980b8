/* Which mails come next: of one user and one sender, so that one connection serves them. */
#include "outbox/outbox_internal.h"

#include <string.h>

void outbox_candidate_free(void *data)
{
	OutboxCandidate *candidate = data;

	if (!candidate)
		return;
	g_free(candidate->sender);
	g_free(candidate);
}

static OutboxCandidate *read_candidate(DbRows *rows)
{
	OutboxCandidate *candidate = g_new(OutboxCandidate, 1);

	*candidate = (OutboxCandidate){
		.id = db_rows_int(rows, 0),
		.user_id = db_rows_int(rows, 1),
		.due = db_rows_int(rows, 2),
		.sender = g_strdup(db_rows_text(rows, 3)),
	};
	return candidate;
}

/* The user of PICK as rows have it. */
static int64_t row_user(const OutboxPick *pick)
{
	return pick->user_id == OUTBOX_REMOVED_USERS ? 0 : pick->user_id;
}

/* What is asked for before its time comes once, or whoever asks until nothing is left would never
 * end. */
static bool may_be_taken(const OutboxSearch *search, const OutboxCandidate *candidate)
{
	const OutboxPick *pick = search->pick;

	if (pick->user_id != 0 && candidate->user_id != row_user(pick))
		return false;
	return candidate->due <= search->now ||
	       (pick->all_waiting && !g_hash_table_contains(search->worker->taken, &candidate->id));
}

static bool belongs_to(const OutboxCandidate *candidate, const OutboxCandidate *lead)
{
	return !lead || (candidate->user_id == lead->user_id &&
				strcmp(candidate->sender, lead->sender) == 0);
}

/* Adds those of ROWS (taken; NULL: *ERROR is set) that may be taken and belong to the first of all,
 * until there are enough, or another user's turn would come. */
static bool take_rows(OutboxSearch *search, DbRows *taken, GError **error)
{
	GPtrArray *found = search->found;
	g_autoptr(DbRows) rows = taken;
	GError *failed = NULL;

	if (!rows)
		return false;
	while (found->len < search->limit && db_rows_next(rows, &failed)) {
		const OutboxCandidate *lead = found->len > 0 ? found->pdata[0] : NULL;
		OutboxCandidate *candidate = read_candidate(rows);
		bool is_anothers = lead && candidate->user_id != lead->user_id;

		if (may_be_taken(search, candidate) && belongs_to(candidate, lead))
			g_ptr_array_add(found, candidate);
		else
			outbox_candidate_free(candidate);
		if (is_anothers && !search->pick->ids)
			break;
	}
	return db_rows_end(failed, error);
}

/* ---- whoever's turn it is ---- */

/* Those to be sent, of one user or of all; the oldest first. */
static DbRows *select_mails(DbTransaction *transaction, const OutboxPick *pick, GError **error)
{
	if (pick->user_id != 0)
		return db_select(transaction, error,
			"SELECT id, user_id, next, sender FROM outbox_mails"
			" WHERE state NOT IN (2, 6) AND state IN (0, 3) AND user_id = $1"
			" AND user_id > 0 ORDER BY user_id, id",
			db_int(row_user(pick)));
	return db_select(transaction, error,
		"SELECT id, user_id, next, sender FROM outbox_mails"
		" WHERE state NOT IN (2, 6) AND state IN (0, 3) AND user_id > 0"
		" ORDER BY user_id, id");
}

/* Those that lack a copy, also of users who were removed. */
static DbRows *select_copies(DbTransaction *transaction, const OutboxPick *pick, GError **error)
{
	if (pick->user_id != 0)
		return db_select(transaction, error,
			"SELECT id, user_id, copy_due, sender FROM outbox_mails"
			" WHERE copy_due IS NOT NULL AND copy_worker IS NULL AND user_id = $1"
			" ORDER BY user_id, id",
			db_int(row_user(pick)));
	return db_select(transaction, error,
		"SELECT id, user_id, copy_due, sender FROM outbox_mails"
		" WHERE copy_due IS NOT NULL AND copy_worker IS NULL"
		" ORDER BY user_id, id");
}

static bool search_all(DbTransaction *transaction, OutboxSearch *search, GError **error)
{
	return take_rows(search,
		search->copies ? select_copies(transaction, search->pick, error)
			       : select_mails(transaction, search->pick, error),
		error);
}

/* ---- named ones ---- */

static DbRows *select_named(
	DbTransaction *transaction, const OutboxSearch *search, int64_t id, GError **error)
{
	if (search->copies)
		return db_select(transaction, error,
			"SELECT id, user_id, copy_due, sender FROM outbox_mails"
			" WHERE id = $1 AND copy_due IS NOT NULL AND copy_worker IS NULL",
			db_int(id));
	return db_select(transaction, error,
		"SELECT id, user_id, next, sender FROM outbox_mails"
		" WHERE id = $1 AND state IN (0, 3) AND user_id > 0",
		db_int(id));
}

static bool search_named(DbTransaction *transaction, OutboxSearch *search, GError **error)
{
	const OutboxPick *pick = search->pick;

	for (size_t i = 0; i < pick->id_count && search->found->len < search->limit; i++) {
		if (!take_rows(
			    search, select_named(transaction, search, pick->ids[i], error), error))
			return false;
	}
	return true;
}

bool outbox_search(DbTransaction *transaction, OutboxSearch *search, GError **error)
{
	g_ptr_array_set_size(search->found, 0);
	return search->pick->ids ? search_named(transaction, search, error)
				 : search_all(transaction, search, error);
}
