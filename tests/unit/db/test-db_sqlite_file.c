/* Where a database file may be and who may read it. */
#include "fixture.h"

#include <sys/stat.h>
#include "db/db_sqlite_file.h"

static mode_t get_mode(const char *path)
{
	struct stat state;

	assert_int_equal(stat(path, &state), 0);
	return state.st_mode & 0777;
}

static void test_makes_a_private_file(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	assert_true(db_sqlite_prepare_file(fixture->path, &error));
	assert_int_equal(get_mode(fixture->path), 0600);
	assert_true(db_sqlite_prepare_file(fixture->path, &error));
}

static void test_takes_rights_of_others_away(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
	assert_int_equal(chmod(fixture->path, 0664), 0);
	assert_true(db_sqlite_prepare_file(fixture->path, &error));
	assert_int_equal(get_mode(fixture->path), 0600);
}

static void test_needs_the_folder(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->folder, "missing", "x.db", NULL);
	GError *error = NULL;

	assert_false(db_sqlite_prepare_file(path, &error));
	assert_failure(error, FAILURE_STORE);
}

static void test_refuses_a_foreign_file(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	if (geteuid() != 0)
		skip();
	assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
	assert_int_equal(chown(fixture->path, 65534, 65534), 0);
	assert_false(db_sqlite_prepare_file(fixture->path, &error));
	assert_failure(error, FAILURE_STORE_FOREIGN);
}

static void test_knows_network_file_systems(void **state)
{
	static const char *const network[] = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"};
	static const char *const local[] = {
		"ext4", "xfs", "btrfs", "tmpfs", "overlay", "9p", "fuse.ntfs-3g", "fuseblk"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(network); i++)
		assert_true(db_sqlite_is_network_type(network[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(local); i++)
		assert_false(db_sqlite_is_network_type(local[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_makes_a_private_file, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_takes_rights_of_others_away, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_needs_the_folder, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_a_foreign_file, fixture_setup, fixture_teardown),
		cmocka_unit_test(test_knows_network_file_systems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
