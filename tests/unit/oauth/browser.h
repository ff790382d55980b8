/* For tests of the listener: browsers that are sockets of the same thread. What they send waits in
 * the kernel until the listener serves. */
#pragma once

#include "fixture.h"

#include "base/file.h"
#include "oauth/oauth_listener.h"

#define RIGHT "code=" CODE "&state=right"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define GET_RIGHT GET(OAUTH_REDIRECT_PATH "?" RIGHT)

/* What a listener passed on. */
typedef struct Taken {
	unsigned calls;
	GString *query; /* the last one */
} Taken;

static inline void taken_clear(Taken *taken)
{
	g_string_free(taken->query, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Taken, taken_clear)

static inline Taken taken_new(void)
{
	return (Taken){.query = g_string_new(NULL)};
}

static inline bool take_right(const char *query, void *data)
{
	Taken *taken = data;

	taken->calls++;
	g_string_assign(taken->query, query);
	return g_str_has_prefix(query, RIGHT);
}

static inline OauthListener *open_listener(void)
{
	g_autoptr(GError) error = NULL;
	OauthListener *listener = oauth_listener_open(0, OAUTH_REDIRECT_PATH, &error);

	if (!listener)
		fail_msg("%s", error->message);
	return listener;
}

static inline OauthWaited wait_for(OauthListener *listener, Taken *taken, int64_t milliseconds)
{
	return oauth_listener_wait(listener, take_right, taken, -1, milliseconds, NULL);
}

static inline Descriptor connect_to(int family, const char *address, uint16_t port)
{
	Descriptor browser = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct timeval patience = {.tv_sec = 2};
	int status;

	setsockopt(browser, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (family == AF_INET) {
		assert_int_equal(inet_pton(AF_INET, address, &ipv4.sin_addr), 1);
		status = connect(browser, (struct sockaddr *)&ipv4, sizeof ipv4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, &ipv6.sin6_addr), 1);
		status = connect(browser, (struct sockaddr *)&ipv6, sizeof ipv6);
	}
	if (status != 0)
		descriptor_close(&browser);
	return browser;
}

static inline void say(Descriptor browser, const char *text)
{
	assert_int_equal(send(browser, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* A browser that has sent REQUEST. */
static inline Descriptor browse(const OauthListener *listener, const char *request)
{
	Descriptor browser = connect_to(AF_INET, "127.0.0.1", oauth_listener_port(listener));

	assert_true(browser >= 0);
	say(browser, request);
	return browser;
}

/* All that BROWSER gets until the listener hangs up; yours. */
static inline char *read_page(Descriptor browser)
{
	GString *page = g_string_new(NULL);
	char bytes[4096];
	ssize_t got;

	while ((got = recv(browser, bytes, sizeof bytes, 0)) > 0)
		g_string_append_len(page, bytes, got);
	return g_string_free(page, FALSE);
}

static inline void assert_page(Descriptor browser, const char *status)
{
	g_autofree char *page = read_page(browser);

	if (!g_str_has_prefix(page, status))
		fail_msg("%.40s, not %s", page, status);
	assert_null(strstr(page, "Geheimnis"));
}

static inline bool has_ipv6(void)
{
	g_auto(Descriptor) probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
}
