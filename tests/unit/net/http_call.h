/* For tests of http_send: a call to a scripted server, with what it sends and may bring. */
#pragma once

#include "http_peer.h"

#include "net/http.h"

#define FORM "grant_type=refresh_token&refresh_token=" PEER_PASSWORD "%2b%2F~"
#define OK "HTTP/1.1 200 OK\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

/* What a test wants of a request; all may be left out. */
typedef struct Call {
	const char *url; /* with the port's %u; NULL: http://127.0.0.1:%u/token */
	Proxy proxy;
	const char *ca_file;
	int timeout; /* 0: two seconds */
	int grace;
	const Cancel *cancel;
} Call;

static inline bool post(const Peer *peer, const Call *call, HttpAnswer *answer, GError **error)
{
	g_autoptr(GString) url = g_string_new(call->url ? call->url : "http://127.0.0.1:%u/token");
	g_autofree char *port = g_strdup_printf("%u", peer->port);
	g_autoptr(Secret) form = secret_new(FORM, strlen(FORM));
	HttpRequest request = {
		.url = url->str,
		.form = form,
		.proxy = &call->proxy,
		.ca_file = call->ca_file,
		.timeout = call->timeout ? call->timeout : 2,
		.grace = call->grace,
	};

	g_string_replace(url, "%u", port, 1);
	return http_send(&request, call->cancel, answer, error);
}

static inline void post_well(const Peer *peer, const Call *call, HttpAnswer *answer)
{
	g_autoptr(GError) error = NULL;

	if (!post(peer, call, answer, &error))
		fail_msg("%s: %s", failure_name(error), error->message);
}

static inline void check_fails(const PeerScript *script, const Call *call, Failure failure)
{
	g_auto(Peer) peer = peer_start(script);
	g_auto(HttpAnswer) answer = {0};
	g_autoptr(GError) error = NULL;

	assert_false(post(&peer, call, &answer, &error));
	assert_failure(error, failure);
	assert_null(answer.body);
	assert_null(strstr(error->message, PEER_PASSWORD));
	assert_true(g_utf8_validate(error->message, -1, NULL));
}

static inline void check_body(const HttpAnswer *answer, const char *expected)
{
	assert_int_equal(secret_size(answer->body), strlen(expected));
	assert_string_equal(secret_text(answer->body), expected);
}
