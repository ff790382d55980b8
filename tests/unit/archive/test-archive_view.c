/* Who sees what: in lists, searches, single mails and changes, with every kind of source. */
#include "fixture.h"

static const char *const no_mailboxes[] = {NULL};
static const char *const own[] = {"Info@Example.org", NULL};
static const char *const shared[] = {"schulze@example.org", "BAU@example.org", NULL};

/* 1 owns info@, 2 shares bau@. */
static const ArchiveViewer mueller = {1, "mueller", own};
static const ArchiveViewer schulze = {2, "schulze", shared};
static const ArchiveViewer stranger = {3, "fremd", no_mailboxes};
static const ArchiveViewer bare = {4, "neu", NULL};

/* 1: mueller's, in info@; 2: mueller's, in bau@; 3: schulze's, in bau@; 4: uploaded by schulze;
 * 5: uploaded on the command line; 6: uploaded by mueller, and in bau@ by schulze. */
static void file_six(Fixture *fixture)
{
	ArchiveFolder bau = fixture_folder(fixture, 1, "bau@example.org", "INBOX", 1);
	ArchiveFolder same = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 1);
	const ArchiveOrder orders[] = {
		{.folder = &fixture->inbox, .imported_by = "mueller"},
		{.folder = &bau, .imported_by = "mueller"},
		{.folder = &same, .imported_by = "schulze"},
		{.imported_by = "schulze", .imported_by_id = 2, .by_hand = true},
		{.imported_by = "cli:root", .by_hand = true},
		{.imported_by = "mueller", .imported_by_id = 1, .by_hand = true},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_autofree char *bytes = fixture_mail(i + 1);

		assert_int_equal(fixture_file_by(fixture, &orders[i], i + 1, bytes), i + 1);
		fixture_read_as(fixture, fixture_content("s", "alle"));
	}
	g_autofree char *again = fixture_mail(6);
	fixture_file_by(fixture, &orders[2], 60, again);
}

/* The ids as numbers, so that their order is no matter of the clock. */
static void assert_sees(Fixture *fixture, const ArchiveViewer *viewer, const char *expected)
{
	const char *const words[] = {NULL, "alle"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		ArchiveFilter filter = {.viewer = viewer, .words = words[i]};
		g_autofree char *listed = fixture_list(fixture, &filter);
		g_auto(GStrv) ids = g_strsplit(listed, " ", -1);
		g_autoptr(GString) ordered = g_string_new(NULL);

		for (int64_t id = 1; id <= 9; id++) {
			g_autofree char *number = g_strdup_printf("%d", (int)id);

			if (g_strv_contains((const char *const *)ids, number))
				g_string_append(ordered, number);
		}
		assert_string_equal(ordered->str, expected);
		assert_int_equal(g_strv_length(ids), strlen(expected));
	}
}

static void test_sees_own_shared_and_filed(void **state)
{
	Fixture *fixture = *state;

	file_six(fixture);
	assert_sees(fixture, NULL, "123456");
	assert_sees(fixture, &mueller, "126");
	assert_sees(fixture, &schulze, "2346");
	assert_sees(fixture, &stranger, "");
	assert_sees(fixture, &bare, "");
}

/* The settings say who shares what; what oneself filed stays. */
static void test_a_changed_list_of_mailboxes(void **state)
{
	Fixture *fixture = *state;
	const char *const more[] = {"bau@example.org", "info@example.org", "bau@example.org",
		"nirgends@example.org", NULL};

	file_six(fixture);
	assert_sees(fixture, &(const ArchiveViewer){1, "mueller", more}, "1236");
	assert_sees(fixture, &(const ArchiveViewer){2, "schulze", more}, "12346");
	assert_sees(fixture, &(const ArchiveViewer){2, "schulze", NULL}, "346");
}

/* A new user of a former one's name has another id. */
static void test_a_name_given_again(void **state)
{
	Fixture *fixture = *state;

	file_six(fixture);
	assert_sees(fixture, &(const ArchiveViewer){9, "mueller", NULL}, "");
	assert_sees(fixture, &(const ArchiveViewer){9, "schulze", own}, "1");
	assert_sees(fixture, &(const ArchiveViewer){0, "cli:root", NULL}, "");
}

static void test_filters_within_sight(void **state)
{
	Fixture *fixture = *state;

	file_six(fixture);
	fixture_run(fixture, "UPDATE mails SET case_number = 'A' WHERE id IN (1, 2, 4)");
	assert_listed(fixture, "1", .viewer = &mueller, .mailbox = "info@example.org");
	assert_listed(fixture, "", .viewer = &stranger, .mailbox = "info@example.org");
	assert_listed(fixture, "", .viewer = &schulze, .mailbox = "info@example.org");
	assert_listed(
		fixture, "2", .viewer = &mueller, .mailbox = "bau@example.org", .case_number = "A");
	assert_listed(fixture, "2 1", .viewer = &mueller, .case_number = "A");
	assert_listed(fixture, "4 2", .viewer = &schulze, .case_number = "A", .words = "alle");
	assert_listed(
		fixture, "", .viewer = &schulze, .case_number = "A", .with_attachments = true);
}

/* Whether the six mails are there for VIEWER, one digit each. */
static void assert_reachable(Fixture *fixture, const ArchiveViewer *viewer, const char *expected)
{
	for (int64_t id = 1; id <= 7; id++) {
		GError *error = NULL;
		bool sees = strchr(expected, '0' + (char)id) != NULL;
		g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, viewer, id, &error);

		assert_int_equal(mail != NULL, sees);
		if (!sees)
			assert_failure(error, FAILURE_MAIL_UNKNOWN);
		g_autoptr(GArray) places = archive_places(fixture->archive, viewer, id, &error);
		assert_int_equal(places != NULL, sees);
		if (!sees)
			assert_failure(error, FAILURE_MAIL_UNKNOWN);
	}
}

static void test_single_mails(void **state)
{
	Fixture *fixture = *state;

	file_six(fixture);
	assert_reachable(fixture, NULL, "123456");
	assert_reachable(fixture, &mueller, "126");
	assert_reachable(fixture, &schulze, "2346");
	assert_reachable(fixture, &stranger, "");
}

static void test_changes(void **state)
{
	Fixture *fixture = *state;
	Archive *archive = fixture->archive;
	GError *error = NULL;

	file_six(fixture);
	assert_true(archive_assign(archive, &mueller, 2, "A", "mueller", &error));
	assert_false(archive_assign(archive, &mueller, 3, "A", "mueller", &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
	assert_false(archive_delete(archive, &mueller, 3, "r", "mueller", &error));
	assert_failure(error, FAILURE_MAIL_UNKNOWN);
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM audit"), 1);
	assert_listed(fixture, "2", .case_number = "A");
	assert_true(archive_delete(archive, &schulze, 3, "r", "schulze", &error));
	assert_sees(fixture, &schulze, "246");
	assert_int_equal(
		fixture_count(fixture, "SELECT count(*) FROM mail_filers WHERE mail_id = 3"), 0);
}

/* A mail out of sight and one that does not exist are told apart by nothing but the number. */
static void test_the_same_sentence(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) hidden = NULL;
	g_autoptr(GError) missing = NULL;

	file_six(fixture);
	assert_null(archive_find(fixture->archive, &mueller, 3, &hidden));
	assert_null(archive_find(fixture->archive, &mueller, 8, &missing));
	assert_int_equal(hidden->code, missing->code);
	assert_string_equal(hidden->message, "no mail 3");
	assert_string_equal(missing->message, "no mail 8");
	g_clear_error(&hidden);
	g_clear_error(&missing);
	archive_delete(fixture->archive, &mueller, 3, "r", "a", &hidden);
	archive_delete(fixture->archive, &mueller, 8, "r", "a", &missing);
	assert_string_equal(hidden->message, "no mail 3");
	assert_string_equal(missing->message, "no mail 8");
}

/* The place in the list follows the Date header there too. */
static void test_order_of_filed_mails(void **state)
{
	Fixture *fixture = *state;
	ArchiveOrder order = {.imported_by = "schulze", .imported_by_id = 2};

	for (unsigned i = 1; i <= 3; i++) {
		g_autofree char *bytes = fixture_mail(i);
		MailContent *content = fixture_content("s", "alle");

		fixture_file_by(fixture, &order, 0, bytes);
		content->has_date = true;
		content->date = i == 2 ? 900 : 100 + i;
		fixture_read_as(fixture, content);
	}
	assert_listed(fixture, "2 3 1", .viewer = &schulze);
	assert_listed(fixture, "3 1", .viewer = &schulze, .before_date = 900, .before_id = 2);
	assert_listed(fixture, "3", .viewer = &schulze, .words = "alle", .until = 900, .limit = 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_sees_own_shared_and_filed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_changed_list_of_mailboxes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_name_given_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_filters_within_sight, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_single_mails, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_changes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_the_same_sentence, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_order_of_filed_mails, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
