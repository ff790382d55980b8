/* What the files of settings/ share. */
#pragma once

#include "settings/settings.h"

#define PROXY_PORT_HTTP "3128"
#define PROXY_PORT_SOCKS5 "1080"
#define TLS_OFFICE365 "tls1.2+"

/* What one scope stores, by key; NULL: nothing. Secrets stay sealed. */
typedef struct SettingValues {
	char *stored[SETTING_COUNT];
	int64_t generations[SETTING_COUNT]; /* of the last change */
} SettingValues;

void setting_values_clear(SettingValues *values);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SettingValues, setting_values_clear)

/* ---- settings_value.c ---- */

/* The checks of single rows. */
bool settings_check_addresses(const Setting *setting, const char *value, GError **error);
bool settings_check_tenant(const Setting *setting, const char *value, GError **error);
bool settings_check_client(const Setting *setting, const char *value, GError **error);
bool settings_check_token_folder(const Setting *setting, const char *value, GError **error);

/* Which of SETTING's choices VALUE is, as the enum in model/ counts them. */
int settings_choice_index(const Setting *setting, const char *value);

/* ---- settings_store.c ---- */

/* The global scope at one generation; never changes once it is made. */
typedef struct SettingSnapshot SettingSnapshot;

void setting_snapshot_unref(SettingSnapshot *snapshot);
const SettingValues *setting_snapshot_values(const SettingSnapshot *snapshot);
int64_t setting_snapshot_generation(const SettingSnapshot *snapshot);

/* Both scopes as of one moment. */
typedef struct SettingReading {
	SettingSnapshot *globals;
	int64_t user_id; /* 0: the global scope was asked for */
	char *user_name; /* NULL: the same */
	SettingValues own;
} SettingReading;

void setting_reading_clear(SettingReading *reading);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SettingReading, setting_reading_clear)

/* USER NULL: the global scope. FAILURE_USER_UNKNOWN. */
bool settings_read(Settings *settings, const char *user, SettingReading *reading, GError **error);

/* settings_follow.c. MAILBOXES (NULL: none) are USER's from now on: nothing is kept of others, with
 * an audit row where that was a password. */
bool settings_follow_mailboxes(DbTransaction *transaction, int64_t user_id, const char *user,
	const char *mailboxes, const char *actor, GError **error);
/* imap.password of USER_ID (0: the global one), sealed as OLD, is stored as NEW with GENERATION: if
 * it is the same, what servers said to it still holds for further mailboxes, so that none is asked
 * in vain. Called before its row changes. */
bool settings_follow_password(Settings *settings, DbTransaction *transaction, int64_t user_id,
	const char *old, const Secret *new, int64_t generation, GError **error);

bool settings_read_generation(DbTransaction *transaction, int64_t *generation, GError **error);

/* Loads the globals with their generation inside TRANSACTION; yours. */
SettingSnapshot *settings_load_globals(DbTransaction *transaction, GError **error);
/* Takes SNAPSHOT, which was committed, and makes it the current one if it is newer. */
void settings_publish(Settings *settings, SettingSnapshot *snapshot);

Db *settings_db(Settings *settings);
/* NULL: it is missing. */
const Keyring *settings_keyring(const Settings *settings);

/* Yours: what a sealed value is bound to. USER_ID 0: the global scope. */
char *settings_identity(int64_t user_id, const char *key);

/* ---- settings_mailboxes.c ---- */

typedef struct MailboxCache MailboxCache; /* any thread */
MailboxCache *mailbox_cache_new(void);
void mailbox_cache_free(MailboxCache *cache);
MailboxCache *settings_mailbox_cache(const Settings *settings);

/* ---- settings_resolve.c ---- */

/* settings_mailboxes as the database says it; *GENERATION: as of when. */
GStrv settings_resolve_mailboxes(
	Settings *settings, const char *user, int64_t *generation, GError **error);

/* ---- settings_effective.c ---- */

typedef struct EffectiveValue {
	const char *value; /* borrowed from the reading; sealed for a secret; NULL: none */
	SettingOrigin origin;
} EffectiveValue;

typedef struct Effective {
	EffectiveValue values[SETTING_COUNT];
} Effective;

/* THE decision (settings_effective.c) for all keys of the scope that READING is of. */
void settings_decide(const SettingReading *reading, Effective *effective);
