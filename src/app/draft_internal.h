/* What the files of drafts share. Only for draft*.c. */
#pragma once

#include "app/draft.h"

/* PEOPLE (char *) as one field of a draft; yours. */
char *draft_join(const GPtrArray *people);

/* Writes attachment NUMBER (from 1) to DESCRIPTOR. */
typedef bool DraftSource(unsigned number, int descriptor, void *data, GError **error);

/* Those of PARTS (MailPart *) that the draft ID lacks become files of it, with the bytes that
 * SOURCE has. */
bool draft_take_parts(Office *office, const User *user, int64_t id, const GPtrArray *parts,
	DraftSource *source, void *data, GError **error);
