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
} LoginCheck;

typedef struct LoginMailbox {
	char *address;
	LoginCheck check;
} LoginMailbox;

typedef struct LoginResult {
	bool filled; /* the sign-in came as far as the checks */
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
	/* The browser's part is over. */
	void (*go_on)(void *data);
	int input; /* a descriptor from which redirects are read, a line each; -1: none */
	void *data;
} LoginUi;

/* USER's passwords for IMAP and SMTP (NULL: the same): each is tried at its server and, unless it
 * is refused, stored. *RESULT is filled as far as it came; the failure is the first protocol's that
 * is not in order (FAILURE_LOGIN_REFUSED: not stored, the former stays). */
bool login_with_password(Office *office, const char *user, const Secret *imap, const Secret *smtp,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error);

/* The present sign-in of USER with Office 365 if it holds, else (or with FORCE) a new one. */
bool login_with_office365(Office *office, const char *user, bool force, const LoginUi *ui,
	const char *actor, const Cancel *cancel, LoginResult *result, GError **error);

/* Which of the two it is; FAILURE_INTERFACE_DISABLED and what else a use would say at once. */
bool login_find_interface(Office *office, const char *user, Interface *interface, GError **error);

/* What is known without asking anybody. */
typedef struct LoginStatus {
	char *account;
	char *identity;
	int64_t signed_in; /* 0: unknown */
	int64_t refreshed; /* the token's last good refresh; 0: none yet */
	int64_t expires;   /* of the access token; 0: unknown */
	char *token_file;
	bool usable;
	char *reason; /* why not, or what to know; NULL: nothing */
} LoginStatus;

void login_status_clear(LoginStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LoginStatus, login_status_clear)

bool login_status(Office *office, const char *user, LoginStatus *status, GError **error);

/* Forgets USER's own passwords, or the token with its file. */
bool login_remove(Office *office, const char *user, const char *actor, GError **error);

typedef struct LoginPermission {
	char *scope;
	const char *reason; /* NULL: not one of ours */
} LoginPermission;

/* Where an administrator consents for everybody, yours in *URL, and the redirect to register in
 * *REDIRECT; what it is for: LoginPermission *. FAILURE_SETTING_MISSING. */
GPtrArray *login_consent(Office *office, char **url, char **redirect, GError **error);
