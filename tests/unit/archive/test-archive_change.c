/* Case numbers and deletion, with what they leave in the audit log. */
#include "fixture.h"
#include "audit/audit.h"

static bool append_row(const AuditRow *row, void *data)
{
	g_string_append_printf(data, "%s %s %s %s\n", row->actor, row->action,
		row->subject ? row->subject : "(null)", row->detail ? row->detail : "-");
	return true;
}

static char *audit_log(Fixture *fixture)
{
	GString *log = g_string_new(NULL);
	GError *error = NULL;

	assert_true(audit_each(fixture->db, 0, append_row, log, &error));
	return g_string_free(log, FALSE);
}

static void assert_case(const char *case_number, bool good)
{
	GError *error = NULL;

	assert_int_equal(archive_check_case(case_number, &error), good);
	if (!good)
		assert_failure(error, FAILURE_CASE_INVALID);
}

static void test_case_numbers(void **state)
{
	g_autofree char *longest = g_strnfill(100, 'x');
	g_autofree char *longer = g_strnfill(101, 'x');
	g_autoptr(GString) umlauts = g_string_new(NULL);

	(void)state;
	for (int i = 0; i < 100; i++)
		g_string_append(umlauts, "ä");
	assert_case("12.3/4 Größe", true);
	assert_case(" 12/3\t\n", true);
	assert_case("\u00a0", false);
	assert_case(longest, true);
	assert_case(umlauts->str, true);
	assert_case(longer, false);
	assert_case("", false);
	assert_case("  ", false);
	assert_case("a\nb", false);
	assert_case("a\x7f", false);
	assert_case("\xff", false);
}

static void test_assign_corrects_and_clears(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	fixture_file(fixture, 1, "x");
	assert_true(archive_assign(fixture->archive, NULL, 1, "A", "cli:root", &error));
	assert_listed(fixture, "1", .case_number = "A");
	assert_listed(fixture, "1", .case_number = " A\t");
	assert_true(archive_assign(fixture->archive, NULL, 1, "A ", "cli:root", &error));
	assert_true(archive_assign(fixture->archive, NULL, 1, "B", "cli:root", &error));
	assert_true(archive_assign(fixture->archive, NULL, 1, NULL, "cli:root", &error));
	assert_listed(fixture, "", .case_number = "B");
	g_autofree char *log = audit_log(fixture);
	assert_string_equal(log, "cli:root archive.assign 1 B -> -\n"
				 "cli:root archive.assign 1 A -> B\n"
				 "cli:root archive.assign 1 A\n");
	assert_false(archive_assign(fixture->archive, NULL, 1, "", "cli:root", &error));
	assert_failure(error, FAILURE_CASE_INVALID);
	assert_false(archive_assign(fixture->archive, NULL, 2, "A", "cli:root", &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
}

static void test_reassign_asks(void **state)
{
	Fixture *fixture = *state;
	Archive *archive = fixture->archive;
	GError *error = NULL;

	fixture_file(fixture, 1, "x");
	assert_true(archive_reassign(archive, NULL, 1, "A", "", "a", &error));
	assert_false(archive_reassign(archive, NULL, 1, "B", "", "a", &error));
	assert_failure(error, FAILURE_CASE_CHANGED);
	assert_false(archive_reassign(archive, NULL, 1, NULL, "X", "a", &error));
	assert_failure(error, FAILURE_CASE_CHANGED);
	assert_listed(fixture, "1", .case_number = "A");
	assert_true(archive_reassign(archive, NULL, 1, "A", "", "a", &error));
	assert_true(archive_reassign(archive, NULL, 1, "B", "A", "a", &error));
	assert_listed(fixture, "1", .case_number = "B");
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM audit"), 2);
}

static void test_an_error_is_short(void **state)
{
	g_autofree char *longer = g_strnfill(5000, 'x');
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	assert_false(archive_check_case(longer, &error));
	sentence = failure_sentence(error);
	assert_true(strlen(sentence) < 120);
	assert_non_null(strstr(sentence, "xxx…"));
}

static void test_uploads_and_exports_are_noted(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	const ArchiveOrder order = {.imported_by = "mueller", .imported_by_id = 1};
	g_autofree char *bytes = fixture_mail(1);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	const int64_t exported[] = {1, 5};

	fixture_file_by(fixture, &order, 0, bytes);
	fixture_file_by(fixture, &order, 0, bytes);
	g_array_append_vals(ids, exported, 2);
	assert_true(archive_note_export(fixture->archive, ids, "mueller", &error));
	g_autofree char *log = audit_log(fixture);
	assert_string_equal(log, "mueller archive.export (null) count: 2; ids: 1, 5\n"
				 "mueller archive.upload (null) new: 0; known: 1; ids: 1\n"
				 "mueller archive.upload (null) new: 1; known: 0; ids: 1\n");
}

static void test_delete_takes_everything_but_the_trace(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *log = NULL;

	fixture_file_saying(fixture, 1, "Haushalt", "geheim");
	fixture_file(fixture, 2,
		"Received: b\r\nMessage-ID: <1@example.org>\r\n"
		"Subject: mail 1\r\n\r\nbody of 1\r\n");
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), 2);
	assert_true(archive_assign(fixture->archive, NULL, 1, " A/1 ", "cli:root", &error));
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, NULL, 1, &error);
	assert_string_equal(mail->case_number, "A/1");
	assert_true(archive_delete(fixture->archive, NULL, 1, "Löschantrag", "mueller", &error));
	assert_listed(fixture, "");
	assert_listed(fixture, "", .words = "haushalt");
	assert_listed(fixture, "", .mailbox = "info@example.org");
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM copies"), 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM mail_mailboxes"), 0);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM garbage"), 2);
	assert_int_equal(
		fixture_count(fixture, "SELECT COUNT(*) FROM sources WHERE copy_id IS NULL"), 2);
	assert_int_equal(fixture_count(fixture, "SELECT COUNT(*) FROM erased"), 3);
	log = audit_log(fixture);
	assert_true(
		g_regex_match_simple("^mueller archive\\.delete 1 reason: Löschantrag; case: A/1;"
				     " sha256: [0-9a-f]{64}; copies: 2; sources: 2\n",
			log, 0, 0));
	assert_non_null(strstr(log, mail->copies->pdata[0]));
	assert_false(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
}

/* Ids are never given again: they stand in audit rows and other people's links. */
static void test_ids_are_not_given_again(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;

	assert_int_equal(fixture_file(fixture, 1, "x"), 1);
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_int_equal(fixture_file(fixture, 2, "y"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_case_numbers),
		cmocka_unit_test(test_an_error_is_short),
		cmocka_unit_test_setup_teardown(
			test_reassign_asks, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_uploads_and_exports_are_noted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_assign_corrects_and_clears, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_delete_takes_everything_but_the_trace,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_ids_are_not_given_again, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
