/* A worker's journal: what was said there counts after kill -9, and nothing else. */
#include "fixture.h"

#include <sys/stat.h>

static OutboxMail *mail_at(const GPtrArray *mails, guint number)
{
	assert_true(number < mails->len);
	return mails->pdata[number];
}

/* The mail at NUMBER is sent, and the next one handed over at once. */
static void go_on(OutboxWorker *worker, const GPtrArray *mails, guint number)
{
	const OutboxOutcome outcome = {.mail = mail_at(mails, number)};
	GError *error = NULL;
	bool goes_on = false;

	fixture_set(mail_at(mails, number), OUTBOX_SENT, "250 ok");
	outbox_note(worker, &outcome, mail_at(mails, number + 1), &goes_on, &error);
	assert_no_failure(error);
	assert_true(goes_on);
}

static GPtrArray *claim_five(Fixture *fixture, OutboxWorker *worker)
{
	for (int i = 0; i < 5; i++)
		fixture_queue(fixture);
	return fixture_claim(worker, 5);
}

/* The first two are sent, the third is handed over, the others are called ahead. */
static GPtrArray *send_two(Fixture *fixture, OutboxWorker *worker)
{
	GPtrArray *mails = claim_five(fixture, worker);

	assert_true(fixture_hand_over(worker, mail_at(mails, 0)));
	go_on(worker, mails, 0);
	go_on(worker, mails, 1);
	return mails;
}

static void send_two_and_die(Fixture *fixture, void *data)
{
	(void)data;
	send_two(fixture, fixture_worker(fixture));
	kill(getpid(), SIGKILL);
}

static void assert_states(Fixture *fixture, const char *letters)
{
	static const OutboxState states[] = {['q'] = OUTBOX_QUEUED,
		['h'] = OUTBOX_SENDING,
		['s'] = OUTBOX_SENT,
		['u'] = OUTBOX_UNKNOWN,
		['f'] = OUTBOX_FAILED};

	for (int64_t i = 0; letters[i]; i++)
		fixture_assert_state(fixture, i + 1, states[(unsigned char)letters[i]]);
}

static void test_says_what_the_rows_do_not(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxMail) mail = NULL;

	fixture_run_killed(fixture, send_two_and_die, NULL);
	assert_states(fixture, "shhhh");
	assert_int_equal(fixture_recover(fixture), 4);
	assert_states(fixture, "ssuqq");
	mail = fixture_get(fixture, 2);
	assert_string_equal(fixture_recipient(mail, 0)->reply, "250 ok");
	assert_int_equal(mail->attempts, 1);
	assert_int_equal(fixture_count_locks(fixture), 0);
}

/* While the third waits for its answer the fourth turns out to be none for this server. */
static void refuse_one_and_die(Fixture *fixture, void *data)
{
	OutboxWorker *worker = fixture_worker(fixture);
	GPtrArray *mails = send_two(fixture, worker);

	(void)data;
	fixture_set(mail_at(mails, 3), OUTBOX_FAILED, NULL);
	fixture_note(worker, mail_at(mails, 3), 0);
	kill(getpid(), SIGKILL);
}

static void test_keeps_who_waits_for_an_answer(void **state)
{
	Fixture *fixture = *state;

	fixture_run_killed(fixture, refuse_one_and_die, NULL);
	fixture_recover(fixture);
	assert_states(fixture, "ssufq");
}

/* A file of a dead worker's, that loses its last bytes. */
static void cut_journals(const Fixture *fixture, off_t bytes)
{
	g_autoptr(GDir) folder = g_dir_open(fixture->outbox_folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(fixture->outbox_folder, name, NULL);
		struct stat status;

		assert_int_equal(stat(path, &status), 0);
		if (status.st_size > bytes)
			assert_int_equal(truncate(path, status.st_size - bytes), 0);
	}
}

static void test_half_a_record_is_none(void **state)
{
	Fixture *fixture = *state;

	fixture_run_killed(fixture, send_two_and_die, NULL);
	cut_journals(fixture, 1);
	fixture_recover(fixture);
	assert_states(fixture, "suqqq");
}

static void test_the_rows_learn_of_it_in_the_end(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = send_two(fixture, worker);

	assert_states(fixture, "shhhh");
	fixture_set(mail_at(mails, 2), OUTBOX_SENT, "250 ok");
	fixture_note(worker, mail_at(mails, 2), 0);
	assert_states(fixture, "ssshh");
	assert_true(outbox_cancel(fixture->outbox, 4, 0, "x", NULL));
	g_clear_pointer(&worker, outbox_worker_free);
	fixture_assert_state(fixture, 4, OUTBOX_CANCELLED);
	fixture_assert_state(fixture, 5, OUTBOX_QUEUED);
}

static void test_the_rows_learn_of_it_soon(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = send_two(fixture, worker);

	assert_states(fixture, "shhhh");
	g_usleep(250 * 1000);
	go_on(worker, mails, 2);
	assert_states(fixture, "ssshh");
}

static void test_a_worker_that_leaves_says_all(void **state)
{
	Fixture *fixture = *state;
	OutboxWorker *worker = fixture_worker(fixture);
	g_ptr_array_unref(send_two(fixture, worker));
	outbox_worker_free(worker);
	assert_states(fixture, "ssuqq");
	assert_int_equal(fixture_count_locks(fixture), 0);
}

typedef struct Late {
	const OutboxWorker *worker;
	const OutboxWord *word;
	bool noted;
} Late;

static bool put_late(DbTransaction *transaction, void *data, GError **error)
{
	Late *late = data;

	return outbox_put_word(
		transaction, late->worker->lease->name, late->word, &late->noted, error);
}

/* A word about a claim that is over says nothing about the next one, of the same worker either. */
static void test_a_word_is_about_one_claim(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) first = NULL;
	g_autoptr(GPtrArray) second = NULL;
	g_autoptr(OutboxWord) word = NULL;
	OutboxOutcome outcome;
	int64_t claim;
	Late late = {.worker = worker};

	fixture_queue(fixture);
	first = fixture_claim(worker, 1);
	claim = outbox_claim_number(worker->claims, 1);
	fixture_set(mail_at(first, 0), OUTBOX_SENT, "250 ok");
	outcome = (OutboxOutcome){.mail = mail_at(first, 0)};
	late.word = word = outbox_word_new(&outcome, claim, 0);
	fixture_set(mail_at(first, 0), OUTBOX_QUEUED, NULL);
	fixture_note(worker, mail_at(first, 0), 0);
	second = fixture_claim(worker, 1);
	assert_int_equal(outbox_claim_number(worker->claims, 1), claim + 1);
	fixture_write(fixture, put_late, &late);
	assert_false(late.noted);
	fixture_assert_state(fixture, 1, OUTBOX_SENDING);
	assert_true(fixture_hand_over(worker, mail_at(second, 0)));
}

/* What comes back to a file is what was said. */
static void test_keeps_words(void **state)
{
	Fixture *fixture = *state;
	OutboxLease *lease = outbox_lease_new(fixture->outbox, NULL);
	OutboxMail mail = {
		.id = 7, .recipients = g_ptr_array_new_with_free_func(outbox_recipient_free)};
	const OutboxOutcome outcome = {.mail = &mail,
		.condition = "send-later",
		.reason = "Später „mehr“ \xff.",
		.next = 99};
	g_autoptr(OutboxWord) word = NULL;
	g_autoptr(OutboxJournal) journal = NULL;
	const OutboxWord *found;

	for (int i = 0; i < 1000; i++) {
		OutboxRecipient *recipient = g_new0(OutboxRecipient, 1);

		recipient->state = i % 2 ? OUTBOX_WAITING : OUTBOX_FAILED;
		recipient->reply = i % 3 ? g_strdup_printf("451 %d", i) : NULL;
		g_ptr_array_add(mail.recipients, recipient);
	}
	word = outbox_word_new(&outcome, 3, 12);
	assert_true(outbox_journal_add(lease, word, 8, 4));
	journal = outbox_journal_read(lease->file);
	assert_null(outbox_journal_find(journal, 7, 2));
	found = outbox_journal_find(journal, 7, 3);
	assert_non_null(found);
	assert_int_equal(found->next, 99);
	assert_int_equal(found->handed_at, 12);
	assert_string_equal(found->condition, "send-later");
	assert_string_equal(found->reason, "Später „mehr“ \uFFFD.");
	assert_int_equal(found->recipients->len, 1000);
	assert_int_equal(((OutboxRecipient *)found->recipients->pdata[2])->state, OUTBOX_FAILED);
	assert_string_equal(((OutboxRecipient *)found->recipients->pdata[2])->reply, "451 2");
	assert_null(((OutboxRecipient *)found->recipients->pdata[3])->reply);
	assert_true(outbox_journal_has_handed(journal, 8, 4));
	assert_false(outbox_journal_has_handed(journal, 8, 5));
	g_ptr_array_unref(mail.recipients);
	outbox_lease_free(lease, false);
}

/* What does not fit goes to the rows at once, and nothing is lost of what is there. */
static void test_takes_no_more_than_it_can_read(void **state)
{
	Fixture *fixture = *state;
	OutboxLease *lease = outbox_lease_new(fixture->outbox, NULL);
	OutboxMail mail = {
		.id = 7, .recipients = g_ptr_array_new_with_free_func(outbox_recipient_free)};
	const OutboxOutcome outcome = {.mail = &mail};
	g_autoptr(OutboxWord) word = NULL;
	g_autoptr(OutboxJournal) journal = NULL;
	unsigned taken = 0;

	for (int i = 0; i < 1000; i++) {
		OutboxRecipient *recipient = g_new0(OutboxRecipient, 1);

		recipient->state = OUTBOX_SENT;
		recipient->reply = g_strnfill(2000, 'x');
		g_ptr_array_add(mail.recipients, recipient);
	}
	word = outbox_word_new(&outcome, 3, 12);
	while (outbox_journal_add(lease, word, 8, 4))
		taken++;
	journal = outbox_journal_read(lease->file);
	assert_int_equal(journal->words->len, taken);
	assert_in_range(taken, 5, 50);
	g_ptr_array_unref(mail.recipients);
	outbox_lease_free(lease, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_says_what_the_rows_do_not),
		fixture_test(test_keeps_who_waits_for_an_answer),
		fixture_test(test_half_a_record_is_none),
		fixture_test(test_the_rows_learn_of_it_in_the_end),
		fixture_test(test_the_rows_learn_of_it_soon),
		fixture_test(test_a_worker_that_leaves_says_all),
		fixture_test(test_a_word_is_about_one_claim),
		fixture_test(test_keeps_words),
		fixture_test(test_takes_no_more_than_it_can_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
