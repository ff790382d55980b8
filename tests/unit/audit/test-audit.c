/* Audit rows: added with their transaction, newest first, never changed. */
#include "../db/fixture.h"

#include "audit/audit.h"
#include "base/clock.h"

static bool add_rows(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return audit_add(transaction, "cli:root", "user.add", "müller", "admin: true", error) &&
	       audit_add(transaction, "müller", "settings.set", NULL, NULL, error);
}

static bool add_and_fail(DbTransaction *transaction, void *data, GError **error)
{
	if (add_rows(transaction, data, error))
		failure_set(error, FAILURE_CASE_INVALID, NULL, "refused");
	return false;
}

typedef struct Seen {
	GString *text; /* "actor action subject detail;" a row */
	unsigned limit;
	unsigned count;
} Seen;

static bool note_row(const AuditRow *row, void *data)
{
	Seen *seen = data;

	assert_true(row->id > 0);
	assert_true(ABS(row->time - clock_now()) < 60);
	g_string_append_printf(seen->text, "%s %s %s %s;", row->actor, row->action,
		row->subject ? row->subject : "-", row->detail ? row->detail : "-");
	return ++seen->count < seen->limit;
}

static void assert_rows(Db *db, int64_t since, unsigned limit, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Seen seen = {.text = text, .limit = limit};
	GError *error = NULL;

	assert_true(audit_each(db, since, note_row, &seen, &error));
	assert_string_equal(text->str, expected);
}

static void test_hands_rows_newest_first(void **state)
{
	Db *db = fixture_open(*state);

	assert_rows(db, 0, 100, "");
	fixture_write(db, add_rows, NULL);
	assert_rows(db, 0, 100, "müller settings.set - -;cli:root user.add müller admin: true;");
	assert_rows(db, 0, 1, "müller settings.set - -;");
	assert_rows(db, clock_now() + 100, 100, "");
}

static void assert_found(Db *db, const AuditQuery *query, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Seen seen = {.text = text, .limit = 100};
	GError *error = NULL;

	assert_true(audit_find(db, query, note_row, &seen, &error));
	assert_string_equal(text->str, expected);
}

static void test_finds_by_action_day_and_place(void **state)
{
	Db *db = fixture_open(*state);
	int64_t now = clock_now();

	fixture_write(db, add_rows, NULL);
	assert_found(db, &(AuditQuery){0},
		"müller settings.set - -;cli:root user.add müller admin: true;");
	assert_found(
		db, &(AuditQuery){.action = "user.add"}, "cli:root user.add müller admin: true;");
	assert_found(db, &(AuditQuery){.from = now + 100}, "");
	assert_found(db, &(AuditQuery){.to = now - 100}, "");
	assert_found(db, &(AuditQuery){.before_time = now + 100, .before_id = 1},
		"müller settings.set - -;cli:root user.add müller admin: true;");
	assert_found(db, &(AuditQuery){.before_time = now - 100, .before_id = 9}, "");
}

static void test_goes_with_its_transaction(void **state)
{
	Db *db = fixture_open(*state);
	GError *error = NULL;

	assert_false(db_write(db, add_and_fail, NULL, &error));
	assert_failure(error, FAILURE_CASE_INVALID);
	assert_rows(db, 0, 100, "");
}

static bool change_rows(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "UPDATE audit SET actor = 'x'");
}

static bool delete_rows(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error, "DELETE FROM audit");
}

static bool replace_row(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"REPLACE INTO audit (id, time, actor, action) VALUES (1, 2, 'x', 'y')");
}

static void test_never_changes(void **state)
{
	DbFunction *const attempts[] = {change_rows, delete_rows, replace_row};
	Db *db = fixture_open(*state);
	GError *error = NULL;

	fixture_write(db, add_rows, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
		assert_false(db_write(db, attempts[i], NULL, &error));
		assert_failure(error, FAILURE_STORE);
	}
	assert_rows(db, 0, 100, "müller settings.set - -;cli:root user.add müller admin: true;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_hands_rows_newest_first, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_finds_by_action_day_and_place, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_goes_with_its_transaction, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_never_changes, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
