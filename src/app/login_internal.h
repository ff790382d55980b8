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

/* How it ended: true, or the first problem. */
bool login_finish(Login *login, GError **error);
