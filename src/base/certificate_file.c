/* PEM by libcrypto. A private key that lies in the file is noticed and wiped again. */
#include "base/certificate_file.h"

#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/file.h"
#include "base/secret.h"

#define SIZE_LIMIT (8 * 1024 * 1024)

static void certificate_free(Certificate *certificate)
{
	g_free(certificate->subject);
	g_free(certificate);
}

void certificate_file_clear(CertificateFile *file)
{
	g_clear_pointer(&file->certificates, g_ptr_array_unref);
}

static char *subject_of(const X509 *certificate)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *data = NULL;
	char *subject;
	long size;

	X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0,
		XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
	size = BIO_get_mem_data(text, &data);
	subject = g_utf8_make_valid(data ? data : "", data ? size : 0);
	BIO_free(text);
	return subject;
}

static void add_certificate(CertificateFile *file, const unsigned char *data, long size)
{
	const unsigned char *at = data;
	X509 *parsed = d2i_X509(NULL, &at, size);
	Certificate *certificate;
	struct tm end = {0};

	if (!parsed)
		return;
	certificate = g_new0(Certificate, 1);
	certificate->subject = subject_of(parsed);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(parsed), &end) == 1)
		certificate->expires = timegm(&end);
	g_ptr_array_add(file->certificates, certificate);
	X509_free(parsed);
}

/* A trusted certificate is one with something behind it. */
static bool is_certificate(const char *kind)
{
	return strcmp(kind, PEM_STRING_X509) == 0 || strcmp(kind, PEM_STRING_X509_OLD) == 0 ||
	       strcmp(kind, PEM_STRING_X509_TRUSTED) == 0;
}

/* False: there is no further block. */
static bool take_block(BIO *pem, CertificateFile *file)
{
	char *kind = NULL;
	char *header = NULL;
	unsigned char *data = NULL;
	long size = 0;

	if (PEM_read_bio(pem, &kind, &header, &data, &size) != 1)
		return ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	if (g_str_has_suffix(kind, "PRIVATE KEY"))
		file->has_private_key = true;
	else if (is_certificate(kind))
		add_certificate(file, data, size);
	OPENSSL_free(kind);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, (size_t)size);
	return true;
}

bool certificate_file_read(const char *path, CertificateFile *file)
{
	size_t size = 0;
	char *content = NULL;
	BIO *pem;

	/* Opening a pipe would wait for somebody. */
	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		content = file_read(path, SIZE_LIMIT, &size);
	if (!content)
		return false;
	*file = (CertificateFile){
		.certificates = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_free)};
	pem = BIO_new_mem_buf(content, (int)size);
	while (take_block(pem, file)) {
	}
	ERR_clear_error();
	BIO_free(pem);
	secret_wipe(content, size);
	g_free(content);
	return true;
}
