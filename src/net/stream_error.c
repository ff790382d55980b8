/* THE translation of libcurl's codes, and of what a greeting showed, into the catalogue of
 * failures. */
#include "net/stream_internal.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include "base/i18n.h"
#include "base/text.h"

/* CURLE_TOO_LARGE of newer versions than we build with: their own limit for lines. */
#define CURLE_LINE_TOO_LONG 100

static Failure failure_of_fault(Fault fault)
{
	static const Failure failures[] = {
		[FAULT_FLOOD] = FAILURE_LINE_TOO_LONG,
		[FAULT_GARBAGE] = FAILURE_SERVER_GARBAGE,
		[FAULT_BYE] = FAILURE_SERVER_BYE,
		[FAULT_UNAVAILABLE] = FAILURE_SERVER_UNAVAILABLE,
		[FAULT_SHUT_OUT] = FAILURE_CLIENT_REFUSED,
		[FAULT_TLS_REQUIRED] = FAILURE_TLS_REQUIRED,
		[FAULT_TLS_IMPLICIT] = FAILURE_TLS_IMPLICIT,
	};

	return failures[fault];
}

/* The protocol, other than ours, whose server greets like this; NULL: none that is known. */
static const char *other_protocol(const Attempt *attempt)
{
	static const struct {
		const char *start;
		const char *word; /* NULL: START is enough */
		const char *name;
	} greetings[] = {
		{"* OK", NULL, "IMAP"},
		{"* PREAUTH", NULL, "IMAP"},
		{"+OK", NULL, "POP3"},
		{"SSH-", NULL, "SSH"},
		{"HTTP/", NULL, "HTTP"},
		{"220", "FTP", "FTP"},
		{"220", NULL, "SMTP"},
		{"554", NULL, "SMTP"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(greetings); i++) {
		if (g_str_has_prefix(attempt->greeting->str, greetings[i].start) &&
			(!greetings[i].word || strstr(attempt->greeting->str, greetings[i].word)))
			return greetings[i].name;
	}
	return NULL;
}

/* OpenSSL's error number, which curl reports only as text: "error:0A00042E:SSL routines::…". */
static unsigned long openssl_error(const Attempt *attempt)
{
	const char *place = g_strstr_len(attempt->text, -1, "error:");

	return place ? strtoul(place + 6, NULL, 16) : 0;
}

HandshakeFault stream_error_handshake(const Attempt *attempt)
{
	unsigned long number = openssl_error(attempt);

	if (number == 0 || ERR_GET_REASON(number) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return HANDSHAKE_LOST;
	switch (ERR_GET_REASON(number)) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
		return HANDSHAKE_NOT_TLS;
	default:
		return HANDSHAKE_OTHER;
	}
}

static Failure failure_of_handshake(const Attempt *attempt, unsigned spoken)
{
	HandshakeFault fault = stream_error_handshake(attempt);

	/* In the clear behind an accepted STARTTLS: bytes that somebody put there. */
	if (fault == HANDSHAKE_NOT_TLS)
		return attempt->security == SECURITY_STARTTLS ? FAILURE_TLS_INJECTION
							      : FAILURE_TLS_NOT_SPOKEN;
	if (spoken != 0 && !(spoken & stream_tls_versions(attempt->endpoint->tls)))
		return FAILURE_TLS_VERSION;
	return fault == HANDSHAKE_LOST ? FAILURE_CONNECTION_LOST : FAILURE_TLS_HANDSHAKE;
}

static Failure failure_of_certificate(const Attempt *attempt)
{
	long result = X509_V_OK;

	curl_easy_getinfo(attempt->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result) {
	/* The chain is good, so it was curl's own check of the name; 1 is its value from before. */
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return FAILURE_TLS_HOST_MISMATCH;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return FAILURE_TLS_AUTHORITY;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return FAILURE_TLS_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return FAILURE_TLS_NOT_YET_VALID;
	default:
		return FAILURE_TLS_CERTIFICATE;
	}
}

/* Nothing came through the proxy. A live proxy that waits for a dead server is as silent as one
 * that is none. */
static Failure blame_proxy(const Attempt *attempt)
{
	if (stream_proxy_answers(attempt->endpoint, attempt->cancel))
		return FAILURE_PROXY_UNREACHABLE;
	return attempt->endpoint->proxy.kind == PROXY_HTTP ? FAILURE_PROXY_NOT_HTTP
							   : FAILURE_PROXY_NOT_SOCKS;
}

static bool has_proxy_login(const Attempt *attempt)
{
	return attempt->endpoint->proxy.username || attempt->endpoint->proxy.password;
}

static Failure failure_of_proxy_login(const Attempt *attempt)
{
	return has_proxy_login(attempt) ? FAILURE_PROXY_LOGIN : FAILURE_PROXY_LOGIN_MISSING;
}

/* What a proxy says of the server behind it: SOCKS's reply or HTTP's status, in words. */
typedef struct ProxyWord {
	long code;  /* curl's, or HTTP's */
	int number; /* as the proxy sent it */
	const char *text;
} ProxyWord;

static const ProxyWord socks_words[] = {
	{CURLPX_REPLY_GENERAL_SERVER_FAILURE, 1, N_("allgemeiner Fehler des Proxys")},
	{CURLPX_REPLY_NETWORK_UNREACHABLE, 3, N_("das Netz des Servers ist nicht zu erreichen")},
	{CURLPX_REPLY_HOST_UNREACHABLE, 4,
		N_("der Server ist nicht zu erreichen, oder seinen Namen gibt es nicht")},
	{CURLPX_REPLY_CONNECTION_REFUSED, 5,
		N_("der Server nimmt auf diesem Port keine Verbindung an")},
	{CURLPX_REPLY_TTL_EXPIRED, 6, N_("der Server antwortet nicht")},
	{CURLPX_REPLY_COMMAND_NOT_SUPPORTED, 7, N_("solche Verbindungen stellt er nicht her")},
	{CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, 8,
		N_("mit Namen oder Adressen dieser Art kann er nichts anfangen")},
	{0},
};

static const ProxyWord http_words[] = {
	{500, 500, N_("Fehler des Proxys, oder den Namen des Servers gibt es nicht")},
	{502, 502, N_("er bekommt vom Server keine brauchbare Antwort")},
	{503, 503,
		N_("der Server nimmt auf diesem Port keine Verbindung an, oder seinen Namen gibt "
		   "es nicht")},
	{504, 504, N_("der Server antwortet nicht rechtzeitig")},
	{0},
};

static Failure failure_of_socks(const Attempt *attempt)
{
	long reply = CURLPX_OK;

	curl_easy_getinfo(attempt->easy, CURLINFO_PROXY_ERROR, &reply);
	switch (reply) {
	case CURLPX_REPLY_NOT_ALLOWED:
		return FAILURE_PROXY_FORBIDDEN;
	case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED:
	case CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
	case CURLPX_REPLY_CONNECTION_REFUSED:
	case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
	case CURLPX_REPLY_HOST_UNREACHABLE:
	case CURLPX_REPLY_NETWORK_UNREACHABLE:
	case CURLPX_REPLY_TTL_EXPIRED:
	case CURLPX_REPLY_UNASSIGNED:
		return FAILURE_PROXY_UNREACHABLE;
	case CURLPX_NO_AUTH:
	case CURLPX_USER_REJECTED:
	case CURLPX_IDENTD:
	case CURLPX_IDENTD_DIFFER:
	case CURLPX_GSSAPI:
	case CURLPX_GSSAPI_PERMSG:
	case CURLPX_GSSAPI_PROTECTION:
	case CURLPX_LONG_USER: /* SOCKS has no room for more than 255 bytes */
	case CURLPX_LONG_PASSWD:
		return failure_of_proxy_login(attempt);
	default:
		return blame_proxy(attempt);
	}
}

/* Status of the answer to CONNECT; 0: none, or no HTTP proxy. */
static long connect_status(const Attempt *attempt)
{
	long status = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status;
}

static bool has_http_proxy(const Attempt *attempt)
{
	return attempt->endpoint->proxy.host && attempt->endpoint->proxy.kind == PROXY_HTTP;
}

/* A connection that ended: at an HTTP proxy its answer says why, behind it the server left. */
static Failure failure_of_loss(const Attempt *attempt)
{
	long status = connect_status(attempt);

	if (!has_http_proxy(attempt) || status == HTTP_OK)
		return FAILURE_CONNECTION_LOST;
	switch (status) {
	case 0:
		return blame_proxy(attempt);
	case HTTP_BAD_REQUEST:
	case HTTP_NOT_ALLOWED:
	case HTTP_NOT_IMPLEMENTED:
		return FAILURE_PROXY_NOT_HTTP;
	case HTTP_PROXY_LOGIN:
		return failure_of_proxy_login(attempt);
	case HTTP_FORBIDDEN:
		return FAILURE_PROXY_FORBIDDEN;
	default:
		return FAILURE_PROXY_UNREACHABLE;
	}
}

/* Whether the way led to the server itself: a SOCKS proxy's answer shows only by what follows. */
static bool came_through_proxy(const Attempt *attempt)
{
	curl_off_t handshake = 0;

	if (has_http_proxy(attempt))
		return connect_status(attempt) == HTTP_OK;
	curl_easy_getinfo(attempt->easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
	return handshake > 0 || attempt->received > 0;
}

static Failure failure_of_time(const Attempt *attempt)
{
	bool proxied = attempt->endpoint->proxy.host != NULL;
	curl_off_t looked_up = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
	if (looked_up == 0 && attempt->received == 0)
		return proxied ? FAILURE_PROXY_NAME_TEMPORARY : FAILURE_NAME_TEMPORARY;
	return proxied && !came_through_proxy(attempt) ? blame_proxy(attempt) : FAILURE_TIMEOUT;
}

/* With a proxy only the proxy's name is looked up here, whichever code curl has for it. */
static Failure failure_of_name(const Attempt *attempt)
{
	const char *proxy = attempt->endpoint->proxy.host;
	const char *name = proxy ? proxy : attempt->endpoint->host;
	Failure failure = stream_name_failure(name, attempt->deadline, attempt->cancel);

	if (proxy && failure == FAILURE_NAME_UNKNOWN)
		return FAILURE_PROXY_NAME_UNKNOWN;
	if (proxy && failure == FAILURE_NAME_TEMPORARY)
		return FAILURE_PROXY_NAME_TEMPORARY;
	return failure;
}

/* Curl's 8: an accepted STARTTLS with bytes behind it, or no mail server. */
static Failure failure_of_reply(const Attempt *attempt)
{
	if (has_http_proxy(attempt) && connect_status(attempt) == 0)
		return blame_proxy(attempt);
	return attempt->security == SECURITY_STARTTLS && attempt->ready_replies > 1
		       ? FAILURE_TLS_INJECTION
		       : FAILURE_SERVER_GARBAGE;
}

static Failure failure_of_code(const Attempt *attempt, unsigned spoken)
{
	switch (attempt->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_URL_MALFORMAT: /* a name that IDNA does not allow */
		return failure_of_name(attempt);
	case CURLE_COULDNT_CONNECT:
		return attempt->endpoint->proxy.host ? FAILURE_PROXY_REFUSED
						     : FAILURE_CONNECT_REFUSED;
	case CURLE_PROXY:
		return failure_of_socks(attempt);
	case CURLE_OPERATION_TIMEDOUT:
		return failure_of_time(attempt);
	case CURLE_SSL_CONNECT_ERROR:
		return failure_of_handshake(attempt, spoken);
	case CURLE_PEER_FAILED_VERIFICATION:
		return failure_of_certificate(attempt);
	case CURLE_SSL_CACERT_BADFILE:
		return FAILURE_TLS_CA_FILE;
	case CURLE_USE_SSL_FAILED:
	case CURLE_REMOTE_ACCESS_DENIED: /* EHLO refused, and with it STARTTLS */
		return FAILURE_TLS_STARTTLS_MISSING;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP 0.9: no status line */
		return failure_of_reply(attempt);
	case CURLE_LINE_TOO_LONG:
		return FAILURE_LINE_TOO_LONG;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return failure_of_loss(attempt);
	default:
		return FAILURE_INTERNAL;
	}
}

/* "proxy.amt.example (HTTP-Proxy, Port 3128, Benutzer amt; Ziel: imap.amt.example, Port 993)";
 * yours. */
static char *describe_proxy(const Endpoint *endpoint, bool target)
{
	const Proxy *proxy = &endpoint->proxy;
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, _("%s (%s-Proxy, Port %u"), proxy->host,
		proxy->kind == PROXY_HTTP ? "HTTP" : "SOCKS5", proxy->port);
	if (proxy->username)
		g_string_append_printf(text, _(", Benutzer %s"), proxy->username);
	if (target)
		g_string_append_printf(
			text, _("; Ziel: %s, Port %u"), endpoint->host, endpoint->port);
	g_string_append_c(text, ')');
	return g_string_free(text, FALSE);
}

/* What the sentence of FAILURE names; yours. */
static char *subject_of(const Attempt *attempt, Failure failure, unsigned spoken)
{
	const Endpoint *endpoint = attempt->endpoint;

	switch (failure) {
	case FAILURE_PROXY_NAME_UNKNOWN:
	case FAILURE_PROXY_NAME_TEMPORARY:
		return g_strdup(endpoint->proxy.host);
	case FAILURE_PROXY_NOT_HTTP:
	case FAILURE_PROXY_NOT_SOCKS:
		return g_strdup_printf(
			_("„%s“, Port %u,"), endpoint->proxy.host, endpoint->proxy.port);
	case FAILURE_PROXY_REFUSED:
	case FAILURE_PROXY_LOGIN:
	case FAILURE_PROXY_LOGIN_MISSING:
		return describe_proxy(endpoint, false);
	case FAILURE_PROXY_FORBIDDEN:
	case FAILURE_PROXY_UNREACHABLE:
		return describe_proxy(endpoint, true);
	case FAILURE_CONNECT_REFUSED:
		return g_strdup_printf(_("%s (Port %u)"), endpoint->host, endpoint->port);
	case FAILURE_NOT_IMAP:
	case FAILURE_NOT_SMTP:
		return g_strdup_printf(
			_("%u antwortet ein %s-Server"), endpoint->port, other_protocol(attempt));
	case FAILURE_TLS_CA_FILE:
		return g_strdup(endpoint->ca_file);
	case FAILURE_TLS_VERSION:
		return endpoint->tls_is_fixed ? stream_tls_describe_fixed(spoken)
					      : stream_tls_describe_mismatch(endpoint->tls, spoken);
	default:
		return g_strdup(endpoint->host);
	}
}

/* "Der Proxy meldet: … (SOCKS 4)."; NULL: it said nothing that is known. Yours. */
static char *quote_proxy(const Attempt *attempt)
{
	bool http = attempt->endpoint->proxy.kind == PROXY_HTTP;
	const ProxyWord *word = http ? http_words : socks_words;
	long code = connect_status(attempt);

	if (!http)
		curl_easy_getinfo(attempt->easy, CURLINFO_PROXY_ERROR, &code);
	while (word->text && word->code != code)
		word++;
	return word->text ? g_strdup_printf(_("Der Proxy meldet: %s (%s %d)."), _(word->text),
				    http ? "HTTP" : "SOCKS", word->number)
			  : NULL;
}

/* The port that people use where the present one leads to FAILURE. */
static const char *usual_port(const Endpoint *endpoint, Failure failure)
{
	if (endpoint->protocol == MAIL_PROTOCOL_IMAP)
		return failure == FAILURE_TLS_NOT_SPOKEN && endpoint->port == 993
			       ? _("143 (mit STARTTLS)")
			       : "993";
	if (failure == FAILURE_TLS_IMPLICIT ||
		(failure == FAILURE_TLS_STARTTLS_MISSING && endpoint->port == 587))
		return "465";
	return _("587 (mit STARTTLS)");
}

/* What the advice says beyond its row; NULL: nothing. Yours. */
static char *remedy_of(const Attempt *attempt, Failure failure, unsigned spoken)
{
	switch (failure) {
	case FAILURE_TLS_VERSION:
		return attempt->endpoint->tls_is_fixed
			       ? g_strdup(_("Mit Office 365 ist TLS 1.2 Pflicht; es gibt keinen "
					    "anderen Wert. Ein Administrator kann prüfen, ob der "
					    "Servername stimmt."))
			       : g_strdup_printf(_("Ein Administrator kann unter SSL/TLS „%s“ "
						   "wählen."),
					 stream_tls_suitable(spoken));
	case FAILURE_PROXY_UNREACHABLE:
		return quote_proxy(attempt);
	case FAILURE_TLS_NOT_SPOKEN:
	case FAILURE_TLS_STARTTLS_MISSING:
	case FAILURE_TLS_IMPLICIT:
		return g_strdup(usual_port(attempt->endpoint, failure));
	case FAILURE_TLS_AUTHORITY:
		return attempt->endpoint->ca_file
			       ? g_strdup_printf(
					 _("Eingetragen ist „%s“: Darin fehlt der Aussteller "
					   "dieses Zertifikats, oder der Server sendet "
					   "sein Zwischenzertifikat nicht mit."),
					 attempt->endpoint->ca_file)
			       : NULL;
	default:
		return NULL;
	}
}

/* The technical message: the server's own words, else curl's, else ours; yours. */
static char *describe(const Attempt *attempt)
{
	static const char *const texts[] = {
		[FAULT_CANCELLED] = "cancelled",
		[FAULT_TIMEOUT] = "no answer in time",
		[FAULT_FLOOD] = "more data than a greeting can be",
		[FAULT_TLS_REQUIRED] = "silent without encryption, but it speaks TLS",
		[FAULT_TLS_IMPLICIT] = "silent before STARTTLS, but it takes a TLS handshake",
	};

	if (repeats_in_text(attempt->secrets, attempt->farewell->str, attempt->farewell->len))
		return g_strdup(REPEATS_WITHHELD);
	if (attempt->farewell->len > 0) {
		g_autofree char *valid =
			text_make_valid(attempt->farewell->str, attempt->farewell->len);

		return text_for_terminal(valid);
	}
	if (attempt->fault != FAULT_NONE)
		return g_strdup(texts[attempt->fault] ? texts[attempt->fault] : "empty line");
	return g_strdup(*attempt->text ? repeats_withhold(attempt->secrets, attempt->text)
				       : curl_easy_strerror(attempt->code));
}

static Failure translate(const Attempt *attempt, unsigned spoken)
{
	/* Also while the server was probed after another failure. */
	if (cancel_triggered(attempt->cancel))
		return FAILURE_CANCELLED;
	switch (attempt->fault) {
	case FAULT_NONE:
		return failure_of_code(attempt, spoken);
	case FAULT_TIMEOUT:
		return failure_of_time(attempt);
	case FAULT_GARBAGE:
		if (other_protocol(attempt))
			return attempt->endpoint->protocol == MAIL_PROTOCOL_IMAP ? FAILURE_NOT_IMAP
										 : FAILURE_NOT_SMTP;
		return FAILURE_SERVER_GARBAGE;
	default:
		return failure_of_fault(attempt->fault);
	}
}

void stream_error_set(const Attempt *attempt, unsigned spoken, GError **error)
{
	const Endpoint *endpoint = attempt->endpoint;
	Failure failure = translate(attempt, spoken);
	g_autofree char *subject = subject_of(attempt, failure, spoken);
	g_autofree char *text = describe(attempt);

	g_autofree char *remedy = remedy_of(attempt, failure, spoken);

	failure_set(
		error, failure, subject, "%s port %u: %s", endpoint->host, endpoint->port, text);
	if (error && *error && remedy)
		failure_set_remedy(*error, remedy);
}

void stream_error_set_transfer(const Stream *stream, CURLcode code, GError **error)
{
	failure_set(error, FAILURE_CONNECTION_LOST, stream->host, "%s: %s", stream->host,
		curl_easy_strerror(code));
}
