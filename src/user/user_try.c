/* Trying passwords. A try is counted before it is made and given back if it was right, so that any
 * number at once, in several processes, gets no more than the limit. */
#include "user/user_internal.h"

#include <string.h>
#include <arpa/inet.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"

#define TRY_SECONDS (15 * 60)
#define TRIES_FOR_NAME 5
#define TRIES_FROM_ADDRESS 20

const char user_nobodys_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$epM9WtXnfWTZj55D8A9qPQ$"
				 "FdTByyVVJARcDO0MhUI4N+UUx0647N5s1gg8DMdyfOs";

typedef struct Try {
	const char *folded; /* the name */
	uint8_t name_hash[SHA256_SIZE];
	const char *address; /* as the audit log shows it */
	const char *network; /* as it is counted */
	int64_t wait;	     /* seconds; 0: it was tried */
	User *user;	     /* NULL: unknown */
	char *password_hash;
	SessionTry outcome;
} Try;

static void hash_name(const char *folded, uint8_t hash[static SHA256_SIZE])
{
	sha256_of(folded, strlen(folded), hash);
}

/* Yours. Who has one IPv6 address has 2^64 of them. */
static char *network_of(const char *address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;

	if (inet_pton(AF_INET6, address, &six) != 1)
		return text_for_terminal(address);
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return g_strdup(inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof text));
	memset(six.s6_addr + 8, 0, 8);
	return g_strdup(inet_ntop(AF_INET6, &six, text, sizeof text));
}

/* Raises *WAIT to when the oldest of the last LIMIT tries, at TIME (0: not so many), is forgotten.
 */
static void raise_wait(int64_t *wait, int64_t time, int64_t now)
{
	if (time > 0)
		*wait = MAX(*wait, time + TRY_SECONDS - now);
}

/* Sets try->wait: seconds until a further one is possible, 0: now. Times in the future are of a
 * clock that was wrong. */
static bool look(DbTransaction *transaction, Try *try, GError **error)
{
	int64_t now = clock_now();
	int64_t for_name, from_address;

	if (!db_get_int(transaction, &for_name, 0, error,
		    "SELECT time FROM password_tries WHERE name_hash = $1 AND time > $2 AND time "
		    "<= $3"
		    " ORDER BY time DESC LIMIT 1 OFFSET $4",
		    db_blob(try->name_hash, SHA256_SIZE), db_int(now - TRY_SECONDS),
		    db_int(now + TRY_SECONDS), db_int(TRIES_FOR_NAME - 1)) ||
		!db_get_int(transaction, &from_address, 0, error,
			"SELECT time FROM password_tries WHERE address = $1 AND time > $2 AND time "
			"<= $3"
			" ORDER BY time DESC LIMIT 1 OFFSET $4",
			db_text(try->network), db_int(now - TRY_SECONDS), db_int(now + TRY_SECONDS),
			db_int(TRIES_FROM_ADDRESS - 1)))
		return false;
	try->wait = 0;
	raise_wait(&try->wait, for_name, now);
	raise_wait(&try->wait, from_address, now);
	return true;
}

static bool look_in(DbTransaction *transaction, void *data, GError **error)
{
	return look(transaction, data, error);
}

/* Who is meant, if anybody. */
static bool find_user(DbTransaction *transaction, Try *try, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT " USER_COLUMNS ", users.password_hash FROM users WHERE name_folded = $1",
		db_text(try->folded));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		try->user = user_read(rows);
		try->password_hash = g_strdup(db_rows_text(rows, USER_COLUMN_COUNT));
	}
	return db_rows_end(failed, error);
}

static void forget_user(Try *try)
{
	g_clear_pointer(&try->user, user_free);
	g_clear_pointer(&try->password_hash, g_free);
}

/* Counts the try as if it were wrong, unless there were too many. */
static bool begin_in(DbTransaction *transaction, void *data, GError **error)
{
	Try *try = data;
	int64_t now = clock_now();

	forget_user(try);
	if (!look(transaction, try, error))
		return false;
	if (try->wait > 0)
		return true;
	return db_run(transaction, error,
		       "DELETE FROM password_tries WHERE time <= $1 OR time > $2",
		       db_int(now - TRY_SECONDS), db_int(now + TRY_SECONDS)) &&
	       db_run(transaction, error,
		       "INSERT INTO password_tries (name_hash, address, time) VALUES ($1, $2, $3)",
		       db_blob(try->name_hash, SHA256_SIZE), db_text(try->network), db_int(now)) &&
	       find_user(transaction, try, error);
}

/* Whether a right password still is: it may have been changed, its user locked or removed, while it
 * was compared. */
static bool settle_outcome(DbTransaction *transaction, Try *try, GError **error)
{
	int64_t locked;

	if (!db_get_int(transaction, &locked, -1, error,
		    "SELECT locked FROM users WHERE id = $1 AND password_hash = $2",
		    db_int(try->user->id), db_text(try->password_hash)))
		return false;
	try->outcome = locked == 0   ? SESSION_TRY_OK
		       : locked == 1 ? SESSION_TRY_LOCKED
				     : SESSION_TRY_WRONG;
	return true;
}

/* An unknown name is not told: it may be a password in the wrong field. */
static bool audit_refusal(DbTransaction *transaction, const Try *try, GError **error)
{
	g_autofree char *actor = g_strdup_printf("web:%s", try->address);
	const char *detail = try->outcome == SESSION_TRY_LOCKED ? "locked"
			     : !try->user			? "unknown user"
			     : !try->password_hash		? "no password"
								: "wrong password";

	return audit_add(transaction, actor, "session.refused", try->user ? try->user->name : NULL,
		detail, error);
}

/* A person at the own place has made no mistakes in the end; what others tried counts on for
 * theirs.
 */
static bool give_back(DbTransaction *transaction, const Try *try, GError **error)
{
	return db_run(transaction, error,
		       "DELETE FROM password_tries WHERE name_hash = $1 AND address = $2",
		       db_blob(try->name_hash, SHA256_SIZE), db_text(try->network)) &&
	       user_try_forget(transaction, try->folded, error);
}

static bool settle_in(DbTransaction *transaction, void *data, GError **error)
{
	Try *try = data;

	if (try->outcome == SESSION_TRY_OK && !settle_outcome(transaction, try, error))
		return false;
	return try->outcome == SESSION_TRY_OK ? give_back(transaction, try, error)
					      : audit_refusal(transaction, try, error);
}

bool user_try_forget(DbTransaction *transaction, const char *name, GError **error)
{
	g_autofree char *folded = text_fold(name);
	uint8_t hash[SHA256_SIZE];

	hash_name(folded, hash);
	return db_run(transaction, error,
		"UPDATE password_tries SET name_hash = NULL WHERE name_hash = $1",
		db_blob(hash, sizeof hash));
}

/* Compares for nobody as long as for somebody. */
static bool compare(const Try *try, const Secret *password)
{
	bool same = user_password_is(
		try->password_hash ? try->password_hash : user_nobodys_hash, password);

	return same && try->password_hash;
}

/* Counts, compares and settles within Argon2id's gate: no more than those four are undecided, so
 * people who come at once do not use up each other's tries. */
static bool run_try(Db *db, Try *try, const Secret *password, GError **error)
{
	bool done;

	user_password_enter();
	done = db_write(db, begin_in, try, error);
	if (done && try->wait == 0) {
		try->outcome = compare(try, password) ? SESSION_TRY_OK : SESSION_TRY_WRONG;
		done = db_write(db, settle_in, try, error);
	}
	user_password_leave();
	return done;
}

bool session_try(Db *db, const char *name, const Secret *password, const char *address,
	SessionTry *outcome, PasswordProof *proof, int64_t *wait, GError **error)
{
	g_autofree char *folded = text_fold(name);
	g_autofree char *network = network_of(address);
	g_autofree char *shown = text_for_terminal(address);
	Try try = {.folded = folded, .address = shown, .network = network};
	bool done;

	hash_name(folded, try.name_hash);
	/* Who comes too often is told at once, without standing in the way of others. */
	done = db_read(db, look_in, &try, error) &&
	       (try.wait > 0 || run_try(db, &try, password, error));
	if (done) {
		*outcome = try.wait > 0 ? SESSION_TRY_TOO_OFTEN : try.outcome;
		*wait = try.wait;
		if (*outcome == SESSION_TRY_OK) {
			proof->name = g_strdup(try.user->name);
			user_password_digest(try.password_hash, proof->digest);
		}
	}
	forget_user(&try);
	return done;
}
