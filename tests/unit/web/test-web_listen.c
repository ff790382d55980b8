/* Where the server listens, and why it may not. */
#include "site.h"

static void handle_nothing(WebRequest *request, WebPlan *plan, void *data)
{
	(void)request;
	(void)plan;
	(void)data;
}

static void assert_fails(const char *address, uint16_t port, const char *subject)
{
	WebOptions options = {.address = address, .port = port, .plan = handle_nothing};
	g_autoptr(GError) error = NULL;

	assert_null(web_server_start(&options, &error));
	assert_true(failure_is(error, FAILURE_LISTEN));
	assert_string_equal(failure_subject(error), subject);
}

static void test_ipv4(void **state)
{
	Site *site = site_new("127.0.0.1", NULL);

	(void)state;
	assert_int_not_equal(site->port, 0);
	assert_status(site, "GET /t HTTP/1.1\r\nHost: x\r\n\r\n", 200);
	site_free(site);
}

static void assert_peer(Site *site, bool ipv6, const char *line)
{
	g_auto(Client) client = {0};
	g_auto(Answer) answer = {0};

	site->ipv6 = ipv6;
	client = client_open(site);
	client_ask(&client, "GET", "/t");
	answer = client_answer(&client, false);
	assert_non_null(strstr(answer.body->str, line));
}

static void test_ipv6(void **state)
{
	Site *site = site_new("::1", NULL);

	(void)state;
	assert_peer(site, true, "\npeer=::1\n");
	site_free(site);
}

/* "::" is all addresses; those of IPv4 look as they do otherwise. */
static void test_all_addresses(void **state)
{
	Site *site = site_new("::", NULL);

	(void)state;
	assert_peer(site, true, "\npeer=::1\n");
	assert_peer(site, false, "\npeer=127.0.0.1\n");
	site_free(site);
}

/* Only where it was told to: not at another address of the same machine. */
static void test_no_other_address(void **state)
{
	Site *site = site_new("127.0.0.2", NULL);
	struct sockaddr_in other = {
		.sin_family = AF_INET,
		.sin_port = htons(site->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int tried = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(connect(tried, (struct sockaddr *)&other, sizeof(other)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(tried);
	site_free(site);
}

static void test_a_port_is_taken_once(void **state)
{
	Site *site = site_new("127.0.0.1", NULL);
	g_autofree char *place = g_strdup_printf("127.0.0.1:%u", site->port);

	(void)state;
	assert_fails("127.0.0.1", site->port, place);
	site_free(site);
}

static void test_a_port_is_free_again_at_once(void **state)
{
	Site *site = site_new("127.0.0.1", NULL);
	WebOptions options = {.address = "127.0.0.1", .port = site->port, .plan = handle_nothing};
	g_auto(Client) client = client_open(site);
	g_autoptr(GError) error = NULL;
	WebServer *next;

	(void)state;
	client_ask(&client, "GET", "/hello");
	client_expect(&client, 200, "hello");
	site_free(site);
	next = web_server_start(&options, &error);
	assert_null(error);
	web_server_stop(next);
}

static void test_addresses_that_are_none(void **state)
{
	(void)state;
	assert_fails("localhost", 0, "localhost:0");
	assert_fails("", 0, ":0");
	assert_fails("1.2.3.4.5", 80, "1.2.3.4.5:80");
	assert_fails("192.0.2.1", 8000, "192.0.2.1:8000");
	assert_fails("2001:db8::1", 8000, "[2001:db8::1]:8000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_all_addresses),
		cmocka_unit_test(test_no_other_address),
		cmocka_unit_test(test_a_port_is_taken_once),
		cmocka_unit_test(test_a_port_is_free_again_at_once),
		cmocka_unit_test(test_addresses_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
