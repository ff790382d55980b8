/* libmicrohttpd on two loopback addresses, polled from our own thread. */
#include "oauth/oauth_listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <microhttpd.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "base/secret.h"
#include "failure/failure.h"

/* A browser opens a few connections. Of more the oldest go, so that nobody keeps it out. */
#define VISIT_LIMIT 32
#define CONNECTION_LIMIT (2 * VISIT_LIMIT)
#define CONNECTION_MEMORY ((size_t)64 * 1024)
/* Of a connection in all, however busy it is. Milliseconds. */
#define VISIT_MILLISECONDS 5000
/* Bytes of a request's address; codes are one or two thousand letters. */
#define URI_LIMIT ((size_t)16 * 1024)
/* Free ports that are free on both addresses are found within a few tries. */
#define PORT_TRIES 20
/* For the page to reach the browser. */
#define FAREWELL_MILLISECONDS 2000
#define SLICE_MILLISECONDS 1000

/* One connection. */
typedef struct Visit {
	int socket;
	int64_t end; /* on the monotonic clock */
	char *uri;   /* of the present request as it came; NULL: none, or too long */
} Visit;

struct OauthListener {
	GPtrArray *visits;	       /* Visit *, the oldest first */
	struct MHD_Daemon *daemons[2]; /* IPv4 and, where there is one, IPv6 */
	char *path;
	uint16_t port;
	/* While waiting: */
	OauthRedirectTaker *take;
	void *data;
	const Visit *taken; /* whose redirect TAKE was content with; NULL: none yet */
	bool answered;	    /* its page is out */
};

/* ---- pages ---- */

static struct MHD_Response *make_page(const char *title, const char *text)
{
	char *page = g_strdup_printf(
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>\n"
		"<body><main><h1>%s</h1><p>%s</p></main></body></html>\n",
		_("de"), title, title, text);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(page), page, MHD_RESPMEM_MUST_COPY);

	g_free(page);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy",
		"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	return response;
}

static enum MHD_Result answer(
	struct MHD_Connection *connection, unsigned status, const char *title, const char *text)
{
	struct MHD_Response *response = make_page(title, text);
	enum MHD_Result queued = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return queued;
}

/* URI is the request's own copy. Only the first that fits counts; another may come before the wait
 * is over. */
static enum MHD_Result answer_redirect(
	OauthListener *listener, struct MHD_Connection *connection, const Visit *visit)
{
	const char *query = strchr(visit->uri, '?') + 1;

	if (!listener->taken && listener->take(query, listener->data)) {
		listener->taken = visit;
		return answer(connection, MHD_HTTP_OK, _("Zurück zu Amtspost"),
			_("Amtspost hat die Rückmeldung des Anmeldedienstes erhalten. Das Ergebnis "
			  "steht gleich dort, wo Sie die Anmeldung begonnen haben. Sie können "
			  "dieses Fenster schließen."));
	}
	return answer(connection, MHD_HTTP_BAD_REQUEST, _("Diese Rückmeldung passt nicht"),
		_("Sie gehört nicht zu der Anmeldung, auf die Amtspost wartet, oder wurde schon "
		  "verwendet. Es ist nichts geschehen. Bitte schließen Sie dieses Fenster und "
		  "verwenden Sie die Adresse, die Amtspost zuletzt gezeigt hat."));
}

/* ---- requests ---- */

static void forget_uri(Visit *visit)
{
	if (visit->uri)
		secret_wipe(visit->uri, strlen(visit->uri));
	g_clear_pointer(&visit->uri, g_free);
}

static void visit_free(Visit *visit)
{
	forget_uri(visit);
	g_free(visit);
}

/* The library sees that the socket is at its end, and closes. */
static void end_visit(Visit *visit)
{
	shutdown(visit->socket, SHUT_RDWR);
	visit->end = INT64_MAX;
}

static void note_connection(void *context, struct MHD_Connection *connection, void **place,
	enum MHD_ConnectionNotificationCode code)
{
	OauthListener *listener = context;
	Visit *visit;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		listener->answered |= *place == listener->taken;
		g_ptr_array_remove(listener->visits, *place);
		return;
	}
	visit = g_new0(Visit, 1);
	visit->socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	visit->end = clock_monotonic() + VISIT_MILLISECONDS;
	*place = visit;
	g_ptr_array_add(listener->visits, visit);
	if (listener->visits->len > VISIT_LIMIT)
		end_visit(g_ptr_array_index(
			listener->visits, listener->visits->len - VISIT_LIMIT - 1));
}

/* Keeps the address as it came, which libmicrohttpd cuts into pieces. The connection owns it: not
 * every request is told to be over. */
static void *remember_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	Visit *visit = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			       ->socket_context;

	(void)context;
	forget_uri(visit);
	if (strlen(uri) <= URI_LIMIT)
		visit->uri = g_strdup(uri);
	return visit;
}

/* The first call for a request brings its head only. */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **state)
{
	OauthListener *listener = context;
	const Visit *visit = *state;

	(void)version;
	(void)upload;
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_NO;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, _("Nicht möglich"), "");
	if (strcmp(url, listener->path) != 0 || !visit->uri || !strchr(visit->uri, '?') ||
		!listener->take)
		return answer(connection, MHD_HTTP_NOT_FOUND, _("Hier ist nichts"), "");
	return answer_redirect(listener, connection, visit);
}

static void note_completion(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	OauthListener *listener = context;

	(void)connection;
	(void)code;
	listener->answered |= *state && *state == listener->taken;
}

/* ---- the two addresses ---- */

static struct MHD_Daemon *start_daemon(
	OauthListener *listener, unsigned flags, const struct sockaddr *address)
{
	return MHD_start_daemon(MHD_USE_EPOLL | flags, 0, NULL, NULL, take_request, listener,
		MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION,
		note_connection, listener, MHD_OPTION_URI_LOG_CALLBACK, remember_uri, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, note_completion, listener, MHD_OPTION_END);
}

static struct MHD_Daemon *start_ipv4(OauthListener *listener, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return start_daemon(listener, 0, (struct sockaddr *)&address);
}

static struct MHD_Daemon *start_ipv6(OauthListener *listener, uint16_t port)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};

	return start_daemon(listener, MHD_USE_IPv6, (struct sockaddr *)&address);
}

static void stop_daemons(OauthListener *listener)
{
	for (size_t i = 0; i < G_N_ELEMENTS(listener->daemons); i++) {
		if (listener->daemons[i])
			MHD_stop_daemon(listener->daemons[i]);
		listener->daemons[i] = NULL;
	}
}

/* Both addresses at PORT; false with errno. A machine without IPv6 has just the one. */
static bool listen_at(OauthListener *listener, uint16_t port)
{
	const union MHD_DaemonInfo *info;

	listener->daemons[0] = start_ipv4(listener, port);
	if (!listener->daemons[0])
		return false;
	info = MHD_get_daemon_info(listener->daemons[0], MHD_DAEMON_INFO_BIND_PORT);
	listener->port = port ? port : info->port;
	errno = 0;
	listener->daemons[1] = start_ipv6(listener, listener->port);
	if (listener->daemons[1] || errno != EADDRINUSE)
		return true;
	stop_daemons(listener);
	errno = EADDRINUSE;
	return false;
}

OauthListener *oauth_listener_open(uint16_t port, const char *path, GError **error)
{
	OauthListener *listener = g_new0(OauthListener, 1);
	unsigned tries = port ? 1 : PORT_TRIES;
	bool listens = false;
	g_autofree char *place = NULL;

	listener->visits = g_ptr_array_new_with_free_func((GDestroyNotify)visit_free);
	listener->path = g_strdup(path);
	while (!listens && tries-- > 0)
		listens = listen_at(listener, port);
	if (listens)
		return listener;
	place = port ? g_strdup_printf("Port %u", port) : g_strdup("127.0.0.1");
	failure_set_errno(error,
		errno == EADDRINUSE ? FAILURE_OAUTH_PORT_BUSY : FAILURE_OAUTH_LISTEN, place, errno);
	oauth_listener_close(listener);
	return NULL;
}

void oauth_listener_close(OauthListener *listener)
{
	if (!listener)
		return;
	stop_daemons(listener);
	g_ptr_array_unref(listener->visits);
	g_free(listener->path);
	g_free(listener);
}

uint16_t oauth_listener_port(const OauthListener *listener)
{
	return listener->port;
}

/* ---- waiting ---- */

enum { PLACE_IPV4, PLACE_IPV6, PLACE_INPUT, PLACE_CANCEL, PLACE_COUNT };

/* Milliseconds until a daemon must run again, at most MOST. */
static int time_slice(const OauthListener *listener, int64_t most)
{
	int64_t slice = MIN(most, SLICE_MILLISECONDS);

	for (size_t i = 0; listener && i < G_N_ELEMENTS(listener->daemons); i++) {
		MHD_UNSIGNED_LONG_LONG wanted;

		if (listener->daemons[i] &&
			MHD_get_timeout(listener->daemons[i], &wanted) == MHD_YES)
			slice = MIN(slice, (int64_t)MIN(wanted, SLICE_MILLISECONDS));
	}
	return (int)MAX(slice, 0);
}

static void end_old_visits(OauthListener *listener)
{
	int64_t now = clock_monotonic();

	for (guint i = 0; listener && i < listener->visits->len; i++) {
		Visit *visit = g_ptr_array_index(listener->visits, i);

		if (visit->end <= now)
			end_visit(visit);
	}
}

static void run_daemons(OauthListener *listener)
{
	end_old_visits(listener);
	for (size_t i = 0; listener && i < G_N_ELEMENTS(listener->daemons); i++) {
		if (listener->daemons[i])
			MHD_run(listener->daemons[i]);
	}
}

static int epoll_of(const OauthListener *listener, int number)
{
	struct MHD_Daemon *daemon = listener ? listener->daemons[number] : NULL;

	return daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd : -1;
}

/* Serves for one slice; true if INPUT is readable. */
static bool serve(OauthListener *listener, int input, int64_t most, const Cancel *cancel)
{
	struct pollfd places[PLACE_COUNT] = {
		[PLACE_IPV4] = {.fd = epoll_of(listener, 0), .events = POLLIN},
		[PLACE_IPV6] = {.fd = epoll_of(listener, 1), .events = POLLIN},
		[PLACE_INPUT] = {.fd = input, .events = POLLIN},
		[PLACE_CANCEL] = {.fd = cancel_descriptor(cancel), .events = POLLIN},
	};

	poll(places, G_N_ELEMENTS(places), time_slice(listener, most));
	run_daemons(listener);
	return places[PLACE_INPUT].revents != 0;
}

static void let_page_out(OauthListener *listener, const Cancel *cancel)
{
	int64_t end = clock_monotonic() + FAREWELL_MILLISECONDS;

	while (!listener->answered && clock_monotonic() < end && !cancel_triggered(cancel))
		serve(listener, -1, end - clock_monotonic(), cancel);
}

OauthWaited oauth_listener_wait(OauthListener *listener, OauthRedirectTaker *take, void *data,
	int input, int64_t milliseconds, const Cancel *cancel)
{
	int64_t end = clock_monotonic() + milliseconds;

	if (listener) {
		listener->take = take;
		listener->data = data;
		listener->taken = NULL;
		listener->answered = false;
	}
	while (!cancel_triggered(cancel) && clock_monotonic() < end) {
		bool readable = serve(listener, input, end - clock_monotonic(), cancel);

		if (listener && listener->taken) {
			let_page_out(listener, cancel);
			return OAUTH_WAITED_TAKEN;
		}
		if (readable)
			return OAUTH_WAITED_INPUT;
	}
	return OAUTH_WAITED_ENDED;
}
