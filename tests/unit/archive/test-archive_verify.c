/* Verification: every copy once, every kind of damage found and named. */
#include "fixture.h"

static GPtrArray *verify(Fixture *fixture, uint64_t *checked)
{
	GPtrArray *damaged = g_ptr_array_new_with_free_func((GDestroyNotify)archive_damage_free);
	GError *error = NULL;

	archive_verify(fixture->archive, checked, damaged, NULL, NULL, &error);
	assert_no_failure(error);
	return damaged;
}

static void overwrite(const char *path, long offset, const char *bytes)
{
	FILE *file = fopen(path, "r+e");

	fseek(file, offset, SEEK_SET);
	fputs(bytes, file);
	fclose(file);
}

static void count_calls(uint64_t checked, uint64_t total, void *data)
{
	assert_true(checked <= total);
	++*(int *)data;
}

static void test_sound_archive(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autoptr(GPtrArray) damaged = g_ptr_array_new();
	ArchiveTally tally = {0};
	GError *error = NULL;
	uint64_t checked = 0;
	int calls = 0;

	for (unsigned i = 0; i < 1000; i++) {
		g_autofree char *mail = fixture_mail(i);

		fixture_add(batch, i + 1, i == 500 ? "" : mail);
		if (i % 300 == 299)
			fixture_commit(batch, 0, &tally);
	}
	fixture_commit(batch, 0, &tally);
	assert_true(
		archive_verify(fixture->archive, &checked, damaged, count_calls, &calls, &error));
	assert_int_equal(checked, 1000);
	assert_int_equal(damaged->len, 0);
	assert_true(calls >= 4);
}

static void test_empty_archive(void **state)
{
	Fixture *fixture = *state;
	uint64_t checked = 99;

	assert_int_equal(fixture_verify(fixture, &checked), 0);
	assert_int_equal(checked, 0);
}

static void test_damage_is_found(void **state)
{
	Fixture *fixture = *state;
	uint64_t checked;
	int64_t ids[4];

	for (unsigned i = 0; i < 4; i++) {
		g_autofree char *mail = fixture_mail(i);

		ids[i] = fixture_file(fixture, i + 1, mail);
	}
	g_autofree char *changed = fixture_pack_path(fixture, ids[0]);
	g_autofree char *cut = fixture_pack_path(fixture, ids[1]);
	g_autofree char *gone = fixture_pack_path(fixture, ids[2]);
	overwrite(changed, 30, "?");
	assert_int_equal(truncate(cut, 20), 0);
	unlink(gone);
	g_autoptr(GPtrArray) damaged = verify(fixture, &checked);
	assert_int_equal(checked, 4);
	assert_int_equal(damaged->len, 3);
	for (guint i = 0; i < 3; i++) {
		const ArchiveDamage *damage = g_ptr_array_index(damaged, i);
		GError *error = NULL;
		g_autoptr(ArchiveMail) mail =
			archive_find(fixture->archive, NULL, damage->mail_id, &error);

		assert_int_equal(damage->mail_id, ids[i]);
		assert_string_equal(damage->sha256, g_ptr_array_index(mail->copies, 0));
		assert_true(strlen(damage->reason) > 20);
	}
}

/* One damaged mail in a pack leaves its neighbours sound. */
static void test_neighbours_stay_sound(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};
	uint64_t checked;

	for (unsigned i = 0; i < 10; i++) {
		g_autofree char *mail = fixture_mail(i);

		fixture_add(batch, i + 1, mail);
	}
	fixture_commit(batch, 0, &tally);
	g_autofree char *path = fixture_pack_path(fixture, 1);
	overwrite(path, 0, "?");
	assert_int_equal(fixture_verify(fixture, &checked), 1);
	assert_int_equal(checked, 10);
}

/* The reaper waits for another time while somebody verifies. */
static void test_reaper_stays_away(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	int lock;
	bool taken;

	fixture_file(fixture, 1, "x");
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_true(archive_lock_packs(fixture->archive, false, true, &lock, &taken, &error));
	assert_true(archive_reap(fixture->archive, 1000, &error));
	assert_int_equal(fixture_pack_files(fixture), 1);
	close(lock);
	assert_true(archive_reap(fixture->archive, 1000, &error));
	assert_int_equal(fixture_pack_files(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_sound_archive, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_empty_archive, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_damage_is_found, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_neighbours_stay_sound, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_reaper_stays_away, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
