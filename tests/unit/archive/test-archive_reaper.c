/* The reaper: rowless packs go when they are old enough, nothing else ever does. */
#include "fixture.h"
#include <fcntl.h>
#include <sys/stat.h>

static void reap(Fixture *fixture, int64_t grace)
{
	GError *error = NULL;

	archive_reap(fixture->archive, grace, &error);
	assert_no_failure(error);
}

static char *plant(Fixture *fixture, const char *name, int64_t age)
{
	char *path = g_build_filename(fixture->archive->packs, name, NULL);
	struct timespec times[2] = {{.tv_sec = g_get_real_time() / G_USEC_PER_SEC - age}};

	assert_true(g_file_set_contents(path, "left behind", -1, NULL));
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	return path;
}

static bool is_there(const char *path)
{
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_old_rowless_packs_go(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *old = plant(fixture, "00112233445566778899aabbccddeeff.pack", 90000);
	g_autofree char *young = plant(fixture, "10112233445566778899aabbccddeeff.pack", 80000);
	g_autofree char *other = plant(fixture, "notes.txt", 90000);
	g_autofree char *odd = plant(fixture, "short.pack", 90000);

	fixture_file(fixture, 1, "x");
	reap(fixture, 86400);
	assert_false(is_there(old));
	assert_true(is_there(young));
	assert_true(is_there(other));
	assert_true(is_there(odd));
	assert_bytes(fixture, 1, 0, "x");
}

static void test_named_packs_stay_however_old(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = NULL;
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	fixture_file(fixture, 1, "x");
	path = fixture_pack_path(fixture, 1);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	reap(fixture, 0);
	assert_bytes(fixture, 1, 0, "x");
}

static void test_one_reaper_at_a_time(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *old = plant(fixture, "00112233445566778899aabbccddeeff.pack", 90000);
	GError *error = NULL;
	int lock;
	bool taken;

	assert_true(archive_lock_packs(fixture->archive, true, false, &lock, &taken, &error));
	assert_true(taken);
	reap(fixture, 0);
	assert_true(is_there(old));
	close(lock);
	reap(fixture, 0);
	assert_false(is_there(old));
}

/* How many files in FOLDER and below hold WORD, in any case. */
static unsigned files_with(const char *folder, const char *word)
{
	g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
	unsigned count = 0;
	const char *name;

	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *bytes = NULL;
		size_t size;

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			count += files_with(path, word);
			continue;
		}
		assert_true(g_file_get_contents(path, &bytes, &size, NULL));
		for (size_t i = 0; i < size; i++)
			bytes[i] = g_ascii_tolower(bytes[i]);
		count += memmem(bytes, size, word, strlen(word)) != NULL;
	}
	return count;
}

static void file_and_read(Fixture *fixture, unsigned number, const char *word)
{
	g_autofree char *bytes = g_strdup_printf("Subject: %s\r\n\r\n%u\r\n", word, number);
	g_autofree char *text = g_strdup_printf("%s eins zwei drei w%u", word, number % 37);

	fixture_file(fixture, number, bytes);
	fixture_read_as(fixture, fixture_content(word, text));
}

/* Neither packs nor indexes nor logs keep what was deleted; the archive stays open throughout. */
static void test_deleted_words_are_in_no_file(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	uint64_t checked;

	for (unsigned i = 1; i <= 150; i++)
		file_and_read(fixture, i, i % 3 == 0 ? "geheimnix" : "offenbar");
	assert_true(files_with(fixture->folder, "geheimnix") >= 3);
	for (int64_t id = 3; id <= 150; id += 3)
		assert_true(archive_delete(fixture->archive, NULL, id, "r", "a", &error));
	reap(fixture, 0);
	assert_int_equal(files_with(fixture->folder, "geheimnix"), 0);
	assert_true(files_with(fixture->folder, "offenbar") >= 2);
	assert_int_equal(fixture_verify(fixture, &checked), 0);
	assert_int_equal(checked, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_old_rowless_packs_go, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_named_packs_stay_however_old, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_one_reaper_at_a_time, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_deleted_words_are_in_no_file, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
