/* What becomes of claims whose process was killed, or whose machine lost its power. */
#include "fixture.h"

#include <fcntl.h>

static void die(void)
{
	kill(getpid(), SIGKILL);
}

static void claim_and_die(Fixture *fixture, void *data)
{
	OutboxWorker *worker = fixture_worker(fixture);

	(void)data;
	g_assert_cmpuint(fixture_claim(worker, 10)->len, ==, 3);
	die();
}

static void test_what_was_not_handed_over_waits_again(void **state)
{
	Fixture *fixture = *state;
	int64_t ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = fixture_queue(fixture);
	fixture_run_killed(fixture, claim_and_die, NULL);
	fixture_assert_state(fixture, ids[0], OUTBOX_SENDING);
	assert_int_equal(fixture_count_locks(fixture), 1);
	assert_int_equal(fixture_recover(fixture), 3);
	for (int i = 0; i < 3; i++) {
		g_autoptr(OutboxMail) mail = fixture_get(fixture, ids[i]);

		assert_int_equal(mail->state, OUTBOX_QUEUED);
		assert_int_equal(mail->attempts, 0);
	}
	assert_int_equal(fixture_count_locks(fixture), 0);
	assert_int_equal(fixture_recover(fixture), 0);
}

/* The first is sent, the second handed over, the third only claimed. */
static void hand_over_and_die(Fixture *fixture, void *data)
{
	OutboxWorker *worker = fixture_worker(fixture);
	GPtrArray *mails = fixture_claim(worker, 10);
	OutboxOutcome outcome = {.mail = mails->pdata[0]};
	bool goes_on;

	(void)data;
	g_assert_true(fixture_hand_over(worker, mails->pdata[0]));
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	g_assert_true(outbox_note(worker, &outcome, mails->pdata[1], &goes_on, NULL));
	die();
}

static void test_what_was_handed_over_is_unknown(void **state)
{
	Fixture *fixture = *state;
	int64_t sent = fixture_queue(fixture);
	int64_t handed = fixture_queue_to(fixture, 2);
	int64_t idle = fixture_queue(fixture);
	g_autoptr(OutboxMail) mail = NULL;

	fixture_run_killed(fixture, hand_over_and_die, NULL);
	assert_int_equal(fixture_recover(fixture), 2);
	fixture_assert_state(fixture, sent, OUTBOX_SENT);
	fixture_assert_state(fixture, idle, OUTBOX_QUEUED);
	mail = fixture_get(fixture, handed);
	assert_int_equal(mail->state, OUTBOX_UNKNOWN);
	assert_int_equal(mail->attempts, 1);
	assert_true(mail->ended_at > 0);
	assert_string_equal(mail->condition, "sent-interrupted");
	assert_non_null(mail->reason);
	assert_int_equal(fixture_recipient(mail, 1)->state, OUTBOX_UNKNOWN);
}

/* Cancelling and trying again know of the dead, too. */
static void test_people_find_what_is_true(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	int64_t handed;

	fixture_queue(fixture);
	handed = fixture_queue(fixture);
	fixture_queue(fixture);
	fixture_run_killed(fixture, hand_over_and_die, NULL);
	assert_true(outbox_retry(fixture->outbox, handed, 0, "x", &error));
	fixture_assert_state(fixture, handed, OUTBOX_QUEUED);
}

/* A power cut: what was not synced is gone, so the database is as it was right after the claim. */
static void test_after_a_power_cut_every_claim_is_unknown(void **state)
{
	Fixture *fixture = *state;
	int64_t waiting = fixture_queue(fixture);
	int64_t claimed = fixture_queue(fixture);
	OutboxWorker *worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);

	assert_int_equal(((OutboxMail *)mails->pdata[0])->id, waiting);
	g_free(fixture->outbox->boot);
	fixture->outbox->boot = g_strdup("the-next-one");
	assert_int_equal(fixture_recover(fixture), 1);
	fixture_assert_state(fixture, waiting, OUTBOX_UNKNOWN);
	fixture_assert_state(fixture, claimed, OUTBOX_QUEUED);
	outbox_worker_free(worker);
	fixture_assert_state(fixture, waiting, OUTBOX_UNKNOWN);
}

static void put_down_and_die(Fixture *fixture, void *data)
{
	OutboxWriter *writer = outbox_writer_new(fixture->outbox);
	char *bytes = g_malloc0(3000000);

	(void)data;
	g_assert_true(outbox_writer_write(writer, bytes, 3000000, NULL));
	die();
}

static bool count_pieces(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error,
		"SELECT (SELECT count(*) FROM outbox_pieces) + (SELECT count(*) FROM "
		"outbox_stages)");
}

static int64_t get_pieces(Fixture *fixture)
{
	int64_t count = -1;

	assert_true(db_read(fixture->db, count_pieces, &count, NULL));
	return count;
}

static void test_content_that_nobody_queued_goes(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *bytes = g_malloc0(3000000);
	OutboxWriter *writer;

	fixture_run_killed(fixture, put_down_and_die, NULL);
	assert_int_equal(get_pieces(fixture), 9);
	/* That of the living stays. */
	writer = outbox_writer_new(fixture->outbox);
	assert_true(outbox_writer_write(writer, bytes, 1500000, NULL));
	assert_int_equal(get_pieces(fixture), 9 + 5);
	assert_int_equal(fixture_recover(fixture), 0);
	assert_int_equal(get_pieces(fixture), 5);
	assert_int_equal(fixture_recover(fixture), 0);
	assert_int_equal(get_pieces(fixture), 5);
	outbox_writer_free(writer);
	assert_int_equal(get_pieces(fixture), 0);
}

static void claim_copies_and_die(Fixture *fixture, void *data)
{
	OutboxWorker *worker = fixture_worker(fixture);
	const OutboxPick any = {0};

	(void)data;
	g_assert_cmpuint(outbox_claim_copies(worker, &any, 10, NULL)->len, ==, 1);
	die();
}

static void test_copies_are_free_again(void **state)
{
	Fixture *fixture = *state;
	const OutboxPick any = {0};
	OutboxWorker *worker;
	GPtrArray *mails;

	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_SENT, 0);
	fixture_run_killed(fixture, claim_copies_and_die, NULL);
	worker = fixture_worker(fixture);
	mails = outbox_claim_copies(worker, &any, 10, NULL);
	assert_int_equal(mails->len, 0);
	g_ptr_array_unref(mails);
	assert_int_equal(fixture_recover(fixture), 0);
	mails = outbox_claim_copies(worker, &any, 10, NULL);
	assert_int_equal(mails->len, 1);
	g_ptr_array_unref(mails);
	outbox_worker_free(worker);
}

/* While one process works, another's recovery leaves it alone. */
static void claim_and_stay(Fixture *fixture, void *data)
{
	const int *pipes = data;
	OutboxWorker *worker = fixture_worker(fixture);
	GPtrArray *mails = fixture_claim(worker, 10);
	char byte = 0;

	g_assert_true(fixture_hand_over(worker, mails->pdata[0]));
	g_assert_true(write(pipes[1], "x", 1) == 1);
	g_assert_true(read(pipes[2], &byte, 1) == 1);
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[0], 0);
	outbox_worker_free(worker);
}

static void test_the_living_are_left_alone(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue(fixture);
	int pipes[4];
	int status = 0;
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(pipe2(pipes + 2, O_CLOEXEC), 0);
	fixture_close(fixture);
	child = fixture_start(fixture, claim_and_stay, pipes);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	fixture_open(fixture);
	assert_int_equal(fixture_recover(fixture), 0);
	fixture_assert_state(fixture, id, OUTBOX_SENDING);
	assert_int_equal(write(pipes[3], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fixture_assert_state(fixture, id, OUTBOX_SENT);
	for (int i = 0; i < 4; i++)
		close(pipes[i]);
}

/* A backup of a time when one waited, one was claimed and the others were over. */
static void test_after_a_restore_nothing_is_sent_by_itself(void **state)
{
	static const OutboxState ends[] = {OUTBOX_WAITING, OUTBOX_SENT, OUTBOX_FAILED};
	Fixture *fixture = *state;
	unsigned count = 0;
	g_autoptr(OutboxWorker) worker = NULL;
	g_autoptr(GPtrArray) claimed = NULL;
	g_autoptr(OutboxMail) mail = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		fixture_queue(fixture);
		fixture_send_one(fixture, ends[i], 4102444800);
	}
	fixture_queue(fixture);
	worker = fixture_worker(fixture);
	claimed = fixture_claim(worker, 1);
	fixture_queue(fixture);
	assert_true(outbox_doubt(fixture->outbox, &count, NULL));
	assert_int_equal(count, 3);
	fixture_assert_state(fixture, 1, OUTBOX_UNKNOWN);
	fixture_assert_state(fixture, 2, OUTBOX_SENT);
	fixture_assert_state(fixture, 3, OUTBOX_FAILED);
	fixture_assert_state(fixture, 4, OUTBOX_UNKNOWN);
	mail = fixture_get(fixture, 5);
	assert_int_equal(mail->state, OUTBOX_UNKNOWN);
	assert_int_equal(fixture_recipient(mail, 0)->state, OUTBOX_UNKNOWN);
	assert_string_equal(mail->condition, "sent-restored");
	/* Nor by who claimed it before. */
	assert_false(fixture_hand_over(worker, claimed->pdata[0]));
	g_ptr_array_unref(g_steal_pointer(&claimed));
	claimed = fixture_claim(worker, 10);
	assert_int_equal(claimed->len, 0);
	assert_true(outbox_retry(fixture->outbox, 5, 0, "x", NULL));
	fixture_assert_state(fixture, 5, OUTBOX_QUEUED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_what_was_not_handed_over_waits_again),
		fixture_test(test_what_was_handed_over_is_unknown),
		fixture_test(test_people_find_what_is_true),
		fixture_test(test_after_a_power_cut_every_claim_is_unknown),
		fixture_test(test_content_that_nobody_queued_goes),
		fixture_test(test_copies_are_free_again),
		fixture_test(test_the_living_are_left_alone),
		fixture_test(test_after_a_restore_nothing_is_sent_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
