/* Hits with wide and narrow gaps between the mails that pass: none is missed, none is made up. */
#include "fixture.h"

#define MAILS 9000

/* "oft" in two of three mails, "immer" in all; mailbox 2 has every 900th, mailbox 3 every 7th. */
static void make_mails(Fixture *fixture)
{
	g_autofree SearchEntry *entries = g_new0(SearchEntry, MAILS);
	GError *error = NULL;

	fixture_run(fixture, "INSERT INTO mailboxes (id, address, address_folded)"
			     " VALUES (2, 'b', 'b'), (3, 'c', 'c')");
	fixture_run(fixture,
		"INSERT INTO mails (id, date, state) WITH RECURSIVE n (i) AS"
		" (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT i, i, 1 FROM n");
	fixture_run(fixture,
		"INSERT INTO mail_mailboxes (mail_id, mailbox_id, position)"
		" SELECT id, 2, (date << 29) | id FROM mails WHERE id % 900 < 2 UNION ALL"
		" SELECT id, 3, (date << 29) | id FROM mails WHERE id % 7 = 0");
	for (int i = 0; i < MAILS; i++)
		entries[i] = (SearchEntry){
			i + 1, i + 1, (i + 1) % 3 ? (char *)"oft immer" : (char *)"immer"};
	assert_true(search_put(fixture->archive->search, entries, MAILS, &error));
}

static void assert_hits(Fixture *fixture, const char *mailbox, const char *words)
{
	GError *error = NULL;
	ArchiveFilter filter = {.mailbox = mailbox, .words = words, .limit = 40};
	int id = MAILS + 1;
	bool more = true;

	while (more) {
		g_autoptr(ArchivePage) page = archive_page(fixture->archive, &filter, &error);

		assert_no_failure(error);
		for (guint i = 0; i < page->rows->len; i++) {
			const ArchiveRow *row = g_ptr_array_index(page->rows, i);

			do
				id--;
			while ((*mailbox == 'b' ? id % 900 > 1 : id % 7 != 0) ||
				(*words == 'o' && id % 3 == 0));
			assert_int_equal(row->id, id);
		}
		more = page->more;
		filter.before_date = page->before_date;
		filter.before_id = page->before_id;
	}
	assert_in_range(id, 1, 7);
}

static void test_wide_and_narrow_gaps(void **state)
{
	Fixture *fixture = *state;

	make_mails(fixture);
	assert_hits(fixture, "b", "immer");
	assert_hits(fixture, "b", "oft");
	assert_hits(fixture, "c", "immer");
	assert_hits(fixture, "c", "oft");
	fixture->archive->effort = 3000;
	assert_hits(fixture, "b", "oft");
	assert_hits(fixture, "c", "oft");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_wide_and_narrow_gaps, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
