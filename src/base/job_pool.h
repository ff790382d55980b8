/* Threads that run jobs one after another, fairly among those who give them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct JobPool JobPool;
typedef void Job(void *data);

/* THREADS run at a time; of one key at most EACH; at most WAITING wait in all, and of one key no
 * more than places are left for others. */
JobPool *job_pool_new(int threads, int each, size_t waiting);
/* Takes no more jobs. Those that wait are dropped (their DROP is called instead), running ones are
 * waited for. Not from a job. */
void job_pool_stop(JobPool *pool);
/* Stops and frees; nobody may use POOL any more. */
void job_pool_free(JobPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobPool, job_pool_free)

/* Runs JOB with DATA when it is its turn: first come, first served, but past those whose key has
 * EACH running. KEY is compared as text. False: too many wait, or stopped, and DATA is still the
 * caller's. */
bool job_pool_add(JobPool *pool, const char *key, Job *job, Job *drop, void *data);
