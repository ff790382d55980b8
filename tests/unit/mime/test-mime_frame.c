/* Frames over a socket pair: bodies, descriptors, ends and lies. */
#include "mime_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

typedef struct Pair {
	int ends[2];
} Pair;

static int open_pair(void **state)
{
	Pair *pair = g_new0(Pair, 1);

	*state = pair;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->ends);
}

static int close_pair(void **state)
{
	Pair *pair = *state;

	descriptor_close(&pair->ends[0]);
	descriptor_close(&pair->ends[1]);
	g_free(pair);
	return 0;
}

static void test_body_and_descriptors(void **state)
{
	Pair *pair = *state;
	g_auto(Descriptor) first = file_with("eins", 4), second = file_with("zwei", 4);
	const int descriptors[] = {first, second};
	g_auto(MimeFrame) frame = {.descriptors = {-1, -1}};
	char text[4];

	assert_true(mime_frame_send(pair->ends[0], MIME_FRAME_EXTRACT,
		g_variant_new("(s)", "Rumpf"), descriptors, NULL, NULL));
	assert_true(mime_frame_receive(pair->ends[1], &frame, NULL, NULL));
	assert_int_equal(frame.kind, MIME_FRAME_EXTRACT);
	assert_string_equal(g_bytes_get_data(frame.body, NULL), "Rumpf");
	assert_true(file_read_at(frame.descriptors[0], text, 4, 0));
	assert_memory_equal(text, "eins", 4);
	assert_true(file_read_at(frame.descriptors[1], text, 4, 0));
	assert_memory_equal(text, "zwei", 4);
	assert_int_not_equal(fcntl(frame.descriptors[0], F_GETFD) & FD_CLOEXEC, 0);
}

static bool poll_wait(int socket, short events, void *user_data)
{
	struct pollfd ready = {.fd = socket, .events = events};

	(*(unsigned *)user_data)++;
	return poll(&ready, 1, 10000) == 1;
}

static void *send_large(void *user_data)
{
	g_autofree char *text = g_strnfill(6 << 20, 'x');
	Pair *pair = user_data;

	assert_true(mime_frame_send(
		pair->ends[0], MIME_FRAME_MAIL, g_variant_new("(s)", text), NULL, NULL, NULL));
	return NULL;
}

static void test_large_body_in_pieces(void **state)
{
	Pair *pair = *state;
	g_auto(MimeFrame) frame = {.descriptors = {-1, -1}};
	unsigned waits = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_large, pair), 0);
	assert_true(mime_frame_receive(pair->ends[1], &frame, poll_wait, &waits));
	pthread_join(thread, NULL);
	assert_int_equal(g_bytes_get_size(frame.body), (6 << 20) + 1);
	assert_true(waits > 0);
}

/* The program takes no descriptors from a worker. */
static void test_program_ignores_descriptors(void **state)
{
	Pair *pair = *state;
	g_auto(Descriptor) file = file_with("x", 1);
	const int descriptors[] = {file, -1};
	g_auto(MimeFrame) frame = {.descriptors = {-1, -1}};
	unsigned waits = 0;

	assert_true(mime_frame_send(pair->ends[0], MIME_FRAME_MAIL, g_variant_new("(s)", "x"),
		descriptors, NULL, NULL));
	assert_true(mime_frame_receive(pair->ends[1], &frame, poll_wait, &waits));
	assert_int_equal(frame.descriptors[0], -1);
	assert_int_equal(frame.descriptors[1], -1);
}

static void test_limits_and_ends(void **state)
{
	const uint32_t huge[] = {MIME_FRAME_MAIL, MIME_FRAME_LIMIT + 1};
	const uint32_t half[] = {MIME_FRAME_MAIL, 100};
	g_autofree char *text = g_strnfill(MIME_FRAME_LIMIT, 'x');
	Pair *pair = *state;
	g_auto(MimeFrame) frame = {.descriptors = {-1, -1}};

	assert_false(mime_frame_send(
		pair->ends[0], MIME_FRAME_MAIL, g_variant_new("(s)", text), NULL, NULL, NULL));
	assert_true(file_write_all(pair->ends[0], huge, sizeof huge));
	assert_false(mime_frame_receive(pair->ends[1], &frame, NULL, NULL));
	assert_int_equal(errno, EBADMSG);
	assert_true(file_write_all(pair->ends[0], half, sizeof half));
	assert_true(file_write_all(pair->ends[0], "kurz", 4));
	descriptor_close(&pair->ends[0]);
	assert_false(mime_frame_receive(pair->ends[1], &frame, NULL, NULL));
	assert_int_equal(errno, 0);
	assert_false(mime_frame_send(
		pair->ends[1], MIME_FRAME_MAIL, g_variant_new("(s)", "x"), NULL, NULL, NULL));
	assert_int_equal(errno, EPIPE);
}

#define with_pair(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pair(test_body_and_descriptors),
		with_pair(test_large_body_in_pieces),
		with_pair(test_program_ignores_descriptors),
		with_pair(test_limits_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
