/* Changing settings: all or nothing, audited, guarded by the generation, secrets nowhere plain. */
#include "house.h"

#include <pthread.h>
#include "audit/audit.h"
#include "settings/settings_internal.h"

#define PLANTED "Geheim-4711-Planted"

static bool note_row(const AuditRow *row, void *data)
{
	g_string_append_printf(data, "%s|%s|%s|%s\n", row->actor, row->action,
		row->subject ? row->subject : "", row->detail ? row->detail : "");
	return true;
}

/* Yours: all audit rows but those of setting up, newest first. */
static char *get_audit(const House *house)
{
	g_autoptr(GString) rows = g_string_new(NULL);
	char *first;

	assert_true(audit_each(house->db, 0, note_row, rows, NULL));
	first = strstr(rows->str, "cli:root|user.add");
	if (first)
		g_string_truncate(rows, (gsize)(first - rows->str));
	return g_string_free(g_steal_pointer(&rows), FALSE);
}

static void test_writes_who_changed_what(void **state)
{
	House *house = *state;
	g_autofree char *rows = NULL;

	house_set(house, NULL, "imap.port", "143");
	house_set(house, NULL, "imap.port", "993");
	house_set(house, NULL, "imap.port", " 993 "); /* the same: no row */
	house_set(house, NULL, "imap.port", NULL);
	house_set(house, NULL, "imap.port", NULL); /* not set any more: no row */
	house_set(house, "EVA", "import.hidden-folders", "");
	house_set(house, "eva", "smtp.signature", "Gruß\nEva");
	house_set(house, "eva", "imap.password", PLANTED);
	house_set(house, "eva", "imap.password", PLANTED "2");
	house_set(house, "eva", "imap.password", NULL);
	rows = get_audit(house);
	assert_string_equal(rows, "cli:root|settings.unset|eva|imap.password: •••••• → –\n"
				  "cli:root|settings.set|eva|imap.password: •••••• → ••••••\n"
				  "cli:root|settings.set|eva|imap.password: – → ••••••\n"
				  "cli:root|settings.set|eva|smtp.signature: – → Gruß\\nEva\n"
				  "cli:root|settings.set|eva|import.hidden-folders: – → \"\"\n"
				  "cli:root|settings.unset||imap.port: 993 → –\n"
				  "cli:root|settings.set||imap.port: 143 → 993\n"
				  "cli:root|settings.set||imap.port: – → 143\n");
}

static void test_applies_all_or_nothing(void **state)
{
	House *house = *state;
	const SettingChange changes[] = {
		{.setting = settings_get_row(SETTING_IMAP_HOST), .value = "imap.example"},
		{.setting = settings_get_row(SETTING_IMAP_PORT), .value = "99999"},
	};
	g_autofree char *rows = NULL;
	GError *error = NULL;

	assert_false(settings_apply(house->settings, NULL, changes, 2, 0, "admin", &error));
	assert_failure(error, FAILURE_SETTING_INVALID);
	house_expect(house, NULL, "imap.host", NULL, ORIGIN_DEFAULT);
	rows = get_audit(house);
	assert_string_equal(rows, "");
}

static void test_refuses_keys_of_the_other_scope(void **state)
{
	House *house = *state;
	GError *error = NULL;

	assert_false(house_try(house, NULL, "account", "a@amt.example", &error));
	assert_failure(error, FAILURE_SETTING_SCOPE);
	assert_false(house_try(house, "eva", "network.timeout", "5", &error));
	assert_failure(error, FAILURE_SETTING_SCOPE);
	assert_false(house_try(house, "eva", "oauth.client-secret", NULL, &error));
	assert_failure(error, FAILURE_SETTING_SCOPE);
}

static void test_refuses_secrets_as_plain_values(void **state)
{
	House *house = *state;
	const SettingChange change = {
		.setting = settings_get_row(SETTING_IMAP_PASSWORD), .value = PLANTED};
	GError *error = NULL;

	assert_false(settings_apply(house->settings, "eva", &change, 1, 0, "admin", &error));
	assert_null(strstr(error->message, PLANTED));
	assert_failure(error, FAILURE_SECRET_ARGUMENT);
}

static void test_the_slower_administrator_is_told(void **state)
{
	House *house = *state;
	SettingChange change = {.setting = settings_get_row(SETTING_IMAP_HOST)};
	int64_t seen;
	GError *error = NULL;

	assert_true(settings_generation(house->settings, &seen, &error));
	change.value = "anna.example";
	assert_true(settings_apply(house->settings, NULL, &change, 1, seen, "anna", &error));
	change.value = "bert.example";
	assert_false(settings_apply(house->settings, NULL, &change, 1, seen, "bert", &error));
	assert_failure(error, FAILURE_SETTINGS_CHANGED);
	house_expect(house, NULL, "imap.host", "anna.example", ORIGIN_GLOBAL);
	assert_true(settings_apply(house->settings, NULL, &change, 1, seen + 1, "bert", &error));
	house_expect(house, NULL, "imap.host", "bert.example", ORIGIN_GLOBAL);
}

static void test_changes_elsewhere_do_not_matter(void **state)
{
	House *house = *state;
	SettingChange change = {.setting = settings_get_row(SETTING_IMAP_HOST)};
	int64_t seen;
	GError *error = NULL;

	assert_true(settings_generation(house->settings, &seen, &error));
	change.value = "anna.example";
	assert_true(settings_apply(house->settings, "eva", &change, 1, 0, "anna", &error));
	assert_true(settings_apply(house->settings, NULL, &change, 1, seen, "bert", &error));
	change.value = NULL;
	assert_true(settings_apply(house->settings, NULL, &change, 1, 0, "carl", &error));
	change.value = "dora.example";
	assert_false(settings_apply(house->settings, NULL, &change, 1, seen, "dora", &error));
	assert_failure(error, FAILURE_SETTINGS_CHANGED);
}

#define ADMINISTRATORS 8

typedef struct Administrator {
	const House *house;
	int64_t seen;
	bool won;
	pthread_t thread;
} Administrator;

static void *change_port(void *data)
{
	Administrator *administrator = data;
	const SettingChange change = {
		.setting = settings_get_row(SETTING_IMAP_PORT), .value = "143"};
	g_autoptr(GError) error = NULL;

	administrator->won = settings_apply(administrator->house->settings, NULL, &change, 1,
		administrator->seen, "admin", &error);
	return administrator->won || failure_is(error, FAILURE_SETTINGS_CHANGED) ? NULL : data;
}

static void test_one_of_many_administrators_wins(void **state)
{
	House *house = *state;
	Administrator all[ADMINISTRATORS];
	int winners = 0;
	int64_t seen = 0;

	assert_true(settings_generation(house->settings, &seen, NULL));
	for (int i = 0; i < ADMINISTRATORS; i++) {
		all[i] = (Administrator){.house = house, .seen = seen};
		pthread_create(&all[i].thread, NULL, change_port, &all[i]);
	}
	for (int i = 0; i < ADMINISTRATORS; i++) {
		void *failed;

		pthread_join(all[i].thread, &failed);
		assert_null(failed);
		winners += all[i].won;
	}
	assert_int_equal(winners, 1);
}

static void assert_not_in_file(const char *path, const char *text)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &bytes, &size, NULL))
		return;
	if (memmem(bytes, size, text, strlen(text)))
		fail_msg("'%s' is plain in %s", text, path);
}

static void assert_not_in_store(const House *house, const char *text)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	const Fixture *fixture = house->fixture;

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = g_strconcat(fixture->path, suffixes[i], NULL);

		assert_not_in_file(path, text);
	}
}

static void test_leaves_no_secret_in_the_store(void **state)
{
	House *house = *state;
	g_autofree char *rows = NULL;
	g_autofree char *backup = NULL;

	house_set(house, NULL, "imap.password", PLANTED "-global");
	house_set(house, NULL, "oauth.client-secret", PLANTED "-oauth");
	house_set(house, "eva", "imap.password", PLANTED "-user");
	house_set(house, "eva", "smtp.proxy.password", PLANTED "-proxy");
	house_set(house, "eva", "imap.password", PLANTED "-replaced");
	house_set(house, "eva", "smtp.proxy.password", NULL);
	assert_not_in_store(house, PLANTED);
	rows = get_audit(house);
	assert_null(strstr(rows, PLANTED));
	backup = g_build_filename(((Fixture *)house->fixture)->folder, "backup.db", NULL);
	assert_true(db_copy_to(house->db, backup, NULL));
	assert_not_in_file(backup, PLANTED);
}

static bool read_sealed(DbTransaction *transaction, void *data, GError **error)
{
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT value FROM user_settings WHERE key = 'imap.password'");
	char **sealed = data;

	if (!rows || !db_rows_next(rows, error))
		return false;
	*sealed = g_strdup(db_rows_text(rows, 0));
	return true;
}

static void test_a_replaced_secret_does_not_linger(void **state)
{
	House *house = *state;
	const Fixture *fixture = house->fixture;
	g_autofree char *sealed = NULL;

	house_set(house, "eva", "imap.password", PLANTED);
	fixture_read(house->db, read_sealed, &sealed);
	house_set(house, "eva", "imap.password", NULL);
	/* Closing the last connection takes the write-ahead log into the database. */
	settings_close(g_steal_pointer(&house->settings));
	db_close(house->db);
	((Fixture *)house->fixture)->db = NULL;
	assert_not_in_file(fixture->path, sealed);
}

static bool move_password(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return db_run(transaction, error,
		"INSERT INTO user_settings (user_id, key, value, generation)"
		" SELECT users.id, key, value, generation FROM user_settings, users"
		" WHERE key = 'imap.password' AND users.name = 'otto'");
}

static void test_a_secret_opens_only_for_its_user(void **state)
{
	House *house = *state;
	GError *error = NULL;

	house_set(house, "eva", "imap.password", PLANTED);
	fixture_write(house->db, move_password, NULL);
	assert_null(settings_resolve(house->settings, "otto", &error));
	assert_null(strstr(error->message, PLANTED));
	assert_failure(error, FAILURE_SECRET_UNREADABLE);
}

typedef struct Import {
	const House *house;
	bool refuse;
} Import;

static bool import_user(DbTransaction *transaction, void *data, GError **error)
{
	const Import *import = data;
	const SettingChange changes[] = {
		{.setting = settings_get_row(SETTING_ACCOUNT), .value = "nina@amt.example"},
		{.setting = settings_get_row(SETTING_INTERFACE), .value = "standard"},
	};
	char name[] = "nina";

	if (!house_add_user(transaction, name, error) ||
		!settings_apply_in(import->house->settings, transaction, "nina", changes, 2,
			"cli:root", error))
		return false;
	if (import->refuse)
		failure_set(error, FAILURE_USER_EXISTS, "otto", "second line");
	return !import->refuse;
}

static void test_takes_part_in_a_larger_transaction(void **state)
{
	House *house = *state;
	Import import = {.house = house, .refuse = true};
	GError *error = NULL;

	assert_false(db_write(house->db, import_user, &import, &error));
	assert_failure(error, FAILURE_USER_EXISTS);
	assert_null(settings_resolve(house->settings, "nina", &error));
	assert_failure(error, FAILURE_USER_UNKNOWN);
	import.refuse = false;
	fixture_write(house->db, import_user, &import);
	house_expect(house, "nina", "account", "nina@amt.example", ORIGIN_USER);
	house_expect(house, "nina", "interface", "standard", ORIGIN_USER);
}

static bool remove_eva(DbTransaction *transaction, void *data, GError **error)
{
	(void)data;
	return user_remove(transaction, "eva", "cli:root", error);
}

static void test_a_new_user_of_an_old_name_starts_empty(void **state)
{
	House *house = *state;

	house_set(house, "eva", "account", "eva@amt.example");
	house_set(house, "eva", "imap.password", PLANTED);
	fixture_write(house->db, remove_eva, NULL);
	fixture_write(house->db, house_add_user, (char *)"Eva");
	house_expect(house, "eva", "account", NULL, ORIGIN_DEFAULT);
	house_expect(house, "eva", "imap.password", NULL, ORIGIN_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_writes_who_changed_what),
		house_test(test_applies_all_or_nothing),
		house_test(test_refuses_keys_of_the_other_scope),
		house_test(test_refuses_secrets_as_plain_values),
		house_test(test_the_slower_administrator_is_told),
		house_test(test_changes_elsewhere_do_not_matter),
		house_test(test_one_of_many_administrators_wins),
		house_test(test_leaves_no_secret_in_the_store),
		house_test(test_a_replaced_secret_does_not_linger),
		house_test(test_a_secret_opens_only_for_its_user),
		house_test(test_takes_part_in_a_larger_transaction),
		house_test(test_a_new_user_of_an_old_name_starts_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
