/* How far a connection came, for whoever looks why it does not work: the times of its stages from
 * curl and the certificates as OpenSSL looks at them, the refused ones too. */
#include "net/stream_internal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "base/clock.h"
#include "base/text.h"

#define CHAIN_LIMIT 10
#define NAMES_LIMIT 20
/* Characters of a name. */
#define NAME_LIMIT 200

static void certificate_free(StreamCertificate *certificate)
{
	g_free(certificate->subject);
	g_free(certificate->issuer);
	g_free(certificate->names);
	g_free(certificate);
}

void stream_report_clear(StreamReport *report)
{
	g_clear_pointer(&report->address, g_free);
	g_clear_pointer(&report->version, g_free);
	g_clear_pointer(&report->cipher, g_free);
	g_clear_pointer(&report->chain, g_ptr_array_unref);
}

static void reset(StreamReport *report)
{
	stream_report_clear(report);
	*report = (StreamReport){
		.connected = -1,
		.reached = -1,
		.handshake = -1,
		.encrypted = -1,
		.ended = -1,
		.chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_free),
	};
}

/* ---- certificates ---- */

/* What a certificate says is foreign text; yours. */
static char *make_safe(const char *bytes, size_t size)
{
	g_autofree char *valid = text_make_valid(bytes, size);
	g_autofree char *safe = text_for_terminal(valid);

	return g_utf8_substring(safe, 0, MIN(g_utf8_strlen(safe, -1), NAME_LIMIT));
}

/* The first part of NAME of the kind NID; NULL: it has none. Yours. */
static char *find_part(const X509_NAME *name, int nid)
{
	int place = X509_NAME_get_index_by_NID(name, nid, -1);
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, place);
	unsigned char *bytes = NULL;
	int size = entry ? ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry)) : -1;
	char *part = size > 0 ? make_safe((const char *)bytes, (size_t)size) : NULL;

	OPENSSL_free(bytes);
	return part;
}

static char *name_of(const X509_NAME *name)
{
	char *common = find_part(name, NID_commonName);
	char *whole;

	if (common)
		return common;
	whole = X509_NAME_oneline(name, NULL, 0);
	common = make_safe(whole ? whole : "", whole ? strlen(whole) : 0);
	OPENSSL_free(whole);
	return common;
}

static void append_name(GString *list, const char *bytes, size_t size)
{
	g_autofree char *name = make_safe(bytes, size);

	g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", name);
}

static void append_address(GString *list, const ASN1_OCTET_STRING *address)
{
	int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if ((family == AF_INET || ASN1_STRING_length(address) == 16) &&
		inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text))
		append_name(list, text, strlen(text));
}

/* Host names and addresses (RFC 9525 section 6.3). */
static void append_alternative(GString *list, const GENERAL_NAME *name)
{
	const ASN1_STRING *text = name->d.ia5;

	if (name->type == GEN_DNS)
		append_name(list, (const char *)ASN1_STRING_get0_data(text),
			(size_t)ASN1_STRING_length(text));
	else if (name->type == GEN_IPADD)
		append_address(list, name->d.iPAddress);
}

static char *names_of(X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	GString *list = g_string_new(NULL);

	for (int i = 0; i < MIN(sk_GENERAL_NAME_num(names), NAMES_LIMIT); i++)
		append_alternative(list, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return g_string_free(list, FALSE);
}

static int64_t seconds_of(const ASN1_TIME *moment)
{
	struct tm parts;

	return ASN1_TIME_to_tm(moment, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static StreamCertificate *look_at(X509 *certificate)
{
	StreamCertificate *seen = g_new0(StreamCertificate, 1);

	seen->subject = name_of(X509_get_subject_name(certificate));
	seen->issuer = name_of(X509_get_issuer_name(certificate));
	seen->names = names_of(certificate);
	seen->valid_from = seconds_of(X509_get0_notBefore(certificate));
	seen->valid_until = seconds_of(X509_get0_notAfter(certificate));
	return seen;
}

static int index_of_report;

static void make_index(void)
{
	index_of_report = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Where an SSL_CTX keeps whom to tell. */
static int context_index(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_index);
	return index_of_report;
}

/* The certificate that the chain ends at, if it is one of our store and not among those that were
 * SENT; NULL otherwise. Borrowed. */
static X509 *find_authority(X509_STORE_CTX *checking, const STACK_OF(X509) * sent)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(checking);
	X509 *last = sk_X509_num(chain) > 0 ? sk_X509_value(chain, sk_X509_num(chain) - 1) : NULL;

	for (int i = 0; last && i < sk_X509_num(sent); i++) {
		if (X509_cmp(last, sk_X509_value(sent, i)) == 0)
			return NULL;
	}
	return last;
}

/* For SSL_CTX_set_verify: called with each certificate of the chain that is checked, and for each
 * fault. It changes nothing of what OpenSSL found. */
static int look_at_chain(int good, X509_STORE_CTX *checking)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(checking, SSL_get_ex_data_X509_STORE_CTX_idx());
	StreamReport *report = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index());
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(checking);
	X509 *authority = find_authority(checking, sent);

	if (report && report->chain->len == 0) {
		for (int i = 0; i < MIN(sk_X509_num(sent), CHAIN_LIMIT); i++)
			g_ptr_array_add(report->chain, look_at(sk_X509_value(sent, i)));
		if (authority)
			g_ptr_array_add(report->chain, look_at(authority));
	}
	return good;
}

/* For SSL_CTX_set_info_callback. */
static void look_at_state(const SSL *ssl, int place, int value)
{
	StreamReport *report = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index());

	(void)value;
	if (!report || !(place & SSL_CB_HANDSHAKE_DONE) || report->version)
		return;
	report->version = g_strdup(SSL_get_version(ssl));
	report->cipher = g_strdup(SSL_get_cipher_name(ssl));
}

/* The SSL_CTX may outlive the report. */
static void forget_context(Attempt *attempt)
{
	if (!attempt->context)
		return;
	SSL_CTX_set_ex_data(attempt->context, context_index(), NULL);
	SSL_CTX_free(attempt->context);
	attempt->context = NULL;
}

/* For CURLOPT_SSL_CTX_FUNCTION: the handshake is about to begin. */
static CURLcode begin_handshake(CURL *easy, void *context, void *data)
{
	Attempt *attempt = data;

	(void)easy;
	forget_context(attempt);
	attempt->context = context;
	SSL_CTX_up_ref(attempt->context);
	stream_report_sign(attempt);
	attempt->report->handshake = clock_monotonic() - attempt->started;
	SSL_CTX_set_ex_data(context, context_index(), attempt->report);
	SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), look_at_chain);
	SSL_CTX_set_info_callback(context, look_at_state);
	return CURLE_OK;
}

/* ---- the way ---- */

void stream_report_watch(Attempt *attempt, StreamReport *report)
{
	attempt->report = report;
	if (!report)
		return;
	reset(report);
	report->starttls = attempt->security == SECURITY_STARTTLS;
	if (attempt->security == SECURITY_NONE)
		return;
	curl_easy_setopt(attempt->easy, CURLOPT_SSL_CTX_FUNCTION, begin_handshake);
	curl_easy_setopt(attempt->easy, CURLOPT_SSL_CTX_DATA, attempt);
}

void stream_report_sign(const Attempt *attempt)
{
	if (attempt->report && attempt->report->reached < 0)
		attempt->report->reached = clock_monotonic() - attempt->started;
}

/* Curl's INFO in milliseconds; -1: it did not come to that. */
static int64_t time_of(CURL *easy, CURLINFO info)
{
	curl_off_t microseconds = 0;

	curl_easy_getinfo(easy, info, &microseconds);
	return microseconds > 0 ? (int64_t)microseconds / 1000 : -1;
}

/* The server chooses what its certificates say. */
static void withhold(char **text, const Repeats *secrets)
{
	const char *shown = repeats_withhold(secrets, *text);

	if (shown == *text)
		return;
	g_free(*text);
	*text = g_strdup(shown);
}

static void withhold_chain(const GPtrArray *chain, const Repeats *secrets)
{
	for (guint i = 0; i < chain->len; i++) {
		StreamCertificate *certificate = g_ptr_array_index(chain, i);

		withhold(&certificate->subject, secrets);
		withhold(&certificate->issuer, secrets);
		withhold(&certificate->names, secrets);
	}
}

void stream_report_end(Attempt *attempt)
{
	StreamReport *report = attempt->report;
	const char *address = NULL;

	if (!report)
		return;
	report->ended = clock_monotonic() - attempt->started;
	report->connected = time_of(attempt->easy, CURLINFO_CONNECT_TIME_T);
	report->encrypted = time_of(attempt->easy, CURLINFO_APPCONNECT_TIME_T);
	/* Curl notes it only behind an implicit handshake, and its clock is not quite ours. */
	if (report->connected < 0 ||
		(report->handshake >= 0 && report->handshake < report->connected))
		report->connected = report->handshake;
	if (report->encrypted >= 0)
		report->encrypted = MAX(report->encrypted, report->handshake);
	/* Through a proxy only the first sign shows that the server was reached. */
	if (!attempt->endpoint->proxy.host)
		report->reached = report->connected;
	if (curl_easy_getinfo(attempt->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK &&
		address && *address)
		report->address = g_strdup(address);
	withhold_chain(report->chain, attempt->secrets);
	forget_context(attempt);
	attempt->report = NULL;
}
