/* Claims that are fenced, the moment of handing over, outcomes. */
#include "fixture.h"

#include <sys/syscall.h>
#include "base/clock.h"

static unsigned syncs;

/* In place of the C library's: what SQLite calls is counted. */
int fdatasync(int file)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, file);
}

static unsigned take_syncs(void)
{
	unsigned count = syncs;

	syncs = 0;
	return count;
}

static void test_sends_one(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue_to(fixture, 2);
	g_autoptr(OutboxMail) mail = NULL;

	fixture_send_one(fixture, OUTBOX_SENT, 0);
	mail = fixture_get(fixture, id);
	assert_int_equal(mail->state, OUTBOX_SENT);
	assert_int_equal(mail->attempts, 1);
	assert_int_equal(mail->next, 0);
	assert_true(mail->ended_at > 0);
	assert_int_equal(fixture_recipient(mail, 1)->state, OUTBOX_SENT);
	assert_string_equal(fixture_recipient(mail, 1)->reply, "250 ok");
	assert_int_equal(fixture_count_locks(fixture), 0);
}

static void test_a_claimed_mail_carries_its_content(void **state)
{
	Fixture *fixture = *state;
	const OutboxOrder order = fixture_order();
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autofree char *large = g_malloc0(70000);
	g_autoptr(GPtrArray) mails = NULL;
	const OutboxMail *mail;
	int64_t id;

	fixture_queue(fixture);
	assert_true(outbox_writer_write(writer, large, 70000, NULL));
	assert_true(outbox_queue(fixture->outbox, &writer, &order, 1, &id, NULL));
	assert_true(outbox_queue(fixture->outbox, &writer, &order, 1, &id, NULL)); /* empty */
	mails = fixture_claim(worker, 10);
	assert_int_equal(mails->len, 3);
	mail = mails->pdata[0];
	assert_int_equal(g_bytes_get_size(mail->content), strlen(FIXTURE_TEXT));
	assert_memory_equal(
		g_bytes_get_data(mail->content, NULL), FIXTURE_TEXT, strlen(FIXTURE_TEXT));
	assert_null(((const OutboxMail *)mails->pdata[1])->content);
	assert_int_equal(g_bytes_get_size(((const OutboxMail *)mails->pdata[2])->content), 0);
}

static void test_a_claimed_mail_is_nobody_elses(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) one = fixture_worker(fixture);
	g_autoptr(OutboxWorker) other = fixture_worker(fixture);
	g_autoptr(GPtrArray) first = NULL;
	g_autoptr(GPtrArray) second = NULL;

	for (int i = 0; i < 5; i++)
		fixture_queue(fixture);
	first = fixture_claim(one, 3);
	second = fixture_claim(other, 3);
	assert_int_equal(first->len, 3);
	assert_int_equal(second->len, 2);
	assert_int_equal(((OutboxMail *)first->pdata[0])->state, OUTBOX_SENDING);
	assert_true(((OutboxMail *)first->pdata[2])->id < ((OutboxMail *)second->pdata[0])->id);
	/* Neither may say anything about the other's. */
	assert_false(fixture_hand_over(other, first->pdata[0]));
	fixture_set(first->pdata[0], OUTBOX_SENT, "250 ok");
	fixture_note(other, first->pdata[0], 0);
	fixture_assert_state(fixture, ((OutboxMail *)first->pdata[0])->id, OUTBOX_SENDING);
	assert_true(fixture_hand_over(one, first->pdata[0]));
	fixture_note(one, first->pdata[0], 0);
	fixture_assert_state(fixture, ((OutboxMail *)first->pdata[0])->id, OUTBOX_SENT);
}

/* The same worker's earlier claim of the same mail is over, too. */
static void test_an_old_claim_notes_nothing(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = NULL;
	OutboxMail *mail;
	GError *error = NULL;

	fixture_queue(fixture);
	mails = fixture_claim(worker, 1);
	mail = mails->pdata[0];
	assert_true(outbox_cancel(fixture->outbox, mail->id, 0, "mueller", &error));
	assert_false(fixture_hand_over(worker, mail));
	fixture_set(mail, OUTBOX_SENT, "250 ok");
	fixture_note(worker, mail, 0);
	fixture_assert_state(fixture, mail->id, OUTBOX_CANCELLED);
	/* Once noted, the claim is over. */
	assert_false(fixture_hand_over(worker, mail));
}

static void test_gives_back_what_it_did_not_try(void **state)
{
	Fixture *fixture = *state;
	int64_t handed = fixture_queue(fixture);
	int64_t idle = fixture_queue(fixture);
	int64_t refused = fixture_queue(fixture);
	OutboxWorker *worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 10);
	g_autoptr(OutboxMail) mail = NULL;

	assert_int_equal(mails->len, 3);
	assert_true(fixture_hand_over(worker, mails->pdata[0]));
	fixture_set(mails->pdata[2], OUTBOX_QUEUED, NULL);
	fixture_note(worker, mails->pdata[2], 0);
	mail = fixture_get(fixture, refused);
	assert_int_equal(mail->state, OUTBOX_QUEUED);
	assert_int_equal(mail->attempts, 0);
	outbox_worker_free(worker);
	fixture_assert_state(fixture, handed, OUTBOX_UNKNOWN);
	fixture_assert_state(fixture, idle, OUTBOX_QUEUED);
	assert_int_equal(fixture_count_locks(fixture), 0);
}

typedef struct Case {
	OutboxState recipients[3];
	OutboxState mail;
	unsigned attempts;
	bool is_over, is_copied;
} Case;

static bool has_copy_due(Fixture *fixture)
{
	OutboxCounts counts;
	GError *error = NULL;

	outbox_count(fixture->outbox, 0, &counts, &error);
	assert_no_failure(error);
	return counts.copies > 0;
}

static void test_a_mail_is_what_its_recipients_are(void **state)
{
	static const Case cases[] = {
		{{OUTBOX_SENT, OUTBOX_SENT, OUTBOX_SENT}, OUTBOX_SENT, 1, true, true},
		{{OUTBOX_SENT, OUTBOX_FAILED, OUTBOX_SENT}, OUTBOX_FAILED, 1, true, true},
		{{OUTBOX_FAILED, OUTBOX_FAILED, OUTBOX_FAILED}, OUTBOX_FAILED, 1, true, false},
		{{OUTBOX_FAILED, OUTBOX_WAITING, OUTBOX_SENT}, OUTBOX_WAITING, 1, false, false},
		{{OUTBOX_QUEUED, OUTBOX_WAITING, OUTBOX_SENT}, OUTBOX_QUEUED, 0, false, false},
		{{OUTBOX_UNKNOWN, OUTBOX_WAITING, OUTBOX_SENT}, OUTBOX_UNKNOWN, 1, true, false},
		{{OUTBOX_QUEUED, OUTBOX_FAILED, OUTBOX_SENT}, OUTBOX_QUEUED, 0, false, false},
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int64_t id = fixture_queue_to(fixture, 3);
		g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
		const OutboxPick pick = {.ids = &id, .id_count = 1};
		g_autoptr(GPtrArray) mails = outbox_claim(worker, &pick, 1, NULL);
		g_autoptr(OutboxMail) mail = NULL;

		for (guint j = 0; j < 3; j++)
			((OutboxRecipient *)((OutboxMail *)mails->pdata[0])->recipients->pdata[j])
				->state = cases[i].recipients[j];
		assert_true(fixture_hand_over(worker, mails->pdata[0]));
		fixture_note(worker, mails->pdata[0], 4102444800);
		mail = fixture_get(fixture, id);
		assert_int_equal(mail->state, cases[i].mail);
		assert_int_equal(mail->attempts, cases[i].attempts);
		assert_int_equal(mail->ended_at > 0, cases[i].is_over);
		assert_int_equal(mail->next, mail->state == OUTBOX_WAITING ? 4102444800 : 0);
		assert_int_equal(has_copy_due(fixture), cases[i].is_copied);
		outbox_cancel(fixture->outbox, id, 0, "x", NULL);
		while (has_copy_due(fixture)) {
			const OutboxPick any = {0};
			g_autoptr(GPtrArray) copies = outbox_claim_copies(worker, &any, 1, NULL);

			assert_true(outbox_note_copy(worker, copies->pdata[0], false,
				OUTBOX_COPY_DONE, 0, NULL, 0, NULL));
			assert_true(outbox_note_copy(worker, copies->pdata[0], true,
				OUTBOX_COPY_DONE, 7, NULL, 0, NULL));
		}
	}
}

static void test_keeps_why_and_when(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 1);
	g_autoptr(GPtrArray) none = NULL;
	g_autoptr(OutboxMail) mail = NULL;
	OutboxOutcome outcome = {
		.mail = mails->pdata[0],
		.condition = "throttled",
		.reason = "Der Server bittet um Geduld.",
		.next = clock_now() + 100,
	};

	fixture_set(mails->pdata[0], OUTBOX_WAITING, "451 4.7.1 \xff später");
	assert_true(outbox_note(worker, &outcome, NULL, NULL, NULL));
	mail = fixture_get(fixture, id);
	assert_string_equal(mail->condition, "throttled");
	assert_string_equal(mail->reason, "Der Server bittet um Geduld.");
	assert_int_equal(mail->next, outcome.next);
	assert_string_equal(fixture_recipient(mail, 0)->reply, "451 4.7.1 \xef\xbf\xbd später");
	none = fixture_claim(worker, 1);
	assert_int_equal(none->len, 0);
}

static void test_notes_the_next_one_in_the_same_commit(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = NULL;
	const OutboxMail *last;
	OutboxOutcome outcome;
	GError *error = NULL;
	bool goes_on = false;

	for (int i = 0; i < 3; i++)
		fixture_queue(fixture);
	mails = fixture_claim(worker, 3);
	last = mails->pdata[2];
	assert_true(fixture_hand_over(worker, mails->pdata[0]));
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	outcome = (OutboxOutcome){.mail = mails->pdata[0]};
	assert_true(outbox_note(worker, &outcome, mails->pdata[1], &goes_on, NULL));
	assert_true(goes_on);
	/* Whoever goes from one to the next at once will soon be there. */
	assert_false(outbox_cancel(fixture->outbox, last->id, 0, "x", &error));
	assert_failure(error, FAILURE_OUTBOX_STATE);
	fixture_set(mails->pdata[1], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[1], 0);
	fixture_assert_state(fixture, ((OutboxMail *)mails->pdata[1])->id, OUTBOX_SENT);
	assert_true(outbox_cancel(fixture->outbox, last->id, 0, "x", NULL));
	assert_false(fixture_hand_over(worker, last));
}

static void test_counts_what_was_handed_over(void **state)
{
	Fixture *fixture = *state;
	unsigned count = 99;

	fixture_queue(fixture);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_WAITING, 4102444800);
	assert_true(outbox_rate(fixture->outbox, 1, 60, &count, NULL));
	assert_int_equal(count, 1);
	fixture_send_one(fixture, OUTBOX_SENT, 0);
	assert_true(outbox_rate(fixture->outbox, 1, 60, &count, NULL));
	assert_int_equal(count, 2);
	assert_true(outbox_rate(fixture->outbox, 2, 60, &count, NULL));
	assert_int_equal(count, 0);
}

/* The claim before a byte leaves, the rest with the last. */
static void test_waits_for_the_disk_where_it_must(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = NULL;

	take_syncs();
	fixture_queue(fixture);
	assert_true(take_syncs() >= 1);
	mails = fixture_claim(worker, 1);
	assert_int_equal(take_syncs(), 1);
	fixture_hand_over(worker, mails->pdata[0]);
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[0], 0);
	assert_int_equal(take_syncs(), 0);
	g_ptr_array_unref(fixture_claim(worker, 1));
	assert_int_equal(take_syncs(), 1);
	g_ptr_array_unref(fixture_claim(worker, 1));
	assert_int_equal(take_syncs(), 0);
}

static bool remove_file(Fixture *fixture)
{
	g_autoptr(GDir) folder = g_dir_open(fixture->outbox_folder, 0, NULL);
	g_autofree char *path =
		g_build_filename(fixture->outbox_folder, g_dir_read_name(folder), NULL);

	return unlink(path) == 0;
}

/* Somebody removed the lock's file: nobody knows of this worker any more, but it is still there. */
static void test_a_late_word_is_better_than_none(void **state)
{
	Fixture *fixture = *state;
	int64_t sent = fixture_queue(fixture);
	int64_t other = fixture_queue(fixture);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = fixture_claim(worker, 2);

	assert_true(fixture_hand_over(worker, mails->pdata[0]));
	assert_true(remove_file(fixture));
	assert_int_equal(fixture_recover(fixture), 2);
	fixture_assert_state(fixture, sent, OUTBOX_UNKNOWN);
	fixture_set(mails->pdata[0], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[0], 0);
	fixture_assert_state(fixture, sent, OUTBOX_SENT);
	/* What is not under way is left. */
	assert_false(fixture_hand_over(worker, mails->pdata[1]));
	assert_true(outbox_retry(fixture->outbox, other, 0, "x", NULL));
	fixture_set(mails->pdata[1], OUTBOX_SENT, "250 ok");
	fixture_note(worker, mails->pdata[1], 0);
	fixture_assert_state(fixture, other, OUTBOX_QUEUED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_sends_one),
		fixture_test(test_a_claimed_mail_carries_its_content),
		fixture_test(test_a_claimed_mail_is_nobody_elses),
		fixture_test(test_an_old_claim_notes_nothing),
		fixture_test(test_gives_back_what_it_did_not_try),
		fixture_test(test_a_mail_is_what_its_recipients_are),
		fixture_test(test_keeps_why_and_when),
		fixture_test(test_notes_the_next_one_in_the_same_commit),
		fixture_test(test_counts_what_was_handed_over),
		fixture_test(test_waits_for_the_disk_where_it_must),
		fixture_test(test_a_late_word_is_better_than_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
