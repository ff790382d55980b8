/* `amtspost serve`: the web page and the API of one office, until it is told to end. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"

typedef struct WebServe {
	const char *listen;	     /* "127.0.0.1:8025", "[::1]:0" (0: a free port) */
	const char *tls_certificate; /* PEM; NULL: no TLS */
	const char *tls_key;
	const char *trusted_proxies; /* as in WebOptions; NULL: none */
	const Cancel *cancel;	     /* ends it */
	/* What does not keep it from serving, as a sentence with advice. */
	void (*warn)(const char *sentence, void *data);
	/* Told once, when it listens: where, and, while nobody can sign in as an administrator, the
	 * address (with a secret that counts once) to set up the first one; else NULL. */
	void (*ready)(const char *address, const char *setup, void *data);
	void *data;
} WebServe;

/* FAILURE_LISTEN, FAILURE_TLS_FILE, FAILURE_SERVE_…, FAILURE_USAGE: SERVE->listen is none. */
bool web_serve(Office *office, const WebServe *serve, GError **error);
