/* Getting from a user's settings to a session that is logged in, without asking a server again for
 * what it refused. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "imap/imap.h"

/* USER's account, resolved afresh; FAILURE_USER_LOCKED, FAILURE_USER_UNKNOWN. Yours. */
Account *sign_in_account(Office *office, const char *user, GError **error);

/* Whether ACCOUNT is set up for a sign-in: FAILURE_INTERFACE_DISABLED, FAILURE_SETTING_MISSING,
 * FAILURE_OFFICE365_NOT_YET. */
bool sign_in_check(const Account *account, GError **error);

/* Sets the failure for credentials that the server refused, now or BEFORE: whose they are decides
 * who must act. */
void sign_in_refuse(const Account *account, bool before, const char *detail, GError **error);

/* Connects to ACCOUNT's IMAP server and logs in to its main mailbox; yours. Refuses by itself,
 * without connecting: what sign_in_check says, and credentials that the server refused before
 * (FAILURE_LOGIN_REFUSED_BEFORE, …_SHARED_BEFORE) until they or the server change. */
ImapSession *sign_in_imap(
	Office *office, const Account *account, const Cancel *cancel, GError **error);
