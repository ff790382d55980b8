/* Getting from a user's settings to a session that is logged in: with the password, which a server
 * that refused it is not asked with again, or with Office 365's token. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/mail_session.h"
#include "app/office.h"
#include "base/cancel.h"

/* USER's account, resolved afresh; FAILURE_USER_LOCKED, FAILURE_USER_UNKNOWN. Yours. */
Account *sign_in_account(Office *office, const char *user, GError **error);

/* Sets the failure for a password that ACCOUNT's server of PROTOCOL refused, now or BEFORE: whose
 * it is decides who must act. */
void sign_in_refuse(const Account *account, MailProtocol protocol, bool before, const char *detail,
	GError **error);

/* Connects to ACCOUNT's server and logs in to its main mailbox; yours. Refuses without connecting:
 * what settings_require says; a password that the server refused before
 * (FAILURE_LOGIN_REFUSED_BEFORE, …_SHARED_BEFORE) until it or the server changes; what token_get
 * says. Without credentials SMTP is left as the server offers it, IMAP ends with
 * FAILURE_LOGIN_MISSING unless it was greeted with PREAUTH. */
ImapSession *sign_in_imap(
	Office *office, const Account *account, const Cancel *cancel, GError **error);
SmtpSession *sign_in_smtp(
	Office *office, const Account *account, const Cancel *cancel, GError **error);

/* The same for either PROTOCOL into SESSION, which may be connected to the server already. AGAIN:
 * the server is asked although it refused before. */
bool sign_in_open(Office *office, const Account *account, MailProtocol protocol, bool again,
	const Cancel *cancel, MailSession *session, GError **error);

/* Whether a new login would help after PROBLEM: a person can be asked for one. */
bool sign_in_helps(const GError *problem);
