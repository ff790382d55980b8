/* Rows of a page: what is in them, many at once. */
#include "fixture.h"

static ArchivePage *get_page(Fixture *fixture, size_t limit)
{
	GError *error = NULL;
	ArchivePage *page =
		archive_page(fixture->archive, &(const ArchiveFilter){.limit = limit}, &error);

	assert_no_failure(error);
	return page;
}

static void test_all_that_is_shown(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder other = fixture_folder(fixture, 2, "bau@example.org", "INBOX", 1);
	ArchiveOrder order = {.folder = &other, .imported_by = "schulze", .case_number = "12/3"};
	MailContent *content = fixture_content("Haushalt", "t");
	g_autofree char *bytes = fixture_mail(1);

	fixture_file(fixture, 1, bytes);
	fixture_file_by(fixture, &order, 1, bytes);
	g_free(content->from);
	content->from = g_strdup("Erika <erika@example.org>");
	content->has_date = true;
	content->date = 4711;
	fixture_read_as(fixture, content);
	fixture_file(fixture, 2, "unread");
	g_autoptr(ArchivePage) page = get_page(fixture, 10);
	assert_int_equal(page->rows->len, 2);
	const ArchiveRow *row = g_ptr_array_index(page->rows, 1);
	assert_int_equal(row->id, 1);
	assert_int_equal(row->state, ARCHIVE_READ);
	assert_string_equal(row->subject, "Haushalt");
	assert_string_equal(row->from, "Erika <erika@example.org>");
	assert_int_equal(row->date, 4711);
	assert_int_equal(row->size, strlen(bytes));
	assert_string_equal(row->case_number, "12/3");
	assert_int_equal(row->attachments, 0);
	assert_int_equal(row->mailboxes, 2);
	row = g_ptr_array_index(page->rows, 0);
	assert_int_equal(row->state, ARCHIVE_UNREAD);
	assert_string_equal(row->subject, "");
	assert_null(row->case_number);
}

/* More than one statement takes, in the list's order, which the ids do not have; very many
 * mailboxes. */
static void test_many(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(ArchivePage) page = NULL;

	for (unsigned i = 1; i <= 120; i++) {
		g_autofree char *bytes = fixture_mail(i);

		fixture_file(fixture, i, bytes);
	}
	fixture_run(fixture, "INSERT INTO mailboxes (id, address, address_folded)"
			     " SELECT id + 1000, 'm' || id, 'm' || id FROM mails");
	fixture_run(fixture, "INSERT INTO mail_mailboxes (mail_id, mailbox_id, position)"
			     " SELECT 119, id + 1000, 1 FROM mails");
	fixture_run(fixture, "UPDATE mails SET date = 5000 + id % 2");
	page = get_page(fixture, 0);
	assert_int_equal(page->rows->len, 120);
	for (guint i = 0; i < page->rows->len; i++) {
		const ArchiveRow *row = g_ptr_array_index(page->rows, i);

		assert_int_equal(row->id, i < 60 ? 119 - 2 * i : 120 - 2 * (i - 60));
		assert_int_equal(row->mailboxes, i == 0 ? ARCHIVE_MAILBOX_COUNT_LIMIT : 1);
	}
}

static void assert_size(Fixture *fixture, int64_t id, size_t size)
{
	GError *error = NULL;
	g_autoptr(ArchivePage) page = get_page(fixture, 10);
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, NULL, id, &error);

	assert_no_failure(error);
	assert_int_equal(page->rows->len, 1);
	assert_int_equal(((const ArchiveRow *)page->rows->pdata[0])->size, size);
	assert_int_equal(mail->size, size);
}

/* Of the first copy, whichever came after it; of the first one again after a deletion. */
static void test_size(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder folder = fixture_folder(fixture, 1, "info@example.org", "INBOX", 1);
	ArchiveOrder by_hand = {.folder = &folder, .imported_by = "mueller", .by_hand = true};
	GError *error = NULL;
	g_autofree char *first = fixture_mail(1);
	g_autofree char *second = g_strconcat("Received: by a long way\r\n", first, NULL);

	fixture_file(fixture, 1, first);
	fixture_file(fixture, 2, second);
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM copies"), 2);
	assert_size(fixture, 1, strlen(first));
	assert_true(archive_delete(fixture->archive, NULL, 1, "Grund", "mueller", &error));
	fixture_file_by(fixture, &by_hand, 3, second);
	fixture_file_by(fixture, &by_hand, 4, first);
	assert_int_equal(fixture_count(fixture, "SELECT count(*) FROM copies"), 2);
	assert_size(fixture, 2, strlen(second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_all_that_is_shown, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_many, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_size, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
