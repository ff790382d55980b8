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

/* ---- many words, against looking into each mail ---- */

/* Each word as often as it stands there, in mails of all ages; "alt…" in the oldest alone, so many
 * that they are never gathered, "alt1…" few enough that they are. */
static char *make_words(int id)
{
	GString *words = g_string_new("immer");

	g_string_append(words, id % 3 ? " oft" : " dritte");
	g_string_append(words, id % 2 ? " ungerade" : " gerade");
	g_string_append_printf(words, " wort%d", id % 90);
	if (id % 1000 == 3)
		g_string_append(words, " selten");
	if (id % 700 == 1)
		g_string_append_printf(words, " neu%d wortende", id);
	for (int i = 0; id <= 3500 && i < 10; i++)
		g_string_append_printf(words, " alt%d", (id * 7 + i * 431) % 4000);
	return g_string_free(words, FALSE);
}

static bool has_words(const char *list, const char *query)
{
	g_auto(GStrv) words = g_strsplit(list, " ", -1);
	g_auto(GStrv) wanted = g_strsplit(query, " ", -1);

	for (char **want = wanted; *want; want++) {
		bool found = g_strv_contains((const char *const *)words, *want);

		for (char **word = words; !want[1] && *word && !found; word++)
			found = strlen(*want) >= 3 && g_str_has_prefix(*word, *want);
		if (!found)
			return false;
	}
	return true;
}

static void fill_in(Fixture *fixture, char **lists)
{
	g_autofree SearchEntry *entries = g_new0(SearchEntry, MAILS);
	GError *error = NULL;

	make_mails(fixture);
	for (int i = 0; i < MAILS; i++) {
		lists[i] = make_words(i + 1);
		entries[i] = (SearchEntry){i + 1, i + 1, lists[i]};
	}
	assert_true(search_put(fixture->archive->search, entries, MAILS, &error));
	assert_no_failure(error);
}

/* The ids of all pages. */
static char *join_pages(Fixture *fixture, ArchiveFilter filter, unsigned *pages)
{
	GString *ids = g_string_new(NULL);
	GError *error = NULL;

	for (bool more = true; more; ++*pages) {
		g_autoptr(ArchivePage) page = archive_page(fixture->archive, &filter, &error);

		assert_no_failure(error);
		for (guint i = 0; i < page->rows->len; i++)
			g_string_append_printf(ids, "%d ",
				(int)((ArchiveRow *)g_ptr_array_index(page->rows, i))->id);
		more = page->more;
		filter.before_date = page->before_date;
		filter.before_id = page->before_id;
	}
	return g_string_free(ids, FALSE);
}

static void assert_all_are_found(
	Fixture *fixture, char **lists, const char *words, const char *mailbox)
{
	static const size_t efforts[] = {ARCHIVE_EFFORT, 9000, 700};
	g_autoptr(GString) expected = g_string_new(NULL);

	for (int id = MAILS; id >= 1; id--) {
		if ((!mailbox || (*mailbox == 'b' ? id % 900 < 2 : id % 7 == 0)) &&
			has_words(lists[id - 1], words))
			g_string_append_printf(expected, "%d ", id);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(efforts); i++) {
		ArchiveFilter filter = {.mailbox = mailbox, .words = words, .limit = 50};
		unsigned pages = 0;
		g_autofree char *found = NULL;

		fixture->archive->effort = efforts[i];
		found = join_pages(fixture, filter, &pages);
		assert_string_equal(found, expected->str);
	}
	g_autofree char *whole =
		fixture_list(fixture, &(const ArchiveFilter){.mailbox = mailbox, .words = words});
	g_strchomp(expected->str);
	assert_string_equal(whole, expected->str);
}

static void test_no_mail_is_missed(void **state)
{
	static const char *const queries[] = {"immer", "selten", "nie", "oft gerade",
		"gerade ungerade", "gerade ungerade immer", "selten oft", "oft selten",
		"selten nie", "wort7", "wort8 oft", "wor", "worte", "neu", "oft neu", "alt", "alt1",
		"alt12", "alt123", "alt3999", "oft alt", "dritte alt1", "selten alt", "wort1 alt1",
		"alt1 alt2", "im", "immer im", "ungerade immer immer immer"};
	static const char *const mailboxes[] = {NULL, "b", "c"};
	Fixture *fixture = *state;
	g_auto(GStrv) lists = g_new0(char *, MAILS + 1);

	fill_in(fixture, lists);
	for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
		for (size_t box = 0; box < G_N_ELEMENTS(mailboxes); box++)
			assert_all_are_found(fixture, lists, queries[i], mailboxes[box]);
	}
}

/* Two words in half of the mails each that never meet: several pages with nothing on them. */
static void test_a_long_search_is_cut_into_pages(void **state)
{
	Fixture *fixture = *state;
	g_auto(GStrv) lists = g_new0(char *, MAILS + 1);
	unsigned pages = 0;

	fill_in(fixture, lists);
	fixture->archive->effort = 5000;
	g_autofree char *found = join_pages(
		fixture, (ArchiveFilter){.words = "gerade ungerade", .limit = 50}, &pages);
	assert_string_equal(found, "");
	assert_in_range(pages, 5, 100);
}

/* A hundred words cost no more than what a page may. */
static void test_many_words_are_bounded(void **state)
{
	Fixture *fixture = *state;
	g_auto(GStrv) lists = g_new0(char *, MAILS + 1);
	g_autoptr(GString) words = g_string_new("immer");
	unsigned pages = 0;

	fill_in(fixture, lists);
	for (int i = 0; i < 90; i++)
		g_string_append_printf(words, " wort%d", i);
	g_autofree char *found =
		join_pages(fixture, (ArchiveFilter){.words = words->str, .limit = 50}, &pages);
	assert_string_equal(found, "");
	assert_in_range(pages, 1, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_wide_and_narrow_gaps, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_mail_is_missed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_long_search_is_cut_into_pages, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_many_words_are_bounded, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
