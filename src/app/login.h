/* The use case "sign in": a password checked and stored, or the way through Office 365's
 * authorization; afterwards real logins and a report of what answered. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "base/secret.h"
#include "model/account.h"

typedef enum LoginState {
	LOGIN_OK,
	LOGIN_FAILED,
	LOGIN_UNCHECKED, /* the server was out of reach */
	LOGIN_SKIPPED,	 /* there is nothing to sign in to */
} LoginState;

typedef struct LoginCheck {
	LoginState state;
	char *reason; /* a German sentence; NULL for LOGIN_OK */
	bool refused; /* LOGIN_FAILED: user name or password, which are not stored then */
} LoginCheck;

typedef struct LoginMailbox {
	char *address;
	LoginCheck check;
} LoginMailbox;

typedef struct LoginResult {
	bool filled;  /* the sign-in came as far as the checks */
	bool present; /* the sign-in that was there already held */
	bool stored;  /* what was given is stored, whatever the servers said */
	char *account;
	char *identity; /* who signed in; NULL: not told */
	LoginCheck imap;
	LoginCheck smtp;
	GPtrArray *mailboxes; /* LoginMailbox *, the main one first */
	char *token_file;     /* NULL: none */
} LoginResult;

void login_result_clear(LoginResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LoginResult, login_result_clear)

/* The person, where there is one. All functions may be NULL. */
typedef struct LoginUi {
	/* URL is to be opened in a browser; LISTENS: what comes of it arrives by itself. */
	void (*show_address)(const char *url, bool listens, void *data);
	/* IDENTITY has signed in for ACCOUNT, whose mailbox opens with it: is that meant? NULL:
	 * nobody can be asked. */
	bool (*confirm)(const char *identity, const char *account, void *data);
	/* What was put in is not the redirect that is waited for (SENTENCE); another may follow.
	 * NULL: nobody would correct it. */
	void (*correct)(const char *sentence, void *data);
	/* The walk begins anew, with another address, because of SENTENCE. */
	void (*begin_again)(const char *sentence, void *data);
	/* Servers are asked now: whether the present sign-in holds (BEFORE any browser), or what
	 * came of the browser. */
	void (*check)(bool before, void *data);
	int input; /* a descriptor from which redirects are read, a line each; -1: none */
	void *data;
} LoginUi;

/* USER's passwords for IMAP and SMTP (NULL: the same): each is tried at its server and, unless it
 * is refused, stored. *RESULT is filled as far as it came; the failure is the first protocol's that
 * is not in order (FAILURE_LOGIN_REFUSED: not stored, the former stays). */
bool login_with_password(Office *office, const char *user, const Secret *imap, const Secret *smtp,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error);

typedef struct LoginCredentials {
	/* In normal form; "": the account. NULL: what is stored, which stays. */
	const char *imap_username;
	const char *smtp_username;
	const Secret *imap_password;
	const Secret *smtp_password;
} LoginCredentials;

/* The same with user names, which are stored where their password is. */
bool login_with_credentials(Office *office, const char *user, const LoginCredentials *given,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error);

/* Credentials of its own for USER's further mailbox ADDRESS, with Standard: USERNAME (NULL: the
 * address) and PASSWORD are tried and, unless refused, stored. */
bool login_with_mailbox(Office *office, const char *user, const char *address, const char *username,
	const Secret *password, const char *actor, const Cancel *cancel, LoginResult *result,
	GError **error);

/* The present sign-in of USER with Office 365 if it holds, else (or with FORCE) a new one. */
bool login_with_office365(Office *office, const char *user, bool force, const LoginUi *ui,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error);

/* What a sign-in of USER will be about: whom it concerns and what it needs. */
typedef struct LoginPlan {
	Interface interface;
	char *account;	/* the address whose password is asked for */
	char *username; /* of the credentials that a further mailbox has already; NULL: none */
	bool has_smtp;	/* and another one for SMTP */
} LoginPlan;

void login_plan_clear(LoginPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LoginPlan, login_plan_clear)

/* MAILBOX: NULL for the user's own sign-in, else the further mailbox whose credentials it is about;
 * FAILURE_USAGE where it can have none. FAILURE_INTERFACE_DISABLED and what else a use would say at
 * once. */
bool login_plan(
	Office *office, const char *user, const char *mailbox, LoginPlan *plan, GError **error);

typedef enum LoginUse {
	LOGIN_USE_GOOD,
	LOGIN_USE_UNTRIED, /* everything is there, but no server was asked yet */
	LOGIN_USE_FIRST,   /* nobody has signed in yet */
	LOGIN_USE_AGAIN,   /* a new sign-in is needed */
	LOGIN_USE_BLOCKED, /* somebody else must act first */
} LoginUse;

/* What is known of a further mailbox with credentials of its own, or that was refused. */
typedef struct LoginMailboxStatus {
	char *address;
	char *username;	 /* of its own credentials; NULL: it has none */
	int64_t refused; /* when the server refused it; 0: it did not */
	int64_t again;	 /* when it may be asked again; 0: with other credentials */
	char *reason;	 /* why its own credentials cannot be used; NULL: nothing */
} LoginMailboxStatus;

/* What is known without asking anybody. */
typedef struct LoginStatus {
	LoginUse use;
	char *account;
	char *identity;
	int64_t signed_in; /* 0: unknown */
	int64_t refused;   /* when the server refused it; 0: it did not */
	int64_t refreshed; /* the token's last good refresh; 0: none yet */
	int64_t expires;   /* of the access token; 0: unknown */
	char *token_file;
	char *reason;	      /* why it is not good, or what to know; NULL: nothing */
	GPtrArray *mailboxes; /* LoginMailboxStatus * */
} LoginStatus;

void login_status_clear(LoginStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LoginStatus, login_status_clear)

bool login_status(Office *office, const char *user, LoginStatus *status, GError **error);

/* Forgets USER's own passwords, or the token with its file, and the credentials of the further
 * mailboxes; with MAILBOX (nullable) only that one's. *REMOVED: there was something. */
bool login_remove(Office *office, const char *user, const char *mailbox, const char *actor,
	bool *removed, GError **error);

/* A further mailbox of a user with Standard, as far as it is known without asking anybody. */
typedef struct LoginOwn {
	char *address;
	char *username; /* of credentials of its own; NULL: it has none */
	bool refused;	/* they were refused, or cannot be read any more */
} LoginOwn;

/* LoginOwn *, in the settings' order; empty but with Standard. */
GPtrArray *login_list_mailboxes(Office *office, const char *user, GError **error);

/* Refreshes sign-ins with Office 365 that nobody has used for a month, before they end at the
 * authority: a few of those whose user's id is above *AFTER, which moves on. False: there are no
 * more. Failures are only logged. */
bool login_refresh_idle(Office *office, int64_t *after, const Cancel *cancel);

typedef struct LoginPermission {
	char *scope;
	const char *reason; /* NULL: not one of ours */
} LoginPermission;

/* Where an administrator consents for everybody, yours in *URL, and the redirect to register in
 * *REDIRECT; what it is for: LoginPermission *. FAILURE_SETTING_MISSING. */
GPtrArray *login_consent(Office *office, char **url, char **redirect, GError **error);
