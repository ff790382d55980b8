/* A PEM file of certificates as people see it; nothing here judges whether to trust one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct Certificate {
	char *subject;	 /* "CN=…, O=…" */
	int64_t expires; /* seconds since 1970 */
} Certificate;

typedef struct CertificateFile {
	GPtrArray *certificates; /* Certificate *, in the file's order */
	bool has_private_key;
} CertificateFile;

void certificate_file_clear(CertificateFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CertificateFile, certificate_file_clear)

/* Reads PATH, a regular file of at most 8 MiB; false: that is not possible. What is no PEM is
 * passed over, so FILE may be empty. */
bool certificate_file_read(const char *path, CertificateFile *file);
