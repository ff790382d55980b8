/* People: names, rights, locking, removal, each with its audit row. */
#include "../db/fixture.h"

#include <string.h>
#include "audit/audit.h"
#include "user/user.h"

static void test_checks_names(void **state)
{
	static const char *const good[] = {"a", "müller", "Österreich-2", "x.y_z-1@amt", "Ελένη",
		"mu\xcc\x88ller",
		"1234567890123456789012345678901234567890123456789012345678901234"};
	static const char *const bad[] = {"", ".a", "a b", "a/b", "a\\b", "a;b", "a\nb", "..", "a%",
		"\xff", "😀", "\xcc\x88",
		"12345678901234567890123456789012345678901234567890123456789012345"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		GError *error = NULL;

		assert_true(user_check_name(good[i], &error));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;

		assert_false(user_check_name(bad[i], &error));
		assert_failure(error, FAILURE_USER_NAME_INVALID);
	}
}

static bool add_user(DbTransaction *transaction, void *data, GError **error)
{
	return user_add(transaction, data, "hash", "cli:root", error);
}

static User *make_user(const char *name)
{
	User *user = g_new0(User, 1);

	user->name = g_strdup(name);
	return user;
}

static void add_named(Db *db, const char *name)
{
	g_autoptr(User) user = make_user(name);

	fixture_write(db, add_user, user);
	assert_true(user->id > 0);
}

typedef struct Search {
	const char *name;
	User *found;
} Search;

static bool find_user(DbTransaction *transaction, void *data, GError **error)
{
	Search *search = data;

	search->found = user_find(transaction, search->name, error);
	return search->found != NULL;
}

static User *find_named(Db *db, const char *name)
{
	Search search = {.name = name};

	fixture_read(db, find_user, &search);
	return search.found;
}

static void assert_unknown(Db *db, const char *name)
{
	Search search = {.name = name};
	GError *error = NULL;

	assert_false(db_read(db, find_user, &search, &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
}

static void test_finds_without_regard_to_case(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(User) added = make_user("Mu\xcc\x88ller");
	g_autoptr(User) found = NULL;

	added->display_name = g_strdup("Eva Müller");
	added->archive = true;
	fixture_write(db, add_user, added);
	assert_string_equal(added->name, "Müller");
	found = find_named(db, "mÜLLER");
	assert_int_equal(found->id, added->id);
	assert_string_equal(found->name, "Müller");
	assert_string_equal(found->display_name, "Eva Müller");
	assert_true(found->archive && found->has_password);
	assert_false(found->admin || found->locked);
	assert_unknown(db, "meier");
	assert_unknown(db, "\xff\xfe");
}

static void test_refuses_a_name_twice(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(User) again = make_user("EVA");
	GError *error = NULL;

	add_named(db, "eva");
	assert_false(db_write(db, add_user, again, &error));
	assert_failure(error, FAILURE_USER_EXISTS);
}

static void test_refuses_invalid_names(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(User) user = make_user("../eva");
	GError *error = NULL;

	assert_false(db_write(db, add_user, user, &error));
	assert_failure(error, FAILURE_USER_NAME_INVALID);
	g_free(user->name);
	user->name = g_strdup("eva");
	user->display_name = g_strdup("Eva\nMüller");
	assert_false(db_write(db, add_user, user, &error));
	assert_failure(error, FAILURE_DISPLAY_NAME_INVALID);
	assert_unknown(db, "eva");
}

static bool list_users(DbTransaction *transaction, void *data, GError **error)
{
	GPtrArray **users = data;

	*users = user_list(transaction, error);
	return *users != NULL;
}

static void test_lists_by_name(void **state)
{
	static const char *const expected[] = {"anna", "Bert", "eva"};
	Db *db = fixture_open(*state);
	g_autoptr(GPtrArray) users = NULL;

	add_named(db, "eva");
	add_named(db, "Bert");
	add_named(db, "anna");
	fixture_read(db, list_users, &users);
	assert_int_equal(users->len, G_N_ELEMENTS(expected));
	for (guint i = 0; i < users->len; i++) {
		const User *user = g_ptr_array_index(users, i);

		assert_string_equal(user->name, expected[i]);
	}
}

static bool lock_eva(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_set_locked(transaction, "EVA", true, "admin", error);
}

static bool unlock_eva(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_set_locked(transaction, "eva", false, "admin", error);
}

static bool clear_password(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_set_password(transaction, "eva", NULL, "admin", error);
}

static bool remove_eva(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_remove(transaction, "Eva", "admin", error);
}

static bool note_action(const AuditRow *row, void *data)
{
	g_string_append_printf(data, "%s %s %s;", row->actor, row->action, row->subject);
	assert_true(!row->detail || !strstr(row->detail, "hash"));
	return true;
}

static void test_locks_and_removes_with_audit_rows(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(GString) actions = g_string_new(NULL);
	g_autoptr(User) locked = NULL;
	g_autoptr(User) unlocked = NULL;
	GError *error = NULL;

	add_named(db, "eva");
	fixture_write(db, lock_eva, NULL);
	fixture_write(db, lock_eva, NULL); /* nothing changes: no second row */
	locked = find_named(db, "eva");
	assert_true(locked->locked);
	fixture_write(db, unlock_eva, NULL);
	fixture_write(db, clear_password, NULL);
	unlocked = find_named(db, "eva");
	assert_false(unlocked->locked || unlocked->has_password);
	fixture_write(db, remove_eva, NULL);
	assert_unknown(db, "eva");
	assert_false(db_write(db, remove_eva, NULL, &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	assert_true(audit_each(db, 0, note_action, actions, &error));
	assert_string_equal(actions->str,
		"admin user.remove eva;admin user.passwd eva;admin user.unlock eva;"
		"admin user.lock eva;cli:root user.add eva;");
}

static void test_never_gives_an_id_again(void **state)
{
	Db *db = fixture_open(*state);
	g_autoptr(User) first = make_user("eva");
	g_autoptr(User) second = make_user("eva");

	fixture_write(db, add_user, first);
	fixture_write(db, remove_eva, NULL);
	fixture_write(db, add_user, second);
	assert_true(second->id > first->id);
}

static bool make_administrator(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(User) user = make_user("admin");

	user->admin = true;
	return user_add(transaction, user, data, "cli:root", error);
}

static bool lock_admin(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_set_locked(transaction, "admin", true, "admin", error);
}

static bool set_password_of_admin(DbTransaction *transaction, void *data, GError **error)
{
	return user_set_password(transaction, "admin", data, "admin", error);
}

static bool has_administrator(Db *db)
{
	GError *error = NULL;
	bool has = false;

	assert_true(user_has_administrator(db, &has, &error));
	return has;
}

static void test_knows_whether_there_is_an_administrator(void **state)
{
	Db *db = fixture_open(*state);

	add_named(db, "eva"); /* with a password, but no administrator */
	assert_false(has_administrator(db));
	fixture_write(db, make_administrator, NULL);
	assert_false(has_administrator(db));
	fixture_write(db, set_password_of_admin, (void *)"hash");
	assert_true(has_administrator(db));
	fixture_write(db, lock_admin, NULL);
	assert_false(has_administrator(db));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks_names),
		cmocka_unit_test_setup_teardown(
			test_finds_without_regard_to_case, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_a_name_twice, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_invalid_names, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_lists_by_name, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_locks_and_removes_with_audit_rows, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_never_gives_an_id_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_knows_whether_there_is_an_administrator,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
