/* The ten SSL/TLS values as curl options, the versions that they admit, and the probe for what a
 * server speaks. */
#include "net/stream_internal.h"

#include <openssl/ssl.h>
#include "base/clock.h"
#include "base/i18n.h"

/* The system's hashed directory: with its one big file each connection would cost 890 KiB. */
#define SYSTEM_AUTHORITIES "/etc/ssl/certs"
#define PROBE_TIMEOUT 10 /* seconds a handshake */

enum { TLS_1_0 = 1, TLS_1_1 = 2, TLS_1_2 = 4, TLS_1_3 = 8 };
#define TLS_OLD (TLS_1_0 | TLS_1_1)
#define TLS_VERSIONS 4

static const char *const version_names[TLS_VERSIONS] = {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

typedef struct TlsRange {
	const char *label;
	unsigned versions;
	long option;
} TlsRange;

static const TlsRange ranges[] = {
	[TLS_MODE_NONE] = {N_("Nein"), 0, CURL_SSLVERSION_DEFAULT},
	[TLS_MODE_SERVER] = {N_("Server (Standard)"), 0, CURL_SSLVERSION_DEFAULT}, /* resolve() */
	[TLS_MODE_1_0] = {"TLS 1.0", TLS_1_0,
		CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_0},
	[TLS_MODE_1_1] = {"TLS 1.1", TLS_1_1,
		CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1},
	[TLS_MODE_1_2] = {"TLS 1.2", TLS_1_2,
		CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2},
	[TLS_MODE_1_3] = {"TLS 1.3", TLS_1_3,
		CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3},
	[TLS_MODE_FROM_1_0] = {N_("ab TLS 1.0"), TLS_1_0 | TLS_1_1 | TLS_1_2 | TLS_1_3,
		CURL_SSLVERSION_TLSv1_0},
	[TLS_MODE_FROM_1_1] = {N_("ab TLS 1.1"), TLS_1_1 | TLS_1_2 | TLS_1_3,
		CURL_SSLVERSION_TLSv1_1},
	[TLS_MODE_FROM_1_2] = {N_("ab TLS 1.2"), TLS_1_2 | TLS_1_3, CURL_SSLVERSION_TLSv1_2},
	[TLS_MODE_FROM_1_3] = {N_("ab TLS 1.3"), TLS_1_3, CURL_SSLVERSION_TLSv1_3},
};

/* The oldest version that this system's crypto policy admits. OpenSSL speaks 1.0 and 1.1 only below
 * security level 1, but does not say so in its minimum, and lets them through with some ciphers. */
static unsigned oldest_of_system(void)
{
	static const long numbers[TLS_VERSIONS] = {
		TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	long minimum = context ? SSL_CTX_get_min_proto_version(context) : 0;
	unsigned oldest = context && SSL_CTX_get_security_level(context) == 0 ? 0 : 2;

	SSL_CTX_free(context);
	while (oldest + 1 < TLS_VERSIONS && numbers[oldest] < minimum)
		oldest++;
	return oldest;
}

static TlsMode resolve(TlsMode mode)
{
	return mode == TLS_MODE_SERVER ? TLS_MODE_FROM_1_0 + oldest_of_system() : mode;
}

unsigned stream_tls_versions(TlsMode mode)
{
	return ranges[resolve(mode)].versions;
}

unsigned stream_tls_plan(const Endpoint *endpoint, Security plan[static 2])
{
	plan[0] = SECURITY_IMPLICIT;
	plan[1] = SECURITY_STARTTLS;
	if (endpoint->tls == TLS_MODE_NONE) {
		plan[0] = SECURITY_NONE;
		return 1;
	}
	switch (endpoint->port) {
	case 143:
	case 25:
	case 587:
		plan[0] = SECURITY_STARTTLS;
		return 1;
	case 993:
	case 465:
		return 1;
	default:
		return 2;
	}
}

void stream_tls_configure(Attempt *attempt)
{
	const Endpoint *endpoint = attempt->endpoint;
	CURL *easy = attempt->easy;

	if (attempt->security == SECURITY_NONE)
		return;
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, ranges[resolve(endpoint->tls)].option);
	/* OpenSSL speaks the old versions only below its security level 1. A probe asks what the
	 * server can do, not what is acceptable. */
	if (attempt->probe || ranges[endpoint->tls].versions & TLS_OLD)
		curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, attempt->probe ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, attempt->probe ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_CAPATH, SYSTEM_AUTHORITIES);
	curl_easy_setopt(easy, CURLOPT_CAINFO, attempt->probe ? NULL : endpoint->ca_file);
}

typedef enum Probed { PROBED_NO, PROBED_YES, PROBED_POINTLESS } Probed;

/* One handshake as MODE admits. Nothing but that handshake counts: what the server says behind
 * it, its certificate and its greeting do not. */
static Probed probe(const Endpoint *endpoint, Security security, TlsMode mode, int64_t deadline,
	const Cancel *cancel)
{
	g_auto(Attempt) attempt = {0};
	Endpoint exact = *endpoint;
	curl_off_t handshake = 0;

	exact.tls = mode;
	exact.timeout = MIN(endpoint->timeout, PROBE_TIMEOUT);
	if (!attempt_start(&attempt, &exact, security, true, cancel, NULL))
		return PROBED_POINTLESS;
	attempt.deadline = MIN(attempt.deadline, deadline);
	while (!attempt_run(&attempt, attempt.deadline))
		;
	curl_easy_getinfo(attempt.easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
	if (attempt_succeeded(&attempt) || handshake > 0)
		return PROBED_YES;
	if (attempt.code != CURLE_SSL_CONNECT_ERROR ||
		stream_error_handshake(&attempt) == HANDSHAKE_NOT_TLS)
		return PROBED_POINTLESS;
	return PROBED_NO;
}

unsigned stream_tls_probe(
	const Endpoint *endpoint, Security security, int64_t deadline, const Cancel *cancel)
{
	unsigned spoken = 0;

	for (unsigned i = 0; i < TLS_VERSIONS; i++) {
		Probed probed = probe(endpoint, security, TLS_MODE_1_0 + i, deadline, cancel);

		if (probed == PROBED_POINTLESS)
			break;
		if (probed == PROBED_YES)
			spoken |= 1U << i;
	}
	return spoken;
}

bool stream_tls_is_implicit(const Endpoint *endpoint, int64_t deadline, const Cancel *cancel)
{
	return probe(endpoint, SECURITY_IMPLICIT, TLS_MODE_FROM_1_0, deadline, cancel) ==
	       PROBED_YES;
}

unsigned stream_probe_tls(const Endpoint *endpoint, const Cancel *cancel)
{
	Endpoint encrypted = *endpoint;
	int64_t deadline = clock_monotonic() + INT64_C(1000) * TLS_VERSIONS * endpoint->timeout;
	Security plan[2];
	unsigned spoken = 0;
	unsigned count;

	encrypted.tls = TLS_MODE_SERVER;
	count = stream_tls_plan(&encrypted, plan);
	for (unsigned i = 0; i < count && spoken == 0; i++)
		spoken = stream_tls_probe(&encrypted, plan[i], deadline, cancel);
	return spoken;
}

/* "TLS 1.0, TLS 1.1 und TLS 1.2" */
static char *list_versions(unsigned versions)
{
	GString *list = g_string_new(NULL);

	for (unsigned i = 0; i < TLS_VERSIONS; i++) {
		unsigned later = versions >> i >> 1;

		if (!(versions >> i & 1))
			continue;
		if (list->len > 0)
			g_string_append(list, later ? ", " : _(" und "));
		g_string_append(list, version_names[i]);
	}
	return g_string_free(list, FALSE);
}

const char *stream_tls_suitable(unsigned spoken)
{
	unsigned newest = spoken ? (unsigned)g_bit_storage(spoken) - 1 : 0;

	if (spoken & stream_tls_versions(TLS_MODE_SERVER))
		return _(ranges[TLS_MODE_SERVER].label);
	return _(ranges[TLS_MODE_FROM_1_0 + newest].label);
}

char *stream_tls_describe_mismatch(TlsMode mode, unsigned spoken)
{
	g_autofree char *list = list_versions(spoken);
	g_autofree char *admitted = list_versions(stream_tls_versions(mode));
	const char *label = _(ranges[mode].label);
	const char *suitable = stream_tls_suitable(spoken);

	if (mode != TLS_MODE_SERVER)
		return g_strdup_printf(_("eingestellt ist „%s“, der Server kann %s; möglich wäre "
					 "„%s“"),
			label, list, suitable);
	return g_strdup_printf(_("eingestellt ist „%s“, hier also %s, der Server kann %s; "
				 "möglich wäre „%s“"),
		label, admitted, list, suitable);
}

char *stream_tls_describe_fixed(unsigned spoken)
{
	g_autofree char *list = list_versions(spoken);

	return g_strdup_printf(_("mit Office 365 ist TLS 1.2 Pflicht, der Server kann %s"), list);
}

void stream_tls_note(Stream *stream)
{
	struct curl_tlssessioninfo *session = NULL;
	size_t none;

	/* Curl finds the session of a CONNECT_ONLY handle only after a first read. */
	curl_easy_recv(stream->easy, stream->input, 0, &none);
	if (curl_easy_getinfo(stream->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
		!session || session->backend != CURLSSLBACKEND_OPENSSL || !session->internals)
		return;
	stream->tls_version = g_strdup(SSL_get_version(session->internals));
	stream->tls_cipher = g_strdup(SSL_get_cipher_name(session->internals));
}
