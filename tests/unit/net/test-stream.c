/* Buffers, lines, deadlines and cancelling, over memory and socket pairs. */
#include "peer.h"

#include <pthread.h>
#include "base/clock.h"
#include "base/file.h"
#include "net/stream_internal.h"

#define MEBIBYTE ((size_t)1024 * 1024)

static Stream *open_text(const char *text, size_t chunk)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return stream_open_memory(bytes, chunk);
}

static void check_line(Stream *stream, const char *expected)
{
	g_autoptr(GString) line = g_string_new("left over");

	assert_true(stream_read_line(stream, line, 20, NULL));
	assert_string_equal(line->str, expected);
}

static void test_lines_in_every_chunk(void **state)
{
	const char *text = "* OK hello\r\n\r\nbare\nlone\rcr\r\n\r\r\nlast";

	(void)state;
	for (size_t chunk = 1; chunk <= strlen(text); chunk++) {
		g_autoptr(Stream) stream = open_text(text, chunk);
		g_autoptr(GString) line = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		check_line(stream, "* OK hello");
		check_line(stream, "");
		check_line(stream, "bare");
		check_line(stream, "lone\rcr");
		check_line(stream, "\r");
		assert_false(stream_read_line(stream, line, 20, &error));
		assert_failure(error, FAILURE_CONNECTION_LOST);
		assert_int_equal(stream_bytes_read(stream), strlen(text));
	}
}

static void test_line_limit(void **state)
{
	const char *text = "12345\r\n123456\r\n";

	(void)state;
	for (size_t chunk = 1; chunk <= strlen(text); chunk++) {
		g_autoptr(Stream) stream = open_text(text, chunk);
		g_autoptr(GString) line = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		assert_true(stream_read_line(stream, line, 5, NULL));
		assert_string_equal(line->str, "12345");
		assert_false(stream_read_line(stream, line, 5, &error));
		assert_failure(error, FAILURE_LINE_TOO_LONG);
	}
}

/* A NUL is data like any other. */
static void test_binary(void **state)
{
	static const char data[] = "a\0b\r\n\0";
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, 6);
	g_autoptr(Stream) stream = stream_open_memory(bytes, 2);
	g_autoptr(GString) line = g_string_new(NULL);
	char rest[4] = "zzz";

	(void)state;
	assert_true(stream_read_line(stream, line, 100, NULL));
	assert_int_equal(line->len, 3);
	assert_memory_equal(line->str, "a\0b", 3);
	assert_int_equal(stream_read(stream, rest, sizeof(rest), NULL), 1);
	assert_int_equal(rest[0], 0);
}

static void test_peek_fill_consume(void **state)
{
	g_autoptr(Stream) stream = open_text("abcdef", 4);
	const unsigned char *data;
	unsigned char byte = 0;
	char rest[10];

	(void)state;
	assert_int_equal(stream_peek(stream, &byte, NULL), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(stream_fill(stream, &data, NULL), 4);
	assert_memory_equal(data, "abcd", 4);
	stream_consume(stream, 3);
	assert_int_equal(stream_peek(stream, &byte, NULL), 1);
	assert_int_equal(byte, 'd');
	assert_int_equal(stream_read(stream, rest, sizeof(rest), NULL), 1);
	assert_int_equal(stream_read(stream, rest, 1, NULL), 1);
	assert_int_equal(stream_read(stream, rest + 1, sizeof(rest) - 1, NULL), 1);
	assert_memory_equal(rest, "ef", 2);
	assert_int_equal(stream_peek(stream, &byte, NULL), 0);
	assert_int_equal(stream_fill(stream, &data, NULL), 0);
	assert_int_equal(stream_read(stream, rest, sizeof(rest), NULL), 0);
}

static void test_memory_output(void **state)
{
	g_autoptr(Stream) stream = open_text("", 1);

	(void)state;
	assert_true(stream_write(stream, "a1 NOOP\r\n", 9, NULL));
	assert_true(stream_write(stream, "a2", 2, NULL));
	assert_string_equal(stream_memory_output(stream)->str, "a1 NOOP\r\na2");
	assert_int_equal(stream_bytes_written(stream), 11);
	assert_false(stream_is_encrypted(stream));
	assert_null(stream_tls_version(stream));
	assert_null(stream_tls_cipher(stream));
	assert_string_equal(stream_greeting(stream), "");
}

typedef struct Pair {
	Stream *stream; /* ours */
	Descriptor peer;
} Pair;

static Pair pair_open(int timeout, const Cancel *cancel)
{
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	return (Pair){stream_open_socket(ends[0], timeout, cancel), ends[1]};
}

static void pair_clear(Pair *pair)
{
	stream_close(pair->stream);
	descriptor_close(&pair->peer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

/* Writing is not seen before a flush, or before somebody waits for the answer. */
static void test_socket_dialogue(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	g_autoptr(GString) line = g_string_new(NULL);
	char seen[20];

	(void)state;
	assert_true(stream_write(pair.stream, "one\r\n", 5, NULL));
	assert_int_equal(recv(pair.peer, seen, sizeof(seen), MSG_DONTWAIT), -1);
	assert_true(stream_flush(pair.stream, NULL));
	assert_int_equal(recv(pair.peer, seen, sizeof(seen), MSG_DONTWAIT), 5);
	assert_int_equal(write(pair.peer, "answer\r\n", 8), 8);
	assert_true(stream_write(pair.stream, "two\r\n", 5, NULL));
	assert_true(stream_read_line(pair.stream, line, 100, NULL));
	assert_string_equal(line->str, "answer");
	assert_int_equal(recv(pair.peer, seen, sizeof(seen), MSG_DONTWAIT), 5);
	assert_memory_equal(seen, "two\r\n", 5);
	assert_int_equal(stream_bytes_read(pair.stream), 8);
	assert_int_equal(stream_bytes_written(pair.stream), 10);
}

static void test_timeout(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	g_autoptr(GError) error = NULL;
	int64_t start = clock_monotonic();
	unsigned char byte;

	(void)state;
	assert_int_equal(stream_peek(pair.stream, &byte, &error), -1);
	assert_failure(error, FAILURE_TIMEOUT);
	assert_in_range(clock_monotonic() - start, 950, 3000);
}

static void test_patience(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	g_autoptr(GError) error = NULL;
	int64_t start = clock_monotonic();
	unsigned char byte;

	(void)state;
	stream_set_patience(pair.stream, 2);
	assert_int_equal(stream_peek(pair.stream, &byte, &error), -1);
	assert_failure(error, FAILURE_TIMEOUT);
	assert_in_range(clock_monotonic() - start, 1950, 4000);
	stream_set_patience(pair.stream, 1);
	assert_int_equal(stream_peek(pair.stream, &byte, NULL), -1);
	assert_in_range(clock_monotonic() - start, 2900, 5500);
}

/* Looking neither waits nor sends, and takes nothing from reading. */
static void test_look(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	char seen[20];

	(void)state;
	assert_true(stream_write(pair.stream, "question", 8, NULL));
	assert_int_equal(stream_look(pair.stream), 0);
	assert_int_equal(stream_bytes_queued(pair.stream), 8);
	assert_int_equal(recv(pair.peer, seen, sizeof(seen), MSG_DONTWAIT), -1);
	assert_int_equal(write(pair.peer, "ans", 3), 3);
	assert_int_equal(stream_look(pair.stream), 3);
	assert_int_equal(write(pair.peer, "wer", 3), 3);
	assert_int_equal(stream_look(pair.stream), 6);
	descriptor_close(&pair.peer);
	assert_int_equal(stream_look(pair.stream), 6);
	assert_int_equal(stream_read(pair.stream, seen, sizeof(seen), NULL), 6);
	assert_memory_equal(seen, "answer", 6);
	assert_int_equal(stream_look(pair.stream), -1);
	assert_int_equal(stream_read(pair.stream, seen, sizeof(seen), NULL), 0);
}

#define TRICKLE_SECONDS 7

/* A peer that sends so much so often, and how our side fares with it at a timeout of a second. */
typedef struct Trickle {
	const char *name;
	size_t size;	/* of a piece */
	unsigned pause; /* milliseconds before each */
	bool asks;	/* our side says something before it reads */
	bool sleeps;	/* our side is busy elsewhere most of the time */
	bool gives_up;	/* what is expected */
	Pair pair;
	GError *error;
	int64_t duration;
} Trickle;

static void *trickle(void *data)
{
	Trickle *self = data;
	g_autofree char *piece = g_strnfill(self->size, 'x');
	int64_t end = clock_monotonic() + TRICKLE_SECONDS * 1000;
	char question;

	while (clock_monotonic() < end) {
		if (self->asks && recv(self->pair.peer, &question, 1, 0) != 1)
			break;
		g_usleep(self->pause * 1000);
		if (send(self->pair.peer, piece, self->size, MSG_NOSIGNAL) < 0)
			break;
	}
	shutdown(self->pair.peer, SHUT_RDWR);
	return NULL;
}

static void *drink(void *data)
{
	Trickle *self = data;
	int64_t start = clock_monotonic();
	char bytes[4096];

	do {
		if (self->sleeps)
			g_usleep(700 * 1000);
		if (self->asks && !stream_write(self->pair.stream, "?", 1, &self->error))
			break;
	} while (stream_read(self->pair.stream, bytes, sizeof(bytes), &self->error) > 0);
	self->duration = clock_monotonic() - start;
	return NULL;
}

static void check_trickle(const Trickle *self)
{
	if (!self->gives_up && self->error)
		fail_msg("%s: %s", self->name, self->error->message);
	if (!self->gives_up) {
		assert_in_range(self->duration, TRICKLE_SECONDS * 1000 - 1000, 30000);
		return;
	}
	assert_failure(self->error, FAILURE_TIMEOUT);
	assert_in_range(self->duration, 4500, TRICKLE_SECONDS * 1000 - 500);
}

/* All at once, since each takes its time. */
static void test_trickle(void **state)
{
	Trickle rows[] = {
		{.name = "a byte now and then", .size = 1, .pause = 400, .gives_up = true},
		{.name = "lines now and then", .size = 90, .pause = 200, .gives_up = true},
		{.name = "a slow link", .size = 300, .pause = 150},
		{.name = "slow answers", .size = 9, .pause = 600, .asks = true},
		{.name = "we are slow", .size = 1, .pause = 100, .sleeps = true},
	};
	pthread_t peers[G_N_ELEMENTS(rows)], drinkers[G_N_ELEMENTS(rows)];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		rows[i].pair = pair_open(1, NULL);
		pthread_create(&peers[i], NULL, trickle, &rows[i]);
		pthread_create(&drinkers[i], NULL, drink, &rows[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		pthread_join(drinkers[i], NULL);
		shutdown(rows[i].pair.peer, SHUT_RDWR);
		pthread_join(peers[i], NULL);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		check_trickle(&rows[i]);
		g_clear_error(&rows[i].error);
		pair_clear(&rows[i].pair);
	}
}

static void *trigger_soon(void *cancel)
{
	g_usleep(100 * 1000);
	cancel_trigger(cancel);
	return NULL;
}

static void test_cancel_wakes(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();
	g_auto(Pair) pair = pair_open(60, cancel);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) again = NULL;
	int64_t start = clock_monotonic();
	unsigned char byte;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, trigger_soon, cancel);
	assert_int_equal(stream_peek(pair.stream, &byte, &error), -1);
	assert_failure(error, FAILURE_CANCELLED);
	assert_in_range(clock_monotonic() - start, 50, 1000);
	pthread_join(thread, NULL);
	/* Also where bytes are there to be read. */
	assert_int_equal(write(pair.peer, "x", 1), 1);
	assert_int_equal(stream_peek(pair.stream, &byte, &again), -1);
	assert_failure(again, FAILURE_CANCELLED);
}

static void test_end(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	g_autoptr(GError) error = NULL;
	unsigned char byte;

	(void)state;
	assert_int_equal(write(pair.peer, "x", 1), 1);
	descriptor_close(&pair.peer);
	assert_int_equal(stream_peek(pair.stream, &byte, &error), 1);
	stream_consume(pair.stream, 1);
	assert_int_equal(stream_peek(pair.stream, &byte, &error), 0);
	assert_int_equal(stream_peek(pair.stream, &byte, &error), 0);
	assert_null(error);
}

/* The reason that a server gave before it closed is read although our command no longer goes out.
 */
static void test_last_words(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	g_autoptr(GString) line = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_int_equal(write(pair.peer, "* BYE shutting down\r\n", 21), 21);
	descriptor_close(&pair.peer);
	assert_true(stream_write(pair.stream, "a NOOP\r\n", 8, NULL));
	assert_true(stream_read_line(pair.stream, line, 100, &error));
	assert_string_equal(line->str, "* BYE shutting down");
	assert_true(stream_write(pair.stream, "a NOOP\r\n", 8, NULL));
	assert_false(stream_flush(pair.stream, &error));
	assert_failure(error, FAILURE_CONNECTION_LOST);
}

typedef struct Talker {
	int descriptor;
	size_t speak;  /* bytes that it sends before it reads anything */
	size_t listen; /* bytes that it reads then */
	bool intact;
} Talker;

static unsigned char pattern(size_t place)
{
	return (unsigned char)(place * 7 + place / 251);
}

static bool read_pattern(int descriptor, size_t size)
{
	unsigned char data[4096];
	size_t place = 0;

	while (place < size) {
		ssize_t count = read(descriptor, data, sizeof(data));

		for (ssize_t i = 0; i < count; i++) {
			if (data[i] != pattern(place++))
				return false;
		}
		if (count <= 0)
			return false;
	}
	return true;
}

static unsigned char *make_pattern(size_t size)
{
	unsigned char *data = g_malloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = pattern(i);
	return data;
}

static void *talk(void *data)
{
	Talker *talker = data;
	g_autofree unsigned char *words = make_pattern(talker->speak);

	talker->intact = file_write_all(talker->descriptor, words, talker->speak) &&
			 read_pattern(talker->descriptor, talker->listen);
	return NULL;
}

static void check_stream_pattern(Stream *stream, size_t size)
{
	g_autofree unsigned char *expected = make_pattern(size);
	g_autofree unsigned char *seen = g_malloc(size);

	for (size_t place = 0; place < size;) {
		ssize_t count = stream_read(stream, seen + place, size - place, NULL);

		assert_true(count > 0);
		place += (size_t)count;
	}
	assert_memory_equal(seen, expected, size);
}

/* Both sides send before they read: only whoever reads while sending gets through. */
static void test_no_deadlock(void **state)
{
	const size_t sizes[] = {1000, 40000, 3 * MEBIBYTE};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_auto(Pair) pair = pair_open(5, NULL);
		Talker talker = {pair.peer, 3 * MEBIBYTE, 3 * MEBIBYTE, false};
		g_autofree unsigned char *data = make_pattern(talker.listen);
		pthread_t thread;

		pthread_create(&thread, NULL, talk, &talker);
		for (size_t place = 0; place < talker.listen; place += sizes[i]) {
			size_t size = MIN(sizes[i], talker.listen - place);

			assert_true(stream_write(pair.stream, data + place, size, NULL));
		}
		assert_true(stream_flush(pair.stream, NULL));
		check_stream_pattern(pair.stream, talker.speak);
		pthread_join(thread, NULL);
		assert_true(talker.intact);
		assert_int_equal(stream_bytes_written(pair.stream), talker.listen);
	}
}

/* A peer that only talks and never listens: memory stays bounded and the wait ends. */
static void test_peer_never_reads(void **state)
{
	g_auto(Pair) pair = pair_open(1, NULL);
	Talker talker = {pair.peer, 20 * MEBIBYTE, 0, false};
	g_autofree unsigned char *data = make_pattern(4 * MEBIBYTE);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) again = NULL;
	pthread_t thread;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pthread_create(&thread, NULL, talk, &talker);
	assert_false(stream_write(pair.stream, data, 4 * MEBIBYTE, &error));
	assert_failure(error, FAILURE_TIMEOUT);
	assert_in_range(pair.stream->input_size, 1, 8 * MEBIBYTE);
	/* Half of it is gone, so nothing may follow. */
	assert_false(stream_write(pair.stream, data, MEBIBYTE, &again));
	assert_failure(again, FAILURE_CONNECTION_LOST);
	shutdown(pair.peer, SHUT_RDWR);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_in_every_chunk),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_peek_fill_consume),
		cmocka_unit_test(test_memory_output),
		cmocka_unit_test(test_socket_dialogue),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_trickle),
		cmocka_unit_test(test_cancel_wakes),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_no_deadlock),
		cmocka_unit_test(test_peer_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
