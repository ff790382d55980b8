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
	/* A mailbox that is not theirs tells nobody what lies in it, not even of what they filed.
	 */
	assert_listed(fixture, "", .viewer = &mueller, .mailbox = "bau@example.org");
	assert_listed(
		fixture, "2", .viewer = NULL, .mailbox = "bau@example.org", .case_number = "A");
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
	assert_int_equal(fixture_count(fixture,
				 "SELECT count(*) FROM audit WHERE action = 'archive.assign'"),
		1);
	assert_listed(fixture, "2", .case_number = "A");
	assert_true(archive_delete(archive, &schulze, 3, "r", "schulze", &error));
	assert_sees(fixture, &schulze, "246");
	assert_int_equal(
		fixture_count(fixture, "SELECT count(*) FROM mail_filers WHERE mail_id = 3"), 0);
}

/* Which of the six VIEWER may change: both ways to do so say the same, and so does the mail. */
static void assert_changeable(Fixture *fixture, const ArchiveViewer *viewer, const char *expected)
{
	for (int64_t id = 1; id <= 6; id++) {
		GError *error = NULL;
		bool may = strchr(expected, '0' + (char)id) != NULL;
		g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, viewer, id, NULL);

		if (!mail)
			continue;
		assert_int_equal(mail->may_change, may);
		assert_int_equal(
			archive_assign(fixture->archive, viewer, id, "Z", "a", &error), may);
		if (may)
			continue;
		assert_failure(error, FAILURE_MAIL_OTHERS);
		assert_false(archive_delete(fixture->archive, viewer, id, "r", "a", &error));
		assert_failure(error, FAILURE_MAIL_OTHERS);
	}
}

/* Bytes that somebody has make a mail readable, not theirs. */
static void test_who_may_change(void **state)
{
	Fixture *fixture = *state;

	file_six(fixture);
	assert_changeable(fixture, NULL, "123456");
	assert_changeable(fixture, &mueller, "12");
	assert_changeable(fixture, &schulze, "2346");
	assert_changeable(fixture, &(const ArchiveViewer){2, "schulze", NULL}, "34");
}

/* Somebody else's mail, uploaded: with the uploader's own case number, which is not given. */
static void upload_again(Fixture *fixture, const ArchiveViewer *viewer, const char *case_number,
	unsigned number, ArchiveTally *tally)
{
	GError *error = NULL;
	g_autofree char *bytes = fixture_mail(number);
	const ArchiveOrder order = {.imported_by = viewer->user,
		.imported_by_id = viewer->user_id,
		.viewer = viewer,
		.by_hand = true,
		.case_number = case_number};
	g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &order);

	assert_true(archive_batch_begin(batch, strlen(bytes), &error));
	assert_true(archive_batch_write(batch, bytes, strlen(bytes), &error));
	assert_true(archive_batch_finish(batch, 0, 0, &error));
	assert_true(archive_batch_commit(batch, 0, tally, &error));
}

/* The number of copies that VIEWER gets of mail 1, both ways, and the mailboxes its row tells. */
static void assert_gets(
	Fixture *fixture, const ArchiveViewer *viewer, guint copies, unsigned mailboxes)
{
	GError *error = NULL;
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, viewer, 1, &error);
	g_autoptr(GArray) places = archive_places(fixture->archive, viewer, 1, &error);
	g_autoptr(ArchivePage) page = archive_page(
		fixture->archive, &(const ArchiveFilter){.viewer = viewer, .limit = 10}, &error);
	const ArchiveRow *row;

	assert_no_failure(error);
	row = page->rows->pdata[page->rows->len - 1];
	assert_int_equal(row->id, 1);
	assert_int_equal(row->mailboxes, mailboxes);
	assert_int_equal(mail->copies->len, copies);
	assert_int_equal(places->len, copies);
	assert_int_equal(mail->size, g_array_index(places, ArchivePlace, 0).size);
}

/* Another's copy names in its trace headers whom it was delivered to. */
static void test_copies_of_somebody_elses_mail(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	ArchiveFolder bau = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 1);
	const ArchiveOrder orders[] = {{.folder = &fixture->inbox, .imported_by = "mueller"},
		{.imported_by = "fremd", .imported_by_id = 3, .by_hand = true},
		{.folder = &bau, .imported_by = "schulze"}};
	g_autoptr(ArchiveMail) mail = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_autofree char *bytes = fixture_mail(1);
		g_autofree char *copy =
			g_strdup_printf("Delivered-To: %*d@example.org\r\n%s", i + 1, 0, bytes);

		assert_int_equal(fixture_file_by(fixture, &orders[i], i + 1, copy), 1);
	}
	assert_gets(fixture, NULL, 3, 2);
	assert_gets(fixture, &mueller, 3, 2);
	assert_gets(fixture, &schulze, 3, 2);
	assert_gets(fixture, &(const ArchiveViewer){2, "schulze", NULL}, 1, 0);
	assert_gets(fixture, &stranger, 1, 0);
	mail = archive_find(fixture->archive, &stranger, 1, &error);
	assert_no_failure(error);
	assert_int_equal(mail->sources->len, 1);
	assert_string_equal(((const ArchiveSource *)mail->sources->pdata[0])->user, "fremd");
	assert_bytes(fixture, 1, 1,
		"Delivered-To:  0@example.org\r\nReceived: by mx1\r\nMessage-ID: "
		"<1@example.org>\r\nSubject: mail 1\r\n\r\nbody of 1\r\n");
}

static void test_an_upload_of_somebody_elses_mail(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
	ArchiveTally tally = {.case_conflicts = conflicts};

	file_six(fixture);
	assert_true(archive_assign(fixture->archive, NULL, 1, "Geheim", "a", &error));
	upload_again(fixture, &stranger, "Mein", 1, &tally);
	upload_again(fixture, &stranger, "Mein", 2, &tally);
	upload_again(fixture, &stranger, "Geheim", 1, &tally);
	assert_int_equal(conflicts->len, 2);
	assert_string_equal(conflicts->pdata[0], "1");
	assert_string_equal(conflicts->pdata[1], "2");
	assert_int_equal(
		fixture_count(fixture, "SELECT count(*) FROM mails WHERE case_number = 'Mein'"), 0);
	assert_changeable(fixture, &stranger, "");
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, &stranger, 1, &error);
	assert_int_equal(mail->sources->len, 1);
	assert_string_equal(((ArchiveSource *)mail->sources->pdata[0])->user, "fremd");
	g_autoptr(ArchiveMail) whole = archive_find(fixture->archive, &mueller, 1, &error);
	assert_int_equal(whole->sources->len, 2);
	assert_true(whole->may_change);
	/* One's own alone, until somebody else brings it, too. */
	upload_again(fixture, &stranger, "Mein", 7, &tally);
	assert_int_equal(
		fixture_count(fixture, "SELECT count(*) FROM mails WHERE case_number = 'Mein'"), 1);
	assert_true(archive_assign(fixture->archive, &stranger, 7, "Neu", "fremd", &error));
	upload_again(fixture, &bare, NULL, 7, &tally);
	assert_false(archive_assign(fixture->archive, &stranger, 7, "Z", "fremd", &error));
	assert_failure(error, FAILURE_MAIL_OTHERS);
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
			test_who_may_change, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_copies_of_somebody_elses_mail, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_an_upload_of_somebody_elses_mail, fixture_setup, fixture_teardown),
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
