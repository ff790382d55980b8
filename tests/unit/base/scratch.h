/* A folder of its own for each test, removed with the files in it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>

/* Setup: *STATE is the folder's path. */
static inline int scratch_open(void **state)
{
	*state = g_dir_make_tmp("amtspost-XXXXXX", NULL);
	return *state ? 0 : -1;
}

static inline int scratch_close(void **state)
{
	g_autofree char *path = *state;
	GDir *folder = g_dir_open(path, 0, NULL);

	for (const char *name; folder && (name = g_dir_read_name(folder));) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		assert_int_equal(remove(file), 0);
	}
	if (folder)
		g_dir_close(folder);
	return rmdir(path);
}

static inline char *scratch_path(void **state, const char *name)
{
	return g_build_filename(*state, name, NULL);
}

/* How many files lie in the folder: what fails must leave none behind. */
static inline unsigned scratch_count(void **state)
{
	GDir *folder = g_dir_open(*state, 0, NULL);
	unsigned count = 0;

	assert_non_null(folder);
	while (g_dir_read_name(folder))
		count++;
	g_dir_close(folder);
	return count;
}

#define scratch_test(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, scratch_open, scratch_close)
