/* What the SQLite driver makes of modes, pragmas, busy, full and damaged databases. */
#include "fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "base/clock.h"

static const char *const migrations[] = {"CREATE TABLE item (word TEXT) STRICT;", NULL};

static Db *open_items(Fixture *fixture)
{
	GError *error = NULL;

	fixture->db = db_open(fixture->url, DB_DURABLE, migrations, &error);
	assert_no_failure(error);
	return fixture->db;
}

static bool add_item(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "INSERT INTO item VALUES ($1)", db_text("wort"));
}

static void assert_private(const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat(path, suffix, NULL);
	struct stat state;

	assert_int_equal(stat(name, &state), 0);
	assert_int_equal(state.st_mode & 0777, 0600);
}

static void test_keeps_every_file_private(void **state)
{
	Fixture *fixture = *state;
	mode_t former = umask(0);

	fixture_write(open_items(fixture), add_item, NULL);
	umask(former);
	assert_private(fixture->path, "");
	assert_private(fixture->path, "-wal");
	assert_private(fixture->path, "-shm");
}

typedef struct Pragmas {
	int64_t synchronous, foreign_keys, secure_delete;
} Pragmas;

static bool get_pragmas(DbTransaction *transaction, void *data, GError **error)
{
	Pragmas *pragmas = data;

	return db_get_int(transaction, &pragmas->synchronous, -1, error, "PRAGMA synchronous") &&
	       db_get_int(transaction, &pragmas->foreign_keys, -1, error, "PRAGMA foreign_keys") &&
	       db_get_int(transaction, &pragmas->secure_delete, -1, error, "PRAGMA secure_delete");
}

static void test_is_as_durable_as_asked(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Db) relaxed = NULL;
	Pragmas pragmas = {-1, -1, -1};

	fixture_read(open_items(fixture), get_pragmas, &pragmas);
	assert_int_equal(pragmas.synchronous, 2);
	assert_int_equal(pragmas.foreign_keys, 1);
	assert_int_equal(pragmas.secure_delete, 1);
	relaxed = db_open(fixture->url, DB_RELAXED, migrations, NULL);
	fixture_read(relaxed, get_pragmas, &pragmas);
	assert_int_equal(pragmas.synchronous, 1);
	assert_int_equal(pragmas.secure_delete, 1);
}

/* ---- syncing ---- */

static unsigned syncs;

/* In place of the C library's: what SQLite calls is counted. */
int fdatasync(int file)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
	syncs++;
	return (int)syscall(SYS_fsync, file);
}

static unsigned count_syncs(Db *db, bool relaxed)
{
	GError *error = NULL;

	syncs = 0;
	assert_true((relaxed ? db_write_relaxed : db_write)(db, add_item, NULL, &error));
	assert_no_failure(error);
	return syncs;
}

static void test_syncs_only_durable_commits(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	g_autoptr(Db) relaxed = NULL;

	count_syncs(db, false);
	assert_int_equal(count_syncs(db, false), 1);
	assert_int_equal(count_syncs(db, true), 0);
	assert_int_equal(count_syncs(db, true), 0);
	assert_int_equal(count_syncs(db, false), 1);
	assert_int_equal(count_syncs(db, true), 0);
	relaxed = db_open(fixture->url, DB_RELAXED, migrations, NULL);
	assert_int_equal(count_syncs(relaxed, false), 0);
	assert_int_equal(count_syncs(relaxed, true), 0);
}

static bool empty_while_reading(DbTransaction *transaction, void *data, GError **error)
{
	Db *db = data;
	int64_t count;
	bool emptied = true;

	assert_true(db_get_int(transaction, &count, -1, error, "SELECT COUNT(*) FROM item"));
	fixture_write(db, add_item, NULL);
	assert_true(db_empty_log(db, &emptied, error));
	assert_false(emptied);
	return true;
}

static void test_empties_its_log(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	g_autofree char *path = g_strconcat(fixture->path, "-wal", NULL);
	GError *error = NULL;
	struct stat log;
	bool emptied;

	fixture_write(db, add_item, NULL);
	fixture_read(db, empty_while_reading, db);
	assert_int_equal(stat(path, &log), 0);
	assert_true(log.st_size > 0);
	assert_true(db_empty_log(db, &emptied, &error));
	assert_true(emptied);
	assert_int_equal(stat(path, &log), 0);
	assert_int_equal(log.st_size, 0);
}

/* A process that holds the write lock for MILLISECONDS; returns when it has it. */
static pid_t hold_write_lock(const char *path, int milliseconds)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		sqlite3 *handle;

		sqlite3_open(path, &handle);
		sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		byte = 'x';
		if (write(ready[1], &byte, 1) == 1)
			g_usleep((gulong)milliseconds * 1000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void test_waits_for_a_busy_database(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	pid_t child = hold_write_lock(fixture->path, 400);

	fixture_write(db, add_item, NULL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_gives_up_on_a_busy_database(void **state)
{
	Fixture *fixture = *state;
	Db *db = open_items(fixture);
	pid_t child = hold_write_lock(fixture->path, 60000);
	int64_t start = clock_monotonic();
	GError *error = NULL;

	assert_false(db_write(db, add_item, NULL, &error));
	assert_failure(error, FAILURE_STORE_BUSY);
	assert_in_range(clock_monotonic() - start, 9000, 30000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fixture_write(db, add_item, NULL);
}

static bool fill_up(DbTransaction *transaction, void *data, GError **error)
{
	int64_t pages;

	(void)data;
	/* Stands for a full disk: SQLite answers both alike. */
	if (!db_get_int(transaction, &pages, 0, error, "PRAGMA max_page_count = 10"))
		return false;
	while (db_run(transaction, error, "INSERT INTO item VALUES (hex(zeroblob(4000)))"))
		continue;
	return false;
}

static void test_reports_a_full_disk(void **state)
{
	Db *db = open_items(*state);
	GError *error = NULL;

	assert_false(db_write(db, fill_up, NULL, &error));
	assert_failure(error, FAILURE_DISK_FULL);
	fixture_write(db, add_item, NULL);
}

static void test_reports_a_damaged_file(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *noise = g_strnfill(8192, 'x');

	assert_true(g_file_set_contents(fixture->path, noise, 8192, NULL));
	assert_null(db_open(fixture->url, DB_DURABLE, migrations, &error));
	assert_failure(error, FAILURE_ARCHIVE_DAMAGED);
}

static void test_takes_memory_as_a_file_name(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *former = g_get_current_dir();
	GError *error = NULL;

	assert_int_equal(chdir(fixture->folder), 0);
	fixture->db = db_open("sqlite::memory:", DB_DURABLE, migrations, &error);
	assert_int_equal(chdir(former), 0);
	assert_no_failure(error);
	fixture_write(fixture->db, add_item, NULL);
	g_free(fixture->path);
	fixture->path = g_build_filename(fixture->folder, ":memory:", NULL);
	assert_true(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_keeps_every_file_private, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_is_as_durable_as_asked, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_syncs_only_durable_commits, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_empties_its_log, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_waits_for_a_busy_database, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_gives_up_on_a_busy_database, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reports_a_full_disk, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reports_a_damaged_file, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_takes_memory_as_a_file_name, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
