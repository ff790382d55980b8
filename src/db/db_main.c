/* The main database: durable, with our own migrations. */
#include "db/db.h"

#include "db/db_driver.h"

Db *db_open_main(const char *url, GError **error)
{
	return db_open(url, DB_DURABLE, db_migrations_sqlite, error);
}
