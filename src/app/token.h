/* An Office 365 user's tokens: stored at sign-in, handed out while they hold, refreshed by one at a
 * time (RFC 6749 section 6) across threads and processes, forgotten on request. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "base/repeats.h"
#include "oauth/oauth.h"

/* An access token for ACCOUNT that still holds for a while, refreshed if need be; yours in *TOKEN.
 * REFUSED (NULL: none) is one that a server did not take: it is not handed out again. Without a
 * sign-in that holds: FAILURE_LOGIN_MISSING, the FAILURE_TOKEN_… and FAILURE_OAUTH_… rows. A
 * refusal that asks for a new sign-in is remembered: the authority is not asked again until there
 * is one. */
bool token_get(Office *office, const Account *account, const Secret *refused, const Cancel *cancel,
	Secret **token, GError **error);

/* Whether a token for ACCOUNT could be stored: before anybody is led through a sign-in. */
bool token_check_place(Office *office, const Account *account, GError **error);

/* Stores what a sign-in granted, in place of what was there: file and row, or neither. The failures
 * of oauth_token_store; a user who is gone meanwhile: FAILURE_STORE. */
bool token_store(Office *office, const Account *account, const OauthGrant *grant, const char *actor,
	const Cancel *cancel, GError **error);

/* What is known of a sign-in without asking anybody. */
typedef struct TokenStatus {
	bool present; /* false: never signed in */
	char *path;
	char *identity;	   /* NULL: not told */
	int64_t signed_in; /* since when */
	int64_t refreshed; /* last, 0: not yet */
	int64_t failed;	   /* since when the last refresh fails, 0: it was good */
	int64_t expires;   /* of the access token, which is refreshed by itself; 0: unknown */
	GError *problem; /* why the next use asks for a new sign-in or would fail; NULL: it holds */
	GError *notice;	 /* why the last refresh did not come about for now; NULL: nothing */
} TokenStatus;

void token_status_clear(TokenStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TokenStatus, token_status_clear)

/* LOOK: into the file too; otherwise what the database knows and whether the file is there, for
 * lists of many. */
bool token_status(
	Office *office, const Account *account, bool look, TokenStatus *status, GError **error);

/* Has texts searched for the tokens that ACCOUNT has now, if any. */
void token_hide(Office *office, const Account *account, Repeats *repeats);

/* Forgets USER's sign-in and removes the token file first; FAILURE_TOKEN_FOLDER: it is still there,
 * and so is the sign-in. GOES: the user is being removed, with the folder below the data folder. */
bool token_remove(Office *office, int64_t user_id, const char *user, bool goes, const char *actor,
	GError **error);

/* A sign-in of ACCOUNT that came to nothing because of PROBLEM: for the audit log, and for whoever
 * looks why there is none. */
void token_note_failed_login(
	Office *office, const Account *account, const GError *problem, const char *actor);
