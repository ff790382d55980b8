/* What a commit files: grouping, duplicates, deleted mails, case numbers, cursor, races. */
#include "fixture.h"
#include <signal.h>
#include <sys/wait.h>
#include "audit/audit.h"

static void test_copies_of_one_mail_are_grouped(void **state)
{
	static const char first[] = "Received: by a\r\nMessage-ID: <1@x>\r\n\r\nsame\r\n";
	static const char second[] = "Received: by b\r\nMessage-ID: <1@x>\r\n\r\nsame\r\n";
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, first);

	assert_int_equal(fixture_file(fixture, 2, second), id);
	assert_bytes(fixture, id, 0, first);
	assert_bytes(fixture, id, 1, second);
	assert_listed(fixture, "1");
}

static void test_message_id_alone_groups_nothing(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "Message-ID: <1@x>\r\n\r\none\r\n");

	assert_int_not_equal(fixture_file(fixture, 2, "Message-ID: <1@x>\r\n\r\ntwo\r\n"), id);
}

static void test_without_message_id_nothing_is_grouped(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, "Received: by a\r\nSubject: x\r\n\r\nsame\r\n");

	assert_int_not_equal(
		fixture_file(fixture, 2, "Received: by b\r\nSubject: x\r\n\r\nsame\r\n"), id);
	/* Equal bytes are one copy all the same. */
	assert_int_equal(
		fixture_file(fixture, 3, "Received: by a\r\nSubject: x\r\n\r\nsame\r\n"), id);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), 2);
}

static void test_one_copy_with_several_sources(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder other = fixture_folder(fixture, 2, "bau@example.org", "Büro", 9);
	ArchiveOrder order = fixture_order(&other);
	int64_t id = fixture_file(fixture, 1, "x\r\n");
	g_autoptr(ArchiveMail) mail = NULL;
	GError *error = NULL;

	assert_int_equal(fixture_file_by(fixture, &order, 5, "x\r\n"), id);
	assert_int_equal(fixture_file_by(fixture, &order, 5, "x\r\n"), id);
	mail = archive_find(fixture->archive, NULL, id, &error);
	assert_int_equal(mail->copies->len, 1);
	assert_int_equal(mail->sources->len, 2);
}

static void test_ids_come_in_the_order_of_finish(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_auto(ArchiveTally) tally = fixture_tally();

	for (unsigned i = 0; i < 50; i++) {
		g_autofree char *mail = fixture_mail(i);

		fixture_add(batch, i + 1, mail);
	}
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.ids->len, 50);
	for (unsigned i = 0; i < 50; i++) {
		g_autofree char *mail = fixture_mail(i);

		assert_bytes(fixture, g_array_index(tally.ids, int64_t, i), 0, mail);
	}
}

static void test_deleted_mails_come_back_by_hand_alone(void **state)
{
	static const char first[] = "Received: by a\r\nMessage-ID: <1@x>\r\n\r\nsame\r\n";
	static const char second[] = "Received: by b\r\nMessage-ID: <1@x>\r\n\r\nsame\r\n";
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	int64_t id = fixture_file(fixture, 1, first);
	GError *error = NULL;

	assert_true(archive_delete(fixture->archive, NULL, id, "Löschfrist", "mueller", &error));
	/* Neither the same bytes nor another copy of the mail, under whatever UID. */
	assert_int_equal(fixture_file(fixture, 1, first), 0);
	assert_int_equal(fixture_file(fixture, 2, first), 0);
	assert_int_equal(fixture_file(fixture, 3, second), 0);
	assert_listed(fixture, "");
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM sources"), 3);
	order.by_hand = true;
	id = fixture_file_by(fixture, &order, 3, second);
	assert_int_not_equal(id, 0);
	assert_bytes(fixture, id, 0, second);
	assert_int_equal(fixture_file(fixture, 2, first), 0);
	assert_int_equal(fixture_file(fixture, 4, second), id);
}

static void test_tally_counts_known_and_new(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};

	fixture_add(batch, 1, "a");
	fixture_add(batch, 2, "bb");
	fixture_add(batch, 3, "a");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 2);
	assert_int_equal(tally.known, 1);
	assert_int_equal(tally.bytes, 3);
	fixture_add(batch, 4, "ccc");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 3);
	assert_int_equal(tally.bytes, 6);
}

static void test_case_number_fills_but_never_replaces(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) second = NULL;
	g_auto(ArchiveTally) tally = fixture_tally();

	fixture_file(fixture, 1, "empty\r\n");
	order.case_number = "12/34";
	fixture_file_by(fixture, &order, 2, "taken\r\n");
	order.case_number = "56/78";
	second = archive_batch_new(fixture->archive, &order);
	fixture_add(second, 1, "empty\r\n");
	fixture_add(second, 2, "taken\r\n");
	fixture_add(second, 3, "taken\r\n");
	fixture_add(second, 4, "new\r\n");
	fixture_commit(second, 0, &tally);
	assert_listed(fixture, "2", .case_number = "12/34");
	assert_listed(fixture, "3 1", .case_number = "56/78");
	assert_int_equal(tally.case_conflicts->len, 1);
	assert_string_equal(g_ptr_array_index(tally.case_conflicts, 0), "2: 12/34");
	/* Only the mail that was on file before was assigned. */
	assert_int_equal(
		fixture_count(fixture, "SELECT COUNT(*) FROM audit WHERE action = 'archive.assign'"
				       " AND subject = '1' AND detail = '56/78'"),
		1);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM audit"), 1);
}

static void test_cursor_moves_forward_only(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};

	fixture_add(batch, 4, "a");
	fixture_commit(batch, 4, &tally);
	fixture_add(batch, 3, "b");
	fixture_commit(batch, 3, &tally);
	assert_int_equal(fixture_count(fixture, "SELECT cursor FROM folders"), 4);
	fixture_add(batch, 9, "c");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(fixture_count(fixture, "SELECT cursor FROM folders"), 4);
	fixture_commit(batch, 20, &tally);
	assert_int_equal(fixture_count(fixture, "SELECT cursor FROM folders"), 20);
	fixture_commit(batch, 0, &tally);
}

/* A UID under which the server gives other bytes now: both stay, the source follows. */
static void test_other_bytes_under_a_uid(void **state)
{
	Fixture *fixture = *state;
	int64_t first = fixture_file(fixture, 1, "one");
	int64_t second = fixture_file(fixture, 1, "two");

	assert_int_not_equal(first, second);
	assert_bytes(fixture, first, 0, "one");
	assert_bytes(fixture, second, 0, "two");
	assert_listed(fixture, "2 1", .mailbox = "info@example.org");
}

/* Between gathering and commit another one files the same mail: our bytes become garbage. */
static void test_lost_race_adds_a_source(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) loser = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = g_strnfill(5 << 20, 'x');
	g_auto(ArchiveTally) tally = fixture_tally();
	uint64_t checked;

	fixture_add(loser, 1, "raced\r\n");
	/* The large mail makes the small one leave the window. */
	fixture_add(loser, 2, large);
	assert_int_equal(fixture_file(fixture, 7, "raced\r\n"), 1);
	fixture_commit(loser, 0, &tally);
	assert_int_equal(tally.imported, 1);
	assert_int_equal(tally.known, 1);
	assert_int_equal(g_array_index(tally.ids, int64_t, 0), 1);
	assert_int_equal(fixture_count(fixture, "SELECT size FROM garbage"), 7);
	assert_int_equal(
		fixture_count(fixture, "SELECT COUNT(*) FROM sources WHERE copy_id = 1"), 2);
	assert_int_equal(fixture_verify(fixture, &checked), 0);
}

/* On file while gathering, deleted before the commit: picked by hand, it must not just vanish. */
static void test_deleted_while_gathering_comes_again_by_hand(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = NULL;
	g_autofree char *large = g_strnfill(5 << 20, 'x');
	ArchiveTally tally = {0};
	GError *error = NULL;

	order.by_hand = true;
	batch = archive_batch_new(fixture->archive, &order);
	fixture_file(fixture, 1, "raced\r\n");
	fixture_add(batch, 1, "raced\r\n");
	fixture_add(batch, 2, large);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	fixture_commit(batch, 2, &tally);
	assert_int_equal(tally.imported, 1);
	assert_int_equal(tally.known, 0);
	assert_int_equal(tally.lost, 1);
	assert_int_equal(fixture_count(fixture, "SELECT uid FROM retries"), 1);
	fixture_add(batch, 1, "raced\r\n");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 2);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM retries"), 0);
}

/* Uploads have no UID to try again. */
static void test_deleted_while_gathering_fails_an_upload(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = {.imported_by = "cli:root", .by_hand = true};
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = g_strnfill(5 << 20, 'x');
	ArchiveTally tally = {0};
	GError *error = NULL;

	fixture_file(fixture, 1, "raced\r\n");
	fixture_add(batch, 0, "raced\r\n");
	fixture_add(batch, 0, large);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_false(archive_batch_commit(batch, 0, &tally, &error));
	assert_failure(error, FAILURE_STORE_BUSY);
	assert_int_equal(tally.imported, 0);
	assert_int_equal(archive_batch_mails(batch), 0);
	fixture_add(batch, 0, "raced\r\n");
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 1);
}

static void test_deleted_while_gathering_stays_away(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = g_strnfill(5 << 20, 'x');
	ArchiveTally tally = {0};
	GError *error = NULL;

	fixture_file(fixture, 1, "raced\r\n");
	fixture_add(batch, 1, "raced\r\n");
	fixture_add(batch, 2, large);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	fixture_commit(batch, 0, &tally);
	assert_int_equal(tally.imported, 1);
	assert_int_equal(tally.known, 1);
}

/* A process that slept for so long that the reaper took its pack must not name it. */
static void test_pack_taken_by_the_reaper_fails(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	g_autofree char *large = g_strnfill(5 << 20, 'x');
	ArchiveTally tally = {0};
	GError *error = NULL;

	fixture_add(batch, 1, large);
	assert_true(archive_reap(fixture->archive, -10, &error));
	assert_int_equal(fixture_pack_files(fixture), 0);
	assert_false(archive_batch_commit(batch, 0, &tally, &error));
	assert_failure(error, FAILURE_STORE_BUSY);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), 0);
}

static void test_uploads_have_no_mailbox(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = {.imported_by = "cli:root", .by_hand = true};
	int64_t id = fixture_file_by(fixture, &order, 0, "x\r\n");
	g_autoptr(ArchiveMail) mail = NULL;
	const ArchiveSource *source;
	GError *error = NULL;

	assert_int_equal(fixture_file_by(fixture, &order, 0, "x\r\n"), id);
	mail = archive_find(fixture->archive, NULL, id, &error);
	assert_int_equal(mail->sources->len, 1);
	source = g_ptr_array_index(mail->sources, 0);
	assert_null(source->mailbox);
	assert_null(source->folder);
	assert_string_equal(source->imported_by, "cli:root");
}

/* ---- several processes ---- */

#define RACERS 3
#define RACED_MAILS 300

/* Files the mails 0 to RACED_MAILS, beginning somewhere else in each process. */
static void race(const Fixture *parent, unsigned racer)
{
	Fixture fixture = {.folder = parent->folder,
		.archive_folder = parent->archive_folder,
		.url = parent->url};
	ArchiveTally tally = {0};

	fixture_open(&fixture);
	fixture.inbox = fixture_folder(&fixture, 10 + racer, "info@example.org", "INBOX", 7);
	ArchiveOrder order = fixture_order(&fixture.inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture.archive, &order);

	for (unsigned i = 0; i < RACED_MAILS; i++) {
		unsigned number = (i + racer * 10) % RACED_MAILS;
		g_autofree char *mail = fixture_mail(number);

		fixture_add(batch, number + 1, mail);
		if (i % 20 == 19)
			fixture_commit(batch, 0, &tally);
	}
	fixture_close(&fixture);
}

static pid_t start(void (*work)(const Fixture *, unsigned), const Fixture *fixture, unsigned number)
{
	pid_t child = fork();

	if (child == 0) {
		work(fixture, number);
		_exit(0);
	}
	assert_true(child > 0);
	return child;
}

static void test_processes_file_the_same_mails(void **state)
{
	Fixture *fixture = *state;
	pid_t racers[RACERS];
	uint64_t checked;

	fixture_close(fixture);
	for (unsigned i = 0; i < RACERS; i++)
		racers[i] = start(race, fixture, i);
	for (unsigned i = 0; i < RACERS; i++) {
		int status;

		assert_int_equal(waitpid(racers[i], &status, 0), racers[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	fixture_open(fixture);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), RACED_MAILS);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM mails"), RACED_MAILS);
	assert_int_equal(
		fixture_count(fixture, "SELECT COUNT(*) FROM sources WHERE copy_id IS NOT NULL"),
		RACERS * RACED_MAILS);
	assert_int_equal(fixture_verify(fixture, &checked), 0);
	assert_int_equal(checked, RACED_MAILS);
}

#define KILLS 12

/* Files new mails without an end, cursor and all. */
static void file_for_ever(const Fixture *parent, unsigned round)
{
	Fixture fixture = {.folder = parent->folder,
		.archive_folder = parent->archive_folder,
		.url = parent->url};
	ArchiveTally tally = {0};

	fixture_open(&fixture);
	fixture.inbox = fixture_folder(&fixture, 1, "info@example.org", "INBOX", 7);
	ArchiveOrder order = fixture_order(&fixture.inbox);
	ArchiveBatch *batch = archive_batch_new(fixture.archive, &order);

	for (uint32_t uid = fixture.inbox.cursor + 1;; uid++) {
		g_autofree char *mail = fixture_mail(uid);

		fixture_add(batch, uid, mail);
		if (uid % 7 == 0)
			fixture_commit(batch, uid, &tally);
	}
	(void)round;
}

/* kill -9 at any moment: each row has its bytes, and all up to the cursor are there. */
static void test_killed_at_any_moment(void **state)
{
	Fixture *fixture = *state;
	unsigned seed = (unsigned)g_get_real_time();

	print_message("# seed %u\n", seed);
	g_random_set_seed(seed);
	fixture_close(fixture);
	for (unsigned round = 0; round < KILLS; round++) {
		pid_t child = start(file_for_ever, fixture, round);
		uint64_t checked;

		g_usleep((gulong)g_random_int_range(20000, 250000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		fixture_open(fixture);
		assert_int_equal(fixture_verify(fixture, &checked), 0);
		assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), checked);
		assert_int_equal(fixture_count(fixture, "SELECT cursor FROM folders"), checked);
		assert_int_equal(fixture_count(fixture,
					 "SELECT COUNT(*) FROM sources WHERE copy_id IS NULL"),
			0);
		fixture_close(fixture);
	}
	fixture_open(fixture);
	assert_true(fixture_count(fixture, "SELECT cursor FROM folders") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_copies_of_one_mail_are_grouped, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_message_id_alone_groups_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_without_message_id_nothing_is_grouped,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_one_copy_with_several_sources, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_ids_come_in_the_order_of_finish, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_deleted_mails_come_back_by_hand_alone,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_tally_counts_known_and_new, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_case_number_fills_but_never_replaces, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_cursor_moves_forward_only, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_other_bytes_under_a_uid, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_lost_race_adds_a_source, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_deleted_while_gathering_comes_again_by_hand,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_deleted_while_gathering_fails_an_upload,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_deleted_while_gathering_stays_away, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_pack_taken_by_the_reaper_fails, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_uploads_have_no_mailbox, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_processes_file_the_same_mails, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_killed_at_any_moment, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
