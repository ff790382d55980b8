/* What the pages of the outbox share: Postausgang and one mail there. */
#pragma once

#include "outbox/outbox.h"
#include "web/page.h"

#define OUTBOX_PATH "/postausgang"
#define OUTBOX_EVENTS "/postausgang-ereignisse"
/* The list's parameter and its value for what is not over. */
#define OUTBOX_SHOW "zeigen"
#define OUTBOX_OPEN "offen"

PageTone outbox_tone(OutboxState state);
/* How MAIL stands, in words that a sign tells, too. */
void outbox_write_badge(Html *h, const OutboxMail *mail);

/* ---- the part of a page that changes while it is looked at ---- */

/* Writes it as of now to H, and *SAID (yours): what is worth saying aloud about it. */
typedef bool OutboxPart(Visit *visit, Html *h, char **said, GError **error);

/* PART on VISIT's page, followed by the events of the address EVENTS, which ends where one more
 * parameter may stand. */
bool outbox_write_live(Visit *visit, Html *h, OutboxPart *part, const char *events, GError **error);
/* Those events: PART anew, whenever it has changed. */
bool outbox_follow(Visit *visit, OutboxPart *part, GError **error);
