/* The seam between db.c and a database: a driver is one table of functions. What db.c does itself:
 * pooling, the writers' queue, repeating after busy, migrating. A connection and its statements are
 * used by one thread at a time. */
#pragma once

#include "db/db.h"

typedef struct DbConnection DbConnection; /* the driver's own */
typedef struct DbStatement DbStatement;	  /* the same: bound and running */

/* A write transaction holds the database's write lock from the start; FAILURE_STORE_BUSY if others
 * do not give it away. Statements that change something fail in a read transaction. */
typedef enum DbMode {
	DB_READ,
	DB_WRITE,	  /* waits for a while */
	DB_WRITE_NOW,	  /* does not wait */
	DB_WRITE_RELAXED, /* as DB_WRITE; its commit is not synced */
} DbMode;

typedef struct DbDriver {
	const char *scheme;		    /* "sqlite": what stands before the colon of the URL */
	const char *const *main_migrations; /* of the main database, in this driver's SQL */

	/* Whether PLACE holds no database yet. */
	bool (*is_missing)(const char *place);
	DbConnection *(*connect)(const char *place, DbDurability durability, GError **error);
	void (*disconnect)(DbConnection *connection);

	bool (*begin)(DbConnection *connection, DbMode mode, GError **error);
	bool (*commit)(DbConnection *connection, GError **error);
	/* False: the connection is of no use any more. */
	bool (*rollback)(DbConnection *connection);

	/* The schema's number (0: an empty database), inside or outside a transaction; and a
	 * migration, inside a write transaction. */
	bool (*get_version)(DbConnection *connection, int64_t *version, GError **error);
	bool (*migrate)(
		DbConnection *connection, const char *script, int64_t version, GError **error);

	/* Binds VALUES to $1, $2 …; BORROW: their data stays valid until finish. */
	DbStatement *(*start)(DbConnection *connection, const char *sql, const DbValue *values,
		size_t count, bool borrow, GError **error);
	bool (*step)(DbStatement *statement, GError **error); /* true: there is a row */
	int64_t (*changed)(DbStatement *statement);
	void (*finish)(DbStatement *statement);

	bool (*is_null)(DbStatement *statement, int column);
	int64_t (*get_int)(DbStatement *statement, int column);
	const char *(*get_text)(DbStatement *statement, int column);
	const void *(*get_blob)(DbStatement *statement, int column, size_t *size);

	bool (*copy_to)(DbConnection *connection, const char *path, GError **error);
	bool (*empty_log)(DbConnection *connection, bool *emptied, GError **error);
} DbDriver;

extern const DbDriver db_driver_sqlite;

/* The main database's scripts, made from migrations/sqlite at build time. */
extern const char *const db_migrations_sqlite[];

/* Brings the schema to the last of MIGRATIONS; safe with other processes doing the same. */
bool db_migrate(const DbDriver *driver, DbConnection *connection, const char *const *migrations,
	GError **error);

/* Whether the schema, in a transaction, still is the one of MIGRATIONS: FAILURE_SCHEMA_NEWER. */
bool db_check_schema(const DbDriver *driver, DbConnection *connection,
	const char *const *migrations, GError **error);
