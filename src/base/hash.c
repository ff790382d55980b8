/* Hashes by libcrypto's EVP functions. */
#include "base/hash.h"

#include <limits.h>
#include <pthread.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct Sha256 {
	EVP_MD_CTX *context;
};

/* libcrypto's digests cannot fail on valid arguments but for lack of memory, which ends the program
 * as it does in GLib. */
static void must(int result)
{
	if (result != 1)
		g_error("libcrypto: a digest failed");
}

/* Fetched once: EVP_sha256() would be looked up again behind locks at each use. */
static EVP_MD *digests[2];

static void fetch_digests(void)
{
	digests[HASH_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
	digests[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *kind_digest(HashKind kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_digests);
	return digests[kind];
}

Sha256 *sha256_new(void)
{
	Sha256 *hash = g_new0(Sha256, 1);

	hash->context = EVP_MD_CTX_new();
	must(hash->context && EVP_DigestInit_ex(hash->context, kind_digest(HASH_SHA256), NULL));
	return hash;
}

void sha256_free(Sha256 *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	g_free(hash);
}

void sha256_update(Sha256 *hash, const void *data, size_t size)
{
	must(EVP_DigestUpdate(hash->context, data, size));
}

void sha256_finish(Sha256 *hash, uint8_t digest[static SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(hash->context, digest, NULL));
	must(EVP_DigestInit_ex(hash->context, kind_digest(HASH_SHA256), NULL));
}

void sha256_of(const void *data, size_t size, uint8_t digest[static SHA256_SIZE])
{
	hash_of(HASH_SHA256, data, size, digest);
}

void sha256_to_hex(const uint8_t digest[static SHA256_SIZE], char hex[static SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * SHA256_SIZE] = '\0';
}

size_t hash_size(HashKind kind)
{
	return kind == HASH_SHA1 ? 20 : 32;
}

void hash_of(HashKind kind, const void *data, size_t size, uint8_t *digest)
{
	must(EVP_Digest(data, size, digest, NULL, kind_digest(kind), NULL));
}

void hash_hmac(HashKind kind, const void *key, size_t key_size, const void *data, size_t size,
	uint8_t *digest)
{
	g_assert(key_size <= INT_MAX);
	must(HMAC(kind_digest(kind), key, (int)key_size, data, size, digest, NULL) != NULL);
}

void hash_pbkdf2(HashKind kind, const char *password, size_t password_size, const void *salt,
	size_t salt_size, unsigned iterations, uint8_t *digest)
{
	g_assert(password_size <= INT_MAX && salt_size <= INT_MAX && iterations <= INT_MAX);
	must(PKCS5_PBKDF2_HMAC(password, (int)password_size, salt, (int)salt_size, (int)iterations,
		kind_digest(kind), (int)hash_size(kind), digest));
}
