/* The mailboxes of users, kept by the id, which is never given again, as of one generation. Each
 * asking compares that with the database's, so that a change by another process holds at once. */
#include "settings/settings_internal.h"

#include <pthread.h>

#define USER_LIMIT 1024 /* full, it starts anew */

struct MailboxCache {
	pthread_mutex_t mutex;
	int64_t generation;
	GHashTable *users; /* id, int64_t * -> GStrv */
};

MailboxCache *mailbox_cache_new(void)
{
	MailboxCache *cache = g_new0(MailboxCache, 1);

	pthread_mutex_init(&cache->mutex, NULL);
	cache->users = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)g_strfreev);
	return cache;
}

void mailbox_cache_free(MailboxCache *cache)
{
	if (!cache)
		return;
	g_hash_table_unref(cache->users);
	pthread_mutex_destroy(&cache->mutex);
	g_free(cache);
}

/* NULL: not kept, or as of another generation. */
static GStrv get(MailboxCache *cache, int64_t user_id, int64_t generation)
{
	GStrv mailboxes = NULL;

	pthread_mutex_lock(&cache->mutex);
	if (cache->generation == generation)
		mailboxes = g_strdupv(g_hash_table_lookup(cache->users, &user_id));
	pthread_mutex_unlock(&cache->mutex);
	return mailboxes;
}

static void put(MailboxCache *cache, int64_t user_id, int64_t generation, GStrv mailboxes)
{
	pthread_mutex_lock(&cache->mutex);
	if (cache->generation < generation || g_hash_table_size(cache->users) >= USER_LIMIT)
		g_hash_table_remove_all(cache->users);
	cache->generation = MAX(cache->generation, generation);
	/* Who reads an older snapshot keeps nothing. */
	if (cache->generation == generation)
		g_hash_table_replace(
			cache->users, g_memdup2(&user_id, sizeof user_id), g_strdupv(mailboxes));
	pthread_mutex_unlock(&cache->mutex);
}

GStrv settings_mailboxes(Settings *settings, int64_t user_id, const char *user, GError **error)
{
	MailboxCache *cache = settings_mailbox_cache(settings);
	int64_t generation;
	GStrv mailboxes;

	if (!settings_generation(settings, &generation, error))
		return NULL;
	mailboxes = get(cache, user_id, generation);
	if (mailboxes)
		return mailboxes;
	mailboxes = settings_resolve_mailboxes(settings, user, &generation, error);
	if (mailboxes)
		put(cache, user_id, generation, mailboxes);
	return mailboxes;
}
