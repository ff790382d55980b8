/* Who lives and who is dead, told by locks on files. */
#include "fixture.h"

static OutboxLife life_of(Fixture *fixture, const char *name)
{
	g_auto(OutboxDead) dead = {0};
	GError *error = NULL;

	outbox_dead_find(fixture->outbox, &dead, &error);
	assert_no_failure(error);
	return outbox_life_of(fixture->outbox, &dead, name);
}

static OutboxLease *take(Fixture *fixture)
{
	GError *error = NULL;
	OutboxLease *lease = outbox_lease_new(fixture->outbox, &error);

	assert_no_failure(error);
	return lease;
}

static void test_tells_the_living_from_the_dead(void **state)
{
	Fixture *fixture = *state;
	OutboxLease *lease = take(fixture);
	g_autofree char *name = g_strdup(lease->name);

	assert_int_equal(life_of(fixture, name), OUTBOX_ALIVE);
	outbox_lease_free(lease, true); /* as kill -9 does */
	assert_int_equal(life_of(fixture, name), OUTBOX_KILLED);
}

static void test_knows_nothing_of_who_left_no_file(void **state)
{
	Fixture *fixture = *state;
	OutboxLease *lease = take(fixture);
	g_autofree char *name = g_strdup(lease->name);

	outbox_lease_free(lease, false);
	assert_int_equal(fixture_count_locks(fixture), 0);
	assert_int_equal(life_of(fixture, name), OUTBOX_LOST);
}

static void test_another_boot_counts_more_than_a_lock(void **state)
{
	Fixture *fixture = *state;
	OutboxLease *lease = take(fixture);
	g_autofree char *name = g_strdup(lease->name);

	g_free(fixture->outbox->boot);
	fixture->outbox->boot = g_strdup("another");
	assert_int_equal(life_of(fixture, name), OUTBOX_LOST);
	outbox_lease_free(lease, true);
	assert_int_equal(life_of(fixture, name), OUTBOX_LOST);
}

/* While files of dead ones are looked at, nobody can come to hold one of them. */
static void test_a_file_that_is_taken_away_protects_nobody(void **state)
{
	Fixture *fixture = *state;
	g_auto(OutboxDead) dead = {0};
	g_auto(OutboxDead) again = {0};
	GError *error = NULL;

	outbox_lease_free(take(fixture), true);
	outbox_dead_find(fixture->outbox, &dead, &error);
	assert_int_equal(g_hash_table_size(dead.leases), 1);
	outbox_dead_find(fixture->outbox, &again, &error);
	assert_no_failure(error);
	assert_int_equal(g_hash_table_size(again.leases), 0);
	outbox_dead_remove(&dead);
	assert_int_equal(fixture_count_locks(fixture), 0);
}

static void test_passes_other_files_over(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->outbox_folder, "notiz", NULL);

	assert_true(g_file_set_contents(path, "", 0, NULL));
	assert_int_equal(life_of(fixture, "notiz"), OUTBOX_LOST);
	assert_int_equal(fixture_count_locks(fixture), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_tells_the_living_from_the_dead),
		fixture_test(test_knows_nothing_of_who_left_no_file),
		fixture_test(test_another_boot_counts_more_than_a_lock),
		fixture_test(test_a_file_that_is_taken_away_protects_nobody),
		fixture_test(test_passes_other_files_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
