/* The table of mechanisms and the frame around an exchange: identity in, responses out. What the
 * mechanisms say is in sasl_plain.c, sasl_scram.c and sasl_token.c, base64 in sasl_base64.c. */
#include "sasl/sasl_internal.h"

#include <string.h>
#include <sodium.h>
#include "base/text.h"
#include "failure/failure.h"

#define NONCE_BYTES 18 /* 24 characters of base64, no padding */

/* Strongest first: sasl_choose takes the first that fits. */
static const SaslDriver drivers[] = {
	{
		.mechanism = SASL_XOAUTH2,
		.name = "XOAUTH2",
		.steps = 2,
		.takes_token = true,
		.client_first = true,
		.utf8_only = true,
		.step = sasl_xoauth2_step,
	},
	{
		.mechanism = SASL_OAUTHBEARER,
		.name = "OAUTHBEARER",
		.steps = 2,
		.takes_token = true,
		.client_first = true,
		.utf8_only = true,
		.step = sasl_oauthbearer_step,
	},
	{
		.mechanism = SASL_SCRAM_SHA_256,
		.name = "SCRAM-SHA-256",
		.steps = 3,
		.client_first = true,
		.authorizes = true,
		.utf8_only = true,
		.prepares = true,
		.hash = HASH_SHA256,
		.step = sasl_scram_step,
	},
	{
		.mechanism = SASL_SCRAM_SHA_1,
		.name = "SCRAM-SHA-1",
		.steps = 3,
		.client_first = true,
		.authorizes = true,
		.utf8_only = true,
		.prepares = true,
		.hash = HASH_SHA1,
		.step = sasl_scram_step,
	},
	{
		.mechanism = SASL_PLAIN,
		.name = "PLAIN",
		.steps = 1,
		.client_first = true,
		.authorizes = true,
		.utf8_only = true,
		.step = sasl_plain_step,
	},
	{
		.mechanism = SASL_LOGIN,
		.name = "LOGIN",
		.steps = 2,
		.step = sasl_login_step,
	},
};

static const SaslDriver *find_driver(SaslMechanism mechanism)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (drivers[i].mechanism == mechanism)
			return &drivers[i];
	}
	return NULL;
}

const char *sasl_name(SaslMechanism mechanism)
{
	const SaslDriver *driver = find_driver(mechanism);

	return driver ? driver->name : NULL;
}

SaslMechanism sasl_from_name(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (g_ascii_strcasecmp(drivers[i].name, name) == 0)
			return drivers[i].mechanism;
	}
	return SASL_NONE;
}

static bool has_ascii_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (g_ascii_iscntrl(text[i]))
			return true;
	}
	return false;
}

/* Whether DRIVER can carry TEXT: controls never, other bytes than UTF-8 only where allowed. */
static bool can_carry_text(const SaslDriver *driver, const char *text, size_t size)
{
	if (size > SASL_TEXT_LIMIT || has_ascii_control(text, size))
		return false;
	return !driver->utf8_only || !text_has_control(text);
}

/* The letters of RFC 6750's b64token and what else is visible, as some issuers have it. */
static bool is_visible(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isgraph(text[i]))
			return false;
	}
	return size > 0;
}

static bool can_carry_secret(const SaslDriver *driver, const SaslIdentity *identity)
{
	const Secret *secret = driver->takes_token ? identity->token : identity->password;

	g_assert(!identity->token || !identity->password);
	if (!secret || !can_carry_text(driver, secret_text(secret), secret_size(secret)))
		return false;
	return !driver->takes_token || is_visible(secret_text(secret), secret_size(secret));
}

static bool can_carry(const SaslDriver *driver, const SaslIdentity *identity)
{
	if (identity->authorize_as &&
		(!driver->authorizes || !can_carry_text(driver, identity->authorize_as,
						strlen(identity->authorize_as))))
		return false;
	return identity->username[0] != '\0' &&
	       can_carry_text(driver, identity->username, strlen(identity->username)) &&
	       can_carry_secret(driver, identity);
}

SaslMechanism sasl_choose(unsigned offered, const SaslIdentity *identity)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if ((offered & drivers[i].mechanism) && can_carry(&drivers[i], identity))
			return drivers[i].mechanism;
	}
	return SASL_NONE;
}

Secret *sasl_secret_take(GString *text)
{
	Secret *secret = secret_new(text->str, text->len);

	secret_wipe(text->str, text->allocated_len);
	g_string_free(text, TRUE);
	return secret;
}

void sasl_append_name(GString *message, const char *name)
{
	for (const char *at = name; *at; at++) {
		if (*at == ',')
			g_string_append(message, "=2C");
		else if (*at == '=')
			g_string_append(message, "=3D");
		else
			g_string_append_c(message, *at);
	}
}

void sasl_append_gs2_header(GString *message, const char *authorize_as)
{
	g_string_append(message, "n,");
	if (authorize_as) {
		g_string_append(message, "a=");
		sasl_append_name(message, authorize_as);
	}
	g_string_append_c(message, ',');
}

/* A nonce of printable characters without comma (RFC 5802 section 5.1). */
static char *make_nonce(void)
{
	uint8_t bytes[NONCE_BYTES];

	randombytes_buf(bytes, sizeof bytes);
	return g_base64_encode(bytes, sizeof bytes);
}

/* RFC 4013 table B.1: what is commonly mapped to nothing. */
static bool is_mapped_to_nothing(gunichar letter)
{
	return letter == 0x00AD || letter == 0x034F || letter == 0x1806 ||
	       (letter >= 0x180B && letter <= 0x180D) || (letter >= 0x200B && letter <= 0x200D) ||
	       letter == 0x2060 || (letter >= 0xFE00 && letter <= 0xFE0F) || letter == 0xFEFF;
}

char *sasl_prepare(const char *text, size_t size)
{
	g_autofree char *mapped = NULL;
	char *end, *prepared;

	if (strlen(text) != size || text_has_control(text))
		return NULL;
	/* Mapping never makes text longer: the other spaces are longer than ours. */
	end = mapped = g_malloc(size + 1);
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (g_unichar_type(letter) == G_UNICODE_SPACE_SEPARATOR)
			*end++ = ' ';
		else if (!is_mapped_to_nothing(letter))
			end += g_unichar_to_utf8(letter, end);
	}
	*end = '\0';
	prepared = g_utf8_normalize(mapped, end - mapped, G_NORMALIZE_NFKC);
	secret_wipe(mapped, size);
	return prepared;
}

static Secret *prepare_secret(const SaslDriver *driver, const SaslIdentity *identity)
{
	const Secret *password = identity->password;
	g_autofree char *prepared = NULL;
	Secret *secret;

	if (!driver->prepares)
		return secret_copy(driver->takes_token ? identity->token : password);
	prepared = sasl_prepare(secret_text(password), secret_size(password));
	if (!prepared)
		return NULL;
	secret = secret_new(prepared, strlen(prepared));
	secret_wipe(prepared, strlen(prepared));
	return secret;
}

static char *prepare_name(const SaslDriver *driver, const char *name)
{
	return driver->prepares && name ? sasl_prepare(name, strlen(name)) : g_strdup(name);
}

/* A host with other letters than RFC 7628 has for a value is not told: servers do without. */
static char *prepare_host(const char *host)
{
	return host && is_visible(host, strlen(host)) ? g_strdup(host) : NULL;
}

Sasl *sasl_new(
	SaslMechanism mechanism, const SaslIdentity *identity, const char *nonce, GError **error)
{
	const SaslDriver *driver = find_driver(mechanism);
	g_autoptr(Sasl) sasl = g_new0(Sasl, 1);

	g_assert(driver);
	sasl->driver = driver;
	sasl->nonce = nonce ? g_strdup(nonce) : make_nonce();
	if (can_carry(driver, identity)) {
		sasl->username = prepare_name(driver, identity->username);
		sasl->authorize_as = prepare_name(driver, identity->authorize_as);
		sasl->secret = prepare_secret(driver, identity);
		sasl->host = prepare_host(identity->host);
		sasl->port = identity->port;
	}
	if (!sasl->username || !*sasl->username || !sasl->secret) {
		failure_set(error, FAILURE_LOGIN_UNUSABLE, identity->username,
			"%s cannot carry this user name or %s", driver->name,
			driver->takes_token ? "token" : "password");
		return NULL;
	}
	return g_steal_pointer(&sasl);
}

void sasl_free(Sasl *sasl)
{
	if (!sasl)
		return;
	g_free(sasl->username);
	g_free(sasl->authorize_as);
	secret_free(sasl->secret);
	secret_free(sasl->first);
	g_free(sasl->host);
	g_free(sasl->server_error);
	g_free(sasl->nonce);
	g_free(sasl->client_first_bare);
	secret_free(sasl->proof);
	secret_wipe(sasl->server_signature, sizeof sasl->server_signature);
	g_free(sasl);
}

bool sasl_is_client_first(const Sasl *sasl)
{
	return sasl->driver->client_first;
}

Secret *sasl_step(Sasl *sasl, const void *challenge, size_t size, GError **error)
{
	g_autofree char *text = NULL;
	Secret *response;

	bool over = sasl->steps >= sasl->driver->steps;

	if (over || size > SASL_CHALLENGE_LIMIT) {
		failure_set(error, FAILURE_SASL_INVALID, NULL, "%s: %s", sasl->driver->name,
			over ? "challenge after the end" : "challenge too long");
		return NULL;
	}
	text = size > 0 ? g_malloc(size + 1) : g_strdup("");
	if (size > 0) {
		memcpy(text, challenge, size);
		text[size] = '\0';
	}
	response = sasl->driver->step(sasl, text, size, error);
	sasl->steps = response ? sasl->steps + 1 : SASL_STEPS_FAILED;
	if (!response)
		g_prefix_error(error, "%s: ", sasl->driver->name);
	return response;
}

const char *sasl_server_error(const Sasl *sasl)
{
	return sasl->server_error;
}

bool sasl_is_complete(const Sasl *sasl)
{
	return sasl->complete && !sasl->first;
}

void sasl_hide_identity(const SaslIdentity *identity, Repeats *repeats)
{
	repeats_add_secret(repeats, identity->password);
	repeats_add_secret(repeats, identity->token);
	repeats_add_name(repeats, identity->username);
	repeats_add_name(repeats, identity->authorize_as);
	repeats_add_name(repeats, identity->host);
}

void sasl_hide_proof(const Sasl *sasl, Repeats *repeats)
{
	repeats_add_secret(repeats, sasl->proof);
}
