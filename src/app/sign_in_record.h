/* What servers said to credentials, kept so that a refusal is not repeated and lists can tell who
 * cannot sign in. Only for sign_in*.c and login*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "model/account.h"

typedef enum SignInVerdict {
	VERDICT_NONE, /* these credentials were not tried at this server yet */
	VERDICT_GOOD,
	VERDICT_REFUSED,
} SignInVerdict;

typedef struct SignInRecord {
	SignInVerdict verdict;
	int64_t since; /* 0: VERDICT_NONE */
} SignInRecord;

/* What is on record for ACCOUNT's server of PROTOCOL and credentials as they are now. */
bool sign_in_recall(Office *office, const Account *account, MailProtocol protocol,
	SignInRecord *record, GError **error);

/* Puts VERDICT on record unless it is there already; with an audit row for a refusal and for the
 * first success after one. A failure to do so is only logged: the sign-in itself is over. */
void sign_in_remember(
	Office *office, const Account *account, MailProtocol protocol, SignInVerdict verdict);
