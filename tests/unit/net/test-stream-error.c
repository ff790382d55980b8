/* Which failure each trouble becomes: names, refusals and everything that proxies answer. The
 * scripted proxies become the mail server themselves once they have let us through. */
#include "certificates.h"
#include "peer.h"

#include "net/stream_internal.h"

static Certificates certificates;

typedef struct HttpProxy {
	const char *required; /* of the header lines; NULL: nothing */
	const char *refusal;  /* the answer without it */
	const char *answer;
} HttpProxy;

#define HTTP_ESTABLISHED "HTTP/1.1 200 Connection established\r\n\r\n"
/* base64 of "Stellvertreter:Geheimniswort" */
#define BASIC_LOGIN "Proxy-Authorization: Basic U3RlbGx2ZXJ0cmV0ZXI6R2VoZWltbmlzd29ydA=="
#define PROXY_USERNAME "Stellvertreter"

static bool be_http_proxy(PeerChannel *channel, const void *data)
{
	const HttpProxy *proxy = data;
	bool allowed = proxy->required == NULL;
	char line[PEER_LINE];

	while (peer_get_line(channel, line)) {
		allowed = allowed || g_str_has_prefix(line, proxy->required);
		if (*line != '\0')
			continue;
		peer_put(channel, allowed ? proxy->answer : proxy->refusal);
		if (allowed)
			return strstr(proxy->answer, " 200 ") != NULL;
	}
	return false;
}

typedef struct SocksProxy {
	bool login;
	bool refuses_login;
	char reply; /* RFC 1928 section 6 */
} SocksProxy;

static bool get_socks_login(PeerChannel *channel, const SocksProxy *proxy)
{
	unsigned char answer[2] = {1, proxy->refuses_login};

	for (int field = 0; field < 2; field++) {
		if (field == 0)
			peer_get(channel);
		for (int left = peer_get(channel); left > 0; left--)
			peer_get(channel);
	}
	send(channel->descriptor, answer, sizeof(answer), MSG_NOSIGNAL);
	return !proxy->refuses_login;
}

static bool be_socks_proxy(PeerChannel *channel, const void *data)
{
	const SocksProxy *proxy = data;
	unsigned char method[] = {5, proxy->login ? 2 : 0};
	char reply[] = {5, proxy->reply, 0, 1, 127, 0, 0, 1, 0, 1};
	bool offered = false;
	int kind;

	peer_get(channel);
	for (int left = peer_get(channel); left > 0; left--)
		offered = peer_get(channel) == method[1] || offered;
	if (!offered)
		method[1] = 0xff;
	send(channel->descriptor, method, sizeof(method), MSG_NOSIGNAL);
	if (!offered || (proxy->login && !get_socks_login(channel, proxy)))
		return false;
	for (int i = 0; i < 3; i++)
		peer_get(channel);
	kind = peer_get(channel);
	for (int left = (kind == 3 ? peer_get(channel) : 4) + 2; left > 0; left--)
		peer_get(channel);
	send(channel->descriptor, reply, sizeof(reply), MSG_NOSIGNAL);
	return proxy->reply == 0;
}

static Endpoint proxied_endpoint(const Peer *peer, ProxyKind kind, Secret *password)
{
	return (Endpoint){
		.host = (char *)"mail.test.invalid",
		.port = 993,
		.tls = TLS_MODE_NONE,
		.timeout = 2,
		.proxy =
			{
				.kind = kind,
				.host = (char *)"127.0.0.1",
				.port = peer->port,
				.username = password ? (char *)PROXY_USERNAME : NULL,
				.password = password,
			},
	};
}

static Stream *open_by(const Peer *peer, ProxyKind kind, const char *password, GError **error)
{
	g_autoptr(Secret) secret = password ? secret_new(password, strlen(password)) : NULL;
	Endpoint endpoint = proxied_endpoint(peer, kind, secret);

	return stream_open(&endpoint, NULL, error);
}

/* The name travels to the proxy: no resolver of ours knows it. */
static void check_passes(const PeerScript *script, ProxyKind kind, const char *password)
{
	g_auto(Peer) peer = peer_start(script);
	g_autoptr(GError) error = NULL;
	g_autoptr(Stream) stream = open_by(&peer, kind, password, &error);

	if (!stream)
		fail_msg("%s: %s", failure_name(error), error->message);
	assert_string_equal(stream_greeting(stream), "* OK peer ready");
	assert_true(peer_saw_clear(&peer, "mail.test.invalid"));
}

static void check_refused(
	const PeerScript *script, ProxyKind kind, const char *password, Failure failure)
{
	g_auto(Peer) peer = peer_start(script);
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	assert_null(open_by(&peer, kind, password, &error));
	assert_failure(error, failure);
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, "127.0.0.1"));
	if (failure == FAILURE_PROXY_FORBIDDEN || failure == FAILURE_PROXY_UNREACHABLE)
		assert_non_null(strstr(sentence, "mail.test.invalid, Port 993"));
	assert_null(strstr(error->message, PEER_PASSWORD));
	assert_null(strstr(sentence, PEER_PASSWORD));
}

static PeerScript http_script(const HttpProxy *proxy)
{
	return (PeerScript){.before = be_http_proxy, .data = proxy};
}

static void test_http_proxy(void **state)
{
	HttpProxy open = {.answer = HTTP_ESTABLISHED};
	HttpProxy closed = {
		BASIC_LOGIN,
		"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
		"Content-Length: 0\r\n\r\n",
		HTTP_ESTABLISHED,
	};
	PeerScript scripts[] = {http_script(&open), http_script(&closed)};

	(void)state;
	check_passes(&scripts[0], PROXY_HTTP, NULL);
	check_passes(&scripts[1], PROXY_HTTP, PEER_PASSWORD);
	check_refused(&scripts[1], PROXY_HTTP, "wrong", FAILURE_PROXY_LOGIN);
	check_refused(&scripts[1], PROXY_HTTP, NULL, FAILURE_PROXY_LOGIN_MISSING);
}

/* Every byte of a password counts as it is. */
static void test_passwords_of_any_kind(void **state)
{
	static const char password[] = "Geheim%41:%zz @";
	HttpProxy http = {
		"Proxy-Authorization: Basic U3RlbGx2ZXJ0cmV0ZXI6R2VoZWltJTQxOiV6eiBA",
		"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
		HTTP_ESTABLISHED,
	};
	SocksProxy socks = {.login = true};
	PeerScript script = {.before = be_socks_proxy, .data = &socks};
	g_auto(Peer) peer = peer_start(&script);
	g_autoptr(Stream) stream = open_by(&peer, PROXY_SOCKS5, password, NULL);
	PeerScript http_proxy = http_script(&http);

	(void)state;
	assert_non_null(stream);
	assert_true(peer_saw_clear(&peer, password));
	check_passes(&http_proxy, PROXY_HTTP, password);
}

static void test_http_proxy_digest(void **state)
{
	HttpProxy proxy = {
		"Proxy-Authorization: Digest username=\"" PROXY_USERNAME "\"",
		"HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"abc\", "
		"qop=\"auth\", algorithm=MD5\r\nContent-Length: 0\r\n\r\n",
		HTTP_ESTABLISHED,
	};
	PeerScript script = http_script(&proxy);

	(void)state;
	check_passes(&script, PROXY_HTTP, PEER_PASSWORD);
	check_refused(&script, PROXY_HTTP, NULL, FAILURE_PROXY_LOGIN_MISSING);
}

static void test_http_proxy_refusals(void **state)
{
	static const struct {
		const char *answer;
		Failure failure;
	} cases[] = {
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", FAILURE_PROXY_FORBIDDEN},
		{"HTTP/1.1 502 Bad Gateway\r\n\r\n", FAILURE_PROXY_UNREACHABLE},
		{"HTTP/1.1 503 Unavailable\r\n\r\n", FAILURE_PROXY_UNREACHABLE},
		{"HTTP/1.1 504 Timeout\r\n\r\n", FAILURE_PROXY_UNREACHABLE},
		{"", FAILURE_PROXY_NOT_HTTP},
		{"HTTP/1.1 501 Unsupported method\r\n\r\n", FAILURE_PROXY_NOT_HTTP},
		{"SSH-2.0-no proxy\r\n\r\n", FAILURE_PROXY_NOT_HTTP},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		HttpProxy proxy = {.answer = cases[i].answer};
		PeerScript script = http_script(&proxy);

		check_refused(&script, PROXY_HTTP, NULL, cases[i].failure);
		check_refused(&script, PROXY_HTTP, PEER_PASSWORD, cases[i].failure);
	}
}

static void test_http_proxy_login(void **state)
{
	HttpProxy proxy = {.answer = "HTTP/1.1 407 No\r\n\r\n"};
	PeerScript script = http_script(&proxy);

	(void)state;
	check_refused(&script, PROXY_HTTP, NULL, FAILURE_PROXY_LOGIN_MISSING);
	check_refused(&script, PROXY_HTTP, PEER_PASSWORD, FAILURE_PROXY_LOGIN);
}

/* Who owns the wire may say anything in the server's place, the proxy's password too. */
static void check_withheld(const PeerScript *script, ProxyKind kind)
{
	g_auto(Peer) peer = peer_start(script);
	g_autoptr(GError) error = NULL;

	assert_null(open_by(&peer, kind, PEER_PASSWORD, &error));
	assert_failure(error, FAILURE_SERVER_BYE);
	assert_string_equal(error->message, "mail.test.invalid port 993: " REPEATS_WITHHELD);
}

static void test_proxy_that_repeats_its_password(void **state)
{
	static const char *const answers[] = {
		HTTP_ESTABLISHED "* BYE " PROXY_USERNAME " " PEER_PASSWORD "\r\n",
		HTTP_ESTABLISHED "* BYE " BASIC_LOGIN "\r\n",
	};
	PeerScript speaking = {
		.before = be_socks_proxy,
		.data = &(SocksProxy){.login = true},
		.greeting = "* BYE " PEER_PASSWORD "\r\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		HttpProxy proxy = {.answer = answers[i]};
		PeerScript script = http_script(&proxy);

		check_withheld(&script, PROXY_HTTP);
	}
	check_withheld(&speaking, PROXY_SOCKS5);
}

static void test_socks_proxy(void **state)
{
	SocksProxy open = {0};
	SocksProxy closed = {.login = true};
	SocksProxy refusing = {.login = true, .refuses_login = true};
	PeerScript scripts[] = {
		{.before = be_socks_proxy, .data = &open},
		{.before = be_socks_proxy, .data = &closed},
		{.before = be_socks_proxy, .data = &refusing},
	};

	(void)state;
	check_passes(&scripts[0], PROXY_SOCKS5, NULL);
	check_passes(&scripts[1], PROXY_SOCKS5, PEER_PASSWORD);
	check_refused(&scripts[1], PROXY_SOCKS5, NULL, FAILURE_PROXY_LOGIN_MISSING);
	check_refused(&scripts[2], PROXY_SOCKS5, PEER_PASSWORD, FAILURE_PROXY_LOGIN);
}

static void test_socks_proxy_refusals(void **state)
{
	static const Failure failures[] = {
		[1] = FAILURE_PROXY_UNREACHABLE,
		[2] = FAILURE_PROXY_FORBIDDEN,
		[3] = FAILURE_PROXY_UNREACHABLE,
		[4] = FAILURE_PROXY_UNREACHABLE,
		[5] = FAILURE_PROXY_UNREACHABLE,
		[6] = FAILURE_PROXY_UNREACHABLE,
	};

	(void)state;
	for (size_t i = 1; i < G_N_ELEMENTS(failures); i++) {
		SocksProxy proxy = {.reply = (char)i};
		PeerScript script = {.before = be_socks_proxy, .data = &proxy};

		check_refused(&script, PROXY_SOCKS5, NULL, failures[i]);
	}
}

/* TLS is with the mail server, not with the proxy, and checks the mail server's name. */
static void test_tls_through_proxy(void **state)
{
	HttpProxy http = {.answer = HTTP_ESTABLISHED};
	SocksProxy socks = {0};
	PeerScript scripts[] = {
		[PROXY_HTTP] = {.before = be_http_proxy, .data = &http},
		[PROXY_SOCKS5] = {.before = be_socks_proxy, .data = &socks},
	};

	(void)state;
	for (ProxyKind kind = PROXY_HTTP; kind <= PROXY_SOCKS5; kind++) {
		g_auto(Peer) peer = {0};
		g_autoptr(GError) error = NULL;
		g_autoptr(Stream) stream = NULL;
		Endpoint endpoint;

		scripts[kind].implicit = true;
		scripts[kind].certificate = certificates.good;
		peer = peer_start(&scripts[kind]);
		endpoint = proxied_endpoint(&peer, kind, NULL);
		endpoint.tls = TLS_MODE_SERVER;
		endpoint.ca_file = certificates.authority;
		assert_null(stream_open(&endpoint, NULL, &error));
		assert_failure(error, FAILURE_TLS_HOST_MISMATCH);
		endpoint.host = (char *)"localhost";
		stream = stream_open(&endpoint, NULL, NULL);
		assert_string_equal(stream_tls_version(stream), "TLSv1.3");
	}
}

/* The ports whose way of encryption is fixed, reached by way of a proxy. */
static void check_port(
	bool smtp, uint16_t port, TlsMode tls, bool implicit, Failure failure, const char *advised)
{
	HttpProxy http = {.answer = HTTP_ESTABLISHED};
	PeerScript script = {.before = be_http_proxy,
		.data = &http,
		.smtp = smtp,
		.implicit = implicit,
		.certificate = implicit ? certificates.good : NULL};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = proxied_endpoint(&peer, PROXY_HTTP, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *advice = NULL;

	endpoint.protocol = smtp ? MAIL_PROTOCOL_SMTP : MAIL_PROTOCOL_IMAP;
	endpoint.port = port;
	endpoint.tls = tls;
	assert_null(stream_open(&endpoint, NULL, &error));
	assert_failure(error, failure);
	advice = failure_advice(error);
	assert_non_null(strstr(advice, advised));
}

static void test_wrong_ports(void **state)
{
	(void)state;
	check_port(false, 143, TLS_MODE_SERVER, true, FAILURE_TLS_IMPLICIT, "Port 993");
	check_port(true, 587, TLS_MODE_SERVER, true, FAILURE_TLS_IMPLICIT, "Port 465");
	check_port(false, 143, TLS_MODE_NONE, true, FAILURE_TLS_REQUIRED, "Port");
	check_port(false, 993, TLS_MODE_SERVER, false, FAILURE_TLS_NOT_SPOKEN, "Port 143 (");
	check_port(true, 465, TLS_MODE_SERVER, false, FAILURE_TLS_NOT_SPOKEN, "Port 587 (");
	check_port(false, 143, TLS_MODE_SERVER, false, FAILURE_TLS_STARTTLS_MISSING, "Port 993");
	check_port(true, 587, TLS_MODE_SERVER, false, FAILURE_TLS_STARTTLS_MISSING, "Port 465");
}

static bool wait_for_ever(PeerChannel *channel, const void *data)
{
	(void)data;
	pause();
	return channel->closed;
}

static void test_silent_proxy(void **state)
{
	PeerScript script = {.before = wait_for_ever};

	(void)state;
	check_refused(&script, PROXY_HTTP, NULL, FAILURE_PROXY_NOT_HTTP);
	check_refused(&script, PROXY_SOCKS5, NULL, FAILURE_PROXY_NOT_SOCKS);
}

static void stay_silent(PeerChannel *channel, const void *lines)
{
	(void)lines;
	wait_for_ever(channel, NULL);
}

/* Behind an HTTP proxy that says so the server was reached; behind SOCKS nobody can tell. */
static void test_silence_behind_a_proxy(void **state)
{
	HttpProxy http = {.answer = HTTP_ESTABLISHED};
	SocksProxy socks = {0};
	PeerScript script = {.before = be_http_proxy, .data = &http, .talk = stay_silent};
	g_auto(Peer) peer = peer_start(&script);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(open_by(&peer, PROXY_HTTP, NULL, &error));
	assert_failure(error, FAILURE_TIMEOUT);
	script.before = be_socks_proxy;
	script.data = &socks;
	check_refused(&script, PROXY_SOCKS5, NULL, FAILURE_PROXY_UNREACHABLE);
}

/* SOCKS counts a password's bytes in one byte. */
static void test_long_password_for_socks(void **state)
{
	SocksProxy closed = {.login = true};
	PeerScript script = {.before = be_socks_proxy, .data = &closed};
	g_autofree char *fits = g_strnfill(255, 'x');
	g_autofree char *long_one = g_strnfill(256, 'x');

	(void)state;
	check_passes(&script, PROXY_SOCKS5, fits);
	check_refused(&script, PROXY_SOCKS5, long_one, FAILURE_PROXY_LOGIN);
}

static void check_endpoint(const Endpoint *endpoint, Failure failure, const char *named)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	assert_null(stream_open(endpoint, NULL, &error));
	assert_failure(error, failure);
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, named));
}

/* A port of 127.0.0.1 where nobody listens. */
static uint16_t closed_port(void)
{
	uint16_t port;

	close(peer_listen(&port));
	return port;
}

static void test_unreachable(void **state)
{
	char *name = (char *)"name.invalid";
	char *address = (char *)"127.0.0.1";
	Endpoint endpoint = {.host = address, .port = closed_port(), .timeout = 2};

	(void)state;
	check_endpoint(&endpoint, FAILURE_CONNECT_REFUSED, address);
	endpoint.tls = TLS_MODE_SERVER;
	check_endpoint(&endpoint, FAILURE_CONNECT_REFUSED, address);
	endpoint.host = (char *)"::1";
	check_endpoint(&endpoint, FAILURE_CONNECT_REFUSED, "::1");
	endpoint.host = name;
	check_endpoint(&endpoint, FAILURE_NAME_UNKNOWN, name);
	endpoint.host = (char *)"two words";
	check_endpoint(&endpoint, FAILURE_NAME_UNKNOWN, "two words");
	endpoint.host = (char *)"user:secret@host";
	check_endpoint(&endpoint, FAILURE_NAME_UNKNOWN, "host");
}

static void test_unreachable_proxy(void **state)
{
	Endpoint endpoint = {
		.host = (char *)"mail.test.invalid",
		.port = 993,
		.timeout = 2,
		.proxy = {.host = (char *)"127.0.0.1", .port = closed_port()},
	};

	(void)state;
	for (ProxyKind kind = PROXY_HTTP; kind <= PROXY_SOCKS5; kind++) {
		endpoint.proxy.kind = kind;
		endpoint.proxy.host = (char *)"127.0.0.1";
		check_endpoint(&endpoint, FAILURE_PROXY_REFUSED, "127.0.0.1");
		endpoint.proxy.host = (char *)"proxy.invalid";
		check_endpoint(&endpoint, FAILURE_PROXY_NAME_UNKNOWN, "proxy.invalid");
		endpoint.proxy.host = (char *)"pro xy";
		check_endpoint(&endpoint, FAILURE_PROXY_NAME_UNKNOWN, "pro xy");
	}
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	certificates = certificates_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	certificates_remove(&certificates);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_proxy),
		cmocka_unit_test(test_passwords_of_any_kind),
		cmocka_unit_test(test_http_proxy_digest),
		cmocka_unit_test(test_http_proxy_refusals),
		cmocka_unit_test(test_http_proxy_login),
		cmocka_unit_test(test_proxy_that_repeats_its_password),
		cmocka_unit_test(test_socks_proxy),
		cmocka_unit_test(test_socks_proxy_refusals),
		cmocka_unit_test(test_tls_through_proxy),
		cmocka_unit_test(test_wrong_ports),
		cmocka_unit_test(test_silent_proxy),
		cmocka_unit_test(test_silence_behind_a_proxy),
		cmocka_unit_test(test_long_password_for_socks),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_unreachable_proxy),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
