/* Pieces of pages that cost much to make: kept until the settings change, at most a second, so that
 * many who look at once cost no more than one. Any thread. */
#pragma once

#include <stdint.h>
#include <glib.h>

typedef struct PieceCache PieceCache;

PieceCache *piece_cache_new(void);
void piece_cache_free(PieceCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PieceCache, piece_cache_free)

/* The piece KEY as of GENERATION, yours; NULL: there is none that is young enough. */
char *piece_cache_get(PieceCache *cache, const char *key, int64_t generation);
void piece_cache_put(PieceCache *cache, const char *key, int64_t generation, const char *piece);
