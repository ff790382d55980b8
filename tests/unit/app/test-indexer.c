/* What becomes of claimed mails whose pack cannot be opened: nothing, they wait. */
#include "../archive/fixture.h"
#include "app/indexer.h"

#define UNTOUCHED                                                                                  \
	"SELECT count(*) FROM mails WHERE state = 0 AND attempts = 0 AND failures = 0"             \
	" AND claimed_at = 0"

/* Too many open files or lost rights are for a moment, and say nothing about the mails. */
static void test_a_pack_that_cannot_be_opened(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "Subject: one\r\n\r\n");
	g_autofree char *path = fixture_pack_path(fixture, id);
	g_autofree char *aside = g_strconcat(path, ".aside", NULL);
	g_autoptr(Cancel) cancel = cancel_new();
	GError *error = NULL;

	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(aside, path), 0);
	for (int i = 0; i < 4; i++) {
		assert_false(indexer_run(fixture->archive, cancel, &error));
		assert_failure(error, FAILURE_STORE);
		assert_int_equal(fixture_count(fixture, UNTOUCHED), 1);
	}
	assert_int_equal(rename(aside, path), 0);
}

/* One that is gone is gone: what lay in it is unreadable, and others are still read. */
static void test_a_pack_that_is_gone(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "Subject: one\r\n\r\n");
	g_autofree char *path = fixture_pack_path(fixture, id);
	g_autoptr(Cancel) cancel = cancel_new();
	GError *error = NULL;

	assert_int_equal(unlink(path), 0);
	assert_true(indexer_run(fixture->archive, cancel, &error));
	assert_no_failure(error);
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM mails WHERE state = 2"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_pack_that_cannot_be_opened, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_pack_that_is_gone, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
