/* Use cases about drafts: sending one, answering an archived mail with one, taking over the
 * original's attachments. What a draft holds is as typed: nothing is checked before it is sent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "app/viewing.h"
#include "base/cancel.h"
#include "drafts/drafts.h"
#include "outbox/outbox.h"
#include "user/user.h"

/* Where on the form something is wrong. */
typedef enum DraftPlace {
	DRAFT_NOWHERE, /* none of these */
	DRAFT_FROM,
	DRAFT_TO,
	DRAFT_CC,
	DRAFT_BCC,
	DRAFT_SUBJECT,
	DRAFT_TEXT,
	DRAFT_CASE,
	DRAFT_FILES,
} DraftPlace;

/* Queues what the draft ID says, once, however often it is asked to, and takes the draft away.
 * *MAIL_ID: in the outbox. *WRONG: what a failure is about. Beyond send_queue's failures
 * FAILURE_DRAFT_UNKNOWN. */
bool draft_send(Office *office, const User *user, int64_t id, int64_t *mail_id, DraftPlace *wrong,
	const Cancel *cancel, GError **error);

/* The addresses of TEXT as a person types them: separated by commas, semicolons or lines; a comma
 * before any "@" belongs to a name ("Muster, Max <m@amt.example>"). Yours. */
GStrv draft_split(const char *text);

/* PERSON of a mail, "Name <address>" with the name as it is read, as it is typed: names that hold
 * more than words are quoted. Yours. */
char *draft_person(const char *person);

typedef enum DraftAnswer { DRAFT_ANSWER, DRAFT_ANSWER_ALL, DRAFT_FORWARD } DraftAnswer;

/* Makes a draft that answers the mail MAIL_ID, or passes it on with its attachments, as far as the
 * user sees it. *CUT: it has more recipients than a mail may have; the first are in the draft.
 * FAILURE_MAIL_UNKNOWN, FAILURE_DRAFTS_MANY. */
bool draft_answer(Office *office, const User *user, int64_t mail_id, DraftAnswer how, int64_t *id,
	bool *cut, const Cancel *cancel, GError **error);

/* Makes a draft of the user's mail MAIL_ID of the outbox, which failed, was cancelled or is
 * unknown, with its attachments, for those who have not got it. *ID not 0 where that fails: the
 * draft is there, but lacks some of them. FAILURE_OUTBOX_UNKNOWN, FAILURE_OUTBOX_STATE,
 * FAILURE_OUTBOX_ERASED, FAILURE_DRAFTS_MANY, FAILURE_DRAFT_LONG. */
bool draft_again(Office *office, const User *user, int64_t mail_id, int64_t *id,
	const Cancel *cancel, GError **error);
/* Whether one may be made of it, as long as it has its content. */
bool draft_may_come_of(const OutboxMail *mail);

/* The attachments of the mail that the draft answers, as far as they are not in it yet. */
bool draft_take_attachments(
	Office *office, const User *user, int64_t id, const Cancel *cancel, GError **error);

/* What a new mail begins with: the user's signature; yours. */
char *draft_start_text(Office *office, const User *user, GError **error);

/* How large the user's mails may be, as the SMTP server said last (*TOLD), else 150 MB. */
bool draft_limit(Office *office, const User *user, uint64_t *limit, bool *told, GError **error);
