/* How far a connection came, and the certificates of those that were refused. */
#include "certificates.h"
#include "peer.h"

#include "net/stream.h"

/* How long a proxy of these tests thinks, in milliseconds. */
#define PROXY_TIME 150
#define LONG_NAME 300
#define SHOWN_NAME 200
#define MANY 30
#define SHOWN_CERTIFICATES 10
#define SHOWN_NAMES 20

static Certificates certificates;

/* Connects to a peer of SCRIPT and fills REPORT; the failure, yours, or NULL. */
static GError *watch(PeerScript script, TlsMode mode, StreamReport *report)
{
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, mode, certificates.authority);
	GError *error = NULL;
	g_autoptr(Stream) stream = NULL;

	endpoint.protocol = script.smtp ? MAIL_PROTOCOL_SMTP : MAIL_PROTOCOL_IMAP;
	stream = stream_open_watched(&endpoint, NULL, report, &error);
	assert_true((stream == NULL) == (error != NULL));
	return error;
}

static const StreamCertificate *leaf_of(const StreamReport *report)
{
	assert_true(report->chain->len > 0);
	return g_ptr_array_index(report->chain, 0);
}

static void test_good_ways(void **state)
{
	const PeerScript scripts[] = {
		{.implicit = true, .certificate = certificates.good},
		{.certificate = certificates.good},
		{.smtp = true, .certificate = certificates.good},
	};
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_auto(StreamReport) report = {0};
		g_autoptr(GError) error = watch(scripts[i], TLS_MODE_SERVER, &report);
		const StreamCertificate *leaf;

		assert_null(error);
		assert_string_equal(report.address, "127.0.0.1");
		assert_int_equal(report.starttls, !scripts[i].implicit);
		assert_true(report.connected >= 0 && report.reached == report.connected);
		assert_true(report.handshake >= report.connected);
		assert_true(report.encrypted >= report.handshake);
		assert_true(report.ended >= report.encrypted);
		leaf = leaf_of(&report);
		assert_non_null(strstr(leaf->names, "localhost"));
		assert_non_null(strstr(leaf->names, "127.0.0.1"));
		assert_in_range(leaf->valid_until - now, DAY - 60, DAY + 60);
	}
}

static void test_refused_certificates_are_shown(void **state)
{
	const struct {
		const char *certificate;
		Failure failure;
	} cases[] = {
		{certificates.wrong_host, FAILURE_TLS_HOST_MISMATCH},
		{certificates.self_signed, FAILURE_TLS_AUTHORITY},
		{certificates.expired, FAILURE_TLS_EXPIRED},
		{certificates.future, FAILURE_TLS_NOT_YET_VALID},
	};
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PeerScript script = {.implicit = true, .certificate = cases[i].certificate};
		g_auto(StreamReport) report = {0};
		g_autoptr(GError) error = watch(script, TLS_MODE_SERVER, &report);
		const StreamCertificate *leaf = leaf_of(&report);

		assert_int_equal(failure_of(error), cases[i].failure);
		assert_true(report.handshake >= 0);
		assert_true(*leaf->subject && *leaf->issuer);
		assert_int_equal(leaf->valid_until < now, cases[i].failure == FAILURE_TLS_EXPIRED);
		if (cases[i].failure == FAILURE_TLS_HOST_MISMATCH)
			assert_null(strstr(leaf->names, "localhost"));
	}
}

/* For a server that got through the handshake with its client. */
static void note_arrival(PeerChannel *channel, const void *lines)
{
	(void)lines;
	atomic_fetch_add(&channel->shared->clear_size, 1);
}

/* Looking at a certificate must not let it pass: the client ends the handshake (with TLS 1.2, which
 * shows that to the server) and names the fault that OpenSSL found first. */
static void test_looking_changes_nothing(void **state)
{
	char *const bad[] = {certificates.expired, certificates.self_signed};
	const Failure failures[] = {FAILURE_TLS_EXPIRED, FAILURE_TLS_AUTHORITY};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		PeerScript script = {.implicit = true,
			.version = TLS1_2_VERSION,
			.certificate = bad[i],
			.talk = note_arrival};
		g_auto(Peer) peer = peer_start(&script);
		Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_SERVER, certificates.authority);
		g_auto(StreamReport) report = {0};
		g_autoptr(GError) error = NULL;

		assert_null(stream_open_watched(&endpoint, NULL, &report, &error));
		assert_failure(error, failures[i]);
		assert_true(report.handshake >= 0 && report.encrypted < 0);
		g_usleep(100 * 1000);
		assert_int_equal(atomic_load(&peer.shared->clear_size), 0);
	}
}

/* A certificate with NAMES whose subject has TEXT as its common name, else (NULL) none; yours. */
static char *issue_odd(const char *text, const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_new(key, text ? text : "gone", names, -DAY, DAY);
	X509_NAME *subject = X509_get_subject_name(certificate);
	char *path;

	if (!text) {
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(subject, 0));
		X509_NAME_add_entry_by_txt(
			subject, "O", MBSTRING_ASC, (const unsigned char *)"Amt\x1b[2J", -1, -1, 0);
	}
	X509_set_issuer_name(certificate, subject);
	X509_sign(certificate, key, EVP_sha256());
	path = certificate_write(certificates.folder, "odd.pem", certificate, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return path;
}

/* What is shown of a server with such a certificate. */
static void watch_odd(const char *text, const char *names, StreamReport *report)
{
	g_autofree char *path = issue_odd(text, names);
	PeerScript script = {.implicit = true, .certificate = path};
	g_autoptr(GError) error = watch(script, TLS_MODE_SERVER, report);

	assert_failure(error, FAILURE_TLS_AUTHORITY);
	unlink(path);
}

/* Nothing in it steers a terminal or reads backwards. */
static void check_safe(const char *text)
{
	assert_true(g_utf8_validate(text, -1, NULL));
	for (const char *at = text; *at; at++)
		assert_false(g_ascii_iscntrl(*at));
	assert_null(strstr(text, "\xc2\x9b"));
}

static void test_names_are_safe_for_terminals(void **state)
{
	g_auto(StreamReport) report = {0};
	g_auto(StreamReport) other = {0};
	const StreamCertificate *leaf;

	(void)state;
	watch_odd(
		"mail\x1b[31m\x9bm", "DNS:good.test,DNS:a\x1b]0;b\x07.test,DNS:\x9b.test", &report);
	leaf = leaf_of(&report);
	check_safe(leaf->subject);
	check_safe(leaf->issuer);
	check_safe(leaf->names);
	assert_true(g_str_has_prefix(leaf->subject, "mail"));
	assert_string_equal(leaf->issuer, leaf->subject);
	assert_true(g_str_has_prefix(leaf->names, "good.test, a"));
	watch_odd(NULL, "IP:::1", &other);
	leaf = leaf_of(&other);
	check_safe(leaf->subject);
	assert_true(g_str_has_prefix(leaf->subject, "/O=Amt"));
	assert_string_equal(leaf->names, "::1");
}

static void test_names_have_limits(void **state)
{
	g_autoptr(GString) names = g_string_new("DNS:");
	g_auto(StreamReport) report = {0};
	g_auto(GStrv) shown = NULL;

	(void)state;
	for (int i = 0; i < LONG_NAME; i++)
		g_string_append_c(names, 'x');
	for (int i = 0; i < MANY; i++)
		g_string_append_printf(names, ",DNS:%d.test", i);
	watch_odd("many", names->str, &report);
	shown = g_strsplit(leaf_of(&report)->names, ", ", -1);
	assert_int_equal(g_strv_length(shown), SHOWN_NAMES);
	assert_int_equal(strlen(shown[0]), SHOWN_NAME);
	assert_string_equal(shown[1], "0.test");
}

/* A server that sends its certificate and then one and the same again and again. */
static void test_chain_has_a_limit(void **state)
{
	g_autofree char *path = g_build_filename(certificates.folder, "chain.pem", NULL);
	g_autofree char *authority = NULL;
	g_autofree char *own = NULL;
	g_autoptr(GString) chain = NULL;
	g_auto(StreamReport) report = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(g_file_get_contents(certificates.good, &own, NULL, NULL));
	assert_true(g_file_get_contents(certificates.authority, &authority, NULL, NULL));
	chain = g_string_new(own);
	for (int i = 0; i < MANY; i++)
		g_string_append(chain, authority);
	assert_true(g_file_set_contents(path, chain->str, -1, NULL));
	error = watch(
		(PeerScript){.implicit = true, .certificate = path}, TLS_MODE_SERVER, &report);
	unlink(path);
	assert_null(error);
	assert_int_equal(report.chain->len, SHOWN_CERTIFICATES);
	assert_string_equal(leaf_of(&report)->subject, "peer.test");
	assert_string_equal(leaf_of(&report)->issuer, "Amtspost Test CA");
}

/* ---- proxies, which think for a while before they answer ---- */

/* An HTTP proxy that answers CONNECT with ANSWER and, if that is 200, is the server from then on.
 */
static bool answer_connect(PeerChannel *channel, const void *answer)
{
	char line[PEER_LINE];

	while (peer_get_line(channel, line) && *line)
		;
	g_usleep(PROXY_TIME * 1000);
	peer_put(channel, answer);
	return strstr(answer, " 200 ") != NULL;
}

static void skip_bytes(PeerChannel *channel, int count)
{
	while (count-- > 0)
		peer_get(channel);
}

/* A SOCKS proxy (RFC 1928) whose answer to CONNECT is the code at DATA. */
static bool answer_socks(PeerChannel *channel, const void *data)
{
	const unsigned char answer[10] = {5, *(const unsigned char *)data, 0, 1};

	skip_bytes(channel, 1);
	skip_bytes(channel, peer_get(channel));
	send(channel->descriptor, "\5", 2, MSG_NOSIGNAL);
	skip_bytes(channel, 4);
	skip_bytes(channel, peer_get(channel) + 2);
	g_usleep(PROXY_TIME * 1000);
	send(channel->descriptor, answer, sizeof answer, MSG_NOSIGNAL);
	return answer[1] == 0;
}

#define CONNECTED "HTTP/1.1 200 OK\r\n\r\n"
#define FORBIDDEN "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

/* As watch, through a proxy of KIND that SCRIPT's peer plays as well. */
static GError *watch_proxied(PeerScript script, ProxyKind kind, TlsMode mode, StreamReport *report)
{
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, mode, certificates.authority);
	GError *error = NULL;
	g_autoptr(Stream) stream = NULL;

	endpoint.host = (char *)"login.test.invalid";
	endpoint.proxy = (Proxy){.kind = kind, .host = (char *)"127.0.0.1", .port = peer.port};
	stream = stream_open_watched(&endpoint, NULL, report, &error);
	return error;
}

static void test_proxy_and_server_are_told_apart(void **state)
{
	static const unsigned char granted = 0;
	const struct {
		PeerScript script;
		ProxyKind kind;
		TlsMode mode;
	} cases[] = {
		{{.before = answer_connect, .data = CONNECTED}, PROXY_HTTP, TLS_MODE_NONE},
		{{.before = answer_connect, .data = CONNECTED, .certificate = certificates.good},
			PROXY_HTTP, TLS_MODE_SERVER},
		{{.before = answer_connect,
			 .data = CONNECTED,
			 .implicit = true,
			 .certificate = certificates.good},
			PROXY_HTTP, TLS_MODE_SERVER},
		{{.before = answer_socks, .data = &granted}, PROXY_SOCKS5, TLS_MODE_NONE},
		{{.before = answer_socks, .data = &granted, .certificate = certificates.good},
			PROXY_SOCKS5, TLS_MODE_SERVER},
		{{.before = answer_socks,
			 .data = &granted,
			 .implicit = true,
			 .certificate = certificates.good},
			PROXY_SOCKS5, TLS_MODE_SERVER},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(StreamReport) report = {0};
		g_autoptr(GError) error =
			watch_proxied(cases[i].script, cases[i].kind, cases[i].mode, &report);

		assert_null(error);
		assert_true(report.connected >= 0);
		assert_in_range(report.reached, PROXY_TIME, report.ended);
		assert_string_equal(report.address, "127.0.0.1");
		if (cases[i].mode == TLS_MODE_NONE)
			assert_true(report.handshake < 0 && report.encrypted < 0);
		else
			assert_true(report.handshake >= report.reached &&
				    report.encrypted >= report.handshake);
	}
}

static void test_refused_by_a_proxy(void **state)
{
	static const unsigned char refused = 5;
	const struct {
		PeerScript script;
		ProxyKind kind;
	} cases[] = {
		{{.before = answer_connect, .data = FORBIDDEN}, PROXY_HTTP},
		{{.before = answer_socks, .data = &refused}, PROXY_SOCKS5},
	};

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		g_auto(StreamReport) report = {0};
		g_autoptr(GError) error = watch_proxied(cases[i / 2].script, cases[i / 2].kind,
			i % 2 ? TLS_MODE_NONE : TLS_MODE_1_3, &report);

		assert_non_null(error);
		assert_true(report.reached < 0 && report.handshake < 0 && report.encrypted < 0);
		assert_true(report.ended >= PROXY_TIME);
	}
}

static void test_nothing_listens(void **state)
{
	PeerScript script = {.implicit = true, .certificate = certificates.good};
	g_auto(StreamReport) report = {0};
	g_autoptr(GError) error = NULL;
	Endpoint endpoint;

	(void)state;
	{
		g_auto(Peer) peer = peer_start(&script);

		endpoint = peer_endpoint(&peer, TLS_MODE_SERVER, certificates.authority);
	}
	assert_null(stream_open_watched(&endpoint, NULL, &report, &error));
	assert_int_equal(failure_of(error), FAILURE_CONNECT_REFUSED);
	assert_true(report.connected < 0 && report.reached < 0 && report.handshake < 0);
	assert_true(report.encrypted < 0 && report.ended >= 0);
	assert_int_equal(report.chain->len, 0);
}

static void test_without_encryption(void **state)
{
	PeerScript script = {0};
	g_auto(StreamReport) report = {0};
	g_autoptr(GError) error = watch(script, TLS_MODE_NONE, &report);

	(void)state;
	assert_null(error);
	assert_true(report.connected >= 0 && report.handshake < 0 && report.encrypted < 0);
}

static void test_stopped_before_encryption(void **state)
{
	PeerScript script = {.certificate = certificates.good, .hides_starttls = true};
	g_auto(StreamReport) report = {0};
	g_autoptr(GError) error = watch(script, TLS_MODE_SERVER, &report);

	(void)state;
	assert_int_equal(failure_of(error), FAILURE_TLS_STARTTLS_MISSING);
	assert_true(report.reached >= 0 && report.handshake < 0 && report.starttls);
}

static void test_addresses(void **state)
{
	g_autoptr(GPtrArray) addresses = stream_resolve("localhost", 5, NULL, NULL);
	g_autoptr(GPtrArray) none = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_non_null(addresses);
	assert_true(g_ptr_array_find_with_equal_func(addresses, "127.0.0.1", g_str_equal, NULL) ||
		    g_ptr_array_find_with_equal_func(addresses, "::1", g_str_equal, NULL));
	none = stream_resolve("a name with blanks", 5, NULL, &error);
	assert_null(none);
	assert_true(failure_is(error, FAILURE_NAME_UNKNOWN) ||
		    failure_is(error, FAILURE_NAME_TEMPORARY));
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
		cmocka_unit_test(test_good_ways),
		cmocka_unit_test(test_refused_certificates_are_shown),
		cmocka_unit_test(test_looking_changes_nothing),
		cmocka_unit_test(test_names_are_safe_for_terminals),
		cmocka_unit_test(test_names_have_limits),
		cmocka_unit_test(test_chain_has_a_limit),
		cmocka_unit_test(test_proxy_and_server_are_told_apart),
		cmocka_unit_test(test_refused_by_a_proxy),
		cmocka_unit_test(test_nothing_listens),
		cmocka_unit_test(test_without_encryption),
		cmocka_unit_test(test_stopped_before_encryption),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
