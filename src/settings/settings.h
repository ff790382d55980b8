/* THE settings: one row a key (settings_table.c), two scopes, values checked by the row. Forms,
 * command line, API, audit, manual and handbook are loops over the table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/keyring.h"
#include "base/secret.h"
#include "db/db.h"
#include "model/account.h"

typedef enum SettingKey {
	SETTING_INTERFACE,
	SETTING_ACCOUNT,
	SETTING_MAILBOXES,
	SETTING_IMAP_USE_DEFAULT,
	SETTING_IMAP_HOST,
	SETTING_IMAP_PORT,
	SETTING_IMAP_TLS,
	SETTING_IMAP_USERNAME,
	SETTING_IMAP_PASSWORD,
	SETTING_IMAP_PROXY_TYPE,
	SETTING_IMAP_PROXY_HOST,
	SETTING_IMAP_PROXY_PORT,
	SETTING_IMAP_PROXY_USERNAME,
	SETTING_IMAP_PROXY_PASSWORD,
	SETTING_SMTP_USE_DEFAULT,
	SETTING_SMTP_HOST,
	SETTING_SMTP_PORT,
	SETTING_SMTP_TLS,
	SETTING_SMTP_USERNAME,
	SETTING_SMTP_PASSWORD,
	SETTING_SMTP_PROXY_TYPE,
	SETTING_SMTP_PROXY_HOST,
	SETTING_SMTP_PROXY_PORT,
	SETTING_SMTP_PROXY_USERNAME,
	SETTING_SMTP_PROXY_PASSWORD,
	SETTING_SMTP_SIGNATURE,
	SETTING_IMPORT_HIDDEN_FOLDERS,
	SETTING_IMPORT_AFTER,
	SETTING_IMPORT_AFTER_FOLDER,
	SETTING_OAUTH_AUTHORITY,
	SETTING_OAUTH_TENANT,
	SETTING_OAUTH_CLIENT_ID,
	SETTING_OAUTH_CLIENT_SECRET,
	SETTING_OAUTH_REDIRECT_URI,
	SETTING_OAUTH_SCOPES,
	SETTING_OAUTH_TOKEN_FOLDER,
	SETTING_OFFICE_NAME,
	SETTING_TLS_CA_FILE,
	SETTING_NETWORK_TIMEOUT,
	SETTING_COUNT
} SettingKey;

typedef enum SettingScope { SCOPE_GLOBAL = 1, SCOPE_USER = 2 } SettingScope;

typedef enum SettingType {
	TYPE_TEXT,    /* one line, no control characters */
	TYPE_LINES,   /* several lines */
	TYPE_INTEGER, /* minimum to maximum */
	TYPE_BOOLEAN, /* true, false */
	TYPE_CHOICE,  /* one of choices */
	TYPE_HOST,    /* host name, IPv4, IPv6 */
	TYPE_ADDRESS, /* one mail address */
	TYPE_LIST,    /* items joined by ; */
	TYPE_SECRET,
	TYPE_FILE, /* absolute path */
	TYPE_URL,
} SettingType;

typedef struct SettingChoice {
	const char *value; /* "tls1.2+" */
	const char *label; /* N_("ab TLS 1.2") */
} SettingChoice;

typedef struct Setting {
	SettingKey key;
	const char *name; /* "imap.host" */
	SettingType type;
	unsigned scopes;      /* SettingScope bits */
	bool clerk;	      /* clerks may change their own */
	bool may_be_empty;    /* "" is a value: none, or nothing in the list */
	const char *group;    /* N_("IMAP") */
	const char *label;    /* N_("Servername bzw. IP") */
	const char *help;     /* N_(…) one German sentence */
	const char *fallback; /* default; NULL: none */
	int minimum, maximum;
	const char *unit;	      /* N_("Sekunden") or NULL */
	const SettingChoice *choices; /* ended by a NULL value */
	/* A check beyond the type, NULL: none. Sets FAILURE_SETTING_INVALID. */
	bool (*check)(const struct Setting *setting, const char *value, GError **error);
} Setting;

const Setting *settings_get_row(SettingKey key);
/* The port of a proxy of KIND ("http", "socks5") that none is set for. */
const char *settings_proxy_port(const char *kind);
/* By name; FAILURE_SETTING_UNKNOWN. */
const Setting *settings_find_row(const char *name, GError **error);

/* Checks VALUE by its row and answers the normal form ("993", addresses joined by ';' without
 * blanks and doubles). Yours. FAILURE_SETTING_INVALID names key and value (never a secret's). */
char *settings_normalise(const Setting *setting, const char *value, GError **error);

/* Whether SECRET can be the value of SETTING, a TYPE_SECRET: neither empty nor too long, no control
 * characters. FAILURE_SETTING_INVALID. */
bool settings_check_secret(const Setting *setting, const Secret *secret, GError **error);

/* The store: opened once a process, any thread. Borrows DB and KEYRING. */
typedef struct Settings Settings;
/* Whether DB has its check value, so that a key ring belongs to it. */
bool settings_expect_keyring(Db *db, bool *expected, GError **error);
/* Gives up what was sealed with a lost ring: KEYRING, a new one, becomes DB's. With an audit row.
 */
bool settings_renew_keyring(Db *db, const Keyring *keyring, const char *actor, GError **error);
/* Checks the key ring against the database's check value (made at the first start):
 * FAILURE_KEYRING_WRONG. KEYRING NULL, the ring is missing: secrets do not open
 * (FAILURE_SECRET_UNREADABLE) and cannot be stored (FAILURE_KEYRING_MISSING), all else works. */
Settings *settings_open(Db *db, Keyring *keyring, GError **error);
void settings_close(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_close)

/* One change. VALUE NULL: unset (back to default; for hidden folders "never changed"). */
typedef struct SettingChange {
	const Setting *setting;
	const char *value;    /* as typed; for TYPE_SECRET use secret */
	const Secret *secret; /* TYPE_SECRET only; NULL: unset */
} SettingChange;

/* Applies all COUNT changes or none, in one transaction with audit rows and generation + 1. USER
 * NULL: the global scope. EXPECTED_GENERATION 0: whatever it is; else FAILURE_SETTINGS_CHANGED if
 * somebody has changed this scope since that generation. A key outside its scope:
 * FAILURE_SETTING_SCOPE. */
bool settings_apply(Settings *settings, const char *user, const SettingChange *changes,
	size_t count, int64_t expected_generation, const char *actor, GError **error);

/* The same inside a caller's transaction (user import): all values are checked already by
 * settings_normalise. */
bool settings_apply_in(Settings *settings, DbTransaction *transaction, const char *user,
	const SettingChange *changes, size_t count, const char *actor, GError **error);

bool settings_generation(Settings *settings, int64_t *generation, GError **error);
/* Begins a new generation in TRANSACTION: for what is no setting, but decides as they do how a user
 * signs in. */
bool settings_start_generation(DbTransaction *transaction, int64_t *generation, GError **error);

typedef enum SettingOrigin { ORIGIN_DEFAULT, ORIGIN_GLOBAL, ORIGIN_USER } SettingOrigin;

/* One effective value as people see it. */
typedef struct SettingView {
	const Setting *setting;
	char *value;	      /* effective; NULL: none, or a secret */
	SettingOrigin origin; /* of the effective value */
	bool set;	      /* stored in the asked scope */
	char *stored;	      /* what is stored in the asked scope, NULL: nothing or a secret */
	int64_t generation;   /* of what is stored in the asked scope, 0: nothing */
} SettingView;

void setting_view_clear(SettingView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SettingView, setting_view_clear)

/* "user", "global", "default" */
const char *settings_origin_name(SettingOrigin origin);

/* Fills *VIEW for SETTING and USER (NULL: the global scope). */
bool settings_view(Settings *settings, const char *user, const Setting *setting, SettingView *view,
	GError **error);

/* All settings of the scope, SettingView *, in the table's order, from one snapshot. */
GPtrArray *settings_view_all(Settings *settings, const char *user, GError **error);

/* What to know about SETTING as it is stored now in USER's scope: a German sentence in *WARNING,
 * yours, if it takes no effect for now or cannot work as it is; else NULL. */
bool settings_warn(Settings *settings, const char *user, const Setting *setting, char **warning,
	GError **error);

/* The same for the COUNT settings KEYS at once: each sentence (char *) once; yours. */
GPtrArray *settings_warn_each(
	Settings *settings, const char *user, const SettingKey *keys, size_t count, GError **error);

/* The effective settings of USER as plain values with the current generation; the one function that
 * decides them. Nothing is checked for completeness: settings_require does. */
Account *settings_resolve(Settings *settings, const char *user, GError **error);

/* The addresses of the mailboxes of the user USER with USER_ID, as settings_resolve has them, the
 * account first; NULL-terminated, yours. Asked for with each page of the archive, so they are kept
 * until any setting changes. */
GStrv settings_mailboxes(Settings *settings, int64_t user_id, const char *user, GError **error);

/* What addresses and sentences need of the OAuth client (no secret, no proxy), as it is set for
 * everybody. FAILURE_SETTING_MISSING: it has no id. */
bool settings_resolve_client(Settings *settings, OauthClient *client, GError **error);

/* Whether ACCOUNT can be used for PROTOCOL: not disabled; account, host and, for Office 365, the
 * OAuth client's id set (FAILURE_INTERFACE_DISABLED, FAILURE_SETTING_MISSING: status 3). */
bool settings_require(const Account *account, MailProtocol protocol, GError **error);

/* The names that the standard list of hidden folders holds, NULL-terminated. */
const char *const *settings_hidden_standard(void);
