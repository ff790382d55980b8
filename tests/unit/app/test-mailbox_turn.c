/* Whose turn it is to be tried by the main user's sign-in: how long a refusal holds, for whom, and
 * whom it holds back. The clock is moved by changing the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/mailbox_turn.h"
#include "user/user.h"

#define INFO "info@amt.example"
#define POST "post@amt.example"
#define BAU "bau@amt.example"
#define LIFE (60 * 60)
/* More than the test takes between two looks at the clock. */
#define MARGIN 60

typedef struct Fixture {
	char *folder;
	Office *office;
	Account maier;
	Account huber;
} Fixture;

static bool add_user(DbTransaction *transaction, Account *account, GError **error)
{
	g_autoptr(User) user = g_new0(User, 1);

	user->name = g_strdup(account->user_name);
	if (!user_add(transaction, user, NULL, "test", error))
		return false;
	account->user_id = user->id;
	return true;
}

static bool add_users_in(DbTransaction *transaction, void *data, GError **error)
{
	Fixture *fixture = data;

	return add_user(transaction, &fixture->maier, error) &&
	       add_user(transaction, &fixture->huber, error);
}

static Account make_account(const char *name)
{
	return (Account){
		.user_name = (char *)(uintptr_t)name,
		.imap = {.host = (char *)"imap.amt.example",
			.port = 993,
			.credential_generation = 5},
	};
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->folder = g_dir_make_tmp("amtspost-XXXXXX", NULL);
	fixture->office = office_open(fixture->folder, NULL, NULL);
	fixture->maier = make_account("maier");
	fixture->huber = make_account("huber");
	*state = fixture;
	return fixture->office && db_write(office_db(fixture->office), add_users_in, fixture, NULL)
		       ? 0
		       : 1;
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

/* ---- rows ---- */

static bool age_in(DbTransaction *transaction, void *data, GError **error)
{
	const int64_t *seconds = data;

	return db_run(transaction, error,
		"UPDATE mailbox_logins SET refused = refused - sign(refused) * $1",
		db_int(*seconds));
}

/* Lets SECONDS go by. */
static void pass(const Fixture *fixture, int64_t seconds)
{
	assert_true(db_write(office_db(fixture->office), age_in, &seconds, NULL));
}

static bool count_refusals_in(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT count(*) FROM audit WHERE action = 'sign-in.refused'");

	assert_true(rows && db_rows_next(rows, error));
	*(int64_t *)data = db_rows_int(rows, 0);
	return true;
}

/* How often a refusal was put on record. */
static int64_t count_refusals(const Fixture *fixture)
{
	int64_t count = -1;

	assert_true(db_read(office_db(fixture->office), count_refusals_in, &count, NULL));
	return count;
}

static MailboxTurn take(
	const Fixture *fixture, const Account *account, const char *address, bool again)
{
	MailboxTurn turn;

	assert_true(mailbox_turn_take(fixture->office, account, address, again, &turn, NULL));
	return turn;
}

#define assert_turn(fixture, account, address, expected)                                           \
	assert_int_equal(take(fixture, account, address, false).state, expected)
#define assert_again(fixture, account, address, expected)                                          \
	assert_int_equal(take(fixture, account, address, true).state, expected)

static bool is_refused(const Fixture *fixture, const Account *account, const char *address)
{
	return take(fixture, account, address, false).state == TURN_REFUSED;
}

static void note(const Fixture *fixture, const Account *account, bool refused)
{
	mailbox_turn_note(fixture->office, account, INFO, refused);
}

/* ---- one mailbox ---- */

static void test_a_refusal_holds_for_an_hour(void **state)
{
	const Fixture *fixture = *state;

	assert_false(is_refused(fixture, &fixture->maier, INFO));
	note(fixture, &fixture->maier, true);
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	assert_true(is_refused(fixture, &fixture->maier, "Info@AMT.example"));
	pass(fixture, LIFE - MARGIN);
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	pass(fixture, MARGIN);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	note(fixture, &fixture->maier, true);
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	assert_int_equal(count_refusals(fixture), 2);
}

/* A clock that was set back must not prolong it. */
static void test_a_refusal_from_tomorrow(void **state)
{
	const Fixture *fixture = *state;

	note(fixture, &fixture->maier, true);
	pass(fixture, -MARGIN);
	assert_turn(fixture, &fixture->maier, INFO, TURN_ASK);
}

static void test_a_refusal_is_of_one_server(void **state)
{
	const Fixture *fixture = *state;
	Account other = fixture->maier;

	note(fixture, &fixture->maier, true);
	other.imap.port = 143;
	assert_false(is_refused(fixture, &other, INFO));
	other.imap.port = 993;
	assert_true(is_refused(fixture, &other, INFO));
	other.imap.host = (char *)"imap2.amt.example";
	assert_false(is_refused(fixture, &other, INFO));
	note(fixture, &other, true);
	assert_true(is_refused(fixture, &other, INFO));
	assert_false(is_refused(fixture, &fixture->maier, INFO));
}

static void test_a_refusal_is_of_the_credentials(void **state)
{
	const Fixture *fixture = *state;
	Account other = fixture->maier;

	note(fixture, &fixture->maier, true);
	other.imap.credential_generation++;
	assert_false(is_refused(fixture, &other, INFO));
	note(fixture, &other, true);
	assert_true(is_refused(fixture, &other, INFO));
}

static void test_a_refusal_is_of_one_mailbox_and_user(void **state)
{
	const Fixture *fixture = *state;

	note(fixture, &fixture->maier, true);
	assert_turn(fixture, &fixture->maier, POST, TURN_WAIT);
	assert_false(is_refused(fixture, &fixture->huber, INFO));
}

static void test_only_changes_are_noted(void **state)
{
	const Fixture *fixture = *state;

	note(fixture, &fixture->maier, false);
	note(fixture, &fixture->maier, true);
	pass(fixture, LIFE - MARGIN);
	note(fixture, &fixture->maier, true);
	assert_int_equal(count_refusals(fixture), 1);
	pass(fixture, MARGIN); /* what a person asked for again counts anew */
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	pass(fixture, LIFE);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	note(fixture, &fixture->maier, true);
	note(fixture, &fixture->maier, false);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	assert_int_equal(count_refusals(fixture), 2);
}

/* ---- several ---- */

static void test_one_refusal_holds_back_the_others(void **state)
{
	const Fixture *fixture = *state;

	note(fixture, &fixture->maier, true);
	assert_turn(fixture, &fixture->maier, POST, TURN_WAIT);
	assert_turn(fixture, &fixture->huber, POST, TURN_ASK);
	pass(fixture, LIFE);
	/* those first that waited; others may not be wanted any more */
	assert_turn(fixture, &fixture->maier, INFO, TURN_WAIT);
	assert_turn(fixture, &fixture->maier, POST, TURN_ASK);
	pass(fixture, 24 * LIFE);
	assert_turn(fixture, &fixture->maier, INFO, TURN_ASK);
}

static void test_a_person_lifts_it_for_one(void **state)
{
	const Fixture *fixture = *state;

	note(fixture, &fixture->maier, true);
	assert_again(fixture, &fixture->maier, INFO, TURN_ASK);
	assert_again(fixture, &fixture->maier, POST, TURN_ASK);
	assert_turn(fixture, &fixture->maier, POST, TURN_WAIT);
	/* from now on it is the other's turn */
	assert_again(fixture, &fixture->maier, INFO, TURN_WAIT);
	assert_turn(fixture, &fixture->maier, INFO, TURN_REFUSED);
	assert_again(fixture, &fixture->maier, POST, TURN_ASK);
	pass(fixture, 1);
	mailbox_turn_note(fixture->office, &fixture->maier, POST, true);
	assert_again(fixture, &fixture->maier, POST, TURN_WAIT);
	assert_again(fixture, &fixture->maier, INFO, TURN_ASK);
}

static void test_what_opened_is_asked_for(void **state)
{
	const Fixture *fixture = *state;
	Account changed = fixture->maier;

	mailbox_turn_note(fixture->office, &fixture->maier, POST, false);
	note(fixture, &fixture->maier, true);
	assert_turn(fixture, &fixture->maier, POST, TURN_ASK);
	changed.mailboxes_generation = 9; /* the list is another, the password is not */
	note(fixture, &changed, true);
	assert_turn(fixture, &changed, POST, TURN_ASK);
	changed.imap.credential_generation = 9;
	assert_turn(fixture, &changed, POST, TURN_WAIT);
}

static void test_a_right_that_is_gone_for_all(void **state)
{
	const Fixture *fixture = *state;
	static const char *const names[] = {INFO, POST, BAU, "amt@amt.example"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		mailbox_turn_note(fixture->office, &fixture->maier, names[i], false);
	for (size_t i = 0; i < 3; i++) {
		assert_turn(fixture, &fixture->maier, names[3], TURN_ASK);
		mailbox_turn_note(fixture->office, &fixture->maier, names[i], true);
	}
	assert_turn(fixture, &fixture->maier, names[3], TURN_WAIT);
}

/* A late answer to former credentials. */
static void test_late_refusal(void **state)
{
	const Fixture *fixture = *state;
	Account changed = fixture->maier;

	changed.imap.credential_generation++;
	mailbox_turn_note(fixture->office, &changed, INFO, false);
	note(fixture, &fixture->maier, true);
	assert_turn(fixture, &changed, INFO, TURN_ASK);
	assert_turn(fixture, &changed, POST, TURN_ASK);
	assert_int_equal(count_refusals(fixture), 0);
}

static void test_the_pair_of_all_is_one_account(void **state)
{
	const Fixture *fixture = *state;
	Account maier = fixture->maier, huber = fixture->huber;

	note(fixture, &fixture->maier, true);
	huber.imap.credentials_are_global = maier.imap.credentials_are_global = true;
	assert_turn(fixture, &huber, POST, TURN_WAIT);
	huber.imap.credential_generation++;
	assert_turn(fixture, &huber, BAU, TURN_ASK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_refusal_holds_for_an_hour),
		TEST(test_a_refusal_from_tomorrow),
		TEST(test_a_refusal_is_of_one_server),
		TEST(test_a_refusal_is_of_the_credentials),
		TEST(test_a_refusal_is_of_one_mailbox_and_user),
		TEST(test_only_changes_are_noted),
		TEST(test_one_refusal_holds_back_the_others),
		TEST(test_a_person_lifts_it_for_one),
		TEST(test_what_opened_is_asked_for),
		TEST(test_a_right_that_is_gone_for_all),
		TEST(test_late_refusal),
		TEST(test_the_pair_of_all_is_one_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
