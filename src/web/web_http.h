/* HTTP/1.1 over libmicrohttpd: listening, reading requests within limits, running handlers, sending
 * answers whole or piece by piece. It knows no routes, no people and no HTML.
 *
 * A handler runs on one of the server's own threads (WEB_AT_ONCE: it may only read the database and
 * answers soon) or as a job (WEB_AS_JOB: the connection is suspended meanwhile; at most JOBS_A_KEY
 * of one key run at a time, the others wait their turn). A job that mostly sleeps until something
 * happens (WEB_AS_WAIT) has threads of its own, so that nobody's clicks wait for it; and so has one
 * whose speed is that of somebody far away, of a mail server or of who loads a large file
 * (WEB_AS_ERRAND). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"

typedef struct WebServer WebServer;
typedef struct WebRequest WebRequest;
typedef struct WebResponse WebResponse;

typedef enum WebMethod {
	WEB_GET, /* HEAD comes as GET; the server leaves the body out */
	WEB_POST,
	WEB_PUT,
	WEB_PATCH,
	WEB_DELETE,
	WEB_OTHER,
} WebMethod;

typedef enum WebPlace { WEB_AT_ONCE, WEB_AS_JOB, WEB_AS_WAIT, WEB_AS_ERRAND } WebPlace;

/* Fills RESPONSE. Runs once, when the whole body is there; not at all if the browser is gone before
 * its turn has come. */
typedef void WebHandler(WebRequest *request, WebResponse *response, void *data);

/* What is to become of a request whose header is complete. */
typedef struct WebPlan {
	WebHandler *handler;
	void *data;
	WebPlace place;
	int64_t key;	   /* jobs: whose it is; 0: nobody's, counted by peer address */
	size_t body_limit; /* bytes; a larger body is refused with 413 before it is read */
	/* NULL: none. Also called where the handler never runs; on any thread, like KEEP's. */
	GDestroyNotify free_data;
} WebPlan;

/* Decides by method, path and header fields, and must set a handler (also for what it does not
 * know); called on a server's thread, so it may only read. */
typedef void WebPlanner(WebRequest *request, WebPlan *plan, void *data);

typedef struct WebOptions {
	const char *address;	     /* "127.0.0.1", "::1", "0.0.0.0"; "::" is all, of IPv4 too */
	uint16_t port;		     /* 0: a free one */
	const char *tls_certificate; /* PEM files; NULL: no TLS */
	const char *tls_key;
	/* Numeric addresses, separated by ";", of reverse proxies: what they say in X-Forwarded-For
	 * and X-Forwarded-Proto counts. NULL: nobody's word does. */
	const char *trusted_proxies;
	/* Told, with WARN_DATA, what is no reason not to start, as a German sentence with advice.
	 * NULL: nobody. */
	void (*warn)(const char *sentence, void *warn_data);
	void *warn_data;
	WebPlanner *plan;
	void *data;
	/* Makes the page for what the server refuses by itself; RESPONSE has its status: 400, 413,
	 * 414, 431, 503. REQUEST may be half read, its path "". Called with DATA, on any thread, at
	 * once. NULL: no page. (What is not even HTTP, or far too large, libmicrohttpd answers with
	 * a page of its own; who is too slow gets none.) */
	WebHandler *refuse;
	/* Told of each answer's status, on any thread. NULL: nobody is. */
	void (*answered)(unsigned status, void *data);
} WebOptions;

/* Once before any thread. Raises the process's limit of open files if it is too low for all
 * connections and may be raised. */
void web_start_library(void);

/* Listens and serves until web_server_stop. FAILURE_LISTEN: address or port cannot be used;
 * FAILURE_USAGE: a trusted proxy is no address;
 * FAILURE_TLS_FILE, FAILURE_SERVE_…: certificate or key cannot. */
WebServer *web_server_start(const WebOptions *options, GError **error);
/* No new connections; running jobs are cancelled and waited for, waiting ones refused with 503,
 * streams cut. Answers have two seconds to get out. */
void web_server_stop(WebServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebServer, web_server_stop)
uint16_t web_server_port(const WebServer *server);
/* Who can open the address that it listens at. */
typedef enum WebReach { WEB_REACH_LOOPBACK, WEB_REACH_ADDRESS, WEB_REACH_ANY } WebReach;
WebReach web_server_reach(const WebServer *server);

/* ---- the request: all borrowed, until its handler has returned ---- */

WebMethod web_request_method(const WebRequest *request);
/* The decoded path, "/benutzer/m.muster"; valid UTF-8 without control characters, else the server
 * has refused it. */
const char *web_request_path(const WebRequest *request);
/* A parameter of the query string, decoded; NULL: not there. Valid UTF-8 without control characters
 * but tabs and line ends. */
const char *web_request_query(const WebRequest *request, const char *name);
/* The name of the INDEXth parameter; NULL: there are no more. */
const char *web_request_query_name(const WebRequest *request, unsigned index);
/* Its value. */
const char *web_request_query_value(const WebRequest *request, unsigned index);
/* As they came: without control characters, but perhaps no UTF-8; the first of several. */
const char *web_request_header(const WebRequest *request, const char *name);
const char *web_request_cookie(const WebRequest *request, const char *name);
/* "192.0.2.7": of the connection, or what a trusted proxy says. */
const char *web_request_peer(const WebRequest *request);
/* Whether the browser came by TLS, to us or to a trusted proxy. */
bool web_request_is_secure(const WebRequest *request);
/* The body, "" if there is none. *SIZE bytes, a NUL behind them. */
const char *web_request_body(const WebRequest *request, size_t *size);
/* Wipes and frees it, before the request's end: it is "" then. */
void web_request_drop_body(WebRequest *request);
/* Triggered when the browser goes away (noticed within a second; only jobs hear of that) or the
 * server stops. */
const Cancel *web_request_cancel(const WebRequest *request);
/* What the planner found out, for the handler (a session, a person); once. FREE_VALUE may be NULL.
 */
void web_request_keep(WebRequest *request, void *value, GDestroyNotify free_value);
void *web_request_kept(const WebRequest *request);

/* ---- the response: 200 with an empty body unless told otherwise ---- */

void web_response_status(WebResponse *response, unsigned status);
unsigned web_response_get_status(const WebResponse *response);
/* Adds a header field. A value with a line break is our mistake. */
void web_response_header(WebResponse *response, const char *name, const char *value);
/* Takes BODY. */
void web_response_body(WebResponse *response, const char *type, GBytes *body);
void web_response_text(WebResponse *response, const char *type, const char *text);
/* 303 to PATH. */
void web_response_redirect(WebResponse *response, const char *path);

/* From here on the answer is sent piece by piece (header first, with what was set so far): only for
 * jobs, and no body besides. web_response_write waits while much is still to be sent; false: the
 * browser is gone, as with HEAD at once, or the server stops. A browser that vanished without a
 * word is noticed by what it does not confirm, so write something every 15 s; for a browser that
 * takes less than 1 KiB/s of what there is, the answer ends after 10 s. */
void web_response_start(WebResponse *response, const char *type);
bool web_response_write(WebResponse *response, const char *data, size_t size);
/* What was sent is not whole and will not be: the connection is cut, so that nobody takes it for
 * that. */
void web_response_break(WebResponse *response);
