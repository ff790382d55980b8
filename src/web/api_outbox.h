/* What the API's rows about sending and about the outbox share. */
#pragma once

#include "web/api.h"

/* Milliseconds that "wait" asks for, 0 where it is not there; FAILURE_API_PARAMETER. */
bool api_outbox_read_wait(const Visit *visit, int *milliseconds, GError **error);
/* Has the daemon send what is queued, waits for the end of the mail ID of who asks and answers it:
 * 202, or 200 where the end came while it was waited for. */
bool api_outbox_answer(Visit *visit, int64_t id, int milliseconds, GError **error);
