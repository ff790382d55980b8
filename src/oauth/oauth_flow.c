/* The authorization-code flow: state and PKCE (RFC 7636), the address to open, the redirect that
 * comes back, the code's redemption. */
#include "oauth/oauth_internal.h"

#include <string.h>
#include <sodium.h>
#include "base/clock.h"
#include "base/hash.h"

#define RANDOM_BYTES 32
/* Of an address that somebody pastes; codes are one or two thousand letters. */
#define REDIRECT_LIMIT ((size_t)64 * 1024)

/* Yours: 256 random bits as base64url, 43 letters. */
static char *make_random(void)
{
	uint8_t bytes[RANDOM_BYTES];

	randombytes_buf(bytes, sizeof bytes);
	return oauth_base64url(bytes, sizeof bytes);
}

static Secret *make_verifier(void)
{
	char *text = make_random();
	Secret *verifier = secret_new(text, strlen(text));

	secret_wipe(text, strlen(text));
	g_free(text);
	return verifier;
}

char *oauth_make_challenge(const Secret *verifier)
{
	uint8_t digest[SHA256_SIZE];

	sha256_of(secret_text(verifier), secret_size(verifier), digest);
	return oauth_base64url(digest, sizeof digest);
}

static void append_parameter(GString *url, const char *name, const char *value)
{
	g_string_append_printf(url, "%s%s=", strchr(url->str, '?') ? "&" : "?", name);
	g_string_append_uri_escaped(url, value, NULL, FALSE);
}

static char *make_url(const OauthFlow *flow, bool force)
{
	const OauthClient *client = &flow->client;
	g_autofree char *base = oauth_url(client, "/oauth2/v2.0/authorize");
	g_autofree char *challenge = oauth_make_challenge(flow->verifier);
	GString *url = g_string_new(base);

	append_parameter(url, "client_id", client->id);
	append_parameter(url, "response_type", "code");
	append_parameter(url, "redirect_uri", flow->redirect_uri);
	append_parameter(url, "response_mode", "query");
	append_parameter(url, "scope", client->scopes);
	append_parameter(url, "state", flow->state);
	append_parameter(url, "code_challenge", challenge);
	append_parameter(url, "code_challenge_method", "S256");
	append_parameter(url, "login_hint", flow->account);
	if (force)
		append_parameter(url, "prompt", "login");
	return g_string_free(url, FALSE);
}

OauthFlow *oauth_flow_new(
	const OauthClient *client, const char *redirect_uri, const char *account, bool force)
{
	OauthFlow *flow = g_new0(OauthFlow, 1);

	flow->client = (OauthClient){
		.authority = g_strdup(client->authority),
		.tenant = g_strdup(client->tenant),
		.id = g_strdup(client->id),
		.scopes = g_strdup(client->scopes),
	};
	flow->account = g_strdup(account);
	flow->redirect_uri = g_strdup(redirect_uri);
	flow->registered_uri = oauth_redirect_uri(client, 0);
	flow->secrets = oauth_secrets(client, account);
	flow->state = make_random();
	flow->verifier = make_verifier();
	flow->end = clock_monotonic() + OAUTH_FLOW_SECONDS * INT64_C(1000);
	flow->url = make_url(flow, force);
	return flow;
}

void oauth_flow_free(OauthFlow *flow)
{
	if (!flow)
		return;
	oauth_client_clear(&flow->client);
	g_free(flow->url);
	g_free(flow->account);
	g_free(flow->redirect_uri);
	g_free(flow->registered_uri);
	g_free(flow->state);
	secret_free(flow->verifier);
	secret_free(flow->code);
	repeats_free(flow->secrets);
	g_free(flow);
}

const char *oauth_flow_url(const OauthFlow *flow)
{
	return flow->url;
}

int64_t oauth_flow_time_left(const OauthFlow *flow)
{
	return MAX(flow->end - clock_monotonic(), 0);
}

bool oauth_flow_is_over(const OauthFlow *flow)
{
	return flow->taken || oauth_flow_time_left(flow) == 0;
}

static void free_wiped(char *text)
{
	secret_wipe(text, strlen(text));
	g_free(text);
}

/* The parameters of REDIRECT's query; one that comes twice counts as garbage (RFC 6749 section
 * 3.1): NULL. Yours. */
static GHashTable *read_query(const char *redirect)
{
	/* A query alone may hold a "?" too, but not before its first "=". */
	const char *query = redirect + strcspn(redirect, "?=");
	g_autofree char *text = NULL;
	g_auto(GStrv) pairs = NULL;
	g_autoptr(GHashTable) values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)free_wiped);
	bool doubled = false;

	query = *query == '?' ? query + 1 : redirect;
	text = g_strndup(query, strcspn(query, "# \t\r\n"));
	g_strdelimit(text, "+", ' ');
	pairs = g_strsplit(text, "&", -1);
	for (char **pair = pairs; *pair; pair++) {
		char *value = strchr(*pair, '=');
		char *name = value ? g_uri_unescape_segment(*pair, value, NULL) : NULL;
		char *decoded = value ? g_uri_unescape_string(value + 1, NULL) : NULL;

		secret_wipe(*pair, strlen(*pair));
		if (!name || !decoded) {
			g_free(name);
			g_free(decoded);
			continue;
		}
		doubled |= !g_hash_table_insert(values, name, decoded);
	}
	secret_wipe(text, strlen(text));
	return doubled ? NULL : g_steal_pointer(&values);
}

/* Compared without telling by time how much was right. */
static bool is_own_state(const OauthFlow *flow, const char *state)
{
	size_t length = strlen(flow->state);

	return state && strlen(state) == length && sodium_memcmp(state, flow->state, length) == 0;
}

/* What an authority's failure means for the sign-in that is under way. */
static Failure failure_of_flow(const GError *problem)
{
	switch (failure_of(problem)) {
	case FAILURE_OAUTH_SIGN_IN: /* of a code: it is used up or too old */
	case FAILURE_OAUTH_EXPIRED:
		return FAILURE_OAUTH_CODE_USED;
	case FAILURE_OAUTH_BUSY:
	case FAILURE_OAUTH_UNREACHABLE:
	case FAILURE_OAUTH_GARBAGE:
		return FAILURE_OAUTH_NOT_COMPLETED;
	default:
		return failure_of(problem);
	}
}

/* Takes PROBLEM. */
static bool fail_flow(GError *problem, GError **error)
{
	failure_set(
		error, failure_of_flow(problem), failure_subject(problem), "%s", problem->message);
	g_error_free(problem);
	return false;
}

static bool take_values(OauthFlow *flow, GHashTable *values, GError **error)
{
	const char *code = g_hash_table_lookup(values, "code");
	const char *description = g_hash_table_lookup(values, "error_description");
	OauthSubject subject = {&flow->client, flow->account, flow->registered_uri};
	OauthError problem = {
		.name = oauth_error_name(flow->secrets, g_hash_table_lookup(values, "error")),
		.number = oauth_error_number(description),
		.description = repeats_withhold(flow->secrets, description),
	};

	GError *failed = NULL;

	flow->taken = true;
	if (!problem.name) {
		flow->code = secret_new(code, strlen(code));
		return true;
	}
	oauth_error_set(&subject, &problem, &failed);
	return fail_flow(failed, error);
}

/* Whether VALUES are those of a redirect: the address to be opened has a state too. */
static bool has_answer(GHashTable *values)
{
	const char *code = g_hash_table_lookup(values, "code");

	return (code && *code) || g_hash_table_contains(values, "error");
}

static bool refuse_state(const OauthFlow *flow, GHashTable *values, GError **error)
{
	const char *state = values ? g_hash_table_lookup(values, "state") : NULL;

	if (values && !has_answer(values) && (!state || is_own_state(flow, state)))
		failure_set(error, FAILURE_OAUTH_NO_REDIRECT, NULL, "no code, and no error");
	else
		failure_set(error, FAILURE_OAUTH_STATE, NULL, "the redirect's state is %s",
			flow->taken ? "used up" : "not this flow's");
	return false;
}

bool oauth_flow_take(OauthFlow *flow, const char *redirect, GError **error)
{
	g_autoptr(GHashTable) values =
		strlen(redirect) <= REDIRECT_LIMIT ? read_query(redirect) : NULL;

	if (!values || flow->taken || !has_answer(values) ||
		!is_own_state(flow, g_hash_table_lookup(values, "state")))
		return refuse_state(flow, values, error);
	if (oauth_flow_time_left(flow) == 0) {
		failure_set(error, FAILURE_OAUTH_UNFINISHED, flow->account,
			"the flow is older than %d s", OAUTH_FLOW_SECONDS);
		return false;
	}
	return take_values(flow, values, error);
}

bool oauth_flow_redeem(OauthFlow *flow, const OauthClient *client, const Cancel *cancel,
	OauthGrant *grant, GError **error)
{
	g_autoptr(Secret) code = g_steal_pointer(&flow->code);
	OauthSubject subject = {client, flow->account, flow->registered_uri};
	GError *problem = NULL;
	OauthForm form[] = {
		{"grant_type", "authorization_code", false},
		{"code", code ? secret_text(code) : NULL, true},
		{"redirect_uri", flow->redirect_uri, false},
		{"code_verifier", secret_text(flow->verifier), true},
		{0},
	};
	int64_t pause;

	g_assert(code);
	if (oauth_request(&subject, form, cancel, grant, &pause, &problem))
		return true;
	return fail_flow(problem, error);
}

bool oauth_refresh(const OauthClient *client, const char *account, const Secret *refresh_token,
	const Cancel *cancel, OauthGrant *grant, int64_t *pause, GError **error)
{
	OauthSubject subject = {client, account, NULL};
	OauthForm form[] = {
		{"grant_type", "refresh_token", false},
		{"refresh_token", secret_text(refresh_token), true},
		{"scope", client->scopes, false},
		{0},
	};

	return oauth_request(&subject, form, cancel, grant, pause, error);
}
