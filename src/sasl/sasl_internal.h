/* What the mechanisms share: the state of one exchange and the row that each of them fills. */
#pragma once

#include "sasl/sasl.h"

#include <stdint.h>
#include "base/hash.h"

/* Longest challenge, user name or password that is looked at. */
#define SASL_CHALLENGE_LIMIT (8 * 1024)
#define SASL_TEXT_LIMIT (64 * 1024)

#define SASL_STEPS_FAILED 1000

/* One exchange. The password is wiped as soon as the mechanism has used it. */
struct Sasl {
	const struct SaslDriver *driver;
	char *username;
	char *authorize_as; /* NULL: none */
	Secret *password;
	unsigned steps; /* answered so far, SASL_STEPS_FAILED after an error */
	bool complete;
	/* SCRAM only */
	char *nonce;
	char *client_first_bare;
	uint8_t server_signature[HASH_MAX_SIZE];
};

typedef struct SaslDriver {
	SaslMechanism mechanism;
	const char *name;
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

/* TEXT as SASLprep (RFC 4013) maps and normalises it, without its bidirectional and unassigned
 * checks; yours, NULL if it holds controls or is no UTF-8. */
char *sasl_prepare(const char *text, size_t size);

/* Makes a Secret of what TEXT holds and wipes and frees TEXT. */
Secret *sasl_secret_take(GString *text);
