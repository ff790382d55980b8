/* What a browser gets: whole answers and those piece by piece. */
#include "site.h"

static void test_status_and_fields(void **state)
{
	g_auto(Client) client = client_open(*state);
	g_auto(Answer) answer = {0};

	client_ask(&client, "POST", "/moved");
	answer = client_answer(&client, false);
	assert_int_equal(answer.status, 303);
	assert_non_null(strstr(answer.header, "\r\nLocation: /anders\r\n"));
	assert_non_null(strstr(answer.header, "\r\nSet-Cookie: a=1\r\n"));
	assert_non_null(strstr(answer.header, "\r\nSet-Cookie: b=2\r\n"));
	assert_non_null(strstr(answer.header, "\r\nContent-Length: 0\r\n"));
	assert_null(strstr(answer.header, "Content-Type"));
	assert_null(strstr(answer.header, "Server:"));
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		0, 1, 100, 32767, 32768, 65535, 65536, 1000000, (size_t)20 * 1024 * 1024};
	g_auto(Client) client = client_open(*state);

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *path = g_strdup_printf("/large?size=%zu", sizes[i]);
		g_auto(Answer) answer = {0};

		client_ask(&client, "GET", path);
		answer = client_answer(&client, false);
		assert_int_equal(answer.status, 200);
		assert_int_equal(answer.body->len, sizes[i]);
	}
}

/* Each piece is there at once: nothing waits for the next one or for a full packet. */
static void test_pieces_arrive_at_once(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);
	g_auto(Answer) answer = {0};
	int64_t begin;

	client_ask(&client, "GET", "/pieces");
	assert_true(client_await(&client, "\r\n3\r\none\r\n", LATEST));
	assert_non_null(strstr(client.seen->str, "\r\nContent-Type: text/event-stream\r\n"));
	assert_non_null(strstr(client.seen->str, "\r\nX-Test: pieces\r\n"));
	site_await(&site->begun, 1);
	begin = clock_monotonic();
	atomic_store(&site->gate, true);
	assert_true(client_await(&client, "\r\ntwo\r\n", LATEST));
	assert_true(clock_monotonic() - begin < 1000);
	answer = client_answer(&client, false);
	assert_string_equal(answer.body->str, "onetwo");
	/* The connection goes on. */
	client_ask(&client, "GET", "/job");
	client_expect(&client, 200, "hello");
}

static void test_nothing_is_a_stream_too(void **state)
{
	g_auto(Client) client = client_open(*state);

	for (int i = 0; i < 50; i++) {
		client_ask(&client, "GET", "/nothing");
		client_expect(&client, 200, "");
	}
}

static void test_long_streams_are_whole(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);

	for (int i = 1; i <= 3; i++) {
		g_auto(Answer) answer = {0};

		client_ask(&client, "GET", "/flood?size=8000001");
		answer = client_answer(&client, false);
		assert_int_equal(answer.body->len, 8000001);
	}
	assert_int_equal(atomic_load(&site->lost), 0);
}

/* HTTP/1.0 knows no chunks: to the connection's end. */
static void test_old_browsers_get_the_plain_bytes(void **state)
{
	g_auto(Client) client = client_open(*state);

	client_send(&client, "GET /flood?size=100000 HTTP/1.0\r\n\r\n");
	assert_true(client_sees_end(&client, LATEST));
	assert_null(strstr(client.seen->str, "chunked"));
	assert_int_equal(client.seen->len,
		(size_t)(g_strstr_len(client.seen->str, -1, "\r\n\r\n") + 4 - client.seen->str) +
			100000);
}

/* Who does not read stops who writes, with little in memory. */
static void test_writing_waits_for_the_reader(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);
	size_t before;
	size_t after = 0;

	setsockopt(client.socket, SOL_SOCKET, SO_RCVBUF, &(int){65536}, sizeof(int));
	client_ask(&client, "GET", "/flood");
	site_await(&site->begun, 1);
	do {
		before = after;
		g_usleep(200000);
		after = atomic_load(&site->written);
	} while (after != before);
	/* The sockets' own buffers are the system's, some megabytes at most. */
	assert_true(after > 0 && after < (size_t)16 * 1024 * 1024);
	for (int i = 0; i < 200; i++)
		assert_true(client_receive(&client, LATEST));
	assert_true(client_receive(&client, LATEST));
	g_usleep(200000);
	assert_true(atomic_load(&site->written) > after);
}

static void test_a_stream_ends_with_its_browser(void **state)
{
	Site *site = *state;
	Client client = client_open(site);

	client_ask(&client, "GET", "/flood");
	site_await(&site->begun, 1);
	for (int i = 0; i < 20; i++)
		assert_true(client_receive(&client, LATEST));
	client_close(&client);
	site_await(&site->lost, 1);
	site_await(&site->freed, 1);
	assert_still_serves(site);
}

/* Nothing is being sent when it goes, so nothing fails: the sweep has to see it. */
static void test_a_silent_stream_ends_with_its_browser(void **state)
{
	Site *site = *state;
	Client client = client_open(site);

	client_ask(&client, "GET", "/pieces");
	assert_true(client_await(&client, "one", LATEST));
	client_close(&client);
	g_usleep(1500000);
	atomic_store(&site->gate, true);
	site_await(&site->lost, 1);
	site_await(&site->freed, 1);
}

/* Otherwise half an answer would be taken for a whole one. */
static void test_a_broken_stream_has_no_end(void **state)
{
	g_auto(Client) client = client_open(*state);

	client_ask(&client, "GET", "/broken");
	assert_true(client_sees_end(&client, LATEST));
	assert_non_null(strstr(client.seen->str, "4\r\nhalf\r\n"));
	assert_false(has_text(client.seen, "\r\n0\r\n"));
}

/* Whatever came behind the header would be taken for the next answer. */
static void test_head_of_a_stream(void **state)
{
	Site *site = *state;
	g_auto(Client) client = client_open(site);
	g_auto(Answer) answer = {0};

	client_ask(&client, "HEAD", "/flood");
	answer = client_answer(&client, true);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.header, "\r\nConnection: close\r\n"));
	assert_true(client_sees_end(&client, LATEST));
	site_await(&site->lost, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(test_status_and_fields),
		site_test(test_sizes),
		site_test(test_pieces_arrive_at_once),
		site_test(test_nothing_is_a_stream_too),
		site_test(test_long_streams_are_whole),
		site_test(test_old_browsers_get_the_plain_bytes),
		site_test(test_writing_waits_for_the_reader),
		site_test(test_a_stream_ends_with_its_browser),
		site_test(test_a_silent_stream_ends_with_its_browser),
		site_test(test_a_broken_stream_has_no_end),
		site_test(test_head_of_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
