/* Signing in with Office 365 from a page, in halves, so that no thread waits for a person: the
 * first gives the address to open, the second takes what the browser brings back. Where somebody
 * else than expected signed in, a third asks. Each half may run in another thread, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/login.h"

/* One sign-in that is under way; it counts for ten minutes, and what the authority brings back
 * counts once. */
typedef struct LoginFlow LoginFlow;

void login_flow_free(LoginFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LoginFlow, login_flow_free)

/* The redirect to be registered for pages: what is configured for all; NULL: nothing is. Yours in
 * *REDIRECT_URI. FAILURE_SETTING_MISSING: there is no client. */
bool login_flow_redirect(Office *office, char **redirect_uri, GError **error);

/* Unless FORCE, USER's present sign-in is tried first: if it holds, *FLOW is NULL and the rest is
 * as with login_with_office365. Otherwise *FLOW, yours, waits for a browser. REDIRECT_URI NULL: the
 * one on loopback that is registered but leads nowhere, to be pasted. */
bool login_flow_begin(Office *office, const char *user, bool force, const char *redirect_uri,
	const char *actor, const Cancel *cancel, LoginResult *result, LoginFlow **flow,
	GError **error);

/* The address to open, borrowed. */
const char *login_flow_url(const LoginFlow *flow);
/* The account that is to sign in, borrowed. */
const char *login_flow_account(const LoginFlow *flow);
/* Whether the second half is done and a person is to say if login_flow_identity is meant. */
bool login_flow_asks(const LoginFlow *flow);
const char *login_flow_identity(const LoginFlow *flow);
/* Whether nothing more can come of it. */
bool login_flow_is_over(const LoginFlow *flow);

/* The second half, with the address that the browser was led to or its query alone. *ASK: nothing
 * is stored yet, login_flow_answer decides. FAILURE_OAUTH_STATE, FAILURE_OAUTH_NO_REDIRECT: that
 * was not for FLOW, which still waits. After all else it is over; FAILURE_OAUTH_CODE_USED: another
 * one may help. */
bool login_flow_finish(Office *office, LoginFlow *flow, const char *redirect, const char *actor,
	const Cancel *cancel, LoginResult *result, bool *ask, GError **error);

/* What the person says: MEANT stores the sign-in, else FAILURE_OAUTH_WRONG_PERSON. */
bool login_flow_answer(Office *office, LoginFlow *flow, bool meant, const char *actor,
	const Cancel *cancel, LoginResult *result, GError **error);
