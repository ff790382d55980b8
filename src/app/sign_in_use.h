/* How the last uses of a user's mail servers ended, whether or not it was because of the login: for
 * lists that tell who needs help. Only for sign_in*.c, login*.c and check*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "model/account.h"

typedef struct SignInUse {
	int64_t succeeded; /* the last that was good; 0: none was */
	int64_t failed;	   /* the last that failed; 0: none did */
	GError *problem;   /* why, without the technical message; NULL: none failed */
	bool failing; /* the very last one failed, with server and credentials as they are now */
} SignInUse;

void sign_in_use_clear(SignInUse *use);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignInUse, sign_in_use_clear)

/* What is on record for ACCOUNT's server of PROTOCOL. */
bool sign_in_use_recall(Office *office, const Account *account, MailProtocol protocol,
	SignInUse *use, GError **error);

/* Puts on record how a use ended: PROBLEM, or well (NULL). Left out is what says nothing about the
 * user's mail: what was cancelled, was asked wrongly, was not tried, or is our own storage's
 * failure. The same again is written at most once a minute. A failure to do so is only logged. */
void sign_in_use_note(
	Office *office, const Account *account, MailProtocol protocol, const GError *problem);
