/* Whether a further mailbox may be asked for with the main user's sign-in and an authorization
 * identity. A server may count each refusal as a failed login of the main account, and lock it: so
 * what it refused is on record, and one refusal holds back all mailboxes that never opened so. Only
 * for mailbox*.c and login*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "model/account.h"

typedef struct MailboxTurn {
	enum {
		TURN_ASK,
		TURN_REFUSED, /* it was refused itself */
		TURN_WAIT,    /* another was: it was not asked for */
	} state;
	int64_t since, until; /* TURN_REFUSED: when it was, and when it is asked for again */
} MailboxTurn;

/* What is due for ADDRESS. AGAIN: a person wants to know what the server says today; that lifts the
 * record for one mailbox, those first that were held back. */
bool mailbox_turn_take(Office *office, const Account *account, const char *address, bool again,
	MailboxTurn *turn, GError **error);

/* The same without a claim: nothing is noted. */
bool mailbox_turn_recall(Office *office, const Account *account, const char *address,
	MailboxTurn *turn, GError **error);

/* Puts on record whether the server REFUSED it; a failure to do so is only logged. */
void mailbox_turn_note(Office *office, const Account *account, const char *address, bool refused);
