/* The halves of a sign-in on a page, as far as no server is asked: what is for a flow and what is
 * not, what may change between the halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/login_flow.h"
#include "app/people.h"
#include "failure/failure.h"

#define USER "m.muster"
#define ACCOUNT "m.muster@amt.example"
#define REDIRECT "http://localhost:8025/oauth/callback"

typedef struct Fixture {
	char *folder;
	Office *office;
	LoginFlow *flow;
	LoginResult result;
	GError *error;
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
	user->name = g_strdup(USER);
	if (!fixture->office || !people_add(fixture->office, user, NULL, "test", NULL))
		return 1;
	set(fixture, USER, SETTING_INTERFACE, "office365");
	set(fixture, USER, SETTING_ACCOUNT, ACCOUNT);
	set(fixture, USER, SETTING_IMAP_HOST, "localhost");
	set(fixture, NULL, SETTING_OAUTH_AUTHORITY, "http://localhost:1");
	set(fixture, NULL, SETTING_OAUTH_CLIENT_ID, "client");
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->folder);

	login_flow_free(fixture->flow);
	login_result_clear(&fixture->result);
	g_clear_error(&fixture->error);
	office_close(fixture->office);
	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(fixture->folder);
	g_free(fixture);
	return 0;
}

static bool begin(Fixture *fixture, const char *redirect_uri)
{
	g_clear_pointer(&fixture->flow, login_flow_free);
	login_result_clear(&fixture->result);
	return login_flow_begin(fixture->office, USER, true, redirect_uri, "test", NULL,
		&fixture->result, &fixture->flow, &fixture->error);
}

static char *state_of(const Fixture *fixture)
{
	const char *state = strstr(login_flow_url(fixture->flow), "&state=") + strlen("&state=");

	return g_strndup(state, strcspn(state, "&"));
}

/* Finishing with the flow's state between BEFORE and AFTER fails as EXPECTED. */
static void assert_finish(Fixture *fixture, const char *before, const char *after, Failure expected)
{
	g_autofree char *state = state_of(fixture);
	g_autofree char *query = g_strconcat(before, state, after, NULL);
	bool ask = true;

	g_clear_error(&fixture->error);
	login_result_clear(&fixture->result);
	assert_false(login_flow_finish(fixture->office, fixture->flow, query, "test", NULL,
		&fixture->result, &ask, &fixture->error));
	assert_false(ask);
	if (!failure_is(fixture->error, expected))
		fail_msg("%s: %s", query, fixture->error->message);
}

static void test_the_address(void **state)
{
	Fixture *fixture = *state;

	assert_true(begin(fixture, REDIRECT));
	assert_non_null(strstr(login_flow_url(fixture->flow),
		"redirect_uri=http%3A%2F%2Flocalhost%3A8025%2Foauth%2Fcallback"));
	assert_string_equal(login_flow_account(fixture->flow), ACCOUNT);
	assert_null(login_flow_identity(fixture->flow));
	assert_false(login_flow_asks(fixture->flow));
	assert_false(login_flow_is_over(fixture->flow));
	assert_true(begin(fixture, NULL));
	assert_non_null(strstr(login_flow_url(fixture->flow),
		"redirect_uri=http%3A%2F%2Flocalhost%2Foauth%2Fcallback"));
}

static void test_what_is_not_for_it_leaves_it_waiting(void **state)
{
	Fixture *fixture = *state;

	assert_true(begin(fixture, REDIRECT));
	assert_finish(fixture, "code=x&state=", "x", FAILURE_OAUTH_STATE);
	assert_finish(fixture, "code=x&state=a&status=", "", FAILURE_OAUTH_STATE);
	assert_finish(fixture, "code=x&code=y&state=", "", FAILURE_OAUTH_STATE);
	assert_finish(fixture, "error=access_denied&state=x", "", FAILURE_OAUTH_STATE);
	assert_finish(fixture, "state=", "", FAILURE_OAUTH_NO_REDIRECT);
	assert_false(login_flow_is_over(fixture->flow));
}

static void test_the_answer_counts_once(void **state)
{
	Fixture *fixture = *state;

	assert_true(begin(fixture, REDIRECT));
	assert_finish(fixture, REDIRECT "?error=access_denied&state=", "", FAILURE_OAUTH_DECLINED);
	assert_true(login_flow_is_over(fixture->flow));
	assert_finish(fixture, "error=access_denied&state=", "", FAILURE_OAUTH_STATE);
}

static void test_what_changed_meanwhile(void **state)
{
	Fixture *fixture = *state;

	assert_true(begin(fixture, REDIRECT));
	set(fixture, USER, SETTING_ACCOUNT, "anders@amt.example");
	assert_finish(fixture, "code=x&state=", "", FAILURE_SETTINGS_CHANGED);
	set(fixture, USER, SETTING_ACCOUNT, ACCOUNT);
	assert_true(begin(fixture, REDIRECT));
	set(fixture, NULL, SETTING_OAUTH_TENANT, "amt.example");
	assert_finish(fixture, "code=x&state=", "", FAILURE_SETTINGS_CHANGED);
	assert_true(begin(fixture, REDIRECT));
	set(fixture, USER, SETTING_INTERFACE, "disabled");
	assert_finish(fixture, "code=x&state=", "", FAILURE_INTERFACE_DISABLED);
	assert_true(login_flow_is_over(fixture->flow));
}

static void test_an_authority_out_of_reach(void **state)
{
	Fixture *fixture = *state;

	assert_true(begin(fixture, REDIRECT));
	assert_finish(fixture, "code=x&state=", "", FAILURE_OAUTH_NOT_COMPLETED);
	assert_true(login_flow_is_over(fixture->flow));
}

static void test_what_is_missing(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *redirect_uri = NULL;

	assert_true(login_flow_redirect(fixture->office, &redirect_uri, NULL));
	assert_null(redirect_uri);
	set(fixture, NULL, SETTING_OAUTH_CLIENT_ID, NULL);
	assert_false(begin(fixture, REDIRECT));
	assert_null(fixture->flow);
	assert_int_equal(failure_code(fixture->error), FAILURE_CODE_SETUP);
	assert_false(login_flow_redirect(fixture->office, &redirect_uri, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_not_for_it_leaves_it_waiting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_answer_counts_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_changed_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_authority_out_of_reach, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_missing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
