/* The server's start and end, with and without TLS. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "../net/certificates.h"
#include "site.h"

/* ---- the end ---- */

static void stop(Site *site, int64_t most)
{
	int64_t begin = clock_monotonic();

	site_free(site);
	assert_true(clock_monotonic() - begin < most);
}

static void test_stop_without_a_visitor(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		stop(site_new("127.0.0.1", NULL), 1000);
	web_server_stop(NULL);
}

/* Who keeps a connection, or is in the middle of a request, does not hold it up. */
static void test_stop_with_idle_visitors(void **state)
{
	static const char *const texts[] = {"", "GET /", "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"};
	Site *site = site_new("127.0.0.1", NULL);
	Client clients[30];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		clients[i] = client_open(site);
		client_send(&clients[i], texts[i % G_N_ELEMENTS(texts)]);
	}
	assert_still_serves(site);
	stop(site, 3000);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		assert_true(client_sees_end(&clients[i], LATEST));
		client_close(&clients[i]);
	}
}

/* Running jobs hear it and still answer; waiting ones are sent away; streams are cut. */
static void test_stop_with_jobs_and_streams(void **state)
{
	static const char *const paths[] = {
		"/cancel?key=1", "/cancel?key=1", "/flood?key=2", "/flood?key=3", "/cancel?key=4"};
	Site *site = site_new("127.0.0.1", NULL);
	Client clients[G_N_ELEMENTS(paths)];
	Client waiting;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", paths[i]);
	}
	site_await(&site->begun, G_N_ELEMENTS(paths));
	waiting = client_open(site);
	client_ask(&waiting, "GET", "/cancel?key=1");
	g_usleep(50000);
	/* The floods' answers are not taken, so that they hold it up as long as they may. */
	stop(site, 5000);
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (g_str_has_prefix(paths[i], "/cancel"))
			client_expect(&clients[i], 200, "cancelled");
		assert_true(client_sees_end(&clients[i], LATEST));
		assert_false(has_text(clients[i].seen, "\r\n0\r\n\r\n"));
		client_close(&clients[i]);
	}
	client_expect(&waiting, 503, "refused");
	client_close(&waiting);
}

static void test_stop_with_a_handler_at_once(void **state)
{
	Site *site = site_new("127.0.0.1", NULL);
	g_auto(Client) client = client_open(site);

	(void)state;
	client_ask(&client, "GET", "/cancel-at-once");
	site_await(&site->begun, 1);
	stop(site, 3000);
	client_expect(&client, 200, "cancelled");
}

static void *stop_site(void *site)
{
	stop(site, 3000);
	return NULL;
}

/* More than the sockets hold is on its way when the server stops. */
static void test_stop_lets_answers_out(void **state)
{
	enum { SIZE = 30000000 };
	Site *site = site_new("127.0.0.1", NULL);
	g_auto(Client) client = client_open(site);
	g_auto(Answer) answer = {0};
	pthread_t stopping;

	(void)state;
	client_ask(&client, "GET", "/large?size=30000000");
	assert_true(client_receive(&client, LATEST));
	pthread_create(&stopping, NULL, stop_site, site);
	g_usleep(300000);
	answer = client_answer(&client, false);
	assert_int_equal(answer.body->len, SIZE);
	pthread_join(stopping, NULL);
}

/* Visitors that come and go all the time, until the server is gone. */
typedef struct Crowd {
	Site *site;
	atomic_bool ends;
	unsigned seed;
	pthread_t thread;
} Crowd;

static void visit(Crowd *crowd)
{
	static const char *const paths[] = {
		"/hello", "/job", "/pieces", "/flood?size=100000", "/cancel", "/nothing"};
	Client client = client_open(crowd->site);
	g_autofree char *text = NULL;

	crowd->seed = crowd->seed * 1103515245 + 12345;
	text = g_strdup_printf("GET %s%skey=%u HTTP/1.1\r\nHost: x\r\n\r\n",
		paths[crowd->seed >> 16 & 3], crowd->seed & 1 << 20 ? "?" : "?x&",
		crowd->seed >> 21 & 15);
	if (client_try_send(&client, text, strlen(text)))
		client_receive(&client, crowd->seed >> 25 & 7);
	client_close(&client);
}

static void *visit_often(void *data)
{
	Crowd *crowd = data;

	while (!atomic_load(&crowd->ends))
		visit(crowd);
	return NULL;
}

static void test_stop_in_a_crowd(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		Site *site = site_new("127.0.0.1", NULL);
		Crowd crowds[4];

		atomic_store(&site->gate, true);
		for (unsigned i = 0; i < G_N_ELEMENTS(crowds); i++) {
			crowds[i] = (Crowd){.site = site, .seed = i + 10 * (unsigned)round};
			pthread_create(&crowds[i].thread, NULL, visit_often, &crowds[i]);
		}
		g_usleep(300000);
		/* Connections are refused from here on, which the crowd must not see. */
		for (unsigned i = 0; i < G_N_ELEMENTS(crowds); i++)
			atomic_store(&crowds[i].ends, true);
		if (round % 2)
			g_usleep(1000);
		for (unsigned i = 0; i < G_N_ELEMENTS(crowds); i++)
			pthread_join(crowds[i].thread, NULL);
		stop(site, 10000);
	}
}

/* ---- TLS ---- */

static Certificates certificates;

static int make_certificates(void **state)
{
	(void)state;
	certificates = certificates_make();
	return 0;
}

static int remove_certificates(void **state)
{
	(void)state;
	certificates_remove(&certificates);
	return 0;
}

/* NULL: no handshake with VERSION. */
static SSL *tls_open(SSL_CTX *context, Client *client, int version)
{
	SSL *tls = SSL_new(context);

	SSL_set_min_proto_version(tls, version);
	SSL_set_max_proto_version(tls, version);
	SSL_set_security_level(tls, 0);
	SSL_set_fd(tls, client->socket);
	if (SSL_connect(tls) == 1)
		return tls;
	SSL_free(tls);
	ERR_clear_error();
	return NULL;
}

static void assert_tls_answers(SSL *tls, const char *path, const char *expected)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autofree char *text = g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	char block[4096];
	int size;

	assert_int_equal(SSL_write(tls, text, (int)strlen(text)), strlen(text));
	while (!has_text(seen, expected) && (size = SSL_read(tls, block, sizeof(block))) > 0)
		g_string_append_len(seen, block, size);
	assert_true(has_text(seen, expected));
}

static void assert_version(Site *site, int version, bool works)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	g_auto(Client) client = client_open(site);
	SSL *tls = tls_open(context, &client, version);

	assert_int_equal(tls != NULL, works);
	if (tls) {
		assert_tls_answers(tls, "/t", "secure=1\n");
		assert_tls_answers(tls, "/job", "hello");
		assert_tls_answers(tls, "/flood?size=300000", "\r\n0\r\n\r\n");
		assert_tls_answers(tls, "/hello", "hello");
		SSL_free(tls);
	}
	SSL_CTX_free(context);
}

static void test_tls(void **state)
{
	Site *site = site_new("127.0.0.1", certificates.good);

	(void)state;
	assert_version(site, TLS1_3_VERSION, true);
	assert_version(site, TLS1_2_VERSION, true);
	assert_version(site, TLS1_1_VERSION, false);
	assert_version(site, TLS1_VERSION, false);
	site_free(site);
}

static void test_plain_text_at_a_tls_port(void **state)
{
	Site *site = site_new("127.0.0.1", certificates.good);
	g_auto(Client) client = client_open(site);

	(void)state;
	client_ask(&client, "GET", "/hello");
	assert_true(client_sees_end(&client, LATEST));
	assert_null(strstr(client.seen->str, "hello"));
	assert_version(site, TLS1_3_VERSION, true);
	site_free(site);
}

static void assert_tls_fails(
	const char *certificate, const char *key, Failure failure, const char *subject)
{
	WebOptions options = {.address = "127.0.0.1",
		.tls_certificate = certificate,
		.tls_key = key,
		.plan = site_plan};
	g_autoptr(GError) error = NULL;

	assert_null(web_server_start(&options, &error));
	assert_true(failure_is(error, failure));
	assert_string_equal(failure_subject(error), subject);
}

static void test_certificates_that_are_none(void **state)
{
	(void)state;
	assert_tls_fails("/nowhere.pem", certificates.good, FAILURE_TLS_FILE, "/nowhere.pem");
	assert_tls_fails(certificates.good, "/nowhere.pem", FAILURE_TLS_FILE, "/nowhere.pem");
	assert_tls_fails(certificates.good, certificates.expired, FAILURE_SERVE_KEY_OTHER,
		certificates.expired);
	assert_tls_fails(certificates.authority, certificates.authority, FAILURE_SERVE_KEY,
		certificates.authority);
	assert_tls_fails("README.md", certificates.good, FAILURE_SERVE_CERTIFICATE, "README.md");
	assert_tls_fails(certificates.good, "README.md", FAILURE_SERVE_KEY, "README.md");
	assert_tls_fails("/dev/null", "/dev/null", FAILURE_SERVE_CERTIFICATE, "/dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop_without_a_visitor),
		cmocka_unit_test(test_stop_with_idle_visitors),
		cmocka_unit_test(test_stop_with_jobs_and_streams),
		cmocka_unit_test(test_stop_with_a_handler_at_once),
		cmocka_unit_test(test_stop_lets_answers_out),
		cmocka_unit_test(test_stop_in_a_crowd),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_plain_text_at_a_tls_port),
		cmocka_unit_test(test_certificates_that_are_none),
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
