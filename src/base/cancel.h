/* A request to stop that reaches every thread, also one that waits for a socket. */
#pragma once

#include <stdbool.h>
#include <glib.h>

typedef struct Cancel Cancel;

Cancel *cancel_new(void);
/* One that also comes with PARENT (nullable, borrowed as long as it lives), and by itself after
 * MILLISECONDS (at least 1). */
Cancel *cancel_new_within(const Cancel *parent, int milliseconds);
/* One that comes MILLISECONDS after PARENT (nullable: never; borrowed as long as it lives): for
 * what had better come to its end once it has begun. */
Cancel *cancel_new_late(const Cancel *parent, int milliseconds);
void cancel_free(Cancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancel_free)

/* Async-signal-safe, may be called from any thread and repeatedly. */
void cancel_trigger(Cancel *cancel);

/* NULL stands for "cannot be cancelled" here and in every function that takes a Cancel. */
bool cancel_triggered(const Cancel *cancel);

/* Waits for the trigger, at most MILLISECONDS (-1: however long); whether it came. */
bool cancel_wait(const Cancel *cancel, int milliseconds);

/* A descriptor that becomes readable with the trigger, for poll; -1 for NULL. Never read it. */
int cancel_descriptor(const Cancel *cancel);
