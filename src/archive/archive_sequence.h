/* Sequences of mails in the list's order, as positions, each with a seek: what the list and the
 * search put together. Index ranges of the main database; several in one sequence are a union. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "db/db.h"

typedef enum StreamKind {
	STREAM_ALL,
	STREAM_WITH_ATTACHMENTS,
	STREAM_CASE,	/* key: the case number */
	STREAM_MAILBOX, /* key: the mailbox's id */
	STREAM_FILER,	/* key: the id of the user who filed */
} StreamKind;

typedef struct Sequence Sequence; /* one transaction */

/* No position below LAST is asked for. Without streams it is empty. */
Sequence *sequence_new(DbTransaction *transaction, int64_t last);
void sequence_free(Sequence *sequence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sequence, sequence_free)

/* Adds a stream to the union. KEY's text stays borrowed. */
void sequence_add(Sequence *sequence, StreamKind kind, DbValue key);

/* The first position at or below *POSITION, which only goes down from call to call; -1: none is
 * left. Adds the rows looked at to *EFFORT. */
bool sequence_seek(Sequence *sequence, int64_t *position, size_t *effort, GError **error);
