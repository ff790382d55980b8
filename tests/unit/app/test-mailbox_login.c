/* Credentials of further mailboxes' own: kept, refused, forgotten. The clock is moved by changing
 * the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/mailbox_login.h"
#include "app/mailbox_turn.h"
#include "failure/failure.h"
#include "user/user.h"

#define INFO "info@amt.example"
#define POST "post@amt.example"
#define LIFE (60 * 60)

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

	return db_run(transaction, error, "UPDATE mailbox_logins SET refused = refused - $1",
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

static bool move_password_in(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "UPDATE mailbox_logins SET mailbox = $1", db_text(POST));
}

static bool is_refused(const Fixture *fixture, const Account *account, const char *address)
{
	g_auto(MailboxLogin) login = {0};
	g_autoptr(GError) error = NULL;

	assert_true(mailbox_login_load(fixture->office, account, address, &login, &error));
	return login.refused;
}

static void note(const Fixture *fixture, const Account *account, bool refused)
{
	g_auto(MailboxLogin) login = {0};

	assert_true(mailbox_login_load(fixture->office, account, INFO, &login, NULL));
	mailbox_login_note(fixture->office, account, INFO, &login, refused);
}

static void store(const Fixture *fixture, const char *address, const char *password)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));

	assert_true(mailbox_login_store(
		fixture->office, &fixture->maier, address, "info", secret, "test", NULL));
}

/* The password of ADDRESS is EXPECTED (NULL: it has none of its own). */
static void assert_password(const Fixture *fixture, const char *address, const char *expected)
{
	g_auto(MailboxLogin) login = {0};

	assert_true(mailbox_login_load(fixture->office, &fixture->maier, address, &login, NULL));
	if (!expected) {
		assert_null(login.password);
		assert_null(login.username);
		return;
	}
	assert_string_equal(login.username, "info");
	assert_string_equal(secret_text(login.password), expected);
}

/* ---- credentials of its own ---- */

static void test_refused_credentials_stay_refused(void **state)
{
	const Fixture *fixture = *state;
	Account other = fixture->maier;

	store(fixture, INFO, "geheim");
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	note(fixture, &fixture->maier, true);
	pass(fixture, (int64_t)100 * LIFE);
	other.imap.credential_generation++;
	assert_true(is_refused(fixture, &other, INFO));
	other.imap.host = (char *)"imap2.amt.example";
	assert_false(is_refused(fixture, &other, INFO));
	store(fixture, INFO, "neu");
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	assert_password(fixture, INFO, "neu");
}

static void test_only_changes_are_noted(void **state)
{
	const Fixture *fixture = *state;

	store(fixture, INFO, "geheim");
	note(fixture, &fixture->maier, false);
	note(fixture, &fixture->maier, true);
	note(fixture, &fixture->maier, true);
	assert_int_equal(count_refusals(fixture), 1);
	note(fixture, &fixture->maier, false);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	note(fixture, &fixture->maier, true);
	assert_int_equal(count_refusals(fixture), 2);
}

/* An answer to the former ones says nothing of those stored meanwhile. */
static void test_late_answers(void **state)
{
	const Fixture *fixture = *state;
	g_auto(MailboxLogin) former = {0};

	store(fixture, INFO, "geheim");
	assert_true(mailbox_login_load(fixture->office, &fixture->maier, INFO, &former, NULL));
	store(fixture, INFO, "neu");
	mailbox_login_note(fixture->office, &fixture->maier, INFO, &former, true);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	assert_int_equal(count_refusals(fixture), 0);
	note(fixture, &fixture->maier, true);
	mailbox_login_note(fixture->office, &fixture->maier, INFO, &former, false);
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	mailbox_turn_note(fixture->office, &fixture->maier, INFO, false);
	assert_true(is_refused(fixture, &fixture->maier, INFO));
	store(fixture, INFO, "noch neuer");
	mailbox_turn_note(fixture->office, &fixture->maier, INFO, true);
	assert_false(is_refused(fixture, &fixture->maier, INFO));
	assert_password(fixture, INFO, "noch neuer");
}

static void test_credentials_are_of_one_mailbox(void **state)
{
	const Fixture *fixture = *state;
	g_auto(MailboxLogin) login = {0};
	g_autoptr(GError) error = NULL;

	store(fixture, INFO, "geheim");
	assert_password(fixture, "INFO@amt.example", "geheim");
	assert_password(fixture, POST, NULL);
	/* A row that somebody moves is of no use to them. */
	assert_true(db_write(office_db(fixture->office), move_password_in, NULL, NULL));
	assert_password(fixture, INFO, NULL);
	assert_false(mailbox_login_load(fixture->office, &fixture->maier, POST, &login, &error));
	assert_null(login.password);
	assert_non_null(error);
}

static void test_removing(void **state)
{
	const Fixture *fixture = *state;
	MailboxTurn turn;
	bool removed;

	store(fixture, INFO, "geheim");
	store(fixture, POST, "auch");
	assert_true(mailbox_login_remove(
		fixture->office, &fixture->huber, NULL, "test", &removed, NULL));
	assert_false(removed);
	assert_true(mailbox_login_remove(
		fixture->office, &fixture->maier, INFO, "test", &removed, NULL));
	assert_true(removed);
	assert_password(fixture, INFO, NULL);
	assert_password(fixture, POST, "auch");
	mailbox_turn_note(fixture->office, &fixture->maier, INFO, true);
	assert_true(mailbox_login_remove(
		fixture->office, &fixture->maier, NULL, "test", &removed, NULL));
	assert_true(removed);
	assert_password(fixture, POST, NULL);
	/* What the server said of the user's own sign-in holds. */
	assert_true(mailbox_turn_take(fixture->office, &fixture->maier, INFO, false, &turn, NULL));
	assert_int_equal(turn.state, TURN_REFUSED);
	assert_true(mailbox_login_remove(
		fixture->office, &fixture->maier, INFO, "test", &removed, NULL));
	assert_false(removed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused_credentials_stay_refused),
		TEST(test_only_changes_are_noted),
		TEST(test_late_answers),
		TEST(test_credentials_are_of_one_mailbox),
		TEST(test_removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
