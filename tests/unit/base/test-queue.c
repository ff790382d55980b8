/* The queue: order, bounds, ends; the last test is for TSan too. */
#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "base/queue.h"
#include "scratch.h"

#define SOON 30 /* milliseconds: long enough to see that somebody waits */

static atomic_int freed;

static void count_free(void *item)
{
	atomic_fetch_add(&freed, 1);
	g_free(item);
}

static void *number_new(int number)
{
	int *item = g_new(int, 1);

	*item = number;
	return item;
}

/* Pops and frees one; -1: none. */
static int pop_number(Queue *queue)
{
	g_autofree int *item = queue_pop(queue);

	return item ? *item : -1;
}

static void test_hands_out_in_order(void **state)
{
	g_autoptr(Queue) queue = queue_new(100, g_free);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(queue_push(queue, number_new(i), 10));
	for (int i = 0; i < 10; i++)
		assert_int_equal(pop_number(queue), i);
}

/* A push on a thread of its own, so that the test sees whether it waits. */
typedef struct Pusher {
	Queue *queue;
	void *item;
	size_t weight;
	atomic_int done; /* 1 taken, 2 refused */
	pthread_t thread;
} Pusher;

static void *push(void *data)
{
	Pusher *pusher = data;
	bool taken = queue_push(pusher->queue, pusher->item, pusher->weight);

	atomic_store(&pusher->done, taken ? 1 : 2);
	return NULL;
}

static void pusher_start(Pusher *pusher, Queue *queue, int number, size_t weight)
{
	*pusher = (Pusher){.queue = queue, .item = number_new(number), .weight = weight};
	assert_int_equal(pthread_create(&pusher->thread, NULL, push, pusher), 0);
}

static bool pusher_waits(Pusher *pusher)
{
	g_usleep(SOON * 1000);
	return atomic_load(&pusher->done) == 0;
}

static bool pusher_taken(Pusher *pusher)
{
	pthread_join(pusher->thread, NULL);
	return pusher->done == 1;
}

static void test_push_waits_for_room(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, g_free);
	Pusher pusher;

	(void)state;
	assert_true(queue_push(queue, number_new(1), 4));
	assert_true(queue_push(queue, number_new(2), 6));
	pusher_start(&pusher, queue, 3, 5);
	assert_true(pusher_waits(&pusher));
	assert_int_equal(pop_number(queue), 1);
	/* 6 + 5 is still too much. */
	assert_true(pusher_waits(&pusher));
	assert_int_equal(pop_number(queue), 2);
	assert_true(pusher_taken(&pusher));
	assert_int_equal(pop_number(queue), 3);
}

static void test_heavy_item_enters_an_empty_queue(void **state)
{
	static const size_t weights[] = {11, SIZE_MAX};
	g_autoptr(Queue) queue = queue_new(10, g_free);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(weights); i++) {
		Pusher pusher;

		assert_true(queue_push(queue, number_new(1), weights[i]));
		pusher_start(&pusher, queue, 2, 1);
		assert_true(pusher_waits(&pusher));
		assert_int_equal(pop_number(queue), 1);
		assert_true(pusher_taken(&pusher));
		pusher_start(&pusher, queue, 3, weights[i]);
		assert_true(pusher_waits(&pusher));
		assert_int_equal(pop_number(queue), 2);
		assert_true(pusher_taken(&pusher));
		assert_int_equal(pop_number(queue), 3);
	}
}

static void test_items_without_weight(void **state)
{
	g_autoptr(Queue) queue = queue_new(1, g_free);

	(void)state;
	assert_true(queue_push(queue, number_new(0), 1));
	for (int i = 1; i < 100; i++)
		assert_true(queue_push(queue, number_new(i), 0));
	for (int i = 0; i < 100; i++)
		assert_int_equal(pop_number(queue), i);
}

static void test_close_hands_out_the_rest(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, count_free);
	Pusher pusher;

	(void)state;
	atomic_store(&freed, 0);
	queue_push(queue, number_new(1), 10);
	pusher_start(&pusher, queue, 2, 1);
	assert_true(pusher_waits(&pusher));
	queue_close(queue);
	assert_false(pusher_taken(&pusher));
	assert_false(queue_push(queue, number_new(3), 1));
	assert_int_equal(atomic_load(&freed), 2);
	assert_int_equal(pop_number(queue), 1);
	assert_int_equal(pop_number(queue), -1);
	assert_int_equal(pop_number(queue), -1);
	queue_close(queue);
}

static void test_abort_drops_all(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, count_free);
	Pusher pusher;

	(void)state;
	atomic_store(&freed, 0);
	queue_push(queue, number_new(1), 5);
	queue_push(queue, number_new(2), 5);
	pusher_start(&pusher, queue, 3, 1);
	assert_true(pusher_waits(&pusher));
	queue_abort(queue);
	assert_false(pusher_taken(&pusher));
	assert_int_equal(atomic_load(&freed), 3);
	assert_int_equal(pop_number(queue), -1);
	queue_abort(queue);
}

static void test_free_frees_what_is_inside(void **state)
{
	Queue *queue = queue_new(10, count_free);

	(void)state;
	atomic_store(&freed, 0);
	queue_push(queue, number_new(1), 1);
	queue_push(queue, number_new(2), 1);
	queue_free(queue);
	assert_int_equal(atomic_load(&freed), 2);
	queue_free(NULL);
}

static void test_without_a_free_function(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, NULL);
	int items[3];

	(void)state;
	queue_push(queue, &items[0], 1);
	queue_push(queue, &items[1], 1);
	assert_ptr_equal(queue_pop(queue), &items[0]);
	queue_abort(queue);
	assert_false(queue_push(queue, &items[2], 1));
}

/* An item that looks at its queue while it is freed, as one that counts what is left may. */
static void free_with_queue(void *queue)
{
	bool timed_out;

	assert_null(queue_pop_timed(queue, 0, &timed_out));
	atomic_fetch_add(&freed, 1);
}

static void test_abort_frees_outside_the_lock(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, free_with_queue);

	(void)state;
	atomic_store(&freed, 0);
	queue_push(queue, queue, 1);
	queue_abort(queue);
	assert_int_equal(atomic_load(&freed), 1);
}

static void assert_nothing_in(Queue *queue, int milliseconds, bool expected_time_out)
{
	bool timed_out = !expected_time_out;

	assert_null(queue_pop_timed(queue, milliseconds, &timed_out));
	assert_int_equal(timed_out, expected_time_out);
}

static void test_timed_pop(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, g_free);
	int64_t start = clock_monotonic();
	bool timed_out = true;
	g_autofree int *item = NULL;

	(void)state;
	assert_nothing_in(queue, SOON, true);
	assert_true(clock_monotonic() - start >= SOON);
	/* 999 ms more often than not carry into the next second. */
	start = clock_monotonic();
	assert_nothing_in(queue, 999, true);
	assert_in_range((uintmax_t)(clock_monotonic() - start), 999, 30000);
	assert_nothing_in(queue, 0, true);
	assert_nothing_in(queue, -5, true);
	queue_push(queue, number_new(7), 1);
	item = queue_pop_timed(queue, 0, &timed_out);
	assert_int_equal(*item, 7);
	assert_false(timed_out);
	queue_close(queue);
	assert_nothing_in(queue, 60000, false);
}

static void *pop_long(void *queue)
{
	bool timed_out;

	return queue_pop_timed(queue, 60000, &timed_out);
}

static void test_timed_pop_wakes(void **state)
{
	g_autoptr(Queue) queue = queue_new(10, g_free);
	pthread_t threads[2];
	void *items[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pop_long, queue), 0);
	g_usleep(SOON * 1000);
	queue_push(queue, number_new(7), 1);
	g_usleep(SOON * 1000);
	queue_close(queue);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], &items[i]);
	/* One of them got it, the other the end. */
	assert_true(!items[0] != !items[1]);
	g_free(items[0] ? items[0] : items[1]);
}

#define PRODUCERS 4
#define CONSUMERS 3
#define EACH 5000

typedef struct Market {
	Queue *queue;
	atomic_int next_producer;
	atomic_int seen[PRODUCERS * EACH];
	bool in_order[CONSUMERS];
	atomic_int next_consumer;
} Market;

static void *produce(void *data)
{
	Market *market = data;
	int first = atomic_fetch_add(&market->next_producer, 1) * EACH;

	/* A refused item would be missing among those seen. */
	for (int i = 0; i < EACH; i++)
		queue_push(market->queue, number_new(first + i), (size_t)i % 7);
	return NULL;
}

/* Each producer's items come in order, whoever takes them. */
static void *consume(void *data)
{
	Market *market = data;
	int self = atomic_fetch_add(&market->next_consumer, 1);
	int last[PRODUCERS] = {-1, -1, -1, -1};
	int number;

	market->in_order[self] = true;
	while ((number = pop_number(market->queue)) >= 0) {
		if (last[number / EACH] >= number)
			market->in_order[self] = false;
		last[number / EACH] = number;
		atomic_fetch_add(&market->seen[number], 1);
	}
	return NULL;
}

static void test_many_producers_and_consumers(void **state)
{
	g_autofree Market *market = g_new0(Market, 1);
	g_autoptr(Queue) queue = queue_new(20, g_free);
	pthread_t producers[PRODUCERS];
	pthread_t consumers[CONSUMERS];

	(void)state;
	market->queue = queue;
	for (int i = 0; i < CONSUMERS; i++)
		pthread_create(&consumers[i], NULL, consume, market);
	for (int i = 0; i < PRODUCERS; i++)
		pthread_create(&producers[i], NULL, produce, market);
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	queue_close(queue);
	for (int i = 0; i < CONSUMERS; i++)
		pthread_join(consumers[i], NULL);
	for (int i = 0; i < PRODUCERS * EACH; i++)
		assert_int_equal(market->seen[i], 1);
	for (int i = 0; i < CONSUMERS; i++)
		assert_true(market->in_order[i]);
}

static void *push_until_refused(void *queue)
{
	while (queue_push(queue, g_malloc(10), 1))
		;
	return NULL;
}

static void *pop_until_end(void *queue)
{
	for (void *item; (item = queue_pop(queue));)
		g_free(item);
	return NULL;
}

static void test_abort_amid_traffic(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		g_autoptr(Queue) queue = queue_new(5, g_free);
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL,
				i % 2 ? push_until_refused : pop_until_end, queue);
		g_usleep(2000);
		queue_abort(queue);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hands_out_in_order),
		cmocka_unit_test(test_push_waits_for_room),
		cmocka_unit_test(test_heavy_item_enters_an_empty_queue),
		cmocka_unit_test(test_items_without_weight),
		cmocka_unit_test(test_close_hands_out_the_rest),
		cmocka_unit_test(test_abort_drops_all),
		cmocka_unit_test(test_free_frees_what_is_inside),
		cmocka_unit_test(test_without_a_free_function),
		cmocka_unit_test(test_abort_frees_outside_the_lock),
		cmocka_unit_test(test_timed_pop),
		cmocka_unit_test(test_timed_pop_wakes),
		cmocka_unit_test(test_many_producers_and_consumers),
		cmocka_unit_test(test_abort_amid_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
