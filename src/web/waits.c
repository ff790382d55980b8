/* A number a user behind one lock. */
#include "web/waits.h"

#include <pthread.h>

struct Waits {
	pthread_mutex_t lock;
	GHashTable *users; /* id -> how many, at least 1 */
	unsigned each, all, count;
};

Waits *waits_new(unsigned each, unsigned all)
{
	Waits *waits = g_new0(Waits, 1);

	pthread_mutex_init(&waits->lock, NULL);
	waits->users = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	waits->each = each;
	waits->all = all;
	return waits;
}

void waits_free(Waits *waits)
{
	if (!waits)
		return;
	g_hash_table_unref(waits->users);
	pthread_mutex_destroy(&waits->lock);
	g_free(waits);
}

static unsigned count_of(const Waits *waits, int64_t user_id)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(waits->users, &user_id));
}

static void set_count(Waits *waits, int64_t user_id, unsigned count)
{
	if (count > 0)
		g_hash_table_insert(waits->users, g_memdup2(&user_id, sizeof(user_id)),
			GUINT_TO_POINTER(count));
	else
		g_hash_table_remove(waits->users, &user_id);
}

bool waits_take(Waits *waits, int64_t user_id)
{
	unsigned count;
	bool taken;

	pthread_mutex_lock(&waits->lock);
	count = count_of(waits, user_id);
	taken = count < waits->each && waits->count < waits->all;
	if (taken) {
		set_count(waits, user_id, count + 1);
		waits->count++;
	}
	pthread_mutex_unlock(&waits->lock);
	return taken;
}

void waits_give(Waits *waits, int64_t user_id)
{
	pthread_mutex_lock(&waits->lock);
	set_count(waits, user_id, count_of(waits, user_id) - 1);
	waits->count--;
	pthread_mutex_unlock(&waits->lock);
}
