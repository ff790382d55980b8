/* The keys (Idempotency-Key) that imports were begun with, for a day, apart from what the imports
 * came to. Under the lock of whoever holds them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/hash.h"

typedef struct ImportKeys ImportKeys;

/* One key and what it was used for. */
typedef struct ImportKey {
	int64_t user_id;
	char *key;
	uint8_t digest[SHA256_SIZE]; /* of the request */
	uint64_t id;		     /* of the import */
	int64_t begun;		     /* seconds since 1970 */
} ImportKey;

ImportKeys *import_keys_new(void);
void import_keys_free(ImportKeys *keys);

/* What the user USER_ID's KEY (nullable) was used for within a day, borrowed until the next call;
 * NULL: nothing. */
const ImportKey *import_keys_find(ImportKeys *keys, int64_t user_id, const char *key);
/* Remembers KEY (nullable: nothing to remember) for the import ID. Of one user the latest
 * IMPORT_KEYS_LIMIT are. */
void import_keys_add(ImportKeys *keys, int64_t user_id, const char *key,
	const uint8_t digest[SHA256_SIZE], uint64_t id);
#define IMPORT_KEYS_LIMIT 1000
/* The key of the import ID is free again. */
void import_keys_forget(ImportKeys *keys, uint64_t id);
