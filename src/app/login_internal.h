/* What the files of login share. */
#pragma once

#include "app/login.h"
#include "app/sign_in_try.h"
#include "oauth/oauth.h"

/* One login's way. */
typedef struct Login {
	Office *office;
	const char *actor;
	const Cancel *cancel;
	Account *account;
	LoginResult *result;
	GError *problem; /* the first protocol's that is not in order; NULL: all are */
	GError *kept[2]; /* by protocol: why a password that was kept could not be checked */
} Login;

void login_clear(Login *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Login, login_clear)

/* The account of USER, set up for PROTOCOL IMAP, of INTERFACE. */
bool login_begin(Login *login, const char *user, Interface interface, GError **error);

/* Puts PROBLEM (taken; NULL: all is well) into CHECK. False: it was FAILURE_CANCELLED. */
bool login_note(Login *login, LoginCheck *check, GError *problem);
void login_skip(LoginCheck *check, const char *reason);
/* Adds MAILBOX with what PROBLEM (taken) says. */
bool login_note_mailbox(Login *login, const char *address, GError *problem);
/* MAILBOX, a further one with Standard, as the settings spell it; borrowed. FAILURE_USAGE,
 * FAILURE_MAILBOX_UNKNOWN. */
const char *login_find_mailbox(const Account *account, const char *mailbox, GError **error);
/* Opens each further mailbox on its own and adds it. */
void login_check_mailboxes(Login *login);

/* login_password.c: whether a password that ended with PROBLEM is kept: not if it was refused, nor
 * if whoever answered is not to be trusted. */
bool login_keeps(const GError *problem);

/* Leads the person through the browser to GRANT; what it is worth is still to be seen. */
bool login_walk(Login *login, const LoginUi *ui, bool force, OauthGrant *grant, GError **error);

/* ---- login_grant.c: Office 365 ---- */

/* Whether the present token holds (*HELD), after it was refreshed if need be; the servers' answers
 * are in the result then. With a failure that a new sign-in would not mend: ERROR. */
bool login_holds(Login *login, bool *held, GError **error);
/* Whether GRANT may be the account's: by name, else by its mailbox, which opens, and the person's
 * word (*ASK). *IMAP_PROBLEM is what the mail server said. */
bool login_judge_grant(
	Login *login, const OauthGrant *grant, bool *ask, GError **imap_problem, GError **error);
/* Sets the failure for a GRANT that is somebody else's; IMAP_PROBLEM NULL: the person said so.
 * Answers false. */
bool login_refuse_person(
	const Login *login, const OauthGrant *grant, const GError *imap_problem, GError **error);
/* Minutes may pass in the browser: FAILURE_SETTINGS_CHANGED if NOW signs in elsewhere than BEFORE.
 */
bool login_check_same(const Account *before, const Account *now, GError **error);
/* Stores GRANT, unless the account changed meanwhile. */
bool login_keep_grant(Login *login, const OauthGrant *grant, GError **error);
/* After that: the report of IMAP (IMAP_PROBLEM, taken), SMTP and the further mailboxes. */
void login_finish_grant(Login *login, const OauthGrant *grant, GError *imap_problem);
/* A sign-in that came to nothing because of PROBLEM, for the audit log. */
void login_note_failed(const Login *login, const GError *problem);
/* Fills in the token's part of the result; HELD: the one that was there. As login_finish. */
bool login_finish_token(Login *login, bool held, GError **error);

/* How it ended: true, or the first problem. */
bool login_finish(Login *login, GError **error);
