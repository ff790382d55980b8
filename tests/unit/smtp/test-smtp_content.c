/* Contents: line ends, dots, the end, and that nothing is told as sent or unsent wrongly when the
 * server or the connection fails around it. */
#include "smtp_fixture.h"

#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"

#define OFFER "250 PIPELINING\r\n"
#define ANSWERS "250 Ok\r\n250 Ok\r\n354 go on\r\n"
#define COMMANDS "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"

static const char *const recipients[] = {"b@x.example"};
static const SmtpMail mail = {"a@x.example", recipients, 1};

/* Goes as far as the content. */
static void begin(SmtpSession *session)
{
	g_auto(SmtpAnswer) sender = {0};
	g_auto(SmtpAnswer) answer = {0};
	g_autoptr(GError) error = NULL;
	bool ready = false;

	assert_true(smtp_mail_offer(session, &mail, &error));
	assert_true(smtp_mail_begin(session, &sender, &answer, &ready, &error));
	assert_true(ready);
}

/* What stands on the wire for a content of SIZE bytes written in pieces of CHUNK; yours. */
static GString *send_content(const char *data, size_t size, size_t chunk)
{
	g_autoptr(SmtpSession) session = fixture_open(OFFER, ANSWERS "250 2.0.0 queued\r\n");
	g_auto(SmtpAnswer) reply = {0};
	g_autoptr(GError) error = NULL;
	const GString *output;
	const char *content;

	begin(session);
	for (size_t at = 0; at < size; at += chunk)
		assert_true(smtp_mail_write(session, data + at, MIN(chunk, size - at), &error));
	assert_true(smtp_mail_finish(session, &error));
	assert_true(smtp_mail_reply(session, &reply, &error));
	assert_int_equal(reply.code, 250);
	output = stream_memory_output(session->stream);
	content = strstr(output->str, "DATA\r\n") + strlen("DATA\r\n");
	return g_string_new_len(content, output->str + output->len - content);
}

static void test_contents(void **state)
{
	static const struct {
		const char *content, *wire;
	} rows[] = {
		{"", ".\r\n"},
		{".", "..\r\n.\r\n"},
		{"..", "...\r\n.\r\n"},
		{".\r\n", "..\r\n.\r\n"},
		{"\r\n.\r\n", "\r\n..\r\n.\r\n"},
		{"a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\r.\rb\r", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\r\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\r\n.\rb", "a\r\n..\r\nb\r\n.\r\n"},
		{"a\r.\nMAIL FROM:<c@x.example>\n", "a\r\n..\r\nMAIL FROM:<c@x.example>\r\n.\r\n"},
		{"\r\r\n\n", "\r\n\r\n\r\n.\r\n"},
		{"\n\r\n\r", "\r\n\r\n\r\n.\r\n"},
		{"a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n"},
		{"\r\n", "\r\n.\r\n"},
		{"\r", "\r\n.\r\n"},
		{"\n", "\r\n.\r\n"},
		{"a", "a\r\n.\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		size_t size = strlen(rows[i].content);

		for (size_t chunk = 1; chunk <= size + 1; chunk++) {
			GString *wire = send_content(rows[i].content, size, chunk);

			assert_string_equal(wire->str, rows[i].wire);
			g_string_free(wire, TRUE);
		}
	}
}

/* Letter by letter, as the RFC has it. */
static GString *convert(const char *data, size_t size)
{
	GString *wire = g_string_new(NULL);
	bool line_start = true;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' && i > 0 && data[i - 1] == '\r')
			continue;
		if (data[i] == '\r' || data[i] == '\n') {
			g_string_append(wire, "\r\n");
			line_start = true;
			continue;
		}
		if (line_start && data[i] == '.')
			g_string_append_c(wire, '.');
		g_string_append_c(wire, data[i]);
		line_start = false;
	}
	g_string_append(wire, line_start ? ".\r\n" : "\r\n.\r\n");
	return wire;
}

/* Any bytes, NUL too, in pieces of any size. */
static void test_any_bytes(void **state)
{
	static const char letters[] = {'\r', '\n', '.', 'a', '\0', '\xff', '\r', '.'};
	g_autoptr(GRand) chance = g_rand_new_with_seed(4711);

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		char data[64];
		size_t size = (size_t)g_rand_int_range(chance, 0, sizeof data);
		GString *expected, *wire;

		for (size_t i = 0; i < size; i++)
			data[i] = letters[g_rand_int_range(chance, 0, sizeof letters)];
		expected = convert(data, size);
		wire = send_content(data, size, (size_t)g_rand_int_range(chance, 1, 9));
		assert_true(g_string_equal(expected, wire));
		g_string_free(expected, TRUE);
		g_string_free(wire, TRUE);
	}
}

/* Contents that take more than one send, with a dot across each border of the stream's buffer. */
static void test_large_content(void **state)
{
	enum { SIZE = 300000 };
	g_autofree char *data = g_malloc(SIZE);
	GString *expected, *wire;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = "\r\n."[i % 3];
	expected = convert(data, SIZE);
	wire = send_content(data, SIZE, 32 * 1024 - 1);
	assert_true(g_string_equal(expected, wire));
	g_string_free(expected, TRUE);
	g_string_free(wire, TRUE);
}

/* ---- a server that fails: the test plays it itself, as what counts is the moment ---- */

typedef struct Pair {
	SmtpSession *session;
	int server;
} Pair;

static void say(const Pair *pair, const char *text)
{
	assert_int_equal(
		send(pair->server, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* A session whose server has said 354. With SMALL neither side's socket takes much. */
static Pair open_pair(bool small)
{
	Pair pair = {.session = g_new0(SmtpSession, 1)};
	int sockets[2], size = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	if (small) {
		setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		setsockopt(sockets[1], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	}
	pair.server = sockets[1];
	pair.session->stream = stream_open_socket(sockets[0], 1, NULL);
	pair.session->alive = true;
	pair.session->offer = g_string_new(NULL);
	pair.session->capabilities = SMTP_CAP_PIPELINING;
	say(&pair, ANSWERS);
	begin(pair.session);
	return pair;
}

static void close_pair(Pair *pair)
{
	if (pair->server >= 0)
		close(pair->server);
	smtp_close(pair->session);
}

static void cut(Pair *pair)
{
	close(pair->server);
	pair->server = -1;
}

/* All that the server has heard. */
static char *heard(const Pair *pair)
{
	char buffer[65536];
	ssize_t count = recv(pair->server, buffer, sizeof buffer, MSG_DONTWAIT);

	return g_strndup(buffer, count > 0 ? (gsize)count : 0);
}

static void finish(SmtpSession *session)
{
	g_autoptr(GError) error = NULL;

	assert_true(smtp_mail_write(session, "x\r\n", 3, &error));
	assert_true(smtp_mail_finish(session, &error));
}

/* A session that dies while the end is still buffered. */
static void test_end_that_has_not_left(void **state)
{
	Pair pair = open_pair(false);
	g_auto(SmtpAnswer) reply = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	finish(pair.session);
	assert_false(smtp_mail_has_left(pair.session));
	cut(&pair);
	assert_false(smtp_mail_reply(pair.session, &reply, &error));
	fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
	assert_int_equal(reply.code, 0);
	assert_false(smtp_mail_has_left(pair.session));
	assert_false(smtp_is_alive(pair.session));
	close_pair(&pair);
}

/* What counts is the dot itself, not its CRLF. */
static void test_end_that_has_left_in_part(void **state)
{
	Pair pair = open_pair(false);
	uint64_t sent;

	(void)state;
	finish(pair.session);
	assert_true(stream_flush(pair.session->stream, NULL));
	sent = stream_bytes_written(pair.session->stream);
	assert_int_equal(pair.session->content.dot, sent - strlen(".\r\n"));
	pair.session->content.dot = sent - 1;
	assert_true(smtp_mail_has_left(pair.session));
	pair.session->content.dot = sent;
	assert_false(smtp_mail_has_left(pair.session));
	close_pair(&pair);
}

static void test_end_that_has_left(void **state)
{
	static const struct {
		const char *said; /* then the connection is cut */
		Failure failure;
	} rows[] = {
		{"", FAILURE_CONNECTION_LOST},
		{"250", FAILURE_CONNECTION_LOST},
		{"250-2.0.0 queued\r\n", FAILURE_CONNECTION_LOST},
		{"250-2.0.0 queued\r\n550 no\r\n", FAILURE_SERVER_GARBAGE},
		{"354 go on\r\n", FAILURE_SERVER_GARBAGE},
		{"ok\r\n", FAILURE_SERVER_GARBAGE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		Pair pair = open_pair(false);
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;

		finish(pair.session);
		assert_true(stream_flush(pair.session->stream, NULL));
		assert_true(smtp_mail_has_left(pair.session));
		say(&pair, rows[i].said);
		cut(&pair);
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		fixture_assert_failure(&error, rows[i].failure);
		assert_int_equal(reply.code, 0);
		assert_true(smtp_mail_has_left(pair.session));
		close_pair(&pair);
	}
}

/* The server takes nothing any more: whether the end is among what it took is known to the byte. */
static void test_stalled_end(void **state)
{
	g_autofree char *data = g_strnfill(1000 * 1000, 'x');

	(void)state;
	for (size_t size = 1000; size <= 16000; size += 500) {
		Pair pair = open_pair(true);
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;
		g_autofree char *came = NULL;

		stream_set_deadline(pair.session->stream, clock_monotonic() + 30);
		if (!smtp_mail_write(pair.session, data, size, &error) ||
			!smtp_mail_finish(pair.session, &error))
			fail();
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		fixture_assert_failure(&error, FAILURE_TIMEOUT);
		came = heard(&pair);
		assert_int_equal(smtp_mail_has_left(pair.session), strstr(came, "\r\n.") != NULL);
		close_pair(&pair);
	}
}

/* The server says before the content's end that it has enough. */
static void test_refused_within_content(void **state)
{
	static const struct {
		const char *said;
		Failure failure;
		unsigned code;
	} rows[] = {
		{"552 5.3.4 too big\r\n", FAILURE_SERVER_BYE, 552},
		{"451 4.3.0 disk\r\n", FAILURE_SERVER_BYE, 451},
		{"421 4.3.2 going down\r\n", FAILURE_SERVER_BYE, 421},
		{"250 2.0.0 queued\r\n", FAILURE_SERVER_GARBAGE, 0},
		{"354 go on\r\n", FAILURE_SERVER_GARBAGE, 0},
		{"x\r\n", FAILURE_SERVER_GARBAGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
		Pair pair = open_pair(false);
		bool cuts = i >= G_N_ELEMENTS(rows);
		size_t row = i % G_N_ELEMENTS(rows);
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_true(smtp_mail_write(pair.session, "x\r\n", 3, &error));
		say(&pair, rows[row].said);
		if (cuts)
			cut(&pair);
		assert_false(smtp_mail_finish(pair.session, &error));
		fixture_assert_failure(&error, rows[row].failure);
		assert_false(smtp_is_alive(pair.session));
		assert_false(smtp_mail_has_left(pair.session));
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		assert_int_equal(reply.code, rows[row].code);
		fixture_assert_failure(&error, FAILURE_CONNECTION_LOST);
		close_pair(&pair);
	}
}

/* A large content is not sent to its end once the server has refused it, whether it reads on or
 * not. */
static void test_refused_within_large_content(void **state)
{
	g_autofree char *data = g_strnfill(1000 * 1000, 'x');

	(void)state;
	for (unsigned cuts = 0; cuts < 2; cuts++) {
		Pair pair = open_pair(true);
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;
		unsigned writes = 0;

		say(&pair, "552 5.3.4 too big\r\n");
		if (cuts)
			cut(&pair);
		while (smtp_mail_write(pair.session, data, 1000 * 1000, &error))
			assert_in_range(++writes, 1, 2);
		assert_true(stream_bytes_written(pair.session->stream) < 1000 * 1000);
		fixture_assert_failure(&error, FAILURE_SERVER_BYE);
		assert_false(smtp_mail_has_left(pair.session));
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		assert_string_equal(reply.text, "552 5.3.4 too big");
		close_pair(&pair);
	}
}

/* The connection breaks, or nothing goes on, before the end is written. */
static void test_cut_within_large_content(void **state)
{
	g_autofree char *data = g_strnfill(1000 * 1000, 'x');

	(void)state;
	for (unsigned cuts = 0; cuts < 2; cuts++) {
		Pair pair = open_pair(true);
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;

		assert_true(smtp_mail_write(pair.session, "x\r\n", 3, &error));
		assert_true(stream_flush(pair.session->stream, &error));
		if (cuts)
			cut(&pair);
		else
			stream_set_deadline(pair.session->stream, clock_monotonic() + 100);
		assert_false(smtp_mail_write(pair.session, data, 1000 * 1000, &error));
		fixture_assert_failure(&error, cuts ? FAILURE_CONNECTION_LOST : FAILURE_TIMEOUT);
		assert_false(smtp_mail_has_left(pair.session));
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		assert_int_equal(reply.code, 0);
		close_pair(&pair);
	}
}

/* 421 in place of the reply is a refusal, as RFC 5321 has it. */
static void test_closing_after_content(void **state)
{
	Pair pair = open_pair(false);
	g_auto(SmtpAnswer) reply = {0};
	g_autoptr(GError) error = NULL;

	(void)state;
	finish(pair.session);
	assert_true(stream_flush(pair.session->stream, NULL));
	say(&pair, "421 4.4.2 too late\r\n");
	assert_false(smtp_mail_reply(pair.session, &reply, &error));
	fixture_assert_failure(&error, FAILURE_SERVER_BYE);
	assert_string_equal(reply.text, "421 4.4.2 too late");
	assert_false(smtp_mail_has_left(pair.session));
	close_pair(&pair);
}

/* Closing within a mail sends neither what is buffered of it nor QUIT, which would be content. */
static void test_closed_within_content(void **state)
{
	(void)state;
	for (unsigned finished = 0; finished < 2; finished++) {
		Pair pair = open_pair(false);
		g_autofree char *came = NULL;

		if (finished)
			finish(pair.session);
		else
			assert_true(smtp_mail_write(pair.session, "x", 1, NULL));
		g_clear_pointer(&pair.session, smtp_close);
		came = heard(&pair);
		assert_string_equal(came, COMMANDS);
		close_pair(&pair);
	}
}

static void test_cancelled(void **state)
{
	(void)state;
	for (unsigned left = 0; left < 2; left++) {
		Pair pair = open_pair(false);
		g_autoptr(Cancel) cancel = cancel_new();
		g_auto(SmtpAnswer) reply = {0};
		g_autoptr(GError) error = NULL;

		stream_set_cancel(pair.session->stream, cancel);
		finish(pair.session);
		if (left)
			assert_true(stream_flush(pair.session->stream, NULL));
		cancel_trigger(cancel);
		assert_false(smtp_mail_reply(pair.session, &reply, &error));
		fixture_assert_failure(&error, FAILURE_CANCELLED);
		assert_int_equal(smtp_mail_has_left(pair.session), left);
		close_pair(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_large_content),
		cmocka_unit_test(test_end_that_has_not_left),
		cmocka_unit_test(test_end_that_has_left),
		cmocka_unit_test(test_end_that_has_left_in_part),
		cmocka_unit_test(test_stalled_end),
		cmocka_unit_test(test_refused_within_content),
		cmocka_unit_test(test_refused_within_large_content),
		cmocka_unit_test(test_cut_within_large_content),
		cmocka_unit_test(test_closing_after_content),
		cmocka_unit_test(test_closed_within_content),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
