/* The server's start and end, and its connections. */
#include "web/web_http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "base/certificate.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/secret.h"
#include "failure/failure.h"
#include "web/web_http_internal.h"

#define PEM_LIMIT ((size_t)1024 * 1024)
/* For each connection a socket and the descriptor of a job's cancel; the rest is for what jobs
 * open. */
#define DESCRIPTORS_WANTED (2 * CONNECTION_LIMIT + 1800)
#define FAREWELL_STEP 5 /* milliseconds */

/* ---- once a program ---- */

static void panic(void *context, const char *file, unsigned line, const char *reason)
{
	(void)context;
	log_error("libmicrohttpd: %s:%u: %s", file, line, reason);
	abort();
}

void web_start_library(void)
{
	struct rlimit limit;

	MHD_set_panic_func(panic, NULL);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
		limit.rlim_cur = MIN(limit.rlim_max, DESCRIPTORS_WANTED);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* ---- connections ---- */

void visit_enter(Visit *visit, VisitPhase phase)
{
	atomic_store(&visit->since, clock_monotonic());
	atomic_store(&visit->phase, phase);
}

static Visit *visit_new(Crew *crew, struct MHD_Connection *connection)
{
	Visit *visit = g_new0(Visit, 1);

	visit->link.data = visit;
	visit->server = crew->server;
	visit->crew = crew;
	visit->socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	peer_write(
		visit->peer, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				     ->client_addr);
	visit_enter(visit, VISIT_HEADER);
	return visit;
}

static void add_visit(WebServer *server, Visit *visit)
{
	pthread_mutex_lock(&server->lock);
	g_queue_push_tail_link(&server->visits, &visit->link);
	pthread_mutex_unlock(&server->lock);
}

/* The socket is still open here, and is not looked at any more afterwards. */
static void remove_visit(WebServer *server, Visit *visit)
{
	pthread_mutex_lock(&server->lock);
	g_queue_unlink(&server->visits, &visit->link);
	pthread_mutex_unlock(&server->lock);
	sweep_note_close(server->sweep, visit);
	peer_leave(visit->crew, visit->peer);
	g_free(visit->uri);
	g_free(visit);
}

static void note_connection(void *context, struct MHD_Connection *connection, void **place,
	enum MHD_ConnectionNotificationCode code)
{
	Crew *crew = context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		remove_visit(crew->server, *place);
		return;
	}
	*place = visit_new(crew, connection);
	add_visit(crew->server, *place);
}

static enum MHD_Result judge_connection(
	void *context, const struct sockaddr *address, socklen_t size)
{
	const WebServer *server = context;

	(void)address;
	(void)size;
	return atomic_load(&server->stopping) ? MHD_NO : MHD_YES;
}

/* ---- start ---- */

/* Certificate and key as libmicrohttpd wants them; both NULL: no TLS. */
typedef struct Pem {
	char *certificate;
	char *key;
	size_t key_size;
} Pem;

static void pem_clear(Pem *pem)
{
	if (pem->key)
		secret_wipe(pem->key, pem->key_size);
	g_free(pem->key);
	g_free(pem->certificate);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pem, pem_clear)

static char *read_pem(const char *path, size_t *size, GError **error)
{
	char *text = file_read(path, PEM_LIMIT, size);

	if (!text)
		failure_set_errno(error, FAILURE_TLS_FILE, path, errno);
	return text;
}

static bool pem_read(Pem *pem, const WebOptions *options, GError **error)
{
	if (!options->tls_certificate)
		return true;
	pem->certificate = read_pem(options->tls_certificate, NULL, error);
	if (pem->certificate)
		pem->key = read_pem(options->tls_key, &pem->key_size, error);
	return pem->key != NULL;
}

static void warn(const WebOptions *options, const char *sentence)
{
	if (options->warn)
		options->warn(sentence, options->warn_data);
}

/* Browsers refuse the page then, but the clock may be what is wrong. */
static void warn_about_time(const WebOptions *options, int64_t begin, int64_t end)
{
	g_autofree char *time = clock_format_german(clock_now() >= end ? end : begin);
	g_autofree char *sentence = NULL;

	if (clock_now() >= end)
		sentence = g_strdup_printf(
			_("Das Zertifikat in „%1$s“ ist seit %2$s abgelaufen; Browser warnen vor "
			  "der Seite. Bitte erneuern und Amtspost neu starten."),
			options->tls_certificate, time);
	else if (clock_now() < begin)
		sentence = g_strdup_printf(
			_("Das Zertifikat in „%1$s“ gilt erst ab %2$s; bis dahin warnen Browser "
			  "vor der Seite. Bitte auch die Uhr dieses Rechners prüfen."),
			options->tls_certificate, time);
	if (sentence)
		warn(options, sentence);
}

static bool pem_check(const Pem *pem, const WebOptions *options, GError **error)
{
	static const Failure failures[] = {
		[CERTIFICATE_MISSING] = FAILURE_SERVE_CERTIFICATE,
		[CERTIFICATE_KEY_MISSING] = FAILURE_SERVE_KEY,
		[CERTIFICATE_KEY_LOCKED] = FAILURE_SERVE_KEY_PASSWORD,
		[CERTIFICATE_KEY_OTHER] = FAILURE_SERVE_KEY_OTHER,
	};
	int64_t begin, end;
	CertificateState state;

	if (!pem->key)
		return true;
	state = certificate_look(pem->certificate, pem->key, &begin, &end);
	if (state != CERTIFICATE_FITS) {
		const char *path =
			state == CERTIFICATE_MISSING ? options->tls_certificate : options->tls_key;

		failure_set(error, failures[state], path, "%s", path);
		return false;
	}
	warn_about_time(options, begin, end);
	return true;
}

/* NULL: out of threads or descriptors, or the certificate is of no use. */
static struct MHD_Daemon *start_daemon(Crew *crew, const Pem *pem)
{
	WebServer *server = crew->server;
	static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, pem->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, pem->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_NO_LISTEN_SOCKET;

	if (!pem->key)
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags | (pem->key ? MHD_USE_TLS : 0), 0, judge_connection, server,
		exchange_take, server, MHD_OPTION_CONNECTION_LIMIT, LIBRARY_LIMIT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_CONNECTION,
		note_connection, crew, MHD_OPTION_URI_LOG_CALLBACK, exchange_note_uri, server,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_note_end, server, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
}

static bool start_daemons(WebServer *server, const Pem *pem)
{
	unsigned count = CLAMP(g_get_num_processors(), SERVER_THREADS_LEAST, SERVER_THREADS_MOST);

	while (server->crew_count < count) {
		Crew *crew = &server->crews[server->crew_count];

		crew->server = server;
		crew->daemon = start_daemon(crew, pem);
		if (!crew->daemon)
			return false;
		server->crew_count++;
	}
	return pthread_create(&server->greeter, NULL, listen_run, server) == 0;
}

static void stop_daemons(WebServer *server)
{
	for (unsigned i = 0; i < server->crew_count; i++)
		MHD_stop_daemon(server->crews[i].daemon);
}

/* Takes LISTENER. */
static WebServer *server_new(const WebOptions *options, int listener)
{
	WebServer *server = g_new0(WebServer, 1);

	server->plan = options->plan;
	server->refuse = options->refuse;
	server->answered = options->answered;
	server->data = options->data;
	server->is_secure = options->tls_certificate != NULL;
	server->listener = listener;
	server->port = listen_port(listener);
	server->stop = cancel_new();
	pthread_mutex_init(&server->lock, NULL);
	g_queue_init(&server->visits);
	server->peers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	server->sweep = sweep_start(server);
	server->jobs = job_pool_new(JOB_THREADS, JOBS_A_KEY, JOBS_WAITING);
	server->waits = job_pool_new(WAIT_THREADS, WAITS_A_KEY, WAITS_WAITING);
	server->errands = job_pool_new(ERRAND_THREADS, ERRANDS_A_KEY, ERRANDS_WAITING);
	return server;
}

static void server_free(WebServer *server)
{
	close(server->listener);
	g_strfreev(server->proxies);
	job_pool_free(server->jobs);
	job_pool_free(server->waits);
	job_pool_free(server->errands);
	sweep_stop(server->sweep);
	g_hash_table_unref(server->peers);
	pthread_mutex_destroy(&server->lock);
	cancel_free(server->stop);
	g_free(server);
}

static bool read_proxies(WebServer *server, const char *list, GError **error)
{
	const char *sentence = _("--trusted-proxy erwartet IP-Adressen, durch „;“ getrennt.");

	if (!list || forwarded_parse(list, &server->proxies))
		return true;
	failure_set(error, FAILURE_USAGE, sentence, "%s: no addresses", list);
	return false;
}

WebServer *web_server_start(const WebOptions *options, GError **error)
{
	g_auto(Pem) pem = {0};
	WebServer *server;
	int listener;

	if (!pem_read(&pem, options, error) || !pem_check(&pem, options, error))
		return NULL;
	listener = listen_open(options->address, options->port, error);
	if (listener < 0)
		return NULL;
	server = server_new(options, listener);
	if (!read_proxies(server, options->trusted_proxies, error)) {
		server_free(server);
		return NULL;
	}
	if (start_daemons(server, &pem))
		return server;
	failure_set(error, server->is_secure ? FAILURE_TLS_FILE : FAILURE_LISTEN,
		server->is_secure ? options->tls_certificate : options->address,
		"libmicrohttpd does not start%s",
		server->is_secure ? " with this certificate and key" : "");
	stop_daemons(server);
	server_free(server);
	return NULL;
}

uint16_t web_server_port(const WebServer *server)
{
	return server->port;
}

WebReach web_server_reach(const WebServer *server)
{
	return listen_reach(server->listener);
}

/* ---- end ---- */

static void cancel_jobs(WebServer *server)
{
	pthread_mutex_lock(&server->lock);
	atomic_store(&server->stopping, true);
	for (GList *link = server->visits.head; link; link = link->next) {
		Visit *visit = link->data;

		if (visit->job)
			request_lose(visit->job);
	}
	pthread_mutex_unlock(&server->lock);
	cancel_trigger(server->stop);
}

static void let_answers_out(WebServer *server)
{
	int64_t end = clock_monotonic() + FAREWELL_TIME;

	while (atomic_load(&server->answering) > 0 && clock_monotonic() < end)
		g_usleep(FAREWELL_STEP * 1000);
}

/* Jobs end first, so that no connection is suspended any more when the daemon stops. */
void web_server_stop(WebServer *server)
{
	if (!server)
		return;
	cancel_jobs(server);
	pthread_join(server->greeter, NULL);
	job_pool_stop(server->jobs);
	job_pool_stop(server->waits);
	job_pool_stop(server->errands);
	let_answers_out(server);
	stop_daemons(server);
	server_free(server);
}
