/* SHA-256, HMAC and PBKDF2 by libcrypto. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65 /* with the NUL */

typedef struct Sha256 Sha256;

Sha256 *sha256_new(void);
void sha256_free(Sha256 *hash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sha256, sha256_free)
void sha256_update(Sha256 *hash, const void *data, size_t size);
/* Writes the digest and starts anew. */
void sha256_finish(Sha256 *hash, uint8_t digest[static SHA256_SIZE]);

void sha256_of(const void *data, size_t size, uint8_t digest[static SHA256_SIZE]);
void sha256_to_hex(const uint8_t digest[static SHA256_SIZE], char hex[static SHA256_HEX_SIZE]);

/* The two hashes of SCRAM (RFC 5802, 7677). */
typedef enum HashKind { HASH_SHA1, HASH_SHA256 } HashKind;
#define HASH_MAX_SIZE 32

size_t hash_size(HashKind kind);
void hash_of(HashKind kind, const void *data, size_t size, uint8_t *digest);
void hash_hmac(HashKind kind, const void *key, size_t key_size, const void *data, size_t size,
	uint8_t *digest);
/* PBKDF2-HMAC with ITERATIONS rounds (RFC 8018). */
void hash_pbkdf2(HashKind kind, const char *password, size_t password_size, const void *salt,
	size_t salt_size, unsigned iterations, uint8_t *digest);
