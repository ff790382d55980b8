/* The people: name, rights, password hash (Argon2id), locked or not. Their mail settings are in
 * settings/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/secret.h"
#include "db/db.h"

#define USER_NAME_LIMIT 64

typedef struct User {
	int64_t id;
	char *name;
	char *display_name; /* NULL: none */
	bool admin;
	bool archive; /* the right Archiv: sees all mails */
	bool locked;
	bool has_password;
} User;

void user_free(User *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(User, user_free)

/* The rule for names: 1 to 64 of letters (of any script, NFC), digits, . _ - @, no leading dot;
 * FAILURE_USER_NAME_INVALID. */
bool user_check_name(const char *name, GError **error);
/* At most 200 characters, no control characters; NULL is fine. FAILURE_DISPLAY_NAME_INVALID. */
bool user_check_display_name(const char *name, GError **error);

/* In TRANSACTION: adds USER (id is set) with the already hashed PASSWORD_HASH (nullable). A name
 * that exists in any case: FAILURE_USER_EXISTS. Writes the audit row. */
bool user_add(DbTransaction *transaction, User *user, const char *password_hash, const char *actor,
	GError **error);

/* Yours. FAILURE_USER_UNKNOWN. The name is compared without regard to case. */
User *user_find(DbTransaction *transaction, const char *name, GError **error);
/* All, by name; User *. */
GPtrArray *user_list(DbTransaction *transaction, GError **error);

/* Gives USER the display name and rights of AFTER; they hold from the next request on. *CHANGED:
 * whether anything was another; only then there is an audit row, "user.change".
 * FAILURE_DISPLAY_NAME_INVALID. */
bool user_change(DbTransaction *transaction, const User *user, const User *after, const char *actor,
	bool *changed, GError **error);
/* Locking ends the user's sessions and open invitation; keys of the API rest until unlocked. */
bool user_set_locked(DbTransaction *transaction, const char *name, bool locked, const char *actor,
	GError **error);
/* Ends the user's sessions and open invitation, and lets wrong tries not count any more. */
bool user_set_password(DbTransaction *transaction, const char *name, const char *password_hash,
	const char *actor, GError **error);
/* Removes the person, the settings, sessions and API keys; archived mails and audit rows stay, with
 * the name. */
bool user_remove(DbTransaction *transaction, const char *name, const char *actor, GError **error);

/* Whether anybody could sign in to the page as an administrator: not locked, with a password. */
bool user_has_administrator(Db *db, bool *has, GError **error);
/* Whether nobody could any more without USER. */
bool user_is_last_administrator(
	DbTransaction *transaction, const User *user, bool *last, GError **error);

typedef struct UserCounts {
	int64_t users;
	int64_t locked;
} UserCounts;

bool user_count(Db *db, UserCounts *counts, GError **error);

/* Whether PASSWORD may be chosen for NAME, who need not be there yet: 8 to 1,024 bytes, neither the
 * name nor the present one. FAILURE_PASSWORD_INVALID. As slow as the next. */
bool user_check_password(Db *db, const char *name, const Secret *password, GError **error);
/* Argon2id (INTERACTIVE: 64 MiB, about 0.1 s; never call it in a transaction). Yours. Passwords of
 * fewer than 8 or more than 1,024 bytes: FAILURE_PASSWORD_INVALID. */
char *user_hash_password(const Secret *password, GError **error);
bool user_verify_password(const char *password_hash, const Secret *password);
