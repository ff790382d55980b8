/* Invitations: good once, until the next one, for seven days; and what they end. */
#include "people.h"

#include <pthread.h>
#include "base/clock.h"

static char *make(Db *db, const char *name)
{
	GError *error = NULL;
	char *token = NULL;

	assert_true(invitation_make(db, name, "admin", &token, &error));
	assert_no_failure(error);
	assert_int_equal(strlen(token), 43);
	return token;
}

/* Yours: whose TOKEN is, NULL: nobody's. */
static char *find(Db *db, const char *token)
{
	GError *error = NULL;
	g_autoptr(User) user = invitation_find(db, token, &error);

	assert_no_failure(error);
	return user ? g_strdup(user->name) : NULL;
}

static bool use(Db *db, const char *token, const char *password, GError **error)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));

	return invitation_use(db, token, secret, error);
}

static void assert_over(Db *db, const char *token)
{
	GError *error = NULL;

	assert_null(find(db, token));
	assert_false(use(db, token, PASSWORD, &error));
	assert_failure(error, FAILURE_INVITATION_OVER);
}

static SessionTry try_password(Db *db, const char *name, const char *password)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));
	g_auto(PasswordProof) proof = {0};
	SessionTry outcome = SESSION_TRY_WRONG;
	GError *error = NULL;
	int64_t wait;

	assert_true(session_try(db, name, secret, "192.0.2.1", &outcome, &proof, &wait, &error));
	return outcome;
}

static void test_sets_the_password_once(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *session = NULL;
	g_autofree char *name = NULL;
	g_autofree char *audit = NULL;
	GError *error = NULL;

	people_add(db, "Eva", NULL);
	token = make(db, "EVA");
	assert_true(people_start(db, "eva", &session, &error));
	name = find(db, token);
	assert_string_equal(name, "Eva");
	assert_true(use(db, token, PASSWORD, &error));
	assert_int_equal(try_password(db, "eva", PASSWORD), SESSION_TRY_OK);
	assert_over(db, token);
	assert_null(session_find(db, session, &error));
	audit = people_audit(db);
	assert_string_equal(audit,
		"Eva user.passwd Eva (-);Eva session.start Eva (address: 192.0.2.1);"
		"admin user.invite Eva (-);");
}

typedef struct Guest {
	Db *db;
	const char *token;
	bool done;
	GError *error;
	pthread_t thread;
} Guest;

static void *use_at_once(void *data)
{
	Guest *guest = data;

	guest->done = use(guest->db, guest->token, PASSWORD, &guest->error);
	return NULL;
}

static void test_is_good_for_one_of_many_at_once(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	Guest guests[4];
	int done = 0;

	people_add(db, "eva", NULL);
	token = make(db, "eva");
	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
		guests[i] = (Guest){.db = db, .token = token};
		pthread_create(&guests[i].thread, NULL, use_at_once, &guests[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
		pthread_join(guests[i].thread, NULL);
		done += guests[i].done;
		if (!guests[i].done)
			assert_failure(guests[i].error, FAILURE_INVITATION_OVER);
	}
	assert_int_equal(done, 1);
}

static void test_lasts_past_a_bad_password(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	GError *error = NULL;

	people_add(db, "eva", NULL);
	token = make(db, "eva");
	assert_false(use(db, token, "kurz", &error));
	assert_failure(error, FAILURE_PASSWORD_INVALID);
	assert_true(use(db, token, PASSWORD, &error));
}

static void test_replaces_the_earlier_one(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *earlier = NULL;
	g_autofree char *later = NULL;
	g_autofree char *others = NULL;
	g_autofree char *name = NULL;
	g_autofree char *other = NULL;

	people_add(db, "eva", NULL);
	people_add(db, "adam", NULL);
	others = make(db, "adam");
	earlier = make(db, "eva");
	later = make(db, "eva");
	assert_over(db, earlier);
	name = find(db, later);
	other = find(db, others);
	assert_string_equal(name, "eva");
	assert_string_equal(other, "adam");
}

static bool set_expiry_in(DbTransaction *transaction, void *data, GError **error)
{
	const int64_t *seconds = data;

	return db_run(transaction, error, "UPDATE invitations SET expires = $1",
		db_int(clock_now() + *seconds));
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM invitations");
}

static bool get_expiry_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT expires FROM invitations");
}

static void test_ends_after_seven_days(void **state)
{
	Db *db = fixture_open(*state);
	int64_t soon = 30, now = 0, number;
	g_autofree char *token = NULL;
	g_autofree char *name = NULL;
	g_autofree char *others = NULL;

	people_add(db, "eva", NULL);
	people_add(db, "adam", NULL);
	token = make(db, "eva");
	fixture_read(db, get_expiry_in, &number);
	assert_in_range(number, clock_now() + 7 * 24 * 60 * 60 - 5, clock_now() + 7 * 24 * 60 * 60);
	fixture_write(db, set_expiry_in, &soon);
	name = find(db, token);
	assert_non_null(name);
	fixture_write(db, set_expiry_in, &now);
	assert_over(db, token);
	others = make(db, "adam");
	fixture_read(db, count_in, &number);
	assert_int_equal(number, 1); /* the old row is gone */
}

static void test_ends_with_another_password(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;

	people_add(db, "eva", NULL);
	token = make(db, "eva");
	fixture_write(db, people_change_in, (void *)"eva");
	assert_over(db, token);
}

static void test_is_for_nobody_locked_or_unknown(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *name = NULL;
	char *none = NULL;
	GError *error = NULL;

	people_add(db, "eva", NULL);
	token = make(db, "eva");
	fixture_write(db, people_lock_in, (void *)"eva");
	assert_over(db, token);
	assert_false(invitation_make(db, "eva", "admin", &none, &error));
	assert_failure(error, FAILURE_USER_LOCKED);
	fixture_write(db, people_unlock_in, (void *)"eva");
	assert_over(db, token); /* it does not come back */
	g_free(token);
	token = make(db, "eva");
	name = find(db, token);
	assert_non_null(name);
	fixture_write(db, people_remove_in, (void *)"eva");
	assert_over(db, token);
	assert_over(db, "");
	assert_false(invitation_make(db, "eva", "admin", &none, &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	assert_null(none);
}

static void test_is_not_stored(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);
	g_autofree char *token = NULL;
	GError *error = NULL;

	people_add(db, "eva", NULL);
	token = make(db, "eva");
	people_assert_not_stored(fixture, token);
	assert_true(use(db, token, PASSWORD, &error));
	people_assert_not_stored(fixture, token);
	people_assert_not_stored(fixture, PASSWORD);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(test_sets_the_password_once),
		WITH_DATABASE(test_is_good_for_one_of_many_at_once),
		WITH_DATABASE(test_lasts_past_a_bad_password),
		WITH_DATABASE(test_replaces_the_earlier_one),
		WITH_DATABASE(test_ends_after_seven_days),
		WITH_DATABASE(test_ends_with_another_password),
		WITH_DATABASE(test_is_for_nobody_locked_or_unknown),
		WITH_DATABASE(test_is_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
