/* The redirect on loopback: a browser's requests of every kind, one of them taken, once; waiting
 * for other things at the same time; ports; too many and too slow connections. Browsers are sockets
 * of the same thread: what they send waits in the kernel until the listener serves. */
#include "fixture.h"

#include <pthread.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "base/file.h"
#include "oauth/oauth_listener.h"

#define RIGHT "code=" CODE "&state=right"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define GET_RIGHT GET(OAUTH_REDIRECT_PATH "?" RIGHT)
#define LIMIT 32 /* connections to an address */

/* What a listener passed on. */
typedef struct Taken {
	unsigned calls;
	GString *query; /* the last one */
} Taken;

static void taken_clear(Taken *taken)
{
	g_string_free(taken->query, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Taken, taken_clear)

static Taken taken_new(void)
{
	return (Taken){.query = g_string_new(NULL)};
}

static bool take_right(const char *query, void *data)
{
	Taken *taken = data;

	taken->calls++;
	g_string_assign(taken->query, query);
	return g_str_has_prefix(query, RIGHT);
}

static OauthListener *open_listener(void)
{
	g_autoptr(GError) error = NULL;
	OauthListener *listener = oauth_listener_open(0, OAUTH_REDIRECT_PATH, &error);

	if (!listener)
		fail_msg("%s", error->message);
	return listener;
}

static OauthWaited wait_for(OauthListener *listener, Taken *taken, int64_t milliseconds)
{
	return oauth_listener_wait(listener, take_right, taken, -1, milliseconds, NULL);
}

static Descriptor connect_to(int family, const char *address, uint16_t port)
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

static void say(Descriptor browser, const char *text)
{
	assert_int_equal(send(browser, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* A browser that has sent REQUEST. */
static Descriptor browse(const OauthListener *listener, const char *request)
{
	Descriptor browser = connect_to(AF_INET, "127.0.0.1", oauth_listener_port(listener));

	assert_true(browser >= 0);
	say(browser, request);
	return browser;
}

/* All that BROWSER gets until the listener hangs up; yours. */
static char *read_page(Descriptor browser)
{
	GString *page = g_string_new(NULL);
	char bytes[4096];
	ssize_t got;

	while ((got = recv(browser, bytes, sizeof bytes, 0)) > 0)
		g_string_append_len(page, bytes, got);
	return g_string_free(page, FALSE);
}

static void assert_page(Descriptor browser, const char *status)
{
	g_autofree char *page = read_page(browser);

	if (!g_str_has_prefix(page, status))
		fail_msg("%.40s, not %s", page, status);
	assert_null(strstr(page, "Geheimnis"));
}

static bool has_ipv6(void)
{
	g_auto(Descriptor) probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	return probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
}

/* ---- what is taken ---- */

static void check_taken_at(int family, const char *address)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = connect_to(family, address, oauth_listener_port(listener));
	g_auto(Taken) taken = taken_new();

	say(browser, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_string_equal(taken.query->str, RIGHT);
	assert_int_equal(taken.calls, 1);
	assert_page(browser, "HTTP/1.1 200 ");
}

static void test_ipv4(void **state)
{
	(void)state;
	check_taken_at(AF_INET, "127.0.0.1");
}

static void test_ipv6(void **state)
{
	(void)state;
	if (has_ipv6())
		check_taken_at(AF_INET6, "::1");
}

/* Nobody else's machine, nor another address of ours. */
static void test_loopback_only(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) other = connect_to(AF_INET, "127.0.0.2", oauth_listener_port(listener));

	(void)state;
	assert_int_equal(other, -1);
}

static void test_page(void **state)
{
	static const char *const headers[] = {"Content-Type: text/html; charset=utf-8\r\n",
		"Cache-Control: no-store\r\n", "Referrer-Policy: no-referrer\r\n",
		"X-Content-Type-Options: nosniff\r\n", "Connection: close\r\n",
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; ",
		"'none'; base-uri 'none'; form-action 'none'\r\n"};
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
	g_auto(Taken) taken = taken_new();
	g_autofree char *page = NULL;
	g_autofree char *length = NULL;
	const char *body;

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	page = read_page(browser);
	body = strstr(page, "\r\n\r\n") + 4;
	length = g_strdup_printf("Content-Length: %zu\r\n", strlen(body));
	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
		assert_non_null(strstr(page, headers[i]));
	assert_non_null(strstr(page, length));
	assert_true(g_str_has_prefix(body, "<!DOCTYPE html>\n<html lang=\"de\">"));
	assert_true(g_str_has_suffix(body, "</html>\n"));
	assert_non_null(strstr(body, "<h1>Zur\xc3\xbc"
				     "ck zu Amtspost</h1>"));
	assert_null(strstr(page, "Geheimnis"));
	assert_null(strstr(page, "right"));
}

/* As it came: what escapes mean is the flow's business. */
static void test_queries_come_as_they_are(void **state)
{
	static const char query[] = RIGHT "&a=%2B+%26&b=%zz&=&&c?d=/e;f&g=%C3%A4";
	g_autoptr(OauthListener) listener = open_listener();
	g_autofree char *request = g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?%s"), query);
	g_auto(Descriptor) browser = browse(listener, request);
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_string_equal(taken.query->str, query);
	assert_page(browser, "HTTP/1.1 200 ");
}

/* The listener may be closed as soon as it says so. */
static void test_the_page_gets_out(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		OauthListener *listener = open_listener();
		Descriptor before = browse(listener, GET("/favicon.ico"));
		g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
		Descriptor behind = browse(listener, GET("/favicon.ico"));
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
		oauth_listener_close(listener);
		assert_page(browser, "HTTP/1.1 200 ");
		descriptor_close(&before);
		descriptor_close(&behind);
	}
}

static void test_a_browser_that_is_gone(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
	g_auto(Taken) taken = taken_new();
	int64_t start = clock_monotonic();

	(void)state;
	descriptor_close(&browser);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_in_range(clock_monotonic() - start, 0, 3000);
}

/* ---- once ---- */

static unsigned count_pages(Descriptor *browsers, size_t count, const char *status)
{
	unsigned found = 0;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *page = read_page(browsers[i]);

		found += g_str_has_prefix(page, status);
		descriptor_close(&browsers[i]);
	}
	return found;
}

/* Browsers that ask twice at the same time, also by both addresses. */
static void test_taken_once(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	uint16_t port = oauth_listener_port(listener);
	g_auto(Taken) taken = taken_new();
	Descriptor browsers[6];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(browsers); i++) {
		browsers[i] = i % 2 && has_ipv6() ? connect_to(AF_INET6, "::1", port)
						  : connect_to(AF_INET, "127.0.0.1", port);
		say(browsers[i], GET_RIGHT);
	}
	assert_int_equal(wait_for(listener, &taken, 3000), OAUTH_WAITED_TAKEN);
	assert_int_equal(taken.calls, 1);
	g_clear_pointer(&listener, oauth_listener_close);
	assert_int_equal(count_pages(browsers, G_N_ELEMENTS(browsers), "HTTP/1.1 200 "), 1);
}

static void test_wrong_ones_do_not_count(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) forged = browse(listener, GET(OAUTH_REDIRECT_PATH "?state=wrong"));
	g_auto(Descriptor) browser = -1;
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 300), OAUTH_WAITED_ENDED);
	assert_string_equal(taken.query->str, "state=wrong");
	assert_page(forged, "HTTP/1.1 400 ");
	browser = browse(listener, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_page(browser, "HTTP/1.1 200 ");
}

/* For another flow, after the first. */
static void test_waits_anew(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();

	(void)state;
	for (int i = 0; i < 3; i++) {
		g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
		assert_page(browser, "HTTP/1.1 200 ");
	}
}

static void test_pipelined_requests(void **state)
{
	static const char *const requests[] = {GET_RIGHT GET_RIGHT GET_RIGHT,
		GET_RIGHT GET("/favicon.ico"), GET_RIGHT "garbage\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autoptr(OauthListener) listener = open_listener();
		g_auto(Descriptor) browser = browse(listener, requests[i]);
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 3000), OAUTH_WAITED_TAKEN);
		assert_int_equal(taken.calls, 1);
		assert_page(browser, "HTTP/1.1 200 ");
	}
}

/* ---- what is not taken ---- */

static void check_not_taken(const char *request, const char *status)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, request);
	g_auto(Taken) taken = taken_new();

	assert_int_equal(wait_for(listener, &taken, 100), OAUTH_WAITED_ENDED);
	assert_int_equal(taken.calls, 0);
	if (status)
		assert_page(browser, status);
}

static void test_wrong_paths(void **state)
{
	static const char *const requests[] = {GET("/"), GET("/favicon.ico"),
		GET(OAUTH_REDIRECT_PATH), GET(OAUTH_REDIRECT_PATH "/?" RIGHT),
		GET(OAUTH_REDIRECT_PATH "x?" RIGHT), GET("/OAUTH/callback?" RIGHT),
		GET("/oauth?" RIGHT), GET("//oauth/callback?" RIGHT),
		GET("/x/.." OAUTH_REDIRECT_PATH "?" RIGHT), GET("*"), GET("?" RIGHT)};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		check_not_taken(requests[i], "HTTP/1.1 404 ");
}

static void test_wrong_methods(void **state)
{
	static const char *const methods[] = {
		"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		g_autofree char *request = g_strdup_printf("%s " OAUTH_REDIRECT_PATH "?" RIGHT
							   " HTTP/1.1\r\nHost: localhost\r\n\r\n",
			methods[i]);

		check_not_taken(request, "HTTP/1.1 405 ");
	}
}

static void test_bodies(void **state)
{
	static const char head[] = "POST " OAUTH_REDIRECT_PATH "?" RIGHT
				   " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
	g_autofree char *body = g_strnfill(100000, 'x');
	g_autofree char *whole = g_strconcat(head, body, NULL);

	(void)state;
	check_not_taken(whole, NULL);
	check_not_taken(head, NULL);
}

static void test_no_http(void **state)
{
	static const char *const requests[] = {"\r\n\r\n", "garbage\r\n\r\n", "GET\r\n\r\n",
		"\x16\x03\x01", "GET " OAUTH_REDIRECT_PATH "?" RIGHT,
		"GET " OAUTH_REDIRECT_PATH "?" RIGHT " HTTP/1.1\r\n",
		"GET " OAUTH_REDIRECT_PATH "?" RIGHT " HTTP/9.9\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		check_not_taken(requests[i], NULL);
}

static void test_nobody_takes(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);

	(void)state;
	assert_int_equal(
		oauth_listener_wait(listener, NULL, NULL, -1, 100, NULL), OAUTH_WAITED_ENDED);
	assert_page(browser, "HTTP/1.1 404 ");
}

static void test_length_of_queries(void **state)
{
	g_autofree char *most = g_strnfill(30 * 1000, 'x');
	g_autofree char *more = g_strnfill(100 * 1000, 'x');
	g_autofree char *long_one =
		g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?" RIGHT "&x=%s"), most);
	g_autofree char *longer = g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?" RIGHT "&x=%s"), more);
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, long_one);
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_int_equal(taken.query->len, strlen(RIGHT "&x=") + strlen(most));
	assert_page(browser, "HTTP/1.1 200 ");
	check_not_taken(longer, NULL);
}

/* ---- waiting ---- */

static void test_input(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	g_auto(Descriptor) browser = -1;
	int ends[2];

	(void)state;
	assert_return_code(pipe(ends), 0);
	assert_int_equal(oauth_listener_wait(listener, take_right, &taken, ends[0], 100, NULL),
		OAUTH_WAITED_ENDED);
	assert_int_equal(write(ends[1], "x\n", 2), 2);
	assert_int_equal(oauth_listener_wait(listener, take_right, &taken, ends[0], 5000, NULL),
		OAUTH_WAITED_INPUT);
	assert_int_equal(
		oauth_listener_wait(NULL, NULL, NULL, ends[0], 5000, NULL), OAUTH_WAITED_INPUT);
	/* a browser that comes meanwhile is served the next time */
	browser = browse(listener, GET_RIGHT);
	assert_int_equal(oauth_listener_wait(listener, take_right, &taken, ends[0], 5000, NULL),
		OAUTH_WAITED_INPUT);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	close(ends[1]);
	close(ends[0]);
}

static void test_end_of_input(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	int ends[2];

	(void)state;
	assert_return_code(pipe(ends), 0);
	close(ends[1]);
	assert_int_equal(oauth_listener_wait(listener, take_right, &taken, ends[0], 5000, NULL),
		OAUTH_WAITED_INPUT);
	close(ends[0]);
}

static void check_ends(OauthListener *listener, int64_t milliseconds)
{
	int64_t start = clock_monotonic();
	g_auto(Taken) taken = taken_new();

	assert_int_equal(wait_for(listener, &taken, milliseconds), OAUTH_WAITED_ENDED);
	assert_in_range(
		clock_monotonic() - start, MAX(milliseconds, 0), MAX(milliseconds, 0) + 500);
}

static void test_time_is_over(void **state)
{
	static const int64_t times[] = {-1, 0, 1, 200, 1200};
	g_autoptr(OauthListener) listener = open_listener();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		check_ends(listener, times[i]);
		check_ends(NULL, times[i]);
	}
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void test_cancel(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	OauthListener *const listeners[] = {listener, NULL};
	g_auto(Taken) taken = taken_new();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(listeners); i++) {
		g_autoptr(Cancel) cancel = cancel_new();
		int64_t start = clock_monotonic();
		pthread_t thread;

		pthread_create(&thread, NULL, trigger_soon, cancel);
		assert_int_equal(
			oauth_listener_wait(listeners[i], take_right, &taken, -1, 60000, cancel),
			OAUTH_WAITED_ENDED);
		assert_in_range(clock_monotonic() - start, 50, 600);
		pthread_join(thread, NULL);
		/* and before */
		assert_int_equal(
			oauth_listener_wait(listeners[i], take_right, &taken, -1, 60000, cancel),
			OAUTH_WAITED_ENDED);
	}
}

/* ---- ports ---- */

static void check_in_use(uint16_t port)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("Port %u", port);

	assert_null(oauth_listener_open(port, OAUTH_REDIRECT_PATH, &error));
	assert_clean_failure(error, FAILURE_OAUTH_PORT_BUSY);
	assert_string_equal(failure_subject(error), name);
	assert_non_null(strstr(error->message, "in use"));
}

/* By another of ours, and by another program on one address alone. */
static void test_port_in_use(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	uint16_t port;
	int other;

	(void)state;
	check_in_use(oauth_listener_port(listener));
	other = peer_listen(&port);
	check_in_use(port);
	close(other);
	if (!has_ipv6())
		return;
	other = peer_listen6(&port);
	check_in_use(port);
	close(other);
}

static void test_fixed_port(void **state)
{
	uint16_t port;

	(void)state;
	close(peer_listen(&port));
	/* at once again, with connections of the one before just closed */
	for (int i = 0; i < 3; i++) {
		g_autoptr(OauthListener) listener =
			oauth_listener_open(port, OAUTH_REDIRECT_PATH, NULL);
		g_auto(Descriptor) browser = -1;
		g_auto(Taken) taken = taken_new();

		assert_non_null(listener);
		assert_int_equal(oauth_listener_port(listener), port);
		browser = browse(listener, GET_RIGHT);
		assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	}
}

static void test_free_ports_differ(void **state)
{
	g_autoptr(OauthListener) one = open_listener();
	g_autoptr(OauthListener) other = open_listener();

	(void)state;
	assert_int_not_equal(oauth_listener_port(one), oauth_listener_port(other));
	assert_true(oauth_listener_port(one) > 1023);
}

/* ---- many and slow ones ---- */

static void open_idle(const OauthListener *listener, Descriptor *idle, size_t count)
{
	for (size_t i = 0; i < count; i++)
		idle[i] = browse(listener, i % 2 ? "" : "GET /");
}

static int64_t processor_milliseconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
	       usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
}

/* One more waits for its turn, and nobody burns time over it. */
static void test_more_connections_than_the_limit(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	g_auto(Descriptor) browser = -1;
	Descriptor idle[LIMIT + 8];
	int64_t before;

	(void)state;
	open_idle(listener, idle, G_N_ELEMENTS(idle));
	browser = browse(listener, GET_RIGHT);
	before = processor_milliseconds();
	assert_int_equal(wait_for(listener, &taken, 1000), OAUTH_WAITED_ENDED);
	assert_in_range(processor_milliseconds() - before, 0, 500);
	assert_int_equal(taken.calls, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(idle); i++)
		descriptor_close(&idle[i]);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_page(browser, "HTTP/1.1 200 ");
}

/* Those that say nothing are let go after ten seconds. */
static void test_idle_connections_end(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	g_auto(Descriptor) browser = -1;
	Descriptor idle[LIMIT];
	int64_t start = clock_monotonic();

	(void)state;
	open_idle(listener, idle, G_N_ELEMENTS(idle));
	browser = browse(listener, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 30000), OAUTH_WAITED_TAKEN);
	assert_in_range(clock_monotonic() - start, 8000, 15000);
	for (size_t i = 0; i < G_N_ELEMENTS(idle); i++)
		descriptor_close(&idle[i]);
}

static void test_byte_by_byte(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, "");
	Descriptor stalled = browse(listener, "GET " OAUTH_REDIRECT_PATH "?" RIGHT);
	g_auto(Taken) taken = taken_new();
	const char *text = GET_RIGHT;
	OauthWaited waited = OAUTH_WAITED_ENDED;

	(void)state;
	for (const char *at = text; *at && waited == OAUTH_WAITED_ENDED; at++) {
		say(browser, (const char[]){*at, '\0'});
		waited = wait_for(listener, &taken, at[1] ? 3 : 5000);
	}
	assert_int_equal(waited, OAUTH_WAITED_TAKEN);
	assert_int_equal(taken.calls, 1);
	assert_page(browser, "HTTP/1.1 200 ");
	descriptor_close(&stalled);
}

static void test_closed_at_any_time(void **state)
{
	(void)state;
	oauth_listener_close(NULL);
	for (size_t size = 0; size < strlen(GET_RIGHT); size += 7) {
		g_autofree char *part = g_strndup(GET_RIGHT, size);
		g_autoptr(OauthListener) listener = open_listener();
		Descriptor browser = browse(listener, part);
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 5), OAUTH_WAITED_ENDED);
		g_clear_pointer(&listener, oauth_listener_close);
		descriptor_close(&browser);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_loopback_only),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_queries_come_as_they_are),
		cmocka_unit_test(test_the_page_gets_out),
		cmocka_unit_test(test_a_browser_that_is_gone),
		cmocka_unit_test(test_taken_once),
		cmocka_unit_test(test_wrong_ones_do_not_count),
		cmocka_unit_test(test_waits_anew),
		cmocka_unit_test(test_pipelined_requests),
		cmocka_unit_test(test_wrong_paths),
		cmocka_unit_test(test_wrong_methods),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_no_http),
		cmocka_unit_test(test_nobody_takes),
		cmocka_unit_test(test_length_of_queries),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_end_of_input),
		cmocka_unit_test(test_time_is_over),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_fixed_port),
		cmocka_unit_test(test_free_ports_differ),
		cmocka_unit_test(test_more_connections_than_the_limit),
		cmocka_unit_test(test_idle_connections_end),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_closed_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
