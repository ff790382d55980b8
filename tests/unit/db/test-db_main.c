/* The main database: all migrations of migrations/sqlite are built in and ran. */
#include "fixture.h"

#include "db/db_driver.h"

static bool get_version(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "PRAGMA user_version");
}

static void test_runs_every_migration(void **state)
{
	Fixture *fixture = *state;
	int64_t version = -1;
	int64_t count = 0;

	while (db_migrations_sqlite[count])
		count++;
	assert_true(count >= 1);
	fixture_read(fixture_open(fixture), get_version, &version);
	assert_int_equal(version, count);
}

static bool get_generation(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error,
		"SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation'");
}

static void test_starts_at_generation_one(void **state)
{
	int64_t generation = -1;

	fixture_read(fixture_open(*state), get_generation, &generation);
	assert_int_equal(generation, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_runs_every_migration, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_starts_at_generation_one, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
