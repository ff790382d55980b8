/* PEM files of certificates: what is in them, whatever else is. */
#include "base/certificate_file.h"
#include <sys/stat.h>
#include "base/file.h"
#include "scratch.h"

/* clang-format off */
static const char authority[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBrzCCAVWgAwIBAgIUVkV71R1TbJUe+azbAbmalU1T19QwCgYIKoZIzj0EAwIw\n"
	"LDEUMBIGA1UECgwLU3RhZHQgS8O2bG4xFDASBgNVBAMMC1Byw7xmc3RlbGxlMCAX\n"
	"DTI2MTEyNjA3MDAxNloYDzIxMjYxMTAyMDcwMDE2WjAsMRQwEgYDVQQKDAtTdGFk\n"
	"dCBLw7ZsbjEUMBIGA1UEAwwLUHLDvGZzdGVsbGUwWTATBgcqhkjOPQIBBggqhkjO\n"
	"PQMBBwNCAARHNDp1yCPt2IQoOIGLR5TCOjMKZtQpKUDXY9r7U7fSKlt/6fZHErXN\n"
	"128Pxvd6INSmOD8LdobxX+rCXdWfjW0oo1MwUTAdBgNVHQ4EFgQUY9R+CYo5xuUG\n"
	"ccvcjzl3j0N4vc8wHwYDVR0jBBgwFoAUY9R+CYo5xuUGccvcjzl3j0N4vc8wDwYD\n"
	"VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA5cenDu1Z1LnxQlssMQmi\n"
	"oGPxNefHe9dV41fIV8lWe0ICIByVMi/vQC017E2uhMw+MIFTcDuieXpZVIS2OfpH\n"
	"6ITR\n"
	"-----END CERTIFICATE-----\n";
/* clang-format on */

#define KEY "-----BEGIN PRIVATE KEY-----\nMAAwAA==\n-----END PRIVATE KEY-----\n"
#define BROKEN "-----BEGIN CERTIFICATE-----\nkeins!\n-----END CERTIFICATE-----\n"

/* How many certificates CONTENT has; -1: it is not read. */
static int count(void **state, const char *content, bool *has_key)
{
	g_autofree char *path = scratch_path(state, "ca.pem");
	g_auto(CertificateFile) file = {0};

	assert_true(file_replace(path, content, strlen(content), 0600));
	if (!certificate_file_read(path, &file))
		return -1;
	*has_key = file.has_private_key;
	for (guint i = 0; i < file.certificates->len; i++) {
		const Certificate *certificate = file.certificates->pdata[i];

		assert_string_equal(certificate->subject, "O=Stadt Köln, CN=Prüfstelle");
		assert_int_equal(certificate->expires, 4949276416LL);
	}
	return (int)file.certificates->len;
}

static void test_certificates(void **state)
{
	g_autofree char *two = g_strconcat("Kommentar\n", authority, BROKEN, authority, NULL);
	g_autofree char *with_key = g_strconcat(authority, KEY, NULL);
	bool has_key = true;

	assert_int_equal(count(state, authority, &has_key), 1);
	assert_false(has_key);
	assert_int_equal(count(state, two, &has_key), 2);
	assert_false(has_key);
	assert_int_equal(count(state, with_key, &has_key), 1);
	assert_true(has_key);
	assert_int_equal(count(state, KEY, &has_key), 0);
	assert_true(has_key);
}

static void test_others(void **state)
{
	bool has_key = true;

	assert_int_equal(count(state, "", &has_key), 0);
	assert_int_equal(count(state, "kein Zertifikat", &has_key), 0);
	assert_int_equal(count(state, BROKEN, &has_key), 0);
	assert_int_equal(count(state, "-----BEGIN CERTIFICATE-----\nMAA", &has_key), 0);
	assert_false(has_key);
}

/* Nothing waits for a pipe's other end. */
static void test_no_files(void **state)
{
	g_autofree char *pipe = scratch_path(state, "pipe");
	g_auto(CertificateFile) file = {0};

	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_false(certificate_file_read(pipe, &file));
	assert_false(certificate_file_read(*state, &file));
	assert_false(certificate_file_read("/gibts/nicht.pem", &file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_certificates),
		scratch_test(test_others),
		scratch_test(test_no_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
