/* Opening the outbox, and the contract's words. */
#include "fixture.h"

#include <sys/stat.h>

static void test_names_states_as_the_contract_does(void **state)
{
	(void)state;
	assert_string_equal(outbox_state_name(OUTBOX_QUEUED), "queued");
	assert_string_equal(outbox_state_name(OUTBOX_SENDING), "sending");
	assert_string_equal(outbox_state_name(OUTBOX_SENT), "sent");
	assert_string_equal(outbox_state_name(OUTBOX_WAITING), "waiting");
	assert_string_equal(outbox_state_name(OUTBOX_FAILED), "failed");
	assert_string_equal(outbox_state_name(OUTBOX_UNKNOWN), "unknown");
	assert_string_equal(outbox_state_name(OUTBOX_CANCELLED), "cancelled");
	assert_string_equal(outbox_copy_name(OUTBOX_COPY_PENDING), "pending");
}

static void test_makes_a_private_folder(void **state)
{
	Fixture *fixture = *state;
	struct stat found;

	assert_int_equal(stat(fixture->outbox_folder, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
}

static void test_says_where_it_cannot_be(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *file = g_build_filename(fixture->folder, "amtspost.db", "outbox", NULL);
	GError *error = NULL;

	assert_null(outbox_open(fixture->db, file, &error));
	assert_failure(error, FAILURE_STORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_states_as_the_contract_does),
		fixture_test(test_makes_a_private_folder),
		fixture_test(test_says_where_it_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
