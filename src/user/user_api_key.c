/* Keys of the API: what programs show instead of a password. */
#include "user/user_internal.h"

#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

#define KEY_PREFIX "amtspost_" /* so that a search for leaked keys finds it */
#define LABEL_LIMIT 100	       /* characters */

void api_key_free(ApiKey *key)
{
	if (!key)
		return;
	g_free(key->label);
	g_free(key->user);
	g_free(key);
}

/* Sets FAILURE with LABEL as it may be shown. */
static bool refuse_label(Failure failure, const char *label, GError **error)
{
	g_autofree char *shown = text_for_terminal(label);

	failure_set(error, failure, shown, "API key '%s'", shown);
	return false;
}

static bool check_label(const char *label, GError **error)
{
	if (!text_has_control(label) && strspn(label, " ") < strlen(label) &&
		g_utf8_strlen(label, -1) <= LABEL_LIMIT)
		return true;
	return refuse_label(FAILURE_KEY_LABEL, label, error);
}

static bool check_expiry(int64_t expires, GError **error)
{
	g_autofree char *shown = clock_format(expires);

	if (expires == 0 || expires > clock_now())
		return true;
	failure_set(error, FAILURE_KEY_EXPIRES, shown, "expires %s, which is over", shown);
	return false;
}

typedef struct Change {
	const char *label;
	const char *folded;
	const char *user;
	int64_t expires;
	const char *actor;
	uint8_t hash[SHA256_SIZE];
} Change;

static bool audit_key(DbTransaction *transaction, const Change *change, const char *action,
	const char *label, const char *user, GError **error)
{
	g_autofree char *expires = change->expires ? clock_format(change->expires) : g_strdup("–");
	g_autofree char *detail = g_strdup_printf("user: %s; expires: %s", user, expires);

	return audit_add(transaction, change->actor, action, label, detail, error);
}

static bool add_in(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autoptr(User) user = user_find(transaction, change->user, error);
	int64_t id;

	if (!user ||
		!db_get_int(transaction, &id, 0, error,
			"INSERT INTO api_keys (label, label_folded, key_hash, user_id, created, "
			"expires)"
			" VALUES ($1, $2, $3, $4, $5, $6)"
			" ON CONFLICT (label_folded) DO NOTHING RETURNING id",
			db_text(change->label), db_text(change->folded),
			db_blob(change->hash, SHA256_SIZE), db_int(user->id), db_int(clock_now()),
			change->expires ? db_int(change->expires) : db_null()))
		return false;
	if (id == 0)
		return refuse_label(FAILURE_KEY_EXISTS, change->label, error);
	return audit_key(transaction, change, "apikey.add", change->label, user->name, error);
}

bool api_key_add(Db *db, const char *label, const char *user, int64_t expires, const char *actor,
	char **key, GError **error)
{
	g_autofree char *token = user_token_make();
	g_autofree char *made = g_strconcat(KEY_PREFIX, token, NULL);
	g_autofree char *folded = text_fold(label);
	Change change = {
		.label = label, .folded = folded, .user = user, .expires = expires, .actor = actor};

	user_token_hash(made, change.hash);
	if (!check_label(label, error) || !check_expiry(expires, error) ||
		!db_write(db, add_in, &change, error))
		return false;
	*key = g_steal_pointer(&made);
	return true;
}

static ApiKey *read_key(DbRows *rows)
{
	ApiKey *key = g_new(ApiKey, 1);

	*key = (ApiKey){
		.label = g_strdup(db_rows_text(rows, 0)),
		.user = g_strdup(db_rows_text(rows, 1)),
		.created = db_rows_int(rows, 2),
		.expires = db_rows_int(rows, 3), /* NULL reads as 0 */
		.used = db_rows_int(rows, 4),
	};
	return key;
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	GPtrArray *keys = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT api_keys.label, users.name, api_keys.created, api_keys.expires,"
		" api_keys.used FROM api_keys JOIN users ON users.id = api_keys.user_id"
		" ORDER BY api_keys.label_folded");
	GError *failed = NULL;

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(keys, read_key(rows));
	return db_rows_end(failed, error);
}

GPtrArray *api_key_list(Db *db, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)api_key_free);

	return db_read(db, list_in, keys, error) ? g_steal_pointer(&keys) : NULL;
}

/* The key that CHANGE names, as it is told to the audit log; NULL: there is none, or *ERROR. */
static ApiKey *find_key(DbTransaction *transaction, const Change *change, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT api_keys.label, users.name, api_keys.created, api_keys.expires,"
		" api_keys.used FROM api_keys JOIN users ON users.id = api_keys.user_id"
		" WHERE api_keys.label_folded = $1",
		db_text(change->folded));
	GError *failed = NULL;

	if (!rows)
		return NULL;
	if (db_rows_next(rows, &failed))
		return read_key(rows);
	if (failed)
		g_propagate_error(error, failed);
	else
		refuse_label(FAILURE_KEY_UNKNOWN, change->label, error);
	return NULL;
}

typedef struct Search {
	const Change *change;
	ApiKey *key;
} Search;

static bool get_in(DbTransaction *transaction, void *data, GError **error)
{
	Search *search = data;

	search->key = find_key(transaction, search->change, error);
	return search->key != NULL;
}

ApiKey *api_key_get(Db *db, const char *label, GError **error)
{
	g_autofree char *folded = text_fold(label);
	const Change change = {.label = label, .folded = folded};
	Search search = {.change = &change};

	return db_read(db, get_in, &search, error) ? search.key : NULL;
}

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	Change *change = data;
	g_autoptr(ApiKey) key = find_key(transaction, change, error);

	if (!key)
		return false;
	change->expires = key->expires;
	return db_run(transaction, error, "DELETE FROM api_keys WHERE label_folded = $1",
		       db_text(change->folded)) &&
	       audit_key(transaction, change, "apikey.remove", key->label, key->user, error);
}

bool api_key_remove(Db *db, const char *label, const char *actor, GError **error)
{
	g_autofree char *folded = text_fold(label);
	Change change = {.label = label, .folded = folded, .actor = actor};

	return db_write(db, remove_in, &change, error);
}

typedef struct Lookup {
	uint8_t hash[SHA256_SIZE];
	int64_t now;
	User *user; /* NULL: nobody's */
	int64_t used;
} Lookup;

static bool find_in(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " USER_COLUMNS ", api_keys.used"
		" FROM api_keys JOIN users ON users.id = api_keys.user_id"
		" WHERE api_keys.key_hash = $1 AND users.locked = 0"
		" AND (api_keys.expires IS NULL OR api_keys.expires > $2)",
		db_blob(lookup->hash, SHA256_SIZE), db_int(lookup->now));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		lookup->user = user_read(rows);
		lookup->used = db_rows_int(rows, USER_COLUMN_COUNT);
	}
	return db_rows_end(failed, error);
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const TokenNote *note = data;

	return db_run(transaction, error,
		"UPDATE api_keys SET used = $1 WHERE key_hash = $2 AND (used IS NULL OR used <= "
		"$3)",
		db_int(note->now), db_blob(note->hash, SHA256_SIZE),
		db_int(note->now - TOKEN_NOTE_SECONDS));
}

User *api_key_find(Db *db, const char *key, GError **error)
{
	Lookup lookup = {.now = clock_now()};
	g_autoptr(User) user = NULL;
	bool done;

	user_token_hash(key, lookup.hash);
	done = db_read(db, find_in, &lookup, error);
	user = lookup.user;
	if (!done || !user)
		return NULL;
	if (lookup.used <= lookup.now - TOKEN_NOTE_SECONDS)
		user_token_note(db, note_in, lookup.hash, lookup.now);
	return g_steal_pointer(&user);
}
