/* Case numbers that are offered, and those of mails that others answer to. */
#include "fixture.h"
#include <time.h>

static const char *const own[] = {"info@example.org", NULL};
static const ArchiveViewer mueller = {1, "mueller", own};
static const ArchiveViewer schulze = {2, "schulze", NULL};

static void assert_cases(
	Fixture *fixture, const ArchiveViewer *viewer, const char *prefix, const char *expected)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) cases = archive_cases(fixture->archive, viewer, prefix, 3, &error);
	g_autofree char *joined = NULL;

	assert_no_failure(error);
	g_ptr_array_add(cases, NULL);
	joined = g_strjoinv(" ", (char **)cases->pdata);
	assert_string_equal(joined, expected);
}

static int64_t file_in_case(Fixture *fixture, int64_t user_id, unsigned number, const char *name)
{
	ArchiveOrder upload = {
		.imported_by = "schulze", .imported_by_id = user_id, .case_number = name};
	ArchiveOrder order = {
		.folder = &fixture->inbox, .imported_by = "mueller", .case_number = name};
	g_autofree char *bytes = fixture_mail(number);
	int64_t id = fixture_file_by(fixture, user_id == 1 ? &order : &upload, number, bytes);

	/* The clock knows no less than a second. */
	fixture_run(fixture, "UPDATE case_uses SET used = used - 1");
	return id;
}

static void file_cases(Fixture *fixture)
{
	file_in_case(fixture, 1, 1, "Öl 12/1");
	file_in_case(fixture, 1, 2, "öL 12/2");
	file_in_case(fixture, 2, 3, "Öl 12/3");
	file_in_case(fixture, 0, 4, "100 %_");
	file_in_case(fixture, 1, 5, "Öl 12/1");
}

static void test_last_used_first(void **state)
{
	Fixture *fixture = *state;

	assert_cases(fixture, NULL, "", "");
	file_cases(fixture);
	assert_cases(fixture, NULL, "", "Öl 12/1 100 %_ Öl 12/3");
	assert_cases(fixture, NULL, "ÖL", "Öl 12/1 Öl 12/3 öL 12/2");
	assert_cases(fixture, NULL, "öl 12/3", "Öl 12/3");
	assert_cases(fixture, NULL, "öl 12/3x", "");
	assert_cases(fixture, NULL, "100 %", "100 %_");
	assert_cases(fixture, NULL, "%", "");
	assert_cases(fixture, NULL, "\xff", "");
}

static void assert_like(
	Fixture *fixture, const ArchiveViewer *viewer, const char *text, const char *expected)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) cases = archive_cases_like(fixture->archive, viewer, text, 9, &error);
	g_autofree char *joined = NULL;

	assert_no_failure(error);
	g_ptr_array_add(cases, NULL);
	joined = g_strjoinv("|", (char **)cases->pdata);
	assert_string_equal(joined, expected);
}

/* CPU time of 100 look-ups of TEXT, in clock ticks. */
static clock_t time_look_ups(Fixture *fixture,
	GPtrArray *look_up(Archive *archive, const ArchiveViewer *viewer, const char *text,
		size_t limit, GError **error),
	const char *text, guint expected)
{
	clock_t began = clock();

	for (int i = 0; i < 100; i++) {
		GError *error = NULL;
		g_autoptr(GPtrArray) cases = look_up(fixture->archive, &mueller, text, 1, &error);

		assert_no_failure(error);
		assert_int_equal(cases->len, expected);
	}
	return clock() - began;
}

/* Words of a subject are looked up one by one, for many mails of a page: without going through what
 * was used last. */
static void test_exact_look_ups_are_quick(void **state)
{
	Fixture *fixture = *state;
	clock_t known, unknown, beginnings;

	file_cases(fixture);
	fixture_run(fixture, "INSERT INTO case_uses (scope, case_number, used)"
			     " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
			     " WHERE i < 3000) SELECT s.scope, '2026/' || i, 2000000000 + i"
			     " FROM n, (SELECT -1 AS scope UNION SELECT id FROM mailboxes) s");
	known = time_look_ups(fixture, archive_cases_named, "ÖL 12/2", 1);
	unknown = time_look_ups(fixture, archive_cases_named, "2026/kein", 0);
	beginnings = time_look_ups(fixture, archive_cases, "2026/kein", 0);
	print_message("100 look-ups: known %ld us, unknown %ld us, beginnings %ld us\n",
		(long)known, (long)unknown, (long)beginnings);
	assert_true(known < beginnings / 4);
	assert_true(unknown < beginnings / 4);
}

/* Itself however it is written, before those that only begin so. */
static void test_what_a_filter_means(void **state)
{
	Fixture *fixture = *state;

	file_cases(fixture);
	file_in_case(fixture, 1, 6, "Öl 12/11");
	assert_like(fixture, NULL, " öl 12/1\t", "Öl 12/1");
	assert_like(fixture, NULL, "öl 12/11", "Öl 12/11");
	assert_like(fixture, &schulze, "ÖL 12/", "Öl 12/3");
	assert_like(fixture, &schulze, "Öl 12/1", "");
	assert_like(fixture, NULL, "  ", "");
	assert_listed(fixture, "3 2", .cases = (const char *const[]){"öL 12/2", "Öl 12/3", NULL});
	assert_listed(fixture, "2", .viewer = &mueller,
		.cases = (const char *const[]){"öL 12/2", "Öl 12/3", NULL});
}

static void test_within_sight(void **state)
{
	Fixture *fixture = *state;

	file_cases(fixture);
	assert_cases(fixture, &mueller, "", "Öl 12/1 öL 12/2");
	assert_cases(fixture, &schulze, "", "Öl 12/3");
	assert_cases(fixture, &(const ArchiveViewer){3, "schulze", own}, "ö", "Öl 12/1 öL 12/2");
	assert_cases(fixture, &(const ArchiveViewer){3, "schulze", NULL}, "", "");
}

/* A number is offered where a mail has it now. */
static void test_corrected_and_deleted(void **state)
{
	Fixture *fixture = *state;
	Archive *archive = fixture->archive;
	GError *error = NULL;

	file_cases(fixture);
	assert_true(archive_assign(archive, NULL, 2, "Öl 12/3", "a", &error));
	assert_cases(fixture, &mueller, "", "Öl 12/3 Öl 12/1");
	assert_cases(fixture, NULL, "öl 12/2", "");
	assert_true(archive_assign(archive, NULL, 2, NULL, "a", &error));
	assert_cases(fixture, &mueller, "", "Öl 12/1");
	assert_cases(fixture, &schulze, "", "Öl 12/3");
	assert_true(archive_delete(archive, NULL, 3, "r", "a", &error));
	assert_cases(fixture, NULL, "öl 12/3", "");
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM case_uses WHERE case_number "
						"IN ('Öl 12/3', 'öL 12/2')"),
		0);
}

/* A mail that was on file comes into one more mailbox with its number. */
static void test_known_mail_brings_its_number(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder other = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 1);
	ArchiveOrder order = {.folder = &other, .imported_by = "schulze"};
	g_autofree char *bytes = fixture_mail(1);

	file_cases(fixture);
	fixture_file_by(fixture, &order, 1, bytes);
	assert_cases(fixture, &schulze, "", "Öl 12/1 Öl 12/3");
}

/* Many numbers, of which the wanted ones were used long ago. */
static void test_old_ones_by_their_beginning(void **state)
{
	Fixture *fixture = *state;

	file_in_case(fixture, 1, 1, "alt");
	fixture_run(fixture,
		"INSERT INTO case_uses (scope, case_number, used)"
		" WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		" SELECT s.column1, 'neu ' || i, 1 << 40 FROM n, (VALUES (0), (-1)) s");
	assert_cases(fixture, NULL, "a", "alt");
	assert_cases(fixture, &mueller, "AL", "alt");
	assert_cases(fixture, NULL, "neu", "");
}

static void read_with_id(Fixture *fixture, const char *message_id)
{
	MailContent *content = fixture_content("s", "t");

	content->message_id = g_strdup(message_id);
	fixture_read_as(fixture, content);
}

static void assert_known(Fixture *fixture, const ArchiveViewer *viewer, const char *expected)
{
	static const char *const ids[] = {"b@x", "\xff", "none@x", "a@x", NULL};
	GError *error = NULL;
	g_autoptr(GPtrArray) found =
		archive_case_of_message_ids(fixture->archive, viewer, ids, &error);
	g_autoptr(GString) text = g_string_new(NULL);

	assert_no_failure(error);
	for (guint i = 0; i < found->len; i++) {
		const ArchiveKnownCase *known = g_ptr_array_index(found, i);

		g_string_append_printf(text, "%s %d %s;", known->message_id, (int)known->mail_id,
			known->case_number);
	}
	assert_string_equal(text->str, expected);
}

static void test_cases_of_message_ids(void **state)
{
	Fixture *fixture = *state;

	file_in_case(fixture, 1, 1, "A");
	read_with_id(fixture, "a@x");
	file_in_case(fixture, 2, 2, "B");
	read_with_id(fixture, "b@x");
	file_in_case(fixture, 2, 3, NULL);
	read_with_id(fixture, "b@x");
	file_in_case(fixture, 1, 4, "C");
	read_with_id(fixture, "a@x");
	assert_known(fixture, NULL, "b@x 2 B;a@x 4 C;a@x 1 A;");
	assert_known(fixture, &mueller, "a@x 4 C;a@x 1 A;");
	assert_known(fixture, &schulze, "b@x 2 B;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_what_a_filter_means, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_last_used_first, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_exact_look_ups_are_quick, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_within_sight, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_corrected_and_deleted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_known_mail_brings_its_number, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_old_ones_by_their_beginning, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_cases_of_message_ids, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
