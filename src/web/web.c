/* The daemon: listens, waits for its end, and keeps idle sign-ins alive meanwhile. */
#include "web/web.h"

#include <string.h>
#include "app/login.h"
#include "app/people_page.h"
#include "app/servers.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "failure/failure.h"
#include "web/metrics.h"
#include "web/web_internal.h"

#define ROUND_MILLISECONDS 30000
/* A browser has six connections: half of them for pages that watch. Of WAIT_THREADS some are left
 * for what does not sleep. */
#define WAITS_A_USER 3
#define WAITS_IN_ALL 32
#define LOOKS_A_USER 2
#define LOOKS_IN_ALL 16
#define IDLE_MILLISECONDS                                                                          \
	(INT64_C(24) * 60 * 60 * 1000) /* from one round of refreshes to the next */

/* "[::1]:8025", "127.0.0.1:8025": *ADDRESS, yours, and *PORT. */
static bool parse_listen(const char *listen, char **address, uint16_t *port, GError **error)
{
	const char *colon = strrchr(listen, ':');
	guint64 number;

	if (!colon || colon == listen ||
		!g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL)) {
		failure_set(error, FAILURE_LISTEN, listen, "%s: not ADDRESS:PORT", listen);
		return false;
	}
	*port = (uint16_t)number;
	*address = listen[0] == '[' && colon[-1] == ']'
			   ? g_strndup(listen + 1, (gsize)(colon - listen - 2))
			   : g_strndup(listen, (gsize)(colon - listen));
	return true;
}

/* While nobody can sign in as an administrator: a link that lets whoever reads our output. */
static bool open_setup(Web *web, GError **error)
{
	bool has;

	if (!user_has_administrator(office_db(web->office), &has, error))
		return false;
	if (!has)
		web->setup = user_token_make();
	return true;
}

/* Passwords would cross the network as they are. */
static void warn_without_tls(const WebServe *serve, WebReach reach)
{
	if (!serve->tls_certificate && !serve->trusted_proxies && reach != WEB_REACH_LOOPBACK)
		serve->warn(
			_("Diese Adresse ist von anderen Rechnern aus erreichbar, und die "
			  "Verbindung ist nicht verschlüsselt: Kennwörter können unterwegs "
			  "mitgelesen werden. Bitte --tls-cert und --tls-key angeben oder einen "
			  "Reverse Proxy mit TLS davorstellen (--trusted-proxy)."),
			serve->data);
}

static void tell_ready(const Web *web, const WebServe *serve, const char *address, uint16_t port)
{
	bool v6 = strchr(address, ':') != NULL;
	g_autofree char *url = g_strdup_printf("%s://%s%s%s:%u/", web->secure ? "https" : "http",
		v6 ? "[" : "", address, v6 ? "]" : "", port);
	g_autofree char *setup =
		web->setup ? g_strdup_printf("%seinrichten?k=%s", url, web->setup) : NULL;

	serve->ready(url, setup, serve->data);
}

static void web_clear(Web *web)
{
	g_free(web->setup);
	if (web->servers)
		g_ptr_array_unref(web->servers);
	sender_free(web->sender);
	import_jobs_free(web->imports);
	office_set_pool(web->office, NULL);
	mail_pool_free(web->mail_pool);
	sign_ins_free(web->sign_ins);
	piece_cache_free(web->pieces);
	waits_free(web->waits);
	waits_free(web->looks);
	uploads_free(web->uploads);
	pthread_mutex_destroy(&web->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Web, web_clear)

/* For the start page; with many users too slow to do while somebody waits. */
static void count_helpless(Web *web, const Cancel *cancel)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) people = people_helpless(web->office, cancel, &error);

	if (people)
		atomic_store(&web->helpless, (int)people->len);
	else if (!failure_is(error, FAILURE_CANCELLED))
		log_warning("users who need help: %s", error->message);
}

static void put_servers(Web *web, GPtrArray *servers)
{
	GPtrArray *former;

	pthread_mutex_lock(&web->lock);
	former = web->servers;
	web->servers = servers;
	web->servers_as_of = clock_now();
	pthread_mutex_unlock(&web->lock);
	if (former)
		g_ptr_array_unref(former);
}

/* For Zustand and the start page. */
static void count_servers(Web *web, const Cancel *cancel)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *servers = servers_in_use(web->office, cancel, &error);

	if (servers)
		put_servers(web, servers);
	else if (!failure_is(error, FAILURE_CANCELLED))
		log_warning("mail servers in use: %s", error->message);
}

GPtrArray *web_servers(Web *web, int64_t *as_of)
{
	GPtrArray *servers;

	pthread_mutex_lock(&web->lock);
	servers = web->servers ? g_ptr_array_ref(web->servers) : NULL;
	*as_of = web->servers_as_of;
	pthread_mutex_unlock(&web->lock);
	return servers;
}

/* What is done beside serving, every now and then. */
static void work_until_cancelled(Web *web, const Cancel *cancel)
{
	int64_t after = 0; /* whose idle sign-in was refreshed last */
	int64_t next = 0;  /* when the next of them are looked at */

	do {
		count_helpless(web, cancel);
		count_servers(web, cancel);
		sign_ins_sweep(web->sign_ins);
		mail_pool_sweep(web->mail_pool);
		if (clock_monotonic() < next)
			continue;
		if (!login_refresh_idle(web->office, &after, cancel)) {
			after = 0;
			next = clock_monotonic() + IDLE_MILLISECONDS;
		}
	} while (!cancel_wait(cancel, ROUND_MILLISECONDS));
}

bool web_serve(Office *office, const WebServe *serve, GError **error)
{
	g_auto(Web) web = {
		.office = office,
		.started = clock_monotonic(),
		.secure = serve->tls_certificate != NULL,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.sign_ins = sign_ins_new(),
		.imports = import_jobs_new(office),
		.mail_pool = mail_pool_new(),
		.pieces = piece_cache_new(),
		.waits = waits_new(WAITS_A_USER, WAITS_IN_ALL),
		.looks = waits_new(LOOKS_A_USER, LOOKS_IN_ALL),
		.uploads = uploads_new(office),
	};
	g_autofree char *address = NULL;
	g_autoptr(WebServer) server = NULL;
	WebOptions options = {
		.tls_certificate = serve->tls_certificate,
		.tls_key = serve->tls_key,
		.trusted_proxies = serve->trusted_proxies,
		.warn = serve->warn,
		.warn_data = serve->data,
		.plan = route_plan,
		.data = &web,
		.refuse = route_refuse,
		.answered = metrics_count_answer,
	};

	if (!parse_listen(serve->listen, &address, &options.port, error) ||
		!open_setup(&web, error))
		return false;
	office_set_pool(office, web.mail_pool);
	options.address = address;
	web_start_library();
	web.sender = sender_new(office); /* first: requests wake it */
	server = web_server_start(&options, error);
	if (!server)
		return false;
	warn_without_tls(serve, web_server_reach(server));
	/* "Every address" is none that a browser could open; the machine's name is. */
	tell_ready(&web, serve,
		web_server_reach(server) == WEB_REACH_ANY ? g_get_host_name() : address,
		web_server_port(server));
	work_until_cancelled(&web, serve->cancel);
	return true;
}
