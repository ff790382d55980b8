/* Fuzzes what an authority says. The first byte chooses: "r" a redirect for a flow whose state is
 * STATE, "j" the claims of an id token, "t" a whole id token, all else the status with which the
 * rest is the token endpoint's answer. Tokens must be as RFC 6749 wants them, every failure one of
 * the sign-in's, its message fit for a log and without a secret. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "oauth/oauth_internal.h"

#define STATE "zustand"
#define REFRESH_TOKEN "TannenbaumTannenbaum"
#define CODE "Tannenzweig1"
#define LIFE_LIMIT (INT64_C(400) * 24 * 3600)
#define LOOP_PAUSE 600
#define IDENTITY_LIMIT 320

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

static OauthClient make_client(void)
{
	return (OauthClient){
		.authority = (char *)"https://login.example",
		.tenant = (char *)"organizations",
		.id = (char *)"client",
		.scopes = (char *)"openid",
	};
}

static void check_text(const char *text)
{
	require(g_utf8_validate(text, -1, NULL) && !text_has_control(text));
}

/* A failure of the sign-in that is fit for a log. */
static void check_failure(const GError *error)
{
	Failure failure;

	require(error != NULL);
	failure = failure_of(error);
	require(failure >= FAILURE_OAUTH_REVOKED && failure <= FAILURE_OAUTH_UNFINISHED);
	check_text(error->message);
	if (failure_subject(error))
		check_text(failure_subject(error));
}

static void check_token(const Secret *token)
{
	const char *text = secret_text(token);

	require(secret_size(token) > 0 && secret_size(token) <= OAUTH_TOKEN_LIMIT);
	require(strlen(text) == secret_size(token));
	for (; *text; text++)
		require(g_ascii_isgraph(*text));
}

static void check_identity(const char *identity)
{
	if (!identity)
		return;
	require(*identity && strlen(identity) <= IDENTITY_LIMIT && !text_has_control(identity));
}

static void check_grant(const OauthGrant *grant)
{
	require(grant->access_token != NULL);
	check_token(grant->access_token);
	if (grant->refresh_token)
		check_token(grant->refresh_token);
	require(grant->expires >= grant->issued && grant->expires - grant->issued <= LIFE_LIMIT);
	check_identity(grant->identity);
}

static int status_of(uint8_t choice)
{
	static const int statuses[] = {200, 400, 401, 302, 403, 404, 429, 500, 503, 204};

	return statuses[choice % G_N_ELEMENTS(statuses)];
}

static void drive_answer(uint8_t choice, const uint8_t *data, size_t size)
{
	static const OauthForm form[] = {
		{"grant_type", "refresh_token", false},
		{"refresh_token", REFRESH_TOKEN, true},
		{"code", CODE, true},
		{0},
	};
	OauthClient client = make_client();
	OauthSubject subject = {&client, "info@amt.example", NULL};
	g_auto(HttpAnswer) answer = {
		.status = status_of(choice),
		.retry_after = choice,
		.body = secret_new(data, size),
	};
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;
	OauthOutcome outcome;

	if (oauth_take_answer(&subject, form, &answer, &grant, &outcome, &error)) {
		require(answer.status == 200 && !error);
		check_grant(&grant);
	} else {
		check_failure(error);
		require(!strstr(error->message, REFRESH_TOKEN) && !strstr(error->message, CODE));
		require(!strstr(failure_subject(error), REFRESH_TOKEN));
		require(!grant.access_token && !grant.refresh_token && !grant.identity);
	}
	require(outcome.retry_after == choice);
	require(outcome.busy == failure_is(error, FAILURE_OAUTH_BUSY));
	require(outcome.pause == (failure_is(error, FAILURE_OAUTH_LOOP) ? LOOP_PAUSE : 0));
}

/* Of a flow with STATE counts one redirect. */
static void drive_redirect(const char *redirect)
{
	OauthClient client = make_client();
	g_autoptr(OauthFlow) flow = oauth_flow_new(
		&client, "http://localhost/oauth/callback", "info@amt.example", false);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) replay = NULL;
	bool taken;

	g_free(flow->state);
	flow->state = g_strdup(STATE);
	taken = oauth_flow_take(flow, redirect, &error);
	require(taken == (flow->code != NULL));
	if (taken)
		require(secret_size(flow->code) > 0 && !error);
	else
		check_failure(error);
	require(flow->taken == oauth_flow_is_over(flow));
	require(flow->taken != (failure_is(error, FAILURE_OAUTH_STATE) ||
				       failure_is(error, FAILURE_OAUTH_NO_REDIRECT)));
	if (!flow->taken)
		return;
	require(!oauth_flow_take(flow, redirect, &replay));
	require(failure_is(replay, FAILURE_OAUTH_STATE));
}

static void drive_identity(const char *token)
{
	g_autofree char *identity = oauth_identity(token);

	check_identity(identity);
}

static void drive_claims(const uint8_t *data, size_t size)
{
	g_autofree char *middle = oauth_base64url(data, size);
	g_autofree char *token = g_strconcat("e30.", middle, ".", NULL);

	drive_identity(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	g_autofree char *text = NULL;

	if (!started)
		oauth_start_library();
	started = true;
	if (size == 0)
		return 0;
	text = g_strndup((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'r':
		drive_redirect(text);
		break;
	case 'j':
		drive_claims(data + 1, size - 1);
		break;
	case 't':
		drive_identity(text);
		break;
	default:
		drive_answer(data[0], data + 1, size - 1);
	}
	return 0;
}
