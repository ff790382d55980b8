/* Inside of user/: rows of users in joins, tokens, Argon2id's gate, and what ends with a password.
 */
#pragma once

#include "base/hash.h"
#include "user/user_session.h"

/* ---- user.c ---- */

/* The first columns of a SELECT that user_read reads a user from. */
#define USER_COLUMNS                                                                               \
	"users.id, users.name, users.display_name, users.admin, users.archive, users.locked,"      \
	" users.password_hash IS NOT NULL"
#define USER_COLUMN_COUNT 7
User *user_read(DbRows *rows);

/* ---- user_token.c ---- */

#define TOKEN_NOTE_SECONDS 60 /* how often it is noted that a session or key is in use */

/* What is stored of TOKEN. It is random, so one round without salt is enough. */
void user_token_hash(const char *token, uint8_t hash[static SHA256_SIZE]);
/* Notes at NOW, by FUNCTION, that what HASH stands for is in use. Waits for no other writer, and a
 * full disk ends nobody's session: the next request tries again. */
typedef struct TokenNote {
	const uint8_t *hash;
	int64_t now;
} TokenNote;
void user_token_note(Db *db, DbFunction *function, const uint8_t *hash, int64_t now);

/* ---- user_password.c ---- */

/* At most four Argon2id run in this process, the others wait; user_password_is only in between. */
void user_password_enter(void);
void user_password_leave(void);
bool user_password_is(const char *password_hash, const Secret *password);

/* What a proof holds of PASSWORD_HASH (NULL: there is none). */
void user_password_digest(const char *password_hash, uint8_t digest[static SHA256_SIZE]);

/* ---- user_try.c, user_invitation.c ---- */

/* What an unknown name's password is compared with, at the cost of user_hash_password's. */
extern const char user_nobodys_hash[];
/* The wrong passwords for NAME do not count any more. */
bool user_try_forget(DbTransaction *transaction, const char *name, GError **error);
/* The link of USER_ID, if there is one, is void. */
bool invitation_end(DbTransaction *transaction, int64_t user_id, GError **error);
