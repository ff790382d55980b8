/* The ticket lock of the writers. */
#include "db/db_lock.h"

#include <glib.h>

void db_lock_init(DbLock *lock)
{
	*lock = (DbLock){0};
	pthread_mutex_init(&lock->mutex, NULL);
	pthread_cond_init(&lock->moved, NULL);
}

void db_lock_clear(DbLock *lock)
{
	g_assert(lock->serving == lock->next);
	pthread_cond_destroy(&lock->moved);
	pthread_mutex_destroy(&lock->mutex);
}

static bool held_by_me(const DbLock *lock)
{
	return lock->serving < lock->next && pthread_equal(lock->holder, pthread_self());
}

void db_lock_take(DbLock *lock)
{
	uint64_t ticket;

	pthread_mutex_lock(&lock->mutex);
	g_assert(!held_by_me(lock));
	ticket = lock->next++;
	while (lock->serving != ticket)
		pthread_cond_wait(&lock->moved, &lock->mutex);
	lock->holder = pthread_self();
	pthread_mutex_unlock(&lock->mutex);
}

bool db_lock_try(DbLock *lock)
{
	bool free;

	pthread_mutex_lock(&lock->mutex);
	free = lock->serving == lock->next;
	if (free) {
		lock->next++;
		lock->holder = pthread_self();
	}
	pthread_mutex_unlock(&lock->mutex);
	return free;
}

void db_lock_give(DbLock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->holder = 0;
	lock->serving++;
	pthread_cond_broadcast(&lock->moved);
	pthread_mutex_unlock(&lock->mutex);
}
