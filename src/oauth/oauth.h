/* OAuth 2.0 for native applications (RFC 6749, 7636, 8252) at endpoints of Microsoft's v2.0 kind:
 * the authorization-code flow with PKCE, redeeming, refreshing, the identity of who signed in. It
 * knows no settings, no mail server and no user interface; tokens at rest are in oauth_token.h.
 *
 * Failures of all functions: the FAILURE_OAUTH_… rows by what the authority answers, with its
 * correlation ids in the technical message; those of http_send where a proxy or a setting is the
 * cause. No token, code, verifier or secret is ever part of a message. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"
#include "base/secret.h"
#include "model/client.h"

/* Once, before any thread starts and before anything else uses JSON: its memory is wiped when
 * freed.
 */
void oauth_start_library(void);

/* What a token endpoint grants (RFC 6749 section 5.1). */
typedef struct OauthGrant {
	Secret *access_token;
	Secret *refresh_token; /* NULL: none was given */
	int64_t issued;	       /* our clock, seconds since 1970 */
	int64_t expires;       /* the same clock */
	char *identity; /* preferred_username, upn or email of the id token; NULL: not told */
} OauthGrant;

void oauth_grant_clear(OauthGrant *grant);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthGrant, oauth_grant_clear)

/* Seconds from a flow's start until it no longer counts. */
#define OAUTH_FLOW_SECONDS 600

/* The path of our own redirect on loopback. */
#define OAUTH_REDIRECT_PATH "/oauth/callback"

/* One authorization that is under way, with a state of its own that counts once. */
typedef struct OauthFlow OauthFlow;

/* ACCOUNT becomes the hint whom to sign in. FORCE: the person signs in anew even with a living
 * session at the authority. Copies what it needs of CLIENT. */
OauthFlow *oauth_flow_new(
	const OauthClient *client, const char *redirect_uri, const char *account, bool force);
void oauth_flow_free(OauthFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OauthFlow, oauth_flow_free)

/* The address to open in a browser, borrowed; it holds nothing secret. */
const char *oauth_flow_url(const OauthFlow *flow);

/* Milliseconds until the flow no longer counts, 0: it is over. */
int64_t oauth_flow_time_left(const OauthFlow *flow);

/* Takes REDIRECT: the address that the authority led the browser to, or its query alone.
 * FAILURE_OAUTH_STATE: it is not this flow's, or was taken before. FAILURE_OAUTH_NO_REDIRECT: it is
 * another address, or half of one. FAILURE_OAUTH_UNFINISHED: too late. Otherwise the flow is over,
 * with the authority's failure or with a code for oauth_flow_redeem. */
bool oauth_flow_take(OauthFlow *flow, const char *redirect, GError **error);
/* Whether no further redirect can count. */
bool oauth_flow_is_over(const OauthFlow *flow);

/* Exchanges the code that oauth_flow_take took for GRANT, once. FAILURE_OAUTH_CODE_USED: another
 * flow may help. */
bool oauth_flow_redeem(OauthFlow *flow, const OauthClient *client, const Cancel *cancel,
	OauthGrant *grant, GError **error);

/* Refreshes (RFC 6749 section 6). GRANT without a refresh token: the old one stays. ACCOUNT is for
 * sentences. *PAUSE (seconds, 0: none) is how long not to ask again after a failure. */
bool oauth_refresh(const OauthClient *client, const char *account, const Secret *refresh_token,
	const Cancel *cancel, OauthGrant *grant, int64_t *pause, GError **error);

/* Asks the authority, without anybody signing in, whether it would lead ACCOUNT through a sign-in
 * for CLIENT and back: the failures that it shows to a browser (FAILURE_OAUTH_REDIRECT,
 * …_APPLICATION, …_TENANT …). What it does not tell so is no failure. *AHEAD: seconds that its
 * clock is ahead of ours; 0: the same, or not told. */
bool oauth_probe(const OauthClient *client, const char *account, const Cancel *cancel,
	int64_t *ahead, GError **error);

/* Where an administrator consents for the whole organisation; yours. */
char *oauth_consent_url(const OauthClient *client);

/* Yours: what CLIENT registers as its redirect: its own, else the one on loopback (whose port the
 * authority ignores; 0: none is named). */
char *oauth_redirect_uri(const OauthClient *client, uint16_t port);

/* Why a permission (a scope, whole or its last part) is asked for: a German sentence, borrowed;
 * NULL for one that we do not know. */
const char *oauth_permission_reason(const char *scope);
