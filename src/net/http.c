/* A request and its answer, as one attempt of libcurl's (stream_attempt.c) with other eyes. */
#include "net/http.h"

#include <string.h>
#include "base/clock.h"
#include "net/stream_internal.h"

/* Bytes of status lines, headers and trailers. */
#define HEADER_LIMIT ((size_t)32 * 1024)

/* What comes in, in a buffer that never moves, so that no token is left behind by growing. */
typedef struct Inbox {
	Attempt *attempt;
	char *data;
	size_t size;
} Inbox;

static void inbox_clear(Inbox *inbox)
{
	secret_wipe(inbox->data, inbox->size);
	g_free(inbox->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inbox, inbox_clear)

void http_answer_clear(HttpAnswer *answer)
{
	g_clear_pointer(&answer->body, secret_free);
	g_clear_pointer(&answer->location, g_free);
}

/* For CURLOPT_WRITEFUNCTION. Any answer other than the whole size makes curl give up. */
static size_t take_body(char *data, size_t unit, size_t count, void *context)
{
	Inbox *inbox = context;
	size_t size = unit * count;

	if (size > HTTP_BODY_LIMIT - inbox->size) {
		inbox->attempt->fault = FAULT_FLOOD;
		return 0;
	}
	memcpy(inbox->data + inbox->size, data, size);
	inbox->size += size;
	return size;
}

/* For CURLOPT_HEADERFUNCTION; trailers are in none of curl's own counts. */
static size_t count_header(char *data, size_t unit, size_t count, void *context)
{
	Attempt *attempt = context;
	size_t size = unit * count;

	(void)data;
	attempt->received += size;
	if (attempt->received <= HEADER_LIMIT)
		return size;
	attempt->fault = FAULT_FLOOD;
	return 0;
}

/* Where REQUEST goes, as an endpoint that shares REQUEST's texts but HOST, which is its own; host
 * NULL: the URL is none. This machine itself lies behind no proxy. */
static Endpoint endpoint_of(const HttpRequest *request, bool *encrypted)
{
	g_autoptr(GUri) uri = g_uri_parse(request->url, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	const char *host = uri ? g_uri_get_host(uri) : NULL;
	int standard;
	int port;

	*encrypted = strcmp(scheme, "http") != 0;
	standard = *encrypted ? 443 : 80;
	port = uri ? g_uri_get_port(uri) : 0;
	return (Endpoint){
		.host = g_strdup(host),
		.port = (uint16_t)(port > 0 ? port : standard),
		.tls = TLS_MODE_FROM_1_2,
		.proxy = host && host_is_loopback(host) ? (Proxy){0} : *request->proxy,
		.ca_file = (char *)request->ca_file,
		.timeout = request->timeout,
	};
}

static void set_request(Attempt *attempt, const HttpRequest *request, Inbox *inbox)
{
	CURL *easy = attempt->easy;

	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (request->form) {
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)secret_size(request->form));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, secret_text(request->form));
	}
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "Amtspost/" AMTSPOST_VERSION);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, inbox);
}

/* What a header of the answer says; NULL: it is not there. */
static const char *get_header(CURL *easy, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
		       ? header->value
		       : NULL;
}

/* Seconds, or a date that is counted from the server's own clock. */
static int64_t read_retry_after(const char *text, int64_t date)
{
	guint64 seconds;
	int64_t until;

	if (!text)
		return -1;
	if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &seconds, NULL))
		return (int64_t)seconds;
	until = curl_getdate(text, NULL);
	return until > 0 && date > 0 ? MAX(until - date, 0) : -1;
}

static void fill_answer(CURL *easy, const Inbox *inbox, HttpAnswer *answer)
{
	const char *date = get_header(easy, "Date");
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	answer->date = date ? MAX(curl_getdate(date, NULL), 0) : 0;
	answer->retry_after = read_retry_after(get_header(easy, "Retry-After"), answer->date);
	answer->location = g_strdup(get_header(easy, "Location"));
	answer->body = secret_new(inbox->data, inbox->size);
}

static void run_to_end(Attempt *attempt)
{
	while (!attempt_run(attempt, attempt->deadline))
		;
	/* What curl says of a single line beyond its limit; of real want of memory GLib aborts. */
	if (attempt->code == CURLE_OUT_OF_MEMORY)
		attempt->fault = FAULT_FLOOD;
}

/* After a cancellation: waits on for the answer to a form that is already out. */
static void use_grace(Attempt *attempt, int seconds)
{
	const Cancel *cancel = attempt->cancel;
	curl_off_t sent = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (seconds == 0 || sent == 0 || attempt->code != CURLE_OK)
		return;
	attempt->fault = FAULT_NONE;
	attempt->cancel = NULL;
	attempt->deadline = MIN(attempt->deadline, clock_monotonic() + seconds * INT64_C(1000));
	run_to_end(attempt);
	attempt->cancel = cancel;
}

static bool run(const Endpoint *endpoint, Security security, const HttpRequest *request,
	const Cancel *cancel, HttpAnswer *answer, GError **error)
{
	g_auto(Attempt) attempt = {0};
	g_auto(Inbox) inbox = {.attempt = &attempt, .data = g_malloc(HTTP_BODY_LIMIT)};

	attempt_init(&attempt, endpoint, security, false, cancel);
	set_request(&attempt, request, &inbox);
	if (!attempt_begin(&attempt, error))
		return false;
	run_to_end(&attempt);
	if (attempt.fault == FAULT_CANCELLED)
		use_grace(&attempt, request->grace);
	if (attempt_succeeded(&attempt))
		fill_answer(attempt.easy, &inbox, answer);
	else
		stream_error_set(&attempt, 0, error);
	return attempt_succeeded(&attempt);
}

bool http_send(const HttpRequest *request, const Cancel *cancel, HttpAnswer *answer, GError **error)
{
	bool encrypted;
	Endpoint endpoint = endpoint_of(request, &encrypted);
	g_autofree char *host = endpoint.host;

	if (!host) {
		failure_set(error, FAILURE_NAME_UNKNOWN, request->url, "no URL: %s", request->url);
		return false;
	}
	return run(&endpoint, encrypted ? SECURITY_IMPLICIT : SECURITY_NONE, request, cancel,
		answer, error);
}
