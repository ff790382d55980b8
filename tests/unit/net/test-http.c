/* POST against servers that answer well, badly or endlessly: what goes out, what comes back,
 * limits. */
#include "http_call.h"

#include <sys/resource.h>
#include "base/clock.h"

#define FLOOD ((size_t)100 * 1024 * 1024)

/* Answers TEXT to the request, then hangs up. */
static void check_answer_fails(const char *text, Failure failure)
{
	const char *const answers[] = {text, NULL};
	PeerScript script = {.talk = http_peer_answer, .lines = answers};

	check_fails(&script, &(Call){0}, failure);
}

/* What comes of the answer TEXT; the caller clears it. */
static HttpAnswer get_answer(const char *text)
{
	const char *const answers[] = {text, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	HttpAnswer answer = {0};

	post_well(&peer, &(Call){0}, &answer);
	return answer;
}

/* ---- what goes out ---- */

static void test_the_form_arrives(void **state)
{
	static const char *const answers[] = {OK EMPTY, NULL};
	static const char *const headers[] = {"Host: 127.0.0.1:", "User-Agent: Amtspost/",
		"Content-Type: application/x-www-form-urlencoded\r\n", "Accept: */*\r\n"};
	static const char *const unwanted[] = {
		"Expect:", "Cookie:", "Authorization:", "Proxy-", "Referer:", "Transfer-Encoding:"};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *length = g_strdup_printf("Content-Length: %zu\r\n", strlen(FORM));
	g_autoptr(GBytes) request = NULL;
	g_auto(HttpAnswer) answer = {0};
	const char *text;
	gsize size;

	(void)state;
	post_well(&peer, &(Call){.url = "http://127.0.0.1:%u/tenant/token?a=%20b"}, &answer);
	request = http_peer_requests(&peer);
	text = g_bytes_get_data(request, &size);
	assert_memory_equal(text, "POST /tenant/token?a=%20b HTTP/1.1\r\n", 36);
	assert_memory_equal(
		text + size - strlen("\r\n\r\n" FORM), "\r\n\r\n" FORM, strlen(FORM) + 4);
	assert_true(peer_saw_clear(&peer, length));
	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
		assert_true(peer_saw_clear(&peer, headers[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(unwanted); i++)
		assert_false(peer_saw_clear(&peer, unwanted[i]));
}

/* As long as a form with two tokens may become. */
static void test_a_long_form_arrives(void **state)
{
	static const char *const answers[] = {OK EMPTY, NULL};
	g_auto(Peer) peer = http_peer_start(answers);
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", peer.port);
	g_autofree char *text = g_strnfill(400 * 1000, 'x');
	g_autoptr(Secret) form = secret_new(text, strlen(text));
	HttpRequest request = {.url = url, .form = form, .proxy = &(Proxy){0}, .timeout = 10};
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	assert_true(http_send(&request, NULL, &answer, NULL));
	assert_in_range(
		atomic_load(&peer.shared->clear_size), strlen(text) + 100, strlen(text) + 400);
}

static void test_no_address(void **state)
{
	static const char *const urls[] = {"", "nothing", "http://", "/token", "http:///token",
		"https://a b/", "file:///etc/passwd", "ftp://127.0.0.1:%u/"};
	static const char *const answers[] = {OK EMPTY, NULL};
	g_auto(Peer) peer = http_peer_start(answers);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_auto(HttpAnswer) answer = {0};
		g_autoptr(GError) error = NULL;

		assert_false(post(&peer, &(Call){.url = urls[i]}, &answer, &error));
		assert_false(failure_is(error, FAILURE_INTERNAL));
	}
	assert_int_equal(atomic_load(&peer.shared->connections), 0);
}

/* ---- what comes back ---- */

static void test_any_status_is_an_answer(void **state)
{
	static const int statuses[] = {200, 204, 304, 400, 401, 403, 404, 407, 429, 500, 503, 599};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
		g_autofree char *text = g_strdup_printf("HTTP/1.1 %d Something\r\n"
							"WWW-Authenticate: Basic realm=\"x\"\r\n"
							"Content-Length: 0\r\n\r\n",
			statuses[i]);
		g_auto(HttpAnswer) answer = get_answer(text);

		assert_int_equal(answer.status, statuses[i]);
		assert_int_equal(answer.retry_after, -1);
		assert_int_equal(answer.date, 0);
		check_body(&answer, "");
	}
}

static void test_bodies(void **state)
{
	static const struct {
		const char *text;
		const char *body;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
		{"HTTP/1.0 200 OK\r\n\r\nold", "old"},
		{"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok"},
		{"HTTP/1.1 200 OK\nContent-Length: 4\n\nbare", "bare"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlonger", "lon"},
		{OK CHUNKED
			"5\r\nhello\r\n1;x=y\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
			"hello 0123456789"},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"ok"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(HttpAnswer) answer = get_answer(rows[i].text);

		assert_int_equal(answer.status, 200);
		check_body(&answer, rows[i].body);
	}
}

static void say_binary(PeerChannel *channel, const void *lines)
{
	static const char text[] = OK "Content-Length: 6\r\n\r\na\0b\xff\0\n";

	(void)lines;
	if (http_peer_read(channel))
		send(channel->descriptor, text, sizeof text - 1, MSG_NOSIGNAL);
}

static void test_binary_body(void **state)
{
	g_auto(Peer) peer = peer_start(&(const PeerScript){.talk = say_binary});
	g_auto(HttpAnswer) answer = {0};

	(void)state;
	post_well(&peer, &(Call){0}, &answer);
	assert_int_equal(secret_size(answer.body), 6);
	assert_memory_equal(secret_text(answer.body), "a\0b\xff\0\n", 6);
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define DATE_SECONDS 784111777

static void test_date(void **state)
{
	static const struct {
		const char *header;
		int64_t date;
	} rows[] = {
		{DATE, DATE_SECONDS},
		{"date: Sunday, 06-Nov-94 08:49:37 GMT\r\n", DATE_SECONDS},
		{"DATE:Sun Nov  6 08:49:37 1994\r\n", DATE_SECONDS},
		{"Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n", INT64_C(4102444800)},
		{"Date: Mon, 01 Jan 1900 00:00:00 GMT\r\n", 0},
		{"Date: soon\r\n", 0},
		{"Date:\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(OK, rows[i].header, EMPTY, NULL);
		g_auto(HttpAnswer) answer = get_answer(text);

		assert_int_equal(answer.date, rows[i].date);
	}
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *headers;
		int64_t seconds;
	} rows[] = {
		{"Retry-After: 120\r\n", 120},
		{"retry-after:0\r\n", 0},
		{"Retry-After:   7  \r\n", 7},
		{"Retry-After: 2147483647\r\n", 2147483647},
		{DATE "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n", 120},
		{"Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n" DATE, 120},
		/* past: at once; without the server's own clock nobody knows */
		{DATE "Retry-After: Sun, 06 Nov 1994 08:00:00 GMT\r\n", 0},
		{"Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n", -1},
		{DATE "Retry-After: -5\r\n", -1},
		{DATE "Retry-After: 1.5\r\n", -1},
		{DATE "Retry-After: 99999999999999999999\r\n", -1},
		{DATE "Retry-After: soon\r\n", -1},
		{DATE "Retry-After:\r\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("HTTP/1.1 503 Busy\r\n", rows[i].headers, EMPTY, NULL);
		g_auto(HttpAnswer) answer = get_answer(text);

		if (answer.retry_after != rows[i].seconds)
			fail_msg("%s: %d", rows[i].headers, (int)answer.retry_after);
	}
}

/* Those of an interim answer are none of the answer's. */
static void test_headers_of_interim_answers(void **state)
{
	g_auto(HttpAnswer) answer =
		get_answer("HTTP/1.1 103 Early Hints\r\n" DATE "Retry-After: 9\r\n\r\n" OK EMPTY);

	(void)state;
	assert_int_equal(answer.retry_after, -1);
	assert_int_equal(answer.date, 0);
}

static void test_redirects_are_not_followed(void **state)
{
	static const int statuses[] = {301, 302, 303, 307, 308};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
		g_autofree char *text =
			g_strdup_printf("HTTP/1.1 %d Elsewhere\r\nLocation: /other\r\n"
					"Set-Cookie: a=b\r\n" EMPTY,
				statuses[i]);
		const char *const answers[] = {text, NULL};
		g_auto(Peer) peer = http_peer_start(answers);
		g_auto(HttpAnswer) answer = {0};

		post_well(&peer, &(Call){0}, &answer);
		assert_int_equal(answer.status, statuses[i]);
		assert_int_equal(atomic_load(&peer.shared->connections), 1);
	}
}

/* ---- what is no answer ---- */

static void test_no_http(void **state)
{
	static const char *const texts[] = {"hello", "{\"access_token\":\"x\"}", "\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n", "* OK IMAP\r\n", "220 mail.test ESMTP\r\n", "<html></html>",
		"HTTP/1.1 abc\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
		OK "Content-Length: -1\r\n\r\n", OK "Content-Length: x\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		check_answer_fails(texts[i], FAILURE_SERVER_GARBAGE);
}

static void test_cut_answers(void **state)
{
	static const char *const texts[] = {"", OK "Content-Length: 10\r\n\r\n",
		OK "Content-Length: 10\r\n\r\nhello", OK CHUNKED, OK CHUNKED "5\r\nhel",
		OK CHUNKED "5\r\nhello\r\n", OK CHUNKED "5\r\nhello\r\n0",
		"HTTP/1.1 100 Continue\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		check_answer_fails(texts[i], FAILURE_CONNECTION_LOST);
}

static void test_broken_chunks(void **state)
{
	static const char *const bodies[] = {
		"x\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5\r\nhelloXX0\r\n\r\n", "\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autofree char *text = g_strconcat(OK CHUNKED, bodies[i], NULL);

		check_answer_fails(text, FAILURE_CONNECTION_LOST);
	}
}

/* ---- limits ---- */

/* HEAD and behind it a body of SIZE bytes, as one chunk if CHUNKED; yours. */
static char *make_body(const char *head, size_t size, bool chunked)
{
	g_autofree char *body = g_strnfill(size, 'x');

	return chunked ? g_strdup_printf("%s%zx\r\n%s\r\n0\r\n\r\n", head, size, body)
		       : g_strconcat(head, body, NULL);
}

static void test_body_limit(void **state)
{
	static const char *const encodings[] = {"", "Transfer-Encoding: chunked\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++) {
		g_autofree char *head = g_strconcat(OK, encodings[i], "\r\n", NULL);
		g_autofree char *most = make_body(head, HTTP_BODY_LIMIT, *encodings[i]);
		g_autofree char *more = make_body(head, HTTP_BODY_LIMIT + 1, *encodings[i]);
		g_auto(HttpAnswer) answer = get_answer(most);

		assert_int_equal(secret_size(answer.body), HTTP_BODY_LIMIT);
		check_answer_fails(more, FAILURE_LINE_TOO_LONG);
	}
}

/* LINES are two texts: what comes first, and what then comes without an end. */
static void flood(PeerChannel *channel, const void *lines)
{
	const char *const *texts = lines;
	g_autoptr(GString) block = g_string_new(NULL);

	while (block->len < 65536)
		g_string_append(block, texts[1]);
	if (!http_peer_read(channel))
		return;
	peer_put(channel, texts[0]);
	for (size_t sent = 0; sent < FLOOD && !channel->closed; sent += block->len)
		peer_put(channel, block->str);
	pause();
}

static long peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss; /* kilobytes */
}

static void test_endless_answers(void **state)
{
	static const struct {
		const char *texts[2];
		Failure failure;
	} rows[] = {
		{{OK, "X-More: and more\r\n"}, FAILURE_LINE_TOO_LONG},
		{{OK "X-More: ", "x"}, FAILURE_LINE_TOO_LONG},
		{{"HTTP/1.1 200 ", "x"}, FAILURE_LINE_TOO_LONG},
		{{"", "HTTP/1.1 100 Continue\r\n\r\n"}, FAILURE_LINE_TOO_LONG},
		{{OK "\r\n", "x"}, FAILURE_LINE_TOO_LONG},
		{{OK "Content-Length: 99999999999\r\n\r\n", "x"}, FAILURE_LINE_TOO_LONG},
		{{OK CHUNKED, "5\r\nhello\r\n"}, FAILURE_LINE_TOO_LONG},
		{{OK CHUNKED "0\r\n", "X-More: and more\r\n"}, FAILURE_LINE_TOO_LONG},
		/* curl has the same word for all that it cannot make out of chunks */
		{{OK CHUNKED "0\r\n", "x"}, FAILURE_CONNECTION_LOST},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		PeerScript script = {.talk = flood, .lines = rows[i].texts};
		int64_t start = clock_monotonic();
		long before = peak_memory();

		check_fails(&script, &(Call){.timeout = 10}, rows[i].failure);
		assert_in_range(clock_monotonic() - start, 0, 5000);
		assert_in_range(peak_memory() - before, 0, 16 * 1024);
	}
}

/* Proxies and guards add a lot of their own. */
static void test_many_headers_pass(void **state)
{
	g_autoptr(GString) text = g_string_new(OK);

	(void)state;
	while (text->len < 30000)
		g_string_append(text, "X-More: and more\r\n");
	g_string_append(text, "Retry-After: 5\r\n" EMPTY);
	g_auto(HttpAnswer) answer = get_answer(text->str);
	assert_int_equal(answer.retry_after, 5);
}

static int set_up(void **state)
{
	(void)state;
	stream_start_library();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_form_arrives),
		cmocka_unit_test(test_a_long_form_arrives),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_any_status_is_an_answer),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_binary_body),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_headers_of_interim_answers),
		cmocka_unit_test(test_redirects_are_not_followed),
		cmocka_unit_test(test_no_http),
		cmocka_unit_test(test_cut_answers),
		cmocka_unit_test(test_broken_chunks),
		cmocka_unit_test(test_body_limit),
		cmocka_unit_test(test_endless_answers),
		cmocka_unit_test(test_many_headers_pass),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
