/* A connected, encrypted byte stream to a mail server: resolution, proxy, TLS and STARTTLS by
 * libcurl, then lines and counted bytes with deadlines. It knows no mail protocol beyond the
 * greeting phase that STARTTLS needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include "base/cancel.h"
#include "base/repeats.h"
#include "model/endpoint.h"

typedef struct Stream Stream;

/* Once, before any thread starts. */
void stream_start_library(void);

/* Connects as ENDPOINT says (implicit TLS on 993 and 465, STARTTLS on 143, 25 and 587,
 * elsewhere implicit first). Nothing but CAPABILITY/EHLO and STARTTLS has been sent; the greeting
 * is kept (stream_greeting). What the peer sent behind curl's last reply is lost: the protocol's
 * first act is a command of its own, dropping all before its answer. CANCEL is borrowed and must
 * outlive the stream. Failures: the FAILURE_NAME_…, CONNECT_…, PROXY_…, TLS_… and TIMEOUT rows. */
Stream *stream_open(const Endpoint *endpoint, const Cancel *cancel, GError **error);

/* A certificate that a server showed. */
typedef struct StreamCertificate {
	char *subject; /* the common name, else the whole one */
	char *issuer;
	char *names;	     /* "imap.amt.example, smtp.amt.example"; "" for none */
	int64_t valid_from;  /* seconds since 1970; 0: not readable */
	int64_t valid_until; /* the same */
} StreamCertificate;

/* How far a connection came: milliseconds from its start, -1 for what it did not come to. */
typedef struct StreamReport {
	int64_t connected; /* TCP, with the server or its proxy */
	int64_t reached;   /* the server, through the proxy too */
	int64_t handshake; /* TLS begun */
	int64_t encrypted; /* TLS done */
	int64_t ended;	   /* greeted by the server, or failed */
	bool starttls;
	char *address; /* of server or proxy; NULL: unknown */
	char *version; /* "TLSv1.3" and the like; NULL: no handshake succeeded */
	char *cipher;  /* the same */
	/* StreamCertificate * as the server sent them, its own first, then the authority's of ours
	 * that the chain ends at, if it was found. */
	GPtrArray *chain;
} StreamReport;

void stream_report_clear(StreamReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StreamReport, stream_report_clear)

/* stream_open that fills REPORT, also if it fails. After several attempts it is of the last. */
Stream *stream_open_watched(
	const Endpoint *endpoint, const Cancel *cancel, StreamReport *report, GError **error);

/* The addresses of HOST as texts, yours; within TIMEOUT seconds. FAILURE_NAME_UNKNOWN,
 * FAILURE_NAME_TEMPORARY, FAILURE_CANCELLED. */
GPtrArray *stream_resolve(const char *host, int timeout, const Cancel *cancel, GError **error);

/* From now on CANCEL (nullable), borrowed, is what ends waiting. */
void stream_set_cancel(Stream *stream, const Cancel *cancel);
/* From DEADLINE on, monotonic milliseconds, whatever would wait fails with FAILURE_TIMEOUT, and so
 * does what goes on waiting then; 0: only the timeout counts. */
void stream_set_deadline(Stream *stream, int64_t deadline);
/* From now on it waits FACTOR times as long as the endpoint's timeout says; 1: as at the start. */
void stream_set_patience(Stream *stream, int factor);

/* A stream over memory for tests: reads INPUT in pieces of at most CHUNK bytes, then ends; what is
 * written is collected. */
Stream *stream_open_memory(GBytes *input, size_t chunk);
/* What was written so far, borrowed. */
const GString *stream_memory_output(const Stream *stream);

/* A stream over a connected socket (taken), for tests against a scripted server. */
Stream *stream_open_socket(int descriptor, int timeout_seconds, const Cancel *cancel);

void stream_close(Stream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)

/* The server's first line without CRLF ("* OK …", "* PREAUTH …", "220 …"), borrowed; "" if unknown.
 */
const char *stream_greeting(const Stream *stream);

/* Whether the bytes are encrypted, and how ("TLSv1.3", "TLS_AES_256_GCM_SHA384"); NULL if not. */
bool stream_is_encrypted(const Stream *stream);
const char *stream_tls_version(const Stream *stream);
const char *stream_tls_cipher(const Stream *stream);
/* What must not come back into a message out of anything that the peer says, as long as the stream
 * is open: the passwords of endpoint and proxy, and what sessions add. */
Repeats *stream_secrets(Stream *stream);
/* Host for SASL and messages, borrowed. */
const char *stream_host(const Stream *stream);

/* Reads up to SIZE bytes, at least one; 0 at the peer's end; -1 on failure. Waits at most the
 * endpoint's timeout without progress, five times as long with next to none (less than 1 KiB for
 * each; counted anew with all that is sent) (FAILURE_TIMEOUT), wakes for CANCEL
 * (FAILURE_CANCELLED). Before waiting, what was buffered by stream_write is sent. */
ssize_t stream_read(Stream *stream, void *data, size_t size, GError **error);

/* One byte ahead without consuming it; the same results (1, 0, -1). For lexers. */
ssize_t stream_peek(Stream *stream, unsigned char *byte, GError **error);

/* Direct access to what is buffered, for lexers and literals without copying: fills *DATA with at
 * least one byte (reading if the buffer is empty) and answers how many, as stream_read. The caller
 * consumes with stream_consume. */
ssize_t stream_fill(Stream *stream, const unsigned char **data, GError **error);
void stream_consume(Stream *stream, size_t size);

/* Reads a line ended by LF, without CRLF, into LINE (overwritten). Longer than LIMIT:
 * FAILURE_LINE_TOO_LONG. The peer's end: FAILURE_CONNECTION_LOST. */
bool stream_read_line(Stream *stream, GString *line, size_t limit, GError **error);

/* Buffers DATA; sends when the buffer is full, reading meanwhile so that pipelining cannot
 * deadlock. */
bool stream_write(Stream *stream, const void *data, size_t size, GError **error);
bool stream_flush(Stream *stream, GError **error);

/* Takes in what has come, without waiting and without sending; how many bytes are buffered then,
 * -1: none, and none will come, which reading reports. In memory nothing comes unasked. */
ssize_t stream_look(Stream *stream);

/* Bytes received and sent since opening, after decryption. What is not counted as sent has not
 * reached the peer, also after a failure. */
uint64_t stream_bytes_read(const Stream *stream);
uint64_t stream_bytes_written(const Stream *stream);
/* Bytes that stream_write has buffered. */
uint64_t stream_bytes_queued(const Stream *stream);

/* Which TLS versions the server of ENDPOINT speaks: bits 0 to 3 for 1.0 to 1.3, by at most four
 * handshakes without a login. For the sentence after a failed version. */
unsigned stream_probe_tls(const Endpoint *endpoint, const Cancel *cancel);
