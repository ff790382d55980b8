/* Waiting for the redirect and for other things at the same time; ports; too many and too slow
 * connections. */
#include "browser.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include "base/clock.h"

#define LIMIT 32 /* connections to an address */

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
		clock_monotonic() - start, MAX(milliseconds, 0), MAX(milliseconds, 0) + 2000);
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
		assert_in_range(clock_monotonic() - start, 50, 5000);
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

/* The oldest go, and nobody burns time over it. */
static void test_more_connections_than_the_limit(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	g_auto(Descriptor) browser = -1;
	Descriptor idle[LIMIT + 8];
	int64_t before = processor_milliseconds();

	(void)state;
	open_idle(listener, idle, G_N_ELEMENTS(idle));
	browser = browse(listener, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 1000), OAUTH_WAITED_TAKEN);
	assert_in_range(processor_milliseconds() - before, 0, 500);
	assert_page(browser, "HTTP/1.1 200 ");
	for (size_t i = 0; i < G_N_ELEMENTS(idle); i++)
		descriptor_close(&idle[i]);
}

static bool is_closed(int descriptor)
{
	struct pollfd place = {.fd = descriptor, .events = POLLIN};
	char byte;

	return poll(&place, 1, 0) == 1 && recv(descriptor, &byte, 1, 0) <= 0;
}

/* Those that say nothing, and those that say a little all the time, are let go after five seconds.
 */
static void test_idle_connections_end(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Taken) taken = taken_new();
	Descriptor idle[4];

	(void)state;
	open_idle(listener, idle, G_N_ELEMENTS(idle));
	for (int i = 0; i < 7; i++) {
		assert_int_equal(wait_for(listener, &taken, 1000), OAUTH_WAITED_ENDED);
		for (size_t j = 0; j < G_N_ELEMENTS(idle) && i < 3; j++)
			assert_false(is_closed(idle[j]));
		send(idle[0], "x", 1, MSG_NOSIGNAL);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(idle); i++) {
		assert_true(is_closed(idle[i]));
		descriptor_close(&idle[i]);
	}
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
