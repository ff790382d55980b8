/* The redirect on loopback: a browser's requests of every kind, and that one of them is taken,
 * once. */
#include "browser.h"

#include "base/clock.h"

/* ---- what is taken ---- */

static void check_taken_at(int family, const char *address)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = connect_to(family, address, oauth_listener_port(listener));
	g_auto(Taken) taken = taken_new();

	say(browser, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_string_equal(taken.query->str, RIGHT);
	assert_int_equal(taken.calls, 1);
	assert_page(browser, "HTTP/1.1 200 ");
}

static void test_ipv4(void **state)
{
	(void)state;
	check_taken_at(AF_INET, "127.0.0.1");
}

static void test_ipv6(void **state)
{
	(void)state;
	if (has_ipv6())
		check_taken_at(AF_INET6, "::1");
}

/* Nobody else's machine, nor another address of ours. */
static void test_loopback_only(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) other = connect_to(AF_INET, "127.0.0.2", oauth_listener_port(listener));

	(void)state;
	assert_int_equal(other, -1);
}

static void test_page(void **state)
{
	static const char *const headers[] = {"Content-Type: text/html; charset=utf-8\r\n",
		"Cache-Control: no-store\r\n", "Referrer-Policy: no-referrer\r\n",
		"X-Content-Type-Options: nosniff\r\n", "Connection: close\r\n",
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; ",
		"'none'; base-uri 'none'; form-action 'none'\r\n"};
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
	g_auto(Taken) taken = taken_new();
	g_autofree char *page = NULL;
	g_autofree char *length = NULL;
	const char *body;

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	page = read_page(browser);
	body = strstr(page, "\r\n\r\n") + 4;
	length = g_strdup_printf("Content-Length: %zu\r\n", strlen(body));
	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
		assert_non_null(strstr(page, headers[i]));
	assert_non_null(strstr(page, length));
	assert_true(g_str_has_prefix(body, "<!DOCTYPE html>\n<html lang=\"de\">"));
	assert_true(g_str_has_suffix(body, "</html>\n"));
	assert_non_null(strstr(body, "<h1>Zur\xc3\xbc"
				     "ck zu Amtspost</h1>"));
	assert_null(strstr(page, "Geheimnis"));
	assert_null(strstr(page, "right"));
}

/* As it came: what escapes mean is the flow's business. */
static void test_queries_come_as_they_are(void **state)
{
	static const char query[] = RIGHT "&a=%2B+%26&b=%zz&=&&c?d=/e;f&g=%C3%A4";
	g_autoptr(OauthListener) listener = open_listener();
	g_autofree char *request = g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?%s"), query);
	g_auto(Descriptor) browser = browse(listener, request);
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_string_equal(taken.query->str, query);
	assert_page(browser, "HTTP/1.1 200 ");
}

/* The listener may be closed as soon as it says so. */
static void test_the_page_gets_out(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		OauthListener *listener = open_listener();
		Descriptor before = browse(listener, GET("/favicon.ico"));
		g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
		Descriptor behind = browse(listener, GET("/favicon.ico"));
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
		oauth_listener_close(listener);
		assert_page(browser, "HTTP/1.1 200 ");
		descriptor_close(&before);
		descriptor_close(&behind);
	}
}

static void test_a_browser_that_is_gone(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
	g_auto(Taken) taken = taken_new();
	int64_t start = clock_monotonic();

	(void)state;
	descriptor_close(&browser);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_in_range(clock_monotonic() - start, 0, 3000);
}

/* ---- once ---- */

static unsigned count_pages(Descriptor *browsers, size_t count, const char *status)
{
	unsigned found = 0;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *page = read_page(browsers[i]);

		found += g_str_has_prefix(page, status);
		descriptor_close(&browsers[i]);
	}
	return found;
}

/* Browsers that ask twice at the same time, also by both addresses. */
static void test_taken_once(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	uint16_t port = oauth_listener_port(listener);
	g_auto(Taken) taken = taken_new();
	Descriptor browsers[6];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(browsers); i++) {
		browsers[i] = i % 2 && has_ipv6() ? connect_to(AF_INET6, "::1", port)
						  : connect_to(AF_INET, "127.0.0.1", port);
		say(browsers[i], GET_RIGHT);
	}
	assert_int_equal(wait_for(listener, &taken, 3000), OAUTH_WAITED_TAKEN);
	assert_int_equal(taken.calls, 1);
	g_clear_pointer(&listener, oauth_listener_close);
	assert_int_equal(count_pages(browsers, G_N_ELEMENTS(browsers), "HTTP/1.1 200 "), 1);
}

static void test_wrong_ones_do_not_count(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) forged = browse(listener, GET(OAUTH_REDIRECT_PATH "?state=wrong"));
	g_auto(Descriptor) browser = -1;
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 300), OAUTH_WAITED_ENDED);
	assert_string_equal(taken.query->str, "state=wrong");
	assert_page(forged, "HTTP/1.1 400 ");
	browser = browse(listener, GET_RIGHT);
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_page(browser, "HTTP/1.1 200 ");
}

/* For another flow, after the first. */
static void test_waits_anew(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();

	(void)state;
	for (int i = 0; i < 3; i++) {
		g_auto(Descriptor) browser = browse(listener, GET_RIGHT);
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
		assert_page(browser, "HTTP/1.1 200 ");
	}
}

static void test_pipelined_requests(void **state)
{
	static const char *const requests[] = {GET_RIGHT GET_RIGHT GET_RIGHT,
		GET_RIGHT GET("/favicon.ico"), GET_RIGHT "garbage\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autoptr(OauthListener) listener = open_listener();
		g_auto(Descriptor) browser = browse(listener, requests[i]);
		g_auto(Taken) taken = taken_new();

		assert_int_equal(wait_for(listener, &taken, 3000), OAUTH_WAITED_TAKEN);
		assert_int_equal(taken.calls, 1);
		assert_page(browser, "HTTP/1.1 200 ");
	}
}

/* ---- what is not taken ---- */

static void check_not_taken(const char *request, const char *status)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, request);
	g_auto(Taken) taken = taken_new();

	assert_int_equal(wait_for(listener, &taken, 100), OAUTH_WAITED_ENDED);
	assert_int_equal(taken.calls, 0);
	if (status)
		assert_page(browser, status);
}

static void test_wrong_paths(void **state)
{
	static const char *const requests[] = {GET("/"), GET("/favicon.ico"),
		GET(OAUTH_REDIRECT_PATH), GET(OAUTH_REDIRECT_PATH "/?" RIGHT),
		GET(OAUTH_REDIRECT_PATH "x?" RIGHT), GET("/OAUTH/callback?" RIGHT),
		GET("/oauth?" RIGHT), GET("//oauth/callback?" RIGHT),
		GET("/x/.." OAUTH_REDIRECT_PATH "?" RIGHT), GET("*"), GET("?" RIGHT)};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		check_not_taken(requests[i], "HTTP/1.1 404 ");
}

static void test_wrong_methods(void **state)
{
	static const char *const methods[] = {
		"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		g_autofree char *request = g_strdup_printf("%s " OAUTH_REDIRECT_PATH "?" RIGHT
							   " HTTP/1.1\r\nHost: localhost\r\n\r\n",
			methods[i]);

		check_not_taken(request, "HTTP/1.1 405 ");
	}
}

static void test_bodies(void **state)
{
	static const char head[] = "POST " OAUTH_REDIRECT_PATH "?" RIGHT
				   " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
	g_autofree char *body = g_strnfill(100000, 'x');
	g_autofree char *whole = g_strconcat(head, body, NULL);

	(void)state;
	check_not_taken(whole, NULL);
	check_not_taken(head, NULL);
}

static void test_no_http(void **state)
{
	static const char *const requests[] = {"\r\n\r\n", "garbage\r\n\r\n", "GET\r\n\r\n",
		"\x16\x03\x01", "GET " OAUTH_REDIRECT_PATH "?" RIGHT,
		"GET " OAUTH_REDIRECT_PATH "?" RIGHT " HTTP/1.1\r\n",
		"GET " OAUTH_REDIRECT_PATH "?" RIGHT " HTTP/9.9\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		check_not_taken(requests[i], NULL);
}

static void test_nobody_takes(void **state)
{
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, GET_RIGHT);

	(void)state;
	assert_int_equal(
		oauth_listener_wait(listener, NULL, NULL, -1, 100, NULL), OAUTH_WAITED_ENDED);
	assert_page(browser, "HTTP/1.1 404 ");
}

static void test_length_of_queries(void **state)
{
	g_autofree char *most = g_strnfill(15 * 1000, 'x');
	g_autofree char *more = g_strnfill(100 * 1000, 'x');
	g_autofree char *long_one =
		g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?" RIGHT "&x=%s"), most);
	g_autofree char *longer = g_strdup_printf(GET(OAUTH_REDIRECT_PATH "?" RIGHT "&x=%s"), more);
	g_autoptr(OauthListener) listener = open_listener();
	g_auto(Descriptor) browser = browse(listener, long_one);
	g_auto(Taken) taken = taken_new();

	(void)state;
	assert_int_equal(wait_for(listener, &taken, 5000), OAUTH_WAITED_TAKEN);
	assert_int_equal(taken.query->len, strlen(RIGHT "&x=") + strlen(most));
	assert_page(browser, "HTTP/1.1 200 ");
	check_not_taken(longer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_loopback_only),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_queries_come_as_they_are),
		cmocka_unit_test(test_the_page_gets_out),
		cmocka_unit_test(test_a_browser_that_is_gone),
		cmocka_unit_test(test_taken_once),
		cmocka_unit_test(test_wrong_ones_do_not_count),
		cmocka_unit_test(test_waits_anew),
		cmocka_unit_test(test_pipelined_requests),
		cmocka_unit_test(test_wrong_paths),
		cmocka_unit_test(test_wrong_methods),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_no_http),
		cmocka_unit_test(test_nobody_takes),
		cmocka_unit_test(test_length_of_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
