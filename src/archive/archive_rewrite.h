/* Writing packs anew: without garbage, or several small ones as one. */
#pragma once

#include "archive/archive_internal.h"

/* One group of packs a call; the caller holds the lock on packs alone. */
bool archive_rewrite_some(Archive *archive, GError **error);
