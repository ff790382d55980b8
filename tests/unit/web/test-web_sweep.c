/* Slow and silent connections: they end in time, and until then nobody waits for them. The times
 * are real ones, so all that wait do it side by side. */
#include <inttypes.h>
#include <sys/resource.h>
#include "site.h"

#define SLOW_CLIENTS 500
/* Milliseconds: a page among slow connections; limits and what the sweep may come later. */
#define IN_TIME 1000
#define HEADER_TIME 10000
#define PACE_TIME 10000
#define IDLE_TIME 30000
#define LATER 3000

static void test_slow_connections_keep_nobody_waiting(void **state)
{
	Site *site = *state;
	Client slow[SLOW_CLIENTS];

	for (int i = 0; i < SLOW_CLIENTS; i++) {
		slow[i] = client_open(site);
		client_send(&slow[i], i % 2 ? "GET /hel"
					    : "POST /echo HTTP/1.1\r\nHost: x\r\n"
					      "Content-Length: 900\r\n\r\nx");
	}
	for (int i = 0; i < 50; i++) {
		int64_t begin = clock_monotonic();

		assert_still_serves(site);
		assert_true(clock_monotonic() - begin < IN_TIME);
		assert_true(client_try_send(&slow[i], "x", 1));
	}
	for (int i = 0; i < SLOW_CLIENTS; i++)
		client_close(&slow[i]);
	assert_still_serves(site);
}

/* More than one address may have: those that are too many are closed, others are served. */
static void test_one_address_has_a_limit(void **state)
{
	enum { TRIED = 640, ALLOWED = 600 };
	Site *site = *state;
	Client clients[TRIED];
	int closed = 0;

	for (int i = 0; i < TRIED; i++)
		clients[i] = client_open(site);
	for (int i = 0; i < TRIED; i++)
		closed += client_sees_end(&clients[i], i < TRIED - 1 ? 1 : 200);
	closed = 0;
	for (int i = 0; i < TRIED; i++)
		closed += client_sees_end(&clients[i], 1);
	assert_int_equal(closed, TRIED - ALLOWED);
	for (int i = 0; i < TRIED; i++)
		client_close(&clients[i]);
	g_usleep(200000);
	assert_still_serves(site);
}

/* ---- what must end, and what must not ---- */

typedef enum Habit {
	SILENT,		/* connects and says nothing */
	SLOW_HEADER,	/* a byte now and then */
	SLOW_FIELDS,	/* a whole field now and then */
	SLOW_SECOND,	/* the second request's header a byte now and then */
	SILENT_BODY,	/* half of a body, then nothing */
	SLOW_BODY,	/* of a body a few bytes now and then */
	LATE_SLOW_BODY, /* much of it, then as that */
	LAZY_READER,	/* reads nothing of a long answer */
	SLOW_READER,	/* a few bytes of it now and then */
	LAZY_LISTENER,	/* the same of a stream */
	IDLE,		/* nothing after an answer */
	HABITS,
	STEADY_BODY = HABITS, /* a small part of a body at a time, fast enough */
	STEADY_READER,	      /* the same with an answer */
	PATIENT,	      /* waits for a job */
	LISTENER,	      /* waits for a stream's next piece */
	ALL_HABITS,
} Habit;

static const struct {
	const char *request;
	const char *drip; /* sent every 100 ms; NULL: nothing */
	size_t reads;	  /* every 100 ms */
	int64_t earliest; /* when it ends, in milliseconds; 0: not at all */
	int64_t latest;
} habits[] = {
	[SILENT] = {"", NULL, 0, HEADER_TIME, HEADER_TIME + LATER},
	[SLOW_HEADER] = {"GET /", "x", 0, HEADER_TIME, HEADER_TIME + LATER},
	[SLOW_FIELDS] = {"GET / HTTP/1.1\r\n", "X: y\r\n", 0, HEADER_TIME, HEADER_TIME + LATER},
	[SLOW_SECOND] = {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ", "x", 0,
		HEADER_TIME, HEADER_TIME + LATER},
	[SILENT_BODY] = {"POST /big-echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx",
		NULL, 0, PACE_TIME, PACE_TIME + LATER},
	[SLOW_BODY] = {"POST /big-echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx",
		"0123456789", 0, PACE_TIME, PACE_TIME + LATER},
	[LATE_SLOW_BODY] = {"POST /big-echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n",
		"0123456789", 0, PACE_TIME, 2 * PACE_TIME + LATER},
	[LAZY_READER] = {"GET /large?size=30000000 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0, PACE_TIME,
		PACE_TIME + LATER},
	[SLOW_READER] = {"GET /large?size=30000000 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 10,
		PACE_TIME, 2 * PACE_TIME + LATER},
	[LAZY_LISTENER] = {"GET /flood?key=1 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0, PACE_TIME,
		PACE_TIME + LATER},
	[IDLE] = {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0, IDLE_TIME, IDLE_TIME + LATER},
	[STEADY_BODY] = {"POST /big-echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\nx",
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"2345678901234567890123456789012345678901234567890123456789012345678901234567890123"
		"456789012345678901234567890123456789012345678901234567890123456789012345678901234"
		"5",
		0, 0, 0},
	[STEADY_READER] = {"GET /large?size=30000000 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 60000, 0,
		0},
	[PATIENT] = {"GET /gate?key=2 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 100, 0, 0},
	[LISTENER] = {"GET /pieces?key=3 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 100, 0, 0},
};

typedef struct Visitor {
	Client client;
	int64_t ended; /* milliseconds after the beginning; 0: not yet */
} Visitor;

static void visitor_begin(Visitor *visitor, const Site *site, Habit habit)
{
	visitor->client = client_open(site);
	/* Small buffers, so that a reader's pace is seen through them. */
	setsockopt(visitor->client.socket, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
	client_send(&visitor->client, habits[habit].request);
	if (habit == LATE_SLOW_BODY) {
		g_autofree char *part = g_strnfill(100000, 'x');

		client_send(&visitor->client, part);
	}
}

/* Whether the socket is at its end, without taking anything from it. */
static bool visitor_is_cut(const Visitor *visitor)
{
	struct pollfd place = {.fd = visitor->client.socket, .events = POLLRDHUP};

	return poll(&place, 1, 0) > 0;
}

static void visitor_go_on(Visitor *visitor, Habit habit, int64_t now)
{
	char block[65536];

	if (visitor->ended)
		return;
	if (habits[habit].drip)
		client_try_send(&visitor->client, habits[habit].drip, strlen(habits[habit].drip));
	if (habits[habit].reads &&
		recv(visitor->client.socket, block, habits[habit].reads, MSG_DONTWAIT) == 0)
		visitor->ended = now;
	if (visitor_is_cut(visitor))
		visitor->ended = now;
}

static void assert_ended_in_time(const Visitor *visitor, Habit habit)
{
	if (!habits[habit].latest && visitor->ended)
		fail_msg("habit %d: ended after %" PRId64 " ms", habit, visitor->ended);
	/* The test's own clock begins a little earlier. */
	if (habits[habit].latest && (visitor->ended < habits[habit].earliest - 200 ||
					    visitor->ended > habits[habit].latest))
		fail_msg("habit %d: %" PRId64 " ms", habit, visitor->ended);
}

static void test_who_is_too_slow_is_ended(void **state)
{
	Site *site = *state;
	Visitor visitors[ALL_HABITS] = {0};
	int64_t begin = clock_monotonic();
	int64_t now = 0;

	for (Habit habit = 0; habit < ALL_HABITS; habit++)
		visitor_begin(&visitors[habit], site, habit);
	while (now < IDLE_TIME + LATER) {
		g_usleep(100000);
		now = clock_monotonic() - begin;
		for (Habit habit = 0; habit < ALL_HABITS; habit++)
			visitor_go_on(&visitors[habit], habit, now);
	}
	for (Habit habit = 0; habit < ALL_HABITS; habit++)
		assert_ended_in_time(&visitors[habit], habit);
	/* The flood's job has ended with its connection. */
	site_await(&site->lost, 1);
	atomic_store(&site->gate, true);
	for (Habit habit = 0; habit < ALL_HABITS; habit++)
		client_close(&visitors[habit].client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(test_slow_connections_keep_nobody_waiting),
		site_test(test_one_address_has_a_limit),
		site_test(test_who_is_too_slow_is_ended),
	};
	struct rlimit limit;

	/* Both ends of each connection are ours. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = MIN(limit.rlim_max, 4096);
	setrlimit(RLIMIT_NOFILE, &limit);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
