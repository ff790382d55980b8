/* A small table behind one lock; full, it starts anew. */
#include "web/piece_cache.h"

#include <pthread.h>
#include <string.h>
#include "base/clock.h"

#define PIECE_LIMIT 64
#define PIECE_BYTES ((size_t)256 * 1024)
#define PIECE_MILLISECONDS 1000

typedef struct Piece {
	char *text;
	int64_t generation;
	int64_t made; /* on the monotonic clock */
} Piece;

struct PieceCache {
	pthread_mutex_t lock;
	GHashTable *pieces; /* by key */
};

static void piece_free(Piece *piece)
{
	g_free(piece->text);
	g_free(piece);
}

PieceCache *piece_cache_new(void)
{
	PieceCache *cache = g_new0(PieceCache, 1);

	pthread_mutex_init(&cache->lock, NULL);
	cache->pieces =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)piece_free);
	return cache;
}

void piece_cache_free(PieceCache *cache)
{
	if (!cache)
		return;
	g_hash_table_unref(cache->pieces);
	pthread_mutex_destroy(&cache->lock);
	g_free(cache);
}

char *piece_cache_get(PieceCache *cache, const char *key, int64_t generation)
{
	const Piece *piece;
	char *text = NULL;

	pthread_mutex_lock(&cache->lock);
	piece = g_hash_table_lookup(cache->pieces, key);
	if (piece && piece->generation == generation &&
		clock_monotonic() - piece->made < PIECE_MILLISECONDS)
		text = g_strdup(piece->text);
	pthread_mutex_unlock(&cache->lock);
	return text;
}

void piece_cache_put(PieceCache *cache, const char *key, int64_t generation, const char *text)
{
	Piece *piece;

	if (strlen(text) > PIECE_BYTES)
		return;
	piece = g_new0(Piece, 1);
	piece->text = g_strdup(text);
	piece->generation = generation;
	piece->made = clock_monotonic();
	pthread_mutex_lock(&cache->lock);
	if (g_hash_table_size(cache->pieces) >= PIECE_LIMIT)
		g_hash_table_remove_all(cache->pieces);
	g_hash_table_replace(cache->pieces, g_strdup(key), piece);
	pthread_mutex_unlock(&cache->lock);
}
