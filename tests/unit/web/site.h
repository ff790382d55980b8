/* A server with a few pages for the tests of web_http, and a client that speaks to it over a bare
 * socket, so that a test says each byte. */
#pragma once

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <glib.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "web/web_http.h"

#define LATEST 20000 /* milliseconds, on a machine that does ten other things */
#define SMALL_LIMIT 1000
#define BIG_LIMIT ((size_t)4 * 1024 * 1024)

/* What the pages saw and do. */
typedef struct Site {
	WebServer *server;
	uint16_t port;
	bool ipv6;
	atomic_int handled;   /* handlers that ran */
	atomic_int freed;     /* plans' data */
	atomic_int planned;   /* plans' data that were given */
	atomic_int begun;     /* jobs that wait for the gate or a cancel */
	atomic_int cancelled; /* jobs that saw their cancel */
	atomic_int lost;      /* writes that answered false */
	atomic_size_t written;
	atomic_bool gate;
} Site;

/* Also where there are NULs before it. */
static inline bool has_text(const GString *seen, const char *text)
{
	return memmem(seen->str, seen->len, text, strlen(text)) != NULL;
}

static inline void site_await(const atomic_int *counter, int value)
{
	int64_t end = clock_monotonic() + LATEST;

	while (atomic_load(counter) < value && clock_monotonic() < end)
		g_usleep(1000);
	assert_int_equal(atomic_load(counter), value);
}

/* ---- pages ---- */

static inline void page_hello(WebRequest *request, WebResponse *response, void *data)
{
	(void)request;
	(void)data;
	web_response_text(response, "text/plain", "hello");
}

static inline void page_echo(WebRequest *request, WebResponse *response, void *data)
{
	size_t size;
	const char *body = web_request_body(request, &size);

	(void)data;
	assert_int_equal(body[size], '\0');
	web_response_body(response, "application/octet-stream", g_bytes_new(body, size));
}

/* One line a thing that the request says. */
static inline void page_tell(WebRequest *request, WebResponse *response, void *data)
{
	static const char *const names[] = {"q", "x y", "ü", "none"};
	g_autoptr(GString) text = g_string_new(NULL);
	const char *header = web_request_header(request, "x-TEST");
	const char *cookie = web_request_cookie(request, "session");

	(void)data;
	g_string_append_printf(text, "method=%d\npath=%s\n", web_request_method(request),
		web_request_path(request));
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = web_request_query(request, names[i]);

		if (value)
			g_string_append_printf(text, "%s=%s\n", names[i], value);
	}
	if (header)
		g_string_append_printf(text, "header=%s\n", header);
	if (cookie)
		g_string_append_printf(text, "cookie=%s\n", cookie);
	g_string_append_printf(text, "peer=%s\nsecure=%d\nkept=%s\n", web_request_peer(request),
		web_request_is_secure(request), (const char *)web_request_kept(request));
	web_response_text(response, "text/plain; charset=utf-8", text->str);
}

static inline void page_moved(WebRequest *request, WebResponse *response, void *data)
{
	(void)request;
	(void)data;
	web_response_header(response, "Set-Cookie", "a=1");
	web_response_header(response, "Set-Cookie", "b=2");
	web_response_redirect(response, "/anders");
}

/* As many bytes as the query says. */
static inline void page_large(WebRequest *request, WebResponse *response, void *data)
{
	size_t size = g_ascii_strtoull(web_request_query(request, "size"), NULL, 10);
	char *bytes = g_malloc(size + 1);

	(void)data;
	memset(bytes, 'x', size);
	web_response_body(response, "text/plain", g_bytes_new_take(bytes, size));
}

/* Until the request is cancelled. */
static inline void page_cancel(WebRequest *request, WebResponse *response, void *data)
{
	Site *site = data;
	struct pollfd place = {
		.fd = cancel_descriptor(web_request_cancel(request)), .events = POLLIN};

	atomic_fetch_add(&site->begun, 1);
	poll(&place, 1, LATEST);
	if (cancel_triggered(web_request_cancel(request)))
		atomic_fetch_add(&site->cancelled, 1);
	web_response_text(response, "text/plain", "cancelled");
}

static inline void site_await_gate(Site *site)
{
	int64_t end = clock_monotonic() + LATEST;

	atomic_fetch_add(&site->begun, 1);
	while (!atomic_load(&site->gate) && clock_monotonic() < end)
		g_usleep(10000);
}

static inline void page_gate(WebRequest *request, WebResponse *response, void *data)
{
	(void)request;
	site_await_gate(data);
	web_response_text(response, "text/plain", "opened");
}

/* "one", then at the gate "two". */
static inline void page_pieces(WebRequest *request, WebResponse *response, void *data)
{
	Site *site = data;

	(void)request;
	web_response_header(response, "X-Test", "pieces");
	web_response_start(response, "text/event-stream");
	web_response_write(response, "one", 3);
	site_await_gate(site);
	if (!web_response_write(response, "two", 3))
		atomic_fetch_add(&site->lost, 1);
}

static inline void page_nothing(WebRequest *request, WebResponse *response, void *data)
{
	(void)request;
	(void)data;
	web_response_start(response, "text/plain");
}

static inline void page_broken(WebRequest *request, WebResponse *response, void *data)
{
	(void)request;
	(void)data;
	web_response_start(response, "text/plain");
	web_response_write(response, "half", 4);
	web_response_break(response);
}

/* Writes until nobody listens, or as much as the query says. */
static inline void page_flood(WebRequest *request, WebResponse *response, void *data)
{
	static const char block[10007];
	Site *site = data;
	const char *size = web_request_query(request, "size");
	size_t left = size ? g_ascii_strtoull(size, NULL, 10) : SIZE_MAX;

	web_response_start(response, "application/octet-stream");
	atomic_fetch_add(&site->begun, 1);
	while (left > 0) {
		size_t now = MIN(left, sizeof(block));

		if (!web_response_write(response, block, now)) {
			atomic_fetch_add(&site->lost, 1);
			return;
		}
		atomic_fetch_add(&site->written, now);
		left -= now;
	}
}

static inline void page_refuse(WebRequest *request, WebResponse *response, void *data)
{
	(void)data;
	assert_non_null(web_request_path(request));
	web_response_text(response, "text/plain", "refused");
}

typedef struct Page {
	const char *path;
	WebHandler *handler;
	WebPlace place;
	size_t body_limit;
} Page;

static const Page pages[] = {
	{"/hello", page_hello, WEB_AT_ONCE, SMALL_LIMIT},
	{"/job", page_hello, WEB_AS_JOB, SMALL_LIMIT},
	{"/echo", page_echo, WEB_AT_ONCE, SMALL_LIMIT},
	{"/big-echo", page_echo, WEB_AS_JOB, BIG_LIMIT},
	{"/moved", page_moved, WEB_AT_ONCE, 0},
	{"/large", page_large, WEB_AT_ONCE, 0},
	{"/cancel", page_cancel, WEB_AS_JOB, 0},
	{"/cancel-at-once", page_cancel, WEB_AT_ONCE, 0},
	{"/gate", page_gate, WEB_AS_JOB, 0},
	{"/sleep", page_gate, WEB_AS_WAIT, 0},
	{"/pieces", page_pieces, WEB_AS_JOB, 0},
	{"/nothing", page_nothing, WEB_AS_JOB, 0},
	{"/broken", page_broken, WEB_AS_JOB, 0},
	{"/flood", page_flood, WEB_AS_JOB, 0},
};

/* Counts a plan's data that goes. */
typedef struct PlanData {
	Site *site;
	WebHandler *handler;
} PlanData;

static inline void free_plan_data(void *data)
{
	PlanData *planned = data;

	atomic_fetch_add(&planned->site->freed, 1);
	g_free(planned);
}

static inline void handle(WebRequest *request, WebResponse *response, void *data)
{
	PlanData *planned = data;

	atomic_fetch_add(&planned->site->handled, 1);
	planned->handler(request, response, planned->site);
}

static inline void site_plan(WebRequest *request, WebPlan *plan, void *data)
{
	Site *site = data;
	PlanData *planned = g_new0(PlanData, 1);
	const char *key = web_request_query(request, "key");
	Page page = {"", page_tell, WEB_AT_ONCE, SMALL_LIMIT};

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
		if (strcmp(pages[i].path, web_request_path(request)) == 0)
			page = pages[i];
	}
	*planned = (PlanData){site, page.handler};
	atomic_fetch_add(&site->planned, 1);
	web_request_keep(request, g_strdup("kept"), g_free);
	*plan = (WebPlan){
		.handler = handle,
		.data = planned,
		.place = page.place,
		.key = key ? (int64_t)g_ascii_strtoull(key, NULL, 10) : 0,
		.body_limit = page.body_limit,
		.free_data = free_plan_data,
	};
}

/* ---- start and stop ---- */

static inline Site *site_new(const char *address, const char *certificate)
{
	Site *site = g_new0(Site, 1);
	WebOptions options = {
		.address = address,
		.tls_certificate = certificate,
		.tls_key = certificate,
		.plan = site_plan,
		.data = site,
		.refuse = page_refuse,
	};
	g_autoptr(GError) error = NULL;

	web_start_library();
	site->server = web_server_start(&options, &error);
	assert_null(error);
	assert_non_null(site->server);
	site->port = web_server_port(site->server);
	site->ipv6 = strchr(address, ':') != NULL;
	return site;
}

/* Whatever was planned is freed. */
static inline void site_free(Site *site)
{
	web_server_stop(site->server);
	assert_int_equal(atomic_load(&site->freed), atomic_load(&site->planned));
	g_free(site);
}

static inline int site_open(void **state)
{
	*state = site_new("127.0.0.1", NULL);
	return 0;
}

static inline int site_close(void **state)
{
	site_free(*state);
	return 0;
}

#define site_test(function) cmocka_unit_test_setup_teardown(function, site_open, site_close)

/* ---- a client ---- */

typedef struct Client {
	int socket;
	GString *seen; /* received, not yet taken */
} Client;

static inline Client client_open(const Site *site)
{
	struct sockaddr_in ipv4 = {
		.sin_family = AF_INET,
		.sin_port = htons(site->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 ipv6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(site->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	Client client = {
		.socket = socket(site->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.seen = g_string_new(NULL)};
	int connected = site->ipv6 ? connect(client.socket, (struct sockaddr *)&ipv6, sizeof(ipv6))
				   : connect(client.socket, (struct sockaddr *)&ipv4, sizeof(ipv4));

	assert_int_equal(connected, 0);
	setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return client;
}

static inline void client_close(Client *client)
{
	close(client->socket);
	g_string_free(client->seen, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Client, client_close)

/* False: the server does not take it. */
static inline bool client_try_send(Client *client, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t sent = send(client->socket, at, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		size -= (size_t)sent;
	}
	return true;
}

static inline void client_send(Client *client, const char *text)
{
	assert_true(client_try_send(client, text, strlen(text)));
}

/* The usual request; METHOD and PATH as given. */
static inline void client_ask(Client *client, const char *method, const char *path)
{
	g_autofree char *text =
		g_strdup_printf("%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path);

	client_send(client, text);
}

/* Receives some; false: closed, or nothing within MILLISECONDS. */
static inline bool client_receive(Client *client, int64_t milliseconds)
{
	struct pollfd place = {.fd = client->socket, .events = POLLIN};
	char block[65536];
	ssize_t size = -1;

	if (poll(&place, 1, (int)milliseconds) > 0)
		size = recv(client->socket, block, sizeof(block), 0);
	if (size > 0)
		g_string_append_len(client->seen, block, size);
	return size > 0;
}

/* Whether the server closes within MILLISECONDS; what comes before is kept. */
static inline bool client_sees_end(Client *client, int64_t milliseconds)
{
	int64_t end = clock_monotonic() + milliseconds;

	for (int64_t left; (left = end - clock_monotonic()) > 0;) {
		struct pollfd place = {.fd = client->socket, .events = POLLIN};

		if (poll(&place, 1, (int)left) > 0 && !client_receive(client, 0))
			return true;
	}
	return false;
}

static inline bool client_await(Client *client, const char *text, int64_t milliseconds)
{
	int64_t end = clock_monotonic() + milliseconds;

	while (!has_text(client->seen, text)) {
		int64_t left = end - clock_monotonic();

		if (left <= 0 || !client_receive(client, left))
			return has_text(client->seen, text);
	}
	return true;
}

typedef struct Answer {
	unsigned status;
	char *header;
	GString *body;
} Answer;

static inline void answer_clear(Answer *answer)
{
	g_free(answer->header);
	if (answer->body)
		g_string_free(answer->body, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static inline void client_take(Client *client, size_t size, GString *target)
{
	while (client->seen->len < size)
		assert_true(client_receive(client, LATEST));
	if (target)
		g_string_append_len(target, client->seen->str, (gssize)size);
	g_string_erase(client->seen, 0, (gssize)size);
}

static inline void client_take_chunks(Client *client, GString *target)
{
	size_t size;

	do {
		assert_true(client_await(client, "\r\n", LATEST));
		size = g_ascii_strtoull(client->seen->str, NULL, 16);
		client_take(client,
			(size_t)(strstr(client->seen->str, "\r\n") + 2 - client->seen->str), NULL);
		client_take(client, size, target);
		client_take(client, 2, NULL);
	} while (size > 0);
}

/* Header and body of the next answer; HEAD: no body. */
static inline Answer client_answer(Client *client, bool head)
{
	Answer answer = {.body = g_string_new(NULL)};
	const char *length;
	char *end;

	assert_true(client_await(client, "\r\n\r\n", LATEST));
	end = strstr(client->seen->str, "\r\n\r\n") + 4;
	answer.header = g_strndup(client->seen->str, (size_t)(end - client->seen->str));
	g_string_erase(client->seen, 0, end - client->seen->str);
	assert_true(g_str_has_prefix(answer.header, "HTTP/1.1 "));
	answer.status = (unsigned)g_ascii_strtoull(answer.header + strlen("HTTP/1.1 "), NULL, 10);
	length = strstr(answer.header, "Content-Length: ");
	if (head)
		return answer;
	if (length)
		client_take(client, g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10),
			answer.body);
	else if (strstr(answer.header, "Transfer-Encoding: chunked"))
		client_take_chunks(client, answer.body);
	return answer;
}

static inline void client_expect(Client *client, unsigned status, const char *body)
{
	g_auto(Answer) answer = client_answer(client, false);

	assert_int_equal(answer.status, status);
	if (body)
		assert_string_equal(answer.body->str, body);
}

/* TEXT on a connection of its own: answered with STATUS, and nothing remains of it. */
static inline void assert_status(const Site *site, const char *text, unsigned status)
{
	g_auto(Client) client = client_open(site);
	g_auto(Answer) answer = {0};

	client_send(&client, text);
	answer = client_answer(&client, false);
	if (answer.status != status)
		fail_msg("%u in place of %u: %s", answer.status, status, text);
}

static inline void assert_still_serves(const Site *site)
{
	assert_status(site, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200);
}
