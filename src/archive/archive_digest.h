/* The content digest: what makes two copies one mail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "base/hash.h"

typedef struct ArchiveDigest ArchiveDigest;

ArchiveDigest *archive_digest_new(void);
void archive_digest_free(ArchiveDigest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveDigest, archive_digest_free)

void archive_digest_update(ArchiveDigest *digest, const void *data, size_t size);

/* Writes the key and starts anew. False: the mail has no Message-ID and must not be grouped. */
bool archive_digest_finish(ArchiveDigest *digest, uint8_t key[static SHA256_SIZE]);
