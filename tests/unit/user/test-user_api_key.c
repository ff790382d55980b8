/* Keys of the API: whose they are, until when, their labels, and what the database holds. */
#include "people.h"

#include "base/clock.h"

static char *add(Db *db, const char *label, const char *user, int64_t expires)
{
	GError *error = NULL;
	char *key = NULL;

	assert_true(api_key_add(db, label, user, expires, "admin", &key, &error));
	assert_no_failure(error);
	assert_true(g_str_has_prefix(key, "amtspost_"));
	assert_int_equal(strlen(key), strlen("amtspost_") + 43);
	return key;
}

static bool opens(Db *db, const char *key)
{
	GError *error = NULL;
	g_autoptr(User) user = api_key_find(db, key, &error);

	assert_no_failure(error);
	return user != NULL;
}

static void assert_refused(
	Db *db, const char *label, const char *user, int64_t expires, Failure failure)
{
	GError *error = NULL;
	char *key = NULL;

	assert_false(api_key_add(db, label, user, expires, "admin", &key, &error));
	assert_failure(error, failure);
	assert_null(key);
}

static void test_finds_whose_key_it_is(void **state)
{
	Fixture *fixture = *state;
	Db *db = fixture_open(fixture);
	g_autofree char *key = NULL;
	g_autofree char *audit = NULL;
	g_autoptr(User) user = NULL;

	people_add(db, "Eva", NULL);
	key = add(db, "Fachverfahren", "EVA", 0);
	user = api_key_find(db, key, NULL);
	assert_string_equal(user->name, "Eva");
	assert_true(user->admin);
	assert_false(opens(db, ""));
	assert_false(opens(db, "amtspost_"));
	assert_false(opens(db, key + strlen("amtspost_")));
	people_assert_not_stored(fixture, key + strlen("amtspost_"));
	audit = people_audit(db);
	assert_string_equal(audit, "admin apikey.add Fachverfahren (user: Eva; expires: –);");
}

static void test_refuses_bad_labels(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(GString) longest = g_string_new(NULL);
	g_autofree char *key = NULL;
	g_autofree char *other = NULL;

	people_add(db, "eva", NULL);
	for (int i = 0; i < 100; i++)
		g_string_append(longest, "ä");
	key = add(db, longest->str, "eva", 0);
	g_string_append_c(longest, 'x');
	assert_refused(db, longest->str, "eva", 0, FAILURE_KEY_LABEL);
	assert_refused(db, "", "eva", 0, FAILURE_KEY_LABEL);
	assert_refused(db, "  ", "eva", 0, FAILURE_KEY_LABEL);
	assert_refused(db, "a\nb", "eva", 0, FAILURE_KEY_LABEL);
	assert_refused(db, "\xff", "eva", 0, FAILURE_KEY_LABEL);
	other = add(db, "Öffentlich", "eva", 0);
	assert_refused(db, "öffentlich", "eva", 0, FAILURE_KEY_EXISTS);
	assert_refused(db, "neu", "adam", 0, FAILURE_USER_UNKNOWN);
}

static bool expire_in(DbTransaction *transaction, void *data, GError **error)
{
	const int64_t *seconds = data;

	return db_run(transaction, error, "UPDATE api_keys SET expires = $1",
		db_int(clock_now() + *seconds));
}

static void test_expires(void **state)
{
	Db *db = fixture_open(*state);
	int64_t soon = 30, now = 0;
	g_autofree char *key = NULL;

	people_add(db, "eva", NULL);
	assert_refused(db, "alt", "eva", clock_now() - 1, FAILURE_KEY_EXPIRES);
	assert_refused(db, "alt", "eva", -1, FAILURE_KEY_EXPIRES);
	key = add(db, "neu", "eva", clock_now() + 100);
	assert_true(opens(db, key));
	fixture_write(db, expire_in, &soon);
	assert_true(opens(db, key));
	fixture_write(db, expire_in, &now);
	assert_false(opens(db, key));
}

static void test_ends_with_its_user(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *key = NULL;

	people_add(db, "eva", NULL);
	key = add(db, "eins", "eva", 0);
	fixture_write(db, people_lock_in, (void *)"eva");
	assert_false(opens(db, key));
	fixture_write(db, people_unlock_in, (void *)"eva");
	assert_true(opens(db, key));
	fixture_write(db, people_remove_in, (void *)"eva");
	assert_false(opens(db, key));
	people_add(db, "eva", NULL);
	assert_false(opens(db, key));
}

static void test_lists_by_label(void **state)
{
	Db *db = fixture_open(*state);
	int64_t later = clock_now() + 1000;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	g_autoptr(GPtrArray) keys = NULL;
	const ApiKey *key;

	people_add(db, "Eva", NULL);
	first = add(db, "b", "eva", 0);
	second = add(db, "A", "eva", later);
	assert_true(opens(db, second));
	keys = api_key_list(db, NULL);
	assert_int_equal(keys->len, 2);
	key = g_ptr_array_index(keys, 0);
	assert_string_equal(key->label, "A");
	assert_string_equal(key->user, "Eva");
	assert_int_equal(key->expires, later);
	assert_in_range(key->created, clock_now() - 5, clock_now());
	assert_in_range(key->used, clock_now() - 5, clock_now());
	key = g_ptr_array_index(keys, 1);
	assert_string_equal(key->label, "b");
	assert_int_equal(key->expires, 0);
	assert_int_equal(key->used, 0);
}

static void test_gets_one(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *secret = NULL;
	g_autoptr(ApiKey) key = NULL;
	GError *error = NULL;

	people_add(db, "Eva", NULL);
	secret = add(db, "Über uns", "eva", 0);
	key = api_key_get(db, "ÜBER UNS", &error);
	assert_no_failure(error);
	assert_string_equal(key->label, "Über uns");
	assert_string_equal(key->user, "Eva");
	assert_null(api_key_get(db, "Über", &error));
	assert_failure(error, FAILURE_KEY_UNKNOWN);
}

static bool set_used_in(DbTransaction *transaction, void *data, GError **error)
{
	const int64_t *ago = data;

	return db_run(
		transaction, error, "UPDATE api_keys SET used = $1", db_int(clock_now() - *ago));
}

static bool get_used_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, -1, error, "SELECT used FROM api_keys");
}

static int64_t noted_ago(Db *db)
{
	int64_t used;

	fixture_read(db, get_used_in, &used);
	return clock_now() - used;
}

static void test_notes_its_use_once_a_minute(void **state)
{
	Db *db = fixture_open(*state);
	int64_t before = 50, earlier = 60;
	g_autofree char *key = NULL;

	people_add(db, "eva", NULL);
	key = add(db, "eins", "eva", 0);
	fixture_write(db, set_used_in, &before);
	assert_true(opens(db, key));
	assert_in_range(noted_ago(db), 50, 55);
	fixture_write(db, set_used_in, &earlier);
	assert_true(opens(db, key));
	assert_in_range(noted_ago(db), 0, 5);
}

static void test_removes(void **state)
{
	Db *db = fixture_open(*state);
	g_autofree char *key = NULL;
	g_autofree char *other = NULL;
	g_autofree char *audit = NULL;
	GError *error = NULL;

	people_add(db, "Eva", NULL);
	key = add(db, "Eins", "eva", 0);
	other = add(db, "Zwei", "eva", 0);
	assert_true(api_key_remove(db, "EINS", "admin", &error));
	assert_false(opens(db, key));
	assert_true(opens(db, other));
	assert_false(api_key_remove(db, "Eins", "admin", &error));
	assert_failure(error, FAILURE_KEY_UNKNOWN);
	assert_false(api_key_remove(db, "\xff\n", "admin", &error));
	assert_failure(error, FAILURE_KEY_UNKNOWN);
	audit = people_audit(db);
	assert_true(g_str_has_prefix(audit, "admin apikey.remove Eins (user: Eva; expires: –);"));
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(test_finds_whose_key_it_is),
		WITH_DATABASE(test_refuses_bad_labels),
		WITH_DATABASE(test_expires),
		WITH_DATABASE(test_ends_with_its_user),
		WITH_DATABASE(test_lists_by_label),
		WITH_DATABASE(test_gets_one),
		WITH_DATABASE(test_notes_its_use_once_a_minute),
		WITH_DATABASE(test_removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
