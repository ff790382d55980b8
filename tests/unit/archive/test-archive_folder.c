/* Folders: the row, the cursor, and which UIDs are done, filed or to be tried again. */
#include "fixture.h"

static void assert_uids(GArray *uids, const char *expected)
{
	g_autoptr(GString) list = g_string_new(NULL);

	assert_non_null(uids);
	for (guint i = 0; i < uids->len; i++)
		g_string_append_printf(
			list, "%s%u", i ? " " : "", g_array_index(uids, uint32_t, i));
	assert_string_equal(list->str, expected);
	g_array_unref(uids);
}

static void test_open_finds_the_same_row(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder again = fixture_folder(fixture, 1, "INFO@example.org", "INBOX", 7);
	ArchiveFolder user = fixture_folder(fixture, 2, "info@example.org", "INBOX", 7);
	ArchiveFolder name = fixture_folder(fixture, 1, "info@example.org", "inbox", 7);

	assert_int_equal(again.id, fixture->inbox.id);
	assert_int_not_equal(user.id, again.id);
	assert_int_not_equal(name.id, again.id);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM mailboxes"), 1);
}

/* Also where a row was made when the folding of a reader held: its sources stay the mailbox's. */
static void test_addresses_that_only_look_alike(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder sharp = fixture_folder(fixture, 1,
		"info@stra\xc3\x9f"
		"e.example",
		"INBOX", 7);
	ArchiveFolder again, double_s;

	fixture_run(fixture,
		"UPDATE mailboxes SET address_folded = 'info@strasse.example' WHERE id = 2");
	fixture_reopen(fixture);
	again = fixture_folder(fixture, 1,
		"INFO@stra\xc3\x9f"
		"e.example",
		"INBOX", 7);
	double_s = fixture_folder(fixture, 1, "info@strasse.example", "INBOX", 7);
	assert_int_equal(again.id, sharp.id);
	assert_int_not_equal(double_s.id, sharp.id);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM mailboxes"), 3);
}

static void test_unknown_validity_makes_nothing(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder none = fixture_folder(fixture, 1, "info@example.org", "Neu", 0);
	ArchiveFolder newest;

	assert_int_equal(none.id, 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM folders"), 1);
	fixture_run(fixture, "UPDATE folders SET cursor = 4000000000");
	newest = fixture_folder(fixture, 1, "info@example.org", "INBOX", 0);
	assert_int_equal(newest.id, fixture->inbox.id);
	assert_int_equal(newest.uid_validity, 7);
	assert_true(newest.cursor == 4000000000U);
}

/* A new UIDVALIDITY begins anew; what was to be done under the former one is void. */
static void test_new_validity_begins_anew(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = NULL;
	ArchiveTally tally = {0};
	ArchiveFolder now;
	GError *error = NULL;

	order.action = "seen";
	batch = archive_batch_new(fixture->archive, &order);
	fixture_add(batch, 5, "x");
	archive_batch_note_failure(batch, 6, "no");
	fixture_commit(batch, 6, &tally);
	now = fixture_folder(fixture, 1, "info@example.org", "INBOX", 8);
	assert_int_not_equal(now.id, fixture->inbox.id);
	assert_int_equal(now.cursor, 0);
	assert_uids(archive_folder_done(fixture->archive, &now, &error), "");
	assert_uids(archive_folder_retries(fixture->archive, &fixture->inbox, &error), "");
	assert_null(archive_next_action(fixture->archive, &fixture->inbox, &error));
	assert_null(error);
	now = fixture_folder(fixture, 1, "info@example.org", "INBOX", 0);
	assert_int_equal(now.uid_validity, 8);
}

static void test_done_above_the_cursor(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	fixture_file(fixture, 3, "a");
	fixture_file(fixture, 9, "b");
	fixture_file(fixture, 7, "c");
	fixture->inbox.cursor = 3;
	assert_uids(archive_folder_done(fixture->archive, &fixture->inbox, &error), "7 9");
	/* Deleted ones are done too, but not on file. */
	assert_true(archive_delete(fixture->archive, NULL, 2, "r", "a", &error));
	assert_uids(archive_folder_done(fixture->archive, &fixture->inbox, &error), "7 9");
}

static void test_filed_means_a_copy_is_there(void **state)
{
	static const uint32_t uids[] = {9, 1, 3, 4};
	Fixture *fixture = *state;
	bool done[4] = {true, true, true, true};
	GError *error = NULL;

	fixture_file(fixture, 3, "a");
	fixture_file(fixture, 9, "b");
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_true(archive_folder_filed(
		fixture->archive, &fixture->inbox, uids, G_N_ELEMENTS(uids), done, &error));
	assert_true(done[0]);
	assert_false(done[1]);
	assert_false(done[2]);
	assert_false(done[3]);
}

static void test_retries_until_filed(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};
	GError *error = NULL;

	fixture_add(batch, 1, "filed");
	archive_batch_note_failure(batch, 9, "server said \xff no");
	archive_batch_note_failure(batch, 2, "not now");
	archive_batch_note_failure(batch, 1, "after all");
	fixture_commit(batch, 9, &tally);
	assert_uids(archive_folder_retries(fixture->archive, &fixture->inbox, &error), "2 9");
	archive_batch_note_failure(batch, 2, "again");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(fixture_count(fixture, "SELECT attempts FROM retries WHERE uid = 2"), 2);
	fixture_file(fixture, 2, "came");
	assert_uids(archive_folder_retries(fixture->archive, &fixture->inbox, &error), "9");
}

static bool is_busy(Fixture *fixture)
{
	GError *error = NULL;
	bool busy;

	assert_true(archive_folder_is_busy(fixture->archive, &fixture->inbox, &busy, &error));
	return busy;
}

static void test_busy_until_all_is_done(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = NULL;
	g_autoptr(ArchiveAction) action = NULL;
	ArchiveTally tally = {0};
	GError *error = NULL;

	assert_false(is_busy(fixture));
	order.action = "seen";
	batch = archive_batch_new(fixture->archive, &order);
	fixture_add(batch, 1, "x");
	archive_batch_note_failure(batch, 2, "no");
	fixture_commit(batch, 2, &tally);
	assert_true(is_busy(fixture));
	assert_true(archive_folder_forget(fixture->archive, &fixture->inbox, 2, &error));
	assert_uids(archive_folder_retries(fixture->archive, &fixture->inbox, &error), "");
	assert_true(is_busy(fixture));
	action = archive_next_action(fixture->archive, &fixture->inbox, &error);
	assert_true(archive_action_done(fixture->archive, &fixture->inbox, action, &error));
	assert_false(is_busy(fixture));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_open_finds_the_same_row, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_addresses_that_only_look_alike, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_unknown_validity_makes_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_new_validity_begins_anew, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_done_above_the_cursor, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_filed_means_a_copy_is_there, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_busy_until_all_is_done, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_retries_until_filed, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
