/* Whether a proxy is one: after a connection through it that brought no answer, the proxy alone is
 * asked for a sign of life in its own language. */
#include "net/stream_internal.h"

#include <string.h>

/* Seconds; a proxy answers this without asking anybody. */
#define PATIENCE 3

typedef struct Language {
	const char *question;
	size_t question_size;
	const char *answer; /* how every answer begins */
} Language;

static const Language languages[] = {
	[PROXY_HTTP] = {"HEAD / HTTP/1.0\r\n\r\n", 19, "HTTP/"},
	/* RFC 1928 section 3: without a login or with a password */
	[PROXY_SOCKS5] = {"\5\2\0\2", 4, "\5"},
};

static Stream *connect_to(const Endpoint *door, const Cancel *cancel)
{
	g_autofree char *url = attempt_make_url("http", door->host, door->port, "/");
	g_auto(Attempt) attempt = {0};

	attempt_init(&attempt, door, SECURITY_NONE, true, cancel);
	curl_easy_setopt(attempt.easy, CURLOPT_URL, url);
	curl_easy_setopt(attempt.easy, CURLOPT_CONNECT_ONLY, 1L);
	if (!url || !attempt_begin(&attempt, NULL))
		return NULL;
	while (!attempt_run(&attempt, attempt.deadline))
		;
	return attempt_succeeded(&attempt) ? attempt_take_stream(&attempt) : NULL;
}

bool stream_proxy_answers(const Endpoint *endpoint, const Cancel *cancel)
{
	const Proxy *proxy = &endpoint->proxy;
	const Language *language = &languages[proxy->kind];
	Endpoint door = {
		.host = proxy->host,
		.port = proxy->port,
		.timeout = MIN(endpoint->timeout, PATIENCE),
	};
	g_autoptr(Stream) stream = connect_to(&door, cancel);
	char answer[8];
	size_t wanted = strlen(language->answer);
	size_t size = 0;

	if (!stream || !stream_write(stream, language->question, language->question_size, NULL))
		return false;
	while (size < wanted) {
		ssize_t count = stream_read(stream, answer + size, wanted - size, NULL);

		if (count <= 0)
			return false;
		size += (size_t)count;
	}
	return memcmp(answer, language->answer, wanted) == 0;
}
