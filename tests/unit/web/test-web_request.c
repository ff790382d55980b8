/* What a request says, and what is refused by its header. */
#include "site.h"

/* The lines that page_tell answers to a request for PATH with FIELDS. */
static void assert_tells(Site *site, const char *path, const char *fields, const char *expected)
{
	g_auto(Client) client = client_open(site);
	g_autofree char *text =
		g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, fields);
	g_auto(Answer) answer = {0};

	client_send(&client, text);
	answer = client_answer(&client, false);
	if (answer.status != 200 || !strstr(answer.body->str, expected))
		fail_msg("%s: %u, %s", path, answer.status, answer.body->str);
}

static void test_methods(void **state)
{
	static const struct {
		const char *name;
		WebMethod method;
	} methods[] = {
		{"GET", WEB_GET},
		{"POST", WEB_POST},
		{"PUT", WEB_PUT},
		{"PATCH", WEB_PATCH},
		{"DELETE", WEB_DELETE},
		{"OPTIONS", WEB_OTHER},
		{"get", WEB_OTHER},
		{"BREW", WEB_OTHER},
	};
	g_auto(Client) client = client_open(*state);

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		g_autofree char *line = g_strdup_printf("method=%d\n", methods[i].method);
		g_auto(Answer) answer = {0};

		client_ask(&client, methods[i].name, "/tell");
		answer = client_answer(&client, false);
		assert_int_equal(answer.status, 200);
		assert_non_null(strstr(answer.body->str, line));
	}
}

static void test_paths_are_decoded_once(void **state)
{
	assert_tells(*state, "/benutzer/m.muster", "", "path=/benutzer/m.muster\n");
	assert_tells(*state, "/m%C3%BCller", "", "path=/müller\n");
	assert_tells(*state, "/m\xc3\xbcller", "", "path=/müller\n");
	assert_tells(*state, "/a%252fb%20c+d", "", "path=/a%2fb c+d\n");
	assert_tells(*state, "/a%2Fb//..", "", "path=/a/b//..\n");
	assert_tells(*state, "/a%3fq=1?q=2", "", "path=/a?q=1\nq=2\n");
	assert_tells(*state, "http://localhost/x?q=1", "", "path=/x\nq=1\n");
	assert_tells(*state, "HTTPS://localhost:8000/", "", "path=/\n");
}

static void test_bad_addresses_are_refused(void **state)
{
	static const char *const addresses[] = {"/%00", "/a%00b", "/%0a", "/%7f", "/%c2%85", "/%ff",
		"/%c3", "/\xff", "/%c0%af", "/%ed%a0%80", "/%", "/%4", "/%zz", "/%u0041", "x", "*",
		"http://localhost", "ftp://localhost/", "/?q=%00", "/?q=%ff", "/?%0d=1", "/?q=%",
		"/?a=1&q=%zz", "/\x01", "/a\tb"};

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *text =
			g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", addresses[i]);

		assert_status(*state, text, 400);
	}
	assert_still_serves(*state);
}

static void test_query(void **state)
{
	assert_tells(*state, "/t?q=a+b%2Bc", "", "q=a b+c\n");
	assert_tells(*state, "/t?x+y=1&q=%C3%A4=2&", "", "q=ä=2\nx y=1\n");
	assert_tells(*state, "/t?%C3%BC=1&q=first&q=second", "", "q=first\nü=1\n");
	assert_tells(*state, "/t?q", "", "q=\n");
	assert_tells(*state, "/t?q=?&&&=3", "", "q=?\n");
	assert_tells(*state, "/t?q=", "", "q=\n");
	assert_tells(*state, "/t?q=%26%3d%25", "", "q=&=%\n");
	assert_tells(*state, "/t?qq=1&Q=2", "", "path=/t\npeer=");
}

static void test_header_fields(void **state)
{
	assert_tells(*state, "/t", "X-Test: one\r\n", "header=one\n");
	assert_tells(*state, "/t", "x-tEST:\t one two\r\nX-Test: three\r\n", "header=one two\n");
	assert_tells(*state, "/t", "X-Test:\r\n", "header=\n");
	assert_tells(*state, "/t", "X-Test: \xfc\r\n", "header=\xfc\n");
	assert_tells(*state, "/t", "", "path=/t\npeer=127.0.0.1\nsecure=0\nkept=kept\n");
}

static void test_cookies(void **state)
{
	assert_tells(*state, "/t", "Cookie: session=abc\r\n", "cookie=abc\n");
	assert_tells(*state, "/t", "Cookie: x=1; session=a=b=; y=2\r\n", "cookie=a=b=\n");
	assert_tells(*state, "/t", "Cookie: x=1,session=no;session=yes\r\n", "cookie=yes\n");
	assert_tells(*state, "/t", "Cookie: x\r\nCookie:session = 1 \r\n", "cookie=1\n");
	assert_tells(*state, "/t", "Cookie: ;;=;session=\";session=2\r\n", "cookie=\"\n");
	assert_tells(*state, "/t", "Cookie: Session=1; session\r\n", "path=/t\npeer=");
}

/* Where a proxy might see another end of the body than libmicrohttpd, or another field. */
static void test_ambiguous_headers_are_refused(void **state)
{
	static const char *const fields[] = {
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"Content-Length: 5\r\nContent-Length: 5\r\n",
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Content-Length: 5, 5\r\n",
		"Content-Length: +5\r\n",
		"Content-Length: -5\r\n",
		"Content-Length: 0x5\r\n",
		"Content-Length: 5 \r\n",
		"Content-Length : 5\r\n",
		"Transfer-Encoding : chunked\r\n",
		"Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked, identity\r\n",
		"Transfer-Encoding: identity\r\n",
		"Transfer-Encoding: \r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Host: other\r\n",
		"X Test: 1\r\n",
		"X-T\xc3\xa4st: 1\r\n",
		"X-Test: a\rb\r\n",
		"X-Test: a\x01\r\n",
		"X-Test\r\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *text = g_strdup_printf(
			"POST /hello HTTP/1.1\r\nHost: localhost\r\n%s\r\nhello", fields[i]);

		assert_status(*state, text, 400);
	}
	assert_status(*state, "GET /hello HTTP/1.1\r\n\r\n", 400);
	assert_status(
		*state, "POST /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	assert_int_equal(atomic_load(&((Site *)*state)->handled), 0);
	assert_still_serves(*state);
}

/* What follows a refused request is not taken for another one. */
static void test_refused_connections_end(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);

	client_send(&client, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
			     "GET /job HTTP/1.1\r\nHost: x\r\n\r\n");
	client_expect(&client, 400, "refused");
	assert_true(client_sees_end(&client, LATEST));
	assert_string_equal(client.seen->str, "");
	assert_int_equal(atomic_load(&site->handled), 0);
}

static char *request_with_address(size_t size)
{
	g_autofree char *address = g_strnfill(size - 1, 'a');

	return g_strdup_printf("GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", address);
}

static void test_long_addresses(void **state)
{
	g_autofree char *longest = request_with_address((size_t)8 * 1024);
	g_autofree char *longer = request_with_address((size_t)8 * 1024 + 1);
	g_autofree char *huge = request_with_address((size_t)200 * 1024);

	assert_status(*state, longest, 200);
	assert_status(*state, longer, 414);
	assert_status(*state, huge, 414);
	assert_still_serves(*state);
}

static char *request_with_header(size_t size, size_t fields)
{
	GString *text = g_string_new("GET /hello HTTP/1.1\r\nHost: localhost\r\n");

	for (size_t i = 0; i < fields; i++) {
		g_autofree char *value = g_strnfill(size / fields, 'a');

		g_string_append_printf(text, "X-%zu: %s\r\n", i, value);
	}
	g_string_append(text, "\r\n");
	return g_string_free(text, FALSE);
}

static void test_large_headers(void **state)
{
	g_autofree char *good = request_with_header((size_t)30 * 1024, 10);
	g_autofree char *large = request_with_header((size_t)34 * 1024, 10);
	g_autofree char *huge = request_with_header((size_t)300 * 1024, 10);
	g_autofree char *one = request_with_header((size_t)300 * 1024, 1);
	g_autofree char *many = request_with_header(20000, 20000);

	assert_status(*state, good, 200);
	assert_status(*state, large, 431);
	assert_status(*state, huge, 431);
	assert_status(*state, one, 431);
	assert_status(*state, many, 431);
	assert_still_serves(*state);
}

static void test_what_is_not_http_is_refused(void **state)
{
	static const char *const texts[] = {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n",
		"GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n", ":\r\n\r\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_auto(Client) client = client_open(*state);

		client_send(&client, texts[i]);
		assert_true(client_sees_end(&client, LATEST));
		assert_null(strstr(client.seen->str, " 200 "));
	}
	assert_still_serves(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(test_methods),
		site_test(test_paths_are_decoded_once),
		site_test(test_bad_addresses_are_refused),
		site_test(test_query),
		site_test(test_header_fields),
		site_test(test_cookies),
		site_test(test_ambiguous_headers_are_refused),
		site_test(test_refused_connections_end),
		site_test(test_long_addresses),
		site_test(test_large_headers),
		site_test(test_what_is_not_http_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
