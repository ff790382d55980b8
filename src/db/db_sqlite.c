/* The SQLite driver: one connection is one sqlite3 handle with its prepared statements. Facts used
 * here are of SQLite 3.40; codes of SQLite become failures in set_failure alone. */
#include "db/db_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "base/clock.h"
#include "base/file.h"
#include "db/db_sqlite_file.h"
#include "failure/failure.h"

#define BUSY_MILLISECONDS 5000
#define STATEMENT_LIMIT 128 /* kept a connection; what is above is prepared each time */
#define CACHE_KIBIBYTES "1024"
#define LOG_BYTES "8388608" /* what of the write-ahead log stays after a checkpoint */

struct DbConnection {
	sqlite3 *handle;
	char *path;
	GHashTable *statements; /* SQL -> DbStatement * */
	bool writing;
	bool durable; /* how it was opened */
	bool syncing; /* commits are synced now */
};

struct DbStatement {
	DbConnection *connection;
	sqlite3_stmt *handle;
	size_t parameters;
	unsigned *numbers; /* of the parameters: "$1" is 1, wherever it comes first */
	bool kept;	   /* in connection->statements */
	bool running;
};

static Failure failure_of_code(sqlite3 *handle, int code)
{
	int system = sqlite3_system_errno(handle);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return FAILURE_STORE_BUSY;
	case SQLITE_FULL:
		return FAILURE_DISK_FULL;
	case SQLITE_IOERR:
		return system == ENOSPC || system == EDQUOT ? FAILURE_DISK_FULL : FAILURE_STORE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return FAILURE_ARCHIVE_DAMAGED;
	default:
		return FAILURE_STORE;
	}
}

/* SQLite's messages name tables and columns, never values. */
static bool set_failure(DbConnection *connection, int code, const char *doing, GError **error)
{
	failure_set(error, failure_of_code(connection->handle, code), connection->path,
		"%s: %s: %s (SQLite %d)", connection->path, doing,
		sqlite3_errmsg(connection->handle), code);
	return false;
}

static void statement_free(DbStatement *statement)
{
	sqlite3_finalize(statement->handle);
	g_free(statement->numbers);
	g_free(statement);
}

static void sqlite_disconnect(DbConnection *connection)
{
	g_hash_table_unref(connection->statements);
	sqlite3_close(connection->handle);
	g_free(connection->path);
	g_free(connection);
}

static bool run_script(DbConnection *connection, const char *script, GError **error)
{
	int code = sqlite3_exec(connection->handle, script, NULL, NULL, NULL);

	return code == SQLITE_OK || set_failure(connection, code, "script", error);
}

/* SQLite does not wait for other openers where it switches to the write-ahead log (it cannot,
 * without risking a deadlock), so this waits. */
static bool switch_to_log(DbConnection *connection, GError **error)
{
	int64_t deadline = clock_monotonic() + BUSY_MILLISECONDS;
	int code;

	do {
		code = sqlite3_exec(
			connection->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (code == SQLITE_BUSY)
			g_usleep(5000);
	} while (code == SQLITE_BUSY && clock_monotonic() < deadline);
	return code == SQLITE_OK || set_failure(connection, code, "write-ahead log", error);
}

static bool configure(DbConnection *connection, DbDurability durability, GError **error)
{
	sqlite3 *handle = connection->handle;

	sqlite3_extended_result_codes(handle, 1);
	sqlite3_busy_timeout(handle, BUSY_MILLISECONDS);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return switch_to_log(connection, error) &&
	       run_script(connection,
		       "PRAGMA foreign_keys = ON;"
		       "PRAGMA cache_size = -" CACHE_KIBIBYTES ";"
		       "PRAGMA journal_size_limit = " LOG_BYTES ";"
		       "PRAGMA mmap_size = 0;",
		       error) &&
	       /* Neither replaced secrets nor deleted words linger in free pages. */
	       run_script(connection, "PRAGMA secure_delete = ON;", error) &&
	       run_script(connection,
		       durability == DB_DURABLE ? "PRAGMA synchronous = FULL;"
						: "PRAGMA synchronous = NORMAL;",
		       error);
}

/* A database of ours is never empty: its first page is written when it gets its log. */
static bool sqlite_is_missing(const char *place)
{
	struct stat state;

	return stat(place, &state) != 0 ? errno == ENOENT : state.st_size == 0;
}

/* Without statistics of its memory, for which every allocation of every thread takes one lock. */
static void set_up_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static DbConnection *sqlite_connect(const char *place, DbDurability durability, GError **error)
{
	DbConnection *connection;
	/* An absolute path, so that neither ":memory:" nor a change of folder means something else.
	 */
	g_autofree char *path = g_canonicalize_filename(place, NULL);
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int code;

	pthread_once(&once, set_up_library);
	if (!db_sqlite_prepare_file(path, error))
		return NULL;
	connection = g_new0(DbConnection, 1);
	connection->path = g_steal_pointer(&path);
	connection->durable = connection->syncing = durability == DB_DURABLE;
	connection->statements = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, (GDestroyNotify)statement_free);
	code = sqlite3_open_v2(connection->path, &connection->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK && configure(connection, durability, error))
		return connection;
	if (code != SQLITE_OK)
		set_failure(connection, code, "open", error);
	sqlite_disconnect(connection);
	return NULL;
}

/* "$1" is a name to SQLite, numbered by its first appearance in the text. */
static void number_parameters(DbStatement *statement)
{
	size_t count = (size_t)sqlite3_bind_parameter_count(statement->handle);

	statement->parameters = count;
	statement->numbers = g_new(unsigned, count);
	for (size_t i = 0; i < count; i++) {
		const char *name = sqlite3_bind_parameter_name(statement->handle, (int)i + 1);
		uint64_t number = name && *name == '$' ? g_ascii_strtoull(name + 1, NULL, 10) : 0;

		g_assert(number > 0 && number <= count);
		statement->numbers[i] = (unsigned)number;
	}
}

static DbStatement *prepare(DbConnection *connection, const char *sql, GError **error)
{
	DbStatement *statement = g_new0(DbStatement, 1);
	int code = sqlite3_prepare_v3(
		connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);

	statement->connection = connection;
	if (code == SQLITE_OK) {
		number_parameters(statement);
		return statement;
	}
	set_failure(connection, code, sql, error);
	statement_free(statement);
	return NULL;
}

/* A kept statement that nobody runs, or a new one. */
static DbStatement *find_statement(DbConnection *connection, const char *sql, GError **error)
{
	DbStatement *statement = g_hash_table_lookup(connection->statements, sql);

	if (statement && !statement->running)
		return statement;
	bool keep = !statement && g_hash_table_size(connection->statements) < STATEMENT_LIMIT;
	statement = prepare(connection, sql, error);
	if (statement && keep) {
		statement->kept = true;
		/* The key is SQLite's own copy: it lives as long as the statement. */
		g_hash_table_insert(
			connection->statements, (char *)sqlite3_sql(statement->handle), statement);
	}
	return statement;
}

static int bind(sqlite3_stmt *handle, int index, const DbValue *value, bool borrow)
{
	sqlite3_destructor_type keep = borrow ? SQLITE_STATIC : SQLITE_TRANSIENT;

	switch (value->type) {
	case DB_INT:
		return sqlite3_bind_int64(handle, index, value->integer);
	case DB_TEXT:
		return sqlite3_bind_text64(
			handle, index, value->data, value->size, keep, SQLITE_UTF8);
	case DB_BLOB:
		return value->size > 0
			       ? sqlite3_bind_blob64(handle, index, value->data, value->size, keep)
			       : sqlite3_bind_zeroblob(handle, index, 0);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(handle, index);
}

static int bind_all(const DbStatement *statement, const DbValue *values, size_t count, bool borrow)
{
	int code = SQLITE_OK;

	g_assert(statement->parameters == count);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = bind(
			statement->handle, (int)i + 1, &values[statement->numbers[i] - 1], borrow);
	return code;
}

static void sqlite_finish(DbStatement *statement)
{
	if (!statement->kept) {
		statement_free(statement);
		return;
	}
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle);
	statement->running = false;
}

static DbStatement *sqlite_start(DbConnection *connection, const char *sql, const DbValue *values,
	size_t count, bool borrow, GError **error)
{
	DbStatement *statement = find_statement(connection, sql, error);
	int code;

	if (!statement)
		return NULL;
	statement->running = true;
	if (!connection->writing && !sqlite3_stmt_readonly(statement->handle)) {
		failure_set(
			error, FAILURE_INTERNAL, NULL, "a change in a read transaction: %s", sql);
		sqlite_finish(statement);
		return NULL;
	}
	code = bind_all(statement, values, count, borrow);
	if (code == SQLITE_OK)
		return statement;
	set_failure(connection, code, sql, error);
	sqlite_finish(statement);
	return NULL;
}

static bool sqlite_step(DbStatement *statement, GError **error)
{
	int code = sqlite3_step(statement->handle);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		set_failure(statement->connection, code, sqlite3_sql(statement->handle), error);
	return false;
}

static int64_t sqlite_changed(DbStatement *statement)
{
	return sqlite3_changes64(statement->connection->handle);
}

/* Runs SQL without values; its statement is kept. */
static bool run_kept(DbConnection *connection, const char *sql, GError **error)
{
	DbStatement *statement = find_statement(connection, sql, error);
	GError *failed = NULL;

	if (!statement)
		return false;
	sqlite_step(statement, &failed);
	sqlite_finish(statement);
	if (!failed)
		return true;
	g_propagate_error(error, failed);
	return false;
}

/* Outside a transaction: SQLite refuses it inside. Left as it is until a commit is wanted
 * otherwise, since several alike mostly follow each other. (No kept statement: SQLite does this
 * while it prepares one.) */
static bool set_syncing(DbConnection *connection, bool wanted, GError **error)
{
	if (connection->syncing == wanted)
		return true;
	if (!run_script(connection,
		    wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error))
		return false;
	connection->syncing = wanted;
	return true;
}

static bool sqlite_begin(DbConnection *connection, DbMode mode, GError **error)
{
	bool begun;

	if (connection->durable && mode != DB_READ &&
		!set_syncing(connection, mode != DB_WRITE_RELAXED, error))
		return false;
	connection->writing = mode != DB_READ;
	if (mode == DB_WRITE_NOW)
		sqlite3_busy_timeout(connection->handle, 0);
	begun = run_kept(connection, mode == DB_READ ? "BEGIN" : "BEGIN IMMEDIATE", error);
	if (mode == DB_WRITE_NOW)
		sqlite3_busy_timeout(connection->handle, BUSY_MILLISECONDS);
	return begun;
}

static bool sqlite_commit(DbConnection *connection, GError **error)
{
	return run_kept(connection, "COMMIT", error);
}

static bool sqlite_rollback(DbConnection *connection)
{
	/* Some failures roll back by themselves. */
	if (!sqlite3_get_autocommit(connection->handle))
		sqlite3_exec(connection->handle, "ROLLBACK", NULL, NULL, NULL);
	return sqlite3_get_autocommit(connection->handle);
}

static bool sqlite_get_version(DbConnection *connection, int64_t *version, GError **error)
{
	DbStatement *statement = find_statement(connection, "PRAGMA user_version", error);
	bool found;

	if (!statement)
		return false;
	found = sqlite_step(statement, error);
	if (found)
		*version = sqlite3_column_int64(statement->handle, 0);
	sqlite_finish(statement);
	return found;
}

static bool sqlite_migrate(
	DbConnection *connection, const char *script, int64_t version, GError **error)
{
	g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %" PRId64, version);

	return run_script(connection, script, error) && run_script(connection, mark, error);
}

static bool sqlite_is_null(DbStatement *statement, int column)
{
	return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

static int64_t sqlite_get_int(DbStatement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

static const char *sqlite_get_text(DbStatement *statement, int column)
{
	return (const char *)sqlite3_column_text(statement->handle, column);
}

static const void *sqlite_get_blob(DbStatement *statement, int column, size_t *size)
{
	const void *data = sqlite3_column_blob(statement->handle, column);

	*size = (size_t)sqlite3_column_bytes(statement->handle, column);
	return data;
}

static bool copy_into(DbConnection *connection, const char *path, GError **error)
{
	const DbValue target = db_text(path);
	DbStatement *statement = prepare(connection, "VACUUM INTO $1", error);
	GError *failed = NULL;

	if (!statement)
		return false;
	bind_all(statement, &target, 1, true);
	sqlite_step(statement, &failed);
	statement_free(statement);
	if (!failed)
		return true;
	g_propagate_error(error, failed);
	return false;
}

/* VACUUM INTO does not sync what it writes. */
static bool sync_copy(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_auto(Descriptor) file = open(path, O_RDONLY | O_CLOEXEC);

	if (file >= 0 && fsync(file) == 0 && file_sync_folder(folder))
		return true;
	failure_set_errno(error, FAILURE_OUTPUT, path, errno);
	return false;
}

static bool sqlite_copy_to(DbConnection *connection, const char *path, GError **error)
{
	/* VACUUM INTO takes an empty file, and keeps its mode. */
	if (!db_sqlite_make_file(path, error))
		return false;
	if (copy_into(connection, path, error) && sync_copy(path, error))
		return true;
	unlink(path);
	return false;
}

static bool sqlite_empty_log(DbConnection *connection, bool *emptied, GError **error)
{
	int code = sqlite3_wal_checkpoint_v2(
		connection->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	*emptied = code == SQLITE_OK;
	return *emptied || (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED ||
	       set_failure(connection, code, "checkpoint", error);
}

const DbDriver db_driver_sqlite = {
	.scheme = "sqlite",
	.main_migrations = db_migrations_sqlite,
	.is_missing = sqlite_is_missing,
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.get_version = sqlite_get_version,
	.migrate = sqlite_migrate,
	.start = sqlite_start,
	.step = sqlite_step,
	.changed = sqlite_changed,
	.finish = sqlite_finish,
	.is_null = sqlite_is_null,
	.get_int = sqlite_get_int,
	.get_text = sqlite_get_text,
	.get_blob = sqlite_get_blob,
	.copy_to = sqlite_copy_to,
	.empty_log = sqlite_empty_log,
};
