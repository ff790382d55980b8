/* SCRAM (RFC 5802, RFC 7677) without channel binding: three messages of ours, the second proves the
 * password, the third acknowledges the server's own proof. */
#include "sasl/sasl_internal.h"

#include <string.h>
#include <sodium.h>
#include "base/text.h"
#include "failure/failure.h"

/* Below the minimum a passive listener tries passwords too cheaply (RFC 7677 section 4); above the
 * maximum a hostile server keeps the processor busy. */
#define ITERATIONS_MIN 4096
#define ITERATIONS_MAX 1000000

#define SALT_LIMIT 1024 /* bytes */

typedef struct ServerFirst {
	char *nonce;
	guchar *salt;
	size_t salt_size;
	unsigned iterations;
} ServerFirst;

static void server_first_clear(ServerFirst *first)
{
	g_free(first->nonce);
	g_free(first->salt);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServerFirst, server_first_clear)

static char *make_gs2_header(const Sasl *sasl)
{
	GString *header = g_string_new(NULL);

	sasl_append_gs2_header(header, sasl->authorize_as);
	return g_string_free(header, FALSE);
}

static Secret *make_client_first(Sasl *sasl)
{
	g_autofree char *header = make_gs2_header(sasl);
	g_autofree char *message = NULL;
	GString *bare = g_string_new("n=");

	sasl_append_name(bare, sasl->username);
	g_string_append_printf(bare, ",r=%s", sasl->nonce);
	sasl->client_first_bare = g_string_free(bare, FALSE);
	message = g_strconcat(header, sasl->client_first_bare, NULL);
	return secret_new(message, strlen(message));
}

static bool is_nonce(const char *nonce)
{
	for (const char *at = nonce; *at; at++) {
		if (*at < 0x21 || *at > 0x7e)
			return false;
	}
	return true;
}

/* The server's nonce must begin with ours and add something of its own. */
static bool continues_nonce(const Sasl *sasl, const char *nonce)
{
	return g_str_has_prefix(nonce, sasl->nonce) && strlen(nonce) > strlen(sasl->nonce) &&
	       is_nonce(nonce);
}

static bool parse_iterations(const char *text, unsigned *iterations)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, ITERATIONS_MIN, ITERATIONS_MAX, &number, NULL))
		return false;
	*iterations = (unsigned)number;
	return true;
}

/* r=NONCE,s=SALT,i=COUNT and optional extensions; "m=" in front asks for what we do not know. The
 * answer says what is wrong, NULL: nothing. */
static const char *parse_server_first(const Sasl *sasl, const char *message, ServerFirst *first)
{
	g_auto(GStrv) fields = g_strsplit(message, ",", 4);

	if (g_strv_length(fields) < 3 || !g_str_has_prefix(fields[0], "r=") ||
		!g_str_has_prefix(fields[1], "s=") || !g_str_has_prefix(fields[2], "i="))
		return "the server's first message is malformed";
	if (!continues_nonce(sasl, fields[0] + 2))
		return "the server's nonce does not continue ours";
	first->nonce = g_strdup(fields[0] + 2);
	first->salt = sasl_decode_base64(fields[1] + 2, &first->salt_size);
	if (!first->salt || first->salt_size == 0 || first->salt_size > SALT_LIMIT)
		return "the salt is malformed";
	if (!parse_iterations(fields[2] + 2, &first->iterations))
		return "the iteration count is out of bounds";
	return NULL;
}

/* ClientProof into PROOF, ServerSignature into the exchange (RFC 5802 section 3). */
static void compute_proofs(
	Sasl *sasl, const ServerFirst *first, const char *auth_message, uint8_t *proof)
{
	HashKind kind = sasl->driver->hash;
	size_t size = hash_size(kind), length = strlen(auth_message);
	uint8_t salted[HASH_MAX_SIZE], key[HASH_MAX_SIZE], stored[HASH_MAX_SIZE];

	hash_pbkdf2(kind, secret_text(sasl->secret), secret_size(sasl->secret), first->salt,
		first->salt_size, first->iterations, salted);
	hash_hmac(kind, salted, size, "Client Key", strlen("Client Key"), key);
	hash_of(kind, key, size, stored);
	hash_hmac(kind, stored, size, auth_message, length, proof);
	for (size_t i = 0; i < size; i++)
		proof[i] ^= key[i];
	hash_hmac(kind, salted, size, "Server Key", strlen("Server Key"), key);
	hash_hmac(kind, key, size, auth_message, length, sasl->server_signature);
	secret_wipe(salted, sizeof salted);
	secret_wipe(key, sizeof key);
	secret_wipe(stored, sizeof stored);
}

static Secret *make_client_final(Sasl *sasl, const char *server_first, const ServerFirst *first)
{
	uint8_t proof[HASH_MAX_SIZE];
	g_autofree char *header = make_gs2_header(sasl);
	g_autofree char *binding = g_base64_encode((const guchar *)header, strlen(header));
	g_autofree char *bare = g_strdup_printf("c=%s,r=%s", binding, first->nonce);
	g_autofree char *auth_message = NULL, *proof_text = NULL, *message = NULL;

	auth_message = g_strjoin(",", sasl->client_first_bare, server_first, bare, NULL);
	compute_proofs(sasl, first, auth_message, proof);
	proof_text = g_base64_encode(proof, hash_size(sasl->driver->hash));
	sasl->proof = secret_new(proof_text, strlen(proof_text));
	message = g_strdup_printf("%s,p=%s", bare, proof_text);
	g_clear_pointer(&sasl->secret, secret_free);
	return secret_new(message, strlen(message));
}

static Secret *answer_server_first(Sasl *sasl, const char *message, GError **error)
{
	g_auto(ServerFirst) first = {0};
	const char *wrong = parse_server_first(sasl, message, &first);

	if (wrong) {
		failure_set(error, FAILURE_SASL_INVALID, NULL, "%s", wrong);
		return NULL;
	}
	return make_client_final(sasl, message, &first);
}

static bool is_signature(const Sasl *sasl, const char *text)
{
	size_t size;
	g_autofree guchar *signature = sasl_decode_base64(text, &size);

	return signature && size == hash_size(sasl->driver->hash) &&
	       sodium_memcmp(signature, sasl->server_signature, size) == 0;
}

/* v=SIGNATURE proves that the server knows the password too; e=… is its refusal. */
static Secret *answer_server_final(Sasl *sasl, const char *message, GError **error)
{
	g_auto(GStrv) fields = g_strsplit(message, ",", 2);
	const char *first = fields[0] ? fields[0] : "";

	if (g_str_has_prefix(first, "e=")) {
		g_autofree char *reason = text_for_terminal(first + 2);

		failure_set(error, FAILURE_LOGIN_REFUSED, sasl->username, "server: %s", reason);
		return NULL;
	}
	if (!g_str_has_prefix(first, "v=") || !is_signature(sasl, first + 2)) {
		failure_set(error, FAILURE_SASL_INVALID, NULL, "the server's signature is wrong");
		return NULL;
	}
	sasl->complete = true;
	return secret_new("", 0);
}

Secret *sasl_scram_step(Sasl *sasl, const char *challenge, size_t size, GError **error)
{
	if (strlen(challenge) != size) {
		failure_set(error, FAILURE_SASL_INVALID, NULL, "NUL in the server's message");
		return NULL;
	}
	switch (sasl->steps) {
	case 0:
		return make_client_first(sasl);
	case 1:
		return answer_server_first(sasl, challenge, error);
	default:
		return answer_server_final(sasl, challenge, error);
	}
}
