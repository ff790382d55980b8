/* The redirect on loopback (RFC 8252 section 7.3): a small HTTP server on 127.0.0.1 and ::1 that
 * waits for one browser, within one thread. It shows German pages and knows nothing of what it
 * receives. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"

typedef struct OauthListener OauthListener;

/* Judges the query of a request for the redirect's path; the page that the browser gets says what
 * it answers. */
typedef bool OauthRedirectTaker(const char *query, void *data);

/* Listens for PATH at PORT (0: a free one). FAILURE_OAUTH_PORT_BUSY,
 * FAILURE_OAUTH_LISTEN. */
OauthListener *oauth_listener_open(uint16_t port, const char *path, GError **error);
void oauth_listener_close(OauthListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OauthListener, oauth_listener_close)

uint16_t oauth_listener_port(const OauthListener *listener);

typedef enum OauthWaited {
	OAUTH_WAITED_TAKEN, /* TAKE was content, and the browser has its page */
	OAUTH_WAITED_INPUT, /* INPUT is readable */
	OAUTH_WAITED_ENDED, /* time is over, or cancelled */
} OauthWaited;

/* Serves until TAKE answers true, INPUT (a descriptor, -1: none) is readable, MILLISECONDS are
 * over, or CANCEL. LISTENER NULL: only waits. */
OauthWaited oauth_listener_wait(OauthListener *listener, OauthRedirectTaker *take, void *data,
	int input, int64_t milliseconds, const Cancel *cancel);
