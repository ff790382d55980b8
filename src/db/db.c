/* The pool of connections, transactions bound to a function, rows. It knows no database: that is
 * the driver's (db_driver.h). */
#include "db/db.h"

#include <pthread.h>
#include <string.h>
#include "db/db_driver.h"
#include "db/db_lock.h"
#include "failure/failure.h"

#define IDLE_LIMIT 8	 /* connections kept; each has a page cache of its own */
#define WRITE_ATTEMPTS 2 /* each waits as long as the driver waits for a busy database */

struct Db {
	const DbDriver *driver;
	char *place;
	DbDurability durability;
	const char *const *migrations;
	DbLock writers;
	pthread_mutex_t mutex; /* guards idle */
	GPtrArray *idle;       /* DbConnection * */
};

struct DbTransaction {
	const DbDriver *driver;
	DbConnection *connection;
	unsigned open_rows;
};

/* The read transaction that this thread is in, of this database; readings inside it share its
 * snapshot. */
typedef struct DbReading {
	const Db *db;
	DbTransaction *transaction;
	struct DbReading *outer;
} DbReading;

static _Thread_local DbReading *reading;

struct DbRows {
	DbTransaction *transaction;
	DbStatement *statement;
};

static const DbDriver *const drivers[] = {&db_driver_sqlite};

/* The driver of URL and, in *PLACE, what follows the colon. */
static const DbDriver *find_driver(const char *url, const char **place)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		size_t length = strlen(drivers[i]->scheme);

		if (strncmp(url, drivers[i]->scheme, length) == 0 && url[length] == ':') {
			*place = url + length + 1;
			return drivers[i];
		}
	}
	return NULL;
}

/* A URL may hold a password: only what stands before the first colon is repeated. */
static void refuse_url(const char *url, GError **error)
{
	g_autofree char *scheme = g_strndup(url, strcspn(url, ":"));

	failure_set(error, FAILURE_DATABASE_UNSUPPORTED, scheme, "no driver for database '%s:…'",
		scheme);
}

static DbConnection *take_connection(Db *db, GError **error)
{
	DbConnection *connection = NULL;

	pthread_mutex_lock(&db->mutex);
	if (db->idle->len > 0)
		connection = g_ptr_array_steal_index(db->idle, db->idle->len - 1);
	pthread_mutex_unlock(&db->mutex);
	return connection ? connection : db->driver->connect(db->place, db->durability, error);
}

static void give_connection(Db *db, DbConnection *connection)
{
	pthread_mutex_lock(&db->mutex);
	if (db->idle->len < IDLE_LIMIT)
		g_ptr_array_add(db->idle, g_steal_pointer(&connection));
	pthread_mutex_unlock(&db->mutex);
	if (connection)
		db->driver->disconnect(connection);
}

bool db_is_missing(const char *url)
{
	const char *place;
	const DbDriver *driver = find_driver(url, &place);

	return driver && driver->is_missing(place);
}

Db *db_open(const char *url, DbDurability durability, const char *const *migrations, GError **error)
{
	const char *place;
	const DbDriver *driver = find_driver(url, &place);
	g_autoptr(Db) db = NULL;
	DbConnection *connection;

	if (!driver || *place == '\0') {
		refuse_url(url, error);
		return NULL;
	}
	db = g_new0(Db, 1);
	db->driver = driver;
	db->place = g_strdup(place);
	db->durability = durability;
	db->migrations = migrations ? migrations : driver->main_migrations;
	db->idle = g_ptr_array_new();
	pthread_mutex_init(&db->mutex, NULL);
	db_lock_init(&db->writers);
	connection = take_connection(db, error);
	if (!connection)
		return NULL;
	give_connection(db, connection);
	return db_migrate(driver, connection, db->migrations, error) ? g_steal_pointer(&db) : NULL;
}

void db_close(Db *db)
{
	if (!db)
		return;
	for (guint i = 0; i < db->idle->len; i++)
		db->driver->disconnect(g_ptr_array_index(db->idle, i));
	g_ptr_array_unref(db->idle);
	pthread_mutex_destroy(&db->mutex);
	db_lock_clear(&db->writers);
	g_free(db->place);
	g_free(db);
}

/* Ends the transaction without its changes; a connection that cannot do that is closed. */
static void roll_back(Db *db, DbConnection *connection)
{
	if (db->driver->rollback(connection))
		give_connection(db, connection);
	else
		db->driver->disconnect(connection);
}

static bool run_once(Db *db, DbMode mode, DbFunction *function, void *data, GError **error)
{
	DbTransaction transaction = {.driver = db->driver};
	bool good;

	transaction.connection = take_connection(db, error);
	if (!transaction.connection)
		return false;
	good = db->driver->begin(transaction.connection, mode, error) &&
	       db_check_schema(db->driver, transaction.connection, db->migrations, error) &&
	       function(&transaction, data, error);
	g_assert(transaction.open_rows == 0);
	good = good && db->driver->commit(transaction.connection, error);
	if (good)
		give_connection(db, transaction.connection);
	else
		roll_back(db, transaction.connection);
	return good;
}

static bool write_in_turn(Db *db, DbMode mode, DbFunction *function, void *data, GError **error)
{
	bool done = false;

	db_lock_take(&db->writers);
	for (int attempt = 1; !done; attempt++) {
		g_autoptr(GError) failed = NULL;

		done = run_once(db, mode, function, data, &failed);
		if (done || (attempt < WRITE_ATTEMPTS && failure_is(failed, FAILURE_STORE_BUSY)))
			continue;
		g_propagate_error(error, g_steal_pointer(&failed));
		break;
	}
	db_lock_give(&db->writers);
	return done;
}

bool db_write(Db *db, DbFunction *function, void *data, GError **error)
{
	return write_in_turn(db, DB_WRITE, function, data, error);
}

bool db_write_relaxed(Db *db, DbFunction *function, void *data, GError **error)
{
	return write_in_turn(db, DB_WRITE_RELAXED, function, data, error);
}

bool db_try_write(Db *db, DbFunction *function, void *data, bool *done, GError **error)
{
	g_autoptr(GError) failed = NULL;

	*done = false;
	if (!db_lock_try(&db->writers))
		return true;
	*done = run_once(db, DB_WRITE_NOW, function, data, &failed);
	db_lock_give(&db->writers);
	if (*done || failure_is(failed, FAILURE_STORE_BUSY))
		return true;
	g_propagate_error(error, g_steal_pointer(&failed));
	return false;
}

typedef struct DbCall {
	const Db *db;
	DbFunction *function;
	void *data;
} DbCall;

static bool read_noted(DbTransaction *transaction, void *data, GError **error)
{
	const DbCall *call = data;
	DbReading own = {.db = call->db, .transaction = transaction, .outer = reading};
	bool good;

	reading = &own;
	good = call->function(transaction, call->data, error);
	reading = own.outer;
	return good;
}

bool db_read(Db *db, DbFunction *function, void *data, GError **error)
{
	DbCall call = {.db = db, .function = function, .data = data};

	for (const DbReading *outer = reading; outer; outer = outer->outer) {
		if (outer->db == db)
			return function(outer->transaction, data, error);
	}
	return run_once(db, DB_READ, read_noted, &call, error);
}

DbValue db_text(const char *text)
{
	if (!text)
		return db_null();
	g_assert(g_utf8_validate(text, -1, NULL));
	return (DbValue){.type = DB_TEXT, .data = text, .size = strlen(text)};
}

bool db_run_values(DbTransaction *transaction, const char *sql, const DbValue *values, size_t count,
	int64_t *changed, GError **error)
{
	const DbDriver *driver = transaction->driver;
	DbStatement *statement =
		driver->start(transaction->connection, sql, values, count, true, error);
	GError *failed = NULL;

	if (!statement)
		return false;
	while (driver->step(statement, &failed))
		continue;
	if (!failed && changed)
		*changed = driver->changed(statement);
	driver->finish(statement);
	if (!failed)
		return true;
	g_propagate_error(error, failed);
	return false;
}

DbRows *db_select_values(DbTransaction *transaction, const char *sql, const DbValue *values,
	size_t count, GError **error)
{
	DbStatement *statement = transaction->driver->start(
		transaction->connection, sql, values, count, false, error);
	DbRows *rows;

	if (!statement)
		return NULL;
	rows = g_new(DbRows, 1);
	*rows = (DbRows){.transaction = transaction, .statement = statement};
	transaction->open_rows++;
	return rows;
}

bool db_rows_next(DbRows *rows, GError **error)
{
	return rows->transaction->driver->step(rows->statement, error);
}

bool db_rows_end(GError *failed, GError **error)
{
	if (failed)
		g_propagate_error(error, failed);
	return !failed;
}

void db_rows_free(DbRows *rows)
{
	if (!rows)
		return;
	rows->transaction->driver->finish(rows->statement);
	rows->transaction->open_rows--;
	g_free(rows);
}

bool db_rows_is_null(DbRows *rows, int column)
{
	return rows->transaction->driver->is_null(rows->statement, column);
}

int64_t db_rows_int(DbRows *rows, int column)
{
	return rows->transaction->driver->get_int(rows->statement, column);
}

const char *db_rows_text(DbRows *rows, int column)
{
	return rows->transaction->driver->get_text(rows->statement, column);
}

const void *db_rows_blob(DbRows *rows, int column, size_t *size)
{
	return rows->transaction->driver->get_blob(rows->statement, column, size);
}

bool db_get_int_values(DbTransaction *transaction, int64_t *result, int64_t fallback,
	const char *sql, const DbValue *values, size_t count, GError **error)
{
	g_autoptr(DbRows) rows = db_select_values(transaction, sql, values, count, error);
	GError *failed = NULL;
	bool found;

	if (!rows)
		return false;
	found = db_rows_next(rows, &failed);
	if (failed) {
		g_propagate_error(error, failed);
		return false;
	}
	*result = found && !db_rows_is_null(rows, 0) ? db_rows_int(rows, 0) : fallback;
	return true;
}

bool db_copy_to(Db *db, const char *path, GError **error)
{
	DbConnection *connection = take_connection(db, error);
	bool copied;

	if (!connection)
		return false;
	copied = db->driver->copy_to(connection, path, error);
	give_connection(db, connection);
	return copied;
}

bool db_empty_log(Db *db, bool *emptied, GError **error)
{
	DbConnection *connection = take_connection(db, error);
	bool done;

	*emptied = false;
	if (!connection)
		return false;
	done = db->driver->empty_log(connection, emptied, error);
	give_connection(db, connection);
	return done;
}
