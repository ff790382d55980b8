/* One attempt to connect by libcurl: its options, the loop that can be woken, and a look at each
 * line of the greeting phase. What to attempt is decided in stream_connect.c, what a failure means
 * in stream_error.c. */
#include "net/stream_internal.h"

#include <string.h>
#include "base/clock.h"

/* All that a proxy's answer, a greeting and capabilities can need; more is somebody flooding us.
 * Curl has a limit of its own, 300 KiB, which it reports like a lost connection. */
#define GREETING_PHASE_LIMIT (32 * 1024L)
#define GREETING_KEPT 1000
/* Of curl's reads: its default would cut a fetch into 16 KiB. */
#define CURL_BUFFER_SIZE (256 * 1024L)
#define URL_SIZE 512

static bool is_imap(const Attempt *attempt)
{
	return attempt->endpoint->protocol == MAIL_PROTOCOL_IMAP;
}

static bool starts_with(const char *line, size_t size, const char *start)
{
	size_t length = strlen(start);

	return size >= length && g_ascii_strncasecmp(line, start, length) == 0;
}

static Fault look_at_imap_line(Attempt *attempt, const char *line, size_t size, bool first)
{
	const char *after_tag = memchr(line, ' ', size);
	size_t tag = after_tag ? (size_t)(after_tag - line) + 1 : size;

	if (starts_with(line, size, "* BYE"))
		return FAULT_BYE;
	if (first)
		return starts_with(line, size, "* OK") || starts_with(line, size, "* PREAUTH")
			       ? FAULT_NONE
			       : FAULT_GARBAGE;
	if (*line != '*' && *line != '+' && starts_with(line + tag, size - tag, "OK"))
		attempt->ready_replies++;
	return FAULT_NONE;
}

static Fault look_at_smtp_line(Attempt *attempt, const char *line, size_t size, bool first)
{
	if (starts_with(line, size, "421"))
		return FAULT_BYE;
	if (starts_with(line, size, "220 "))
		attempt->ready_replies++;
	if (!first || starts_with(line, size, "220"))
		return FAULT_NONE;
	if (size < 3 || !g_ascii_isdigit(line[1]) || !g_ascii_isdigit(line[2]))
		return FAULT_GARBAGE;
	if (starts_with(line, size, "554")) /* RFC 5321 section 3.1 */
		return FAULT_SHUT_OUT;
	return *line == '4' ? FAULT_UNAVAILABLE : *line == '5' ? FAULT_BYE : FAULT_GARBAGE;
}

static void keep_line(GString *kept, const char *line, size_t size)
{
	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	g_string_truncate(kept, 0);
	g_string_append_len(kept, line, (gssize)MIN(size, GREETING_KEPT));
}

/* For CURLOPT_HEADERFUNCTION: every line of the server before the stream is handed over. Any answer
 * other than the whole size makes curl give up. */
static size_t look_at_line(char *line, size_t unit, size_t count, void *data)
{
	Attempt *attempt = data;
	size_t size = unit * count;
	bool first = attempt->received == 0;

	attempt->received += size;
	stream_report_sign(attempt);
	if (first)
		keep_line(attempt->greeting, line, size);
	attempt->fault = is_imap(attempt) ? look_at_imap_line(attempt, line, size, first)
					  : look_at_smtp_line(attempt, line, size, first);
	if (attempt->fault == FAULT_NONE)
		return size;
	keep_line(attempt->farewell, line, size);
	return 0;
}

/* An IPv6 address in the brackets that URLs want, its zone escaped; yours. */
static char *host_for_url(const char *host)
{
	g_auto(GStrv) zone = NULL;

	if (!strchr(host, ':'))
		return g_strdup(host);
	zone = g_strsplit(host, "%", 2);
	return zone[1] ? g_strdup_printf("[%s%%25%s]", zone[0], zone[1])
		       : g_strdup_printf("[%s]", host);
}

char *attempt_make_url(const char *scheme, const char *host, uint16_t port, const char *path)
{
	g_autofree char *name = host_for_url(host);
	char number[sizeof("65535")];
	char *text = NULL;
	char *url = NULL;
	CURLU *parts = curl_url();

	g_snprintf(number, sizeof(number), "%u", port);
	if (!curl_url_set(parts, CURLUPART_SCHEME, scheme, CURLU_NON_SUPPORT_SCHEME) &&
		!curl_url_set(parts, CURLUPART_HOST, name, 0) &&
		!curl_url_set(parts, CURLUPART_PORT, number, 0) &&
		!curl_url_set(parts, CURLUPART_PATH, path, 0) &&
		!curl_url_get(parts, CURLUPART_URL, &text, 0))
		url = g_strdup(text);
	curl_free(text);
	curl_url_cleanup(parts);
	return url;
}

static bool set_target(Attempt *attempt, GError **error)
{
	static const char *const schemes[][2] = {
		[MAIL_PROTOCOL_IMAP] = {"imap", "imaps"},
		[MAIL_PROTOCOL_SMTP] = {"smtp", "smtps"},
	};
	/* SMTP's is what curl's own EHLO says; a bare host name is refused here and there. */
	static const char *const paths[] = {
		[MAIL_PROTOCOL_IMAP] = "/",
		[MAIL_PROTOCOL_SMTP] = "/%5B127.0.0.1%5D",
	};
	const Endpoint *endpoint = attempt->endpoint;
	bool implicit = attempt->security == SECURITY_IMPLICIT;
	g_autofree char *url = attempt_make_url(schemes[endpoint->protocol][implicit],
		endpoint->host, endpoint->port, paths[endpoint->protocol]);

	if (!url) {
		failure_set(error, FAILURE_NAME_UNKNOWN, endpoint->host, "invalid host name");
		return false;
	}
	curl_easy_setopt(attempt->easy, CURLOPT_URL, url);
	curl_easy_setopt(attempt->easy, CURLOPT_PROTOCOLS_STR, "imap,imaps,smtp,smtps");
	curl_easy_setopt(attempt->easy, CURLOPT_CONNECT_ONLY, 1L);
	return true;
}

/* Escaped, since curl decodes both, in some versions whichever option they come by. */
static void set_proxy_login(CURL *easy, const Proxy *proxy)
{
	const char *secret = proxy->password ? secret_text(proxy->password) : "";
	g_autofree char *login = NULL;
	char *username;
	char *password;

	/* Basic is sent at once; what else the proxy may want is tried after its 407. */
	curl_easy_setopt(easy, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
	if (!proxy->username)
		return;
	username = curl_easy_escape(easy, proxy->username, 0);
	password = curl_easy_escape(easy, secret, 0);
	login = g_strconcat(username, ":", password, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, login);
	secret_wipe(password, strlen(password));
	secret_wipe(login, strlen(login));
	curl_free(username);
	curl_free(password);
}

static bool set_proxy(Attempt *attempt, GError **error)
{
	const Proxy *proxy = &attempt->endpoint->proxy;
	bool socks = proxy->kind == PROXY_SOCKS5;
	g_autofree char *url = NULL;

	/* The environment's proxy and no_proxy variables do not count. */
	curl_easy_setopt(attempt->easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(attempt->easy, CURLOPT_PROXY, "");
	if (!proxy->host)
		return true;
	url = attempt_make_url(socks ? "socks5h" : "http", proxy->host, proxy->port, "/");
	if (!url) {
		failure_set(error, FAILURE_PROXY_NAME_UNKNOWN, proxy->host, "invalid proxy name");
		return false;
	}
	curl_easy_setopt(attempt->easy, CURLOPT_PROXY, url);
	curl_easy_setopt(attempt->easy, CURLOPT_HTTPPROXYTUNNEL, socks ? 0L : 1L);
	set_proxy_login(attempt->easy, proxy);
	return true;
}

static void set_behaviour(Attempt *attempt)
{
	CURL *easy = attempt->easy;
	long timeout = attempt->endpoint->timeout;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->text);
	/* The proxy's headers are none of the server's lines. */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, CURL_BUFFER_SIZE);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	/* Our own deadline is the rule; these keep curl from shorter or longer ones. */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, timeout);
	curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout);
	/* A name that is still being looked up does not hold up the end of the attempt. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

/* What ENDPOINT's server and proxy are told, and may tell again; yours. */
static Repeats *secrets_of(const Endpoint *endpoint)
{
	const Proxy *proxy = &endpoint->proxy;
	Repeats *secrets = repeats_new();

	repeats_add_secret(secrets, endpoint->password);
	repeats_add_secret(secrets, proxy->password);
	repeats_add_name(secrets, endpoint->host);
	repeats_add_name(secrets, endpoint->username);
	repeats_add_name(secrets, proxy->host);
	repeats_add_name(secrets, proxy->username);
	return secrets;
}

void attempt_init(Attempt *attempt, const Endpoint *endpoint, Security security, bool probe,
	const Cancel *cancel)
{
	*attempt = (Attempt){
		.endpoint = endpoint,
		.cancel = cancel,
		.security = security,
		.probe = probe,
		.secrets = secrets_of(endpoint),
		.multi = curl_multi_init(),
		.easy = curl_easy_init(),
		.started = clock_monotonic(),
		.deadline = clock_monotonic() + endpoint->timeout * INT64_C(1000),
		.greeting = g_string_new(NULL),
		.farewell = g_string_new(NULL),
	};
	g_assert(attempt->multi && attempt->easy);
	set_behaviour(attempt);
}

bool attempt_begin(Attempt *attempt, GError **error)
{
	if (!set_proxy(attempt, error))
		return false;
	stream_tls_configure(attempt);
	curl_multi_add_handle(attempt->multi, attempt->easy);
	return true;
}

bool attempt_start(Attempt *attempt, const Endpoint *endpoint, Security security, bool probe,
	const Cancel *cancel, GError **error)
{
	attempt_init(attempt, endpoint, security, probe, cancel);
	curl_easy_setopt(attempt->easy, CURLOPT_HEADERFUNCTION, look_at_line);
	curl_easy_setopt(attempt->easy, CURLOPT_HEADERDATA, attempt);
	return set_target(attempt, error) && attempt_begin(attempt, error);
}

static bool is_flooded(const Attempt *attempt)
{
	long received = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_HEADER_SIZE, &received);
	return received > GREETING_PHASE_LIMIT;
}

/* True once curl has come to an end or we have seen enough. */
static bool attempt_is_over(Attempt *attempt)
{
	int left;
	CURLMsg *message = curl_multi_info_read(attempt->multi, &left);

	if (message)
		attempt->code = message->data.result;
	if (attempt->fault != FAULT_NONE || (message && attempt->code == CURLE_OK))
		return true;
	if (is_flooded(attempt))
		attempt->fault = FAULT_FLOOD;
	else if (cancel_triggered(attempt->cancel))
		attempt->fault = FAULT_CANCELLED;
	else if (!message && clock_monotonic() >= attempt->deadline)
		attempt->fault = FAULT_TIMEOUT;
	return message || attempt->fault != FAULT_NONE;
}

/* True if the proxy wants another kind of login than the one sent, with which curl begins again. */
static bool restart_for_proxy(Attempt *attempt)
{
	long status = 0;
	long offered = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	curl_easy_getinfo(attempt->easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
	if (attempt->fault != FAULT_NONE || attempt->code == CURLE_OK || attempt->proxy_restarted)
		return false;
	if (status != HTTP_PROXY_LOGIN || offered & CURLAUTH_BASIC)
		return false;
	attempt->proxy_restarted = true;
	attempt->code = CURLE_OK;
	curl_multi_remove_handle(attempt->multi, attempt->easy);
	curl_easy_setopt(attempt->easy, CURLOPT_PROXYAUTH,
		offered & (long)(CURLAUTH_DIGEST | CURLAUTH_NTLM));
	curl_multi_add_handle(attempt->multi, attempt->easy);
	return true;
}

bool attempt_run(Attempt *attempt, int64_t until)
{
	int running;

	until = MIN(until, attempt->deadline);
	for (;;) {
		struct curl_waitfd wake = {
			.fd = cancel_descriptor(attempt->cancel),
			.events = CURL_WAIT_POLLIN,
		};
		int64_t left = until - clock_monotonic();

		curl_multi_perform(attempt->multi, &running);
		if (attempt_is_over(attempt) && !restart_for_proxy(attempt))
			return true;
		if (left < 0)
			return false;
		curl_multi_poll(attempt->multi, &wake, wake.fd < 0 ? 0 : 1, (int)left + 1, NULL);
	}
}

bool attempt_succeeded(const Attempt *attempt)
{
	return attempt->code == CURLE_OK && attempt->fault == FAULT_NONE;
}

/* Curl's handles change hands and keep nothing of the attempt. */
Stream *attempt_take_stream(Attempt *attempt)
{
	const Endpoint *endpoint = attempt->endpoint;
	Stream *stream = stream_new(
		&stream_transport_curl, endpoint->host, endpoint->timeout, attempt->cancel);
	curl_socket_t descriptor = CURL_SOCKET_BAD;

	curl_easy_setopt(attempt->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(attempt->easy, CURLOPT_HEADERDATA, NULL);
	curl_easy_getinfo(attempt->easy, CURLINFO_ACTIVESOCKET, &descriptor);
	stream->easy = g_steal_pointer(&attempt->easy);
	stream->multi = g_steal_pointer(&attempt->multi);
	stream->descriptor = descriptor;
	g_free(stream->greeting);
	stream->greeting = g_strdup(attempt->greeting->str);
	repeats_free(stream->secrets);
	stream->secrets = g_steal_pointer(&attempt->secrets);
	if (attempt->security != SECURITY_NONE)
		stream_tls_note(stream);
	return stream;
}

void attempt_clear(Attempt *attempt)
{
	if (attempt->easy && attempt->multi)
		curl_multi_remove_handle(attempt->multi, attempt->easy);
	if (attempt->easy)
		curl_easy_cleanup(attempt->easy);
	if (attempt->multi)
		curl_multi_cleanup(attempt->multi);
	if (attempt->greeting)
		g_string_free(attempt->greeting, TRUE);
	if (attempt->farewell)
		g_string_free(attempt->farewell, TRUE);
	repeats_free(attempt->secrets);
	*attempt = (Attempt){0};
}
