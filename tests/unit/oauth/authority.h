/* For tests of requests: one to a scripted authority, and what must not come of it. */
#pragma once

#include "fixture.h"

#define OK "HTTP/1.1 200 OK\r\n\r\n"
#define BAD "HTTP/1.1 400 Bad Request\r\n\r\n"
#define BUSY "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
#define GRANT OK "{\"token_type\":\"Bearer\",\"access_token\":\"" ACCESS_TOKEN "\"}"

/* What a test wants of a request; all may be left out. */
typedef struct Call {
	const char *authority; /* NULL: the peer */
	const OauthForm *form; /* NULL: a refresh */
	const char *secret;    /* the client's */
	Proxy proxy;
	int timeout; /* 0: five seconds */
	const Cancel *cancel;
} Call;

static const OauthForm refresh_form[] = {
	{"grant_type", "refresh_token", false},
	{"refresh_token", REFRESH_TOKEN, true},
	{0},
};

/* What the last request told of a pause. */
static int64_t pause_told;

static inline bool request(const Peer *peer, const Call *call, OauthGrant *grant, GError **error)
{
	g_autofree char *authority = fixture_authority(peer);
	g_autoptr(Secret) secret =
		call->secret ? secret_new(call->secret, strlen(call->secret)) : NULL;
	OauthClient client = fixture_client(call->authority ? call->authority : authority);
	OauthSubject subject = {&client, ACCOUNT, NULL};

	client.secret = secret;
	client.proxy = call->proxy;
	client.timeout = call->timeout ? call->timeout : client.timeout;
	pause_told = 17;
	return oauth_request(&subject, call->form ? call->form : refresh_form, call->cancel, grant,
		&pause_told, error);
}

static inline void check_fails(
	const PeerScript *script, const Call *call, Failure failure, int connections)
{
	g_auto(Peer) peer = peer_start(script);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;

	assert_false(request(&peer, call, &grant, &error));
	assert_clean_failure(error, failure);
	assert_null(grant.access_token);
	assert_int_equal(atomic_load(&peer.shared->connections), connections);
}

static inline void check_answer(const char *text, Failure failure)
{
	const char *const answers[] = {text, NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers};

	check_fails(&script, &(Call){0}, failure, 1);
	assert_int_equal(pause_told, 0);
}
