/* The published vectors: FIPS 180-2, RFC 2202, RFC 4231, RFC 6070, RFC 7914. */
#include "base/hash.h"
#include "scratch.h"

static void assert_hex(const uint8_t *digest, size_t size, const char *expected)
{
	g_autoptr(GString) hex = g_string_new(NULL);

	for (size_t i = 0; i < size; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	assert_string_equal(hex->str, expected);
}

static const struct {
	const char *text;
	const char *sha1;
	const char *sha256;
} messages[] = {
	{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void test_digests(void **state)
{
	uint8_t digest[HASH_MAX_SIZE];

	(void)state;
	assert_int_equal(hash_size(HASH_SHA1), 20);
	assert_int_equal(hash_size(HASH_SHA256), 32);
	for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
		const char *text = messages[i].text;

		hash_of(HASH_SHA1, text, strlen(text), digest);
		assert_hex(digest, 20, messages[i].sha1);
		hash_of(HASH_SHA256, text, strlen(text), digest);
		assert_hex(digest, 32, messages[i].sha256);
		sha256_of(text, strlen(text), digest);
		assert_hex(digest, 32, messages[i].sha256);
	}
}

/* A million times "a", in pieces of changing size; then the same object once more. */
static void test_pieces_and_reuse(void **state)
{
	g_autoptr(Sha256) hash = sha256_new();
	g_autofree char *text = g_strnfill(1000000, 'a');
	uint8_t digest[SHA256_SIZE];
	size_t done = 0;

	(void)state;
	for (size_t piece = 0; done < 1000000; piece = (piece * 7 + 1) % 5003) {
		size_t size = MIN(piece, 1000000 - done);

		sha256_update(hash, text + done, size);
		done += size;
	}
	sha256_finish(hash, digest);
	assert_hex(digest, sizeof digest,
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	sha256_update(hash, "abc", 3);
	sha256_finish(hash, digest);
	assert_hex(digest, sizeof digest, messages[1].sha256);
	sha256_finish(hash, digest);
	assert_hex(digest, sizeof digest, messages[0].sha256);
	sha256_free(NULL);
}

static void test_to_hex(void **state)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof digest; i++)
		digest[i] = (uint8_t)(i * 8 + i / 2);
	sha256_to_hex(digest, hex);
	assert_int_equal(strlen(hex), 64);
	assert_hex(digest, sizeof digest, hex);
}

static void assert_hmac(
	HashKind kind, const void *key, size_t key_size, const char *data, const char *expected)
{
	uint8_t digest[HASH_MAX_SIZE];

	hash_hmac(kind, key, key_size, data, strlen(data), digest);
	assert_hex(digest, hash_size(kind), expected);
}

#define LONG_KEY "Test Using Larger Than Block-Size Key - Hash Key First"

static void test_hmac_sha1(void **state)
{
	uint8_t key[80];

	(void)state;
	memset(key, 0x0b, sizeof key);
	assert_hmac(HASH_SHA1, key, 20, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00");
	assert_hmac(HASH_SHA1, "Jefe", 4, "what do ya want for nothing?",
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	memset(key, 0xaa, sizeof key);
	assert_hmac(HASH_SHA1, key, 80, LONG_KEY, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	assert_hmac(HASH_SHA1, "", 0, "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

static void test_hmac_sha256(void **state)
{
	uint8_t key[131];

	(void)state;
	memset(key, 0x0b, sizeof key);
	assert_hmac(HASH_SHA256, key, 20, "Hi There",
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_hmac(HASH_SHA256, "Jefe", 4, "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	assert_hmac(HASH_SHA256, key, 131, LONG_KEY,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_hmac(HASH_SHA256, "", 0, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static const struct {
	HashKind kind;
	const char *password;
	size_t password_size;
	const char *salt;
	size_t salt_size;
	unsigned iterations;
	const char *expected;
} derivations[] = {
	/* RFC 6070 */
	{HASH_SHA1, "password", 8, "salt", 4, 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
	{HASH_SHA1, "password", 8, "salt", 4, 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
	{HASH_SHA1, "password", 8, "salt", 4, 4096, "4b007901b765489abead49d926f721d065a429c1"},
	/* its sixth vector, whole (the RFC prints 16 bytes) */
	{HASH_SHA1, "pass\0word", 9, "sa\0lt", 5, 4096, "56fa6aa75548099dcc37d7f03425e0c37f1c42b2"},
	/* RFC 7914, section 11, its first 32 bytes */
	{HASH_SHA256, "passwd", 6, "salt", 4, 1,
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
	{HASH_SHA256, "Password", 8, "NaCl", 4, 80000,
		"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
	/* what a server and a user may well come with (values by Python's hashlib) */
	{HASH_SHA256, "", 0, "salt", 4, 1,
		"f135c27993baf98773c5cdb40a5706ce6a345cde61b000a67858650cd6a324d7"},
	{HASH_SHA256, "password", 8, "", 0, 1,
		"c1232f10f62715fda06ae7c0a2037ca19b33cf103b727ba56d870c11f290a2ab"},
};

static void test_pbkdf2(void **state)
{
	uint8_t digest[HASH_MAX_SIZE];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(derivations); i++) {
		hash_pbkdf2(derivations[i].kind, derivations[i].password,
			derivations[i].password_size, derivations[i].salt, derivations[i].salt_size,
			derivations[i].iterations, digest);
		assert_hex(digest, hash_size(derivations[i].kind), derivations[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_pieces_and_reuse),
		cmocka_unit_test(test_to_hex),
		cmocka_unit_test(test_hmac_sha1),
		cmocka_unit_test(test_hmac_sha256),
		cmocka_unit_test(test_pbkdf2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
