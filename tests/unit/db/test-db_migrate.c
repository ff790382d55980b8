/* Migrations: once each, whole or not at all, also with many processes. */
#include "fixture.h"

#include <sys/wait.h>

static const char *const two_steps[] = {
	"CREATE TABLE step (name TEXT) STRICT; INSERT INTO step VALUES ('one');",
	"INSERT INTO step VALUES ('two');",
	NULL,
};

static bool count_steps(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM step");
}

static int64_t get_count(Db *db)
{
	int64_t count = -1;

	fixture_read(db, count_steps, &count);
	return count;
}

static void test_runs_each_once(void **state)
{
	Fixture *fixture = *state;

	for (int i = 0; i < 3; i++) {
		GError *error = NULL;
		g_autoptr(Db) db = db_open(fixture->url, DB_RELAXED, two_steps, &error);

		assert_no_failure(error);
		assert_int_equal(get_count(db), 2);
	}
}

static void test_adds_what_is_new(void **state)
{
	Fixture *fixture = *state;
	static const char *const one_step[] = {
		"CREATE TABLE step (name TEXT) STRICT; INSERT INTO step VALUES ('one');", NULL};
	Db *older = db_open(fixture->url, DB_RELAXED, one_step, NULL);

	assert_int_equal(get_count(older), 1);
	db_close(older);
	fixture->db = db_open(fixture->url, DB_RELAXED, two_steps, NULL);
	assert_int_equal(get_count(fixture->db), 2);
}

static void test_refuses_a_newer_schema(void **state)
{
	Fixture *fixture = *state;
	static const char *const none[] = {NULL};
	GError *error = NULL;

	db_close(db_open(fixture->url, DB_RELAXED, two_steps, NULL));
	assert_null(db_open(fixture->url, DB_RELAXED, none, &error));
	assert_failure(error, FAILURE_SCHEMA_NEWER);
	fixture->db = db_open(fixture->url, DB_RELAXED, two_steps, &error);
	assert_int_equal(get_count(fixture->db), 2);
}

static void test_notices_a_newer_program_while_it_runs(void **state)
{
	Fixture *fixture = *state;
	static const char *const one_step[] = {
		"CREATE TABLE step (name TEXT) STRICT; INSERT INTO step VALUES ('one');", NULL};
	int64_t count;
	GError *error = NULL;

	fixture->db = db_open(fixture->url, DB_RELAXED, one_step, NULL);
	assert_int_equal(get_count(fixture->db), 1);
	db_close(db_open(fixture->url, DB_RELAXED, two_steps, NULL));
	assert_false(db_write(fixture->db, count_steps, &count, &error));
	assert_failure(error, FAILURE_SCHEMA_NEWER);
	assert_false(db_read(fixture->db, count_steps, &count, &error));
	assert_failure(error, FAILURE_SCHEMA_NEWER);
}

static void test_leaves_nothing_of_a_failed_one(void **state)
{
	Fixture *fixture = *state;
	static const char *const broken[] = {
		"CREATE TABLE step (name TEXT) STRICT;",
		"INSERT INTO step VALUES ('lost'); INSERT INTO nowhere VALUES (1);",
		NULL,
	};
	static const char *const mended[] = {
		"CREATE TABLE step (name TEXT) STRICT;",
		"INSERT INTO step VALUES ('kept');",
		NULL,
	};
	GError *error = NULL;

	assert_null(db_open(fixture->url, DB_RELAXED, broken, &error));
	assert_failure(error, FAILURE_STORE);
	fixture->db = db_open(fixture->url, DB_RELAXED, mended, &error);
	assert_no_failure(error);
	assert_int_equal(get_count(fixture->db), 1);
}

#define PROCESSES 8

static void open_in_child(const char *url)
{
	g_autoptr(GError) error = NULL;
	Db *db = db_open(url, DB_DURABLE, two_steps, &error);

	if (error)
		fprintf(stderr, "# %s\n", error->message);
	db_close(db);
	_exit(db ? 0 : 1);
}

static void test_many_processes_migrate_once(void **state)
{
	Fixture *fixture = *state;
	pid_t children[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			open_in_child(fixture->url);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	fixture->db = db_open(fixture->url, DB_RELAXED, two_steps, NULL);
	assert_int_equal(get_count(fixture->db), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_runs_each_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_adds_what_is_new, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_a_newer_schema, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_notices_a_newer_program_while_it_runs,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_leaves_nothing_of_a_failed_one, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_many_processes_migrate_once, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
