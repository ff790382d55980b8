/* What the files of oauth/ share: the flow, requests to the token endpoint and what failed ones
 * mean. */
#pragma once

#include "oauth/oauth.h"

#include <jansson.h>
#include "failure/failure.h"
#include "base/repeats.h"
#include "net/http.h"

/* Bytes of a token; Microsoft's are some thousands. */
#define OAUTH_TOKEN_LIMIT ((size_t)64 * 1024)

struct OauthFlow {
	OauthClient client; /* only what addresses and sentences need */
	char *url;
	char *account;
	char *redirect_uri;
	char *registered_uri; /* as the authority knows it: without a port of our own choosing */
	char *state;
	Secret *verifier;
	Secret *code;	  /* NULL: not there yet, or redeemed */
	bool taken;	  /* the state has counted */
	Repeats *secrets; /* of the client, which the authority may repeat */
	int64_t end;	  /* on the monotonic clock */
};

/* The code_challenge of VERIFIER: S256 (RFC 7636 section 4.2); yours. */
char *oauth_make_challenge(const Secret *verifier);

/* What sentences and messages need to name. */
typedef struct OauthSubject {
	const OauthClient *client;
	const char *account;
	const char *redirect_uri; /* NULL: not part of the request */
} OauthSubject;

/* An error of the authorization or the token endpoint (RFC 6749 sections 4.1.2.1 and 5.2). */
typedef struct OauthError {
	const char *name;	 /* "invalid_grant" */
	int64_t number;		 /* AADSTS…; 0: none */
	const char *description; /* free text without anything that we sent; NULL: none */
	const char *trace;	 /* correlation ids, for the message; NULL: none */
} OauthError;

/* NAME of an error, or "error" if it repeats one of SECRETS; borrowed, NULL: there is none. */
const char *oauth_error_name(const Repeats *secrets, const char *name);
/* The number of "AADSTS50173: …"; 0: none. */
int64_t oauth_error_number(const char *description);

/* THE translation of the authority's errors. */
Failure oauth_error_failure(const OauthError *problem);
void oauth_error_set(const OauthSubject *subject, const OauthError *problem, GError **error);

/* PROBLEM (taken), a network's, as one of the sign-in, but where a proxy or a setting is the cause.
 */
void oauth_network_error(const OauthSubject *subject, GError *problem, GError **error);

/* A form of name=value pairs as a request's body; secrets never pass through a buffer that grows.
 */
typedef struct OauthForm {
	const char *name;
	const char *value;
	bool secret; /* must not come back in a message */
} OauthForm;

/* POSTs FORM (ended by a NULL name; pairs without a value are left out) to CLIENT's token endpoint,
 * with the client's id and secret; repeats it a few times where the authority says so. */
bool oauth_request(const OauthSubject *subject, const OauthForm *form, const Cancel *cancel,
	OauthGrant *grant, int64_t *pause, GError **error);

/* What an answer says about asking again. */
typedef struct OauthOutcome {
	int64_t retry_after; /* seconds, as the server tells; -1: not told */
	int64_t pause;	     /* seconds, as we know better; 0: none */
	bool busy;	     /* the server itself says: later */
} OauthOutcome;

/* The secrets of CLIENT and its proxy, beside names that are none; yours. */
Repeats *oauth_secrets(const OauthClient *client, const char *account);

/* What ANSWER to FORM brings: a grant, or the failure that the authority means. */
bool oauth_take_answer(const OauthSubject *subject, const OauthForm *form, const HttpAnswer *answer,
	OauthGrant *grant, OauthOutcome *outcome, GError **error);

/* The identity in the claims of ID_TOKEN (a JWT), yours; NULL: none, or no JWT. Its signature is
 * not looked at: it came from the token endpoint itself (OpenID Connect Core section 3.1.3.7, 6).
 */
char *oauth_identity(const char *id_token);

/* "https://login.example/tenant" and PATH behind it; yours. */
char *oauth_url(const OauthClient *client, const char *path);

/* Bytes as base64url without padding (RFC 4648 section 5); yours. */
char *oauth_base64url(const void *data, size_t size);
