/* Greetings of every kind: refusing, wrong, endless, late, none at all; deadlines and cancelling
 * while connecting. */
#include "peer.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "base/file.h"
#include "net/stream_internal.h"

#define FLOOD ((size_t)100 * 1024 * 1024)

static void check_open_fails(
	const PeerScript *script, TlsMode mode, Failure failure, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_auto(Peer) peer = peer_start(script);
	Endpoint endpoint = peer_endpoint(&peer, mode, NULL);

	endpoint.protocol = script->smtp ? MAIL_PROTOCOL_SMTP : MAIL_PROTOCOL_IMAP;
	assert_null(stream_open(&endpoint, NULL, &error));
	assert_failure(error, failure);
	if (message && !strstr(error->message, message))
		fail_msg("%s lacks %s", error->message, message);
}

static void test_refusing_greetings(void **state)
{
	static const struct {
		bool smtp;
		const char *greeting;
		Failure failure;
		const char *message;
	} cases[] = {
		{false, "* BYE too many connections\r\n", FAILURE_SERVER_BYE, "too many"},
		{false, "* bye later\r\n", FAILURE_SERVER_BYE, "later"},
		{false, "* OK hello\r\n* BYE but no\r\n", FAILURE_SERVER_BYE, "but no"},
		{false, "* BYE \x1b[31mred\xff\r\n", FAILURE_SERVER_BYE, "red"},
		{false, "* NO\r\n", FAILURE_SERVER_GARBAGE, NULL},
		{false, "+OK POP3\r\n", FAILURE_NOT_IMAP, "POP3"},
		{false, "HTTP/1.1 400 Bad Request\r\n", FAILURE_NOT_IMAP, "HTTP"},
		{false, "220 mail.test ESMTP\r\n", FAILURE_NOT_IMAP, "ESMTP"},
		{false, "\r\n", FAILURE_SERVER_GARBAGE, NULL},
		{true, "554 go away\r\n", FAILURE_CLIENT_REFUSED, "go away"},
		{true, "421 shutting down\r\n", FAILURE_SERVER_BYE, "shutting"},
		{true, "220 hello\r\n421 too busy\r\n", FAILURE_SERVER_BYE, "busy"},
		{true, "450 later\r\n", FAILURE_SERVER_UNAVAILABLE, "later"},
		{true, "250 what\r\n", FAILURE_SERVER_GARBAGE, "what"},
		{true, "2x0 what\r\n", FAILURE_SERVER_GARBAGE, "what"},
		{true, "* OK IMAP\r\n", FAILURE_NOT_SMTP, "IMAP"},
		{true, "\n", FAILURE_SERVER_GARBAGE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PeerScript script = {.smtp = cases[i].smtp, .greeting = cases[i].greeting};

		check_open_fails(&script, TLS_MODE_NONE, cases[i].failure, cases[i].message);
		check_open_fails(&script, TLS_MODE_SERVER, cases[i].failure, cases[i].message);
	}
}

static void test_message_is_printable(void **state)
{
	PeerScript script = {.greeting = "* BYE \x1b[31mred\xff\r\n"};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(stream_open(&endpoint, NULL, &error));
	assert_null(strchr(error->message, '\x1b'));
	assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void test_multiline_smtp_greeting(void **state)
{
	PeerScript script = {.smtp = true, .greeting = "220-mail.test\r\n220 ready\r\n"};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(Stream) stream = NULL;

	(void)state;
	endpoint.protocol = MAIL_PROTOCOL_SMTP;
	stream = stream_open(&endpoint, NULL, NULL);
	assert_string_equal(stream_greeting(stream), "220-mail.test");
}

static bool say_slowly(PeerChannel *channel, const void *text)
{
	for (const char *at = text; *at; at++) {
		const char piece[] = {*at, '\0'};

		peer_put(channel, piece);
		g_usleep(10 * 1000);
	}
	return true;
}

static void test_greeting_byte_by_byte(void **state)
{
	PeerScript script = {
		.before = say_slowly, .data = "* OK slow but fine\r\n", .greeting = ""};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(Stream) stream = stream_open(&endpoint, NULL, NULL);

	(void)state;
	assert_string_equal(stream_greeting(stream), "* OK slow but fine");
}

static bool hang_up(PeerChannel *channel, const void *text)
{
	peer_put(channel, text);
	return false;
}

static void test_closed_early(void **state)
{
	static const char *const texts[] = {"", "* O", "* OK hello\r\n", "* OK hello\r\n* CAP"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		PeerScript script = {.before = hang_up, .data = texts[i]};

		check_open_fails(&script, TLS_MODE_NONE, FAILURE_CONNECTION_LOST, NULL);
	}
}

static bool stay_silent(PeerChannel *channel, const void *text)
{
	peer_put(channel, text);
	pause();
	return channel->closed;
}

/* In the clear and in the middle of a handshake. */
static void test_silent_server(void **state)
{
	static const char *const texts[] = {"", "* O", "* OK hello\r\n", "* OK hello\r\n* CAP"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		PeerScript script = {.before = stay_silent, .data = texts[i]};
		int64_t start = clock_monotonic();

		check_open_fails(&script, TLS_MODE_NONE, FAILURE_TIMEOUT, NULL);
		assert_in_range(clock_monotonic() - start, 1900, 5000);
	}
	check_open_fails(&(PeerScript){.before = stay_silent, .data = ""}, TLS_MODE_SERVER,
		FAILURE_TIMEOUT, NULL);
}

/* A listener that takes no connection: its queue is full, so the system answers nobody. */
static void test_no_answer_to_connect(void **state)
{
	Endpoint endpoint = {.host = (char *)"127.0.0.1", .timeout = 1};
	int listener = peer_listen(&endpoint.port);
	Descriptor waiting[4];
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(endpoint.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_return_code(listen(listener, 0), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
	}
	assert_null(stream_open(&endpoint, NULL, &error));
	assert_failure(error, FAILURE_TIMEOUT);
	for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++)
		descriptor_close(&waiting[i]);
	descriptor_close(&listener);
}

static bool flood(PeerChannel *channel, const void *text)
{
	g_autoptr(GString) block = g_string_new(NULL);

	while (block->len < 65536)
		g_string_append(block, text);
	peer_put(channel, "* OK ");
	for (size_t sent = 0; sent < FLOOD && !channel->closed; sent += block->len)
		peer_put(channel, block->str);
	pause();
	return false;
}

static long peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss; /* kilobytes */
}

static void test_endless_greeting(void **state)
{
	static const char *const texts[] = {"x", "* OK and on\r\n", "\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		PeerScript script = {.before = flood, .data = texts[i]};
		int64_t start = clock_monotonic();
		long before = peak_memory();

		check_open_fails(&script, TLS_MODE_NONE, FAILURE_LINE_TOO_LONG, NULL);
		assert_in_range(clock_monotonic() - start, 0, 1500);
		assert_in_range(peak_memory() - before, 0, 16 * 1024);
	}
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void check_cancel(TlsMode mode)
{
	PeerScript script = {.before = stay_silent, .data = ""};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, mode, NULL);
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GError) error = NULL;
	int64_t start = clock_monotonic();
	pthread_t thread;

	endpoint.timeout = 60;
	pthread_create(&thread, NULL, trigger_soon, cancel);
	assert_null(stream_open(&endpoint, cancel, &error));
	assert_failure(error, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, 50, 5000);
	pthread_join(thread, NULL);
}

static void test_cancel_while_connecting(void **state)
{
	(void)state;
	check_cancel(TLS_MODE_NONE);
	check_cancel(TLS_MODE_SERVER);
	check_cancel(TLS_MODE_1_3);
}

static void test_cancelled_before(void **state)
{
	PeerScript script = {0};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GError) error = NULL;

	(void)state;
	cancel_trigger(cancel);
	assert_null(stream_open(&endpoint, cancel, &error));
	assert_failure(error, FAILURE_CANCELLED);
}

static void test_deadline_while_reading(void **state)
{
	PeerScript script = {0};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Stream) stream = NULL;
	int64_t start;
	unsigned char byte;

	(void)state;
	stream = stream_open(&endpoint, NULL, NULL);
	assert_non_null(stream);
	start = clock_monotonic();
	assert_int_equal(stream_peek(stream, &byte, &error), -1);
	assert_failure(error, FAILURE_TIMEOUT);
	assert_in_range(clock_monotonic() - start, 1900, 4000);
}

/* The environment may name proxies for browsers; the settings do not. */
static void test_environment_is_ignored(void **state)
{
	static const char *const names[] = {"imap_proxy", "all_proxy", "ALL_PROXY", "http_proxy"};
	PeerScript script = {0};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_NONE, NULL);
	g_autoptr(Stream) stream = NULL;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		setenv(names[i], "http://127.0.0.1:9", 1);
	stream = stream_open(&endpoint, NULL, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		unsetenv(names[i]);
	assert_non_null(stream);
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusing_greetings),
		cmocka_unit_test(test_message_is_printable),
		cmocka_unit_test(test_multiline_smtp_greeting),
		cmocka_unit_test(test_greeting_byte_by_byte),
		cmocka_unit_test(test_closed_early),
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_no_answer_to_connect),
		cmocka_unit_test(test_endless_greeting),
		cmocka_unit_test(test_cancel_while_connecting),
		cmocka_unit_test(test_cancelled_before),
		cmocka_unit_test(test_deadline_while_reading),
		cmocka_unit_test(test_environment_is_ignored),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
