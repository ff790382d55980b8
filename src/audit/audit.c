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

static bool walk_rows(DbTransaction *transaction, void *data, GError **error)
{
	const Walk *walk = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, time, actor, action, subject, detail FROM audit"
		" WHERE time >= $1 ORDER BY id DESC",
		db_int(walk->since));
	GError *failed = NULL;
	bool more = true;

	if (!rows)
		return false;
	while (more && db_rows_next(rows, &failed)) {
		AuditRow row = read_row(rows);

		more = walk->visit(&row, walk->data);
	}
	if (failed)
		g_propagate_error(error, failed);
	return !failed;
}

bool audit_each(Db *db, int64_t since, AuditVisitor *visit, void *data, GError **error)
{
	Walk walk = {.since = since, .visit = visit, .data = data};

	return db_read(db, walk_rows, &walk, error);
}
