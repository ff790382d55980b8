/* Gathering: bytes come out as they went in, whatever their size and the pieces they came in, and
 * what is on file is not written again. */
#include "fixture.h"
#include "archive/archive_batch.h"
#include <signal.h>
#include <sys/resource.h>

#define MEGABYTE ((size_t)1024 * 1024)

/* SIZE bytes that depend on SEED; yours, with a NUL behind. */
static char *make_bytes(size_t size, unsigned seed)
{
	char *bytes = g_malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)('a' + (i * 7 + i / 997 + seed) % 26);
	bytes[size] = '\0';
	return bytes;
}

static void write_in_pieces(ArchiveBatch *batch, const char *bytes, size_t piece)
{
	GError *error = NULL;
	size_t size = strlen(bytes);

	for (size_t at = 0; at < size; at += piece) {
		archive_batch_write(batch, bytes + at, MIN(piece, size - at), &error);
		assert_no_failure(error);
	}
}

static void add_in_pieces(
	ArchiveBatch *batch, uint32_t uid, const char *bytes, size_t hint, size_t piece)
{
	GError *error = NULL;

	assert_true(archive_batch_begin(batch, hint, &error));
	write_in_pieces(batch, bytes, piece);
	assert_true(archive_batch_finish(batch, uid, 0, &error));
}

static void test_small_and_large_in_turn(void **state)
{
	static const size_t sizes[] = {10, 5 * MEGABYTE, 1, 3 * MEGABYTE, 2 * MEGABYTE,
		4 * MEGABYTE, 4 * MEGABYTE + 1, 0, 9 * MEGABYTE, 100};
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_auto(ArchiveTally) tally = fixture_tally();
	uint64_t sum = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *bytes = make_bytes(sizes[i], (unsigned)i);

		/* Every other time the size is not known beforehand. */
		add_in_pieces(batch, (uint32_t)i + 1, bytes, i % 2 ? sizes[i] : 0,
			i % 3 ? 100000 : 3 * MEGABYTE);
		sum += sizes[i];
	}
	assert_int_equal(archive_batch_mails(batch), G_N_ELEMENTS(sizes));
	assert_int_equal(archive_batch_bytes(batch), sum);
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, G_N_ELEMENTS(sizes));
	assert_int_equal(tally.bytes, sum);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *bytes = make_bytes(sizes[i], (unsigned)i);

		assert_bytes(fixture, g_array_index(tally.ids, int64_t, i), 0, bytes);
	}
}

static void test_known_bytes_are_not_written(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = make_bytes(6 * MEGABYTE, 1);
	g_auto(ArchiveTally) tally = fixture_tally();

	fixture_add(batch, 1, "same\r\n");
	fixture_add(batch, 2, "same\r\n");
	fixture_add(batch, 3, large);
	fixture_add(batch, 4, large);
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 2);
	assert_int_equal(tally.known, 2);
	assert_int_equal(fixture_pack_files(fixture), 2);
	fixture_add(batch, 5, "same\r\n");
	fixture_add(batch, 6, large);
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.known, 4);
	assert_int_equal(fixture_pack_files(fixture), 2);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM sources"), 6);
}

static void test_discard_leaves_the_others(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = make_bytes(6 * MEGABYTE, 1);
	g_auto(ArchiveTally) tally = fixture_tally();
	GError *error = NULL;

	fixture_add(batch, 1, "first\r\n");
	assert_true(archive_batch_begin(batch, 0, &error));
	write_in_pieces(batch, "thrown away", 3);
	archive_batch_discard(batch);
	fixture_add(batch, 2, "second\r\n");
	assert_true(archive_batch_begin(batch, 0, &error));
	write_in_pieces(batch, large, MEGABYTE);
	archive_batch_discard(batch);
	archive_batch_discard(batch);
	fixture_add(batch, 3, "third\r\n");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 3);
	assert_bytes(fixture, g_array_index(tally.ids, int64_t, 0), 0, "first\r\n");
	assert_bytes(fixture, g_array_index(tally.ids, int64_t, 1), 0, "second\r\n");
	assert_bytes(fixture, g_array_index(tally.ids, int64_t, 2), 0, "third\r\n");
	assert_int_equal(fixture_pack_files(fixture), 1);
}

static void test_free_unlinks_what_was_not_committed(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	ArchiveBatch *batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = make_bytes(6 * MEGABYTE, 1);

	fixture_add(batch, 1, "small\r\n");
	fixture_add(batch, 2, large);
	assert_int_equal(fixture_pack_files(fixture), 2);
	archive_batch_free(batch);
	assert_int_equal(fixture_pack_files(fixture), 0);
}

static void test_reserve_stops_a_batch(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	GError *error = NULL;

	fixture_add(batch, 1, "before\r\n");
	fixture->archive->reserve = UINT64_MAX - 1;
	assert_false(archive_batch_begin(batch, 10, &error));
	assert_failure(error, FAILURE_DISK_FULL);
	assert_int_equal(archive_batch_mails(batch), 0);
	assert_int_equal(fixture_pack_files(fixture), 0);
	fixture->archive->reserve = 0;
	assert_int_equal(fixture_file(fixture, 1, "before\r\n"), 1);
}

static void test_reserve_counts_what_is_coming(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	GError *error = NULL;

	assert_false(archive_batch_begin(batch, UINT64_C(1) << 60, &error));
	assert_failure(error, FAILURE_DISK_FULL);
}

/* A write that fails half-way, as on a full disk: nothing half written stays. */
static void test_failed_write_loses_the_batch_alone(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = make_bytes(6 * MEGABYTE, 1);
	struct rlimit before;
	struct rlimit limit;
	GError *error = NULL;
	int64_t kept = fixture_file(fixture, 1, "kept\r\n");

	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 2 * MEGABYTE;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fixture_add(batch, 2, "waiting\r\n");
	assert_true(archive_batch_begin(batch, strlen(large), &error));
	assert_false(archive_batch_write(batch, large, strlen(large), &error));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_failure(error, FAILURE_STORE);
	assert_int_equal(archive_batch_mails(batch), 0);
	assert_int_equal(fixture_pack_files(fixture), 1);
	assert_bytes(fixture, kept, 0, "kept\r\n");
	assert_int_equal(fixture_file(fixture, 2, "waiting\r\n"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_small_and_large_in_turn, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_known_bytes_are_not_written, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_discard_leaves_the_others, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_free_unlinks_what_was_not_committed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reserve_stops_a_batch, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reserve_counts_what_is_coming, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_failed_write_loses_the_batch_alone, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
