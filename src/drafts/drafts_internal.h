/* What the files of this folder share. */
#pragma once

#include "drafts/drafts.h"

/* FAILURE_DRAFT_UNKNOWN: not there, or another user's. */
bool drafts_check_owner(
	DbTransaction *transaction, int64_t user_id, int64_t draft_id, GError **error);

/* TEXT, or "" for NULL. */
const char *drafts_text(const char *text);

/* What became of the draft ID, or of KEY's (nullable), if it is not there any more; *SENT is all 0
 * where nothing is known. */
bool drafts_find_sent(DbTransaction *transaction, int64_t user_id, int64_t id, const char *key,
	const DraftFields *fields, DraftSent *sent, GError **error);
/* "um 17:00 Uhr", with the day where that is not today's; yours. */
char *drafts_sent_when(int64_t at);
