/* Connecting: which attempts a TLS value and a port call for, and when a second one is worth it.
 * The attempt itself is in stream_attempt.c. */
#include "net/stream_internal.h"

#include <stdlib.h>
#include "base/clock.h"

/* A mail server greets at once; one that is silent for so long on a plain connection may be waiting
 * for a TLS handshake. Milliseconds. */
#define SILENCE_PATIENCE 3000

void stream_start_library(void)
{
	/* Curl would write every session's keys there. */
	unsetenv("SSLKEYLOGFILE");
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* On the ports of STARTTLS no server waits for a handshake, and some delay their greeting on
 * purpose and shut out whoever speaks first. */
static bool may_wait_for_tls(const Attempt *attempt)
{
	Endpoint encrypted = *attempt->endpoint;
	Security plan[2];

	encrypted.tls = TLS_MODE_SERVER;
	stream_tls_plan(&encrypted, plan);
	return attempt->security == SECURITY_NONE && plan[0] == SECURITY_IMPLICIT;
}

static bool is_connected_in_silence(const Attempt *attempt)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_CONNECT_TIME_T, &connected);
	return connected > 0 && attempt->received == 0;
}

/* A server that stayed silent to the end on a port of STARTTLS: asking costs nothing any more. */
static bool may_have_waited_for_tls(const Attempt *attempt)
{
	Endpoint encrypted = *attempt->endpoint;
	Security plan[2];

	encrypted.tls = TLS_MODE_SERVER;
	stream_tls_plan(&encrypted, plan);
	return plan[0] == SECURITY_STARTTLS && is_connected_in_silence(attempt) &&
	       (attempt->fault == FAULT_TIMEOUT || attempt->code == CURLE_OPERATION_TIMEDOUT);
}

/* Runs ATTEMPT to its end, but tells a silent peer that speaks TLS from one that is slow. */
static void run(Attempt *attempt)
{
	int64_t patience = MIN(SILENCE_PATIENCE, attempt->endpoint->timeout * INT64_C(1000) / 2);

	if (may_wait_for_tls(attempt)) {
		if (attempt_run(attempt, clock_monotonic() + patience))
			return;
		if (is_connected_in_silence(attempt) &&
			stream_tls_probe(attempt->endpoint, SECURITY_IMPLICIT, attempt->deadline,
				attempt->cancel)) {
			attempt->fault = FAULT_TLS_REQUIRED;
			return;
		}
	}
	while (!attempt_run(attempt, attempt->deadline))
		;
	if (may_have_waited_for_tls(attempt) &&
		stream_tls_is_implicit(
			attempt->endpoint, clock_monotonic() + SILENCE_PATIENCE, attempt->cancel))
		attempt->fault = attempt->security == SECURITY_NONE ? FAULT_TLS_REQUIRED
								    : FAULT_TLS_IMPLICIT;
}

static bool failed_handshake(const Attempt *attempt)
{
	return attempt->fault == FAULT_NONE && attempt->code == CURLE_SSL_CONNECT_ERROR;
}

static bool speaks_no_tls(const Attempt *attempt)
{
	return failed_handshake(attempt) && stream_error_handshake(attempt) == HANDSHAKE_NOT_TLS;
}

/* Which TLS versions the peer of a failed handshake speaks: servers refuse a version in many ways,
 * only asking tells. */
static unsigned probe_after(const Attempt *attempt)
{
	int64_t deadline = clock_monotonic() + attempt->endpoint->timeout * INT64_C(1000);

	if (!failed_handshake(attempt) || speaks_no_tls(attempt))
		return 0;
	return stream_tls_probe(attempt->endpoint, attempt->security, deadline, attempt->cancel);
}

/* Whether the peer may be one that wants STARTTLS: it answered in the clear, or hung up on every
 * handshake. */
static bool may_want_starttls(const Attempt *attempt, unsigned spoken)
{
	return failed_handshake(attempt) && spoken == 0 &&
	       stream_error_handshake(attempt) != HANDSHAKE_OTHER;
}

/* NULL with ERROR set, or without if the peer speaks no TLS and MAY_FALL_BACK. */
static Stream *connect_by(const Endpoint *endpoint, Security security, bool may_fall_back,
	const Cancel *cancel, StreamReport *report, GError **error)
{
	g_auto(Attempt) attempt = {0};
	unsigned spoken;

	if (!attempt_start(&attempt, endpoint, security, false, cancel, error))
		return NULL;
	stream_report_watch(&attempt, report);
	run(&attempt);
	stream_report_end(&attempt);
	if (attempt_succeeded(&attempt))
		return attempt_take_stream(&attempt);
	spoken = probe_after(&attempt);
	if (!may_fall_back || !may_want_starttls(&attempt, spoken))
		stream_error_set(&attempt, spoken, error);
	return NULL;
}

Stream *stream_open_watched(
	const Endpoint *endpoint, const Cancel *cancel, StreamReport *report, GError **error)
{
	g_autoptr(GError) problem = NULL;
	Stream *stream = NULL;
	Security plan[2];
	unsigned count = stream_tls_plan(endpoint, plan);

	for (unsigned i = 0; i < count && !stream && !problem; i++)
		stream = connect_by(endpoint, plan[i], i + 1 < count, cancel, report, &problem);
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return stream;
}

Stream *stream_open(const Endpoint *endpoint, const Cancel *cancel, GError **error)
{
	return stream_open_watched(endpoint, cancel, NULL, error);
}
