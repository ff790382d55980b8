/* Who has something to be sent, for a daemon that works for all. */
#include "outbox/outbox_internal.h"

#include "base/clock.h"
#include "failure/failure.h"

typedef struct Due {
	GArray *users; /* int64_t */
	int64_t now;
} Due;

static DbRows *select_due(DbTransaction *transaction, int64_t now, GError **error)
{
	return db_select(transaction, error,
		"SELECT DISTINCT user_id FROM outbox_mails INDEXED BY outbox_open"
		" WHERE (state NOT IN (2, 6) OR copy_due IS NOT NULL)"
		" AND (state = 0 OR (state = 3 AND next <= $1)"
		"  OR (copy_due <= $1 AND copy_worker IS NULL))",
		db_int(now));
}

static bool due_in(DbTransaction *transaction, void *data, GError **error)
{
	const Due *due = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_due(transaction, due->now, error);

	if (!rows)
		return false;
	g_array_set_size(due->users, 0);
	while (db_rows_next(rows, &failed)) {
		int64_t user_id = db_rows_int(rows, 0);

		if (user_id == 0)
			user_id = OUTBOX_REMOVED_USERS;

		g_array_append_val(due->users, user_id);
	}
	return db_rows_end(failed, error);
}

GArray *outbox_due_users(Outbox *outbox, GError **error)
{
	g_autoptr(GArray) users = g_array_new(FALSE, FALSE, sizeof(int64_t));
	Due due = {.users = users, .now = clock_now()};

	return db_read(outbox->db, due_in, &due, error) ? g_steal_pointer(&users) : NULL;
}

static bool hasten_in(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(GError) later = NULL;
	const int64_t *user_id = data;

	failure_set(&later, FAILURE_SEND_LATER, NULL, "later");
	return db_run(transaction, error,
		"UPDATE outbox_mails SET next = 0 WHERE state NOT IN (2, 6) AND state = 3"
		" AND next > 0 AND condition IS NOT NULL AND condition <> $1"
		" AND ($2 = 0 OR user_id = $2)",
		db_text(failure_name(later)), db_int(*user_id));
}

bool outbox_hasten(Outbox *outbox, int64_t user_id, GError **error)
{
	return db_write(outbox->db, hasten_in, &user_id, error);
}
