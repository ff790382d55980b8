/* How much there is to do, and whose. */
#include "fixture.h"

#include "base/clock.h"

static void test_counts(void **state)
{
	Fixture *fixture = *state;
	OutboxCounts counts;

	assert_true(outbox_count(fixture->outbox, 0, &counts, NULL));
	assert_int_equal(counts.next, 0);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_WAITING, 4102444800);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_FAILED, 0);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_UNKNOWN, 0);
	assert_true(outbox_count(fixture->outbox, 1, &counts, NULL));
	assert_int_equal(counts.next, 4102444800);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_SENT, 0);
	fixture_queue(fixture);
	for (int i = 0; i < 2; i++) {
		assert_true(outbox_count(fixture->outbox, i, &counts, NULL));
		assert_int_equal(counts.queued, 1);
		assert_int_equal(counts.sending, 0);
		assert_int_equal(counts.waiting, 1);
		assert_int_equal(counts.failed, 1);
		assert_int_equal(counts.unknown, 1);
		assert_int_equal(counts.copies, 1);
		assert_in_range(counts.next, 1, clock_now());
	}
	assert_true(outbox_count(fixture->outbox, 2, &counts, NULL));
	assert_int_equal(counts.queued + counts.waiting + counts.failed + counts.copies, 0);
	assert_int_equal(counts.next, 0);
}

static bool age(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error,
		"UPDATE outbox_mails SET created_at = created_at - 100 WHERE id = $1",
		db_int(*(const int64_t *)data));
}

static void test_the_oldest_is_one_that_is_not_over(void **state)
{
	Fixture *fixture = *state;
	int64_t now = clock_now();
	int64_t ended = fixture_queue(fixture);
	int64_t waits;
	OutboxCounts counts;

	fixture_write(fixture, age, &ended);
	fixture_send_one(fixture, OUTBOX_FAILED, 0);
	assert_true(outbox_count(fixture->outbox, 1, &counts, NULL));
	assert_int_equal(counts.oldest, 0);
	waits = fixture_queue(fixture);
	fixture_write(fixture, age, &waits);
	fixture_send_one(fixture, OUTBOX_WAITING, 4102444800);
	fixture_queue(fixture);
	for (int i = 0; i < 2; i++) {
		assert_true(outbox_count(fixture->outbox, i, &counts, NULL));
		assert_in_range(counts.oldest, now - 100, now - 90);
	}
	assert_true(outbox_count(fixture->outbox, 2, &counts, NULL));
	assert_int_equal(counts.oldest, 0);
}

static void queue_for(Fixture *fixture, int64_t user_id, const char *name, OutboxState end)
{
	OutboxOrder order = fixture_order();

	order.user_id = user_id;
	order.user = name;
	fixture_queue_order(fixture, &order);
	if (end != OUTBOX_QUEUED)
		fixture_send_one(fixture, end, 4102444800);
}

static void assert_user(const GPtrArray *users, guint place, const char *name, uint64_t waiting,
	uint64_t failed, uint64_t copies)
{
	const OutboxUser *user = users->pdata[place];

	assert_string_equal(user->user, name);
	assert_int_equal(user->counts.waiting, waiting);
	assert_int_equal(user->counts.failed + user->counts.unknown, failed);
	assert_int_equal(user->counts.copies, copies);
}

static void test_tells_whose(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) users = NULL;

	queue_for(fixture, 1, "anna", OUTBOX_WAITING);
	queue_for(fixture, 1, "anna", OUTBOX_WAITING);
	queue_for(fixture, 2, "berta", OUTBOX_FAILED);
	queue_for(fixture, 2, "berta", OUTBOX_UNKNOWN);
	queue_for(fixture, 3, "clara", OUTBOX_SENT);
	queue_for(fixture, 4, "dora", OUTBOX_FAILED); /* and has seen it */
	assert_true(outbox_see(fixture->outbox, 6, 4, NULL));
	queue_for(fixture, 5, "emma", OUTBOX_QUEUED);
	users = outbox_users(fixture->outbox, 10, NULL);
	assert_int_equal(users->len, 3);
	assert_user(users, 0, "berta", 0, 2, 0);
	assert_user(users, 1, "anna", 2, 0, 0);
	assert_user(users, 2, "clara", 0, 0, 1);
	g_ptr_array_unref(g_steal_pointer(&users));
	users = outbox_users(fixture->outbox, 2, NULL);
	assert_int_equal(users->len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_counts),
		fixture_test(test_the_oldest_is_one_that_is_not_over),
		fixture_test(test_tells_whose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
