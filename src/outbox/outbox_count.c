/* How much there is to do, and whose. */
#include "outbox/outbox_internal.h"

#include "base/clock.h"

typedef struct Counting {
	int64_t user_id;
	int64_t now;
	OutboxCounts *counts;
	int64_t first; /* the id of the first that is not sent yet; 0: none */
} Counting;

static void earlier(OutboxCounts *counts, int64_t time)
{
	if (counts->next == 0 || time < counts->next)
		counts->next = time;
}

/* ---- what is under way ---- */

static void take_count(Counting *counting, DbRows *rows)
{
	OutboxCounts *counts = counting->counts;
	OutboxState state = (OutboxState)db_rows_int(rows, 0);
	uint64_t count = (uint64_t)db_rows_int(rows, 1);
	int64_t first = db_rows_int(rows, 3);

	if (state == OUTBOX_QUEUED) {
		counts->queued = count;
		earlier(counts, counting->now);
	} else if (state == OUTBOX_WAITING) {
		counts->waiting = count;
		earlier(counts, db_rows_int(rows, 2));
	} else {
		counts->sending = count;
	}
	if (counting->first == 0 || first < counting->first)
		counting->first = first;
}

static DbRows *select_counts(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error,
			"SELECT state, count(*), min(next), min(id) FROM outbox_mails"
			" WHERE state NOT IN (2, 6) AND state IN (0, 1, 3) GROUP BY state");
	return db_select(transaction, error,
		"SELECT state, count(*), min(next), min(id) FROM outbox_mails"
		" WHERE state NOT IN (2, 6) AND state IN (0, 1, 3) AND user_id = $1 GROUP BY state",
		db_int(user_id));
}

/* Ids grow with time. */
static bool count_under_way(DbTransaction *transaction, Counting *counting, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_counts(transaction, counting->user_id, error);

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		take_count(counting, rows);
	return outbox_pass(failed, error) &&
	       (counting->first == 0 || db_get_int(transaction, &counting->counts->oldest, 0, error,
						"SELECT created_at FROM outbox_mails WHERE id = $1",
						db_int(counting->first)));
}

/* ---- what failed, or nobody knows ---- */

static DbRows *select_failed(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error,
			"SELECT state, count(*) FROM outbox_mails WHERE state IN (4, 5)"
			" AND seen = 0 GROUP BY state");
	return db_select(transaction, error,
		"SELECT state, count(*) FROM outbox_mails WHERE state IN (4, 5) AND seen = 0"
		" AND user_id = $1 GROUP BY state",
		db_int(user_id));
}

static bool count_failed(DbTransaction *transaction, const Counting *counting, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_failed(transaction, counting->user_id, error);

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		bool is_unknown = db_rows_int(rows, 0) == OUTBOX_UNKNOWN;

		*(is_unknown ? &counting->counts->unknown : &counting->counts->failed) =
			(uint64_t)db_rows_int(rows, 1);
	}
	return outbox_pass(failed, error);
}

/* ---- copies ---- */

static DbRows *select_copies(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error,
			"SELECT count(*), min(CASE WHEN copy_worker IS NULL THEN copy_due END)"
			" FROM outbox_mails WHERE copy_due IS NOT NULL");
	return db_select(transaction, error,
		"SELECT count(*), min(CASE WHEN copy_worker IS NULL THEN copy_due END)"
		" FROM outbox_mails WHERE copy_due IS NOT NULL AND user_id = $1",
		db_int(user_id));
}

static bool count_copies(DbTransaction *transaction, const Counting *counting, GError **error)
{
	OutboxCounts *counts = counting->counts;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_copies(transaction, counting->user_id, error);

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		counts->copies = (uint64_t)db_rows_int(rows, 0);
		if (!db_rows_is_null(rows, 1))
			earlier(counts, MAX(db_rows_int(rows, 1), 1));
	}
	return outbox_pass(failed, error);
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	Counting *counting = data;

	*counting->counts = (OutboxCounts){0};
	counting->first = 0;
	return count_under_way(transaction, counting, error) &&
	       count_failed(transaction, counting, error) &&
	       count_copies(transaction, counting, error);
}

bool outbox_count(Outbox *outbox, int64_t user_id, OutboxCounts *counts, GError **error)
{
	OutboxCounts found;
	Counting counting = {.user_id = user_id, .now = clock_now(), .counts = &found};

	if (!db_read(outbox->db, count_in, &counting, error))
		return false;
	*counts = found;
	return true;
}

/* ---- whose ---- */

static void user_free(void *data)
{
	OutboxUser *user = data;

	g_free(user->user);
	g_free(user);
}

static OutboxUser *read_user(DbRows *rows)
{
	OutboxUser *user = g_new(OutboxUser, 1);

	*user = (OutboxUser){
		.user_id = db_rows_int(rows, 0),
		.user = g_strdup(db_rows_text(rows, 1)),
		.counts =
			{
				.queued = (uint64_t)db_rows_int(rows, 2),
				.sending = (uint64_t)db_rows_int(rows, 3),
				.waiting = (uint64_t)db_rows_int(rows, 4),
				.failed = (uint64_t)db_rows_int(rows, 5),
				.unknown = (uint64_t)db_rows_int(rows, 6),
				.copies = (uint64_t)db_rows_int(rows, 7),
				.oldest = db_rows_int(rows, 8),
			},
	};
	return user;
}

typedef struct Users {
	size_t limit;
	GPtrArray *found; /* OutboxUser * */
} Users;

static DbRows *select_users(DbTransaction *transaction, size_t limit, GError **error)
{
	return db_select(transaction, error,
		"SELECT user_id, user_name, queued, sending, waiting, failed, unknown, copies, "
		"oldest"
		" FROM (SELECT user_id, user_name, count(CASE WHEN state = 0 THEN 1 END) AS queued,"
		" count(CASE WHEN state = 1 THEN 1 END) AS sending,"
		" count(CASE WHEN state = 3 THEN 1 END) AS waiting,"
		" count(CASE WHEN state = 4 AND seen = 0 THEN 1 END) AS failed,"
		" count(CASE WHEN state = 5 AND seen = 0 THEN 1 END) AS unknown,"
		" count(copy_due) AS copies,"
		" coalesce(min(CASE WHEN state IN (0, 1, 3) THEN created_at END), 0) AS oldest"
		" FROM outbox_mails WHERE state NOT IN (2, 6) OR copy_due IS NOT NULL"
		" GROUP BY user_id, user_name) AS counted WHERE waiting + failed + unknown + "
		"copies > 0"
		" ORDER BY failed + unknown DESC, waiting DESC, user_name LIMIT $1",
		db_int((int64_t)limit));
}

static bool users_in(DbTransaction *transaction, void *data, GError **error)
{
	const Users *users = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_users(transaction, users->limit, error);

	if (!rows)
		return false;
	g_ptr_array_set_size(users->found, 0);
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(users->found, read_user(rows));
	return outbox_pass(failed, error);
}

GPtrArray *outbox_users(Outbox *outbox, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(user_free);
	Users users = {limit, found};

	return db_read(outbox->db, users_in, &users, error) ? g_steal_pointer(&found) : NULL;
}
