/* A fair lock: who asks first is served first, so that a busy importer cannot starve a settings
 * page. (A mutex promises nothing of that kind.) */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct DbLock {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	uint64_t next;	  /* the ticket of who asks next */
	uint64_t serving; /* the ticket of who holds the lock */
	pthread_t holder; /* valid while serving < next */
} DbLock;

void db_lock_init(DbLock *lock);
void db_lock_clear(DbLock *lock);

/* Asking twice from one thread is our mistake. */
void db_lock_take(DbLock *lock);
/* Takes the lock if nobody has it or waits for it. */
bool db_lock_try(DbLock *lock);
void db_lock_give(DbLock *lock);
