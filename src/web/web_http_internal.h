/* What the files of the server share: its limits, a connection (visit), a request with its
 * response.
 *
 * Who touches what: libmicrohttpd calls back on its own threads, for one connection always on the
 * same. A job runs on a thread of the pool; what both need of a request lies under the request's
 * lock. The sweep looks at all visits under the server's lock. Nobody takes the server's lock while
 * holding a request's. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <microhttpd.h>
#include "base/job_pool.h"
#include "web/web_http.h"

/* ---- limits ---- */

/* One a processor, at most: more only take turns, which shows in the slowest answers. */
#define SERVER_THREADS_LEAST 2u
#define SERVER_THREADS_MOST 8u
#define CONNECTION_LIMIT 1100u
/* libmicrohttpd 0.9.75 keeps a lock for good when its own limit refuses a connection that was
 * handed to it, so that one is never reached. */
#define LIBRARY_LIMIT 100000u
#define CONNECTIONS_A_PEER 600u /* a reverse proxy is one peer */
#define CONNECTION_MEMORY ((size_t)64 * 1024)
#define HEADER_LIMIT ((size_t)32 * 1024)
#define URI_LIMIT ((size_t)8 * 1024)
/* Of all uploads together, so that many allowed ones do not fill the memory. */
#define BODIES_LIMIT ((size_t)256 * 1024 * 1024)
/* Some of it no large one gets, so that few people with large ones keep nobody else from working. */
#define BODIES_RESERVE ((size_t)64 * 1024 * 1024)
#define BODY_LARGE ((size_t)4 * 1024 * 1024)
/* What is read past a body's limit before the connection is cut. */
#define EXCESS_LIMIT ((size_t)1024 * 1024)
#define JOB_THREADS 16
#define JOBS_A_KEY 2
#define JOBS_WAITING ((size_t)400)
/* Of jobs that sleep (waits.h says how many of them may). */
#define WAIT_THREADS 40
#define WAITS_A_KEY 8
#define WAITS_WAITING ((size_t)200)
/* Of jobs whose speed is that of somebody far away. */
#define ERRAND_THREADS 64
#define ERRANDS_A_KEY 3
#define ERRANDS_WAITING ((size_t)400)
#define RETRY_SECONDS "5"
#define STREAM_LIMIT ((size_t)256 * 1024)

/* Milliseconds. */
#define SWEEP_INTERVAL 500
#define HEADER_TIME 10000
#define IDLE_TIME 30000
#define FAREWELL_TIME 2000 /* for the last answers when the server stops */
/* Uploads and readers of answers: at least so much in each span. */
#define PACE_TIME 10000
#define PACE_BYTES_A_SECOND 1024
/* Connections that were refused in the middle of an upload go on being read for so long, or their
 * browser would see a reset instead of the answer. */
#define LINGER_TIME 3000
#define LINGER_LIMIT 64u

/* ---- a connection ---- */

typedef enum VisitPhase {
	VISIT_HEADER, /* is sending one */
	VISIT_BODY,
	VISIT_WORK,
	VISIT_ANSWER,
	VISIT_IDLE, /* between two requests */
} VisitPhase;

/* How much had come or gone when a span began. */
typedef struct Pace {
	int64_t phase; /* when the phase began that this is about */
	int64_t since;
	uint64_t bytes;
} Pace;

/* One thread with its own connections: a daemon of libmicrohttpd. */
typedef struct Crew {
	WebServer *server;
	struct MHD_Daemon *daemon;
	/* Those handed to it that have not ended. libmicrohttpd's own number lacks those that it
	 * has not looked at yet. */
	atomic_uint connections;
} Crew;

typedef struct Visit {
	GList link; /* of the server's visits, data: this visit */
	WebServer *server;
	Crew *crew;
	int socket;
	char peer[INET6_ADDRSTRLEN];
	char *uri; /* of the coming request, as it was sent; NULL: too long */
	/* SINCE is written before PHASE and read behind it. */
	_Atomic VisitPhase phase;
	_Atomic int64_t since;
	_Atomic uint64_t received; /* of the body */
	atomic_bool lingers;	   /* was refused before it had sent all */
	atomic_bool ended;	   /* by the sweep */
	WebRequest *job;	   /* at work for it; under the server's lock */
	Pace pace;		   /* the sweep's */
} Visit;

void visit_enter(Visit *visit, VisitPhase phase);

/* ---- the server ---- */

typedef struct Sweep Sweep;

struct WebServer {
	WebPlanner *plan;
	WebHandler *refuse; /* NULL: refusals have no page */
	void (*answered)(unsigned status, void *data);
	void *data;
	bool is_secure;
	char **proxies; /* addresses whose word on the browser counts; NULL: none */
	int listener;
	uint16_t port;
	pthread_t greeter; /* takes connections in */
	Crew crews[SERVER_THREADS_MOST];
	unsigned crew_count;
	JobPool *jobs;
	JobPool *waits; /* those that sleep */
	JobPool *errands;
	Sweep *sweep;
	Cancel *stop;	      /* for requests that have none of their own */
	atomic_int answering; /* requests that are at work or being answered */
	atomic_size_t bodies; /* bytes of all bodies */
	atomic_bool stopping; /* set under LOCK */
	pthread_mutex_t lock;
	GQueue visits;	   /* Visit, the oldest first; under LOCK */
	GHashTable *peers; /* address -> how many connections from there; under LOCK */
};

/* A listening socket; -1: FAILURE_LISTEN. */
int listen_open(const char *address, uint16_t port, GError **error);
/* The port that a socket listens at. */
uint16_t listen_port(int listener);
WebReach listen_reach(int listener);
/* Takes connections in until SERVER (a WebServer) stops, each to the daemon with the fewest:
 * threads that accept for themselves leave all of a burst to one of them. */
void *listen_run(void *server);
/* A connection from PEER that CREW had is over. */
void peer_leave(Crew *crew, const char *peer);
/* "192.0.2.7" into PEER, also for one that came over IPv6 as ::ffff:192.0.2.7. */
void peer_write(char peer[static INET6_ADDRSTRLEN], const struct sockaddr *address);

/* The addresses of LIST, separated by ";", yours; false: one is none. */
bool forwarded_parse(const char *list, char ***proxies);
/* Puts what a trusted proxy says in the place of the connection's address and scheme. */
void forwarded_read(WebRequest *request);

/* ---- a request ---- */

/* Names and values, alternating, all owned. */
typedef GPtrArray Fields;

struct WebResponse {
	WebRequest *request;
	unsigned status;
	char *type;
	Fields *fields;
	GBytes *body; /* NULL: empty */
};

typedef enum Stage {
	STAGE_READING,
	STAGE_WORKING, /* as a job, connection suspended */
	STAGE_READY,   /* the response is whole, or its stream has begun */
} Stage;

struct WebRequest {
	atomic_int references; /* libmicrohttpd, the job, the response that is being sent */
	WebServer *server;
	char peer[INET6_ADDRSTRLEN];
	bool is_secure;
	WebMethod method;
	bool is_head;
	char *path;
	Fields *query;
	Fields *headers;
	Fields *cookies; /* NULL: none */
	GString *body;
	unsigned refusal; /* a status: what comes of the body is thrown away; 0: none */
	size_t excess;	  /* bytes thrown away */
	WebPlan plan;
	void *kept;
	GDestroyNotify free_kept;
	Cancel *cancel; /* jobs only */
	WebResponse response;

	pthread_mutex_t lock;
	pthread_cond_t has_room;
	struct MHD_Connection *connection; /* NULL: gone; under LOCK, as all below */
	Stage stage;
	bool is_suspended;
	bool is_lost;	/* nobody waits for the answer any more */
	bool is_broken; /* some of the stream is missing */
	bool is_ended;	/* the stream's handler has returned */
	GByteArray *stream;
};

/* ---- web_request.c ---- */

WebRequest *request_new(Visit *visit, struct MHD_Connection *connection, const char *method);
WebRequest *request_ref(WebRequest *request);
void request_unref(WebRequest *request);
/* Takes URI (NULL: it was too long) apart and judges the header. 0, or the status to refuse
 * with. */
unsigned request_read_header(WebRequest *request, char *uri, const char *version);
/* Whether the header announces a body. */
bool request_has_body(const WebRequest *request);
/* As announced; 0: none, or not known beforehand. */
uint64_t request_announced_size(const WebRequest *request);
/* False: the limit is reached. */
bool request_take_body(WebRequest *request, const char *data, size_t size);
/* Nobody waits for the answer any more: wakes whoever works for it. */
void request_lose(WebRequest *request);

/* ---- web_response.c ---- */

void response_init(WebResponse *response, WebRequest *request);
void response_clear(WebResponse *response);
/* Makes it the page for STATUS. */
void response_refuse(WebResponse *response, unsigned status);
/* What libmicrohttpd is to send: whole, or from the stream. */
struct MHD_Response *response_make(WebResponse *response);
/* Wakes the suspended connection; the request's lock is held. */
void request_resume(WebRequest *request);

/* ---- web_exchange.c: libmicrohttpd's callbacks about requests ---- */

void *exchange_note_uri(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_take(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void exchange_note_end(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code);

/* ---- web_sweep.c ---- */

Sweep *sweep_start(WebServer *server);
void sweep_stop(Sweep *sweep);
/* VISIT's socket is about to be closed; goes on reading it if that helps its answer. */
void sweep_note_close(Sweep *sweep, const Visit *visit);
