/* How many requests sleep until something happens: a few of each user and a few in all, so that
 * threads stay free for what asks a question only. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct Waits Waits;

/* EACH of one user, ALL together. */
Waits *waits_new(unsigned each, unsigned all);
void waits_free(Waits *waits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waits, waits_free)

/* False: there are as many already; then answer at once. Each that was taken is given back. */
bool waits_take(Waits *waits, int64_t user_id);
void waits_give(Waits *waits, int64_t user_id);
