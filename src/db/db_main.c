/* The main database: durable, with the driver's own migrations. */
#include "db/db.h"

Db *db_open_main(const char *url, GError **error)
{
	return db_open(url, DB_DURABLE, NULL, error);
}
