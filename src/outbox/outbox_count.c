/* How much there is to do, and whose. */
#include "outbox/outbox_internal.h"

#include "base/clock.h"

typedef struct Counting {
	int64_t user_id;
	int64_t now;
	OutboxCounts *counts;
} Counting;

/* What is 0 is none. */
static int64_t earlier(int64_t one, int64_t other)
{
	return one == 0 || (other != 0 && other < one) ? other : one;
}

/* One pass over the index, without a look at the rows: the start page asks each time. A copy that
 * is due at once is so since 0. */
#define UNDER_WAY                                                                                  \
	"SELECT count(CASE WHEN state = 0 THEN 1 END), count(CASE WHEN state = 1 THEN 1 END),"     \
	" count(CASE WHEN state = 3 THEN 1 END), min(CASE WHEN state = 3 THEN next END),"          \
	" min(CASE WHEN state IN (0, 1, 3) THEN id END), count(copy_due),"                         \
	" min(CASE WHEN copy_worker IS NULL THEN CASE WHEN copy_due < 1 THEN 1 ELSE copy_due END"  \
	" END) FROM outbox_mails INDEXED BY outbox_open"                                           \
	" WHERE (state NOT IN (2, 6) OR copy_due IS NOT NULL)"

static DbRows *select_under_way(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error, UNDER_WAY);
	return db_select(transaction, error, UNDER_WAY " AND user_id = $1", db_int(user_id));
}

/* *FIRST: the id of the first that is not sent yet; 0: none. */
static bool count_under_way(
	DbTransaction *transaction, const Counting *counting, int64_t *first, GError **error)
{
	OutboxCounts *counts = counting->counts;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_under_way(transaction, counting->user_id, error);

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		counts->queued = (uint64_t)db_rows_int(rows, 0);
		counts->sending = (uint64_t)db_rows_int(rows, 1);
		counts->waiting = (uint64_t)db_rows_int(rows, 2);
		counts->copies = (uint64_t)db_rows_int(rows, 5);
		counts->next = earlier(db_rows_int(rows, 3), db_rows_int(rows, 6));
		counts->next = earlier(counts->next, counts->queued ? counting->now : 0);
		*first = db_rows_int(rows, 4);
	}
	return db_rows_end(failed, error);
}

#define FAILED                                                                                     \
	"SELECT count(CASE WHEN state = 4 THEN 1 END), count(CASE WHEN state = 5 THEN 1 END)"      \
	" FROM outbox_mails WHERE state IN (4, 5) AND seen = 0"

static DbRows *select_failed(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error, FAILED);
	return db_select(transaction, error, FAILED " AND user_id = $1", db_int(user_id));
}

static bool count_failed(DbTransaction *transaction, const Counting *counting, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_failed(transaction, counting->user_id, error);

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		counting->counts->failed = (uint64_t)db_rows_int(rows, 0);
		counting->counts->unknown = (uint64_t)db_rows_int(rows, 1);
	}
	return db_rows_end(failed, error);
}

/* Ids grow with time. */
static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	const Counting *counting = data;
	int64_t first = 0;

	*counting->counts = (OutboxCounts){0};
	return count_under_way(transaction, counting, &first, error) &&
	       (first == 0 || db_get_int(transaction, &counting->counts->oldest, 0, error,
				      "SELECT created_at FROM outbox_mails WHERE id = $1",
				      db_int(first))) &&
	       count_failed(transaction, counting, error);
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

/* What is counted by user or by cause. */
typedef struct Groups {
	size_t limit;
	GPtrArray *found; /* emptied first: a transaction may be tried again */
} Groups;

/* Fills GROUPS with what READ makes of each of ROWS (taken; NULL: *ERROR is set). */
static bool take_groups(
	const Groups *groups, DbRows *taken, void *(*read)(DbRows *rows), GError **error)
{
	g_autoptr(DbRows) rows = taken;
	GError *failed = NULL;

	if (!rows)
		return false;
	g_ptr_array_set_size(groups->found, 0);
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(groups->found, read(rows));
	return db_rows_end(failed, error);
}

/* ---- whose ---- */

static void user_free(void *data)
{
	OutboxUser *user = data;

	g_free(user->user);
	g_free(user);
}

static void *read_user(DbRows *rows)
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
	const Groups *users = data;

	return take_groups(users, select_users(transaction, users->limit, error), read_user, error);
}

GPtrArray *outbox_users(Outbox *outbox, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(user_free);
	Groups users = {limit, found};

	return db_read(outbox->db, users_in, &users, error) ? g_steal_pointer(&found) : NULL;
}

/* ---- why ---- */

static void cause_free(void *data)
{
	OutboxCause *cause = data;

	g_free(cause->condition);
	g_free(cause);
}

static void *read_cause(DbRows *rows)
{
	OutboxCause *cause = g_new(OutboxCause, 1);

	*cause = (OutboxCause){
		.condition = g_strdup(db_rows_text(rows, 0)),
		.state = (OutboxState)db_rows_int(rows, 1),
		.mails = db_rows_int(rows, 2),
		.users = db_rows_int(rows, 3),
	};
	return cause;
}

static DbRows *select_causes(DbTransaction *transaction, size_t limit, GError **error)
{
	return db_select(transaction, error,
		"SELECT condition, state, count(*) AS mails, count(DISTINCT user_id)"
		" FROM outbox_mails WHERE state NOT IN (2, 6) AND seen = 0 AND state IN (3, 4, 5)"
		" AND condition IS NOT NULL GROUP BY condition, state"
		" ORDER BY mails DESC, condition LIMIT $1",
		db_int((int64_t)limit));
}

static bool causes_in(DbTransaction *transaction, void *data, GError **error)
{
	const Groups *causes = data;

	return take_groups(
		causes, select_causes(transaction, causes->limit, error), read_cause, error);
}

GPtrArray *outbox_causes(Outbox *outbox, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(cause_free);
	Groups causes = {limit, found};

	return db_read(outbox->db, causes_in, &causes, error) ? g_steal_pointer(&found) : NULL;
}
