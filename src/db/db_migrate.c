/* Numbered migrations: each in a transaction of its own, run once however many processes start
 * together. What a migration does is the scripts' business. */
#include "db/db_driver.h"

#include <inttypes.h>
#include "failure/failure.h"

static int64_t count_migrations(const char *const *migrations)
{
	int64_t count = 0;

	while (migrations[count])
		count++;
	return count;
}

static bool refuse_newer(int64_t version, int64_t known, GError **error)
{
	failure_set(error, FAILURE_SCHEMA_NEWER, NULL,
		"schema %" PRId64 " is newer than this program's %" PRId64, version, known);
	return false;
}

bool db_check_schema(const DbDriver *driver, DbConnection *connection,
	const char *const *migrations, GError **error)
{
	int64_t known = count_migrations(migrations);
	int64_t version;

	if (!driver->get_version(connection, &version, error))
		return false;
	return version == known || refuse_newer(version, known, error);
}

/* One step inside a write transaction: another process may have been faster. */
static bool migrate_next(const DbDriver *driver, DbConnection *connection,
	const char *const *migrations, int64_t known, GError **error)
{
	int64_t version;

	if (!driver->get_version(connection, &version, error))
		return false;
	if (version >= known)
		return version == known || refuse_newer(version, known, error);
	if (driver->migrate(connection, migrations[version], version + 1, error))
		return true;
	g_prefix_error(error, "migration %" PRId64 ": ", version + 1);
	return false;
}

static bool migrate_in_transaction(const DbDriver *driver, DbConnection *connection,
	const char *const *migrations, int64_t known, GError **error)
{
	if (driver->begin(connection, DB_WRITE, error) &&
		migrate_next(driver, connection, migrations, known, error) &&
		driver->commit(connection, error))
		return true;
	driver->rollback(connection);
	return false;
}

bool db_migrate(const DbDriver *driver, DbConnection *connection, const char *const *migrations,
	GError **error)
{
	int64_t known = count_migrations(migrations);
	int64_t version;

	for (;;) {
		if (!driver->get_version(connection, &version, error))
			return false;
		if (version > known)
			return refuse_newer(version, known, error);
		if (version == known)
			return true;
		if (!migrate_in_transaction(driver, connection, migrations, known, error))
			return false;
	}
}
