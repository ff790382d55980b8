/* A batch between its gathering (archive_batch.c) and its commit (archive_commit.c). */
#pragma once

#include "archive/archive_digest.h"
#include "archive/archive_pack.h"

/* A mail that was received whole. */
typedef struct Staged {
	uint8_t sha256[SHA256_SIZE];
	uint8_t content_key[SHA256_SIZE];
	bool has_key;
	uint32_t uid;
	int64_t received; /* INTERNALDATE, 0: unknown */
	uint64_t size;
	Pack *pack;	/* borrowed; NULL: still in the window, or left out because it is on file */
	uint64_t start; /* in the pack; before that in the window */
	size_t number;	/* in the order of finish */
} Staged;

typedef struct StagedFailure {
	uint32_t uid;
	char *reason;
} StagedFailure;

struct ArchiveBatch {
	Archive *archive;
	ArchiveOrder order; /* strings are ours */
	ArchiveFolder folder;

	GArray *staged;	  /* Staged */
	GArray *failures; /* StagedFailure */
	GArray *known;	  /* uint32_t, UIDs */
	GHashTable *kept; /* hashes whose bytes this batch has already; GBytes */
	GPtrArray *packs; /* Pack * */
	uint64_t bytes;

	/* The mail that is coming in. */
	bool open;
	uint64_t size;
	size_t window_start; /* where it begins in the window */
	Pack *own;	     /* in packs; a large mail's, NULL otherwise */
	Sha256 *hash;
	ArchiveDigest *digest;

	/* Mails wait here until their hashes are known and looked up; only then they go to a pack.
	 */
	GByteArray *window;
	guint written; /* staged mails before this one have left the window */
	Pack *shared;  /* in packs; takes all mails that have no pack of their own */
};

/* Sends what waits in the window to its pack. On failure the batch is empty. */
bool archive_batch_write_window(ArchiveBatch *batch, GError **error);

/* Drops all; packs that were not kept are unlinked. */
void archive_batch_clear(ArchiveBatch *batch);
