/* From the server's name to what it offers: one connection, told stage by stage. */
#include "app/check_internal.h"

#include <string.h>
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "net/stream.h"

#define DAY (24 * 60 * 60)
/* Days before a certificate's end at which somebody should know. */
#define EXPIRY_WARNING 30

/* ---- the name ---- */

static char *join(const GPtrArray *texts, const char *separator)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? separator : "",
			(const char *)g_ptr_array_index(texts, i));
	return g_string_free(list, FALSE);
}

static bool check_name(Check *check, const Endpoint *endpoint)
{
	g_autoptr(GPtrArray) addresses = NULL;
	g_autofree char *list = NULL;
	GError *problem = NULL;

	if (endpoint->proxy.host || g_hostname_is_ip_address(endpoint->host)) {
		check_skip(check, CHECK_DNS,
			endpoint->proxy.host ? _("Entfällt: Den Namen löst der Proxy auf.")
					     : _("Entfällt: Eingetragen ist eine IP-Adresse."));
		return true;
	}
	check_begin(check, CHECK_DNS, NULL);
	addresses = stream_resolve(endpoint->host, endpoint->timeout, check->cancel, &problem);
	if (!addresses) {
		check_bad(check, CHECK_DNS, problem);
		return false;
	}
	list = join(addresses, ", ");
	check_good(check, CHECK_DNS, g_strdup_printf("%s: %s", endpoint->host, list), NULL);
	return true;
}

/* ---- what failed ---- */

/* A connection that ended or stood still: how far it had come. */
static CheckStep step_of_loss(const StreamReport *report, bool proxied)
{
	if (report->connected < 0)
		return proxied ? CHECK_PROXY : CHECK_TCP;
	if (proxied && report->reached < 0)
		return CHECK_TCP;
	return report->handshake >= 0 && report->encrypted < 0 ? CHECK_TLS : CHECK_CAPABILITIES;
}

/* The step at which a connection failed with PROBLEM. */
static CheckStep step_of(const GError *problem, const StreamReport *report, bool proxied)
{
	switch (failure_of(problem)) {
	case FAILURE_NAME_UNKNOWN: /* it was known a moment ago */
	case FAILURE_NAME_TEMPORARY:
		return CHECK_TCP;
	case FAILURE_PROXY_NAME_UNKNOWN:
	case FAILURE_PROXY_NAME_TEMPORARY:
	case FAILURE_PROXY_REFUSED:
	case FAILURE_PROXY_LOGIN:
	case FAILURE_PROXY_LOGIN_MISSING:
	case FAILURE_PROXY_NOT_HTTP:
	case FAILURE_PROXY_NOT_SOCKS:
	case FAILURE_PROXY_FORBIDDEN:
		return CHECK_PROXY;
	case FAILURE_PROXY_UNREACHABLE:
	case FAILURE_CONNECT_REFUSED:
		return CHECK_TCP;
	case FAILURE_SERVER_GARBAGE:
	case FAILURE_SERVER_BYE:
	case FAILURE_NOT_IMAP:
	case FAILURE_NOT_SMTP:
	case FAILURE_CLIENT_REFUSED:
	case FAILURE_SERVER_UNAVAILABLE:
	case FAILURE_LINE_TOO_LONG:
		return CHECK_CAPABILITIES;
	case FAILURE_TIMEOUT:
	case FAILURE_CONNECTION_LOST:
	case FAILURE_CANCELLED:
	case FAILURE_INTERNAL:
		return step_of_loss(report, proxied);
	default:
		return CHECK_TLS;
	}
}

/* ---- what was found ---- */

static void report_proxy(Check *check, const Endpoint *endpoint, const StreamReport *report)
{
	const Proxy *proxy = &endpoint->proxy;
	const char *kind = proxy->kind == PROXY_HTTP ? "HTTP" : "SOCKS5";

	if (!proxy->host) {
		check_skip(check, CHECK_PROXY, _("Entfällt: Es ist kein Proxy eingetragen."));
		return;
	}
	check_set_time(check, MAX(report->connected, 0));
	check_good(check, CHECK_PROXY,
		proxy->username ? g_strdup_printf(_("%s-Proxy %s, Port %u, angemeldet als %s"),
					  kind, proxy->host, proxy->port, proxy->username)
				: g_strdup_printf(_("%s-Proxy %s, Port %u, ohne Anmeldung"), kind,
					  proxy->host, proxy->port),
		NULL);
}

static void report_tcp(Check *check, const Endpoint *endpoint, const StreamReport *report)
{
	int64_t start = endpoint->proxy.host ? report->connected : 0;

	check_set_time(check, MAX(report->reached - start, 0));
	check_good(check, CHECK_TCP,
		endpoint->proxy.host ? g_strdup_printf(_("%s, Port %u, durch den Proxy erreicht"),
					       endpoint->host, endpoint->port)
				     : g_strdup_printf(_("%s, Port %u"),
					       report->address ? report->address : endpoint->host,
					       endpoint->port),
		NULL);
}

/* "gültig bis 23.11.2027", "gültig ab …" where it is not yet; yours. */
static char *describe_validity(const StreamCertificate *certificate)
{
	g_autofree char *from = clock_format_day(certificate->valid_from);
	g_autofree char *until = certificate->valid_until
					 ? clock_format_day(certificate->valid_until)
					 : g_strdup(_("unbekannt"));

	if (certificate->valid_from > clock_now())
		return g_strdup_printf(_("gültig ab %s bis %s"), from, until);
	return g_strdup_printf(_("gültig bis %s"), until);
}

/* "imap.amt.example, ausgestellt von Amts-CA, gültig bis …; Kette: Amts-CA (gültig bis …)"; yours.
 */
static char *describe_chain(const GPtrArray *chain)
{
	const StreamCertificate *leaf = chain->len > 0 ? g_ptr_array_index(chain, 0) : NULL;
	GString *text = g_string_new(NULL);
	g_autofree char *validity = NULL;

	if (!leaf)
		return g_string_free(text, FALSE);
	validity = describe_validity(leaf);
	g_string_append_printf(text, _("Zertifikat für %s, ausgestellt von %s, %s"),
		*leaf->names ? leaf->names : leaf->subject, leaf->issuer, validity);
	for (guint i = 1; i < chain->len; i++) {
		const StreamCertificate *above = g_ptr_array_index(chain, i);
		g_autofree char *its = describe_validity(above);

		g_string_append_printf(
			text, "%s%s (%s)", i == 1 ? _("; Kette: ") : " ← ", above->subject, its);
	}
	return g_string_free(text, FALSE);
}

/* The certificate of CHAIN that ends first; NULL: there is none. Borrowed. */
static const StreamCertificate *first_to_end(const GPtrArray *chain)
{
	const StreamCertificate *first = NULL;

	for (guint i = 0; i < chain->len; i++) {
		const StreamCertificate *each = g_ptr_array_index(chain, i);

		if (each->valid_until != 0 && (!first || each->valid_until < first->valid_until))
			first = each;
	}
	return first;
}

/* That a certificate of CHAIN ends soon; NULL: none does. Yours. */
static char *advise_on_end(const GPtrArray *chain)
{
	const StreamCertificate *first = first_to_end(chain);
	int64_t days = first ? (first->valid_until - clock_now()) / DAY : EXPIRY_WARNING;

	if (days >= EXPIRY_WARNING)
		return NULL;
	if (first != g_ptr_array_index(chain, 0))
		return g_strdup_printf(
			ngettext("Das Zertifikat „%s“ in der Kette läuft in %d Tag ab; wer den "
				 "Mailserver betreut, sollte die Kette erneuern.",
				"Das Zertifikat „%s“ in der Kette läuft in %d Tagen ab; wer den "
				"Mailserver betreut, sollte die Kette erneuern.",
				(unsigned long)days),
			first->subject, (int)days);
	return g_strdup_printf(
		ngettext("Das Zertifikat läuft in %d Tag ab; wer den Mailserver betreut, sollte es "
			 "erneuern.",
			"Das Zertifikat läuft in %d Tagen ab; wer den Mailserver betreut, sollte "
			"es erneuern.",
			(unsigned long)days),
		(int)days);
}

/* What will be the matter with the encryption, although it works; NULL: nothing. Yours. */
static char *advise_on_tls(const StreamReport *report)
{
	const char *version = report->version;
	bool old = g_strcmp0(version, "TLSv1") == 0 || g_strcmp0(version, "TLSv1.1") == 0;
	g_autofree char *weak = old ? g_strdup(_("TLS 1.0 und 1.1 gelten als unsicher. Der "
						 "Mailserver sollte erneuert werden."))
				    : NULL;
	g_autofree char *end = advise_on_end(report->chain);

	return check_join_sentences(weak, end);
}

static void report_tls(Check *check, const Endpoint *endpoint, const StreamReport *report)
{
	g_autofree char *chain = describe_chain(report->chain);
	g_autofree char *shown = NULL;

	if (endpoint->tls == TLS_MODE_NONE) {
		check_skip_with_hint(check, CHECK_TLS, _("Ausgeschaltet (SSL/TLS „Nein“)."),
			g_strdup(_("Auch Kennwörter gehen unverschlüsselt über das Netz. Kann der "
				   "Server TLS, sollte ein Administrator unter SSL/TLS „Server "
				   "(Standard)“ wählen.")));
		return;
	}
	shown = words_tls_version(report->version ? report->version : "?");
	check_set_time(check, MAX(report->encrypted - report->handshake, 0));
	check_good(check, CHECK_TLS,
		g_strdup_printf("%s, %s%s%s%s", shown, report->cipher ? report->cipher : "?",
			report->starttls ? ", STARTTLS" : "", *chain ? "; " : "", chain),
		advise_on_tls(report));
}

/* "2026: 35 MB" of what a server takes; yours. */
static char *describe_offer(const MailSession *session)
{
	const char *offer = session->imap ? imap_offer(session->imap) : smtp_offer(session->smtp);
	unsigned mechanisms =
		session->imap ? imap_mechanisms(session->imap) : smtp_mechanisms(session->smtp);
	bool login = session->imap && !imap_has(session->imap, IMAP_CAP_LOGINDISABLED);

	if (mechanisms == SASL_NONE && !login)
		return g_strdup_printf(
			_("Der Server bietet: %s. Eine Anmeldung bietet er so nicht an."), offer);
	return g_strdup_printf(_("Der Server bietet: %s"), offer);
}

/* Reports the steps from FIRST before LAST as good. */
static void report_good(
	Check *check, const Endpoint *endpoint, const StreamReport *report, CheckStep last)
{
	if (last > CHECK_PROXY)
		report_proxy(check, endpoint, report);
	if (last > CHECK_TCP)
		report_tcp(check, endpoint, report);
	if (last > CHECK_TLS && (report->version || endpoint->tls == TLS_MODE_NONE))
		report_tls(check, endpoint, report);
	else if (last > CHECK_TLS)
		check_skip(check, CHECK_TLS,
			_("Nicht geprüft, weil der Server davor nicht richtig antwortete."));
}

static void skip_rest(Check *check, CheckStep first)
{
	for (CheckStep step = first; step <= CHECK_CAPABILITIES; step++)
		check_skip(check, step, _("Nicht geprüft, weil ein früherer Schritt scheiterte."));
}

/* The chain of a refused certificate belongs to the technical message. */
static GError *add_chain(GError *problem, const StreamReport *report)
{
	g_autofree char *chain = describe_chain(report->chain);
	GError *told;

	if (!*chain)
		return problem;
	told = g_error_copy(problem);
	g_free(told->message);
	told->message = g_strdup_printf("%s (%s)", problem->message, chain);
	g_error_free(problem);
	return told;
}

static void report_failure(
	Check *check, const Endpoint *endpoint, const StreamReport *report, GError *problem)
{
	CheckStep step = step_of(problem, report, endpoint->proxy.host != NULL);

	report_good(check, endpoint, report, step);
	check_set_time(check, MAX(report->ended, 0));
	check_bad(check, step, step == CHECK_TLS ? add_chain(problem, report) : problem);
	skip_rest(check, step + 1);
}

bool check_connect(Check *check)
{
	const Endpoint *endpoint = account_endpoint(check->account, check->protocol);
	g_auto(StreamReport) report = {0};
	GError *problem = NULL;
	Stream *stream;

	if (!check_name(check, endpoint)) {
		skip_rest(check, CHECK_PROXY);
		return false;
	}
	check_begin(check, endpoint->proxy.host ? CHECK_PROXY : CHECK_TCP, NULL);
	stream = stream_open_watched(endpoint, check->cancel, &report, &problem);
	if (!stream) {
		report_failure(check, endpoint, &report, problem);
		return false;
	}
	mail_session_see(&check->session, &report);
	report_good(check, endpoint, &report, CHECK_CAPABILITIES);
	check_begin(check, CHECK_CAPABILITIES, NULL);
	if (!mail_session_begin(check->protocol, stream, &check->session, &problem)) {
		check_bad(check, CHECK_CAPABILITIES, problem);
		return false;
	}
	check_good(check, CHECK_CAPABILITIES, describe_offer(&check->session), NULL);
	return true;
}
