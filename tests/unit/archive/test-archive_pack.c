/* Packs in the making: durable before they are named, gone if they never are. */
#include "fixture.h"
#include "archive/archive_pack.h"
#include <sys/stat.h>

static bool exists(const Archive *archive, const char *name)
{
	g_autofree char *path = pack_path(archive, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_unnamed_packs_go(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *name = NULL;
	Pack *pack = pack_create(fixture->archive, false, &error);

	assert_non_null(pack);
	assert_int_equal(strlen(pack->name), 32);
	name = g_strdup(pack->name);
	assert_true(pack_write(pack, "bytes", 5, &error));
	assert_true(pack_sync_all(fixture->archive, &pack, 1, &error));
	assert_true(exists(fixture->archive, name));
	pack_free(pack);
	assert_false(exists(fixture->archive, name));
}

static void test_kept_packs_stay(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(Pack) pack = pack_create(fixture->archive, false, &error);
	g_autofree char *path = pack_path(fixture->archive, pack->name);
	g_autofree char *name = g_strdup(pack->name);
	struct stat file;

	assert_true(pack_write(pack, "by", 2, &error));
	assert_true(pack_write(pack, "", 0, &error));
	assert_true(pack_write(pack, "tes", 3, &error));
	assert_int_equal(pack->size, 5);
	pack->keep = true;
	g_clear_pointer(&pack, pack_free);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 5);
	assert_int_equal(file.st_mode & 0777, 0600);
	int reading = pack_open(fixture->archive, name);
	assert_true(reading >= 0);
	close(reading);
}

static void test_failed_sync_is_told(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(Pack) pack = pack_create(fixture->archive, false, &error);

	close(pack->descriptor);
	assert_false(pack_sync_all(fixture->archive, &pack, 1, &error));
	assert_failure(error, FAILURE_STORE);
	assert_int_equal(pack->descriptor, -1);
}

static void test_reserve_holds_but_for_the_reaper(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(Pack) reaper = NULL;

	fixture->archive->reserve = UINT64_MAX - 1;
	assert_null(pack_create(fixture->archive, false, &error));
	assert_failure(error, FAILURE_DISK_FULL);
	reaper = pack_create(fixture->archive, true, &error);
	assert_non_null(reaper);
	assert_true(pack_write(reaper, "x", 1, &error));
}

static bool take_all(const void *data, size_t size, void *user)
{
	g_string_append_len(user, data, (gssize)size);
	return true;
}

static void test_spans(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(Pack) pack = pack_create(fixture->archive, false, &error);
	g_autoptr(GString) taken = g_string_new(NULL);
	g_autofree char *large = g_strnfill(3 * ARCHIVE_PIECE + 5, 'x');
	uint8_t found[SHA256_SIZE];
	uint8_t wanted[SHA256_SIZE];
	int file;

	assert_true(pack_write(pack, "ab", 2, &error));
	assert_true(pack_write(pack, large, strlen(large), &error));
	file = pack_open(fixture->archive, pack->name);
	assert_true(archive_read_span(file, 2, strlen(large), found, take_all, taken));
	sha256_of(large, strlen(large), wanted);
	assert_memory_equal(found, wanted, SHA256_SIZE);
	assert_string_equal(taken->str, large);
	assert_false(archive_read_span(file, 3, strlen(large), found, NULL, NULL));
	sha256_of("", 0, wanted);
	assert_true(archive_read_span(file, 1, 0, found, NULL, NULL));
	assert_memory_equal(found, wanted, SHA256_SIZE);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_unnamed_packs_go, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_kept_packs_stay, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_failed_sync_is_told, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reserve_holds_but_for_the_reaper, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_spans, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
