/* What the mechanisms share: the state of one exchange and the row that each of them fills. */
#pragma once

#include "sasl/sasl.h"

#include <stdint.h>
#include "base/hash.h"

/* Longest challenge, user name, password or token that is looked at. */
#define SASL_CHALLENGE_LIMIT (8 * 1024)
#define SASL_TEXT_LIMIT (64 * 1024)

#define SASL_STEPS_FAILED 1000

/* One exchange. The secret is wiped as soon as the mechanism has used it. */
struct Sasl {
	const struct SaslDriver *driver;
	char *username;
	char *authorize_as; /* NULL: none */
	Secret *secret;	    /* password or token */
	unsigned steps;	    /* answered so far, SASL_STEPS_FAILED after an error */
	bool complete;
	Secret *first; /* the first message while it waits for the server to ask; NULL: not */
	/* With a token only */
	char *host;	    /* NULL: not told */
	uint16_t port;	    /* 0: not told */
	char *server_error; /* NULL: none so far */
	/* SCRAM only */
	char *nonce;
	char *client_first_bare;
	Secret *proof; /* in base64, as sent: with it a password can be guessed; NULL: not yet */
	uint8_t server_signature[HASH_MAX_SIZE];
};

typedef struct SaslDriver {
	SaslMechanism mechanism;
	const char *name;
	unsigned steps;	  /* of ours at most; a challenge beyond them is a failure */
	bool takes_token; /* in place of a password */
	bool client_first;
	bool authorizes; /* has a place for an authorization identity */
	bool utf8_only;	 /* its RFC asks for UTF-8; LOGIN takes any bytes */
	bool prepares;	 /* the client applies SASLprep (RFC 5802 section 5.1) */
	HashKind hash;	 /* SCRAM only */
	Secret *(*step)(Sasl *sasl, const char *challenge, size_t size, GError **error);
} SaslDriver;

Secret *sasl_plain_step(Sasl *sasl, const char *challenge, size_t size, GError **error);
Secret *sasl_login_step(Sasl *sasl, const char *challenge, size_t size, GError **error);
Secret *sasl_scram_step(Sasl *sasl, const char *challenge, size_t size, GError **error);
Secret *sasl_xoauth2_step(Sasl *sasl, const char *challenge, size_t size, GError **error);
Secret *sasl_oauthbearer_step(Sasl *sasl, const char *challenge, size_t size, GError **error);

/* TEXT as SASLprep (RFC 4013) maps and normalises it, without its bidirectional and unassigned
 * checks; yours, NULL if it holds controls or is no UTF-8. */
char *sasl_prepare(const char *text, size_t size);

/* "n,,", or with an authorization identity "n,a=NAME,", in which comma and equals sign are written
 * as =2C and =3D: the gs2-header without channel binding and the saslname (RFC 5801, RFC 5802). */
void sasl_append_gs2_header(GString *message, const char *authorize_as);
void sasl_append_name(GString *message, const char *name);

/* Strict base64: what GLib skips silently is refused, NULL. Yours. */
guchar *sasl_decode_base64(const char *text, size_t *size);

/* Makes a Secret of what TEXT holds and wipes and frees TEXT. */
Secret *sasl_secret_take(GString *text);
