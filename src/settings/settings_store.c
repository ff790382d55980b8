/* The store: the key ring's check, the snapshot of the globals, and reading both scopes as of one
 * moment. A snapshot is replaced, never changed; every reading compares its generation with the
 * database's, so that a change by another process holds at once. */
#include "settings/settings_internal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include "audit/audit.h"
#include "failure/failure.h"
#include "user/user.h"

#define KEY_CHECK "key-check" /* row of meta, and the identity of its sealed value */
#define KEY_CHECK_TEXT "amtspost"

struct SettingSnapshot {
	atomic_int references;
	int64_t generation;
	SettingValues values;
};

struct Settings {
	Db *db;
	Keyring *keyring;
	pthread_mutex_t mutex; /* guards current */
	SettingSnapshot *current;
	MailboxCache *mailboxes;
};

void setting_values_clear(SettingValues *values)
{
	for (SettingKey key = 0; key < SETTING_COUNT; key++)
		g_clear_pointer(&values->stored[key], g_free);
}

void setting_snapshot_unref(SettingSnapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) > 1)
		return;
	setting_values_clear(&snapshot->values);
	g_free(snapshot);
}

const SettingValues *setting_snapshot_values(const SettingSnapshot *snapshot)
{
	return &snapshot->values;
}

int64_t setting_snapshot_generation(const SettingSnapshot *snapshot)
{
	return snapshot->generation;
}

void setting_reading_clear(SettingReading *reading)
{
	setting_snapshot_unref(reading->globals);
	g_free(reading->user_name);
	setting_values_clear(&reading->own);
	*reading = (SettingReading){0};
}

Db *settings_db(Settings *settings)
{
	return settings->db;
}

const Keyring *settings_keyring(const Settings *settings)
{
	return settings->keyring;
}

MailboxCache *settings_mailbox_cache(const Settings *settings)
{
	return settings->mailboxes;
}

char *settings_identity(int64_t user_id, const char *key)
{
	return g_strdup_printf("%" PRId64 "/%s", user_id, key);
}

/* ---- the key ring's check ---- */

typedef struct KeyCheck {
	const Keyring *keyring;
	bool missing;
} KeyCheck;

static bool check_key(DbTransaction *transaction, void *data, GError **error)
{
	KeyCheck *check = data;
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT value FROM meta WHERE name = $1", db_text(KEY_CHECK));
	GError *failed = NULL;
	g_autoptr(Secret) opened = NULL;

	if (!rows)
		return false;
	check->missing = !db_rows_next(rows, &failed);
	if (failed) {
		g_propagate_error(error, failed);
		return false;
	}
	if (!check->missing)
		opened = keyring_open_sealed(check->keyring, KEY_CHECK, db_rows_text(rows, 0));
	if (check->missing || opened)
		return true;
	failure_set(error, FAILURE_KEYRING_WRONG, NULL,
		"the key ring does not open the database's check value");
	return false;
}

static bool make_key_check(DbTransaction *transaction, void *data, GError **error)
{
	const KeyCheck *check = data;
	g_autoptr(Secret) text = secret_new(KEY_CHECK_TEXT, sizeof KEY_CHECK_TEXT - 1);
	g_autofree char *sealed = keyring_seal(check->keyring, KEY_CHECK, text);

	return db_run(transaction, error,
		"INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
		db_text(KEY_CHECK), db_text(sealed));
}

/* The second look is for two processes that start together with different rings. */
static bool ensure_key(Db *db, const Keyring *keyring, GError **error)
{
	KeyCheck check = {.keyring = keyring};

	if (!db_read(db, check_key, &check, error))
		return false;
	return !check.missing || (db_write(db, make_key_check, &check, error) &&
					 db_read(db, check_key, &check, error));
}

static bool find_key_check(DbTransaction *transaction, void *data, GError **error)
{
	return db_get_int(transaction, data, 0, error, "SELECT count(*) FROM meta WHERE name = $1",
		db_text(KEY_CHECK));
}

bool settings_expect_keyring(Db *db, bool *expected, GError **error)
{
	int64_t count;

	if (!db_read(db, find_key_check, &count, error))
		return false;
	*expected = count > 0;
	return true;
}

typedef struct Renewal {
	KeyCheck check;
	const char *actor;
} Renewal;

static bool renew_key_check(DbTransaction *transaction, void *data, GError **error)
{
	Renewal *renewal = data;

	return db_run(transaction, error, "DELETE FROM meta WHERE name = $1", db_text(KEY_CHECK)) &&
	       make_key_check(transaction, &renewal->check, error) &&
	       audit_add(transaction, renewal->actor, "keyring.new", NULL, NULL, error);
}

bool settings_renew_keyring(Db *db, const Keyring *keyring, const char *actor, GError **error)
{
	Renewal renewal = {.check = {.keyring = keyring}, .actor = actor};

	return db_write(db, renew_key_check, &renewal, error);
}

/* ---- the snapshot ---- */

/* Puts the rows (key, value, generation) of a scope into VALUES. A key that the table no longer has
 * is passed over: an older program wrote it. */
static bool collect(DbRows *rows, SettingValues *values, GError **error)
{
	GError *failed = NULL;

	while (db_rows_next(rows, &failed)) {
		const Setting *setting = settings_find_row(db_rows_text(rows, 0), NULL);

		if (!setting)
			continue;
		values->stored[setting->key] = g_strdup(db_rows_text(rows, 1));
		values->generations[setting->key] = db_rows_int(rows, 2);
	}
	return db_rows_end(failed, error);
}

bool settings_read_generation(DbTransaction *transaction, int64_t *generation, GError **error)
{
	return db_get_int(transaction, generation, 0, error,
		"SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation'");
}

SettingSnapshot *settings_load_globals(DbTransaction *transaction, GError **error)
{
	SettingSnapshot *snapshot = g_new0(SettingSnapshot, 1);
	g_autoptr(DbRows) rows = NULL;

	atomic_init(&snapshot->references, 1);
	if (settings_read_generation(transaction, &snapshot->generation, error))
		rows = db_select(
			transaction, error, "SELECT key, value, generation FROM global_settings");
	if (rows && collect(rows, &snapshot->values, error))
		return snapshot;
	setting_snapshot_unref(snapshot);
	return NULL;
}

static SettingSnapshot *take_current(Settings *settings)
{
	SettingSnapshot *snapshot;

	pthread_mutex_lock(&settings->mutex);
	snapshot = settings->current;
	if (snapshot)
		atomic_fetch_add(&snapshot->references, 1);
	pthread_mutex_unlock(&settings->mutex);
	return snapshot;
}

void settings_publish(Settings *settings, SettingSnapshot *snapshot)
{
	pthread_mutex_lock(&settings->mutex);
	if (!settings->current || settings->current->generation < snapshot->generation) {
		SettingSnapshot *older = settings->current;

		settings->current = snapshot;
		snapshot = older;
	}
	pthread_mutex_unlock(&settings->mutex);
	setting_snapshot_unref(snapshot);
}

Settings *settings_open(Db *db, Keyring *keyring, GError **error)
{
	Settings *settings;

	if (keyring && !ensure_key(db, keyring, error))
		return NULL;
	settings = g_new0(Settings, 1);
	settings->db = db;
	settings->keyring = keyring;
	pthread_mutex_init(&settings->mutex, NULL);
	settings->mailboxes = mailbox_cache_new();
	return settings;
}

void settings_close(Settings *settings)
{
	if (!settings)
		return;
	mailbox_cache_free(settings->mailboxes);
	setting_snapshot_unref(settings->current);
	pthread_mutex_destroy(&settings->mutex);
	g_free(settings);
}

/* ---- reading ---- */

typedef struct ReadOrder {
	const char *user;
	SettingReading *reading;
	bool reloaded; /* reading->globals are newer than the snapshot at hand */
} ReadOrder;

static bool read_own(
	DbTransaction *transaction, const char *name, SettingReading *reading, GError **error)
{
	g_autoptr(User) user = user_find(transaction, name, error);
	g_autoptr(DbRows) rows = NULL;

	if (!user)
		return false;
	reading->user_id = user->id;
	reading->user_name = g_strdup(user->name);
	rows = db_select(transaction, error,
		"SELECT key, value, generation FROM user_settings WHERE user_id = $1",
		db_int(user->id));
	return rows && collect(rows, &reading->own, error);
}

static bool read_scopes(DbTransaction *transaction, void *data, GError **error)
{
	ReadOrder *order = data;
	SettingReading *reading = order->reading;
	int64_t generation;

	if (!settings_read_generation(transaction, &generation, error))
		return false;
	if (!reading->globals || reading->globals->generation != generation) {
		setting_snapshot_unref(reading->globals);
		reading->globals = settings_load_globals(transaction, error);
		order->reloaded = true;
	}
	return reading->globals &&
	       (!order->user || read_own(transaction, order->user, reading, error));
}

bool settings_read(Settings *settings, const char *user, SettingReading *reading, GError **error)
{
	g_auto(SettingReading) read = {.globals = take_current(settings)};
	ReadOrder order = {.user = user, .reading = &read};

	if (!db_read(settings->db, read_scopes, &order, error))
		return false;
	if (order.reloaded) {
		atomic_fetch_add(&read.globals->references, 1);
		settings_publish(settings, read.globals);
	}
	*reading = read;
	read = (SettingReading){0};
	return true;
}

static bool get_generation(DbTransaction *transaction, void *data, GError **error)
{
	return settings_read_generation(transaction, data, error);
}

bool settings_generation(Settings *settings, int64_t *generation, GError **error)
{
	return db_read(settings->db, get_generation, generation, error);
}
