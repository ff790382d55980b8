/* Password hashing with Argon2id (libsodium). */
#include "user/user_internal.h"

#include <pthread.h>
#include <string.h>
#include <sodium.h>
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

char *user_hash_password(const Secret *password, GError **error)
{
	g_autofree char *hash = g_malloc0(crypto_pwhash_STRBYTES);
	size_t size = secret_size(password);
	int result;

	if (size < PASSWORD_MINIMUM || size > PASSWORD_MAXIMUM) {
		failure_set(error, FAILURE_PASSWORD_INVALID, NULL, "a password has %d to %d bytes",
			PASSWORD_MINIMUM, PASSWORD_MAXIMUM);
		return NULL;
	}
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
