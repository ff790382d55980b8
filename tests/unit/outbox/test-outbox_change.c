/* Cancelling, trying again, erasing; users that are removed. */
#include "fixture.h"

#include "base/clock.h"

static int64_t queue_and_end(Fixture *fixture, OutboxState state)
{
	int64_t id = fixture_queue(fixture);

	if (state != OUTBOX_QUEUED)
		fixture_send_one(fixture, state, 4102444800);
	return id;
}

static void test_cancels_what_was_not_sent(void **state)
{
	static const OutboxState states[] = {
		OUTBOX_QUEUED, OUTBOX_WAITING, OUTBOX_FAILED, OUTBOX_UNKNOWN};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		int64_t id = queue_and_end(fixture, states[i]);
		GError *error = NULL;
		g_autoptr(OutboxMail) mail = NULL;

		assert_true(outbox_cancel(fixture->outbox, id, 1, "mueller", &error));
		mail = fixture_get(fixture, id);
		assert_int_equal(mail->state, OUTBOX_CANCELLED);
		assert_true(mail->ended_at > 0);
		/* What is true of recipients stays true. */
		assert_int_equal(fixture_recipient(mail, 0)->state,
			states[i] == OUTBOX_FAILED || states[i] == OUTBOX_UNKNOWN
				? states[i]
				: OUTBOX_CANCELLED);
		assert_false(outbox_cancel(fixture->outbox, id, 1, "mueller", &error));
		assert_failure(error, FAILURE_OUTBOX_STATE);
		assert_false(outbox_retry(fixture->outbox, id, 1, "mueller", &error));
		assert_failure(error, FAILURE_OUTBOX_STATE);
	}
}

static void test_cancels_nothing_that_is_sent(void **state)
{
	Fixture *fixture = *state;
	int64_t id = queue_and_end(fixture, OUTBOX_SENT);
	GError *error = NULL;

	assert_false(outbox_cancel(fixture->outbox, id, 0, "mueller", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	assert_false(outbox_cancel(fixture->outbox, id, 2, "schulze", &error));
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
	assert_false(outbox_cancel(fixture->outbox, 99, 0, "mueller", &error));
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
	fixture_assert_state(fixture, id, OUTBOX_SENT);
}

static void test_cancels_until_it_is_handed_over(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue(fixture);
	int64_t other = fixture_queue(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 2);
	GError *error = NULL;

	assert_true(fixture_hand_over(worker, mails->pdata[0]));
	assert_false(outbox_cancel(fixture->outbox, id, 0, "mueller", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	assert_true(outbox_cancel(fixture->outbox, other, 0, "mueller", &error));
	assert_false(fixture_hand_over(worker, mails->pdata[1]));
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[0], 0);
	fixture_assert_state(fixture, id, OUTBOX_SENT);
	fixture_assert_state(fixture, other, OUTBOX_CANCELLED);
}

static void test_tries_again_whom_it_did_not_reach(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue_to(fixture, 3);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);
	OutboxMail *claimed = mails->pdata[0];
	g_autoptr(OutboxMail) mail = NULL;

	fixture_set(claimed, OUTBOX_SENT, "250 ok");
	((OutboxRecipient *)claimed->recipients->pdata[1])->state = OUTBOX_FAILED;
	((OutboxRecipient *)claimed->recipients->pdata[2])->state = OUTBOX_UNKNOWN;
	assert_true(fixture_hand_over(worker, claimed));
	fixture_note(worker, claimed, 0);
	fixture_assert_state(fixture, id, OUTBOX_UNKNOWN);
	assert_true(outbox_retry(fixture->outbox, id, 1, "mueller", NULL));
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->state, OUTBOX_QUEUED);
	assert_int_equal(mail->ended_at, 0);
	assert_string_equal(mail->message_id, "1@example.org");
	assert_int_equal(fixture_recipient(mail, 0)->state, OUTBOX_SENT);
	assert_int_equal(fixture_recipient(mail, 1)->state, OUTBOX_QUEUED);
	assert_int_equal(fixture_recipient(mail, 2)->state, OUTBOX_QUEUED);
}

static void test_tries_again_only_what_ended_badly(void **state)
{
	Fixture *fixture = *state;
	int64_t sent = queue_and_end(fixture, OUTBOX_SENT);
	int64_t waiting = queue_and_end(fixture, OUTBOX_WAITING);
	int64_t queued = fixture_queue(fixture);
	GError *error = NULL;

	assert_false(outbox_retry(fixture->outbox, sent, 0, "x", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	assert_false(outbox_retry(fixture->outbox, queued, 0, "x", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	assert_true(outbox_retry(fixture->outbox, waiting, 0, "x", &error));
	fixture_assert_state(fixture, waiting, OUTBOX_QUEUED);
}

static bool count_audit(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error,
		"SELECT count(*) FROM audit WHERE actor = 'cli:root' AND subject = '1'"
		" AND ((action = 'outbox.retry'"
		" AND detail = 'mailbox: info@example.org; state: waiting')"
		" OR (action = 'outbox.cancel'"
		" AND detail = 'mailbox: info@example.org; state: queued'))");
}

static void test_notes_who_did_it(void **state)
{
	Fixture *fixture = *state;
	int64_t id = queue_and_end(fixture, OUTBOX_WAITING);
	int64_t count = 0;

	assert_true(outbox_retry(fixture->outbox, id, 0, "cli:root", NULL));
	assert_true(outbox_cancel(fixture->outbox, id, 0, "cli:root", NULL));
	assert_true(db_read(fixture->db, count_audit, &count, NULL));
	assert_int_equal(count, 2);
}

/* ---- erasing ---- */

static bool age_all(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"UPDATE outbox_mails SET ended_at = ended_at - 1000 WHERE ended_at > 0");
}

static void finish_copies(Fixture *fixture)
{
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	const OutboxPick any = {0};
	g_autoptr(GPtrArray) mails = outbox_claim_copies(worker, &any, 100, NULL);

	for (guint i = 0; i < mails->len; i++) {
		assert_true(outbox_note_copy(
			worker, mails->pdata[i], false, OUTBOX_COPY_DONE, 0, NULL, 0, NULL));
		assert_true(outbox_note_copy(
			worker, mails->pdata[i], true, OUTBOX_COPY_DONE, 5, NULL, 0, NULL));
	}
}

static ssize_t read_some(Fixture *fixture, int64_t id, GError **error)
{
	char buffer[100];

	return outbox_read(fixture->outbox, id, 0, buffer, sizeof buffer, error);
}

static void tidy(Fixture *fixture, int64_t age)
{
	GError *error = NULL;

	outbox_tidy(fixture->outbox, age, &error);
	assert_no_failure(error);
}

static void test_erases_content_in_time(void **state)
{
	Fixture *fixture = *state;
	int64_t sent = queue_and_end(fixture, OUTBOX_SENT);
	int64_t failed = queue_and_end(fixture, OUTBOX_FAILED);
	int64_t queued = fixture_queue(fixture);
	GError *error = NULL;

	fixture_write(fixture, age_all, NULL);
	tidy(fixture, 1100);
	assert_true(read_some(fixture, failed, &error) > 0);
	tidy(fixture, 900);
	assert_int_equal(read_some(fixture, failed, &error), -1);
	assert_failure(error, FAILURE_OUTBOX_ERASED);
	assert_true(read_some(fixture, sent, &error) > 0); /* a copy is to be made */
	assert_true(read_some(fixture, queued, &error) > 0);
	finish_copies(fixture);
	tidy(fixture, 900);
	assert_int_equal(read_some(fixture, sent, &error), -1);
	assert_failure(error, FAILURE_OUTBOX_ERASED);
	fixture_assert_state(fixture, sent, OUTBOX_SENT);
	assert_false(outbox_retry(fixture->outbox, failed, 0, "x", &error));
	assert_failure(error, FAILURE_OUTBOX_ERASED);
}

static bool count_pieces(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM outbox_pieces");
}

static void test_erases_large_ones_whole(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *bytes = g_malloc0(3000000);
	const OutboxOrder order = fixture_order();
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	int64_t kept = fixture_queue(fixture);
	int64_t pieces = 0;
	int64_t id;

	fixture_queue(fixture);
	assert_true(outbox_writer_write(writer, bytes, 3000000, NULL));
	assert_true(outbox_queue(fixture->outbox, &writer, &order, 1, &id, NULL));
	assert_true(outbox_cancel(fixture->outbox, id, 0, "x", NULL));
	tidy(fixture, 0);
	assert_true(db_read(fixture->db, count_pieces, &pieces, NULL));
	assert_int_equal(pieces, 2);
	assert_true(read_some(fixture, kept, NULL) > 0);
}

/* ---- removed users ---- */

static bool add_user(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"INSERT INTO users (id, name, name_folded) VALUES (1, 'mueller', 'mueller')");
}

static bool remove_user(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "DELETE FROM users WHERE id = 1");
}

static void test_nothing_is_sent_for_who_is_gone(void **state)
{
	Fixture *fixture = *state;
	int64_t sent = queue_and_end(fixture, OUTBOX_SENT);
	int64_t waiting = queue_and_end(fixture, OUTBOX_WAITING);
	int64_t failed = queue_and_end(fixture, OUTBOX_FAILED);
	int64_t claimed = fixture_queue(fixture);
	OutboxWorker *worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);
	int64_t queued = fixture_queue(fixture);
	g_autoptr(OutboxMail) mail = NULL;
	GError *error = NULL;

	fixture_write(fixture, add_user, NULL);
	fixture_write(fixture, remove_user, NULL);
	fixture_assert_state(fixture, waiting, OUTBOX_CANCELLED);
	fixture_assert_state(fixture, queued, OUTBOX_CANCELLED);
	/* A worker has it, and has not begun. */
	fixture_assert_state(fixture, claimed, OUTBOX_CANCELLED);
	assert_false(fixture_hand_over(worker, mails->pdata[0]));
	assert_false(outbox_retry(fixture->outbox, failed, 0, "x", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	outbox_worker_free(worker);
	mail = fixture_get(fixture, claimed);
	assert_int_equal(mail->state, OUTBOX_CANCELLED);
	assert_int_equal(mail->user_id, 0);
	assert_string_equal(mail->user, "mueller");
	assert_int_equal(fixture_recipient(mail, 0)->state, OUTBOX_CANCELLED);
	worker = fixture_worker(fixture);
	g_ptr_array_unref(g_steal_pointer(&mails));
	mails = outbox_claim_copies(worker, &(OutboxPick){0}, 10, &error);
	assert_int_equal(mails->len, 1);
	assert_int_equal(((OutboxMail *)mails->pdata[0])->id, sent);
	assert_int_equal(((OutboxMail *)mails->pdata[0])->sent_copy, OUTBOX_COPY_FAILED);
	outbox_worker_free(worker);
}

/* What some got before its user went is archived, by whoever works for those who are gone. */
static void test_what_some_got_is_archived(void **state)
{
	Fixture *fixture = *state;
	int64_t partly = fixture_queue_to(fixture, 2);
	OutboxWorker *worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);
	g_autoptr(GPtrArray) copies = NULL;
	g_autoptr(GArray) due = NULL;
	OutboxMail *mail = mails->pdata[0];

	assert_true(fixture_hand_over(worker, mail));
	fixture_set(mail, OUTBOX_SENT, "250 ok");
	((OutboxRecipient *)mail->recipients->pdata[1])->state = OUTBOX_WAITING;
	fixture_note(worker, mail, 4102444800);
	fixture_write(fixture, add_user, NULL);
	fixture_write(fixture, remove_user, NULL);
	fixture_assert_state(fixture, partly, OUTBOX_CANCELLED);
	due = outbox_due_users(fixture->outbox, NULL);
	assert_int_equal(due->len, 1);
	assert_int_equal(g_array_index(due, int64_t, 0), OUTBOX_REMOVED_USERS);
	copies = outbox_claim_copies(
		worker, &(OutboxPick){.user_id = OUTBOX_REMOVED_USERS}, 10, NULL);
	assert_int_equal(copies->len, 1);
	outbox_worker_free(worker);
}

static uint64_t count_failed(Fixture *fixture)
{
	OutboxCounts counts;

	assert_true(outbox_count(fixture->outbox, 1, &counts, NULL));
	return counts.failed + counts.unknown;
}

static void test_tries_doubtful_ones_only_when_told_so(void **state)
{
	Fixture *fixture = *state;
	int64_t unknown = queue_and_end(fixture, OUTBOX_UNKNOWN);
	int64_t failed = queue_and_end(fixture, OUTBOX_FAILED);
	GError *error = NULL;

	assert_false(outbox_retry_certain(fixture->outbox, unknown, 1, "x", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	fixture_assert_state(fixture, unknown, OUTBOX_UNKNOWN);
	assert_true(outbox_retry_certain(fixture->outbox, failed, 1, "x", &error));
	fixture_assert_state(fixture, failed, OUTBOX_QUEUED);
	assert_true(outbox_retry(fixture->outbox, unknown, 1, "x", &error));
}

static void test_what_was_seen_is_told_no_more(void **state)
{
	static const OutboxState others[] = {OUTBOX_SENT, OUTBOX_WAITING, OUTBOX_QUEUED};
	Fixture *fixture = *state;
	int64_t failed = queue_and_end(fixture, OUTBOX_FAILED);
	int64_t unknown = queue_and_end(fixture, OUTBOX_UNKNOWN);
	int64_t before, after;
	GError *error = NULL;
	g_autoptr(OutboxMail) mail = NULL;

	assert_int_equal(count_failed(fixture), 2);
	assert_false(outbox_see(fixture->outbox, failed, 2, &error));
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
	assert_true(outbox_version(fixture->outbox, 1, &before, NULL));
	assert_true(outbox_see(fixture->outbox, failed, 1, &error));
	assert_true(outbox_version(fixture->outbox, 1, &after, NULL));
	assert_true(after > before);
	assert_true(outbox_see(fixture->outbox, unknown, 1, &error));
	assert_int_equal(count_failed(fixture), 0);
	mail = fixture_get(fixture, failed);
	assert_true(mail->is_seen && mail->state == OUTBOX_FAILED);
	/* Tried again it is like any other. */
	assert_true(outbox_retry(fixture->outbox, failed, 1, "x", &error));
	fixture_send_one(fixture, OUTBOX_FAILED, 0);
	assert_int_equal(count_failed(fixture), 1);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		assert_false(
			outbox_see(fixture->outbox, queue_and_end(fixture, others[i]), 1, &error));
		assert_failure(error, FAILURE_OUTBOX_STATE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_cancels_what_was_not_sent),
		fixture_test(test_cancels_nothing_that_is_sent),
		fixture_test(test_cancels_until_it_is_handed_over),
		fixture_test(test_tries_again_whom_it_did_not_reach),
		fixture_test(test_tries_again_only_what_ended_badly),
		fixture_test(test_notes_who_did_it),
		fixture_test(test_erases_content_in_time),
		fixture_test(test_erases_large_ones_whole),
		fixture_test(test_nothing_is_sent_for_who_is_gone),
		fixture_test(test_what_some_got_is_archived),
		fixture_test(test_tries_doubtful_ones_only_when_told_so),
		fixture_test(test_what_was_seen_is_told_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
