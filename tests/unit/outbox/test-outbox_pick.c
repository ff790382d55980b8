/* Which mails come next. */
#include "fixture.h"

#include "base/clock.h"

static int64_t queue_of(Fixture *fixture, int64_t user, const char *sender)
{
	OutboxOrder order = fixture_order();

	order.user_id = user;
	order.user = user == 1 ? "mueller" : "schulze";
	order.sender = sender;
	return fixture_queue_order(fixture, &order);
}

/* The ids that PICK claims, as text; what was claimed stays so. */
static void assert_claims(
	OutboxWorker *worker, const OutboxPick *pick, size_t limit, const char *expected)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) mails = outbox_claim(worker, pick, limit, &error);
	g_autoptr(GString) ids = g_string_new(NULL);

	assert_no_failure(error);
	for (guint i = 0; i < mails->len; i++)
		g_string_append_printf(
			ids, "%s%d", i > 0 ? " " : "", (int)((OutboxMail *)mails->pdata[i])->id);
	assert_string_equal(ids->str, expected);
}

static void queue_seven(Fixture *fixture)
{
	queue_of(fixture, 2, "b@example.org"); /* 1 */
	queue_of(fixture, 1, "b@example.org"); /* 2 */
	queue_of(fixture, 1, "a@example.org"); /* 3 */
	queue_of(fixture, 1, "b@example.org"); /* 4 */
	queue_of(fixture, 2, "b@example.org"); /* 5 */
	queue_of(fixture, 1, "b@example.org"); /* 6 */
	queue_of(fixture, 7, "c@example.org"); /* 7 */
}

static void test_takes_one_user_and_sender_at_a_time(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick any = {0};

	queue_seven(fixture);
	assert_claims(worker, &any, 2, "2 4");
	assert_claims(worker, &any, 100, "3");
	assert_claims(worker, &any, 100, "6");
	assert_claims(worker, &any, 100, "1 5");
	assert_claims(worker, &any, 100, "7");
	assert_claims(worker, &any, 100, "");
}

static void test_takes_one_users(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick pick = {.user_id = 2};
	const OutboxPick nobodys = {.user_id = OUTBOX_REMOVED_USERS};

	queue_seven(fixture);
	assert_claims(worker, &nobodys, 100, "");
	assert_claims(worker, &pick, 1, "1");
	assert_claims(worker, &pick, 100, "5");
	assert_claims(worker, &pick, 100, "");
}

static void test_takes_named_ones(void **state)
{
	static const int64_t ids[] = {99, 6, 5, 3, 2, 6};
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick pick = {.ids = ids, .id_count = G_N_ELEMENTS(ids)};

	queue_seven(fixture);
	assert_claims(worker, &pick, 1, "6");
	assert_claims(worker, &pick, 100, "5");
	assert_claims(worker, &pick, 100, "3");
	assert_claims(worker, &pick, 100, "2");
	assert_claims(worker, &pick, 100, "");
}

static void test_waits_until_it_is_time(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick any = {0};

	fixture_queue(fixture); /* 1 */
	fixture_queue(fixture); /* 2 */
	fixture_send_one(fixture, OUTBOX_WAITING, clock_now() + 1000);
	fixture_send_one(fixture, OUTBOX_WAITING, clock_now() - 1);
	fixture_queue(fixture); /* 3 */
	assert_claims(worker, &any, 100, "2 3");
}

/* Whoever asks until nothing is left must come to an end. */
static void test_takes_a_waiting_one_early_once(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick pick = {.all_waiting = true};
	const OutboxPick any = {0};
	g_autoptr(GPtrArray) mails = NULL;

	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_WAITING, clock_now() + 1000);
	assert_claims(worker, &any, 100, "");
	mails = outbox_claim(worker, &pick, 100, NULL);
	assert_int_equal(mails->len, 1);
	fixture_set(mails->pdata[0], OUTBOX_WAITING, "451 later");
	fixture_note(worker, mails->pdata[0], clock_now() + 1000);
	assert_claims(worker, &pick, 100, "");
	fixture_set(mails->pdata[0], OUTBOX_WAITING, "451 later");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_takes_one_user_and_sender_at_a_time),
		fixture_test(test_takes_one_users),
		fixture_test(test_takes_named_ones),
		fixture_test(test_waits_until_it_is_time),
		fixture_test(test_takes_a_waiting_one_early_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
