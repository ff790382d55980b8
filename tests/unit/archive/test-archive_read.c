/* Single mails and their bytes. */
#include "fixture.h"
#include <errno.h>
#include <fcntl.h>

static void test_unknown_mail(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	assert_null(archive_find(fixture->archive, NULL, 4711, &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
	assert_null(archive_places(fixture->archive, NULL, 4711, &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
}

static void test_damaged_bytes_are_refused(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "right bytes");
	g_autofree char *path = fixture_pack_path(fixture, id);
	GError *error = NULL;
	g_autoptr(GArray) places = archive_places(fixture->archive, NULL, id, &error);
	const ArchivePlace *place = &g_array_index(places, ArchivePlace, 0);
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_false(archive_write_copy(fixture->archive, place, full, &error));
	assert_failure(error, FAILURE_OUTPUT);
	assert_true(g_file_set_contents(path, "wrong bytes", -1, NULL));
	assert_false(archive_write_copy(fixture->archive, place, nowhere, &error));
	assert_failure(error, FAILURE_ARCHIVE_DAMAGED);
	assert_true(g_file_set_contents(path, "right", -1, NULL));
	assert_false(archive_write_copy(fixture->archive, place, nowhere, &error));
	assert_failure(error, FAILURE_ARCHIVE_DAMAGED);
	unlink(path);
	assert_false(archive_write_copy(fixture->archive, place, nowhere, &error));
	assert_failure(error, FAILURE_ARCHIVE_DAMAGED);
	assert_int_equal(archive_open_pack(fixture->archive, place, &error), -1);
	assert_failure(error, FAILURE_ARCHIVE_DAMAGED);
	close(nowhere);
	close(full);
}

/* Some other file is in the pack's place, as good as one for which there are no rights. */
static void test_what_cannot_be_opened_is_not_damaged(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "right bytes");
	g_autofree char *path = fixture_pack_path(fixture, id);
	g_autofree char *aside = g_strconcat(path, ".aside", NULL);
	GError *error = NULL;
	g_autoptr(GArray) places = archive_places(fixture->archive, NULL, id, &error);
	const ArchivePlace *place = &g_array_index(places, ArchivePlace, 0);
	int pack;

	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(aside, path), 0);
	assert_int_equal(archive_open_pack(fixture->archive, place, &error), -1);
	assert_failure(error, FAILURE_STORE);
	assert_false(archive_write_copy(fixture->archive, place, STDERR_FILENO, &error));
	assert_failure(error, FAILURE_STORE);
	assert_int_equal(rename(aside, path), 0);
	pack = archive_open_pack(fixture->archive, place, &error);
	assert_true(pack >= 0);
	close(pack);
}

/* A place that was looked up before the reaper moved the copy. */
static void test_moved_copies_are_found(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};
	GError *error = NULL;
	g_autoptr(GArray) places = NULL;
	g_autoptr(GArray) deleted = NULL;
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int64_t gone;

	fixture_add(batch, 1, "one");
	fixture_add(batch, 2, "two");
	fixture_commit(batch, 0, &tally);
	gone = fixture_count(fixture, "SELECT mail_id FROM copies WHERE start = 0");
	places = archive_places(fixture->archive, NULL, 3 - gone, &error);
	deleted = archive_places(fixture->archive, NULL, gone, &error);
	assert_true(archive_delete(fixture->archive, NULL, gone, "r", "a", &error));
	assert_true(archive_reap(fixture->archive, 1000, &error));
	assert_true(archive_write_copy(
		fixture->archive, &g_array_index(places, ArchivePlace, 0), nowhere, &error));
	assert_int_equal(archive_open_pack(
				 fixture->archive, &g_array_index(places, ArchivePlace, 0), &error),
		-1);
	assert_failure(error, FAILURE_STORE_BUSY);
	assert_false(archive_write_copy(
		fixture->archive, &g_array_index(deleted, ArchivePlace, 0), nowhere, &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
	close(nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unknown_mail, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_damaged_bytes_are_refused, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_what_cannot_be_opened_is_not_damaged, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_moved_copies_are_found, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
