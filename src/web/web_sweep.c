/* Ends connections that libmicrohttpd would keep: slow or silent ones. Tells jobs whose browser has
 * gone, which nobody else sees while the connection is suspended. Reads what refused uploads still
 * send, so that their browsers see the answer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "web/web_http_internal.h"

#define DRAIN_BLOCK ((size_t)64 * 1024)
#define DRAIN_BLOCKS 16 /* of one socket in a row */
#define CROWDED_SHARE 5 /* of their time is left to those that wait, when it gets crowded */

typedef struct Lingering {
	int socket;
	int64_t end;
} Lingering;

struct Sweep {
	WebServer *server;
	pthread_t thread;
	Cancel *end;
	GArray *lingering; /* Lingering; under the server's lock */
};

/* ---- what the kernel knows ---- */

static bool has_gone(int connection)
{
	struct pollfd place = {.fd = connection, .events = POLLRDHUP};

	return poll(&place, 1, 0) > 0;
}

static bool has_unread(int connection)
{
	int size = 0;

	return ioctl(connection, FIONREAD, &size) == 0 && size > 0;
}

/* How much the peer has confirmed to have, for each connection counted by the kernel. */
static uint64_t bytes_acknowledged(int connection)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	return getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
		       ? info.tcpi_bytes_acked
		       : 0;
}

static bool has_unsent(int connection)
{
	int size = 0;

	return ioctl(connection, SIOCOUTQ, &size) == 0 && size > 0;
}

/* ---- pace ---- */

static bool is_slow(Pace *pace, uint64_t bytes, int64_t now)
{
	int64_t time = now - pace->since;
	bool slow;

	if (time < PACE_TIME)
		return false;
	slow = bytes - pace->bytes < (uint64_t)time * PACE_BYTES_A_SECOND / 1000;
	pace->since = now;
	pace->bytes = bytes;
	return slow;
}

static bool uploads_slowly(Visit *visit, int64_t since, int64_t now)
{
	if (visit->pace.phase != since)
		visit->pace = (Pace){.phase = since, .since = since};
	return is_slow(&visit->pace, atomic_load(&visit->received), now);
}

/* Only time counts in which there is something for it to read. */
static bool reads_slowly(Visit *visit, int64_t since, int64_t now)
{
	uint64_t bytes = bytes_acknowledged(visit->socket);

	if (visit->pace.phase != since || !has_unsent(visit->socket))
		visit->pace = (Pace){.phase = since, .since = now, .bytes = bytes};
	return is_slow(&visit->pace, bytes, now);
}

/* ---- one round ---- */

/* libmicrohttpd 0.9.75 misses an end that comes together with the last bytes. */
static bool has_broken_off(int connection)
{
	return has_gone(connection) && !has_unread(connection);
}

/* Little room is left: who only waits must make place for who comes. */
static bool is_crowded(const WebServer *server)
{
	return server->visits.length * 10 > CONNECTION_LIMIT * 9;
}

static bool has_had_its_time(Visit *visit, int64_t now)
{
	int64_t share = is_crowded(visit->server) ? CROWDED_SHARE : 1;
	VisitPhase phase = atomic_load(&visit->phase);
	int64_t since = atomic_load(&visit->since);

	switch (phase) {
	case VISIT_HEADER:
		return now - since > HEADER_TIME / share || has_broken_off(visit->socket);
	case VISIT_IDLE:
		return now - since > IDLE_TIME / share;
	case VISIT_BODY:
		return uploads_slowly(visit, since, now) || has_broken_off(visit->socket);
	case VISIT_ANSWER:
		return reads_slowly(visit, since, now);
	case VISIT_WORK:
		break;
	}
	return false;
}

/* libmicrohttpd sees that the socket is at its end, and closes. What the peer has not read is
 * thrown away then, or the system would keep it for minutes. */
static void end_visit(Visit *visit)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	atomic_store(&visit->ended, true);
	setsockopt(visit->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	shutdown(visit->socket, SHUT_RDWR);
}

static void sweep_visits(WebServer *server)
{
	int64_t now = clock_monotonic();

	pthread_mutex_lock(&server->lock);
	for (GList *link = server->visits.head; link; link = link->next) {
		Visit *visit = link->data;

		if (has_had_its_time(visit, now))
			end_visit(visit);
		if (visit->job && has_gone(visit->socket))
			request_lose(visit->job);
	}
	pthread_mutex_unlock(&server->lock);
}

/* ---- lingering ---- */

/* Closing a socket that still receives resets it, and the answer on its way is lost. */
void sweep_note_close(Sweep *sweep, const Visit *visit)
{
	Lingering lingering = {.socket = -1, .end = clock_monotonic() + LINGER_TIME};

	if (visit->ended || (!visit->lingers && !has_unread(visit->socket)))
		return;
	pthread_mutex_lock(&sweep->server->lock);
	if (sweep->lingering->len < LINGER_LIMIT)
		lingering.socket = fcntl(visit->socket, F_DUPFD_CLOEXEC, 0);
	if (lingering.socket >= 0) {
		shutdown(lingering.socket, SHUT_WR);
		g_array_append_val(sweep->lingering, lingering);
	}
	pthread_mutex_unlock(&sweep->server->lock);
}

/* False: at its end. */
static bool drain(int connection)
{
	static char nowhere[DRAIN_BLOCK];

	for (int i = 0; i < DRAIN_BLOCKS; i++) {
		ssize_t size = recv(connection, nowhere, sizeof(nowhere), MSG_DONTWAIT);

		if (size == 0 || (size < 0 && errno != EINTR))
			return size < 0 && errno == EAGAIN;
	}
	return true;
}

static void drain_lingering(Sweep *sweep)
{
	int64_t now = clock_monotonic();

	pthread_mutex_lock(&sweep->server->lock);
	for (guint i = sweep->lingering->len; i-- > 0;) {
		Lingering *lingering = &g_array_index(sweep->lingering, Lingering, i);

		if (lingering->end > now && drain(lingering->socket))
			continue;
		close(lingering->socket);
		g_array_remove_index_fast(sweep->lingering, i);
	}
	pthread_mutex_unlock(&sweep->server->lock);
}

/* Until one of them has something to read, the server ends, or MILLISECONDS are over. */
static void wait_for_lingering(Sweep *sweep, int64_t milliseconds)
{
	struct pollfd places[LINGER_LIMIT + 1] = {
		{.fd = cancel_descriptor(sweep->end), .events = POLLIN}};
	nfds_t count = 1;

	pthread_mutex_lock(&sweep->server->lock);
	for (guint i = 0; i < sweep->lingering->len; i++)
		places[count++] = (struct pollfd){
			.fd = g_array_index(sweep->lingering, Lingering, i).socket,
			.events = POLLIN,
		};
	pthread_mutex_unlock(&sweep->server->lock);
	poll(places, count, (int)MAX(milliseconds, 0));
}

/* ---- the thread ---- */

static void *sweep(void *data)
{
	Sweep *sweep = data;
	int64_t next = clock_monotonic() + SWEEP_INTERVAL;

	while (!cancel_triggered(sweep->end)) {
		wait_for_lingering(sweep, next - clock_monotonic());
		drain_lingering(sweep);
		if (clock_monotonic() < next)
			continue;
		sweep_visits(sweep->server);
		next = clock_monotonic() + SWEEP_INTERVAL;
	}
	return NULL;
}

Sweep *sweep_start(WebServer *server)
{
	Sweep *started = g_new0(Sweep, 1);
	int number;

	started->server = server;
	started->end = cancel_new();
	started->lingering = g_array_new(FALSE, FALSE, sizeof(Lingering));
	number = pthread_create(&started->thread, NULL, sweep, started);
	if (number != 0)
		g_error("pthread_create: %s", g_strerror(number));
	return started;
}

void sweep_stop(Sweep *sweep)
{
	cancel_trigger(sweep->end);
	pthread_join(sweep->thread, NULL);
	for (guint i = 0; i < sweep->lingering->len; i++)
		close(g_array_index(sweep->lingering, Lingering, i).socket);
	g_array_unref(sweep->lingering);
	cancel_free(sweep->end);
	g_free(sweep);
}
