/* Password hashing with Argon2id (libsodium). */
#include "user/user_internal.h"

#include <pthread.h>
#include <string.h>
#include <sodium.h>
#include "base/i18n.h"
#include "failure/failure.h"

#define PASSWORD_MINIMUM 8 /* bytes */
#define PASSWORD_MAXIMUM 1024

/* Each takes 64 MiB; the others wait. */
#define RUNNING_LIMIT 4

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned running;

void user_password_enter(void)
{
	pthread_mutex_lock(&mutex);
	while (running == RUNNING_LIMIT)
		pthread_cond_wait(&ended, &mutex);
	running++;
	pthread_mutex_unlock(&mutex);
}

void user_password_leave(void)
{
	pthread_mutex_lock(&mutex);
	running--;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&mutex);
}

static bool refuse(const char *what, GError **error)
{
	failure_set(error, FAILURE_PASSWORD_INVALID, what,
		"a password has %d to %d bytes and is new", PASSWORD_MINIMUM, PASSWORD_MAXIMUM);
	return false;
}

static bool check_size(const Secret *password, GError **error)
{
	if (secret_size(password) < PASSWORD_MINIMUM)
		return refuse(_("zu kurz"), error);
	return secret_size(password) <= PASSWORD_MAXIMUM || refuse(_("zu lang"), error);
}

static bool is_name(const Secret *password, const char *name)
{
	g_autofree char *folded = g_utf8_casefold(name, -1);
	g_autofree char *typed = NULL;
	bool same;

	if (!g_utf8_validate(secret_text(password), (gssize)secret_size(password), NULL))
		return false;
	typed = g_utf8_casefold(secret_text(password), (gssize)secret_size(password));
	same = strcmp(folded, typed) == 0;
	sodium_memzero(typed, strlen(typed));
	return same;
}

typedef struct Former {
	const char *name;
	char *hash; /* NULL: none, or there is no such user */
} Former;

static bool find_former(DbTransaction *transaction, void *data, GError **error)
{
	Former *former = data;
	g_autoptr(User) user = user_find(transaction, former->name, NULL);
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT password_hash FROM users WHERE id = $1", db_int(user ? user->id : 0));
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed))
		former->hash = g_strdup(db_rows_text(rows, 0));
	return db_rows_end(failed, error);
}

bool user_check_password(Db *db, const char *name, const Secret *password, GError **error)
{
	Former former = {.name = name};
	bool same;

	if (!check_size(password, error))
		return false;
	if (is_name(password, name))
		return refuse(_("der Benutzername"), error);
	if (!db_read(db, find_former, &former, error))
		return false;
	same = former.hash && user_verify_password(former.hash, password);
	g_free(former.hash);
	return !same || refuse(_("dasselbe wie bisher"), error);
}

char *user_hash_password(const Secret *password, GError **error)
{
	g_autofree char *hash = g_malloc0(crypto_pwhash_STRBYTES);
	size_t size = secret_size(password);
	int result;

	if (!check_size(password, error))
		return NULL;
	user_password_enter();
	result = sodium_init() < 0 ? -1
				   : crypto_pwhash_str_alg(hash, secret_text(password), size,
					     crypto_pwhash_OPSLIMIT_INTERACTIVE,
					     crypto_pwhash_MEMLIMIT_INTERACTIVE,
					     crypto_pwhash_ALG_ARGON2ID13);
	user_password_leave();
	if (result == 0)
		return g_steal_pointer(&hash);
	failure_set(error, FAILURE_INTERNAL, NULL, "out of memory for Argon2id");
	return NULL;
}

bool user_password_is(const char *password_hash, const Secret *password)
{
	return secret_size(password) <= PASSWORD_MAXIMUM && sodium_init() >= 0 &&
	       crypto_pwhash_str_verify(
		       password_hash, secret_text(password), secret_size(password)) == 0;
}

bool user_verify_password(const char *password_hash, const Secret *password)
{
	bool same;

	user_password_enter();
	same = user_password_is(password_hash, password);
	user_password_leave();
	return same;
}

/* The hash is salted, so each password that is set has another. */
void user_password_digest(const char *password_hash, uint8_t digest[static SHA256_SIZE])
{
	const char *hashed = password_hash ? password_hash : "";

	sha256_of(hashed, strlen(hashed), digest);
}
