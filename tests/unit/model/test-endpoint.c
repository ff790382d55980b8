/* Endpoints: deep copies, nothing left after clearing (memory is ASan's to watch). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>
#include "model/endpoint.h"

static Endpoint full_endpoint(void)
{
	return (Endpoint){
		.protocol = MAIL_PROTOCOL_SMTP,
		.host = g_strdup("mail.amt.example"),
		.port = 587,
		.tls = TLS_MODE_FROM_1_2,
		.proxy = {.kind = PROXY_SOCKS5,
			.host = g_strdup("proxy.amt.example"),
			.port = 1080,
			.username = g_strdup("amt"),
			.password = secret_new("schranke", 8)},
		.ca_file = g_strdup("/etc/amt.pem"),
		.timeout = 60,
		.username = g_strdup("erna"),
		.password = secret_new("geheim", 6),
		.credential_generation = 7,
	};
}

static void assert_full(const Endpoint *endpoint)
{
	assert_int_equal(endpoint->protocol, MAIL_PROTOCOL_SMTP);
	assert_string_equal(endpoint->host, "mail.amt.example");
	assert_int_equal(endpoint->port, 587);
	assert_int_equal(endpoint->tls, TLS_MODE_FROM_1_2);
	assert_int_equal(endpoint->proxy.kind, PROXY_SOCKS5);
	assert_string_equal(endpoint->proxy.host, "proxy.amt.example");
	assert_int_equal(endpoint->proxy.port, 1080);
	assert_string_equal(endpoint->proxy.username, "amt");
	assert_string_equal(secret_text(endpoint->proxy.password), "schranke");
	assert_string_equal(endpoint->ca_file, "/etc/amt.pem");
	assert_int_equal(endpoint->timeout, 60);
	assert_string_equal(endpoint->username, "erna");
	assert_string_equal(secret_text(endpoint->password), "geheim");
	assert_int_equal(endpoint->credential_generation, 7);
}

static void test_copy_outlives_the_original(void **state)
{
	Endpoint original = full_endpoint();
	g_auto(Endpoint) copy = {0};

	(void)state;
	endpoint_copy(&copy, &original);
	assert_full(&original);
	endpoint_clear(&original);
	assert_full(&copy);
}

static void test_copy_of_a_bare_one(void **state)
{
	Endpoint bare = {.host = (char *)"192.0.2.1", .port = 143};
	g_auto(Endpoint) copy = {0};

	(void)state;
	endpoint_copy(&copy, &bare);
	assert_string_equal(copy.host, "192.0.2.1");
	assert_ptr_not_equal(copy.host, bare.host);
	assert_null(copy.proxy.host);
	assert_null(copy.proxy.password);
	assert_null(copy.ca_file);
	assert_null(copy.username);
	assert_null(copy.password);
}

static void test_clear_leaves_nothing(void **state)
{
	static const Endpoint none;
	Endpoint endpoint = full_endpoint();

	(void)state;
	endpoint_clear(&endpoint);
	assert_memory_equal(&endpoint, &none, sizeof none);
	endpoint_clear(&endpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_outlives_the_original),
		cmocka_unit_test(test_copy_of_a_bare_one),
		cmocka_unit_test(test_clear_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
