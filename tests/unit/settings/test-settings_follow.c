/* What is kept of further mailboxes beside the settings follows these. */
#include "house.h"

#include "audit/audit.h"
#include "settings/settings_internal.h"

static bool run_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_run_values(transaction, data, NULL, 0, NULL, error);
}

static void run(const House *house, const char *sql)
{
	fixture_write(house->db, run_in, (char *)sql);
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	GString *list = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT user_id || '/' || mailbox || CASE WHEN password IS NULL THEN '' ELSE '*' "
		"END"
		" FROM mailbox_logins ORDER BY user_id, mailbox");

	while (db_rows_next(rows, error))
		g_string_append_printf(list, "%s ", db_rows_text(rows, 0));
	return true;
}

static void assert_rows(const House *house, const char *expected)
{
	g_autoptr(GString) list = g_string_new(NULL);

	fixture_read(house->db, list_in, list);
	assert_string_equal(list->str, expected);
}

static bool count_row(const AuditRow *row, void *data)
{
	if (strcmp(row->action, "login.remove") == 0)
		g_string_append_printf(data, "%s|%s|%s ", row->actor, row->subject, row->detail);
	return true;
}

static void test_what_leaves_the_list_is_forgotten(void **state)
{
	House *house = *state;
	g_autoptr(GString) removed = g_string_new(NULL);

	house_set(house, "eva", "mailboxes", "Info@amt.example; bau@amt.example");
	run(house,
		"INSERT INTO mailbox_logins (user_id, mailbox, username, password, generation)"
		" VALUES (1, 'info@amt.example', 'info', 'x', 0), (1, 'bau@amt.example', 'b', 'x', "
		"0),"
		" (1, 'amt@strasse.example', 'b', 'x', 0), (1, 'alt@amt.example', NULL, NULL, 0),"
		" (2, 'bau@amt.example', 'b', 'x', 0)");
	house_set(house, "eva", "mailboxes", "info@AMT.example; amt@straße.example");
	assert_rows(house, "1/info@amt.example* 2/bau@amt.example* ");
	assert_true(audit_each(house->db, 0, count_row, removed, NULL));
	assert_non_null(strstr(removed->str, "cli:root|eva|bau@amt.example "));
	assert_non_null(strstr(removed->str, "cli:root|eva|amt@strasse.example "));
	assert_null(strstr(removed->str, "alt@")); /* no password was forgotten */
	house_set(house, "eva", "mailboxes", NULL);
	assert_rows(house, "2/bau@amt.example* ");
}

static void test_a_change_that_fails_forgets_nothing(void **state)
{
	House *house = *state;
	const SettingChange changes[] = {
		{.setting = settings_get_row(SETTING_MAILBOXES), .value = ""},
		{.setting = settings_get_row(SETTING_IMAP_PORT), .value = "x"},
	};

	house_set(house, "eva", "mailboxes", "info@amt.example");
	run(house, "INSERT INTO mailbox_logins (user_id, mailbox, username, password, generation)"
		   " VALUES (1, 'info@amt.example', 'info', 'x', 0)");
	assert_false(settings_apply(
		house->settings, "eva", changes, G_N_ELEMENTS(changes), 0, "cli:root", NULL));
	assert_rows(house, "1/info@amt.example* ");
}

static bool count_current_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error,
		"SELECT count(*) FROM mailbox_logins WHERE generation ="
		" (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation')");
}

/* How many notes hold for the generation that there is now. */
static void assert_current(const House *house, int64_t expected)
{
	int64_t count;

	fixture_read(house->db, count_current_in, &count);
	assert_int_equal(count, expected);
}

static void note_all(const House *house)
{
	run(house, "INSERT OR REPLACE INTO mailbox_logins (user_id, mailbox, generation, server, "
		   "refused)"
		   " SELECT id, 'info@amt.example', (SELECT CAST(value AS INTEGER) FROM meta"
		   " WHERE name = 'generation'), 'x:993', 5 FROM users");
}

static void test_the_same_password_again_asks_nobody_anew(void **state)
{
	House *house = *state;

	house_set(house, "eva", "account", "eva@amt.example");
	house_set(house, "eva", "imap.password", "geheim-1");
	note_all(house);
	house_set(house, "eva", "imap.password", "geheim-1");
	assert_current(house, 1);
	house_set(house, "eva", "imap.password", "geheim-2");
	assert_current(house, 0);
	/* refused before the list was changed: void, and stays so */
	note_all(house);
	house_set(house, "eva", "mailboxes", "info@amt.example; bau@amt.example");
	house_set(house, "eva", "imap.password", "geheim-2");
	assert_current(house, 0);
}

static void test_the_same_password_for_all(void **state)
{
	House *house = *state;

	house_set(house, "eva", "imap.password", "geheim-1");
	house_set(house, NULL, "imap.password", "geheim-1");
	note_all(house);
	house_set(house, NULL, "imap.password", "geheim-1");
	assert_current(house, 1); /* otto's: eva has her own */
	house_set(house, NULL, "imap.password", "geheim-2");
	assert_current(house, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_what_leaves_the_list_is_forgotten),
		house_test(test_a_change_that_fails_forgets_nothing),
		house_test(test_the_same_password_again_asks_nobody_anew),
		house_test(test_the_same_password_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
