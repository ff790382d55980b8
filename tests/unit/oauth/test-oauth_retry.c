/* When the token endpoint is asked again and when not, pauses, troubles on the way, cancelling. */
#include "authority.h"

#include <pthread.h>
#include "base/clock.h"

/* ---- asking again ---- */

static void check_retried(const char *const *answers, int connections, int64_t least)
{
	g_auto(Peer) peer = http_peer_start(answers);
	g_auto(OauthGrant) grant = {0};
	int64_t start = clock_monotonic();

	assert_true(request(&peer, &(Call){0}, &grant, NULL));
	assert_int_equal(atomic_load(&peer.shared->connections), connections);
	assert_in_range(clock_monotonic() - start, least, least + 1500);
	assert_int_equal(pause_told, 0);
}

static void test_short_troubles_are_ridden_out(void **state)
{
	static const char *const answers[][3] = {
		{BUSY, GRANT, NULL},
		{"HTTP/1.1 500 No\r\n\r\n", GRANT, NULL},
		{"HTTP/1.1 429 No\r\n\r\n", GRANT, NULL},
		{"HTTP/1.1 429 No\r\nRetry-After: 0\r\n\r\n", GRANT, NULL},
		{BAD "{\"error\":\"temporarily_unavailable\"}", GRANT, NULL},
		{BAD "{\"error\":\"invalid_request\",\"error_codes\":[90033]}", GRANT, NULL},
	};
	static const char *const twice[] = {BUSY, BUSY, GRANT, NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		check_retried(answers[i], 2, 500);
	check_retried(twice, 3, 2000);
}

static void check_pause(const char *text, Failure failure, int connections, int64_t pause)
{
	const char *const answers[] = {text, NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers};

	check_fails(&script, &(Call){0}, failure, connections);
	assert_int_equal(pause_told, pause);
}

static void test_three_tries_are_enough(void **state)
{
	(void)state;
	check_pause(BUSY, FAILURE_OAUTH_BUSY, 3, 0);
	check_pause(BAD "{\"error\":\"server_error\"}", FAILURE_OAUTH_BUSY, 3, 0);
}

/* The server knows better when; nobody is kept away for longer than an hour by what it says. */
static void test_told_pauses(void **state)
{
	(void)state;
	check_pause("HTTP/1.1 503 No\r\nRetry-After: 120\r\n\r\n", FAILURE_OAUTH_BUSY, 1, 120);
	check_pause("HTTP/1.1 429 No\r\nRetry-After: 1\r\n\r\n", FAILURE_OAUTH_BUSY, 1, 1);
	check_pause("HTTP/1.1 503 No\r\nRetry-After: 999999\r\n\r\n", FAILURE_OAUTH_BUSY, 1, 3600);
	check_pause("HTTP/1.1 429 No\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n\r\n",
		FAILURE_OAUTH_BUSY, 1, 120);
	check_pause("HTTP/1.1 400 No\r\nRetry-After: 60\r\n\r\n{\"error\":\"server_error\"}",
		FAILURE_OAUTH_BUSY, 1, 60);
}

static void test_pause_after_a_loop(void **state)
{
	(void)state;
	check_pause(BAD "{\"error\":\"invalid_grant\",\"error_codes\":[50196]}", FAILURE_OAUTH_LOOP,
		1, 600);
	check_pause(BAD "{\"error\":\"x\",\"error_description\":\"AADSTS50196: loop\"}",
		FAILURE_OAUTH_LOOP, 1, 600);
	check_pause("HTTP/1.1 400 No\r\nRetry-After: 30\r\n\r\n"
		    "{\"error\":\"invalid_grant\",\"error_codes\":[50196]}",
		FAILURE_OAUTH_LOOP, 1, 30);
}

/* ---- the way there ---- */

static void test_no_answer(void **state)
{
	(void)state;
	check_answer("", FAILURE_OAUTH_UNREACHABLE);
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", FAILURE_OAUTH_UNREACHABLE);
	check_answer("SSH-2.0\r\n", FAILURE_OAUTH_GARBAGE);
	check_answer("hello", FAILURE_OAUTH_GARBAGE);
}

static void test_too_long_an_answer(void **state)
{
	g_autofree char *body = g_strnfill(HTTP_BODY_LIMIT + 1, ' ');
	g_autofree char *text = g_strconcat(OK, body, NULL);

	(void)state;
	check_answer(text, FAILURE_OAUTH_GARBAGE);
}

static void stay_silent(PeerChannel *channel, const void *lines)
{
	(void)lines;
	http_peer_read(channel);
	pause();
}

static void test_silent_authority(void **state)
{
	PeerScript script = {.talk = stay_silent};
	int64_t start = clock_monotonic();

	(void)state;
	check_fails(&script, &(Call){.timeout = 1}, FAILURE_OAUTH_UNREACHABLE, 1);
	assert_in_range(clock_monotonic() - start, 900, 2000);
}

/* Settings and proxies are named as what they are. */
static void test_failures_of_the_way(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers};
	Peer nobody = {0};
	int listener = peer_listen(&nobody.port);
	Call call = {.authority = "https://login.test.invalid",
		.proxy = {.host = (char *)"127.0.0.1", .port = nobody.port}};
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) refused = NULL;
	g_autoptr(GError) proxied = NULL;
	g_autoptr(GError) login = NULL;

	(void)state;
	close(listener);
	assert_false(request(&nobody, &(Call){0}, &grant, &refused));
	assert_clean_failure(refused, FAILURE_OAUTH_UNREACHABLE);
	assert_false(request(&nobody, &call, &grant, &proxied));
	assert_clean_failure(proxied, FAILURE_PROXY_REFUSED);
	g_auto(Peer) peer = peer_start(&script);
	call.proxy.port = peer.port;
	assert_false(request(&peer, &call, &grant, &login));
	assert_clean_failure(login, FAILURE_PROXY_LOGIN_MISSING);
}

static void test_an_authority_without_tls(void **state)
{
	g_auto(Peer) peer = peer_start(&(const PeerScript){0});
	g_autofree char *authority = g_strdup_printf("https://127.0.0.1:%u", peer.port);
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(request(&peer, &(Call){.authority = authority}, &grant, &error));
	assert_clean_failure(error, FAILURE_TLS_NOT_SPOKEN);
	assert_false(peer_saw_clear(&peer, REFRESH_TOKEN));
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void check_cancel(const PeerScript *script, int64_t least, int64_t most)
{
	g_auto(Peer) peer = peer_start(script);
	g_autoptr(Cancel) cancel = cancel_new();
	g_auto(OauthGrant) grant = {0};
	g_autoptr(GError) error = NULL;
	int64_t start = clock_monotonic();
	pthread_t thread;

	pthread_create(&thread, NULL, trigger_soon, cancel);
	assert_false(request(&peer, &(Call){.cancel = cancel, .timeout = 60}, &grant, &error));
	assert_clean_failure(error, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, least, most);
	assert_int_equal(pause_told, 0);
	pthread_join(thread, NULL);
}

/* What was asked for may be granted just now, and is waited for a little longer. */
static void test_cancel_while_waiting(void **state)
{
	(void)state;
	check_cancel(&(PeerScript){.talk = stay_silent}, 5000, 7000);
}

static void test_cancel_between_tries(void **state)
{
	static const char *const answers[] = {BUSY, NULL};

	(void)state;
	check_cancel(&(PeerScript){.talk = http_peer_answer, .lines = answers}, 50, 450);
}

static void grant_late(PeerChannel *channel, const void *lines)
{
	(void)lines;
	http_peer_read(channel);
	g_usleep(500 * 1000);
	peer_put(channel, GRANT);
}

static void test_granted_after_a_cancellation(void **state)
{
	g_auto(Peer) peer = peer_start(&(const PeerScript){.talk = grant_late});
	g_autoptr(Cancel) cancel = cancel_new();
	g_auto(OauthGrant) grant = {0};
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, trigger_soon, cancel);
	assert_true(request(&peer, &(Call){.cancel = cancel}, &grant, NULL));
	assert_string_equal(secret_text(grant.access_token), ACCESS_TOKEN);
	assert_true(cancel_triggered(cancel));
	pthread_join(thread, NULL);
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	oauth_start_library();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_troubles_are_ridden_out),
		cmocka_unit_test(test_three_tries_are_enough),
		cmocka_unit_test(test_told_pauses),
		cmocka_unit_test(test_pause_after_a_loop),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_too_long_an_answer),
		cmocka_unit_test(test_silent_authority),
		cmocka_unit_test(test_failures_of_the_way),
		cmocka_unit_test(test_an_authority_without_tls),
		cmocka_unit_test(test_cancel_while_waiting),
		cmocka_unit_test(test_cancel_between_tries),
		cmocka_unit_test(test_granted_after_a_cancellation),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
