/* How far a connection came, and the certificates of those that were refused. */
#include "certificates.h"
#include "peer.h"

#include "net/stream.h"

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
		assert_true(leaf->valid_from > 0 && leaf->valid_until > leaf->valid_from);
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
		assert_int_equal(
			leaf->valid_from > now, cases[i].failure == FAILURE_TLS_NOT_YET_VALID);
		if (cases[i].failure == FAILURE_TLS_HOST_MISMATCH)
			assert_null(strstr(leaf->names, "localhost"));
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
		cmocka_unit_test(test_nothing_listens),
		cmocka_unit_test(test_without_encryption),
		cmocka_unit_test(test_stopped_before_encryption),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
