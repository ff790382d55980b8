/* What the files of this folder share. */
#pragma once

#include "drafts/drafts.h"

/* For the end of a loop over rows: hands FAILED on; true if there is none. */
bool drafts_pass(GError *failed, GError **error);
/* FAILURE_DRAFT_UNKNOWN: not there, or another user's. */
bool drafts_check_owner(
	DbTransaction *transaction, int64_t user_id, int64_t draft_id, GError **error);
