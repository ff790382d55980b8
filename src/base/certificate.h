/* A certificate and its private key as PEM text, looked at before a server starts with them. */
#pragma once

#include <stdint.h>

typedef enum CertificateState {
	CERTIFICATE_FITS,
	CERTIFICATE_MISSING,	 /* the text holds none */
	CERTIFICATE_KEY_MISSING, /* the text holds no private key */
	CERTIFICATE_KEY_LOCKED,	 /* it wants a password */
	CERTIFICATE_KEY_OTHER,	 /* it belongs to another certificate */
} CertificateState;

/* The first certificate of TEXT with KEY. If it is one, it holds from *BEGIN to *END (seconds). */
CertificateState certificate_look(const char *text, const char *key, int64_t *begin, int64_t *end);
