/* The mail servers that users really work with: how many with each, and what the last connection
 * saw of its TLS. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/mail_session.h"
#include "app/office.h"
#include "base/cancel.h"
#include "model/endpoint.h"

/* Days before its end from which on a certificate is warned of. */
#define SERVER_CERTIFICATE_DAYS 30

typedef struct ServerInUse {
	MailProtocol protocol;
	char *host;
	uint16_t port;
	TlsMode tls;
	int64_t users;
	int64_t seen;		 /* when it was connected to last, to the hour; 0: not yet */
	char *version;		 /* "TLSv1.3"; NULL: not encrypted, or not seen */
	int64_t certificate_end; /* 0: unknown */
} ServerInUse;

/* ServerInUse *, by protocol, host, port and TLS value, of all users who are not locked and whose
 * interface is on. Takes long with many users. FAILURE_CANCELLED. */
GPtrArray *servers_in_use(Office *office, const Cancel *cancel, GError **error);

/* Without encryption, or with a TLS below 1.2: by its setting or as last seen. */
bool server_is_weak(const ServerInUse *server);
/* Its certificate ends within SERVER_CERTIFICATE_DAYS from NOW, or has ended. */
bool server_certificate_ends(const ServerInUse *server, int64_t now);

/* Keeps what SESSION, just connected to ENDPOINT, saw; the same again is written at most once an
 * hour. A failure to do so is only logged. */
void servers_note(Office *office, const Endpoint *endpoint, const MailSession *session);

/* *SIZE: the largest mail that the SMTP server at ENDPOINT takes, as it said last; 0: not known. */
bool servers_size_limit(Office *office, const Endpoint *endpoint, uint64_t *size, GError **error);
