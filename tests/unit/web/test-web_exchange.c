/* Requests on their way: connections that are kept, bodies, jobs and who waits for them. */
#include <time.h>
#include "site.h"

static void test_a_connection_is_kept(void **state)
{
	g_auto(Client) client = client_open(*state);

	for (int i = 0; i < 100; i++) {
		client_ask(&client, "GET", i % 3 ? "/hello" : "/job");
		client_expect(&client, 200, "hello");
	}
}

static void test_a_connection_is_closed_on_demand(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_auto(Client) old = client_open(*state);

	client_send(&client, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	client_expect(&client, 200, "hello");
	assert_true(client_sees_end(&client, LATEST));
	client_send(&old, "GET /job HTTP/1.0\r\n\r\n");
	client_expect(&old, 200, "hello");
	assert_true(client_sees_end(&old, LATEST));
}

/* All in one packet; answered in order, although jobs are among them. */
static void test_pipelined(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = 0; i < 50; i++)
		g_string_append_printf(text,
			"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
			"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n%02d"
			"POST /big-echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			"1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
			i % 2 ? "hello" : "job", i);
	client_send(&client, text->str);
	for (int i = 0; i < 50; i++) {
		g_autofree char *number = g_strdup_printf("%02d", i);

		client_expect(&client, 200, "hello");
		client_expect(&client, 200, number);
		client_expect(&client, 200, "abc");
	}
}

static void assert_head(Site *site, const char *path, const char *field)
{
	g_auto(Client) client = client_open(site);
	g_auto(Answer) answer = {0};

	client_ask(&client, "HEAD", path);
	answer = client_answer(&client, true);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.header, field));
	/* No body: the next answer follows at once. */
	client_ask(&client, "GET", "/hello");
	client_expect(&client, 200, "hello");
}

static void test_head(void **state)
{
	assert_head(*state, "/hello", "Content-Length: 5\r\n");
	assert_head(*state, "/job", "Content-Length: 5\r\n");
}

/* ---- bodies ---- */

static void send_slowly(Client *client, const char *text)
{
	for (; *text; text++)
		assert_true(client_try_send(client, text, 1));
}

static void test_bodies_come_byte_by_byte(void **state)
{
	static const char *const paths[] = {"/echo", "/big-echo"};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_auto(Client) client = client_open(*state);
		g_autofree char *text = g_strdup_printf("POST %s HTTP/1.1\r\nHost: x\r\n"
							"Content-Length: 12\r\n\r\nline 1\nline2"
							"POST %s HTTP/1.1\r\nHost: x\r\n"
							"Transfer-Encoding: chunked\r\n\r\n"
							"5\r\nhello\r\n3;ext\r\n, y\r\n2\r\nou\r\n"
							"0\r\nTrailer: x\r\n\r\n",
			paths[i], paths[i]);

		send_slowly(&client, text);
		client_expect(&client, 200, "line 1\nline2");
		client_expect(&client, 200, "hello, you");
	}
}

static void test_bodies_hold_any_byte(void **state)
{
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na\0\xff\r\n";
	g_auto(Client) client = client_open(*state);
	g_auto(Answer) answer = {0};

	assert_true(client_try_send(&client, text, sizeof(text) - 1));
	answer = client_answer(&client, false);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.body->len, 5);
	assert_memory_equal(answer.body->str, "a\0\xff\r\n", 5);
}

static void test_no_body_is_an_empty_one(void **state)
{
	assert_status(*state, "POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", 200);
	assert_status(*state, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200);
	assert_status(*state,
		"POST /moved HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		303);
}

static void post(Client *client, const char *path, size_t size)
{
	g_autofree char *header = g_strdup_printf(
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path, size);

	client_send(client, header);
}

static void post_chunk(Client *client, size_t size)
{
	g_autofree char *body = g_strnfill(size, 'x');
	g_autofree char *text = g_strdup_printf("%zx\r\n%s\r\n", size, body);

	client_try_send(client, text, strlen(text));
}

static void test_a_large_body_is_whole(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_autofree char *body = g_strnfill(BIG_LIMIT, 'x');

	for (size_t i = 0; i < BIG_LIMIT; i++)
		body[i] = (char)('a' + i % 23);
	post(&client, "/big-echo", BIG_LIMIT);
	client_send(&client, body);
	client_expect(&client, 200, body);
}

/* Refused by its announced size, before any of it was sent. */
static void test_a_body_is_refused_by_its_header(void **state)
{
	static const size_t sizes[] = {SMALL_LIMIT + 1, 1000000000, SIZE_MAX};
	Site *site = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_auto(Client) client = client_open(site);

		post(&client, "/echo", sizes[i]);
		client_expect(&client, 413, "refused");
		assert_true(client_sees_end(&client, LATEST));
	}
	assert_status(site,
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		413);
	assert_int_equal(atomic_load(&site->handled), 0);
}

/* A browser goes on sending and reads only then: it gets the answer, not a reset. */
static void test_a_refused_upload_sees_its_answer(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_autofree char *body = g_strnfill(BIG_LIMIT, 'x');

	post(&client, "/echo", 2 * BIG_LIMIT);
	assert_true(client_try_send(&client, body, BIG_LIMIT));
	g_usleep(100000);
	assert_true(client_try_send(&client, body, BIG_LIMIT));
	client_expect(&client, 413, "refused");
	assert_true(client_sees_end(&client, LATEST));
}

static void test_a_body_is_refused_by_counting(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);

	client_send(
		&client, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	post_chunk(&client, SMALL_LIMIT);
	post_chunk(&client, 1);
	client_send(&client, "0\r\n\r\n");
	client_expect(&client, 413, "refused");
	client_send(
		&client, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	post_chunk(&client, SMALL_LIMIT);
	client_send(&client, "0\r\n\r\n");
	client_expect(&client, 200, NULL);
	assert_int_equal(atomic_load(&site->handled), 1);
}

static void test_a_body_without_end_is_cut(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);

	client_send(
		&client, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 200; i++)
		post_chunk(&client, 50000);
	assert_true(client_sees_end(&client, LATEST));
	assert_int_equal(atomic_load(&site->handled), 0);
	assert_still_serves(site);
}

static void test_bad_chunks_are_refused(void **state)
{
	static const char *const chunks[] = {"x\r\n", "-1\r\n", "\r\n", "1\r\nab\r\n",
		"ffffffffffffffffff\r\n", "0x1\r\na\r\n", "1 \r\na\r\n"};
	Site *site = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(chunks); i++) {
		g_auto(Client) client = client_open(site);

		client_send(&client,
			"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
		client_send(&client, chunks[i]);
		assert_true(client_sees_end(&client, LATEST));
		assert_null(strstr(client.seen->str, " 200 "));
	}
	assert_int_equal(atomic_load(&site->handled), 0);
	assert_still_serves(site);
}

static void test_continue(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_auto(Client) refused = client_open(*state);

	client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
			     "Expect: 100-continue\r\n\r\n");
	assert_true(client_await(&client, "HTTP/1.1 100 Continue\r\n\r\n", LATEST));
	g_string_truncate(client.seen, 0);
	client_send(&client, "ok");
	client_expect(&client, 200, "ok");
	client_send(&refused, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n"
			      "Expect: 100-continue\r\n\r\n");
	client_expect(&refused, 413, "refused");
}

/* At once, and not only because it is too slow. */
static void test_an_upload_that_breaks_off_is_forgotten(void **state)
{
	Site *site = *state;
	int64_t begin = clock_monotonic();

	for (int i = 0; i < 20; i++) {
		g_auto(Client) client = client_open(site);

		post(&client, i % 2 ? "/echo" : "/big-echo", 100);
		client_send(&client, "half");
	}
	site_await(&site->freed, 20);
	assert_true(clock_monotonic() - begin < 8000);
	assert_int_equal(atomic_load(&site->handled), 0);
}

/* ---- jobs ---- */

/* Four jobs of one key: two run; others are served meanwhile. */
static void test_a_key_has_two_jobs_at_a_time(void **state)
{
	Site *site = *state;
	Client clients[4];
	g_auto(Client) other = client_open(site);

	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", "/gate?key=7");
	}
	site_await(&site->begun, 2);
	client_ask(&other, "GET", "/job?key=8");
	client_expect(&other, 200, "hello");
	client_ask(&other, "GET", "/job");
	client_expect(&other, 200, "hello");
	assert_int_equal(atomic_load(&site->begun), 2);
	atomic_store(&site->gate, true);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		client_expect(&clients[i], 200, "opened");
		client_close(&clients[i]);
	}
	assert_int_equal(atomic_load(&site->begun), 4);
}

/* Those that sleep are not in the way of the jobs of their own key. */
static void test_sleepers_leave_jobs_alone(void **state)
{
	Site *site = *state;
	Client clients[4];
	g_auto(Client) other = client_open(site);

	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", "/sleep?key=7");
	}
	site_await(&site->begun, G_N_ELEMENTS(clients));
	client_ask(&other, "GET", "/job?key=7");
	client_expect(&other, 200, "hello");
	atomic_store(&site->gate, true);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		client_expect(&clients[i], 200, "opened");
		client_close(&clients[i]);
	}
}

/* All from one address, which counts as one key. */
static void test_too_many_jobs_are_sent_away(void **state)
{
	enum { ASKED = 300 };
	Site *site = *state;
	Client clients[ASKED];
	int refused = 0;

	for (int i = 0; i < ASKED; i++) {
		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", "/gate");
	}
	/* Half of 400 places, and two that run. */
	for (int i = 0; i < ASKED; i++)
		refused += client_receive(&clients[i], i < ASKED - 1 ? 0 : 500);
	g_usleep(300000);
	refused = 0;
	for (int i = 0; i < ASKED; i++)
		refused += clients[i].seen->len > 0 || client_receive(&clients[i], 0);
	assert_int_equal(refused, ASKED - 202);
	for (int i = 0; i < ASKED; i++) {
		if (clients[i].seen->len > 0) {
			assert_non_null(strstr(clients[i].seen->str, "\r\nRetry-After: 5\r\n"));
			client_expect(&clients[i], 503, "refused");
			/* It is not closed for that. */
			client_ask(&clients[i], "GET", "/hello");
			client_expect(&clients[i], 200, "hello");
			client_close(&clients[i]);
			clients[i].socket = -1;
		}
	}
	atomic_store(&site->gate, true);
	for (int i = 0; i < ASKED; i++) {
		if (clients[i].socket < 0)
			continue;
		client_expect(&clients[i], 200, "opened");
		client_close(&clients[i]);
	}
}

static void test_a_job_hears_that_its_browser_is_gone(void **state)
{
	Site *site = *state;
	Client client = client_open(site);

	client_ask(&client, "GET", "/cancel");
	site_await(&site->begun, 1);
	client_close(&client);
	site_await(&site->cancelled, 1);
	site_await(&site->freed, 1);
	assert_still_serves(site);
}

static void test_a_job_whose_browser_has_gone_is_not_begun(void **state)
{
	Site *site = *state;
	Client clients[5];

	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", "/gate?key=1");
	}
	site_await(&site->begun, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
		client_close(&clients[i]);
	g_usleep(1500000);
	atomic_store(&site->gate, true);
	site_await(&site->freed, 5);
	assert_int_equal(atomic_load(&site->handled), 2);
}

/* Connections that only wait cost others nothing, and hardly any time. */
static void test_waiting_jobs_leave_room(void **state)
{
	Site *site = *state;
	Client clients[15];
	clock_t begin;

	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		g_autofree char *path = g_strdup_printf("/gate?key=%zu", i + 1);

		clients[i] = client_open(site);
		client_ask(&clients[i], "GET", path);
	}
	site_await(&site->begun, G_N_ELEMENTS(clients));
	for (int i = 0; i < 20; i++)
		assert_still_serves(site);
	begin = clock();
	g_usleep(500000);
	assert_true(clock() - begin < CLOCKS_PER_SEC / 4);
	atomic_store(&site->gate, true);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		client_expect(&clients[i], 200, "opened");
		client_close(&clients[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(test_a_connection_is_kept),
		site_test(test_a_connection_is_closed_on_demand),
		site_test(test_pipelined),
		site_test(test_head),
		site_test(test_bodies_come_byte_by_byte),
		site_test(test_bodies_hold_any_byte),
		site_test(test_no_body_is_an_empty_one),
		site_test(test_a_large_body_is_whole),
		site_test(test_a_body_is_refused_by_its_header),
		site_test(test_a_refused_upload_sees_its_answer),
		site_test(test_a_body_is_refused_by_counting),
		site_test(test_a_body_without_end_is_cut),
		site_test(test_bad_chunks_are_refused),
		site_test(test_continue),
		site_test(test_an_upload_that_breaks_off_is_forgotten),
		site_test(test_a_key_has_two_jobs_at_a_time),
		site_test(test_sleepers_leave_jobs_alone),
		site_test(test_too_many_jobs_are_sent_away),
		site_test(test_a_job_hears_that_its_browser_is_gone),
		site_test(test_a_job_whose_browser_has_gone_is_not_begun),
		site_test(test_waiting_jobs_leave_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
