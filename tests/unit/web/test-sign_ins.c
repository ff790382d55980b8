/* Sign-ins that wait for a browser: whose they are, that each counts once, how many there may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/people.h"
#include "failure/failure.h"
#include "web/sign_ins.h"

#define USER "m.muster"

typedef struct Fixture {
	char *folder;
	Office *office;
	SignIns *sign_ins;
} Fixture;

static void set(Fixture *fixture, const char *user, SettingKey key, const char *value)
{
	SettingChange change = {.setting = settings_get_row(key), .value = value};

	assert_true(settings_apply(
		office_settings(fixture->office), user, &change, 1, 0, "test", NULL));
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autoptr(User) user = g_new0(User, 1);

	*state = fixture;
	fixture->folder = g_dir_make_tmp("amtspost-XXXXXX", NULL);
	fixture->office = office_open(fixture->folder, NULL, NULL);
	fixture->sign_ins = sign_ins_new();
	user->name = g_strdup(USER);
	if (!fixture->office || !people_add(fixture->office, user, NULL, "test", NULL))
		return 1;
	set(fixture, USER, SETTING_INTERFACE, "office365");
	set(fixture, USER, SETTING_ACCOUNT, "m.muster@amt.example");
	set(fixture, USER, SETTING_IMAP_HOST, "localhost");
	set(fixture, NULL, SETTING_OAUTH_CLIENT_ID, "client");
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->folder);

	sign_ins_free(fixture->sign_ins);
	office_close(fixture->office);
	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(fixture->folder);
	g_free(fixture);
	return 0;
}

/* A waiting one that goes on with NEXT. */
static SignIn *make(Fixture *fixture, const char *next)
{
	g_auto(LoginResult) result = {0};
	SignIn *made = g_new0(SignIn, 1);

	assert_true(login_flow_begin(
		fixture->office, USER, true, NULL, "test", NULL, &result, &made->flow, NULL));
	made->next = g_strdup(next);
	return made;
}

/* Session CSRF of the user ID; its parts are borrowed. */
#define SESSION(id_, csrf_) (&(Session){.user = &(User){.id = (id_)}, .csrf = (char *)(csrf_)})

static void assert_waits(Fixture *fixture, const Session *session, const char *next)
{
	g_autoptr(SignIn) found = sign_ins_take(fixture->sign_ins, session);

	assert_string_equal(found ? found->next : "none", next);
}

static void test_whose_it_is(void **state)
{
	Fixture *fixture = *state;
	g_auto(SignInLook) look = {0};

	sign_ins_put(fixture->sign_ins, SESSION(1, "a"), make(fixture, "/x"));
	assert_waits(fixture, SESSION(1, "b"), "none");
	assert_waits(fixture, SESSION(2, "a"), "none");
	assert_false(sign_ins_look(fixture->sign_ins, SESSION(2, "a"), &look));
	assert_true(sign_ins_look(fixture->sign_ins, SESSION(1, "a"), &look));
	assert_string_equal(look.account, "m.muster@amt.example");
	assert_waits(fixture, SESSION(1, "a"), "/x");
	assert_waits(fixture, SESSION(1, "a"), "none");
}

static void test_one_a_session(void **state)
{
	Fixture *fixture = *state;
	const Session *session = SESSION(1, "a");
	SignIn *taken;

	sign_ins_put(fixture->sign_ins, session, make(fixture, "/first"));
	sign_ins_put(fixture->sign_ins, session, make(fixture, "/second"));
	taken = sign_ins_take(fixture->sign_ins, session);
	assert_string_equal(taken->next, "/second");
	sign_ins_put(fixture->sign_ins, session, make(fixture, "/third"));
	sign_ins_put_back(fixture->sign_ins, session, taken);
	taken = sign_ins_take(fixture->sign_ins, session);
	assert_string_equal(taken->next, "/third");
	sign_ins_put_back(fixture->sign_ins, session, taken);
	assert_waits(fixture, session, "/third");
}

static void test_the_end_is_told_once(void **state)
{
	Fixture *fixture = *state;
	const Session *session = SESSION(1, "a");
	SignInEnd *end = g_new0(SignInEnd, 1);

	failure_set(&end->problem, FAILURE_OAUTH_DECLINED, "x", "declined");
	end->next = g_strdup("/weiter");
	sign_ins_put(fixture->sign_ins, session, make(fixture, "/x"));
	sign_ins_end(fixture->sign_ins, session, end);
	assert_waits(fixture, session, "none");
	sign_ins_sweep(fixture->sign_ins);
	assert_null(sign_ins_told(fixture->sign_ins, SESSION(1, "b")));
	end = sign_ins_told(fixture->sign_ins, session);
	assert_true(failure_is(end->problem, FAILURE_OAUTH_DECLINED));
	sign_in_end_free(end);
	assert_null(sign_ins_told(fixture->sign_ins, session));
}

static void test_only_so_many(void **state)
{
	Fixture *fixture = *state;
	int found = 0;

	for (int i = 0; i < SIGN_INS_LIMIT + 10; i++) {
		g_autofree char *csrf = g_strdup_printf("%d", i);

		sign_ins_put(fixture->sign_ins, SESSION(1, csrf), make(fixture, "/x"));
	}
	sign_ins_sweep(fixture->sign_ins);
	for (int i = 0; i < SIGN_INS_LIMIT + 10; i++) {
		g_autofree char *csrf = g_strdup_printf("%d", i);
		g_autoptr(SignIn) taken = sign_ins_take(fixture->sign_ins, SESSION(1, csrf));

		found += taken != NULL;
	}
	assert_int_equal(found, SIGN_INS_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whose_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_a_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_so_many, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
