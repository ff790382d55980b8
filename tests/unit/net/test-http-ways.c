/* The ways of a POST: time that runs out, cancelling, TLS and its certificates, proxies. */
#include "certificates.h"
#include "http_call.h"

#include <pthread.h>
#include "base/clock.h"

static Certificates certificates;

/* ---- time ---- */

static void stay_silent(PeerChannel *channel, const void *lines)
{
	http_peer_read(channel);
	peer_put(channel, lines);
	pause();
}

static void test_silent_server(void **state)
{
	static const char *const texts[] = {
		"", "HTTP/1.1 2", OK, OK "Content-Length: 9\r\n\r\nhel"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		PeerScript script = {.talk = stay_silent, .lines = texts[i]};
		int64_t start = clock_monotonic();

		check_fails(&script, &(Call){.timeout = 1}, FAILURE_TIMEOUT);
		assert_in_range(clock_monotonic() - start, 900, 5000);
	}
}

static void say_slowly(PeerChannel *channel, const void *text)
{
	http_peer_read(channel);
	for (const char *at = text; *at && !channel->closed; at++) {
		const char piece[] = {*at, '\0'};

		peer_put(channel, piece);
		g_usleep(20 * 1000);
	}
}

static void test_byte_by_byte(void **state)
{
	PeerScript script = {.talk = say_slowly, .lines = OK "Content-Length: 5\r\n\r\nhello"};
	g_auto(Peer) peer = peer_start(&script);
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	post_well(&peer, &(Call){.timeout = 20}, &answer);
	check_body(&answer, "hello");
}

/* The deadline is for all of it, whatever still comes in. */
static void test_deadline_as_a_whole(void **state)
{
	g_autofree char *body = g_strnfill(1000, 'x');
	g_autofree char *text = g_strconcat(OK "Content-Length: 1000\r\n\r\n", body, NULL);
	PeerScript script = {.talk = say_slowly, .lines = text};
	int64_t start = clock_monotonic();

	(void)state;
	check_fails(&script, &(Call){.timeout = 1}, FAILURE_TIMEOUT);
	assert_in_range(clock_monotonic() - start, 900, 5000);
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void check_cancel(const PeerScript *script, const char *url)
{
	g_autoptr(Cancel) cancel = cancel_new();
	int64_t start = clock_monotonic();
	pthread_t thread;

	pthread_create(&thread, NULL, trigger_soon, cancel);
	check_fails(
		script, &(Call){.url = url, .timeout = 60, .cancel = cancel}, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, 50, 1500);
	pthread_join(thread, NULL);
}

static void test_cancel_while_waiting(void **state)
{
	static const char *const texts[] = {"", OK, OK "Content-Length: 9\r\n\r\nhel"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		check_cancel(&(PeerScript){.talk = stay_silent, .lines = texts[i]}, NULL);
	check_cancel(&(PeerScript){.talk = stay_silent, .lines = ""}, "https://127.0.0.1:%u/");
}

/* With and without grace: what has not been sent yet is not sent. */
static void test_cancelled_before(void **state)
{
	static const char *const answers[] = {OK EMPTY, NULL};

	(void)state;
	for (int grace = 0; grace <= 2; grace += 2) {
		g_auto(Peer) peer = http_peer_start(answers);
		g_autoptr(Cancel) cancel = cancel_new();
		g_autoptr(GError) error = NULL;
		g_auto(HttpAnswer) answer = {0};

		cancel_trigger(cancel);
		assert_false(
			post(&peer, &(Call){.cancel = cancel, .grace = grace}, &answer, &error));
		assert_failure(error, FAILURE_CANCELLED);
		assert_false(peer_saw_clear(&peer, PEER_PASSWORD));
	}
}

static void answer_late(PeerChannel *channel, const void *text)
{
	http_peer_read(channel);
	g_usleep(500 * 1000);
	peer_put(channel, text);
}

/* What comes in within the grace still counts, as a redeemed code must. */
static void test_grace(void **state)
{
	PeerScript script = {.talk = answer_late, .lines = OK "Content-Length: 2\r\n\r\nok"};
	g_auto(Peer) peer = peer_start(&script);
	g_autoptr(Cancel) cancel = cancel_new();
	g_auto(HttpAnswer) answer = {0};
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, trigger_soon, cancel);
	post_well(&peer, &(Call){.timeout = 60, .grace = 5, .cancel = cancel}, &answer);
	check_body(&answer, "ok");
	assert_true(cancel_triggered(cancel));
	pthread_join(thread, NULL);
}

static void check_grace_ends(const char *text, int timeout, int grace)
{
	PeerScript script = {.talk = stay_silent, .lines = text};
	g_autoptr(Cancel) cancel = cancel_new();
	Call call = {.timeout = timeout, .grace = grace, .cancel = cancel};
	int64_t start = clock_monotonic();
	pthread_t thread;

	pthread_create(&thread, NULL, trigger_soon, cancel);
	check_fails(&script, &call, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, 1000, 5000);
	pthread_join(thread, NULL);
}

static void test_grace_ends(void **state)
{
	(void)state;
	check_grace_ends("", 60, 1);
	check_grace_ends(OK "Content-Length: 9\r\n\r\nhel", 60, 1);
	/* never beyond the deadline of all of it */
	check_grace_ends("", 1, 20);
}

/* ---- ways ---- */

static void test_refused(void **state)
{
	Peer nobody = {0};
	int listener = peer_listen(&nobody.port);
	g_autoptr(GError) error = NULL;
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	close(listener);
	assert_false(post(&nobody, &(Call){0}, &answer, &error));
	assert_failure(error, FAILURE_CONNECT_REFUSED);
}

static void test_ipv6(void **state)
{
	static const char *const answers[] = {OK EMPTY, NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers, .ipv6 = true};
	g_auto(Peer) peer = peer_start(&script);
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	post_well(&peer, &(Call){.url = "http://[::1]:%u/"}, &answer);
	assert_true(peer_saw_clear(&peer, "Host: [::1]:"));
}

static void test_environment_is_ignored(void **state)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"};
	static const char *const answers[] = {OK EMPTY, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		setenv(names[i], "http://127.0.0.1:9", 1);
	post_well(&peer, &(Call){0}, &answer);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		unsetenv(names[i]);
}

static PeerScript tls_script(const char *certificate)
{
	static const char *const answers[] = {OK "Content-Length: 2\r\n\r\nok", NULL};

	return (PeerScript){
		.talk = http_peer_answer,
		.lines = answers,
		.implicit = true,
		.certificate = certificate,
	};
}

static void test_https(void **state)
{
	static const char *const urls[] = {"https://127.0.0.1:%u/", "https://localhost:%u/token"};
	PeerScript script = tls_script(certificates.good);
	g_auto(Peer) peer = peer_start(&script);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_auto(HttpAnswer) answer = {0};

		post_well(
			&peer, &(Call){.url = urls[i], .ca_file = certificates.authority}, &answer);
		check_body(&answer, "ok");
	}
	assert_false(peer_saw_clear(&peer, PEER_PASSWORD));
}

/* Nothing is said to whom the certificate does not name. */
static void check_untrusted(PeerScript script, const char *ca_file, Failure failure)
{
	g_auto(Peer) peer = peer_start(&script);
	Call call = {.url = "https://127.0.0.1:%u/token", .ca_file = ca_file};
	g_auto(HttpAnswer) answer = {0};
	g_autoptr(GError) error = NULL;

	assert_false(post(&peer, &call, &answer, &error));
	assert_failure(error, failure);
	assert_false(peer_saw_clear(&peer, PEER_PASSWORD));
}

static void test_certificates(void **state)
{
	const char *authority = certificates.authority;

	(void)state;
	check_untrusted(tls_script(certificates.good), NULL, FAILURE_TLS_AUTHORITY);
	check_untrusted(tls_script(certificates.self_signed), authority, FAILURE_TLS_AUTHORITY);
	check_untrusted(tls_script(certificates.wrong_host), authority, FAILURE_TLS_HOST_MISMATCH);
	check_untrusted(tls_script(certificates.expired), authority, FAILURE_TLS_EXPIRED);
	check_untrusted(tls_script(certificates.future), authority, FAILURE_TLS_NOT_YET_VALID);
	check_untrusted(tls_script(certificates.good), "/nowhere/ca.pem", FAILURE_TLS_CA_FILE);
}

static void test_old_tls(void **state)
{
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		PeerScript script = tls_script(certificates.good);

		script.version = versions[i];
		check_untrusted(script, certificates.authority, FAILURE_TLS_HANDSHAKE);
	}
}

static bool hang_up(PeerChannel *channel, const void *text)
{
	peer_put(channel, text);
	return false;
}

static void test_https_without_tls(void **state)
{
	(void)state;
	check_untrusted((PeerScript){.greeting = "HTTP/1.1 400 Bad Request\r\n" EMPTY}, NULL,
		FAILURE_TLS_NOT_SPOKEN);
	check_untrusted((PeerScript){.before = hang_up, .data = ""}, NULL, FAILURE_CONNECTION_LOST);
}

/* ---- proxies ---- */

#define ESTABLISHED "HTTP/1.1 200 Connection established\r\n\r\n"

/* Reads a CONNECT and answers TEXT; goes on as the server if that lets it through. */
static bool be_proxy(PeerChannel *channel, const void *text)
{
	char line[PEER_LINE];

	while (peer_get_line(channel, line)) {
		if (*line != '\0')
			continue;
		peer_put(channel, text);
		return strstr(text, " 200 ") != NULL;
	}
	return false;
}

static Proxy proxy_of(const Peer *peer)
{
	return (Proxy){.host = (char *)"127.0.0.1", .port = peer->port};
}

/* For http too, so that nothing but bytes passes through the proxy. */
static void test_proxy_for_http(void **state)
{
	static const char *const answers[] = {OK "Content-Length: 2\r\n\r\nok", NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers};
	g_auto(Peer) peer = {0};
	g_auto(HttpAnswer) answer = {0};
	Call call = {.url = "http://login.test.invalid/token"};

	(void)state;
	script.before = be_proxy;
	script.data = ESTABLISHED;
	peer = peer_start(&script);
	call.proxy = proxy_of(&peer);
	post_well(&peer, &call, &answer);
	check_body(&answer, "ok");
	assert_memory_equal(peer.shared->clear, "CONNECT login.test.invalid:80 HTTP/1.1\r\n", 40);
	assert_true(peer_saw_clear(&peer, "POST /token HTTP/1.1\r\nHost: login.test.invalid\r\n"));
}

static void test_proxy_for_https(void **state)
{
	PeerScript script = tls_script(certificates.good);
	g_auto(Peer) peer = {0};
	g_auto(HttpAnswer) answer = {0};
	Call call = {.url = "https://login.test.invalid/token", .ca_file = certificates.authority};

	(void)state;
	script.before = be_proxy;
	script.data = ESTABLISHED;
	peer = peer_start(&script);
	call.proxy = proxy_of(&peer);
	post_well(&peer, &call, &answer);
	check_body(&answer, "ok");
	assert_memory_equal(peer.shared->clear, "CONNECT login.test.invalid:443 HTTP/1.1\r\n", 41);
	assert_false(peer_saw_clear(&peer, PEER_PASSWORD));
}

static void test_proxy_refusals(void **state)
{
	static const struct {
		const char *text;
		Failure failure;
	} rows[] = {
		{"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" EMPTY,
			FAILURE_PROXY_LOGIN_MISSING},
		{"HTTP/1.1 407 No\r\n" EMPTY, FAILURE_PROXY_LOGIN_MISSING},
		{"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", FAILURE_PROXY_FORBIDDEN},
		{"HTTP/1.1 502 No\r\n" EMPTY, FAILURE_PROXY_UNREACHABLE},
		{"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1/\r\n" EMPTY,
			FAILURE_PROXY_UNREACHABLE},
		{"", FAILURE_PROXY_NOT_HTTP},
		{"SSH-2.0\r\n\r\n", FAILURE_PROXY_NOT_HTTP},
	};
	static const char *const urls[] = {
		"http://login.test.invalid/token", "https://login.test.invalid/token"};

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
		PeerScript script = {.before = be_proxy, .data = rows[i / 2].text};
		g_auto(Peer) peer = peer_start(&script);
		Call call = {.url = urls[i % 2], .proxy = proxy_of(&peer)};
		g_auto(HttpAnswer) answer = {0};
		g_autoptr(GError) error = NULL;

		assert_false(post(&peer, &call, &answer, &error));
		assert_failure(error, rows[i / 2].failure);
		assert_false(peer_saw_clear(&peer, "POST"));
	}
}

/* What the server behind a proxy answers is the server's, whatever its number. */
static void test_statuses_behind_a_proxy(void **state)
{
	static const char *const texts[] = {"HTTP/1.1 407 No\r\n" EMPTY,
		"HTTP/1.1 403 No\r\n" EMPTY, "HTTP/1.1 502 No\r\n" EMPTY};
	static const int statuses[] = {407, 403, 502};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *const answers[] = {texts[i], NULL};
		PeerScript script = {.before = be_proxy,
			.data = ESTABLISHED,
			.talk = http_peer_answer,
			.lines = answers};
		g_auto(Peer) peer = peer_start(&script);
		Call call = {.url = "http://login.test.invalid/", .proxy = proxy_of(&peer)};
		g_auto(HttpAnswer) answer = {0};

		post_well(&peer, &call, &answer);
		assert_int_equal(answer.status, statuses[i]);
	}
}

/* A proxy where nobody listens. */
static Proxy dead_proxy(void)
{
	Peer nobody = {0};

	close(peer_listen(&nobody.port));
	return proxy_of(&nobody);
}

static void test_no_proxy_there(void **state)
{
	Call call = {.url = "https://login.test.invalid/", .proxy = dead_proxy()};
	g_autoptr(GError) error = NULL;
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	assert_false(post(&(Peer){0}, &call, &answer, &error));
	assert_failure(error, FAILURE_PROXY_REFUSED);
}

/* What runs on this machine is no matter of the proxy. */
static void test_no_proxy_for_loopback(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:%u/", "http://localhost:%u/"};
	static const char *const answers[] = {OK EMPTY, NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_auto(Peer) peer = http_peer_start(answers);
		g_auto(HttpAnswer) answer = {0};

		post_well(&peer, &(Call){.url = urls[i], .proxy = dead_proxy()}, &answer);
	}
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	certificates = certificates_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	certificates_remove(&certificates);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_deadline_as_a_whole),
		cmocka_unit_test(test_cancel_while_waiting),
		cmocka_unit_test(test_cancelled_before),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_grace_ends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_environment_is_ignored),
		cmocka_unit_test(test_https),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_https_without_tls),
		cmocka_unit_test(test_proxy_for_http),
		cmocka_unit_test(test_proxy_for_https),
		cmocka_unit_test(test_proxy_refusals),
		cmocka_unit_test(test_statuses_behind_a_proxy),
		cmocka_unit_test(test_no_proxy_there),
		cmocka_unit_test(test_no_proxy_for_loopback),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
