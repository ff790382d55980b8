/* Whom an answer goes to. Names and addresses of a mail are foreign: what one of them holds must
 * not look like another. Only for draft*.c and send*.c. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "base/cancel.h"
#include "model/account.h"
#include "model/mail.h"

/* The fields of a draft; yours. */
typedef struct DraftPeople {
	char *to, *cc;
	bool cut; /* there are more than a mail can go to */
} DraftPeople;

void draft_people_clear(DraftPeople *people);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DraftPeople, draft_people_clear)

/* Whom the answer to VIEW goes to, each once: where its sender wants answers, else who wrote it; of
 * what ACCOUNT's user sent, to whom. ALL: in cc everybody else but ACCOUNT's mailboxes.
 * FAILURE_CANCELLED. */
bool draft_people_find(const MailView *view, const Account *account, bool all, DraftPeople *people,
	const Cancel *cancel, GError **error);

/* Yours: NAME as a quoted string (RFC 5322 section 3.2.4), then REST. */
char *draft_quote_person(const char *name, const char *rest);
