/* SASL mechanisms as pure functions: challenge in, response out, no network. PLAIN (RFC 4616),
 * LOGIN, SCRAM-SHA-1 and -256 (RFC 5802, 7677) without channel binding; with an access token
 * XOAUTH2 (Google's, Microsoft's) and OAUTHBEARER (RFC 7628). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "base/repeats.h"
#include "base/secret.h"

typedef enum SaslMechanism {
	SASL_NONE = 0,
	SASL_LOGIN = 1 << 0,
	SASL_PLAIN = 1 << 1,
	SASL_SCRAM_SHA_1 = 1 << 2,
	SASL_SCRAM_SHA_256 = 1 << 3,
	SASL_OAUTHBEARER = 1 << 4,
	SASL_XOAUTH2 = 1 << 5,
} SaslMechanism;

/* Who logs in, with a password or with an access token; the other one is NULL. A token is never
 * sent by a mechanism for passwords, nor the other way round. */
typedef struct SaslIdentity {
	const char *username;	  /* authentication identity, UTF-8; with a token: the mailbox */
	const char *authorize_as; /* authorization identity, NULL: the same; not with a token */
	const Secret *password;
	const Secret *token; /* of RFC 6750's letters */
	const char *host;    /* of the server, for OAUTHBEARER; NULL: not told */
	uint16_t port;	     /* the same; 0: not told */
} SaslIdentity;

/* "SCRAM-SHA-256" and back; unknown: SASL_NONE. Names are compared without case. */
const char *sasl_name(SaslMechanism mechanism);
SaslMechanism sasl_from_name(const char *name);

/* The strongest of the OFFERED (bits) that can carry IDENTITY; SASL_NONE if there is none. */
SaslMechanism sasl_choose(unsigned offered, const SaslIdentity *identity);

typedef struct Sasl Sasl;

/* Copies IDENTITY. User name and password are prepared as SASLprep asks where it can be done
 * (normalised NFKC). FAILURE_LOGIN_UNUSABLE: there are controls in them, or other letters than
 * visible ASCII in the token, or they are longer than 64 KiB. NONCE NULL: random (tests fix it). */
Sasl *sasl_new(
	SaslMechanism mechanism, const SaslIdentity *identity, const char *nonce, GError **error);
void sasl_free(Sasl *sasl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sasl, sasl_free)

/* Whether the client speaks first (an initial response exists). */
bool sasl_is_client_first(const Sasl *sasl);

/* The response to CHALLENGE (decoded bytes; NULL, 0 for the first step), decoded, yours as a
 * Secret. FAILURE_SASL_INVALID: the server's message is malformed, its nonce does not continue
 * ours, its iteration count is below 4,096 or above 1,000,000, or its signature is wrong; or it
 * goes on asking. FAILURE_LOGIN_REFUSED: its last message says so ("e=invalid-proof"). The
 * challenge by which a server refuses a token is no failure: it is kept for sasl_server_error and
 * answered, so that the server ends the exchange in the protocol's own words. */
Secret *sasl_step(Sasl *sasl, const void *challenge, size_t size, GError **error);

/* The same for protocols that carry the exchange in base64 (RFC 3501, RFC 4954), all yours. */

/* The client's first message for the command's own line, if the client speaks first and the message
 * has at most LIMIT letters; NULL: it waits until the server asks. */
Secret *sasl_initial_response(Sasl *sasl, size_t limit);
/* The response to CHALLENGE, failing as sasl_step. A challenge that asks for the first message may
 * hold anything. */
Secret *sasl_answer(Sasl *sasl, const char *challenge, GError **error);

/* What the server answered to a refused token ({"status":"401",…}), at most 400 bytes of it and fit
 * for a log, borrowed; NULL: nothing so far. It may repeat the token. */
const char *sasl_server_error(const Sasl *sasl);

/* Whether the server has proven itself where the mechanism asks for it: a success that comes
 * earlier must be refused. True for the others once they have answered (not while the first message
 * waits). */
bool sasl_is_complete(const Sasl *sasl);

/* Has texts of the server searched for IDENTITY's password and token; its names are no secret. */
void sasl_hide_identity(const SaslIdentity *identity, Repeats *repeats);
/* The same for the proof that SASL has sent, if there is one: by it a password can be guessed. */
void sasl_hide_proof(const Sasl *sasl, Repeats *repeats);
