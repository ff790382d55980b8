/* Transactions, rows and the pool, seen through db.h alone. */
#include "fixture.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"

static const char *const migrations[] = {
	"CREATE TABLE item (id INTEGER PRIMARY KEY, number INTEGER, word TEXT, bytes BLOB) STRICT;"
	"CREATE TABLE child (item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE) "
	"STRICT;",
	NULL,
};

static Db *open_items(Fixture *fixture)
{
	GError *error = NULL;

	fixture->db = db_open(fixture->url, DB_DURABLE, migrations, &error);
	assert_no_failure(error);
	return fixture->db;
}

static bool count_items(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM item");
}

static int64_t get_count(Db *db)
{
	int64_t count = -1;

	fixture_read(db, count_items, &count);
	return count;
}

static bool add_item(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "INSERT INTO item (number) VALUES ($1)", db_int(1));
}

static bool add_and_refuse(DbTransaction *transaction, void *data, GError **error)
{
	if (add_item(transaction, data, error))
		failure_set(error, FAILURE_CASE_INVALID, NULL, "refused");
	return false;
}

static void test_commits_what_answers_true(void **state)
{
	Db *db = open_items(*state);

	fixture_write(db, add_item, NULL);
	assert_int_equal(get_count(db), 1);
}

static void test_rolls_back_what_answers_false(void **state)
{
	Db *db = open_items(*state);
	GError *error = NULL;

	assert_false(db_write(db, add_and_refuse, NULL, &error));
	assert_failure(error, FAILURE_CASE_INVALID);
	assert_int_equal(get_count(db), 0);
	fixture_write(db, add_item, NULL);
	assert_int_equal(get_count(db), 1);
}

static void test_refuses_changes_while_reading(void **state)
{
	Db *db = open_items(*state);
	GError *error = NULL;

	assert_false(db_read(db, add_item, NULL, &error));
	assert_failure(error, FAILURE_INTERNAL);
	assert_int_equal(get_count(db), 0);
}

static bool bind_every_type(DbTransaction *transaction, void *data, GError **error)
{
	static const char bytes[] = {0, 1, 2, 0, 3};
	int64_t changed = -1;

	(void)data;
	/* SQLite numbers $n by its first appearance: the third value must land in number. */
	assert_true(db_run_counted(transaction, &changed, error,
		"INSERT INTO item (number, word, bytes) VALUES ($3, $1, $2), ($3, $4, NULL)",
		db_text("Gemeinde Süd"), db_blob(bytes, sizeof bytes), db_int(INT64_MIN),
		db_text(NULL)));
	assert_int_equal(changed, 2);
	return true;
}

static bool read_every_type(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) rows =
		db_select(transaction, error, "SELECT number, word, bytes FROM item ORDER BY id");
	size_t size = 0;

	(void)data;
	assert_true(db_rows_next(rows, error));
	assert_true(db_rows_int(rows, 0) == INT64_MIN);
	assert_string_equal(db_rows_text(rows, 1), "Gemeinde Süd");
	assert_memory_equal(db_rows_blob(rows, 2, &size), "\0\1\2\0\3", 5);
	assert_int_equal(size, 5);
	assert_true(db_rows_next(rows, error));
	assert_true(db_rows_is_null(rows, 1));
	assert_null(db_rows_text(rows, 1));
	assert_null(db_rows_blob(rows, 2, &size));
	assert_false(db_rows_next(rows, error));
	return true;
}

static void test_carries_every_type(void **state)
{
	Db *db = open_items(*state);

	fixture_write(db, bind_every_type, NULL);
	fixture_read(db, read_every_type, NULL);
}

static bool nest_selects(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) outer = db_select(transaction, error, "SELECT id FROM item ORDER BY id");
	int *pairs = data;

	while (db_rows_next(outer, error)) {
		g_autoptr(DbRows) inner =
			db_select(transaction, error, "SELECT id FROM item ORDER BY id");

		while (db_rows_next(inner, error))
			(*pairs)++;
	}
	return true;
}

static void test_runs_one_select_inside_itself(void **state)
{
	Db *db = open_items(*state);
	int pairs = 0;

	for (int i = 0; i < 3; i++)
		fixture_write(db, add_item, NULL);
	fixture_read(db, nest_selects, &pairs);
	assert_int_equal(pairs, 9);
}

static bool insert_returning(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error,
		"INSERT INTO item (id) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING id",
		db_int(7));
}

static void test_returns_rows_of_an_insert(void **state)
{
	Db *db = open_items(*state);
	int64_t id = -1;

	fixture_write(db, insert_returning, &id);
	assert_int_equal(id, 7);
	fixture_write(db, insert_returning, &id);
	assert_int_equal(id, 0); /* the fallback: there was no row */
	assert_int_equal(get_count(db), 1);
}

static bool add_orphan(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "INSERT INTO child (item_id) VALUES (99)");
}

static void test_enforces_references(void **state)
{
	Db *db = open_items(*state);
	GError *error = NULL;

	assert_false(db_write(db, add_orphan, NULL, &error));
	assert_failure(error, FAILURE_STORE);
}

static bool wrong_sql(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "INSERT INTO nowhere VALUES (1)");
}

static void test_reports_wrong_sql_and_goes_on(void **state)
{
	Db *db = open_items(*state);
	GError *error = NULL;

	assert_false(db_write(db, wrong_sql, NULL, &error));
	assert_failure(error, FAILURE_STORE);
	fixture_write(db, add_item, NULL);
}

static bool count_up(DbTransaction *transaction, void *data, GError **error)
{
	int64_t number;

	(void)data;
	return db_get_int(transaction, &number, 0, error, "SELECT max(number) FROM item") &&
	       db_run(transaction, error, "INSERT INTO item (number) VALUES ($1)",
		       db_int(number + 1));
}

static void *count_up_often(void *data)
{
	for (int i = 0; i < 50; i++) {
		g_autoptr(GError) error = NULL;

		if (!db_write(data, count_up, NULL, &error))
			return data;
	}
	return NULL;
}

static bool get_maximum(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error, "SELECT max(number) FROM item");
}

static void test_loses_no_change_of_many_threads(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	g_autoptr(Db) second = db_open(fixture->url, DB_RELAXED, migrations, NULL);
	pthread_t threads[8];
	int64_t maximum = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_create(&threads[i], NULL, count_up_often, i % 2 ? db : second);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	fixture_read(db, get_maximum, &maximum);
	assert_int_equal(maximum, 400);
}

static void *try_to_add(void *data)
{
	GError *error = NULL;
	bool done = true;

	return db_try_write(data, add_item, NULL, &done, &error) && !done ? data : NULL;
}

/* While this writes, neither another thread nor another process (a second Db) waits. */
static bool let_others_try(DbTransaction *transaction, void *data, GError **error)
{
	for (Db **db = data; *db; db++) {
		pthread_t thread;
		void *waived;

		pthread_create(&thread, NULL, try_to_add, *db);
		pthread_join(thread, &waived);
		assert_ptr_equal(waived, *db);
	}
	return add_item(transaction, NULL, error);
}

static void test_writes_at_once_or_not_at_all(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	g_autoptr(Db) second = db_open(fixture->url, DB_DURABLE, migrations, NULL);
	Db *others[] = {db, second, NULL};
	int64_t start = clock_monotonic();
	GError *error = NULL;
	bool done;

	fixture_write(db, let_others_try, others);
	assert_in_range(clock_monotonic() - start, 0, 2000);
	assert_int_equal(get_count(db), 1);
	assert_true(db_try_write(second, add_item, NULL, &done, &error));
	assert_true(done);
	assert_false(db_try_write(db, add_and_refuse, NULL, &done, &error));
	assert_failure(error, FAILURE_CASE_INVALID);
	assert_false(done);
	assert_int_equal(get_count(db), 2);
}

static void test_refuses_other_databases(void **state)
{
	static const char *const urls[] = {"postgresql://amt:geheim@db/amtspost", "sqlite",
		"sqlite:", "/var/x.db", "", "sqlitex:a"};
	GError *error = NULL;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		assert_null(db_open(urls[i], DB_DURABLE, migrations, &error));
		assert_non_null(error);
		assert_null(strstr(error->message, "geheim"));
		assert_failure(error, FAILURE_DATABASE_UNSUPPORTED);
	}
}

static void test_copies_whole(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	g_autofree char *path = g_build_filename(fixture->folder, "copy.db", NULL);
	g_autofree char *url = g_strconcat("sqlite:", path, NULL);
	g_autoptr(Db) copy = NULL;
	GError *error = NULL;
	struct stat state_of_copy;

	fixture_write(db, add_item, NULL);
	assert_true(db_copy_to(db, path, &error));
	assert_int_equal(stat(path, &state_of_copy), 0);
	assert_int_equal(state_of_copy.st_mode & 0777, 0600);
	copy = db_open(url, DB_DURABLE, migrations, &error);
	assert_no_failure(error);
	assert_int_equal(get_count(copy), 1);
	assert_false(db_copy_to(db, path, &error));
	assert_failure(error, FAILURE_OUTPUT);
	assert_int_equal(get_count(copy), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_commits_what_answers_true, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_rolls_back_what_answers_false, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_changes_while_reading, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_carries_every_type, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_runs_one_select_inside_itself, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_returns_rows_of_an_insert, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_enforces_references, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reports_wrong_sql_and_goes_on, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_loses_no_change_of_many_threads, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_writes_at_once_or_not_at_all, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_other_databases, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_copies_whole, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
