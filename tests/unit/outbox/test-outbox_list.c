/* Lists, content, versions. */
#include "fixture.h"

static void assert_ids(GPtrArray *mails, const char *expected)
{
	g_autoptr(GString) ids = g_string_new(NULL);

	assert_non_null(mails);
	for (guint i = 0; i < mails->len; i++)
		g_string_append_printf(
			ids, "%s%d", i > 0 ? " " : "", (int)((OutboxMail *)mails->pdata[i])->id);
	assert_string_equal(ids->str, expected);
	g_ptr_array_unref(mails);
}

static void queue_five(Fixture *fixture)
{
	OutboxOrder order = fixture_order();

	for (int i = 1; i <= 5; i++) {
		order.user_id = i % 2 + 1;
		fixture_queue_order(fixture, &order);
	}
}

static void test_lists_the_newest_first(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	queue_five(fixture);
	assert_ids(outbox_list(fixture->outbox, 0, 0, 0, &error), "5 4 3 2 1");
	assert_ids(outbox_list(fixture->outbox, 0, 4, 2, &error), "3 2");
	assert_ids(outbox_list(fixture->outbox, 2, 0, 0, &error), "5 3 1");
	assert_ids(outbox_list(fixture->outbox, 2, 5, 1, &error), "3");
	assert_ids(outbox_list(fixture->outbox, 9, 0, 0, &error), "");
}

static void test_lists_what_is_open(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	OutboxOrder order = fixture_order();

	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_SENT, 0); /* lacks its copies */
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_FAILED, 0);
	fixture_queue(fixture);
	fixture_send_one(fixture, OUTBOX_WAITING, 4102444800);
	fixture_queue_order(fixture, &order);
	assert_ids(outbox_list_open(fixture->outbox, &error), "1 3 4");
}

static void test_gets_only_ones_own(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue(fixture);
	GError *error = NULL;
	char buffer[10];

	assert_null(outbox_get(fixture->outbox, id, 2, &error));
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
	assert_null(outbox_get(fixture->outbox, id + 1, 0, &error));
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
	outbox_mail_free(outbox_get(fixture->outbox, id, 1, &error));
	assert_no_failure(error);
	assert_int_equal(outbox_read(fixture->outbox, id + 1, 0, buffer, 10, &error), -1);
	assert_failure(error, FAILURE_OUTBOX_UNKNOWN);
}

static bool lose_pieces(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "DELETE FROM outbox_pieces");
}

static void test_misses_content(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_queue(fixture);
	GError *error = NULL;
	char buffer[10];

	fixture_write(fixture, lose_pieces, NULL);
	assert_int_equal(outbox_read(fixture->outbox, id, 0, buffer, 10, &error), -1);
	assert_failure(error, FAILURE_STORE);
}

static void look(
	Fixture *fixture, int64_t before, size_t limit, bool open_only, const char *expected)
{
	const OutboxLook look = {1, before, limit, open_only, 2};
	GError *error = NULL;

	assert_ids(outbox_look(fixture->outbox, &look, &error), expected);
}

static void test_looks_at_one_users_mails(void **state)
{
	static const OutboxState ends[] = {
		OUTBOX_SENT, OUTBOX_WAITING, OUTBOX_FAILED, OUTBOX_UNKNOWN, OUTBOX_FAILED};
	Fixture *fixture = *state;
	OutboxOrder order = fixture_order();

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		fixture_queue(fixture);
		fixture_send_one(fixture, ends[i], 4102444800);
	}
	order.user_id = 2;
	fixture_queue_order(fixture, &order);
	fixture_queue(fixture);
	assert_true(outbox_see(fixture->outbox, 5, 1, NULL));
	look(fixture, 0, 10, false, "7 5 4 3 2 1");
	look(fixture, 5, 2, false, "4 3");
	look(fixture, 0, 10, true, "7 4 3 2");
	look(fixture, 4, 1, true, "3");
	look(fixture, 2, 10, true, "");
}

/* Of many recipients a page names two, and how many there are. */
static void test_looks_at_some_recipients(void **state)
{
	static const unsigned counts[] = {1, 2, 3};
	Fixture *fixture = *state;
	const OutboxLook look = {1, 0, 10, false, 2};
	g_autoptr(GPtrArray) mails = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		fixture_queue_to(fixture, counts[i]);
		fixture_send_one(fixture, OUTBOX_SENT, 0);
	}
	mails = outbox_look(fixture->outbox, &look, NULL);
	assert_int_equal(mails->len, 3);
	for (guint i = 0; i < mails->len; i++) {
		const OutboxMail *mail = mails->pdata[2 - i];

		assert_int_equal(mail->recipients->len, MIN(counts[i], 2));
		assert_int_equal(mail->recipient_count, counts[i]);
		assert_int_equal(mail->served_count, counts[i]);
	}
}

static int64_t get_version(Fixture *fixture, int64_t user_id)
{
	int64_t version = -1;

	assert_true(outbox_version(fixture->outbox, user_id, &version, NULL));
	return version;
}

static void test_every_change_is_told(void **state)
{
	Fixture *fixture = *state;
	int64_t before = get_version(fixture, 1);
	g_autoptr(OutboxWorker) worker = fixture_worker(fixture);
	g_autoptr(GPtrArray) mails = NULL;
	int64_t steps[4];

	fixture_queue(fixture);
	steps[0] = get_version(fixture, 1);
	mails = fixture_claim(worker, 1);
	steps[1] = get_version(fixture, 1);
	fixture_hand_over(worker, mails->pdata[0]);
	fixture_set(mails->pdata[0], OUTBOX_FAILED, "550 no");
	fixture_note(worker, mails->pdata[0], 0);
	steps[2] = get_version(fixture, 1);
	assert_true(outbox_cancel(fixture->outbox, 1, 0, "x", NULL));
	steps[3] = get_version(fixture, 1);
	assert_true(before < steps[0]);
	for (int i = 1; i < 4; i++)
		assert_true(steps[i - 1] < steps[i]);
	assert_int_equal(get_version(fixture, 0), steps[3]);
	assert_int_equal(get_version(fixture, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_lists_the_newest_first),
		fixture_test(test_lists_what_is_open),
		fixture_test(test_gets_only_ones_own),
		fixture_test(test_misses_content),
		fixture_test(test_looks_at_one_users_mails),
		fixture_test(test_looks_at_some_recipients),
		fixture_test(test_every_change_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
