/* Making filed mails readable: a thread that lets the parse worker read them and keeps what they
 * say. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "archive/archive.h"
#include "base/cancel.h"

typedef struct Indexer Indexer;

/* Starts the thread; it looks for work at once and then every 200 ms until indexer_finish. */
Indexer *indexer_start(Archive *archive, const Cancel *cancel);

/* Reads all that is left, ends the thread, frees INDEXER. */
bool indexer_finish(Indexer *indexer, GError **error);

/* The same without a thread: reads all that is left. */
bool indexer_run(Archive *archive, const Cancel *cancel, GError **error);
