/* Changing settings: all values are checked first, then one transaction holds rows, audit rows and
 * the new generation; after the commit the new snapshot takes its place. */
#include "settings/settings_internal.h"

#include <inttypes.h>
#include <string.h>
#include "audit/audit.h"
#include "failure/failure.h"
#include "user/user.h"

/* How the audit log shows a value that is not there, and one that is secret: without words, since
 * it is read in two languages. */
#define NOTHING "–"
#define HIDDEN "••••••"

/* A checked change. */
typedef struct Step {
	const Setting *setting;
	char *value;	      /* normal form; NULL: unset, or a secret */
	const Secret *secret; /* borrowed from the change */
} Step;

static void step_free(Step *step)
{
	g_free(step->value);
	g_free(step);
}

/* Who is changed: a user or, with id 0, the global scope. */
typedef struct Target {
	int64_t id;
	char *name;	    /* NULL: the global scope */
	int64_t generation; /* the one that the changes make */
} Target;

static void target_clear(Target *target)
{
	g_free(target->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

static bool check_scope(const Setting *setting, SettingScope scope, GError **error)
{
	if (setting->scopes & scope)
		return true;
	failure_set(error, FAILURE_SETTING_SCOPE, setting->name, "%s has no %s scope",
		setting->name, scope == SCOPE_GLOBAL ? "global" : "user");
	return false;
}

static bool check_value(const SettingChange *change, Step *step, GError **error)
{
	if (change->setting->type == TYPE_SECRET && change->secret) {
		step->secret = change->secret;
		return settings_check_secret(change->setting, change->secret, error);
	}
	if (!change->value)
		return true;
	step->value = settings_normalise(change->setting, change->value, error);
	return step->value != NULL;
}

/* Yours: Step * for each change; NULL if one is refused. */
static GPtrArray *check_changes(
	SettingScope scope, const SettingChange *changes, size_t count, GError **error)
{
	g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func((GDestroyNotify)step_free);

	for (size_t i = 0; i < count; i++) {
		Step *step = g_new0(Step, 1);

		step->setting = changes[i].setting;
		g_ptr_array_add(steps, step);
		if (!check_scope(step->setting, scope, error) ||
			!check_value(&changes[i], step, error))
			return NULL;
	}
	return g_steal_pointer(&steps);
}

/* Yours, in *OLD: what is stored now; NULL: nothing. */
static bool load_old(DbTransaction *transaction, const Target *target, const char *key, char **old,
	GError **error)
{
	g_autoptr(DbRows) rows =
		target->name
			? db_select(transaction, error,
				  "SELECT value FROM user_settings WHERE user_id = $1 AND key = $2",
				  db_int(target->id), db_text(key))
			: db_select(transaction, error,
				  "SELECT value FROM global_settings WHERE key = $1", db_text(key));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed))
		*old = g_strdup(db_rows_text(rows, 0));
	return db_rows_end(failed, error);
}

static bool store(DbTransaction *transaction, const Target *target, const char *key,
	const char *value, GError **error)
{
	if (target->name)
		return db_run(transaction, error,
			"INSERT INTO user_settings (user_id, key, value, generation)"
			" VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, key) DO UPDATE"
			" SET value = excluded.value, generation = excluded.generation",
			db_int(target->id), db_text(key), db_text(value),
			db_int(target->generation));
	return db_run(transaction, error,
		"INSERT INTO global_settings (key, value, generation) VALUES ($1, $2, $3)"
		" ON CONFLICT (key) DO UPDATE"
		" SET value = excluded.value, generation = excluded.generation",
		db_text(key), db_text(value), db_int(target->generation));
}

/* A password refused under the former user name is worth another try. */
static bool touch_password(
	DbTransaction *transaction, const Target *target, SettingKey changed, GError **error)
{
	const char *password = changed == SETTING_IMAP_USERNAME	  ? "imap.password"
			       : changed == SETTING_SMTP_USERNAME ? "smtp.password"
								  : NULL;

	if (!password)
		return true;
	if (target->name)
		return db_run(transaction, error,
			"UPDATE user_settings SET generation = $1 WHERE user_id = $2 AND key = $3",
			db_int(target->generation), db_int(target->id), db_text(password));
	return db_run(transaction, error,
		"UPDATE global_settings SET generation = $1 WHERE key = $2",
		db_int(target->generation), db_text(password));
}

static bool erase(DbTransaction *transaction, const Target *target, const char *key, GError **error)
{
	if (target->name)
		return db_run(transaction, error,
			"DELETE FROM user_settings WHERE user_id = $1 AND key = $2",
			db_int(target->id), db_text(key));
	return db_run(
		transaction, error, "DELETE FROM global_settings WHERE key = $1", db_text(key));
}

/* Yours: VALUE as a line of the audit log holds it. */
static char *show(const char *value)
{
	g_auto(GStrv) lines = value ? g_strsplit(value, "\n", -1) : NULL;

	if (!value)
		return g_strdup(NOTHING);
	return *value ? g_strjoinv("\\n", lines) : g_strdup("\"\"");
}

/* Yours: what the audit row says about the change from OLD to NEW. */
static char *describe(const Setting *setting, const char *old, const char *new)
{
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (setting->type == TYPE_SECRET)
		return g_strdup_printf("%s: %s → %s", setting->name, old ? HIDDEN : NOTHING,
			new ? HIDDEN : NOTHING);
	before = show(old);
	after = show(new);
	return g_strdup_printf("%s: %s → %s", setting->name, before, after);
}

/* Yours, in *FORM: what the row of STEP will hold; NULL: no row. */
static bool make_stored_form(const Settings *settings, const Target *target, const Step *step,
	char **form, GError **error)
{
	const Keyring *keyring = settings_keyring(settings);
	g_autofree char *identity = settings_identity(target->id, step->setting->name);

	if (!step->secret)
		*form = g_strdup(step->value);
	else if (keyring)
		*form = keyring_seal(keyring, identity, step->secret);
	else
		failure_set(error, FAILURE_KEYRING_MISSING, NULL, "no key ring to seal with");
	return !step->secret || keyring;
}

/* What else hangs on the setting of STEP, which was OLD. Before the row itself is changed. */
static bool follow(Settings *settings, DbTransaction *transaction, const Target *target,
	const Step *step, const char *old, const char *actor, GError **error)
{
	SettingKey key = step->setting->key;

	if (key == SETTING_MAILBOXES && target->name)
		return settings_follow_mailboxes(
			transaction, target->id, target->name, step->value, actor, error);
	return key != SETTING_IMAP_PASSWORD ||
	       settings_follow_password(settings, transaction, target->id, old, step->secret,
		       target->generation, error);
}

static bool take_step(Settings *settings, DbTransaction *transaction, const Target *target,
	const Step *step, const char *actor, GError **error)
{
	const char *key = step->setting->name;
	g_autofree char *new = NULL;
	g_autofree char *old = NULL;
	g_autofree char *detail = NULL;

	if (!make_stored_form(settings, target, step, &new, error) ||
		!load_old(transaction, target, key, &old, error))
		return false;
	/* A secret never equals: it is sealed anew each time. */
	if (g_strcmp0(old, new) == 0)
		return true;
	detail = describe(step->setting, old, new);
	return follow(settings, transaction, target, step, old, actor, error) &&
	       (new ? store(transaction, target, key, new, error)
		    : erase(transaction, target, key, error)) &&
	       touch_password(transaction, target, step->setting->key, error) &&
	       audit_add(transaction, actor, new ? "settings.set" : "settings.unset", target->name,
		       detail, error);
}

static bool find_target(
	DbTransaction *transaction, const char *user, Target *target, GError **error)
{
	g_autoptr(User) found = NULL;

	if (!user)
		return true;
	found = user_find(transaction, user, error);
	if (!found)
		return false;
	target->id = found->id;
	target->name = g_steal_pointer(&found->name);
	return true;
}

bool settings_start_generation(DbTransaction *transaction, int64_t *generation, GError **error)
{
	return db_get_int(transaction, generation, 0, error,
		"UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
		" WHERE name = 'generation' RETURNING CAST(value AS INTEGER)");
}

/* Notes that TARGET's scope changes in this generation. */
static bool mark_scope(DbTransaction *transaction, const Target *target, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO setting_scopes (user_id, generation) VALUES ($1, $2)"
		" ON CONFLICT (user_id) DO UPDATE SET generation = excluded.generation",
		db_int(target->id), db_int(target->generation));
}

static bool take_steps(Settings *settings, DbTransaction *transaction, const char *user,
	const GPtrArray *steps, const char *actor, GError **error)
{
	g_auto(Target) target = {0};

	if (!find_target(transaction, user, &target, error) ||
		!settings_start_generation(transaction, &target.generation, error) ||
		!mark_scope(transaction, &target, error))
		return false;
	for (guint i = 0; i < steps->len; i++) {
		if (!take_step(settings, transaction, &target, g_ptr_array_index(steps, i), actor,
			    error))
			return false;
	}
	return true;
}

static SettingScope scope_of(const char *user)
{
	return user ? SCOPE_USER : SCOPE_GLOBAL;
}

bool settings_apply_in(Settings *settings, DbTransaction *transaction, const char *user,
	const SettingChange *changes, size_t count, const char *actor, GError **error)
{
	g_autoptr(GPtrArray) steps = check_changes(scope_of(user), changes, count, error);

	return steps && take_steps(settings, transaction, user, steps, actor, error);
}

typedef struct Application {
	Settings *settings;
	const char *user;
	const GPtrArray *steps;
	int64_t expected_generation;
	const char *actor;
	SettingSnapshot *result; /* the globals as they are with the changes */
} Application;

/* Whether USER's scope is still as it was in the generation EXPECTED (0: however it is). */
static bool check_generation(
	DbTransaction *transaction, const char *user, int64_t expected, GError **error)
{
	g_auto(Target) target = {0};
	int64_t changed;

	if (expected == 0)
		return true;
	if (!find_target(transaction, user, &target, error) ||
		!db_get_int(transaction, &changed, 0, error,
			"SELECT generation FROM setting_scopes WHERE user_id = $1",
			db_int(target.id)))
		return false;
	if (expected >= changed)
		return true;
	failure_set(error, FAILURE_SETTINGS_CHANGED, NULL,
		"changed in generation %" PRId64 ", expected %" PRId64, changed, expected);
	return false;
}

static bool apply_in_transaction(DbTransaction *transaction, void *data, GError **error)
{
	Application *application = data;

	/* Left by an attempt that was rolled back. */
	g_clear_pointer(&application->result, setting_snapshot_unref);
	if (!check_generation(
		    transaction, application->user, application->expected_generation, error) ||
		!take_steps(application->settings, transaction, application->user,
			application->steps, application->actor, error))
		return false;
	application->result = settings_load_globals(transaction, error);
	return application->result != NULL;
}

bool settings_apply(Settings *settings, const char *user, const SettingChange *changes,
	size_t count, int64_t expected_generation, const char *actor, GError **error)
{
	g_autoptr(GPtrArray) steps = check_changes(scope_of(user), changes, count, error);
	Application application = {
		.settings = settings,
		.user = user,
		.steps = steps,
		.expected_generation = expected_generation,
		.actor = actor,
	};
	bool applied =
		steps && db_write(settings_db(settings), apply_in_transaction, &application, error);

	if (applied)
		settings_publish(settings, application.result);
	else
		setting_snapshot_unref(application.result);
	return applied;
}
