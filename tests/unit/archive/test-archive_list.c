/* The list and its filters, paging. */
#include "fixture.h"

/* Mail NUMBER with a date of its own, so that ids and dates run against each other. */
static void file_dated(Fixture *fixture, const ArchiveFolder *folder, const char *case_number,
	unsigned number, int64_t date, const char *text)
{
	ArchiveOrder order = fixture_order(folder);
	g_autofree char *bytes = fixture_mail(number);
	MailContent *content = fixture_content("s", text);

	order.case_number = case_number;
	fixture_file_by(fixture, &order, number, bytes);
	content->has_date = true;
	content->date = date;
	fixture_read_as(fixture, content);
}

static void file_five(Fixture *fixture)
{
	ArchiveFolder other = fixture_folder(fixture, 1, "bau@example.org", "INBOX", 1);

	file_dated(fixture, &fixture->inbox, "A", 1, 500, "eins alle");
	file_dated(fixture, &other, NULL, 2, 400, "zwei alle");
	file_dated(fixture, &fixture->inbox, "B", 3, 300, "drei alle");
	file_dated(fixture, &other, "A", 4, 300, "vier alle");
	file_dated(fixture, &fixture->inbox, "A", 5, 600, "fünf");
}

static void test_newest_first(void **state)
{
	Fixture *fixture = *state;

	assert_listed(fixture, "");
	file_five(fixture);
	assert_listed(fixture, "5 1 2 4 3");
	assert_listed(fixture, "5 1", .limit = 2);
}

static void test_filters(void **state)
{
	Fixture *fixture = *state;

	file_five(fixture);
	assert_listed(fixture, "5 1 4", .case_number = "A");
	assert_listed(fixture, "", .case_number = "a");
	assert_listed(fixture, "2 4", .mailbox = "BAU@example.org");
	assert_listed(fixture, "", .mailbox = "no@example.org");
	assert_listed(fixture, "5 1", .case_number = "A", .mailbox = "info@example.org");
	assert_listed(fixture, "1 2", .since = 400, .until = 600);
	assert_listed(fixture, "4 3", .until = 301);
	assert_listed(fixture, "2", .mailbox = "bau@example.org", .since = 301);
}

static void test_search_with_filters(void **state)
{
	Fixture *fixture = *state;

	file_five(fixture);
	assert_listed(fixture, "1 2 4 3", .words = "alle");
	assert_listed(fixture, "1 4", .words = "alle", .case_number = "A");
	assert_listed(fixture, "2 4", .words = "alle", .mailbox = "bau@example.org");
	assert_listed(
		fixture, "4", .words = "alle", .mailbox = "bau@example.org", .case_number = "A");
	assert_listed(fixture, "2", .words = "alle", .since = 301, .until = 500);
	assert_listed(fixture, "", .words = "fünf", .mailbox = "bau@example.org");
	assert_listed(fixture, "1 2", .words = "alle", .limit = 2);
}

/* Pages of every size put together are the list. */
static void test_pages_join(void **state)
{
	Fixture *fixture = *state;

	file_five(fixture);
	assert_listed(fixture, "2 4", .before_date = 500, .before_id = 1, .limit = 2);
	assert_listed(fixture, "3", .before_date = 300, .before_id = 4, .limit = 2);
	assert_listed(fixture, "", .before_date = 300, .before_id = 3);
	assert_listed(fixture, "4 3", .words = "alle", .before_date = 400, .before_id = 2);
	assert_listed(fixture, "4", .case_number = "A", .before_date = 500, .before_id = 1);
}

/* Bounds that no date of a mail reaches; they come out of addresses of pages. */
static void test_absurd_bounds(void **state)
{
	Fixture *fixture = *state;

	file_five(fixture);
	assert_listed(fixture, "5 1 2 4 3", .before_date = INT64_MAX, .before_id = INT64_MAX);
	assert_listed(fixture, "", .before_date = INT64_MIN, .before_id = 1);
	assert_listed(fixture, "5 1 2 4 3", .since = INT64_MIN, .until = INT64_MAX);
	assert_listed(fixture, "", .since = INT64_MAX);
	assert_listed(fixture, "", .until = INT64_MIN);
}

/* Mails of one second are paged by their ids. */
static void test_one_date_for_all(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GString) pages = g_string_new(NULL);
	g_autofree char *all = NULL;
	int64_t before = 0;

	for (unsigned i = 1; i <= 30; i++)
		file_dated(fixture, &fixture->inbox, NULL, i, 777, "x");
	for (unsigned page = 0; page < 10; page++) {
		g_autofree char *ids = fixture_list(
			fixture, &(const ArchiveFilter){
					 .before_date = 777, .before_id = before, .limit = 3});
		const char *last = strrchr(ids, ' ');

		assert_non_null(last);
		before = g_ascii_strtoll(last, NULL, 10);
		g_string_append_printf(pages, "%s%s", page ? " " : "", ids);
	}
	all = fixture_list(fixture, &(const ArchiveFilter){0});
	assert_string_equal(pages->str, all);
	assert_int_equal(before, 1);
}

static bool count_up(const ArchiveMail *mail, void *data)
{
	(void)mail;
	return ++*(int *)data < 3;
}

static void test_visitor_stops(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	int count = 0;

	file_five(fixture);
	assert_true(archive_each(
		fixture->archive, &(const ArchiveFilter){0}, count_up, &count, &error));
	assert_int_equal(count, 3);
	count = 0;
	assert_true(archive_each(fixture->archive, &(const ArchiveFilter){.words = "alle"},
		count_up, &count, &error));
	assert_int_equal(count, 3);
}

static guint count_words(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	return g_strv_length(words);
}

/* More than a page, with many hits between few mails that pass, and the other way round. */
static void test_many_mails(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder other = fixture_folder(fixture, 1, "bau@example.org", "INBOX", 1);
	ArchiveOrder orders[] = {fixture_order(&fixture->inbox), fixture_order(&other)};
	ArchiveTally tally = {0};
	ArchivePlace places[256];
	g_autoptr(MailContent) both = fixture_content("x", "oft selten");
	g_autoptr(MailContent) one = fixture_content("x", "oft");
	size_t found;

	for (unsigned box = 0; box < 2; box++) {
		g_autoptr(ArchiveBatch) batch = archive_batch_new(fixture->archive, &orders[box]);

		for (unsigned i = 0; i < (box ? 5 : 2500); i++) {
			g_autofree char *mail = fixture_mail(i + box * 10000);

			fixture_add(batch, i * (box ? 500 : 1) + 1, mail);
		}
		fixture_commit(batch, 0, &tally);
	}
	while ((found = fixture_claim(fixture, places, 256)) > 0) {
		MailContent *contents[256];

		for (size_t i = 0; i < found; i++)
			contents[i] = places[i].mail_id % 500 == 0 ? both : one;
		fixture_keep(fixture, places, contents, found);
	}
	g_autofree char *all = fixture_list(fixture, &(const ArchiveFilter){.words = "oft"});
	g_autofree char *listed = fixture_list(fixture, &(const ArchiveFilter){0});
	assert_string_equal(all, listed);
	assert_int_equal(count_words(all), 2505);
	g_autofree char *few = fixture_list(
		fixture, &(const ArchiveFilter){.words = "oft", .mailbox = other.mailbox});
	g_autofree char *expected =
		fixture_list(fixture, &(const ArchiveFilter){.mailbox = other.mailbox});
	assert_string_equal(few, expected);
	assert_int_equal(count_words(few), 5);
	g_autofree char *rare = fixture_list(fixture,
		&(const ArchiveFilter){.words = "selten", .mailbox = fixture->inbox.mailbox});
	assert_int_equal(count_words(rare), 5);
}

static void add_attachment(MailContent *content, const char *name)
{
	MailPart *part = g_new0(MailPart, 1);

	part->name = g_strdup(name);
	part->type = g_strdup("application/pdf");
	part->size = 7;
	g_ptr_array_add(content->attachments, part);
}

static void test_with_attachments(void **state)
{
	Fixture *fixture = *state;

	for (unsigned i = 1; i <= 4; i++) {
		g_autofree char *bytes = fixture_mail(i);
		MailContent *content = fixture_content("s", "alle");

		for (unsigned n = 0; n < i % 3; n++)
			add_attachment(content, "a.pdf");
		fixture_file(fixture, i, bytes);
		fixture_read_as(fixture, content);
	}
	assert_listed(fixture, "4 2 1", .with_attachments = true);
	assert_listed(fixture, "4 2 1", .with_attachments = true, .words = "alle",
		.mailbox = "info@example.org");
	assert_listed(fixture, "2", .with_attachments = true, .until = 1000004, .limit = 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(ArchivePage) page =
		archive_page(fixture->archive, &(const ArchiveFilter){.limit = 3}, &error);
	const ArchiveRow *row = g_ptr_array_index(page->rows, 2);
	assert_int_equal(row->id, 2);
	assert_int_equal(row->attachments, 2);
}

/* The ids of a page, with "+" if it is not the last. */
static void assert_page(Fixture *fixture, ArchiveFilter *filter, const char *expected)
{
	GError *error = NULL;
	g_autoptr(ArchivePage) page = archive_page(fixture->archive, filter, &error);
	g_autoptr(GString) ids = g_string_new(NULL);

	assert_no_failure(error);
	for (guint i = 0; i < page->rows->len; i++) {
		const ArchiveRow *row = g_ptr_array_index(page->rows, i);

		g_string_append_printf(ids, "%s%d", i > 0 ? " " : "", (int)row->id);
	}
	g_string_append(ids, page->more ? "+" : "");
	assert_string_equal(ids->str, expected);
	filter->before_date = page->before_date;
	filter->before_id = page->before_id;
}

static void test_pages_tell_whether_more_follow(void **state)
{
	Fixture *fixture = *state;
	ArchiveFilter all = {.limit = 2};
	ArchiveFilter found = {.limit = 2, .words = "alle"};

	assert_page(fixture, &(ArchiveFilter){.limit = 2}, "");
	file_five(fixture);
	assert_page(fixture, &all, "5 1+");
	assert_page(fixture, &all, "2 4+");
	assert_page(fixture, &all, "3");
	assert_page(fixture, &found, "1 2+");
	assert_page(fixture, &found, "4 3");
	assert_page(fixture, &(ArchiveFilter){.limit = 5}, "5 1 2 4 3");
	assert_page(fixture, &(ArchiveFilter){.words = " ", .limit = 2}, "");
	assert_page(fixture, &(ArchiveFilter){0}, "5 1 2 4 3");
}

/* Two long sequences that hardly meet: pages with little or nothing on them, which go on. */
static void test_pages_are_bounded(void **state)
{
	Fixture *fixture = *state;
	ArchiveFolder other = fixture_folder(fixture, 1, "bau@example.org", "INBOX", 1);
	ArchiveFilter filter = {.limit = 5, .case_number = "A", .mailbox = "bau@example.org"};
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) ids = g_string_new(NULL);
	unsigned pages = 0;

	for (unsigned i = 1; i <= 60; i++)
		file_dated(fixture, i % 2 || i == 30 ? &other : &fixture->inbox,
			i % 2 && i != 13 ? NULL : "A", i, 1000 + i, "x");
	fixture->archive->effort = 60;
	for (bool more = true; more; pages++) {
		g_autoptr(ArchivePage) page = archive_page(fixture->archive, &filter, &error);

		assert_no_failure(error);
		for (guint i = 0; i < page->rows->len; i++)
			g_string_append_printf(ids, "%d ",
				(int)((ArchiveRow *)g_ptr_array_index(page->rows, i))->id);
		more = page->more;
		filter.before_date = page->before_date;
		filter.before_id = page->before_id;
	}
	assert_string_equal(ids->str, "30 13 ");
	assert_in_range(pages, 5, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_newest_first, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_filters, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_search_with_filters, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_pages_join, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_absurd_bounds, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_one_date_for_all, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_visitor_stops, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_many_mails, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_with_attachments, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_pages_tell_whether_more_follow, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_pages_are_bounded, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
