/* Sessions of the page. Each request looks its session up, so that is one read; that it is in use
 * is written once a minute, by whoever can write at once. */
#include "user/user_internal.h"

#include <string.h>
#include <sodium.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

#define SESSION_LIMIT 20 /* a user */

/* The form's token is this one's HMAC under the session's: neither tells the other. */
#define CSRF_LABEL "amtspost form"

void session_free(Session *session)
{
	if (!session)
		return;
	user_free(session->user);
	g_free(session->csrf);
	g_free(session);
}

void password_proof_clear(PasswordProof *proof)
{
	g_clear_pointer(&proof->name, g_free);
}

typedef struct Start {
	const PasswordProof *proof;
	const char *address;
	uint8_t hash[SHA256_SIZE];
	const char *password_hash; /* the new password's; NULL: it stays */
	const char *actor;	   /* who changes it */
} Start;

/* Removes what is over, of everybody, and what is too much, of USER_ID. */
static bool make_room(DbTransaction *transaction, int64_t user_id, int64_t now, GError **error)
{
	return db_run(transaction, error, "DELETE FROM sessions WHERE started <= $1 OR used <= $2",
		       db_int(now - SESSION_SECONDS), db_int(now - SESSION_IDLE_SECONDS)) &&
	       db_run(transaction, error,
		       "DELETE FROM sessions WHERE user_id = $1 AND token_hash NOT IN"
		       " (SELECT token_hash FROM sessions WHERE user_id = $1"
		       " ORDER BY started DESC, used DESC LIMIT $2)",
		       db_int(user_id), db_int(SESSION_LIMIT - 1));
}

static bool audit_start(
	DbTransaction *transaction, const User *user, const char *address, GError **error)
{
	g_autofree char *shown = text_for_terminal(address);
	g_autofree char *detail = g_strdup_printf("address: %s", shown);

	return audit_add(transaction, user->name, "session.start", user->name, detail, error);
}

/* Answers false with CHANGED if the password of the user ID is not PROOF's any more. */
static bool check_proof(DbTransaction *transaction, const PasswordProof *proof, int64_t id,
	Failure changed, GError **error)
{
	uint8_t digest[SHA256_SIZE];
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT password_hash FROM users WHERE id = $1", db_int(id));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (!db_rows_next(rows, &failed)) {
		g_propagate_error(error, failed);
		return false;
	}
	user_password_digest(db_rows_text(rows, 0), digest);
	if (sodium_memcmp(digest, proof->digest, sizeof digest) == 0)
		return true;
	failure_set(error, changed, NULL, "the password has changed meanwhile");
	return false;
}

/* Yours: PROOF's user, who may start a session. */
static User *find_proved(
	DbTransaction *transaction, const PasswordProof *proof, Failure changed, GError **error)
{
	g_autoptr(User) user = user_find(transaction, proof->name, error);

	if (!user)
		return NULL;
	if (user->locked) {
		failure_set(error, FAILURE_USER_LOCKED, user->name, "user is locked");
		return NULL;
	}
	return check_proof(transaction, proof, user->id, changed, error) ? g_steal_pointer(&user)
									 : NULL;
}

static bool add_session(
	DbTransaction *transaction, const Start *start, const User *user, GError **error)
{
	int64_t now = clock_now();

	return make_room(transaction, user->id, now, error) &&
	       db_run(transaction, error,
		       "INSERT INTO sessions (token_hash, user_id, started, used)"
		       " VALUES ($1, $2, $3, $3)",
		       db_blob(start->hash, sizeof start->hash), db_int(user->id), db_int(now)) &&
	       audit_start(transaction, user, start->address, error);
}

static bool start_in(DbTransaction *transaction, void *data, GError **error)
{
	const Start *start = data;
	g_autoptr(User) user = find_proved(transaction, start->proof, FAILURE_PAGE_PASSWORD, error);

	return user && add_session(transaction, start, user, error);
}

static bool change_in(DbTransaction *transaction, void *data, GError **error)
{
	const Start *start = data;
	g_autoptr(User) user =
		find_proved(transaction, start->proof, FAILURE_PAGE_FORMER_PASSWORD, error);

	return user &&
	       user_set_password(
		       transaction, user->name, start->password_hash, start->actor, error) &&
	       add_session(transaction, start, user, error);
}

/* Runs FUNCTION with START and a token that it makes. */
static bool run_start(Db *db, DbFunction *function, Start *start, char **token, GError **error)
{
	g_autofree char *made = user_token_make();

	user_token_hash(made, start->hash);
	if (!db_write(db, function, start, error))
		return false;
	*token = g_steal_pointer(&made);
	return true;
}

bool session_start(
	Db *db, const PasswordProof *proof, const char *address, char **token, GError **error)
{
	Start start = {.proof = proof, .address = address};

	return run_start(db, start_in, &start, token, error);
}

bool session_change_password(Db *db, const PasswordProof *proof, const Secret *chosen,
	const char *actor, const char *address, char **token, GError **error)
{
	g_autofree char *hash = user_check_password(db, proof->name, chosen, error)
					? user_hash_password(chosen, error)
					: NULL;
	Start start = {.proof = proof, .address = address, .password_hash = hash, .actor = actor};

	return hash && run_start(db, change_in, &start, token, error);
}

typedef struct Lookup {
	uint8_t hash[SHA256_SIZE];
	int64_t now;
	Session *session; /* NULL: there is none */
	int64_t used;
} Lookup;

static bool find_in(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " USER_COLUMNS ", sessions.started, sessions.used"
		" FROM sessions JOIN users ON users.id = sessions.user_id"
		" WHERE sessions.token_hash = $1 AND sessions.started > $2 AND sessions.used > $3"
		" AND users.locked = 0",
		db_blob(lookup->hash, sizeof lookup->hash), db_int(lookup->now - SESSION_SECONDS),
		db_int(lookup->now - SESSION_IDLE_SECONDS));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		lookup->session = g_new0(Session, 1);
		lookup->session->user = user_read(rows);
		lookup->session->started = db_rows_int(rows, USER_COLUMN_COUNT);
		lookup->used = db_rows_int(rows, USER_COLUMN_COUNT + 1);
	}
	return db_rows_end(failed, error);
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	const int64_t now = clock_now();

	return db_get_int(transaction, data, 0, error,
		"SELECT count(*) FROM sessions WHERE started > $1 AND used > $2",
		db_int(now - SESSION_SECONDS), db_int(now - SESSION_IDLE_SECONDS));
}

bool session_count(Db *db, int64_t *count, GError **error)
{
	return db_read(db, count_in, count, error);
}

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const TokenNote *note = data;

	return db_run(transaction, error,
		"UPDATE sessions SET used = $1 WHERE token_hash = $2 AND used <= $3",
		db_int(note->now), db_blob(note->hash, SHA256_SIZE),
		db_int(note->now - TOKEN_NOTE_SECONDS));
}

/* Yours. */
static char *make_csrf(const char *token)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	const size_t size = sodium_base64_ENCODED_LEN(SHA256_SIZE, variant);
	char *csrf = g_malloc(size);
	uint8_t digest[SHA256_SIZE];

	hash_hmac(HASH_SHA256, token, strlen(token), CSRF_LABEL, strlen(CSRF_LABEL), digest);
	return sodium_bin2base64(csrf, size, digest, sizeof digest, variant);
}

Session *session_find(Db *db, const char *token, GError **error)
{
	Lookup lookup = {.now = clock_now()};
	g_autoptr(Session) session = NULL;
	bool done;

	if (!token)
		return NULL;
	user_token_hash(token, lookup.hash);
	done = db_read(db, find_in, &lookup, error);
	session = lookup.session;
	if (!done || !session)
		return NULL;
	session->csrf = make_csrf(token);
	if (lookup.used <= lookup.now - TOKEN_NOTE_SECONDS)
		user_token_note(db, note_in, lookup.hash, lookup.now);
	return g_steal_pointer(&session);
}

static bool end_in(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error, "DELETE FROM sessions WHERE token_hash = $1",
		db_blob(data, SHA256_SIZE));
}

bool session_end(Db *db, const char *token, GError **error)
{
	uint8_t hash[SHA256_SIZE];

	user_token_hash(token, hash);
	return db_write(db, end_in, hash, error);
}

bool session_end_all(DbTransaction *transaction, int64_t user_id, const char *keep, GError **error)
{
	uint8_t hash[SHA256_SIZE] = {0};

	if (keep)
		user_token_hash(keep, hash);
	return db_run(transaction, error,
		"DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2", db_int(user_id),
		db_blob(hash, sizeof hash));
}

bool session_check_csrf(const Session *session, const char *form_token)
{
	size_t size = strlen(session->csrf);

	return form_token && strlen(form_token) == size &&
	       sodium_memcmp(session->csrf, form_token, size) == 0;
}
