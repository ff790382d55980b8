/* A pack in the making: a file that nobody knows of until a transaction names it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "archive/archive_internal.h"

#define PACK_NAME_SIZE 33 /* 128 random bits in hex, with the NUL */

typedef struct Pack {
	const Archive *archive;
	char name[PACK_NAME_SIZE];
	int64_t id; /* of its row, once there is one */
	int descriptor;
	uint64_t size;
	bool keep; /* a transaction may know it: never unlinked here */
	bool into_reserve;
} Pack;

/* Yours. FAILURE_DISK_FULL below the reserve, unless INTO_RESERVE (the reaper gives space back). */
Pack *pack_create(const Archive *archive, bool into_reserve, GError **error);
/* Closes it and, unless kept, unlinks it. */
void pack_free(Pack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pack, pack_free)

bool pack_write(Pack *pack, const void *data, size_t size, GError **error);

/* fdatasync of each of the COUNT packs and fsync of their folder: after this, rows may name them.
 */
bool pack_sync_all(const Archive *archive, Pack *const *packs, size_t count, GError **error);

/* In the transaction that names it: makes its row and sets its id. A pack that was kept waiting for
 * so long that the reaper has taken it away: FAILURE_STORE_BUSY. */
bool pack_add_row(Pack *pack, DbTransaction *transaction, GError **error);

/* The file of the pack NAME, open for reading, or -1 with errno. */
int pack_open(const Archive *archive, const char *name);
/* Its path; yours. */
char *pack_path(const Archive *archive, const char *name);
