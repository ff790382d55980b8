/* For tests with a database: a temporary folder, the main database in it, and short ways to fail.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include "db/db.h"
#include "failure/failure.h"

typedef struct Fixture {
	char *folder;
	char *path; /* of the main database */
	char *url;
	Db *db; /* open after fixture_open */
} Fixture;

static inline void fixture_remove_folder(const char *folder)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			fixture_remove_folder(path);
		else
			unlink(path);
	}
	rmdir(folder);
}

/* As cmocka's set-up: an empty folder, nothing open yet. */
static inline int fixture_setup(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->folder = g_dir_make_tmp("amtspost-test-XXXXXX", NULL);
	assert_non_null(fixture->folder);
	fixture->path = g_build_filename(fixture->folder, "amtspost.db", NULL);
	fixture->url = g_strconcat("sqlite:", fixture->path, NULL);
	*state = fixture;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	Fixture *fixture = *state;

	db_close(fixture->db);
	fixture_remove_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
	g_free(fixture->url);
	g_free(fixture);
	return 0;
}

/* Fails the test with what ERROR says. */
static inline void assert_no_failure(const GError *error)
{
	if (error)
		fail_msg("unexpected failure: %s", error->message);
}

#define assert_failure(error, failure)                                                             \
	do {                                                                                       \
		assert_non_null(error);                                                            \
		assert_int_equal(failure_of(error), failure);                                      \
		g_clear_error(&(error));                                                           \
	} while (0)

static inline Db *fixture_open(Fixture *fixture)
{
	GError *error = NULL;

	fixture->db = db_open_main(fixture->url, &error);
	assert_no_failure(error);
	assert_non_null(fixture->db);
	return fixture->db;
}

/* Runs FUNCTION in a write transaction that has to succeed. */
static inline void fixture_write(Db *db, DbFunction *function, void *data)
{
	GError *error = NULL;
	bool done = db_write(db, function, data, &error);

	assert_no_failure(error);
	assert_true(done);
}

static inline void fixture_read(Db *db, DbFunction *function, void *data)
{
	GError *error = NULL;
	bool done = db_read(db, function, data, &error);

	assert_no_failure(error);
	assert_true(done);
}
