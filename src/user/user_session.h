/* Signing in to the page: sessions, one-time invitations, keys of the API, and how often somebody
 * may try. Only hashes of what browsers and programs hold are stored, so the database opens
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/hash.h"
#include "user/user.h"

/* Without a request for so long, or this old, a session is over. Seconds. */
#define SESSION_IDLE_SECONDS (2 * 60 * 60)
#define SESSION_SECONDS (12 * 60 * 60)
#define INVITATION_SECONDS (7 * 24 * 60 * 60)

/* 256 random bits in 43 letters of base64url; yours. */
char *user_token_make(void);

/* ---- sessions ---- */

typedef struct Session {
	User *user;
	char *csrf;	 /* goes into every form of this session */
	int64_t started; /* seconds since 1970 */
} Session;

void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* That somebody knew a password; it holds as long as that is the user's. */
typedef struct PasswordProof {
	char *name;		     /* the user's, as it is stored */
	uint8_t digest[SHA256_SIZE]; /* of the stored hash that was compared with */
} PasswordProof;

void password_proof_clear(PasswordProof *proof);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PasswordProof, password_proof_clear)

/* A new session of PROOF's user for somebody at ADDRESS; *TOKEN, yours, is what the browser holds
 * (43 letters of base64url, 256 bits). Ends old ones beyond 20 of this user. Audit row
 * "session.start". FAILURE_USER_UNKNOWN, FAILURE_USER_LOCKED; FAILURE_PAGE_PASSWORD: the password
 * has changed meanwhile. */
bool session_start(
	Db *db, const PasswordProof *proof, const char *address, char **token, GError **error);
/* Gives PROOF's user the password CHOSEN, which ends all sessions, and starts a new one, as above:
 * all or nothing. FAILURE_PASSWORD_INVALID; FAILURE_PAGE_FORMER_PASSWORD: the password has changed
 * meanwhile. */
bool session_change_password(Db *db, const PasswordProof *proof, const Secret *chosen,
	const char *actor, const char *address, char **token, GError **error);
/* The living session behind TOKEN (nullable), yours; NULL without *ERROR: there is none (over,
 * ended, its user locked or removed). Reads once and waits for no writer; notes that it is in use,
 * at most once a minute, if nobody else is writing just then. */
Session *session_find(Db *db, const char *token, GError **error);
bool session_end(Db *db, const char *token, GError **error);
/* All of USER's but the one of KEEP (NULL: all). user_set_password and user_set_locked have done
 * this: whoever changed the own password starts a new session. */
bool session_end_all(DbTransaction *transaction, int64_t user_id, const char *keep, GError **error);
/* How many are not over. */
bool session_count(Db *db, int64_t *count, GError **error);
/* Whether FORM_TOKEN (nullable) is SESSION's, compared in constant time. */
bool session_check_csrf(const Session *session, const char *form_token);

/* ---- trying passwords ---- */

typedef enum SessionTry {
	SESSION_TRY_OK,
	SESSION_TRY_WRONG,     /* name or password, whichever */
	SESSION_TRY_LOCKED,    /* the password is right, the user is locked */
	SESSION_TRY_TOO_OFTEN, /* not even tried */
} SessionTry;

/* Checks PASSWORD of the user NAME for somebody at ADDRESS (the browser's, not a proxy's). After 5
 * wrong ones for a name, or 20 from an address (IPv6: from its 64 bits), within 15 minutes, in all
 * processes, further ones are not tried (*WAIT: seconds until one is, else 0). A right one lets
 * those for the name, and its wrong ones from here, not count any more; that of a locked user
 * counts. An unknown name costs the same time. At most four Argon2id run at a time. On success
 * *PROOF is what session_start takes. Audit rows "session.refused", by "web:ADDRESS", without names
 * that are unknown. */
bool session_try(Db *db, const char *name, const Secret *password, const char *address,
	SessionTry *outcome, PasswordProof *proof, int64_t *wait, GError **error);

/* ---- invitations: links by which a person chooses a password, once ---- */

/* *TOKEN, yours, goes into the link and is good for INVITATION_SECONDS. An earlier one of this user
 * is void; a new password makes it void, too. Audit row "user.invite". FAILURE_USER_UNKNOWN,
 * FAILURE_USER_LOCKED. */
bool invitation_make(Db *db, const char *name, const char *actor, char **token, GError **error);
/* An invitation that was just made. */
typedef struct Invited {
	int64_t user_id;
	char *name;
	char *display_name; /* NULL: none */
	char *account;	    /* NULL: none */
	char *token;
} Invited;

void invited_free(Invited *invited);

/* One for each user who has no password and is not locked, all or none: Invited *, by name. Earlier
 * ones of these users are void. */
GPtrArray *invitation_make_all(Db *db, const char *actor, GError **error);
/* How many that would be. */
bool invitation_count_wanting(Db *db, int64_t *count, GError **error);
/* Whose it is, yours; NULL without *ERROR: it is unknown, used or too old, or its user locked. */
User *invitation_find(Db *db, const char *token, GError **error);
/* Sets the password, ends the invitation and all sessions of its user. FAILURE_INVITATION_OVER,
 * FAILURE_PASSWORD_INVALID. */
bool invitation_use(Db *db, const char *token, const Secret *password, GError **error);

/* ---- keys of the API ---- */

typedef struct ApiKey {
	char *label;
	char *user;
	int64_t created;
	int64_t expires; /* 0: never */
	int64_t used;	 /* 0: not yet; to the minute */
} ApiKey;

void api_key_free(ApiKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiKey, api_key_free)

/* *KEY, yours: "amtspost_" and 43 letters, shown once. Labels (1 to 100 characters) are unique
 * without regard to case: FAILURE_KEY_EXISTS, FAILURE_KEY_LABEL. EXPIRES 0: never; in the past:
 * FAILURE_KEY_EXPIRES. FAILURE_USER_UNKNOWN. Audit row "apikey.add". */
bool api_key_add(Db *db, const char *label, const char *user, int64_t expires, const char *actor,
	char **key, GError **error);
GPtrArray *api_key_list(Db *db, GError **error); /* ApiKey *, by label */
/* Yours; FAILURE_KEY_UNKNOWN. */
ApiKey *api_key_get(Db *db, const char *label, GError **error);
/* FAILURE_KEY_UNKNOWN. Audit row "apikey.remove". */
bool api_key_remove(Db *db, const char *label, const char *actor, GError **error);
/* Whose KEY is, yours; NULL without *ERROR: unknown, expired, its user locked. */
User *api_key_find(Db *db, const char *key, GError **error);
