/* Copies of what was sent. */
#include "fixture.h"

#include "base/clock.h"

static GPtrArray *claim(OutboxWorker *worker)
{
	const OutboxPick any = {0};
	GError *error = NULL;
	GPtrArray *mails = outbox_claim_copies(worker, &any, 10, &error);

	assert_no_failure(error);
	return mails;
}

static void note(
	OutboxWorker *worker, const OutboxMail *mail, bool archive, OutboxCopy copy, int64_t next)
{
	GError *error = NULL;

	outbox_note_copy(worker, mail, archive, copy, archive ? 42 : 0,
		copy == OUTBOX_COPY_DONE ? NULL : "Kein Platz.", next, &error);
	assert_no_failure(error);
}

static int64_t send_one(Fixture *fixture)
{
	int64_t id = fixture_queue(fixture);

	fixture_send_one(fixture, OUTBOX_SENT, 0);
	return id;
}

static void test_makes_both(void **state)
{
	Fixture *fixture = *state;
	int64_t id = send_one(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = claim(worker);
	g_autoptr(GPtrArray) rest = NULL;
	g_autoptr(OutboxMail) mail = NULL;

	assert_int_equal(mails->len, 1);
	note(worker, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	note(worker, mails->pdata[0], false, OUTBOX_COPY_DONE, 0);
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->sent_copy, OUTBOX_COPY_DONE);
	assert_int_equal(mail->archive_copy, OUTBOX_COPY_DONE);
	assert_int_equal(mail->archive_id, 42);
	rest = claim(worker);
	assert_int_equal(rest->len, 0);
}

static void test_one_worker_at_a_time(void **state)
{
	Fixture *fixture = *state;
	int64_t id = send_one(fixture);
	g_autoptr(OutboxWorker) one = fixture_worker(fixture);
	OutboxWorker *other = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = claim(other);
	g_autoptr(GPtrArray) none = claim(one);
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(OutboxMail) mail = NULL;

	assert_int_equal(mails->len, 1);
	assert_int_equal(none->len, 0);
	note(other, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	/* One kind is done, the other still this worker's. */
	g_ptr_array_unref(none);
	none = claim(one);
	assert_int_equal(none->len, 0);
	outbox_worker_free(other);
	again = claim(one);
	assert_int_equal(again->len, 1);
	assert_int_equal(((OutboxMail *)again->pdata[0])->archive_copy, OUTBOX_COPY_DONE);
	note(one, again->pdata[0], false, OUTBOX_COPY_FAILED, 0);
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->sent_copy, OUTBOX_COPY_FAILED);
	assert_string_equal(mail->copy_reason, "Kein Platz.");
}

static void test_tries_again_later(void **state)
{
	Fixture *fixture = *state;
	int64_t id = send_one(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = claim(worker);
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(OutboxMail) mail = NULL;
	OutboxCounts counts;

	note(worker, mails->pdata[0], false, OUTBOX_COPY_PENDING, clock_now() + 500);
	note(worker, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	again = claim(worker);
	assert_int_equal(again->len, 0);
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->sent_copy, OUTBOX_COPY_PENDING);
	assert_string_equal(mail->copy_reason, "Kein Platz.");
	assert_true(outbox_count(fixture->outbox, 0, &counts, NULL));
	assert_int_equal(counts.copies, 1);
	assert_in_range(counts.next, clock_now() + 400, clock_now() + 500);
	note(worker, mails->pdata[0], false, OUTBOX_COPY_DONE, 0); /* an old claim: nothing */
	g_ptr_array_unref(again);
	again = outbox_claim_copies(worker, &(OutboxPick){.all_waiting = true}, 10, NULL);
	assert_int_equal(again->len, 0); /* this worker tried it already */
}

static void test_whose_claim_is_over_notes_nothing(void **state)
{
	Fixture *fixture = *state;
	int64_t id = send_one(fixture);
	g_autoptr(OutboxWorker) one = fixture_worker(fixture);
	g_autoptr(OutboxWorker) other = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = claim(one);
	g_autoptr(GPtrArray) theirs = NULL;
	g_autoptr(OutboxMail) mail = NULL;

	note(one, mails->pdata[0], false, OUTBOX_COPY_PENDING, clock_now() - 1);
	theirs = claim(other);
	assert_int_equal(theirs->len, 1);
	note(one, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->archive_copy, OUTBOX_COPY_PENDING);
}

static void test_tries_again_on_demand(void **state)
{
	Fixture *fixture = *state;
	int64_t id = send_one(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = claim(worker);
	g_autoptr(GPtrArray) again = NULL;

	note(worker, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	note(worker, mails->pdata[0], false, OUTBOX_COPY_FAILED, 0);
	assert_true(outbox_retry(fixture->outbox, id, 0, "x", NULL));
	fixture_assert_state(fixture, id, OUTBOX_SENT);
	again = claim(worker);
	assert_int_equal(again->len, 1);
	assert_int_equal(((OutboxMail *)again->pdata[0])->sent_copy, OUTBOX_COPY_PENDING);
	assert_int_equal(((OutboxMail *)again->pdata[0])->archive_copy, OUTBOX_COPY_DONE);
}

static void test_none_is_wanted_in_the_sent_folder(void **state)
{
	Fixture *fixture = *state;
	OutboxOrder order = fixture_order();
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = NULL;
	g_autoptr(GPtrArray) rest = NULL;

	order.wants_sent_copy = false;
	fixture_queue_order(fixture, &order);
	fixture_send_one(fixture, OUTBOX_SENT, 0);
	mails = claim(worker);
	assert_int_equal(mails->len, 1);
	assert_int_equal(((OutboxMail *)mails->pdata[0])->sent_copy, OUTBOX_COPY_NONE);
	note(worker, mails->pdata[0], true, OUTBOX_COPY_DONE, 0);
	rest = claim(worker);
	assert_int_equal(rest->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_makes_both),
		fixture_test(test_one_worker_at_a_time),
		fixture_test(test_tries_again_later),
		fixture_test(test_whose_claim_is_over_notes_nothing),
		fixture_test(test_tries_again_on_demand),
		fixture_test(test_none_is_wanted_in_the_sent_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
