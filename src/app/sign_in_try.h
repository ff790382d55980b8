/* One login with just these credentials, for checks: nothing is looked up and nothing noted. Only
 * for sign_in*.c and login*.c. */
#pragma once

#include "app/mail_session.h"
#include "model/account.h"

/* With a TOKEN to the mailbox USERNAME, else with USERNAME and PASSWORD; with neither it only
 * connects.
 */
typedef struct SignInTry {
	const Account *account;
	MailProtocol protocol;
	const char *username;
	const Secret *password;	  /* NULL: none */
	const Secret *token;	  /* NULL: none */
	const char *authorize_as; /* with a password, NULL: nobody else */
} SignInTry;

/* Connects to the account's server of the protocol, unless SESSION is open already, and logs in. A
 * token's refusal is FAILURE_OAUTH_TOKEN_REFUSED. */
bool sign_in_try(
	const SignInTry *order, const Cancel *cancel, MailSession *session, GError **error);
