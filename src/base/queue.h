/* A bounded queue between threads: pushing waits while the weight inside exceeds the capacity. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct Queue Queue;

/* CAPACITY is a sum of weights; FREE_ITEM frees items that are still inside at queue_free. */
Queue *queue_new(size_t capacity, GDestroyNotify free_item);
void queue_free(Queue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)

/* Takes ITEM. Waits for room (an item heavier than the whole capacity enters an empty queue).
 * False, with ITEM freed, if the queue is closed. */
bool queue_push(Queue *queue, void *item, size_t weight);

/* The oldest item, yours; waits for one. NULL: closed and empty. */
void *queue_pop(Queue *queue);

/* As queue_pop, but NULL also after MILLISECONDS (0: at once) without an item; *TIMED_OUT says
 * which. */
void *queue_pop_timed(Queue *queue, int milliseconds, bool *timed_out);

/* No more pushes; what is inside is still handed out. */
void queue_close(Queue *queue);

/* Closes and drops what is inside: pushers and poppers wake at once. */
void queue_abort(Queue *queue);
