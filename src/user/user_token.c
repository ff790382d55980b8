/* Tokens that browsers, links and programs hold: random, stored as hashes. */
#include "user/user_internal.h"

#include <string.h>
#include <sodium.h>
#include "base/log.h"

#define TOKEN_BYTES 32

char *user_token_make(void)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	const size_t size = sodium_base64_ENCODED_LEN(TOKEN_BYTES, variant);
	char *token = g_malloc(size);
	uint8_t bytes[TOKEN_BYTES];

	g_assert(sodium_init() >= 0);
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(token, size, bytes, sizeof bytes, variant);
	secret_wipe(bytes, sizeof bytes);
	return token;
}

void user_token_hash(const char *token, uint8_t hash[static SHA256_SIZE])
{
	sha256_of(token, strlen(token), hash);
}

void user_token_note(Db *db, DbFunction *function, const uint8_t *hash, int64_t now)
{
	TokenNote note = {.hash = hash, .now = now};
	g_autoptr(GError) problem = NULL;
	bool done;

	if (!db_try_write(db, function, &note, &done, &problem))
		log_debug("use of a token not noted: %s", problem->message);
}
