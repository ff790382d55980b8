/* Rewriting packs: garbage leaves the disk, small packs become one, no byte is ever lost. */
#include "fixture.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "archive/archive_rewrite.h"

static void rewrite(Fixture *fixture)
{
	GError *error = NULL;

	archive_rewrite_some(fixture->archive, &error);
	assert_no_failure(error);
}

/* Files COUNT mails from FIRST on in one pack. */
static void file_pack(Fixture *fixture, unsigned first, unsigned count)
{
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};

	for (unsigned i = first; i < first + count; i++) {
		g_autofree char *mail = fixture_mail(i);

		fixture_add(batch, i + 1, mail);
	}
	fixture_commit(batch, 0, &tally);
}

static void delete_mail(Fixture *fixture, int64_t id)
{
	GError *error = NULL;

	archive_delete(fixture->archive, NULL, id, "r", "a", &error);
	assert_no_failure(error);
}

/* Whether any file in the folder of packs holds TEXT. */
static bool on_disk(Fixture *fixture, const char *text)
{
	g_autoptr(GDir) entries = g_dir_open(fixture->archive->packs, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(fixture->archive->packs, name, NULL);
		g_autofree char *bytes = NULL;
		size_t size;

		if (g_file_get_contents(path, &bytes, &size, NULL) &&
			memmem(bytes, size, text, strlen(text)))
			return true;
	}
	return false;
}

static void assert_sound(Fixture *fixture, uint64_t copies)
{
	uint64_t checked;

	assert_int_equal(fixture_verify(fixture, &checked), 0);
	assert_int_equal(checked, copies);
}

static int64_t id_of(Fixture *fixture, unsigned number)
{
	g_autofree char *sql =
		g_strdup_printf("SELECT mail_id FROM copies c JOIN sources s ON s.copy_id = c.id"
				" WHERE s.uid = %u",
			number + 1);

	return fixture_count(fixture, sql);
}

static void test_garbage_leaves_the_disk(void **state)
{
	Fixture *fixture = *state;

	file_pack(fixture, 0, 20);
	assert_true(on_disk(fixture, "body of 7"));
	delete_mail(fixture, id_of(fixture, 7));
	delete_mail(fixture, id_of(fixture, 0));
	delete_mail(fixture, id_of(fixture, 19));
	rewrite(fixture);
	assert_false(on_disk(fixture, "body of 7\r"));
	assert_false(on_disk(fixture, "body of 0\r"));
	assert_true(on_disk(fixture, "body of 8\r"));
	assert_int_equal(fixture_pack_files(fixture), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM packs"), 1);
	assert_sound(fixture, 17);
}

static void test_pack_of_garbage_alone_goes(void **state)
{
	Fixture *fixture = *state;

	fixture_file(fixture, 1, "x");
	fixture_file(fixture, 2, "");
	delete_mail(fixture, 1);
	delete_mail(fixture, 2);
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM packs"), 0);
}

static void test_small_packs_are_merged(void **state)
{
	Fixture *fixture = *state;

	for (unsigned i = 0; i < 7; i++)
		file_pack(fixture, i * 10, 10);
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 7);
	for (unsigned i = 7; i < 30; i++)
		file_pack(fixture, i * 10, 10);
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 1);
	assert_sound(fixture, 300);
	for (unsigned i = 0; i < 300; i += 37) {
		g_autofree char *mail = fixture_mail(i);

		assert_bytes(fixture, id_of(fixture, i), 0, mail);
	}
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 1);
}

static void test_large_packs_are_left_alone(void **state)
{
	Fixture *fixture = *state;

	for (unsigned i = 0; i < 9; i++) {
		g_autofree char *mail = g_strnfill((17 << 20) + i, 'x');

		fixture_file(fixture, i + 1, mail);
	}
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 9);
}

/* A damaged pack keeps its bytes: somebody may still save some of them. */
static void test_damaged_packs_are_left_alone(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = NULL;
	FILE *file;

	file_pack(fixture, 0, 5);
	path = fixture_pack_path(fixture, id_of(fixture, 3));
	delete_mail(fixture, id_of(fixture, 2));
	file = fopen(path, "r+e");
	fputc('?', file);
	fclose(file);
	rewrite(fixture);
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 1);
	/* Others are rewritten all the same. */
	file_pack(fixture, 10, 5);
	delete_mail(fixture, id_of(fixture, 12));
	rewrite(fixture);
	assert_false(on_disk(fixture, "body of 12\r"));
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 1);
}

static void test_packs_being_read_wait(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace places[10];
	GError *error = NULL;

	file_pack(fixture, 0, 5);
	assert_int_equal(fixture_claim(fixture, places, 10), 5);
	delete_mail(fixture, places[0].mail_id);
	rewrite(fixture);
	assert_int_equal(fixture_pack_files(fixture), 1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 1);
	assert_true(archive_unclaim(fixture->archive, places, 5, &error));
	rewrite(fixture);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 0);
	assert_sound(fixture, 4);
}

/* Files, deletes and reaps without an end. */
static void churn(Fixture *fixture, unsigned round)
{
	GError *error = NULL;

	fixture_open(fixture);
	for (unsigned i = 0;; i++) {
		unsigned number = (round * 10000 + i) * 4;

		file_pack(fixture, number, 4);
		delete_mail(fixture, id_of(fixture, number + 1));
		if (i % 5 == 4)
			archive_reap(fixture->archive, 0, &error);
	}
}

static void test_killed_at_any_moment(void **state)
{
	Fixture *fixture = *state;
	unsigned seed = (unsigned)g_get_real_time();

	print_message("# seed %u\n", seed);
	g_random_set_seed(seed);
	for (unsigned round = 0; round < 12; round++) {
		pid_t child;
		uint64_t checked;

		fixture_close(fixture);
		child = fork();
		if (child == 0)
			churn(fixture, round);
		g_usleep((gulong)g_random_int_range(50000, 300000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		fixture_open(fixture);
		assert_int_equal(fixture_verify(fixture, &checked), 0);
		assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), checked);
	}
	/* In the end all garbage goes, and with it what the kills left behind. */
	for (unsigned i = 0; i < 10; i++) {
		GError *error = NULL;

		assert_true(archive_reap(fixture->archive, -10, &error));
	}
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 0);
	assert_int_equal(
		fixture_pack_files(fixture), fixture_count(fixture, "SELECT COUNT(*) FROM packs"));
	assert_true(fixture_count(fixture, "SELECT COUNT(*) FROM copies") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_garbage_leaves_the_disk, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_pack_of_garbage_alone_goes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_small_packs_are_merged, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_large_packs_are_left_alone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_damaged_packs_are_left_alone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_packs_being_read_wait, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_killed_at_any_moment, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
