/* search.db: what is found, in which order, and how it comes back when it is gone. */
#include "fixture.h"

static void assert_split(const char *text, const char *expected)
{
	g_auto(GStrv) words = search_split_query(text);
	g_autofree char *joined = words ? g_strjoinv("|", words) : NULL;

	assert_string_equal(joined ? joined : "(none)", expected);
}

static void test_queries_are_cut_into_words(void **state)
{
	(void)state;
	assert_split("Rechnung", "rechnung");
	assert_split("Müller  RECHNUNG", "muller|rechnung");
	assert_split("a\" OR \"b", "a|or|b");
	assert_split("words:x NEAR(a,b) -c ^d* {e}", "words|x|near|a|b|c|d|e");
	assert_split("", "(none)");
	assert_split("\"*-(); ", "(none)");
}

static void test_positions(void **state)
{
	static const int64_t dates[] = {0, 1, 1700000000, SEARCH_DATE_LIMIT};
	static const int64_t ids[] = {1, 2, 1000000, (INT64_C(1) << 29) - 1};
	int64_t last = -1;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(ids); j++) {
			int64_t position = search_position(dates[i], ids[j]);

			assert_true(position > last);
			assert_int_equal(search_position_id(position), ids[j]);
			assert_int_equal(search_position_date(position), dates[i]);
			last = position;
		}
	}
}

static void test_finds_words(void **state)
{
	Fixture *fixture = *state;

	fixture_file_saying(fixture, 1, "Bauantrag Müller", "Die Straße ist gesperrt.");
	fixture_file_saying(fixture, 2, "Rechnung 4711", "für den Bauhof");
	assert_listed(fixture, "1", .words = "bauantrag");
	assert_listed(fixture, "1", .words = "MÜLLER");
	assert_listed(fixture, "1", .words = "muller bauantrag");
	assert_listed(fixture, "1", .words = "strasse");
	assert_listed(fixture, "2", .words = "4711");
	assert_listed(fixture, "2 1", .words = "bau");
	assert_listed(fixture, "", .words = "ba");
	assert_listed(fixture, "1", .words = "ist gesperrt");
	assert_listed(fixture, "", .words = "bau rechnung");
	assert_listed(fixture, "2", .words = "rechnung bau");
	assert_listed(fixture, "", .words = "antrag");
}

static void test_hostile_queries_are_harmless(void **state)
{
	static const char *const queries[] = {"\"", "*", "a* b*", "NOT x", "x OR", "words : x",
		"^x", "\xff\xfe", "'; DROP TABLE mails; --", "{a b}:c", "NEAR(", "a\"\"b", "\xc3",
		"\xf0\x9d\x94\xbc"};
	Fixture *fixture = *state;
	g_autofree char *long_one = g_strnfill(100000, 'x');

	fixture_file_saying(fixture, 1, "x", "y");
	for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
		g_autofree char *found =
			fixture_list(fixture, &(const ArchiveFilter){.words = queries[i]});

		assert_non_null(found);
	}
	assert_listed(fixture, "", .words = long_one);
	assert_listed(fixture, "", .words = "-- ;");
	assert_listed(fixture, "1", .words = "x");
}

/* More words than a query could name. */
static void test_beginning_of_very_many_words(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < 2000; i++)
		g_string_append_printf(text, " wort%u", i);
	fixture_file_saying(fixture, 1, "viele", text->str);
	fixture_file_saying(fixture, 2, "eins", "wort1234 wortlaut");
	assert_listed(fixture, "2 1", .words = "wort");
	assert_listed(fixture, "2 1", .words = "wort1234");
	assert_listed(fixture, "1", .words = "viele wort12");
	assert_listed(fixture, "2", .words = "wortl");
	assert_listed(fixture, "", .words = "wortz");
}

/* Letters beyond the tables of FTS5's own tokenisers stay whole words. */
static void test_letters_of_all_scripts(void **state)
{
	Fixture *fixture = *state;

	fixture_file_saying(fixture, 1, "Žižkov Łódź", "Ελλάδα Київ 日本語 𐐨𐐩");
	assert_listed(fixture, "1", .words = "zizkov");
	assert_listed(fixture, "1", .words = "ελλαδα київ");
	assert_listed(fixture, "1", .words = "日本");
	assert_listed(fixture, "1", .words = "𐐀𐐁");
}

static void test_missing_index_is_made_anew(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->archive_folder, "search.db", NULL);
	ArchivePlace place;

	fixture_file_saying(fixture, 1, "Haushalt", "");
	fixture_close(fixture);
	unlink(path);
	fixture_open(fixture);
	assert_listed(fixture, "", .words = "haushalt");
	assert_listed(fixture, "1");
	fixture_read_as(fixture, fixture_content("Haushalt", ""));
	assert_listed(fixture, "1", .words = "haushalt");
	assert_int_equal(fixture_claim(fixture, &place, 1), 0);
}

static void test_broken_index_is_made_anew(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->archive_folder, "search.db", NULL);

	fixture_file_saying(fixture, 1, "Haushalt", "");
	fixture_close(fixture);
	assert_true(
		g_file_set_contents(path, "this is no database at all, but long enough", -1, NULL));
	fixture_open(fixture);
	fixture_read_as(fixture, fixture_content("Haushalt", ""));
	assert_listed(fixture, "1", .words = "haushalt");
}

/* Damage inside is noticed when it is met; the next opening repairs it. */
static void test_damage_met_later_is_repaired(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->archive_folder, "search.db", NULL);
	g_autofree char *zeros = g_malloc0(4096);
	GError *error = NULL;
	FILE *file;

	fixture_file_saying(fixture, 1, "Haushalt", "");
	fixture_close(fixture);
	file = fopen(path, "r+e");
	for (long page = 3; page < 20; page++) {
		fseek(file, page * 4096, SEEK_SET);
		fwrite(zeros, 1, 4096, file);
	}
	fclose(file);
	fixture_open(fixture);
	assert_false(archive_each(fixture->archive, &(const ArchiveFilter){.words = "haushalt"},
		fixture_collect_id, NULL, &error));
	g_clear_error(&error);
	fixture_reopen(fixture);
	fixture_read_as(fixture, fixture_content("Haushalt", ""));
	assert_listed(fixture, "1", .words = "haushalt");
}

/* Another archive's search.db knows other mails. */
static void test_foreign_index_is_made_anew(void **state)
{
	Fixture *fixture = *state;

	fixture_file_saying(fixture, 1, "Haushalt", "");
	fixture_run(fixture, "UPDATE meta SET value = 'x' WHERE name = 'archive-search'");
	fixture_reopen(fixture);
	assert_listed(fixture, "", .words = "haushalt");
	fixture_read_as(fixture, fixture_content("Haushalt", ""));
	assert_listed(fixture, "1", .words = "haushalt");
}

static void test_keeping_into_a_replaced_index_fails(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(MailContent) content = fixture_content("Haushalt", "");
	g_autofree char *bytes = fixture_mail(1);
	ArchivePlace place;
	GError *error = NULL;

	fixture_file(fixture, 1, bytes);
	assert_int_equal(fixture_claim(fixture, &place, 1), 1);
	fixture_run(fixture, "UPDATE meta SET value = 'x' WHERE name = 'archive-search'");
	assert_false(archive_keep_contents(fixture->archive, &place, &content, 1, &error));
	assert_failure(error, FAILURE_STORE_BUSY);
	assert_int_equal(fixture_count(fixture, "SELECT state FROM mails"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries_are_cut_into_words),
		cmocka_unit_test(test_positions),
		cmocka_unit_test_setup_teardown(test_finds_words, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_hostile_queries_are_harmless, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_beginning_of_very_many_words, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_letters_of_all_scripts, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_missing_index_is_made_anew, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_broken_index_is_made_anew, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_damage_met_later_is_repaired, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_foreign_index_is_made_anew, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_keeping_into_a_replaced_index_fails, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
