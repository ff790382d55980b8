/* Password hashing with Argon2id (libsodium). */
#include "user/user.h"

#include <pthread.h>
#include <string.h>
#include <sodium.h>
#include "failure/failure.h"

#define PASSWORD_MINIMUM 8 /* bytes */
#define PASSWORD_MAXIMUM 1024

/* Each takes 64 MiB; the others wait. */
#define RUNNING_LIMIT 2

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned running;

static void enter(void)
{
	pthread_mutex_lock(&mutex);
	while (running == RUNNING_LIMIT)
		pthread_cond_wait(&ended, &mutex);
	running++;
	pthread_mutex_unlock(&mutex);
}

static void leave(void)
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
	enter();
	result = sodium_init() < 0 ? -1
				   : crypto_pwhash_str_alg(hash, secret_text(password), size,
					     crypto_pwhash_OPSLIMIT_INTERACTIVE,
					     crypto_pwhash_MEMLIMIT_INTERACTIVE,
					     crypto_pwhash_ALG_ARGON2ID13);
	leave();
	if (result == 0)
		return g_steal_pointer(&hash);
	failure_set(error, FAILURE_INTERNAL, NULL, "out of memory for Argon2id");
	return NULL;
}

bool user_verify_password(const char *password_hash, const Secret *password)
{
	bool same;

	if (secret_size(password) > PASSWORD_MAXIMUM)
		return false;
	enter();
	same = sodium_init() >= 0 && crypto_pwhash_str_verify(password_hash, secret_text(password),
					     secret_size(password)) == 0;
	leave();
	return same;
}
