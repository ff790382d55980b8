/* The bounded queue: a list under one lock, two conditions. */
#include "base/queue.h"

#include <pthread.h>
#include <time.h>

typedef struct Entry {
	GList link; /* of entries, data: this entry */
	void *item;
	size_t weight;
} Entry;

struct Queue {
	pthread_mutex_t lock;
	pthread_cond_t has_room;
	pthread_cond_t has_item;
	GQueue entries;
	size_t weight;
	size_t capacity;
	bool closed;
	GDestroyNotify free_item;
};

Queue *queue_new(size_t capacity, GDestroyNotify free_item)
{
	Queue *queue = g_new0(Queue, 1);
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->has_room, &monotonic);
	pthread_cond_init(&queue->has_item, &monotonic);
	pthread_condattr_destroy(&monotonic);
	g_queue_init(&queue->entries);
	queue->capacity = capacity;
	queue->free_item = free_item;
	return queue;
}

static void free_entries(GQueue *entries, GDestroyNotify free_item)
{
	for (GList *link; (link = g_queue_pop_head_link(entries));) {
		Entry *entry = link->data;

		if (free_item)
			free_item(entry->item);
		g_free(entry);
	}
}

void queue_free(Queue *queue)
{
	if (!queue)
		return;
	free_entries(&queue->entries, queue->free_item);
	pthread_cond_destroy(&queue->has_item);
	pthread_cond_destroy(&queue->has_room);
	pthread_mutex_destroy(&queue->lock);
	g_free(queue);
}

static bool must_wait_for_room(const Queue *queue, size_t weight)
{
	return !queue->closed && queue->entries.length > 0 &&
	       (weight > queue->capacity || queue->weight > queue->capacity - weight);
}

bool queue_push(Queue *queue, void *item, size_t weight)
{
	bool taken;

	pthread_mutex_lock(&queue->lock);
	while (must_wait_for_room(queue, weight))
		pthread_cond_wait(&queue->has_room, &queue->lock);
	taken = !queue->closed;
	if (taken) {
		Entry *entry = g_new(Entry, 1);

		*entry = (Entry){.link.data = entry, .item = item, .weight = weight};
		g_queue_push_tail_link(&queue->entries, &entry->link);
		queue->weight += weight;
		pthread_cond_signal(&queue->has_item);
	}
	pthread_mutex_unlock(&queue->lock);
	if (!taken && queue->free_item)
		queue->free_item(item);
	return taken;
}

/* The oldest item or NULL; the lock is held. */
static void *take_locked(Queue *queue)
{
	GList *link = g_queue_pop_head_link(&queue->entries);
	g_autofree Entry *entry = link ? link->data : NULL;

	if (!entry)
		return NULL;
	queue->weight -= entry->weight;
	pthread_cond_broadcast(&queue->has_room);
	return entry->item;
}

void *queue_pop(Queue *queue)
{
	void *item;

	pthread_mutex_lock(&queue->lock);
	while (queue->entries.length == 0 && !queue->closed)
		pthread_cond_wait(&queue->has_item, &queue->lock);
	item = take_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void *queue_pop_timed(Queue *queue, int milliseconds, bool *timed_out)
{
	struct timespec until;
	int result = 0;
	void *item;

	milliseconds = MAX(milliseconds, 0);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += (milliseconds % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&queue->lock);
	while (queue->entries.length == 0 && !queue->closed && result == 0)
		result = pthread_cond_timedwait(&queue->has_item, &queue->lock, &until);
	item = take_locked(queue);
	*timed_out = !item && !queue->closed;
	pthread_mutex_unlock(&queue->lock);
	return item;
}

static void close_locked(Queue *queue)
{
	queue->closed = true;
	pthread_cond_broadcast(&queue->has_item);
	pthread_cond_broadcast(&queue->has_room);
}

void queue_close(Queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	close_locked(queue);
	pthread_mutex_unlock(&queue->lock);
}

void queue_abort(Queue *queue)
{
	GQueue dropped;

	pthread_mutex_lock(&queue->lock);
	close_locked(queue);
	dropped = queue->entries;
	g_queue_init(&queue->entries);
	queue->weight = 0;
	pthread_mutex_unlock(&queue->lock);
	/* Outside the lock: freeing an item may take long or use the queue. */
	free_entries(&dropped, queue->free_item);
}
