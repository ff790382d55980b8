/* Sequences: unions without doubles, seeking, what it costs. */
#include "fixture.h"
#include "archive/archive_sequence.h"

/* Mailbox 2: 3, 6, 9 …; mailbox 3: 5, 10, 15 …; up to 3000. */
static void make_mails(Fixture *fixture)
{
	fixture_run(fixture, "INSERT INTO mailboxes (id, address, address_folded)"
			     " VALUES (2, 'b', 'b'), (3, 'c', 'c'), (4, 'd', 'd')");
	fixture_run(fixture, "INSERT INTO mails (id, date, case_number, attachment_count)"
			     " WITH RECURSIVE n (i) AS"
			     " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
			     " SELECT i, 0, CASE WHEN i % 7 = 0 THEN 'A' END, i % 2 FROM n");
	fixture_run(fixture, "INSERT INTO mail_mailboxes (mail_id, mailbox_id, position)"
			     " SELECT id, 2, id FROM mails WHERE id % 3 = 0"
			     " UNION ALL SELECT id, 3, id FROM mails WHERE id % 5 = 0");
	fixture_run(fixture, "INSERT INTO mail_filers (mail_id, user_id, position)"
			     " SELECT id, 1, id FROM mails WHERE id IN (1, 15, 2999)");
}

typedef bool Expected(int64_t id);

typedef struct Walk {
	void (*add)(Sequence *sequence);
	Expected *expected;
	int64_t last;
	int64_t step; /* 1: all of them */
	size_t effort;
} Walk;

static bool walk_down(DbTransaction *transaction, void *data, GError **error)
{
	Walk *walk = data;
	g_autoptr(Sequence) sequence = sequence_new(transaction, walk->last);

	walk->effort = 0;
	walk->add(sequence);
	for (int64_t from = 3001; from >= 0; from -= walk->step) {
		int64_t found = from;
		int64_t wanted = from;

		if (!sequence_seek(sequence, &found, &walk->effort, error))
			return false;
		while (wanted >= walk->last && !walk->expected(wanted))
			wanted--;
		assert_int_equal(found, wanted >= walk->last ? wanted : -1);
	}
	return true;
}

static void assert_walk(
	Fixture *fixture, void (*add)(Sequence *sequence), Expected *expected, int64_t last)
{
	static const int64_t steps[] = {1, 2, 17, 400, 2500};
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		Walk walk = {add, expected, last, steps[i], 0};

		assert_true(db_read(fixture->db, walk_down, &walk, &error));
		assert_in_range(walk.effort, 1, 12000);
	}
}

static void add_all(Sequence *sequence)
{
	sequence_add(sequence, STREAM_ALL, db_null());
}

static bool is_mail(int64_t id)
{
	return id >= 1 && id <= 3000;
}

static void add_union(Sequence *sequence)
{
	sequence_add(sequence, STREAM_FILER, db_int(1));
	sequence_add(sequence, STREAM_MAILBOX, db_int(2));
	sequence_add(sequence, STREAM_MAILBOX, db_int(3));
	sequence_add(sequence, STREAM_MAILBOX, db_int(4));
}

static bool is_in_union(int64_t id)
{
	return is_mail(id) && (id % 3 == 0 || id % 5 == 0 || id == 1 || id == 2999);
}

static void add_case(Sequence *sequence)
{
	sequence_add(sequence, STREAM_CASE, db_text("A"));
}

static bool is_of_case(int64_t id)
{
	return is_mail(id) && id % 7 == 0;
}

static void add_attachments(Sequence *sequence)
{
	sequence_add(sequence, STREAM_WITH_ATTACHMENTS, db_null());
}

static bool has_attachments(int64_t id)
{
	return is_mail(id) && id % 2 == 1;
}

static void add_nothing(Sequence *sequence)
{
	(void)sequence;
}

static bool is_nothing(int64_t id)
{
	(void)id;
	return false;
}

static void test_finds_what_is_there(void **state)
{
	Fixture *fixture = *state;

	make_mails(fixture);
	assert_walk(fixture, add_all, is_mail, 1);
	assert_walk(fixture, add_union, is_in_union, 1);
	assert_walk(fixture, add_union, is_in_union, 700);
	assert_walk(fixture, add_case, is_of_case, 1);
	assert_walk(fixture, add_attachments, has_attachments, 1);
	assert_walk(fixture, add_nothing, is_nothing, 1);
}

/* Walking down reads each row once; jumping reads a handful a jump. */
static void test_costs_little(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	Walk jumping = {add_all, is_mail, 1, 400, 0};
	Walk walking = {add_all, is_mail, 1, 1, 0};

	make_mails(fixture);
	assert_true(db_read(fixture->db, walk_down, &jumping, &error));
	assert_in_range(jumping.effort, 1, 60);
	assert_true(db_read(fixture->db, walk_down, &walking, &error));
	assert_in_range(walking.effort, 3000, 6100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_finds_what_is_there, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_costs_little, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
