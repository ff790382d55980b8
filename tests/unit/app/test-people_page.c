/* Going through all users: who needs help, and that it can be cancelled at each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "app/people_page.h"
#include "failure/failure.h"

static const char csv[] = "name;interface;account;imap.use-default\n"
			  "anna;standard;anna@amt.example;true\n"
			  "bert;;;\n"
			  "carl;standard;carl@amt.example;true\n"
			  "dora;standard;dora@amt.example;true\n";

typedef struct Fixture {
	char *folder;
	Office *office;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autoptr(GPtrArray) row_errors =
		g_ptr_array_new_with_free_func((GDestroyNotify)row_error_free);
	g_autoptr(GPtrArray) people = NULL;

	fixture->folder = g_dir_make_tmp("amtspost-XXXXXX", NULL);
	fixture->office = office_open(fixture->folder, NULL, NULL);
	*state = fixture;
	if (fixture->office)
		people = people_import(
			fixture->office, csv, strlen(csv), false, "test", row_errors, NULL);
	return people ? 0 : 1;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->folder);

	office_close(fixture->office);
	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(fixture->folder);
	g_free(fixture);
	return 0;
}

static void test_who_needs_help(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GPtrArray) people = people_helpless(fixture->office, cancel, NULL);
	const char *names[] = {"anna", "carl", "dora"};

	assert_non_null(people);
	assert_int_equal(people->len, G_N_ELEMENTS(names));
	for (guint i = 0; i < people->len; i++)
		assert_string_equal(((Person *)people->pdata[i])->user->name, names[i]);
}

static void test_cancelled_before(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GError) error = NULL;

	cancel_trigger(cancel);
	assert_null(people_helpless(fixture->office, cancel, &error));
	assert_true(failure_is(error, FAILURE_CANCELLED));
}

static Cancel *running;
static unsigned seen;

/* As the daemon's end, while the second user is looked at. */
static bool stop_at_the_second(const Person *person)
{
	(void)person;
	if (++seen == 2)
		cancel_trigger(running);
	return true;
}

static void test_cancelled_on_the_way(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GError) error = NULL;

	running = cancel;
	seen = 0;
	assert_null(people_filter(fixture->office, stop_at_the_second, cancel, &error));
	assert_true(failure_is(error, FAILURE_CANCELLED));
	assert_int_equal(seen, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_needs_help, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled_on_the_way, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
