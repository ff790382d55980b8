/* The pool: order, the limit a key, places, ends; all of it is for TSan too. */
#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "base/job_pool.h"
#include "scratch.h"

#define SOON 30	     /* milliseconds: long enough to see that somebody waits */
#define LATEST 10000 /* milliseconds, on a machine that does ten other things */

/* One job: notes its turn and, if there is a gate, waits until it opens. */
typedef struct Step {
	atomic_bool *gate; /* NULL: none */
	atomic_int turn;   /* which it was of all that began; 0: none yet */
	atomic_int drops;
	atomic_bool done;
} Step;

static atomic_int turns;
static atomic_int running;
static atomic_int most_running;

static void wait_for(atomic_bool *gate)
{
	int64_t end = clock_monotonic() + LATEST;

	while (!atomic_load(gate) && clock_monotonic() < end)
		g_usleep(1000);
}

static void note_running(void)
{
	int now = atomic_fetch_add(&running, 1) + 1;
	int most = atomic_load(&most_running);

	while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now))
		;
}

static void run_step(void *data)
{
	Step *step = data;

	atomic_store(&step->turn, atomic_fetch_add(&turns, 1) + 1);
	note_running();
	if (step->gate)
		wait_for(step->gate);
	atomic_fetch_sub(&running, 1);
	atomic_store(&step->done, true);
}

static void drop_step(void *data)
{
	Step *step = data;

	atomic_fetch_add(&step->drops, 1);
}

static bool add(JobPool *pool, const char *key, Step *step)
{
	return job_pool_add(pool, key, run_step, drop_step, step);
}

static void assert_soon_begins(Step *step)
{
	int64_t end = clock_monotonic() + LATEST;

	while (atomic_load(&step->turn) == 0 && clock_monotonic() < end)
		g_usleep(1000);
	assert_int_not_equal(atomic_load(&step->turn), 0);
}

static void assert_waits(Step *step)
{
	g_usleep(SOON * 1000);
	assert_int_equal(atomic_load(&step->turn), 0);
}

static int forget(void **state)
{
	(void)state;
	atomic_store(&turns, 0);
	atomic_store(&running, 0);
	atomic_store(&most_running, 0);
	return 0;
}

static void test_first_come_first_served(void **state)
{
	static const char *const keys[] = {"a", "b", "a", "c", "b", "a"};
	g_autoptr(JobPool) pool = job_pool_new(1, 1, 100);
	atomic_bool gate = false;
	Step first = {.gate = &gate};
	Step steps[G_N_ELEMENTS(keys)] = {0};

	(void)state;
	assert_true(add(pool, "a", &first));
	assert_soon_begins(&first);
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		assert_true(add(pool, keys[i], &steps[i]));
	atomic_store(&gate, true);
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		assert_soon_begins(&steps[i]);
		assert_int_equal(atomic_load(&steps[i].turn), (int)i + 2);
	}
}

/* KEY's buffer changes behind the call: only its text counts. */
static void test_each_key_has_its_limit(void **state)
{
	g_autoptr(JobPool) pool = job_pool_new(8, 2, 100);
	atomic_bool gate = false;
	Step ours[4] = {{.gate = &gate}, {.gate = &gate}, {.gate = &gate}, {.gate = &gate}};
	Step theirs = {.gate = &gate};
	char key[] = "a";

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
		key[0] = 'a';
		assert_true(add(pool, key, &ours[i]));
		key[0] = 'x';
	}
	assert_soon_begins(&ours[0]);
	assert_soon_begins(&ours[1]);
	assert_waits(&ours[2]);
	/* Past those that wait, though it came last. */
	assert_true(add(pool, "b", &theirs));
	assert_soon_begins(&theirs);
	assert_waits(&ours[2]);
	assert_int_equal(atomic_load(&most_running), 3);
	atomic_store(&gate, true);
	assert_soon_begins(&ours[2]);
	assert_soon_begins(&ours[3]);
	assert_int_equal(atomic_load(&most_running), 3);
}

static void test_no_more_than_the_threads(void **state)
{
	g_autoptr(JobPool) pool = job_pool_new(3, 5, 100);
	atomic_bool gate = false;
	Step steps[5] = {{.gate = &gate}, {.gate = &gate}, {.gate = &gate}, {.gate = &gate},
		{.gate = &gate}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		assert_true(add(pool, i % 2 ? "a" : "b", &steps[i]));
	assert_soon_begins(&steps[2]);
	assert_waits(&steps[3]);
	atomic_store(&gate, true);
	assert_soon_begins(&steps[4]);
	assert_int_equal(atomic_load(&most_running), 3);
}

/* Of eight places the first key gets four, the next two, the next one. */
static void test_places_are_shared(void **state)
{
	static const struct {
		const char *key;
		unsigned places;
	} owners[] = {{"a", 4}, {"b", 2}, {"c", 1}, {"d", 1}, {"e", 0}};
	JobPool *pool = job_pool_new(1, 1, 8);
	atomic_bool gate = false;
	Step first = {.gate = &gate};
	Step waiting = {0};
	unsigned drops = 0;

	(void)state;
	assert_true(add(pool, "x", &first));
	assert_soon_begins(&first);
	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
		for (unsigned j = 0; j < owners[i].places; j++, drops++)
			assert_true(add(pool, owners[i].key, &waiting));
		assert_false(add(pool, owners[i].key, &waiting));
	}
	assert_int_equal(atomic_load(&waiting.drops), 0);
	atomic_store(&gate, true);
	job_pool_free(pool);
	assert_int_equal(atomic_load(&waiting.drops) + atomic_load(&turns), drops + 1);
}

static void test_places_become_free_again(void **state)
{
	g_autoptr(JobPool) pool = job_pool_new(1, 1, 1);

	(void)state;
	for (int i = 0; i < 50; i++) {
		atomic_bool gate = false;
		Step one = {.gate = &gate};
		Step other = {0};

		assert_true(add(pool, "a", &one));
		assert_soon_begins(&one);
		assert_true(add(pool, "a", &other));
		assert_false(add(pool, "b", &other));
		atomic_store(&gate, true);
		assert_soon_begins(&other);
		wait_for(&other.done);
	}
}

static void *open_gate(void *gate)
{
	g_usleep(SOON * 1000);
	atomic_store((atomic_bool *)gate, true);
	return NULL;
}

static void test_free_waits_for_the_running_and_drops_the_waiting(void **state)
{
	JobPool *pool = job_pool_new(2, 1, 100);
	atomic_bool gate = false;
	Step runs = {.gate = &gate};
	Step waits[3] = {0};
	pthread_t opener;

	(void)state;
	assert_true(add(pool, "a", &runs));
	assert_soon_begins(&runs);
	for (size_t i = 0; i < G_N_ELEMENTS(waits); i++)
		assert_true(add(pool, "a", &waits[i]));
	assert_int_equal(pthread_create(&opener, NULL, open_gate, &gate), 0);
	job_pool_free(pool);
	assert_true(runs.done);
	assert_int_equal(runs.drops, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(waits); i++) {
		assert_int_equal(waits[i].turn, 0);
		assert_int_equal(waits[i].drops, 1);
	}
	pthread_join(opener, NULL);
}

static void test_nothing_is_taken_after_the_stop(void **state)
{
	g_autoptr(JobPool) pool = job_pool_new(2, 1, 100);
	Step late = {0};

	(void)state;
	job_pool_stop(pool);
	assert_false(add(pool, "a", &late));
	job_pool_stop(pool);
	assert_int_equal(late.turn, 0);
	assert_int_equal(late.drops, 0);
	job_pool_free(NULL);
}

/* What is called at the end may use the pool. */
typedef struct Stubborn {
	JobPool *pool;
	bool was_taken;
	Step step;
} Stubborn;

static void add_again(void *data)
{
	Stubborn *stubborn = data;

	stubborn->was_taken = add(stubborn->pool, "a", &stubborn->step);
}

static void test_drop_may_use_the_pool(void **state)
{
	JobPool *pool = job_pool_new(1, 1, 10);
	atomic_bool gate = false;
	Step runs = {.gate = &gate};
	Stubborn stubborn = {.pool = pool, .was_taken = true};
	pthread_t opener;

	(void)state;
	assert_true(add(pool, "a", &runs));
	assert_soon_begins(&runs);
	assert_true(job_pool_add(pool, "b", run_step, add_again, &stubborn));
	assert_int_equal(pthread_create(&opener, NULL, open_gate, &gate), 0);
	job_pool_free(pool);
	assert_false(stubborn.was_taken);
	pthread_join(opener, NULL);
}

#define GIVERS 4
#define GIVEN 500

typedef struct Giver {
	JobPool *pool;
	char key[2];
	atomic_int now;
	atomic_int most;
	atomic_int done;
	int refused;
	pthread_t thread;
} Giver;

static void run_given(void *data)
{
	Giver *giver = data;
	int now = atomic_fetch_add(&giver->now, 1) + 1;
	int most = atomic_load(&giver->most);

	while (now > most && !atomic_compare_exchange_weak(&giver->most, &most, now))
		;
	sched_yield();
	atomic_fetch_sub(&giver->now, 1);
	atomic_fetch_add(&giver->done, 1);
}

static void drop_given(void *data)
{
	Giver *giver = data;

	atomic_fetch_add(&giver->done, 1);
}

static void *give(void *data)
{
	Giver *giver = data;

	for (int i = 0; i < GIVEN; i++)
		giver->refused +=
			!job_pool_add(giver->pool, giver->key, run_given, drop_given, giver);
	return NULL;
}

static void test_many_give_at_once(void **state)
{
	JobPool *pool = job_pool_new(8, 2, 20);
	Giver givers[GIVERS] = {0};

	(void)state;
	for (int i = 0; i < GIVERS; i++) {
		givers[i].pool = pool;
		givers[i].key[0] = (char)('a' + i);
		assert_int_equal(pthread_create(&givers[i].thread, NULL, give, &givers[i]), 0);
	}
	for (int i = 0; i < GIVERS; i++)
		pthread_join(givers[i].thread, NULL);
	job_pool_free(pool);
	for (int i = 0; i < GIVERS; i++) {
		assert_int_equal(givers[i].done + givers[i].refused, GIVEN);
		assert_true(givers[i].done > 0);
		assert_in_range(givers[i].most, 0, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_come_first_served, forget),
		cmocka_unit_test_setup(test_each_key_has_its_limit, forget),
		cmocka_unit_test_setup(test_no_more_than_the_threads, forget),
		cmocka_unit_test_setup(test_places_are_shared, forget),
		cmocka_unit_test_setup(test_places_become_free_again, forget),
		cmocka_unit_test_setup(
			test_free_waits_for_the_running_and_drops_the_waiting, forget),
		cmocka_unit_test_setup(test_nothing_is_taken_after_the_stop, forget),
		cmocka_unit_test_setup(test_drop_may_use_the_pool, forget),
		cmocka_unit_test_setup(test_many_give_at_once, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
