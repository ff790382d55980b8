/* Queueing: all or none, content small and large, keys. */
#include "fixture.h"

#define MIB ((size_t)1024 * 1024)

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	int64_t *counts = data;

	return db_get_int(
		       transaction, &counts[0], -1, error, "SELECT count(*) FROM outbox_mails") &&
	       db_get_int(
		       transaction, &counts[1], -1, error, "SELECT count(*) FROM outbox_pieces") &&
	       db_get_int(
		       transaction, &counts[2], -1, error, "SELECT count(*) FROM outbox_stages") &&
	       db_get_int(transaction, &counts[3], -1, error,
		       "SELECT count(*) FROM audit WHERE action = 'mail.queue'");
}

static void assert_counts(Fixture *fixture, int64_t mails, int64_t pieces, int64_t stages)
{
	int64_t counts[4];
	GError *error = NULL;

	db_read(fixture->db, count_in, counts, &error);
	assert_no_failure(error);
	assert_int_equal(counts[0], mails);
	assert_int_equal(counts[1], pieces);
	assert_int_equal(counts[2], stages);
	assert_int_equal(counts[3], mails);
}

/* SIZE bytes that tell their place. */
static uint8_t *make_content(size_t size)
{
	uint8_t *bytes = g_malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65537);
	return bytes;
}

static void assert_content(Fixture *fixture, int64_t id, const uint8_t *bytes, size_t size)
{
	g_autofree uint8_t *buffer = g_malloc(OUTBOX_PIECE);
	GError *error = NULL;
	size_t at = 0;
	ssize_t count;

	/* Steps that fall into the middle of pieces. */
	while ((count = outbox_read(fixture->outbox, id, at, buffer, 100000, &error)) > 0) {
		assert_true(at + (size_t)count <= size);
		assert_memory_equal(buffer, bytes + at, (size_t)count);
		at += (size_t)count;
	}
	assert_no_failure(error);
	assert_int_equal(count, 0);
	assert_int_equal(at, size);
}

static int64_t queue_content(Fixture *fixture, const uint8_t *bytes, size_t size, size_t step)
{
	const OutboxOrder order = fixture_order();
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	GError *error = NULL;
	int64_t id = 0;

	for (size_t at = 0; at < size; at += step) {
		outbox_writer_write(writer, bytes + at, MIN(step, size - at), &error);
		assert_no_failure(error);
	}
	outbox_queue(fixture->outbox, &writer, &order, 1, &id, &error);
	assert_no_failure(error);
	return id;
}

static void test_keeps_every_byte(void **state)
{
	static const size_t sizes[] = {0, 1, OUTBOX_PIECE - 1, OUTBOX_PIECE, OUTBOX_PIECE + 1, MIB,
		MIB + 1, 2 * MIB, 3 * MIB + 12345};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree uint8_t *bytes = make_content(sizes[i]);
		int64_t whole = queue_content(fixture, bytes, sizes[i], sizes[i] + 1);
		int64_t bit_by_bit = queue_content(fixture, bytes, sizes[i], 70001);
		g_autoptr(OutboxMail) mail = fixture_get(fixture, whole);

		assert_int_equal(mail->size, sizes[i]);
		assert_content(fixture, whole, bytes, sizes[i]);
		assert_content(fixture, bit_by_bit, bytes, sizes[i]);
	}
}

static void test_keeps_what_was_ordered(void **state)
{
	Fixture *fixture = *state;
	OutboxOrder order = fixture_order();
	g_autoptr(OutboxMail) mail = NULL;

	order.recipient_count = 3;
	order.subject = "Straßenfest – 😀";
	order.case_number = "A/1";
	order.has_8bit = true;
	mail = fixture_get(fixture, fixture_queue_order(fixture, &order));
	assert_int_equal(mail->user_id, 1);
	assert_string_equal(mail->user, "mueller");
	assert_string_equal(mail->sender, "info@example.org");
	assert_string_equal(mail->subject, "Straßenfest – 😀");
	assert_string_equal(mail->message_id, "1@example.org");
	assert_string_equal(mail->case_number, "A/1");
	assert_true(mail->has_8bit);
	assert_false(mail->has_utf8);
	assert_true(mail->created_at > 1700000000);
	assert_int_equal(mail->state, OUTBOX_QUEUED);
	assert_int_equal(mail->recipients->len, 3);
	assert_string_equal(fixture_recipient(mail, 2)->address, "c@example.org");
	assert_int_equal(fixture_recipient(mail, 2)->state, OUTBOX_QUEUED);
	assert_null(fixture_recipient(mail, 2)->reply);
	assert_int_equal(mail->sent_copy, OUTBOX_COPY_PENDING);
	assert_int_equal(mail->archive_copy, OUTBOX_COPY_PENDING);
	assert_counts(fixture, 1, 1, 0);
}

/* The second order's key is the first one's, the third fails: its user's name is none. */
static void test_queues_all_or_none(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	OutboxOrder orders[] = {fixture_order(), fixture_order()};
	g_autoptr(OutboxWriter) first = outbox_writer_new(fixture->outbox);
	g_autoptr(OutboxWriter) second = outbox_writer_new(fixture->outbox);
	OutboxWriter *writers[] = {first, second};
	int64_t ids[] = {-1, -1};

	assert_true(outbox_writer_write(first, "eins", 4, NULL));
	orders[1].sender = NULL;
	assert_false(outbox_queue(fixture->outbox, writers, orders, 2, ids, &error));
	assert_failure(error, FAILURE_STORE);
	assert_int_equal(ids[0], -1);
	assert_counts(fixture, 0, 0, 0);
	/* The content is still there for another try. */
	orders[1].sender = "info@example.org";
	assert_true(outbox_queue(fixture->outbox, writers, orders, 2, ids, &error));
	assert_content(fixture, ids[0], (const uint8_t *)"eins", 4);
	assert_counts(fixture, 2, 1, 0);
}

static void test_a_key_is_used_once(void **state)
{
	Fixture *fixture = *state;
	OutboxOrder order = fixture_order();
	int64_t first, other;

	order.key = "antrag-7";
	first = fixture_queue_order(fixture, &order);
	assert_int_equal(fixture_queue_order(fixture, &order), first);
	fixture_send_one(fixture, OUTBOX_SENT, 0);
	assert_int_equal(fixture_queue_order(fixture, &order), first);
	assert_counts(fixture, 1, 1, 0);
	order.user_id = 2;
	order.user = "schulze";
	other = fixture_queue_order(fixture, &order);
	assert_int_not_equal(other, first);
	order.key = NULL;
	assert_int_not_equal(fixture_queue_order(fixture, &order), other);
}

/* What the same key stands for is the same alone where both digests say so, or both are missing. */
static void test_a_key_of_something_else_is_refused(void **state)
{
	Fixture *fixture = *state;
	static const char *const digests[] = {"eins", NULL, "zwei"};
	OutboxOrder order = fixture_order();

	for (size_t i = 0; i < G_N_ELEMENTS(digests); i++) {
		g_autofree char *key = g_strdup_printf(OUTBOX_KEY_API "antrag-%zu", i);
		int64_t first, found;

		order.key = key;
		order.digest = digests[i];
		first = fixture_queue_order(fixture, &order);
		for (size_t j = 0; j < G_N_ELEMENTS(digests); j++) {
			g_autoptr(GError) error = NULL;

			order.digest = digests[j];
			if (i == j) {
				assert_int_equal(fixture_queue_order(fixture, &order), first);
				continue;
			}
			assert_false(outbox_find_key(
				fixture->outbox, 1, key, digests[j], &found, &error));
			assert_int_equal(failure_of(error), FAILURE_IDEMPOTENCY_KEY);
			assert_null(strstr(error->message, OUTBOX_KEY_API));
		}
	}
	order.key = OUTBOX_KEY_DRAFT "antrag-0";
	order.digest = "eins";
	fixture_queue_order(fixture, &order);
	assert_counts(fixture, 4, 4, 0);
}

static void test_a_key_is_used_once_within_one_order(void **state)
{
	Fixture *fixture = *state;
	OutboxOrder orders[] = {fixture_order(), fixture_order()};
	g_autoptr(OutboxWriter) first = outbox_writer_new(fixture->outbox);
	g_autoptr(OutboxWriter) second = outbox_writer_new(fixture->outbox);
	OutboxWriter *writers[] = {first, second};
	GError *error = NULL;
	int64_t ids[2] = {0};

	orders[0].key = orders[1].key = "doppelt";
	outbox_queue(fixture->outbox, writers, orders, 2, ids, &error);
	assert_no_failure(error);
	assert_int_equal(ids[0], ids[1]);
	assert_counts(fixture, 1, 0, 0);
}

static void test_drops_what_was_not_queued(void **state)
{
	Fixture *fixture = *state;
	g_autofree uint8_t *bytes = make_content(2 * MIB);
	OutboxWriter *writer = outbox_writer_new(fixture->outbox);

	assert_true(outbox_writer_write(writer, bytes, 2 * MIB, NULL));
	assert_counts(fixture, 0, 4, 1);
	outbox_writer_free(writer);
	assert_counts(fixture, 0, 0, 0);
}

static void test_refuses_what_is_too_large(void **state)
{
	Fixture *fixture = *state;
	g_autofree uint8_t *bytes = g_malloc0(OUTBOX_CONTENT_LIMIT + 1);
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	GError *error = NULL;

	assert_false(outbox_writer_write(writer, bytes, OUTBOX_CONTENT_LIMIT + 1, &error));
	assert_failure(error, FAILURE_MAIL_TOO_LARGE);
	assert_true(outbox_writer_write(writer, bytes, 10, &error));
	assert_false(outbox_writer_write(writer, bytes, OUTBOX_CONTENT_LIMIT - 9, &error));
	assert_failure(error, FAILURE_MAIL_TOO_LARGE);
	assert_counts(fixture, 0, 0, 0);
}

static bool lose_stages(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "DELETE FROM outbox_stages");
}

/* Whoever took this process for dead has thrown its stage away. */
static void test_a_stage_that_is_gone_is_no_mail(void **state)
{
	Fixture *fixture = *state;
	const OutboxOrder order = fixture_order();
	g_autofree uint8_t *bytes = make_content(2 * MIB);
	g_autoptr(OutboxWriter) writer = outbox_writer_new(fixture->outbox);
	GError *error = NULL;
	int64_t id = 0;

	assert_true(outbox_writer_write(writer, bytes, 2 * MIB, NULL));
	fixture_write(fixture, lose_stages, NULL);
	assert_false(outbox_queue(fixture->outbox, &writer, &order, 1, &id, &error));
	assert_failure(error, FAILURE_STORE);
	assert_counts(fixture, 0, 4, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(test_keeps_every_byte),
		fixture_test(test_keeps_what_was_ordered),
		fixture_test(test_queues_all_or_none),
		fixture_test(test_a_key_is_used_once),
		fixture_test(test_a_key_of_something_else_is_refused),
		fixture_test(test_a_key_is_used_once_within_one_order),
		fixture_test(test_drops_what_was_not_queued),
		fixture_test(test_refuses_what_is_too_large),
		fixture_test(test_a_stage_that_is_gone_is_no_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
