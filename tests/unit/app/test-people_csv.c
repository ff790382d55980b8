/* User import: quoting, every bad row named, all or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include "app/people.h"
#include "failure/failure.h"

typedef struct Fixture {
	char *folder;
	Office *office;
	GPtrArray *row_errors;
	GPtrArray *people;
	GError *error;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->folder = g_dir_make_tmp("amtspost-XXXXXX", NULL);
	fixture->office = office_open(fixture->folder, NULL, NULL);
	fixture->row_errors = g_ptr_array_new_with_free_func((GDestroyNotify)row_error_free);
	*state = fixture;
	return fixture->office ? 0 : 1;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->folder);

	office_close(fixture->office);
	g_ptr_array_unref(fixture->row_errors);
	g_clear_pointer(&fixture->people, g_ptr_array_unref);
	g_clear_error(&fixture->error);
	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(fixture->folder);
	g_free(fixture);
	return 0;
}

static bool import(Fixture *fixture, const char *csv, bool dry_run)
{
	g_clear_pointer(&fixture->people, g_ptr_array_unref);
	g_clear_error(&fixture->error);
	g_ptr_array_set_size(fixture->row_errors, 0);
	fixture->people = people_import(fixture->office, csv, strlen(csv), dry_run, "test",
		fixture->row_errors, &fixture->error);
	return fixture->people != NULL;
}

static const RowError *row_error(const Fixture *fixture, guint index)
{
	assert_true(index < fixture->row_errors->len);
	return g_ptr_array_index(fixture->row_errors, index);
}

static unsigned line_of(const Fixture *fixture, guint index)
{
	return row_error(fixture, index)->line;
}

static guint count_users(Fixture *fixture)
{
	g_autoptr(GPtrArray) people = people_list(fixture->office, NULL);

	return people->len;
}

static void test_good_file(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Person) person = NULL;

	assert_true(import(fixture,
		"\xef\xbb\xbfname;display_name;admin;interface;account;mailboxes\r\n"
		"m.muster;\"Muster; "
		"\"\"Maria\"\"\";true;standard;m@example.org;\"a@example.org;b@example.org\"\r\n"
		"\r\n"
		"j.meier;Jens Meier;;standard;j@example.org;\r\n",
		false));
	assert_int_equal(fixture->people->len, 2);
	person = people_find(fixture->office, "M.Muster", NULL);
	assert_string_equal(person->user->display_name, "Muster; \"Maria\"");
	assert_true(person->user->admin);
	assert_string_equal(person->interface, "standard");
	assert_string_equal(person->account, "m@example.org");
}

static void test_dry_run_keeps_nothing(void **state)
{
	Fixture *fixture = *state;

	assert_true(import(fixture, "name\nanna\n", true));
	assert_int_equal(count_users(fixture), 0);
}

static void test_every_bad_row_is_named(void **state)
{
	Fixture *fixture = *state;

	assert_true(import(fixture, "name\nanna\n", false));
	assert_false(import(fixture,
		"name;admin;imap.port\n"
		".punkt;true;993\n"
		"gut;vielleicht;993\n"
		"auch.gut;true;99999\n"
		"kurz;true\n"
		"doppelt;true;993\n"
		"Doppelt;true;993\n",
		false));
	assert_true(failure_is(fixture->error, FAILURE_CSV_INVALID));
	assert_int_equal(failure_status(fixture->error), 2);
	assert_int_equal(fixture->row_errors->len, 5);
	assert_int_equal(line_of(fixture, 0), 2);
	assert_int_equal(line_of(fixture, 4), 7);
	assert_false(import(fixture, "name\nberta\nANNA\n", false));
	assert_int_equal(fixture->row_errors->len, 1);
	assert_int_equal(line_of(fixture, 0), 3);
	assert_int_equal(count_users(fixture), 1);
}

static void test_dry_run_tells_who_would_be_added(void **state)
{
	Fixture *fixture = *state;
	const Person *person;

	assert_true(import(fixture, "name;interface;account\nanna;standard;a@example.org\n", true));
	assert_int_equal(fixture->people->len, 1);
	person = g_ptr_array_index(fixture->people, 0);
	assert_string_equal(person->user->name, "anna");
	assert_string_equal(person->interface, "standard");
	assert_string_equal(person->account, "a@example.org");
}

static void test_errors_are_in_line_order(void **state)
{
	Fixture *fixture = *state;

	assert_true(import(fixture, "name\nanna\nberta\n", false));
	assert_false(import(
		fixture, "name;admin\n.punkt;\nAnna;\ngut;vielleicht\n;true\nberta;nein\n", false));
	assert_int_equal(fixture->row_errors->len, 6);
	for (guint i = 0; i < 5; i++)
		assert_int_equal(line_of(fixture, i), i + 2);
	assert_non_null(strstr(row_error(fixture, 1)->sentence, "Anna"));
	assert_string_equal(row_error(fixture, 3)->sentence, "Der Benutzername fehlt.");
	assert_int_equal(line_of(fixture, 5), 6);
}

static void test_what_excel_writes(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Person) person = NULL;

	assert_true(import(fixture,
		"sep=;\r\nName;ADMIN;Imap.Use-Default;Account;;\r\n"
		"anna;WAHR;Falsch;a@example.org;;\r\n;;;;;\r\nberta;FALSE;true;;;\r\n;;\r\n",
		false));
	assert_int_equal(fixture->people->len, 2);
	person = people_find(fixture->office, "anna", NULL);
	assert_true(person->user->admin);
	assert_string_equal(person->account, "a@example.org");
}

static void test_unusable_files(void **state)
{
	Fixture *fixture = *state;

	assert_false(import(fixture, "name,admin\nanna,true\n", false));
	assert_string_equal(row_error(fixture, 0)->sentence, "Das Trennzeichen ist das Semikolon.");
	assert_false(import(fixture, "name\nM\xfcller\n", false));
	assert_true(failure_is(fixture->error, FAILURE_CSV_ENCODING));
	assert_false(import(fixture, "name;display_name\nanna;\"Anna\nberta;B\n", false));
	assert_int_equal(line_of(fixture, 0), 2);
	assert_int_equal(count_users(fixture), 0);
}

static void test_a_long_file_names_all_errors(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GString) csv = g_string_new("name\n");

	for (int i = 0; i < 300; i++)
		g_string_append(csv, ".x\n");
	assert_false(import(fixture, csv->str, false));
	assert_int_equal(fixture->row_errors->len, 300);
	assert_int_equal(line_of(fixture, 299), 301);
}

static void test_bad_headers(void **state)
{
	Fixture *fixture = *state;

	assert_false(import(fixture, "", false));
	assert_false(import(fixture, "display_name\nx\n", false));
	assert_false(import(fixture, "name;name\na;b\n", false));
	assert_false(import(fixture, "name;imap.password\na;geheim\n", false));
	assert_false(import(fixture, "name;office.name\na;b\n", false));
	assert_false(import(fixture, "name;gibt.es.nicht\na;b\n", false));
	assert_false(import(fixture, "name\nM\xfcller\n", false));
	assert_int_equal(count_users(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test_setup_teardown(test_good_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dry_run_keeps_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_bad_row_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_dry_run_tells_who_would_be_added, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errors_are_in_line_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_excel_writes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unusable_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_long_file_names_all_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_headers, set_up, tear_down),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
