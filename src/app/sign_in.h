/* Getting from a user's settings to a session that is logged in, and remembering what a server
 * refused so that no account is locked by repetition. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "imap/imap.h"

/* USER's account, resolved afresh; FAILURE_USER_LOCKED, FAILURE_USER_UNKNOWN. Yours. */
Account *sign_in_account(Office *office, const char *user, GError **error);

/* Connects to ACCOUNT's IMAP server and logs in to its main mailbox; yours. Refuses by itself,
 * without connecting: a disabled interface, missing settings, credentials that the server refused
 * before (FAILURE_LOGIN_REFUSED) until they or the server change. */
ImapSession *sign_in_imap(
	Office *office, const Account *account, const Cancel *cancel, GError **error);
