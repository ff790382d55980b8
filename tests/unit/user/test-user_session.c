/* Sessions: found while they live, ended by time, people and passwords; what the database holds. */
#include "people.h"

#include <pthread.h>
#include "base/clock.h"

static char *start(Db *db, const char *name)
{
	GError *error = NULL;
	char *token = NULL;

	assert_true(people_start(db, name, &token, &error));
	assert_no_failure(error);
	assert_int_equal(strlen(token), 43);
	return token;
}

static bool lives(Db *db, const char *token)
{
	GError *error = NULL;
	g_autoptr(Session) session = session_find(db, token, &error);

	assert_no_failure(error);
	return session != NULL;
}

static void test_finds_whose_session_it_is(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autoptr(Session) session = NULL;
	g_autofree char *audit = NULL;
	GError *error = NULL;

	people_add(db, "Eva", NULL);
	token = start(db, "EVA");
	session = session_find(db, token, &error);
	assert_no_failure(error);
	assert_string_equal(session->user->name, "Eva");
	assert_true(session->user->admin);
	assert_in_range(session->started, clock_now() - 5, clock_now());
	assert_false(lives(db, NULL));
	assert_false(lives(db, ""));
	assert_false(lives(db, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	audit = people_audit(db);
	assert_string_equal(audit, "Eva session.start Eva (address: 192.0.2.1);");
}

static void test_starts_none_for_strangers(void **state)
{
	Db *db = fixture_open(*state);
	GError *error = NULL;
	char *token = NULL;

	assert_false(people_start(db, "eva", &token, &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	people_add(db, "eva", NULL);
	fixture_write(db, people_lock_in, (void *)"eva");
	assert_false(people_start(db, "eva", &token, &error));
	assert_failure(error, FAILURE_USER_LOCKED);
	assert_null(token);
}

/* What session_try hands out for PASSWORD; yours to clear. */
static PasswordProof prove(Db *db, const char *name, const char *password)
{
	g_autoptr(Secret) secret = secret_new(password, strlen(password));
	PasswordProof proof = {0};
	SessionTry outcome = SESSION_TRY_WRONG;
	GError *error = NULL;
	int64_t wait;

	assert_true(session_try(db, name, secret, "192.0.2.1", &outcome, &proof, &wait, &error));
	assert_no_failure(error);
	assert_int_equal(outcome, SESSION_TRY_OK);
	return proof;
}

/* Between trying and starting. */
static void test_starts_none_for_a_password_that_has_changed(void **state)
{
	Db *db = fixture_open(*state);
	g_auto(PasswordProof) proof = {0};
	g_autoptr(Secret) chosen = secret_new("ein neues", strlen("ein neues"));
	g_autofree char *good = NULL;
	g_autofree char *audit = NULL;
	GError *error = NULL;
	char *token = NULL;

	people_add(db, "Eva", PASSWORD);
	proof = prove(db, "eva", PASSWORD);
	assert_true(session_start(db, &proof, "192.0.2.1", &good, &error));
	fixture_write(db, people_change_in, (void *)"eva");
	assert_false(session_start(db, &proof, "192.0.2.1", &token, &error));
	assert_failure(error, FAILURE_PAGE_PASSWORD);
	assert_false(
		session_change_password(db, &proof, chosen, "Eva", "192.0.2.1", &token, &error));
	assert_failure(error, FAILURE_PAGE_FORMER_PASSWORD);
	assert_null(token);
	audit = people_audit(db);
	assert_string_equal(
		audit, "admin user.passwd Eva (-);Eva session.start Eva (address: 192.0.2.1);");
}

static void test_changes_the_password_and_goes_on(void **state)
{
	Db *db = fixture_open(*state);
	g_auto(PasswordProof) proof = {0};
	g_auto(PasswordProof) after = {0};
	g_autoptr(Secret) chosen = secret_new("ein neues", strlen("ein neues"));
	g_autoptr(Secret) bad = secret_new("kurz", strlen("kurz"));
	g_autofree char *other = NULL;
	g_autofree char *token = NULL;
	GError *error = NULL;

	people_add(db, "Eva", PASSWORD);
	other = start(db, "eva");
	proof = prove(db, "eva", PASSWORD);
	assert_false(session_change_password(db, &proof, bad, "Eva", "192.0.2.1", &token, &error));
	assert_failure(error, FAILURE_PASSWORD_INVALID);
	assert_true(lives(db, other));
	assert_true(
		session_change_password(db, &proof, chosen, "Eva", "192.0.2.1", &token, &error));
	assert_true(lives(db, token));
	assert_false(lives(db, other));
	after = prove(db, "eva", "ein neues");
	assert_string_equal(after.name, "Eva");
	assert_memory_not_equal(after.digest, proof.digest, sizeof proof.digest);
}

static void test_gives_a_new_token_each_time(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	GError *error = NULL;

	people_add(db, "eva", NULL);
	first = start(db, "eva");
	second = start(db, "eva");
	assert_string_not_equal(first, second);
	assert_true(lives(db, first) && lives(db, second));
	assert_true(session_end(db, first, &error));
	assert_true(session_end(db, first, &error));
	assert_false(lives(db, first));
	assert_true(lives(db, second));
}

static void test_checks_the_token_of_forms(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	g_autoptr(Session) one = NULL;
	g_autoptr(Session) again = NULL;
	g_autoptr(Session) other = NULL;
	g_autofree char *longer = NULL;

	people_add(db, "eva", NULL);
	first = start(db, "eva");
	second = start(db, "eva");
	one = session_find(db, first, NULL);
	again = session_find(db, first, NULL);
	other = session_find(db, second, NULL);
	longer = g_strconcat(one->csrf, "A", NULL);
	assert_true(session_check_csrf(one, again->csrf));
	assert_false(session_check_csrf(one, other->csrf));
	assert_false(session_check_csrf(one, first));
	assert_false(session_check_csrf(one, longer));
	assert_false(session_check_csrf(one, ""));
	assert_false(session_check_csrf(one, NULL));
	people_assert_not_stored(fixture, first);
	people_assert_not_stored(fixture, one->csrf);
}

typedef struct Times {
	int64_t started; /* so long ago */
	int64_t used;
} Times;

static bool set_times_in(DbTransaction *transaction, void *data, GError **error)
{
	const Times *times = data;
	int64_t now = clock_now();

	return db_run(transaction, error, "UPDATE sessions SET started = $1, used = $2",
		db_int(now - times->started), db_int(now - times->used));
}

static void set_times(Db *db, int64_t started, int64_t used)
{
	Times times = {.started = started, .used = used};

	fixture_write(db, set_times_in, &times);
}

static bool get_used_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT max(used) FROM sessions");
}

/* How many seconds ago the last use was noted. */
static int64_t noted_ago(Db *db)
{
	int64_t used;

	fixture_read(db, get_used_in, &used);
	return clock_now() - used;
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT count(*) FROM sessions");
}

static int64_t count(Db *db)
{
	int64_t sessions;

	fixture_read(db, count_in, &sessions);
	return sessions;
}

static void test_ends_without_requests(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *next = NULL;

	people_add(db, "eva", NULL);
	token = start(db, "eva");
	set_times(db, 3 * 60 * 60, SESSION_IDLE_SECONDS - 30);
	assert_true(lives(db, token)); /* and is in use again */
	assert_in_range(noted_ago(db), 0, 5);
	set_times(db, 3 * 60 * 60, SESSION_IDLE_SECONDS);
	assert_false(lives(db, token));
	assert_in_range(noted_ago(db), SESSION_IDLE_SECONDS, SESSION_IDLE_SECONDS + 5);
	next = start(db, "eva");
	assert_int_equal(count(db), 1); /* the old row is gone */
}

static void test_ends_after_a_day_at_work(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *next = NULL;

	people_add(db, "eva", NULL);
	token = start(db, "eva");
	set_times(db, SESSION_SECONDS - 30, 0);
	assert_true(lives(db, token));
	set_times(db, SESSION_SECONDS, 0);
	assert_false(lives(db, token));
	next = start(db, "eva");
	assert_int_equal(count(db), 1);
}

static void test_notes_its_use_once_a_minute(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;

	people_add(db, "eva", NULL);
	token = start(db, "eva");
	set_times(db, 100, 50);
	assert_true(lives(db, token));
	assert_in_range(noted_ago(db), 50, 55);
	set_times(db, 100, 60);
	assert_true(lives(db, token));
	assert_in_range(noted_ago(db), 0, 5);
}

typedef struct Visit {
	Db *db;
	const char *token;
	bool found;
	int64_t milliseconds;
} Visit;

static void *visit(void *data)
{
	Visit *visit = data;
	int64_t begin = clock_monotonic();

	visit->found = lives(visit->db, visit->token);
	visit->milliseconds = clock_monotonic() - begin;
	return NULL;
}

/* A request comes while this writes. */
static bool visit_while_writing(DbTransaction *transaction, void *data, GError **error)
{
	pthread_t thread;

	pthread_create(&thread, NULL, visit, data);
	pthread_join(thread, NULL);
	return db_run(transaction, error, "UPDATE users SET archive = 1");
}

static void test_waits_for_no_writer(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);
	g_autoptr(Db) second = db_open_main(fixture->url, NULL);
	g_autofree char *token = NULL;
	Visit visits[2];

	people_add(db, "eva", NULL);
	token = start(db, "eva");
	set_times(db, 100, 100);
	visits[0] = (Visit){.db = db, .token = token};
	visits[1] = (Visit){.db = second, .token = token}; /* as another process */
	for (size_t i = 0; i < G_N_ELEMENTS(visits); i++) {
		fixture_write(db, visit_while_writing, &visits[i]);
		assert_true(visits[i].found);
		assert_in_range(visits[i].milliseconds, 0, 1000);
		assert_in_range(noted_ago(db), 100, 110);
	}
	assert_true(lives(db, token));
	assert_in_range(noted_ago(db), 0, 5);
}

static bool make_older_in(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "UPDATE sessions SET started = started - 1");
}

static void test_keeps_twenty_of_a_user(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *others = NULL;

	people_add(db, "eva", NULL);
	people_add(db, "adam", NULL);
	others = start(db, "adam");
	for (int i = 0; i < 22; i++) {
		fixture_write(db, make_older_in, NULL);
		g_ptr_array_add(tokens, start(db, "eva"));
	}
	for (guint i = 0; i < tokens->len; i++)
		assert_int_equal(lives(db, g_ptr_array_index(tokens, i)), i >= 2);
	assert_true(lives(db, others));
}

static void test_ends_with_its_user(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *again = NULL;
	g_autofree char *others = NULL;

	people_add(db, "eva", NULL);
	people_add(db, "adam", NULL);
	others = start(db, "adam");
	token = start(db, "eva");
	fixture_write(db, people_lock_in, (void *)"EVA");
	assert_false(lives(db, token));
	fixture_write(db, people_unlock_in, (void *)"eva");
	assert_false(lives(db, token)); /* it does not come back */
	again = start(db, "eva");
	fixture_write(db, people_remove_in, (void *)"eva");
	assert_false(lives(db, again));
	assert_int_equal(count(db), 1);
	assert_true(lives(db, others));
}

static bool mark_locked_in(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "UPDATE users SET locked = 1");
}

static void test_finds_none_of_locked_users(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;

	people_add(db, "eva", NULL);
	token = start(db, "eva");
	fixture_write(db, mark_locked_in, NULL);
	assert_int_equal(count(db), 1);
	assert_false(lives(db, token));
}

static void test_ends_with_its_password(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *token = NULL;
	g_autofree char *others = NULL;

	people_add(db, "eva", NULL);
	people_add(db, "adam", NULL);
	others = start(db, "adam");
	token = start(db, "eva");
	fixture_write(db, people_change_in, (void *)"Eva");
	assert_false(lives(db, token));
	assert_true(lives(db, others));
}

static bool end_others_in(DbTransaction *transaction, void *data, GError **error)
{
	return session_end_all(transaction, 1, data, error);
}

static void test_ends_all_but_one(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *kept = NULL;
	g_autofree char *ended = NULL;

	people_add(db, "eva", NULL);
	kept = start(db, "eva");
	ended = start(db, "eva");
	fixture_write(db, end_others_in, kept);
	assert_true(lives(db, kept));
	assert_false(lives(db, ended));
	fixture_write(db, end_others_in, NULL);
	assert_int_equal(count(db), 0);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(test_finds_whose_session_it_is),
		WITH_DATABASE(test_starts_none_for_strangers),
		WITH_DATABASE(test_starts_none_for_a_password_that_has_changed),
		WITH_DATABASE(test_changes_the_password_and_goes_on),
		WITH_DATABASE(test_gives_a_new_token_each_time),
		WITH_DATABASE(test_checks_the_token_of_forms),
		WITH_DATABASE(test_ends_without_requests),
		WITH_DATABASE(test_ends_after_a_day_at_work),
		WITH_DATABASE(test_notes_its_use_once_a_minute),
		WITH_DATABASE(test_waits_for_no_writer),
		WITH_DATABASE(test_keeps_twenty_of_a_user),
		WITH_DATABASE(test_ends_with_its_user),
		WITH_DATABASE(test_finds_none_of_locked_users),
		WITH_DATABASE(test_ends_with_its_password),
		WITH_DATABASE(test_ends_all_but_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
