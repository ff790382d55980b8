/* What libcrypto says about a certificate and its key. Trust and names are the browser's matter. */
#include "base/certificate.h"

#include <stdbool.h>
#include <time.h>
#include <glib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm parts = {0};

	return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

/* Nobody is asked for a password. */
static int note_locked(char *buffer, int size, int writing, void *locked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)locked = true;
	return -1;
}

static CertificateState look_at_key(X509 *certificate, const char *key)
{
	bool locked = false;
	g_autoptr(BIO) text = BIO_new_mem_buf(key, -1);
	g_autoptr(EVP_PKEY) private =
		text ? PEM_read_bio_PrivateKey(text, NULL, note_locked, &locked) : NULL;

	if (!private)
		return locked ? CERTIFICATE_KEY_LOCKED : CERTIFICATE_KEY_MISSING;
	return X509_check_private_key(certificate, private) == 1 ? CERTIFICATE_FITS
								 : CERTIFICATE_KEY_OTHER;
}

CertificateState certificate_look(const char *text, const char *key, int64_t *begin, int64_t *end)
{
	g_autoptr(BIO) source = BIO_new_mem_buf(text, -1);
	g_autoptr(X509) certificate = source ? PEM_read_bio_X509(source, NULL, NULL, NULL) : NULL;
	CertificateState state = CERTIFICATE_MISSING;

	if (certificate) {
		*begin = seconds_of(X509_get0_notBefore(certificate));
		*end = seconds_of(X509_get0_notAfter(certificate));
		state = look_at_key(certificate, key);
	}
	ERR_clear_error();
	return state;
}
