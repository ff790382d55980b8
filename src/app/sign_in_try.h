/* One login with just these credentials, for checks: nothing is looked up and nothing noted. Only
 * for sign_in*.c. */
#pragma once

#include "app/mail_session.h"
#include "model/account.h"

/* Connects to ACCOUNT's server of PROTOCOL and logs in; with a TOKEN to MAILBOX (an address), else
 * with USERNAME and PASSWORD; with neither it only connects. */
typedef struct SignInTry {
	const Account *account;
	MailProtocol protocol;
	const char *mailbox;
	const Secret *token;
	const char *username;
	const Secret *password;
} SignInTry;

bool sign_in_try(
	const SignInTry *order, const Cancel *cancel, MailSession *session, GError **error);
