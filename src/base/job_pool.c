/* The pool: one list of waiting jobs, a row a key that has any, both under one lock. */
#include "base/job_pool.h"

#include <errno.h>
#include <pthread.h>

/* Whoever has a job waiting or running. */
typedef struct Owner {
	char *key;
	int running;
	size_t waiting;
} Owner;

typedef struct Entry {
	GList link; /* of waiting, data: this entry */
	Owner *owner;
	Job *job;
	Job *drop;
	void *data;
} Entry;

struct JobPool {
	pthread_mutex_t lock;
	pthread_cond_t has_work; /* a job came, or an owner may run one more */
	GQueue waiting;		 /* Entry, the oldest first */
	GHashTable *owners;	 /* key -> Owner */
	size_t capacity;
	int each;
	bool stopped;
	int count;
	pthread_t *threads;
};

static void owner_free(Owner *owner)
{
	g_free(owner->key);
	g_free(owner);
}

/* ---- all with the lock held ---- */

static Owner *find_owner(JobPool *pool, const char *key)
{
	Owner *owner = g_hash_table_lookup(pool->owners, key);

	if (owner)
		return owner;
	owner = g_new0(Owner, 1);
	owner->key = g_strdup(key);
	g_hash_table_insert(pool->owners, owner->key, owner);
	return owner;
}

static void forget_idle_owner(JobPool *pool, Owner *owner)
{
	if (owner->running == 0 && owner->waiting == 0)
		g_hash_table_remove(pool->owners, owner->key);
}

/* Whoever has many jobs waiting leaves half of the places to others. */
static bool has_room(const JobPool *pool, const Owner *owner)
{
	return !pool->stopped && owner->waiting < pool->capacity - pool->waiting.length;
}

/* The oldest job whose owner may run one more, now running; NULL: none. */
static Entry *take_entry(JobPool *pool)
{
	for (GList *link = pool->waiting.head; link; link = link->next) {
		Entry *entry = link->data;

		if (entry->owner->running >= pool->each)
			continue;
		g_queue_unlink(&pool->waiting, link);
		entry->owner->waiting--;
		entry->owner->running++;
		return entry;
	}
	return NULL;
}

/* ---- threads ---- */

static Entry *wait_for_entry(JobPool *pool)
{
	Entry *entry = NULL;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stopped && !(entry = take_entry(pool)))
		pthread_cond_wait(&pool->has_work, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	return entry;
}

static void note_end(JobPool *pool, Entry *entry)
{
	pthread_mutex_lock(&pool->lock);
	entry->owner->running--;
	forget_idle_owner(pool, entry->owner);
	pthread_mutex_unlock(&pool->lock);
	g_free(entry);
}

/* Who has just ended a job looks for the next itself, so nobody need be woken for it. */
static void *run_jobs(void *data)
{
	JobPool *pool = data;

	for (Entry *entry; (entry = wait_for_entry(pool));) {
		entry->job(entry->data);
		note_end(pool, entry);
	}
	return NULL;
}

JobPool *job_pool_new(int threads, int each, size_t waiting)
{
	JobPool *pool = g_new0(JobPool, 1);

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->has_work, NULL);
	g_queue_init(&pool->waiting);
	pool->owners =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)owner_free);
	pool->capacity = waiting;
	pool->each = each;
	pool->threads = g_new(pthread_t, (size_t)threads);
	for (; pool->count < threads; pool->count++) {
		int number = pthread_create(&pool->threads[pool->count], NULL, run_jobs, pool);

		if (number != 0)
			g_error("pthread_create: %s", g_strerror(number));
	}
	return pool;
}

bool job_pool_add(JobPool *pool, const char *key, Job *job, Job *drop, void *data)
{
	Owner *owner;
	bool taken;

	pthread_mutex_lock(&pool->lock);
	owner = find_owner(pool, key);
	taken = has_room(pool, owner);
	if (taken) {
		Entry *entry = g_new(Entry, 1);

		*entry = (Entry){.owner = owner, .job = job, .drop = drop, .data = data};
		entry->link.data = entry;
		g_queue_push_tail_link(&pool->waiting, &entry->link);
		owner->waiting++;
		pthread_cond_signal(&pool->has_work);
	}
	forget_idle_owner(pool, owner);
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

/* ---- the end ---- */

static void drop_waiting(GQueue *waiting)
{
	for (GList *link; (link = g_queue_pop_head_link(waiting));) {
		Entry *entry = link->data;

		entry->drop(entry->data);
		g_free(entry);
	}
}

void job_pool_stop(JobPool *pool)
{
	GQueue dropped;

	pthread_mutex_lock(&pool->lock);
	pool->stopped = true;
	dropped = pool->waiting;
	g_queue_init(&pool->waiting);
	pthread_cond_broadcast(&pool->has_work);
	pthread_mutex_unlock(&pool->lock);
	/* Outside the lock: what is called may take long or use the pool. */
	drop_waiting(&dropped);
	for (; pool->count > 0; pool->count--)
		pthread_join(pool->threads[pool->count - 1], NULL);
}

void job_pool_free(JobPool *pool)
{
	if (!pool)
		return;
	job_pool_stop(pool);
	g_hash_table_unref(pool->owners);
	pthread_cond_destroy(&pool->has_work);
	pthread_mutex_destroy(&pool->lock);
	g_free(pool->threads);
	g_free(pool);
}
