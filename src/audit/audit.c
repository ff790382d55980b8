/* Rows of the audit log: added in the caller's transaction, read newest first. That they never
 * change is the database's doing (triggers of migration 1). */
#include "audit/audit.h"

#include "base/clock.h"

bool audit_add(DbTransaction *transaction, const char *actor, const char *action,
	const char *subject, const char *detail, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO audit (time, actor, action, subject, detail)"
		" VALUES ($1, $2, $3, $4, $5)",
		db_int(clock_now()), db_text(actor), db_text(action), db_text(subject),
		db_text(detail));
}

typedef struct Walk {
	int64_t since;
	const AuditQuery *query;
	AuditVisitor *visit;
	void *data;
} Walk;

static AuditRow read_row(DbRows *rows)
{
	return (AuditRow){
		.id = db_rows_int(rows, 0),
		.time = db_rows_int(rows, 1),
		.actor = db_rows_text(rows, 2),
		.action = db_rows_text(rows, 3),
		.subject = db_rows_text(rows, 4),
		.detail = db_rows_text(rows, 5),
	};
}

/* Takes ROWS (NULL: *ERROR is set). */
static bool hand_out(const Walk *walk, DbRows *taken, GError **error)
{
	g_autoptr(DbRows) rows = taken;
	GError *failed = NULL;
	bool more = true;

	if (!rows)
		return false;
	while (more && db_rows_next(rows, &failed)) {
		AuditRow row = read_row(rows);

		more = walk->visit(&row, walk->data);
	}
	return db_rows_end(failed, error);
}

static bool walk_rows(DbTransaction *transaction, void *data, GError **error)
{
	const Walk *walk = data;

	return hand_out(walk,
		db_select(transaction, error,
			"SELECT id, time, actor, action, subject, detail FROM audit"
			" WHERE time >= $1 ORDER BY id DESC",
			db_int(walk->since)),
		error);
}

bool audit_each(Db *db, int64_t since, AuditVisitor *visit, void *data, GError **error)
{
	Walk walk = {.since = since, .visit = visit, .data = data};

	return db_read(db, walk_rows, &walk, error);
}

/* The place in the list is told by time and id, so that a later page costs what the first one does.
 */
static bool find_rows(DbTransaction *transaction, void *data, GError **error)
{
	const Walk *walk = data;
	const AuditQuery *query = walk->query;

	return hand_out(walk,
		db_select(transaction, error,
			"SELECT id, time, actor, action, subject, detail FROM audit"
			" WHERE time >= $1 AND time < $2 AND (time, id) < ($3, $4)"
			" AND ($5 IS NULL OR action = $5) ORDER BY time DESC, id DESC",
			db_int(query->from), db_int(query->to ? query->to : INT64_MAX),
			db_int(query->before_time ? query->before_time : INT64_MAX),
			db_int(query->before_id), db_text(query->action)),
		error);
}

bool audit_find(Db *db, const AuditQuery *query, AuditVisitor *visit, void *data, GError **error)
{
	Walk walk = {.query = query, .visit = visit, .data = data};

	return db_read(db, find_rows, &walk, error);
}
