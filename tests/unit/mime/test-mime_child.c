/* The worker's side, spoken to without MimeWorker: its first word, batches, nonsense, its end. */
#include "mime_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

typedef struct Child {
	pid_t pid;
	int socket;
} Child;

/* A forked child that is the worker; its ready frame is taken. */
static int start(void **state)
{
	Child *child = g_new0(Child, 1);
	g_auto(MimeFrame) ready = {.descriptors = {-1, -1}};
	int ends[2];

	*state = child;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	child->pid = fork();
	if (child->pid == 0) {
		close(ends[0]);
		dup2(ends[1], MIME_WORKER_SOCKET);
		if (ends[1] != MIME_WORKER_SOCKET)
			close(ends[1]);
		_exit(mime_worker_main());
	}
	close(ends[1]);
	child->socket = ends[0];
	assert_true(mime_frame_receive(child->socket, &ready, NULL, NULL));
	assert_int_equal(ready.kind, MIME_FRAME_READY);
	return 0;
}

/* Whether the child ended by itself with status 0 once its socket was closed. */
static bool ends(Child *child)
{
	int status = -1;

	descriptor_close(&child->socket);
	waitpid(child->pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int stop(void **state)
{
	descriptor_close(&((Child *)*state)->socket);
	g_free(*state);
	return 0;
}

static void test_batch(void **state)
{
	static const char pack[] = "XXSubject: eins\r\n\r\nT1Subject: zwei\r\n\r\nT2";
	const MimeRange ranges[] = {{2, 19}, {21, 19}};
	g_auto(Descriptor) file = file_with(pack, sizeof pack - 1);
	const int descriptors[] = {file, -1};
	Child *child = *state;

	assert_true(mime_frame_send(child->socket, MIME_FRAME_READ,
		mime_encode_request(ranges, 2, 0), descriptors, NULL, NULL));
	for (uint32_t i = 0; i < 2; i++) {
		g_auto(MimeFrame) answer = {.descriptors = {-1, -1}};
		g_autoptr(MailContent) content = NULL;

		assert_true(mime_frame_receive(child->socket, &answer, NULL, NULL));
		assert_int_equal(answer.kind, MIME_FRAME_MAIL);
		content = mime_decode_content(answer.body, i);
		assert_non_null(content);
		assert_string_equal(content->subject, i ? "zwei" : "eins");
		assert_string_equal(content->text, i ? "T2" : "T1");
	}
	assert_int_equal(lseek(file, 0, SEEK_CUR), sizeof pack - 1);
	assert_true(ends(child));
}

/* What no program of ours sends ends the worker; it never answers it. */
static void assert_ends_after(Child *child, uint32_t kind, GVariant *body, const int *descriptors)
{
	g_auto(MimeFrame) answer = {.descriptors = {-1, -1}};

	assert_true(
		mime_frame_send(child->socket, (MimeFrameKind)kind, body, descriptors, NULL, NULL));
	assert_false(mime_frame_receive(child->socket, &answer, NULL, NULL));
	assert_true(ends(child));
}

static const MimeRange whole = {0, 5};

static void test_request_without_descriptor(void **state)
{
	assert_ends_after(*state, MIME_FRAME_READ, mime_encode_request(&whole, 1, 0), NULL);
}

static void test_unknown_request(void **state)
{
	g_auto(Descriptor) file = file_with("x", 1);
	const int descriptors[] = {file, -1};

	assert_ends_after(*state, 4711, mime_encode_request(&whole, 1, 0), descriptors);
}

static void test_extract_without_output(void **state)
{
	g_auto(Descriptor) file = file_with("x", 1);
	const int descriptors[] = {file, -1};

	assert_ends_after(
		*state, MIME_FRAME_EXTRACT, mime_encode_request(&whole, 1, 1), descriptors);
}

static void test_junk_body(void **state)
{
	g_auto(Descriptor) file = file_with("x", 1);
	const int descriptors[] = {file, -1};

	assert_ends_after(*state, MIME_FRAME_READ, g_variant_new("s", "Unsinn"), descriptors);
}

static void test_refuses_to_start_alone(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		close(MIME_WORKER_SOCKET);
		close(STDERR_FILENO);
		_exit(mime_worker_main());
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
}

#define with_child(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_child(test_batch),
		with_child(test_request_without_descriptor),
		with_child(test_unknown_request),
		with_child(test_extract_without_output),
		with_child(test_junk_body),
		cmocka_unit_test(test_refuses_to_start_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
