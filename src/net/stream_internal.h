/* What the files of net/ share: the stream itself, its transports, and attempts to connect. */
#pragma once

#include "net/stream.h"

#include <curl/curl.h>
#include "failure/failure.h"

typedef enum Transfer { TRANSFER_DONE, TRANSFER_AGAIN, TRANSFER_FAILED } Transfer;

/* Where the bytes go; neither function waits. TRANSFER_DONE with 0 bytes received is the end. */
typedef struct Transport {
	Transfer (*receive)(Stream *stream, void *data, size_t size, size_t *count, GError **error);
	Transfer (*send)(
		Stream *stream, const void *data, size_t size, size_t *count, GError **error);
	void (*close)(Stream *stream);
} Transport;

struct Stream {
	const Transport *transport;
	int descriptor;	  /* for poll, -1 in memory */
	int timeout;	  /* milliseconds without progress */
	int patience;	  /* how many timeouts */
	int64_t deadline; /* monotonic milliseconds; 0: none */
	const Cancel *cancel;
	char *host;
	char *greeting;
	Repeats *secrets;
	char *tls_version; /* NULL: not encrypted */
	char *tls_cipher;

	unsigned char *input;
	size_t input_size;
	size_t input_start; /* first byte that the caller has not consumed */
	size_t input_end;
	bool ended; /* the peer has closed */

	GString *output;
	bool unbuffered;  /* every write is sent at once */
	bool send_failed; /* part of the output may be gone: nothing more goes out */
	uint64_t bytes_read;
	uint64_t bytes_written;
	int64_t waited; /* milliseconds for input, of the window in which its rate is looked at */
	uint64_t rate_start; /* bytes_read at the window's start */

	CURLM *multi; /* both NULL unless connected by curl */
	CURL *easy;
	GBytes *memory; /* in memory only, as the next three */
	size_t memory_offset;
	size_t memory_chunk;
	GString *memory_output;
};

extern const Transport stream_transport_curl;

/* A stream over TRANSPORT with empty buffers. */
Stream *stream_new(
	const Transport *transport, const char *host, int timeout_seconds, const Cancel *cancel);

typedef enum Security { SECURITY_NONE, SECURITY_IMPLICIT, SECURITY_STARTTLS } Security;

/* What ended an attempt other than curl itself. */
typedef enum Fault {
	FAULT_NONE,
	FAULT_CANCELLED,
	FAULT_TIMEOUT,
	FAULT_FLOOD,	    /* more than a greeting can need */
	FAULT_GARBAGE,	    /* no greeting of the protocol */
	FAULT_BYE,	    /* the server closes, in its own words */
	FAULT_UNAVAILABLE,  /* SMTP 4xx */
	FAULT_SHUT_OUT,	    /* SMTP 554: it serves others, not this machine */
	FAULT_TLS_IMPLICIT, /* silent before STARTTLS, and it waits for a handshake */
	FAULT_TLS_REQUIRED  /* silent on a plain connection, and it speaks TLS */
} Fault;

/* One attempt to connect: what is asked for, curl's handles, and what the peer has shown. */
typedef struct Attempt {
	const Endpoint *endpoint;
	const Cancel *cancel;
	Security security;
	bool probe; /* only whether a handshake succeeds: no certificate is looked at */

	Repeats *secrets; /* that the peer, or a proxy in its place, may repeat */
	CURLM *multi;
	CURL *easy;
	char text[CURL_ERROR_SIZE]; /* what curl says about its failure */
	CURLcode code;
	Fault fault;
	bool proxy_restarted;	    /* with the kind of login that the proxy asked for */
	int64_t deadline;	    /* on the monotonic clock, for name, proxy, TLS and greeting */
	GString *greeting;	    /* the first line */
	GString *farewell;	    /* the line that made the fault */
	size_t received;	    /* bytes of whole lines */
	StreamReport *report;	    /* to be filled, borrowed; NULL: nobody asks */
	struct ssl_ctx_st *context; /* of the handshake that REPORT is told of; NULL: none */
	int64_t started;	    /* on the monotonic clock */
	unsigned ready_replies; /* IMAP: tagged OK; SMTP: 220. The second one accepts STARTTLS. */
} Attempt;

/* SCHEME://HOST:PORT PATH put together by curl's own rules for host names, yours; NULL if HOST
 * breaks them. */
char *attempt_make_url(const char *scheme, const char *host, uint16_t port, const char *path);
/* Fills ATTEMPT with handles that behave; where to go is still to be set, then attempt_begin adds
 * proxy and TLS. ENDPOINT and CANCEL are borrowed. */
void attempt_init(Attempt *attempt, const Endpoint *endpoint, Security security, bool probe,
	const Cancel *cancel);
bool attempt_begin(Attempt *attempt, GError **error);
/* Both, for a mail server; false with ERROR set if the endpoint cannot even be asked for. */
bool attempt_start(Attempt *attempt, const Endpoint *endpoint, Security security, bool probe,
	const Cancel *cancel, GError **error);
/* Goes on until the end (true; code and fault say how) or UNTIL (false). */
bool attempt_run(Attempt *attempt, int64_t until);
bool attempt_succeeded(const Attempt *attempt);
void attempt_clear(Attempt *attempt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

/* What has succeeded as a stream; ATTEMPT keeps nothing. */
Stream *attempt_take_stream(Attempt *attempt);

/* stream_proxy.c: whether what listens where ENDPOINT's proxy should be answers in that proxy's
 * language. A proxy that is asked for a dead server is silent, too. */
bool stream_proxy_answers(const Endpoint *endpoint, const Cancel *cancel);

/* OpenSSL's reason of a failed handshake, as far as it matters here. */
typedef enum HandshakeFault {
	HANDSHAKE_OTHER,
	HANDSHAKE_NOT_TLS, /* the peer's bytes are no TLS */
	HANDSHAKE_LOST	   /* closed or reset without a word */
} HandshakeFault;

HandshakeFault stream_error_handshake(const Attempt *attempt);

/* THE translation of curl's codes and our faults into failures. SPOKEN are the versions that a
 * probe found after a failed handshake. */
void stream_error_set(const Attempt *attempt, unsigned spoken, GError **error);
/* The same for a connected stream. */
void stream_error_set_transfer(const Stream *stream, CURLcode code, GError **error);

/* Which failure it is that HOST has no address: FAILURE_NAME_TEMPORARY, FAILURE_NAME_UNKNOWN,
 * FAILURE_CANCELLED. Waits until DEADLINE at most. */
Failure stream_name_failure(const char *host, int64_t deadline, const Cancel *cancel);

/* stream_report.c: has ATTEMPT, which is not running yet, note for REPORT (nullable) what will be
 * seen; and notes how it ended. */
void stream_report_watch(Attempt *attempt, StreamReport *report);
void stream_report_end(Attempt *attempt);
/* The server has been reached: it has said something, or its handshake begins. */
void stream_report_sign(const Attempt *attempt);

/* What an HTTP proxy answers to CONNECT; 400, 405 and 501 come from web servers that do not know
 * it. */
#define HTTP_OK 200
#define HTTP_BAD_REQUEST 400
#define HTTP_NOT_ALLOWED 405
#define HTTP_NOT_IMPLEMENTED 501
#define HTTP_FORBIDDEN 403
#define HTTP_PROXY_LOGIN 407

/* Which attempts TLS value and port call for, in order; answers how many (at most 2). */
unsigned stream_tls_plan(const Endpoint *endpoint, Security plan[static 2]);
/* TLS options of ATTEMPT for its curl handle. */
void stream_tls_configure(Attempt *attempt);
/* Bits 0 to 3 for TLS 1.0 to 1.3: what MODE admits, and what the server speaks by SECURITY. */
unsigned stream_tls_versions(TlsMode mode);
unsigned stream_tls_probe(
	const Endpoint *endpoint, Security security, int64_t deadline, const Cancel *cancel);
/* Whether the server begins with a handshake, of whatever version; one connection. */
bool stream_tls_is_implicit(const Endpoint *endpoint, int64_t deadline, const Cancel *cancel);
/* Yours: "eingestellt ist …, der Server kann …". */
char *stream_tls_describe_mismatch(TlsMode mode, unsigned spoken);
/* The same where the versions are no matter of choice. */
char *stream_tls_describe_fixed(unsigned spoken);
/* The label of the value that suits a server that speaks SPOKEN, borrowed: the default, if this
 * system's policy lets it, else the range from its newest version on. */
const char *stream_tls_suitable(unsigned spoken);
/* Notes version and cipher of a stream connected by curl. */
void stream_tls_note(Stream *stream);
