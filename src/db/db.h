/* The database: SQLite now, PostgreSQL behind the same header later (db_driver.h is the seam).
 *
 * SQL is literal, with parameters $1, $2 … ; SELECT and DML are common to all drivers, migrations
 * are not. All work happens in a transaction that is bound to a function (db_write, db_read), so
 * none stays open by mistake. A write function may run several times (busy, serialisation): it must
 * have no effect outside the transaction before it answers true. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct Db Db;			    /* a pool of connections; any thread */
typedef struct DbTransaction DbTransaction; /* one thread */
typedef struct DbRows DbRows;		    /* a running SELECT */

typedef enum DbDurability {
	DB_DURABLE, /* a commit survives a power cut (SQLite synchronous FULL) */
	DB_RELAXED, /* survives kill -9; rebuildable data (NORMAL) */
} DbDurability;

/* URL: "sqlite:PATH". Anything else: FAILURE_DATABASE_UNSUPPORTED (status 2). A database on a
 * network file system is refused. MIGRATIONS (NULL: the main database's, from the driver) is a
 * NULL-terminated array of SQL scripts, number 1 first, each run once in a transaction of its own;
 * a schema newer than the array is refused (FAILURE_SCHEMA_NEWER), also when another process makes
 * it so while this one runs. The array is borrowed. */
Db *db_open(
	const char *url, DbDurability durability, const char *const *migrations, GError **error);
/* Whether there is no database at URL yet, not even an empty one of this program; false also where
 * only opening can tell. */
bool db_is_missing(const char *url);
void db_close(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, db_close)

typedef bool DbFunction(DbTransaction *transaction, void *data, GError **error);

/* Runs FUNCTION in a write transaction and commits if it answers true; rolls back otherwise.
 * Writers queue fairly within the process. */
bool db_write(Db *db, DbFunction *function, void *data, GError **error);

/* As db_write, but the commit only survives kill -9: a power cut may take it, and with it all later
 * relaxed ones. The next durable commit makes it durable too. */
bool db_write_relaxed(Db *db, DbFunction *function, void *data, GError **error);

/* As db_write, but waits for nobody: while somebody else writes, here or in another process,
 * nothing is run, and *DONE is false without a failure. */
bool db_try_write(Db *db, DbFunction *function, void *data, bool *done, GError **error);

/* Runs FUNCTION on one consistent snapshot; changes fail. Within another db_read of this thread it
 * sees that one's snapshot, also after a db_write in between: never read back there what was just
 * written. */
bool db_read(Db *db, DbFunction *function, void *data, GError **error);

typedef struct DbValue {
	enum { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } type;
	int64_t integer;
	const void *data; /* borrowed until the statement has run */
	size_t size;
} DbValue;

static inline DbValue db_null(void)
{
	return (DbValue){.type = DB_NULL};
}
static inline DbValue db_int(int64_t value)
{
	return (DbValue){.type = DB_INT, .integer = value};
}
/* NULL binds NULL. Text that is no UTF-8 or holds NUL is our mistake: check it before. */
DbValue db_text(const char *text);
static inline DbValue db_blob(const void *data, size_t size)
{
	return (DbValue){.type = DB_BLOB, .data = data, .size = size};
}

/* Runs SQL; *CHANGED (nullable) gets the number of rows changed. */
bool db_run_values(DbTransaction *transaction, const char *sql, const DbValue *values, size_t count,
	int64_t *changed, GError **error);
/* Starts a SELECT (or … RETURNING). Yours. */
DbRows *db_select_values(DbTransaction *transaction, const char *sql, const DbValue *values,
	size_t count, GError **error);

#define DB_VALUES(...)                                                                             \
	(const DbValue[]){{0}, ##__VA_ARGS__} + 1,                                                 \
		sizeof((const DbValue[]){{0}, ##__VA_ARGS__}) / sizeof(DbValue) - 1
/* db_run(tx, error, "literal SQL", db_int(1), db_text("x")); the "" refuse all but literals. */
#define db_run(transaction, error, sql, ...)                                                       \
	db_run_values(transaction, "" sql "", DB_VALUES(__VA_ARGS__), NULL, error)
#define db_run_counted(transaction, changed, error, sql, ...)                                      \
	db_run_values(transaction, "" sql "", DB_VALUES(__VA_ARGS__), changed, error)
#define db_select(transaction, error, sql, ...)                                                    \
	db_select_values(transaction, "" sql "", DB_VALUES(__VA_ARGS__), error)

/* The next row; false at the end or, with *ERROR set, on failure. */
bool db_rows_next(DbRows *rows, GError **error);
/* For the end of a loop over rows: hands FAILED (taken, nullable) on; true if there is none. */
bool db_rows_end(GError *failed, GError **error);
void db_rows_free(DbRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbRows, db_rows_free)

/* Columns from 0. Text and blobs are borrowed until the next row; NULL for NULL. */
bool db_rows_is_null(DbRows *rows, int column);
int64_t db_rows_int(DbRows *rows, int column);
const char *db_rows_text(DbRows *rows, int column);
const void *db_rows_blob(DbRows *rows, int column, size_t *size);

/* Runs a SELECT for one integer; DEFAULT without a row. */
bool db_get_int_values(DbTransaction *transaction, int64_t *result, int64_t fallback,
	const char *sql, const DbValue *values, size_t count, GError **error);
#define db_get_int(transaction, result, fallback, error, sql, ...)                                 \
	db_get_int_values(transaction, result, fallback, "" sql "", DB_VALUES(__VA_ARGS__), error)

/* The main database with our own numbered migrations (migrations/sqlite, built in). */
Db *db_open_main(const char *url, GError **error);

/* A consistent copy into PATH, which must not exist (VACUUM INTO). */
bool db_copy_to(Db *db, const char *path, GError **error);

/* Leaves nothing in the write-ahead log of what was written over or deleted. *EMPTIED false: others
 * were reading all the time. */
bool db_empty_log(Db *db, bool *emptied, GError **error);
