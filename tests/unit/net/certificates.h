/* Certificates for the tests of net/, made anew for each run in a folder of their own. */
#pragma once

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY (24 * 60 * 60L)
#define GOOD_NAMES "DNS:localhost,DNS:login.test.invalid,IP:127.0.0.1,IP:::1"

typedef struct Certificates {
	char *folder;
	char *authority; /* PEM files */
	char *good;
	char *wrong_host;
	char *expired;
	char *future;
	char *self_signed;
} Certificates;

static inline void certificate_extend(X509 *certificate, int kind, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static inline X509 *certificate_new(
	EVP_PKEY *key, const char *name, const char *names, long from, long until)
{
	static long serial = 1;
	X509 *certificate = X509_new();

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(certificate), from);
	X509_gmtime_adj(X509_getm_notAfter(certificate), until);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0);
	if (names)
		certificate_extend(certificate, NID_subject_alt_name, names);
	else
		certificate_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
	return certificate;
}

static inline char *certificate_write(
	const char *folder, const char *name, X509 *certificate, EVP_PKEY *key)
{
	char *path = g_build_filename(folder, name, NULL);
	FILE *file = fopen(path, "w");

	PEM_write_X509(file, certificate);
	if (key)
		PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	return path;
}

/* A server's certificate with its key; signed by ISSUER, or by itself. */
static inline char *certificate_issue(const char *folder, const char *name, const char *names,
	long from, long until, X509 *issuer, EVP_PKEY *issuer_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_new(key, "peer.test", names, from, until);
	char *path;

	X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
	X509_sign(certificate, issuer_key ? issuer_key : key, EVP_sha256());
	path = certificate_write(folder, name, certificate, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return path;
}

static inline Certificates certificates_make(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *authority = certificate_new(key, "Amtspost Test CA", NULL, -DAY, DAY);
	Certificates made = {.folder = g_dir_make_tmp("amtspost-net-XXXXXX", NULL)};
	const char *folder = made.folder;

	X509_set_issuer_name(authority, X509_get_subject_name(authority));
	X509_sign(authority, key, EVP_sha256());
	made.authority = certificate_write(folder, "ca.pem", authority, NULL);
	made.good = certificate_issue(folder, "good.pem", GOOD_NAMES, -DAY, DAY, authority, key);
	made.wrong_host = certificate_issue(
		folder, "wrong.pem", "DNS:elsewhere.test", -DAY, DAY, authority, key);
	made.expired = certificate_issue(
		folder, "expired.pem", GOOD_NAMES, -2 * DAY, -DAY, authority, key);
	made.future =
		certificate_issue(folder, "future.pem", GOOD_NAMES, DAY, 2 * DAY, authority, key);
	made.self_signed = certificate_issue(folder, "self.pem", GOOD_NAMES, -DAY, DAY, NULL, NULL);
	X509_free(authority);
	EVP_PKEY_free(key);
	return made;
}

static inline void certificates_remove(Certificates *certificates)
{
	char **paths[] = {&certificates->authority, &certificates->good, &certificates->wrong_host,
		&certificates->expired, &certificates->future, &certificates->self_signed};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		unlink(*paths[i]);
		g_clear_pointer(paths[i], g_free);
	}
	rmdir(certificates->folder);
	g_clear_pointer(&certificates->folder, g_free);
}
