/* Opening: folders, rights, several at once, and the reserve. */
#include "fixture.h"
#include <pthread.h>
#include <sys/stat.h>

static void test_open_makes_private_folders(void **state)
{
	Fixture *fixture = *state;
	struct stat file;

	assert_int_equal(stat(fixture->archive_folder, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0700);
	assert_int_equal(stat(fixture->archive->packs, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0700);
}

static void test_open_keeps_what_is_there(void **state)
{
	Fixture *fixture = *state;

	fixture_file_saying(fixture, 1, "Haushalt", "");
	fixture_reopen(fixture);
	assert_listed(fixture, "1", .words = "haushalt");
}

static void test_two_at_once(void **state)
{
	Fixture *fixture = *state;
	Fixture other = {.archive_folder = fixture->archive_folder, .url = fixture->url};

	fixture_open(&other);
	fixture_file_saying(fixture, 1, "Haushalt", "");
	assert_listed(&other, "1", .words = "haushalt");
	fixture_close(&other);
}

static void test_open_fails_where_it_may_not_write(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->folder, "file", NULL);
	g_autofree char *below = g_build_filename(path, "archive", NULL);
	GError *error = NULL;

	assert_true(g_file_set_contents(path, "x", -1, NULL));
	assert_null(archive_open(fixture->db, below, &error));
	assert_failure(error, FAILURE_STORE);
}

static void test_reserve(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	assert_true(archive_check_space(fixture->archive, 1, &error));
	assert_false(archive_check_space(fixture->archive, UINT64_MAX, &error));
	assert_failure(error, FAILURE_DISK_FULL);
	fixture->archive->reserve = ARCHIVE_RESERVE_AUTO;
	assert_false(archive_check_space(fixture->archive, UINT64_MAX, &error));
	assert_failure(error, FAILURE_DISK_FULL);
}

static void test_locks(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	int first;
	int second;
	int third = -1;
	bool taken;

	assert_true(archive_lock_packs(fixture->archive, false, false, &first, &taken, &error));
	assert_true(taken);
	assert_true(archive_lock_packs(fixture->archive, false, false, &second, &taken, &error));
	assert_true(taken);
	assert_true(archive_lock_packs(fixture->archive, true, false, &third, &taken, &error));
	assert_false(taken);
	assert_int_equal(third, -1);
	close(first);
	close(second);
	assert_true(archive_lock_packs(fixture->archive, true, false, &third, &taken, &error));
	assert_true(taken);
	close(third);
}

#define THREADS 3
#define THREAD_MAILS 120

typedef struct Worker {
	Fixture *fixture;
	unsigned number;
	pthread_t thread;
} Worker;

/* Files, reads, looks and deletes, all on one Archive; mails with numbers below 60 are everybody's.
 */
static void *work(void *data)
{
	Worker *worker = data;
	Fixture *fixture = worker->fixture;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};
	GError *error = NULL;

	for (unsigned i = 0; i < THREAD_MAILS; i++) {
		unsigned number = i < 60 ? i : i + worker->number * 1000;
		g_autofree char *mail = fixture_mail(number);

		fixture_add(batch, number + 1, mail);
		if (i % 30 != 29)
			continue;
		fixture_commit(batch, 0, &tally);
		ArchivePlace places[40];
		MailContent *contents[40];
		size_t found = fixture_claim(fixture, places, 40);
		g_autoptr(MailContent) content = fixture_content("gemeinsam", "");

		for (size_t j = 0; j < found; j++)
			contents[j] = content;
		fixture_keep(fixture, places, contents, found);
		g_autofree char *ids =
			fixture_list(fixture, &(const ArchiveFilter){.words = "gemeinsam"});

		assert_non_null(ids);
		archive_reap(fixture->archive, 1000, &error);
		assert_no_failure(error);
	}
	return NULL;
}

static void test_threads_share_one_archive(void **state)
{
	Fixture *fixture = *state;
	Worker workers[THREADS];
	uint64_t checked;

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (Worker){.fixture = fixture, .number = i + 1};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_int_equal(fixture_verify(fixture, &checked), 0);
	assert_int_equal(checked, 60 + THREADS * 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_open_makes_private_folders, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_open_keeps_what_is_there, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_two_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_open_fails_where_it_may_not_write, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_reserve, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_threads_share_one_archive, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_locks, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
