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

/* What is asked for before its time comes once, or whoever asks until nothing is left would never
 * end. */
static bool may_be_taken(const OutboxSearch *search, const OutboxCandidate *candidate)
{
	const OutboxPick *pick = search->pick;

	if (pick->user_id != 0 && candidate->user_id != pick->user_id)
		return false;
	if (pick->after_user != 0 && candidate->user_id <= pick->after_user)
		return false;
	return candidate->due <= search->now ||
	       (pick->all_waiting && !g_hash_table_contains(search->worker->taken, &candidate->id));
}

static bool belongs_to(const OutboxCandidate *candidate, const OutboxCandidate *lead)
{
	return !lead || (candidate->user_id == lead->user_id &&
				strcmp(candidate->sender, lead->sender) == 0);
}

/* Adds those of ROWS (taken; NULL: *ERROR is set) that may be taken and belong to LEAD (NULL: any)
 * to FOUND, until it has LIMIT. */
static bool take_rows(const OutboxSearch *search, DbRows *taken, const OutboxCandidate *lead,
	size_t limit, GPtrArray *found, GError **error)
{
	g_autoptr(DbRows) rows = taken;
	GError *failed = NULL;

	if (!rows)
		return false;
	while (found->len < limit && db_rows_next(rows, &failed)) {
		OutboxCandidate *candidate = read_candidate(rows);

		if (may_be_taken(search, candidate) && belongs_to(candidate, lead))
			g_ptr_array_add(found, candidate);
		else
			outbox_candidate_free(candidate);
	}
	return outbox_pass(failed, error);
}

/* ---- whoever's turn it is ---- */

/* Where open mails stand: those queued, those that wait, and those that lack a copy. */
typedef enum Place { QUEUED = OUTBOX_QUEUED, WAITING = OUTBOX_WAITING, COPIES } Place;

/* One user's, the oldest first. */
static DbRows *select_user(DbTransaction *transaction, Place place, int64_t user_id, GError **error)
{
	if (place == COPIES)
		return db_select(transaction, error,
			"SELECT id, user_id, copy_due, sender FROM outbox_mails"
			" WHERE copy_due IS NOT NULL AND copy_worker IS NULL AND user_id = $1"
			" ORDER BY user_id, id",
			db_int(user_id));
	return db_select(transaction, error,
		"SELECT id, user_id, next, sender FROM outbox_mails"
		" WHERE state NOT IN (2, 6) AND state = $1 AND user_id = $2 ORDER BY user_id, id",
		db_int(place), db_int(user_id));
}

/* Everybody's with a greater id than AFTER, in turn. */
static DbRows *select_users(DbTransaction *transaction, Place place, int64_t after, GError **error)
{
	if (place == COPIES)
		return db_select(transaction, error,
			"SELECT id, user_id, copy_due, sender FROM outbox_mails"
			" WHERE copy_due IS NOT NULL AND copy_worker IS NULL AND user_id > $1"
			" ORDER BY user_id, id",
			/* A removed user's are archived. */
			db_int(after > 0 ? after : -1));
	return db_select(transaction, error,
		"SELECT id, user_id, next, sender FROM outbox_mails"
		" WHERE state NOT IN (2, 6) AND state = $1 AND user_id > $2 ORDER BY user_id, id",
		db_int(place), db_int(after));
}

static gint compare_candidates(gconstpointer one, gconstpointer other)
{
	const OutboxCandidate *first = *(const OutboxCandidate *const *)one;
	const OutboxCandidate *second = *(const OutboxCandidate *const *)other;

	if (first->user_id != second->user_id)
		return first->user_id < second->user_id ? -1 : 1;
	return first->id < second->id ? -1 : first->id > second->id;
}

static GPtrArray *new_candidates(void)
{
	return g_ptr_array_new_with_free_func(outbox_candidate_free);
}

static size_t find_places(const OutboxSearch *search, const Place **places)
{
	static const Place to_send[] = {QUEUED, WAITING};
	static const Place to_copy[] = {COPIES};

	*places = search->copies ? to_copy : to_send;
	return search->copies ? G_N_ELEMENTS(to_copy) : G_N_ELEMENTS(to_send);
}

/* The first whose turn it is, alone in LEADS; leaves it empty where there is none. */
static bool find_lead(
	DbTransaction *transaction, const OutboxSearch *search, GPtrArray *leads, GError **error)
{
	const OutboxPick *pick = search->pick;
	const Place *places;
	size_t count = find_places(search, &places);

	for (size_t i = 0; i < count; i++) {
		DbRows *rows =
			pick->user_id != 0
				? select_user(transaction, places[i], pick->user_id, error)
				: select_users(transaction, places[i], pick->after_user, error);

		if (!take_rows(search, rows, NULL, leads->len + 1, leads, error))
			return false;
	}
	g_ptr_array_sort(leads, compare_candidates);
	return true;
}

static bool search_all(DbTransaction *transaction, OutboxSearch *search, GError **error)
{
	g_autoptr(GPtrArray) leads = new_candidates();
	const OutboxCandidate *lead;
	const Place *places;
	size_t count = find_places(search, &places);

	if (!find_lead(transaction, search, leads, error))
		return false;
	lead = leads->len > 0 ? leads->pdata[0] : NULL;
	for (size_t i = 0; lead && i < count; i++) {
		if (!take_rows(search, select_user(transaction, places[i], lead->user_id, error),
			    lead, search->found->len + search->limit, search->found, error))
			return false;
	}
	g_ptr_array_sort(search->found, compare_candidates);
	if (search->found->len > search->limit)
		g_ptr_array_set_size(search->found, (gint)search->limit);
	return true;
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
	GPtrArray *found = search->found;

	for (size_t i = 0; i < search->pick->id_count && found->len < search->limit; i++) {
		const OutboxCandidate *lead = found->len > 0 ? found->pdata[0] : NULL;

		if (!take_rows(search,
			    select_named(transaction, search, search->pick->ids[i], error), lead,
			    search->limit, found, error))
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
