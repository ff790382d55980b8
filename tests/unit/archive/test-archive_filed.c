/* What colleagues have filed of a shared mailbox's folder. */
#include "fixture.h"

static void assert_filed(Fixture *fixture, const ArchiveFolder *folder, const char *expected)
{
	static const uint32_t uids[] = {9, 1, 2, 3, 4000000000, 5};
	GError *error = NULL;
	g_autoptr(GArray) filed =
		archive_filed(fixture->archive, folder, uids, G_N_ELEMENTS(uids), &error);
	g_autoptr(GString) text = g_string_new(NULL);

	assert_no_failure(error);
	for (guint i = 0; i < filed->len; i++) {
		const ArchiveFiled *one = &g_array_index(filed, ArchiveFiled, i);

		assert_true(one->filed_at > 0);
		g_string_append_printf(text, "%u %d %s %s;", one->uid, (int)one->mail_id,
			one->filed_by, one->case_number ? one->case_number : "-");
	}
	assert_string_equal(text->str, expected);
}

static void file_as(
	Fixture *fixture, const ArchiveFolder *folder, const char *by, uint32_t uid, unsigned mail)
{
	ArchiveOrder order = {.folder = folder, .imported_by = by};
	g_autofree char *bytes = fixture_mail(mail);

	fixture_file_by(fixture, &order, uid, bytes);
}

static void test_of_all_colleagues(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder mine = fixture_folder(fixture, 1, "bau@example.org", "INBOX", 3);
	ArchiveFolder theirs = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 3);
	ArchiveFolder former = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 2);
	ArchiveFolder asked = {.server = "mail.example.org",
		.mailbox = "BAU@example.org",
		.name = "INBOX",
		.uid_validity = 3};
	GError *error = NULL;

	file_as(fixture, &mine, "mueller", 1, 1);
	file_as(fixture, &theirs, "cli:root", 2, 2);
	file_as(fixture, &theirs, "schulze", 1, 1);
	file_as(fixture, &theirs, "schulze", 4000000000, 3);
	file_as(fixture, &former, "schulze", 5, 5);
	file_as(fixture, &fixture->inbox, "mueller", 3, 6);
	fixture_run(fixture, "UPDATE sources SET imported_at = imported_at + 9 WHERE uid = 1"
			     " AND imported_by = 'schulze'");
	assert_true(archive_assign(fixture->archive, NULL, 2, "A", "a", &error));
	assert_filed(fixture, &asked, "1 1 mueller -;2 2 cli:root A;4000000000 3 schulze -;");
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_filed(fixture, &asked, "2 2 cli:root A;4000000000 3 schulze -;");
	asked.mailbox = "none@example.org";
	assert_filed(fixture, &asked, "");
}

static void test_many_uids(void **state)
{
	Fixture *fixture = *state;
	uint32_t uids[120];
	GError *error = NULL;

	for (uint32_t i = 0; i < G_N_ELEMENTS(uids); i++) {
		uids[i] = G_N_ELEMENTS(uids) - i;
		if (i % 2)
			file_as(fixture, &fixture->inbox, "mueller", uids[i], uids[i]);
	}
	g_autoptr(GArray) filed =
		archive_filed(fixture->archive, &fixture->inbox, uids, G_N_ELEMENTS(uids), &error);
	assert_no_failure(error);
	assert_int_equal(filed->len, 60);
	assert_int_equal(g_array_index(filed, ArchiveFiled, 59).uid, 119);
	g_autoptr(GArray) none = archive_filed(fixture->archive, &fixture->inbox, uids, 0, &error);
	assert_int_equal(none->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_of_all_colleagues, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_many_uids, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
