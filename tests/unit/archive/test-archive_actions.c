/* Actions on the server: noted with the commit, handed out in groups, gone when done. */
#include "fixture.h"

static void file_with_action(
	Fixture *fixture, const char *action, const char *target, uint32_t first, unsigned count)
{
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = NULL;
	ArchiveTally tally = {0};

	order.action = action;
	order.action_folder = target;
	batch = archive_batch_new(fixture->archive, &order);
	for (unsigned i = 0; i < count; i++) {
		g_autofree char *mail = fixture_mail(first + i);

		fixture_add(batch, first + i, mail);
	}
	fixture_commit(batch, 0, &tally);
}

static ArchiveAction *next(Fixture *fixture)
{
	GError *error = NULL;
	ArchiveAction *action = archive_next_action(fixture->archive, &fixture->inbox, &error);

	assert_no_failure(error);
	return action;
}

static void done(Fixture *fixture, const ArchiveAction *action)
{
	GError *error = NULL;

	assert_true(archive_action_done(fixture->archive, &fixture->inbox, action, &error));
}

static void test_none_without_an_order(void **state)
{
	Fixture *fixture = *state;

	fixture_file(fixture, 1, "x");
	assert_null(next(fixture));
}

static void test_groups_by_action_and_target(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchiveAction) move = NULL;
	g_autoptr(ArchiveAction) seen = NULL;

	file_with_action(fixture, "seen", NULL, 5, 2);
	file_with_action(fixture, "move", "Erledigt", 1, 3);
	move = next(fixture);
	assert_string_equal(move->action, "move");
	assert_string_equal(move->folder, "Erledigt");
	assert_int_equal(move->uids->len, 3);
	assert_int_equal(g_array_index(move->uids, uint32_t, 0), 1);
	done(fixture, move);
	seen = next(fixture);
	assert_string_equal(seen->action, "seen");
	assert_null(seen->folder);
	assert_int_equal(seen->uids->len, 2);
	done(fixture, seen);
	done(fixture, seen);
	assert_null(next(fixture));
}

static void test_survives_a_crash(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchiveAction) action = NULL;

	file_with_action(fixture, "flag", NULL, 1, 1);
	fixture_reopen(fixture);
	action = next(fixture);
	assert_string_equal(action->action, "flag");
}

static void test_large_groups_are_cut(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchiveAction) first = NULL;
	g_autoptr(ArchiveAction) rest = NULL;

	file_with_action(fixture, "seen", NULL, 1, 1100);
	first = next(fixture);
	assert_int_equal(first->uids->len, 1000);
	done(fixture, first);
	rest = next(fixture);
	assert_int_equal(rest->uids->len, 100);
	assert_int_equal(g_array_index(rest->uids, uint32_t, 0), 1001);
}

/* Mails on file get their action as well; deleted ones that stay away do not. */
static void test_known_but_not_deleted(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchiveAction) action = NULL;
	GError *error = NULL;

	file_with_action(fixture, NULL, NULL, 1, 2);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	file_with_action(fixture, "seen", NULL, 1, 2);
	action = next(fixture);
	assert_int_equal(action->uids->len, 1);
}

static void keep(Fixture *fixture, const char *action, const char *target)
{
	GError *error = NULL;

	assert_true(
		archive_keep_actions(fixture->archive, &fixture->inbox, action, target, &error));
	assert_no_failure(error);
}

/* Settings changed: another action is due no longer, the same one goes where they say now. */
static void test_only_what_is_asked_for_now_stays(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchiveAction) move = NULL;
	g_autoptr(ArchiveAction) unchanged = NULL;

	file_with_action(fixture, "flag", NULL, 1, 2);
	file_with_action(fixture, "move", "Eledigt", 3, 2);
	file_with_action(fixture, "move", "Erledigt", 4, 2);
	keep(fixture, "move", "Erledigt");
	move = next(fixture);
	assert_string_equal(move->folder, "Erledigt");
	assert_int_equal(move->uids->len, 3);
	assert_int_equal(g_array_index(move->uids, uint32_t, 0), 3);
	keep(fixture, "move", "Erledigt");
	unchanged = next(fixture);
	assert_int_equal(unchanged->uids->len, 3);
	done(fixture, move);
	assert_null(next(fixture));
	file_with_action(fixture, "seen", NULL, 6, 1);
	keep(fixture, NULL, "Erledigt");
	assert_null(next(fixture));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_none_without_an_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_groups_by_action_and_target, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_survives_a_crash, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_large_groups_are_cut, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_known_but_not_deleted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_only_what_is_asked_for_now_stays, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
