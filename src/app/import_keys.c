/* A list of keys, the oldest first. */
#include "app/import_keys.h"

#include <string.h>
#include "base/clock.h"

#define KEPT_SECONDS (24 * 60 * 60)

struct ImportKeys {
	GPtrArray *rows; /* ImportKey * */
};

static void key_free(ImportKey *key)
{
	g_free(key->key);
	g_free(key);
}

ImportKeys *import_keys_new(void)
{
	ImportKeys *keys = g_new0(ImportKeys, 1);

	keys->rows = g_ptr_array_new_with_free_func((GDestroyNotify)key_free);
	return keys;
}

void import_keys_free(ImportKeys *keys)
{
	if (!keys)
		return;
	g_ptr_array_unref(keys->rows);
	g_free(keys);
}

/* Drops those of more than a day ago. */
static void drop_old(ImportKeys *keys)
{
	int64_t oldest = clock_now() - KEPT_SECONDS;
	guint old = 0;

	while (old < keys->rows->len && ((ImportKey *)keys->rows->pdata[old])->begun < oldest)
		old++;
	if (old > 0)
		g_ptr_array_remove_range(keys->rows, 0, old);
}

const ImportKey *import_keys_find(ImportKeys *keys, int64_t user_id, const char *key)
{
	if (!key)
		return NULL;
	drop_old(keys);
	for (guint i = keys->rows->len; i > 0; i--) {
		const ImportKey *row = keys->rows->pdata[i - 1];

		if (row->user_id == user_id && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

/* Makes room for one more of USER_ID. */
static void drop_surplus(ImportKeys *keys, int64_t user_id)
{
	guint own = 0;

	for (guint i = keys->rows->len; i > 0; i--) {
		const ImportKey *row = keys->rows->pdata[i - 1];

		own += row->user_id == user_id;
		if (row->user_id == user_id && own >= IMPORT_KEYS_LIMIT)
			g_ptr_array_remove_index(keys->rows, i - 1);
	}
}

void import_keys_add(ImportKeys *keys, int64_t user_id, const char *key,
	const uint8_t digest[SHA256_SIZE], uint64_t id)
{
	ImportKey *row;

	if (!key)
		return;
	drop_surplus(keys, user_id);
	row = g_new0(ImportKey, 1);
	row->user_id = user_id;
	row->key = g_strdup(key);
	memcpy(row->digest, digest, SHA256_SIZE);
	row->id = id;
	row->begun = clock_now();
	g_ptr_array_add(keys->rows, row);
}

void import_keys_forget(ImportKeys *keys, uint64_t id)
{
	for (guint i = keys->rows->len; i > 0; i--) {
		if (((ImportKey *)keys->rows->pdata[i - 1])->id == id)
			g_ptr_array_remove_index(keys->rows, i - 1);
	}
}
