/* Who reads which mail, how often it is tried, and what is kept. */
#include "fixture.h"
#include <sys/wait.h>

static void file_many(Fixture *fixture, unsigned first, unsigned count)
{
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);
	ArchiveTally tally = {0};

	for (unsigned i = first; i < first + count; i++) {
		g_autofree char *mail = fixture_mail(i);

		fixture_add(batch, i, mail);
	}
	fixture_commit(batch, 0, &tally);
}

static ArchiveState state_of(Fixture *fixture, int64_t id)
{
	GError *error = NULL;
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, NULL, id, &error);

	assert_no_failure(error);
	return mail->state;
}

static void test_claims_one_pack_in_its_order(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace places[10];
	GError *error = NULL;

	file_many(fixture, 1, 4);
	file_many(fixture, 5, 3);
	assert_int_equal(fixture_claim(fixture, places, 10), 4);
	for (size_t i = 0; i < 4; i++) {
		g_autofree char *bytes = fixture_mail((unsigned)i + 1);
		g_autofree char *found = g_malloc0(strlen(bytes) + 1);
		int pack = archive_open_pack(fixture->archive, &places[i], &error);

		assert_true(pack >= 0);
		assert_int_equal(places[i].size, strlen(bytes));
		assert_int_equal(pread(pack, found, places[i].size, (off_t)places[i].offset),
			places[i].size);
		assert_string_equal(found, bytes);
		close(pack);
	}
	assert_int_equal(fixture_claim(fixture, places, 2), 2);
	assert_int_equal(fixture_claim(fixture, places, 10), 1);
	assert_int_equal(fixture_claim(fixture, places, 10), 0);
}

static void test_bytes_limit_a_claim(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace places[10];
	size_t found;
	GError *error = NULL;

	file_many(fixture, 1, 5);
	assert_true(archive_claim_unread(fixture->archive, places, 10, 200, &found, &error));
	assert_int_equal(found, 2);
	/* One mail is handed out whatever its size. */
	assert_true(archive_claim_unread(fixture->archive, places, 10, 1, &found, &error));
	assert_int_equal(found, 1);
}

static void test_content_is_kept(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(MailContent) content = fixture_content("Bauantrag", "Text");
	MailPart *part = g_new0(MailPart, 1);
	g_autoptr(ArchiveMail) mail = NULL;
	ArchivePlace place;
	GError *error = NULL;

	file_many(fixture, 1, 1);
	*part = (MailPart){g_strdup("Plan.pdf"), g_strdup("application/pdf"), 12345};
	g_ptr_array_add(content->attachments, part);
	g_ptr_array_add(content->to, g_strdup("Bauamt <bau@example.org>"));
	g_ptr_array_add(content->to, g_strdup("zwei\nZeilen <z@example.org>"));
	g_ptr_array_add(content->cc, g_strdup("Kämmerei <kasse@example.org>"));
	g_free(content->from);
	content->from = g_strdup("Max <max@example.org>");
	content->message_id = g_strdup("1@example.org");
	content->has_date = true;
	content->date = 1700000000;
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	fixture_keep(fixture, &place, &content, 1);
	mail = archive_find(fixture->archive, NULL, place.mail_id, &error);
	assert_int_equal(mail->state, ARCHIVE_READ);
	assert_string_equal(mail->subject, "Bauantrag");
	assert_string_equal(mail->from, "Max <max@example.org>");
	assert_int_equal(mail->to->len, 2);
	assert_string_equal(g_ptr_array_index(mail->to, 0), "Bauamt <bau@example.org>");
	assert_string_equal(g_ptr_array_index(mail->to, 1), "zwei Zeilen <z@example.org>");
	assert_string_equal(mail->message_id, "1@example.org");
	assert_int_equal(mail->date, 1700000000);
	assert_int_equal(mail->attachments->len, 1);
	part = g_ptr_array_index(mail->attachments, 0);
	assert_string_equal(part->name, "Plan.pdf");
	assert_int_equal(part->size, 12345);
	assert_listed(fixture, "1", .words = "bauantrag max kammerei plan pdf text");
	assert_listed(fixture, "1", .mailbox = "info@example.org", .since = 1700000000,
		.until = 1700000001);
}

/* Reading twice (a lease that ran out) leaves one of everything. */
static void test_keeping_twice_does_no_harm(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(MailContent) content = fixture_content("Bauantrag", "Text");
	MailPart *part = g_new0(MailPart, 1);
	ArchivePlace place;

	file_many(fixture, 1, 1);
	*part = (MailPart){g_strdup("Plan.pdf"), g_strdup("application/pdf"), 1};
	g_ptr_array_add(content->attachments, part);
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	fixture_keep(fixture, &place, &content, 1);
	content->has_date = true;
	content->date = 5;
	fixture_keep(fixture, &place, &content, 1);
	assert_listed(fixture, "1", .words = "bauantrag");
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM attachments"), 1);
}

/* Dates that cannot be sorted with the others count as none. */
static void test_impossible_dates_are_ignored(void **state)
{
	static const int64_t dates[] = {-1, INT64_MIN, INT64_MAX, SEARCH_DATE_LIMIT + 1};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
		MailContent *content = fixture_content("x", "");

		file_many(fixture, (unsigned)i + 1, 1);
		content->has_date = true;
		content->date = dates[i];
		fixture_read_as(fixture, content);
	}
	assert_listed(fixture, "4 3 2 1", .words = "x");
	assert_int_equal(fixture_count(fixture, "SELECT MAX(date) FROM mails"), 1000004);
}

/* The one mail that there is. */
static void fail_twice(Fixture *fixture)
{
	MailContent *const nothing = NULL;
	ArchivePlace place;

	for (unsigned i = 0; i < ARCHIVE_PARSER_DEATHS; i++) {
		assert_int_equal(fixture_claim(fixture, &place, 1), 1);
		assert_false(place.header_only);
		fixture_keep(fixture, &place, &nothing, 1);
		assert_int_equal(state_of(fixture, 1), ARCHIVE_UNREAD);
	}
}

static void test_two_deaths_and_a_last_try(void **state)
{
	Fixture *fixture = *state;
	MailContent *const nothing = NULL;
	ArchivePlace place;

	file_many(fixture, 1, 1);
	fail_twice(fixture);
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	assert_true(place.header_only);
	fixture_keep(fixture, &place, &nothing, 1);
	assert_int_equal(state_of(fixture, 1), ARCHIVE_UNREADABLE);
	assert_int_equal(fixture_claim(fixture, &place, 1), 0);
	assert_listed(fixture, "1");
}

/* A mail that kills the parser is still listed by what its header says. */
static void test_last_try_keeps_the_header(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(MailContent) content = fixture_content("Bauantrag", "");
	g_autoptr(ArchiveMail) mail = NULL;
	ArchivePlace places[3];
	GError *error = NULL;

	file_many(fixture, 1, 1);
	fail_twice(fixture);
	file_many(fixture, 2, 2);
	fixture_run(fixture, "UPDATE mails SET attempts = 2 WHERE id > 1");
	assert_int_equal(fixture_claim(fixture, places, 3), 1);
	assert_true(places[0].header_only);
	fixture_keep(fixture, places, &content, 1);
	mail = archive_find(fixture->archive, NULL, 1, &error);
	assert_int_equal(mail->state, ARCHIVE_UNREADABLE);
	assert_string_equal(mail->subject, "Bauantrag");
	assert_listed(fixture, "1", .words = "bauantrag");
	assert_int_equal(fixture_claim(fixture, places, 3), 2);
	assert_false(places[0].header_only || places[1].header_only);
	assert_int_equal(fixture_claim(fixture, places, 3), 0);
}

static void test_giving_back_does_not_count(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace places[3];
	GError *error = NULL;

	file_many(fixture, 1, 3);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(fixture_claim(fixture, places, 3), 3);
		assert_true(archive_unclaim(fixture->archive, places, 3, &error));
	}
	assert_int_equal(fixture_count(fixture, "SELECT SUM(attempts) FROM mails"), 0);
}

/* Claims in a process that ends without a word. */
static void claim_and_die(Fixture *fixture, size_t count)
{
	pid_t child;

	fixture_close(fixture);
	child = fork();
	if (child == 0) {
		ArchivePlace places[100];

		fixture_open(fixture);
		_exit(fixture_claim(fixture, places, count) > 0 ? 0 : 1);
	}
	waitpid(child, NULL, 0);
	fixture_open(fixture);
}

static void test_dead_process_gives_back(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace places[50];

	file_many(fixture, 1, 50);
	claim_and_die(fixture, 40);
	assert_int_equal(fixture_count(fixture, "SELECT SUM(attempts) FROM mails"), 40);
	/* First those that were never tried, then the others, a few at a time. */
	assert_int_equal(fixture_claim(fixture, places, 50), 10);
	assert_int_equal(fixture_claim(fixture, places, 50), 16);
	assert_int_equal(fixture_claim(fixture, places, 50), 16);
	assert_int_equal(fixture_claim(fixture, places, 50), 8);
	assert_int_equal(fixture_claim(fixture, places, 50), 0);
}

static void test_many_dead_processes_make_a_mail_unreadable(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace place;

	file_many(fixture, 1, 1);
	for (unsigned i = 0; i < 7; i++)
		claim_and_die(fixture, 1);
	assert_int_equal(fixture_claim(fixture, &place, 1), 0);
	assert_int_equal(state_of(fixture, 1), ARCHIVE_UNREADABLE);
}

static void test_old_claims_are_free(void **state)
{
	Fixture *fixture = *state;
	ArchivePlace place;

	file_many(fixture, 1, 1);
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	fixture_run(fixture, "UPDATE mails SET claimed_at = claimed_at - 590");
	assert_int_equal(fixture_claim(fixture, &place, 1), 0);
	fixture_run(fixture, "UPDATE mails SET claimed_at = claimed_at - 20");
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
}

/* Deleted while somebody reads it: nothing of it stays, not even words. */
static void test_deleted_while_being_read(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(MailContent) content = fixture_content("geheim", "");
	ArchivePlace place;
	GError *error = NULL;

	file_many(fixture, 1, 1);
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM search_removals"), 1);
	fixture_keep(fixture, &place, &content, 1);
	assert_listed(fixture, "", .words = "geheim");
	/* As if the reader had died between search.db and the rows. */
	SearchEntry entry = {1, 1000001, (char *)"geheim"};
	assert_true(search_put(fixture->archive->search, &entry, 1, &error));
	fixture_run(fixture, "UPDATE search_removals SET keep_until = 1");
	fixture_reopen(fixture);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM search_removals"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_claims_one_pack_in_its_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_bytes_limit_a_claim, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_content_is_kept, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_keeping_twice_does_no_harm, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_impossible_dates_are_ignored, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_two_deaths_and_a_last_try, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_last_try_keeps_the_header, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_giving_back_does_not_count, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_dead_process_gives_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_many_dead_processes_make_a_mail_unreadable,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_old_claims_are_free, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_deleted_while_being_read, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
