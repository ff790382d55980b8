/* The writers' lock serves in the order of asking. */
#include "fixture.h"

#include <pthread.h>
#include "db/db_lock.h"

#define WAITERS 6

typedef struct Waiter {
	DbLock *lock;
	int *served; /* how many came before, guarded by the lock */
	int place;
	pthread_t thread;
} Waiter;

static void *wait_for_turn(void *data)
{
	Waiter *waiter = data;

	db_lock_take(waiter->lock);
	waiter->place = (*waiter->served)++;
	db_lock_give(waiter->lock);
	return NULL;
}

/* Until COUNT tickets have been drawn. */
static void wait_for_tickets(DbLock *lock, uint64_t count)
{
	uint64_t drawn = 0;

	while (drawn < count) {
		g_usleep(200);
		pthread_mutex_lock(&lock->mutex);
		drawn = lock->next;
		pthread_mutex_unlock(&lock->mutex);
	}
}

static void test_serves_in_the_order_of_asking(void **state)
{
	Waiter waiters[WAITERS];
	DbLock lock;
	int served = 0;

	(void)state;
	db_lock_init(&lock);
	db_lock_take(&lock);
	for (int i = 0; i < WAITERS; i++) {
		waiters[i] = (Waiter){.lock = &lock, .served = &served, .place = -1};
		pthread_create(&waiters[i].thread, NULL, wait_for_turn, &waiters[i]);
		wait_for_tickets(&lock, (uint64_t)i + 2);
	}
	assert_int_equal(served, 0);
	db_lock_give(&lock);
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(waiters[i].thread, NULL);
		assert_int_equal(waiters[i].place, i);
	}
	db_lock_clear(&lock);
}

static void *try_once(void *data)
{
	return db_lock_try(data) ? data : NULL;
}

/* What another thread gets that does not wait. */
static bool another_gets(DbLock *lock)
{
	pthread_t thread;
	void *taken;

	pthread_create(&thread, NULL, try_once, lock);
	pthread_join(thread, &taken);
	return taken != NULL;
}

static void test_is_taken_at_once_or_not(void **state)
{
	DbLock lock;

	(void)state;
	db_lock_init(&lock);
	assert_true(another_gets(&lock));
	assert_false(another_gets(&lock));
	assert_false(db_lock_try(&lock));
	db_lock_give(&lock);
	db_lock_take(&lock);
	assert_false(another_gets(&lock));
	db_lock_give(&lock);
	assert_true(db_lock_try(&lock));
	db_lock_give(&lock);
	db_lock_clear(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serves_in_the_order_of_asking),
		cmocka_unit_test(test_is_taken_at_once_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
