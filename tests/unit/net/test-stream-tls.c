/* Every TLS value against real servers of one version each, certificates, STARTTLS and its attacks.
 */
#include "certificates.h"
#include "peer.h"

#include "base/clock.h"
#include "net/stream_internal.h"

static Certificates certificates;

enum { V1_0 = 1, V1_1 = 2, V1_2 = 4, V1_3 = 8 };

static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
static const char *const version_names[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
static const char *const german_names[] = {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

/* What section 4 of the specification lets each value connect to. */
static const struct {
	TlsMode mode;
	unsigned admitted;
} values[] = {
	{TLS_MODE_NONE, 0},
	{TLS_MODE_SERVER, V1_2 | V1_3},
	{TLS_MODE_1_0, V1_0},
	{TLS_MODE_1_1, V1_1},
	{TLS_MODE_1_2, V1_2},
	{TLS_MODE_1_3, V1_3},
	{TLS_MODE_FROM_1_0, V1_0 | V1_1 | V1_2 | V1_3},
	{TLS_MODE_FROM_1_1, V1_1 | V1_2 | V1_3},
	{TLS_MODE_FROM_1_2, V1_2 | V1_3},
	{TLS_MODE_FROM_1_3, V1_3},
};

static Endpoint endpoint_of(
	const Peer *peer, const PeerScript *script, TlsMode mode, Secret *password)
{
	Endpoint endpoint = peer_endpoint(peer, mode, certificates.authority);

	endpoint.protocol = script->smtp ? MAIL_PROTOCOL_SMTP : MAIL_PROTOCOL_IMAP;
	endpoint.username = (char *)PEER_USERNAME;
	endpoint.password = password;
	return endpoint;
}

static Stream *open_peer(const Peer *peer, const PeerScript *script, TlsMode mode, GError **error)
{
	g_autoptr(Secret) password = secret_new(PEER_PASSWORD, strlen(PEER_PASSWORD));
	Endpoint endpoint = endpoint_of(peer, script, mode, password);
	Stream *stream = stream_open(&endpoint, NULL, error);

	assert_false(peer_saw_clear(peer, PEER_USERNAME));
	assert_false(peer_saw_clear(peer, PEER_PASSWORD));
	return stream;
}

/* Says something through STREAM and back, encrypted unless the value is none. */
static void check_talk(Stream *stream, const Peer *peer, const PeerScript *script)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *word = g_strdup_printf("word%d.", peer->shared->connections);
	g_autofree char *command = g_strdup_printf("%sNOOP %s\r\n", script->smtp ? "" : "x ", word);

	assert_true(stream_write(stream, command, strlen(command), NULL));
	assert_true(stream_read_line(stream, line, 1000, NULL));
	assert_string_equal(line->str, script->smtp ? "250 peer.test" : "x OK done");
	assert_int_equal(peer_saw_clear(peer, word), !stream_is_encrypted(stream));
}

static void check_refusal(const GError *error, TlsMode mode, size_t version)
{
	g_autofree char *sentence = NULL;

	if (mode == TLS_MODE_NONE) {
		assert_failure(error, FAILURE_TLS_REQUIRED);
		return;
	}
	assert_failure(error, FAILURE_TLS_VERSION);
	sentence = failure_sentence(error);
	assert_non_null(strstr(sentence, german_names[version]));
	if (mode == TLS_MODE_SERVER) {
		g_autofree char *advice = g_strdup_printf("„ab %s“", german_names[version]);

		assert_non_null(strstr(sentence, advice));
	}
}

static void check_value(const Peer *peer, const PeerScript *script, size_t value, size_t version)
{
	g_autoptr(GError) error = NULL;
	TlsMode mode = values[value].mode;
	g_autoptr(Stream) stream = open_peer(peer, script, mode, &error);
	bool plain = mode == TLS_MODE_NONE && !script->implicit;

	if (!plain && !(values[value].admitted >> version & 1)) {
		assert_null(stream);
		check_refusal(error, mode, version);
		return;
	}
	if (!stream)
		fail_msg("value %zu, version %zu: %s", value, version, error->message);
	if (plain)
		assert_null(stream_tls_version(stream));
	else
		assert_string_equal(stream_tls_version(stream), version_names[version]);
	assert_int_equal(stream_is_encrypted(stream), !plain);
	check_talk(stream, peer, script);
}

static void run_matrix(PeerScript script)
{
	for (size_t version = 0; version < G_N_ELEMENTS(versions); version++) {
		g_auto(Peer) peer = {0};

		script.version = versions[version];
		script.certificate = certificates.good;
		peer = peer_start(&script);
		for (size_t value = 0; value < G_N_ELEMENTS(values); value++)
			check_value(&peer, &script, value, version);
	}
}

static void test_matrix_implicit(void **state)
{
	(void)state;
	run_matrix((PeerScript){.implicit = true});
	run_matrix((PeerScript){.implicit = true, .smtp = true});
}

static void test_matrix_starttls(void **state)
{
	(void)state;
	run_matrix((PeerScript){0});
	run_matrix((PeerScript){.smtp = true});
}

static void test_matrix_plain(void **state)
{
	PeerScript scripts[] = {{0}, {.smtp = true}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_auto(Peer) peer = peer_start(&scripts[i]);

		for (size_t value = 0; value < G_N_ELEMENTS(values); value++) {
			g_autoptr(GError) error = NULL;
			g_autoptr(Stream) stream =
				open_peer(&peer, &scripts[i], values[value].mode, &error);

			if (values[value].mode == TLS_MODE_NONE)
				check_talk(stream, &peer, &scripts[i]);
			else
				assert_failure(error, FAILURE_TLS_STARTTLS_MISSING);
		}
	}
}

static void test_newest_shared_version(void **state)
{
	PeerScript script = {.implicit = true, .certificate = certificates.good};
	g_auto(Peer) peer = peer_start(&script);
	g_autoptr(Stream) stream = open_peer(&peer, &script, TLS_MODE_SERVER, NULL);

	(void)state;
	assert_string_equal(stream_tls_version(stream), "TLSv1.3");
	assert_non_null(strstr(stream_tls_cipher(stream), "TLS_"));
	assert_string_equal(stream_greeting(stream), "* OK peer ready");
}

/* FAILURE for SCRIPT with the value "server", and nothing secret on the wire. */
static void check_failure(PeerScript script, Failure failure)
{
	g_autoptr(GError) error = NULL;
	g_auto(Peer) peer = peer_start(&script);

	assert_null(open_peer(&peer, &script, TLS_MODE_SERVER, &error));
	assert_failure(error, failure);
}

static void test_certificates(void **state)
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

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PeerScript script = {.certificate = cases[i].certificate};

		check_failure(script, cases[i].failure);
		script.smtp = true;
		check_failure(script, cases[i].failure);
		script.implicit = true;
		check_failure(script, cases[i].failure);
	}
}

static void test_ca_file(void **state)
{
	PeerScript script = {.implicit = true, .certificate = certificates.good};
	g_auto(Peer) peer = peer_start(&script);
	g_autofree char *garbage = g_build_filename(certificates.folder, "garbage.pem", NULL);
	const struct {
		const char *file;
		Failure failure;
	} cases[] = {
		{NULL, FAILURE_TLS_AUTHORITY},
		{"/nonexistent/ca.pem", FAILURE_TLS_CA_FILE},
		{garbage, FAILURE_TLS_CA_FILE},
	};

	(void)state;
	assert_true(g_file_set_contents(garbage, "no PEM", -1, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_SERVER, cases[i].file);

		assert_null(stream_open(&endpoint, NULL, &error));
		assert_failure(error, cases[i].failure);
	}
	unlink(garbage);
}

static void test_name_in_certificate(void **state)
{
	PeerScript script = {.implicit = true, .certificate = certificates.good};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_SERVER, certificates.authority);
	g_autoptr(Stream) stream = NULL;

	(void)state;
	endpoint.host = (char *)"localhost";
	stream = stream_open(&endpoint, NULL, NULL);
	assert_non_null(stream);
	assert_string_equal(stream_host(stream), "localhost");
}

static void test_ipv6_address(void **state)
{
	PeerScript script = {.ipv6 = true, .implicit = true, .certificate = certificates.good};
	g_auto(Peer) peer = peer_start(&script);
	Endpoint endpoint = peer_endpoint(&peer, TLS_MODE_SERVER, certificates.authority);
	g_autoptr(GError) error = NULL;
	g_autoptr(Stream) stream = NULL;

	(void)state;
	endpoint.host = (char *)"::1";
	stream = stream_open(&endpoint, NULL, &error);
	if (!stream)
		fail_msg("%s", error->message);
	assert_string_equal(stream_host(stream), "::1");
}

static void test_starttls_attacks(void **state)
{
	const struct {
		PeerScript script;
		Failure failure;
	} cases[] = {
		{{.hides_starttls = true}, FAILURE_TLS_STARTTLS_MISSING},
		{{.refuses_starttls = true}, FAILURE_TLS_STARTTLS_MISSING},
		{{.injected = "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}, FAILURE_TLS_INJECTION},
		{{.injected = "x"}, FAILURE_TLS_INJECTION},
		{{.talks_plain = true}, FAILURE_TLS_INJECTION},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PeerScript script = cases[i].script;

		script.certificate = certificates.good;
		check_failure(script, cases[i].failure);
		script.smtp = true;
		check_failure(script, cases[i].failure);
	}
}

/* RFC 9051 section 7.1.4: whoever greets with PREAUTH in the clear keeps us from STARTTLS. */
static void test_preauth(void **state)
{
	PeerScript script = {.certificate = certificates.good, .greeting = "* PREAUTH welcome\r\n"};
	g_auto(Peer) peer = {0};
	g_autoptr(Stream) encrypted = NULL;
	g_autoptr(Stream) plain = NULL;

	(void)state;
	check_failure(script, FAILURE_TLS_STARTTLS_MISSING);
	peer = peer_start(&script);
	plain = open_peer(&peer, &script, TLS_MODE_NONE, NULL);
	assert_string_equal(stream_greeting(plain), "* PREAUTH welcome");
	peer_stop(&peer);
	script.implicit = true;
	peer = peer_start(&script);
	encrypted = open_peer(&peer, &script, TLS_MODE_SERVER, NULL);
	assert_string_equal(stream_greeting(encrypted), "* PREAUTH welcome");
}

static void test_probe(void **state)
{
	PeerScript scripts[] = {{.implicit = true}, {.smtp = true}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_auto(Peer) peer = {0};
		Endpoint endpoint;

		/* Versions do not depend on whether the certificate is any good. */
		scripts[i].certificate = certificates.expired;
		peer = peer_start(&scripts[i]);
		endpoint = endpoint_of(&peer, &scripts[i], TLS_MODE_1_3, NULL);
		assert_int_equal(stream_probe_tls(&endpoint, NULL), V1_0 | V1_1 | V1_2 | V1_3);
		/* Four handshakes, and one attempt that finds out about STARTTLS. */
		assert_int_equal(peer.shared->connections, scripts[i].implicit ? 4 : 5);
	}
}

static void test_plan(void **state)
{
	static const struct {
		uint16_t port;
		unsigned count;
		Security first;
	} cases[] = {
		{993, 1, SECURITY_IMPLICIT},
		{465, 1, SECURITY_IMPLICIT},
		{143, 1, SECURITY_STARTTLS},
		{25, 1, SECURITY_STARTTLS},
		{587, 1, SECURITY_STARTTLS},
		{10993, 2, SECURITY_IMPLICIT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		Endpoint endpoint = {.port = cases[i].port, .tls = TLS_MODE_SERVER};
		Security plan[2];

		assert_int_equal(stream_tls_plan(&endpoint, plan), cases[i].count);
		assert_int_equal(plan[0], cases[i].first);
		assert_true(cases[i].count < 2 || plan[1] == SECURITY_STARTTLS);
		endpoint.tls = TLS_MODE_NONE;
		assert_int_equal(stream_tls_plan(&endpoint, plan), 1);
		assert_int_equal(plan[0], SECURITY_NONE);
	}
}

static void test_mismatch_sentence(void **state)
{
	g_autofree char *exact = stream_tls_describe_mismatch(TLS_MODE_1_3, V1_0 | V1_1 | V1_2);
	g_autofree char *old = stream_tls_describe_mismatch(TLS_MODE_FROM_1_3, V1_0);
	g_autofree char *server = stream_tls_describe_mismatch(TLS_MODE_SERVER, V1_0 | V1_1);
	g_autofree char *fixed = stream_tls_describe_fixed(V1_1);

	(void)state;
	assert_string_equal(exact,
		"eingestellt ist „TLS 1.3“, der Server kann TLS 1.0, TLS 1.1 und TLS 1.2; möglich "
		"wäre „Server (Standard)“");
	assert_string_equal(old,
		"eingestellt ist „ab TLS 1.3“, der Server kann TLS 1.0; möglich wäre „ab TLS 1.0“");
	assert_string_equal(fixed, "mit Office 365 ist TLS 1.2 Pflicht, der Server kann TLS 1.1");
	assert_string_equal(server,
		"eingestellt ist „Server (Standard)“, hier also TLS 1.2 und TLS 1.3, der Server "
		"kann TLS 1.0 und TLS 1.1; möglich wäre „ab TLS 1.1“");
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
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_mismatch_sentence),
		cmocka_unit_test(test_newest_shared_version),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_ca_file),
		cmocka_unit_test(test_name_in_certificate),
		cmocka_unit_test(test_ipv6_address),
		cmocka_unit_test(test_starttls_attacks),
		cmocka_unit_test(test_preauth),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_matrix_plain),
		cmocka_unit_test(test_matrix_implicit),
		cmocka_unit_test(test_matrix_starttls),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
