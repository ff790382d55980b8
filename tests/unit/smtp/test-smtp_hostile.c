/* Servers that want our memory or our time: the right failure, soon, and no more memory than
 * before. */
#include "smtp_fixture.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"

#define MILLISECONDS 10000
/* What the stream's buffers and a sanitizer's bookkeeping may take. */
#define KIBIBYTES (48 * 1024)
#define LONG_LINE ((uint64_t)100 * 1000 * 1000)

#define OPENING "220 mail.example\r\n250-mail.example\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n"

/* A server that says START, a reply for each line of ours, then PIECE again and again up to SIZE
 * bytes, then END, and hangs. */
typedef struct Flood {
	const char *start, *piece;
	uint64_t size;
	const char *end;
	int descriptor;
} Flood;

static bool pour(int descriptor, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(descriptor, text, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* Waits until the client has said a line. */
static bool hear_line(int descriptor)
{
	char byte = 0;

	while (byte != '\n') {
		if (recv(descriptor, &byte, 1, 0) <= 0)
			return false;
	}
	return true;
}

/* The replies of START, each after a line of the client but for the first. */
static bool play_start(const Flood *flood)
{
	g_auto(GStrv) lines = g_strsplit(flood->start, "\n", -1);
	bool begins = false; /* whether the line begins a reply that the client must ask for */

	for (char **line = lines; line[0] && line[1]; line++) {
		if (begins && !hear_line(flood->descriptor))
			return false;
		if (!pour(flood->descriptor, *line, strlen(*line)) ||
			!pour(flood->descriptor, "\n", 1))
			return false;
		begins = (*line)[3] == ' ';
	}
	return !begins || hear_line(flood->descriptor);
}

static bool pour_pieces(const Flood *flood)
{
	g_autoptr(GString) block = g_string_new(NULL);
	uint64_t left = flood->size;

	while (block->len < 64 * 1024 && *flood->piece)
		g_string_append(block, flood->piece);
	while (left > 0) {
		size_t size = (size_t)MIN(left, block->len);

		if (!pour(flood->descriptor, block->str, size))
			return false;
		left -= size;
	}
	return true;
}

static void *serve(void *context)
{
	const Flood *flood = context;
	char sink[4096];
	bool poured = play_start(flood) && pour_pieces(flood) &&
		      pour(flood->descriptor, flood->end, strlen(flood->end));

	while (poured && recv(flood->descriptor, sink, sizeof sink, 0) > 0)
		;
	close(flood->descriptor);
	return NULL;
}

static long peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

typedef bool (*Act)(SmtpSession *session, GError **error);

/* Opens a session with a server that does FLOOD, runs ACT, and checks time and memory. Answers
 * whether ACT succeeded. */
static bool run_flood(Flood flood, Act act, GError **error)
{
	long memory = peak_memory();
	int64_t start = clock_monotonic();
	g_autoptr(SmtpSession) session = NULL;
	pthread_t thread;
	int pair[2];
	bool done;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	flood.descriptor = pair[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, &flood), 0);
	session = smtp_open(stream_open_socket(pair[0], 5, NULL), error);
	done = session && act(session, error);
	if (session && !done)
		assert_false(smtp_is_alive(session));
	g_clear_pointer(&session, smtp_close);
	pthread_join(thread, NULL);
	assert_true(clock_monotonic() - start < MILLISECONDS);
	assert_true(peak_memory() - memory < KIBIBYTES);
	return done;
}

static bool act_login(SmtpSession *session, GError **error)
{
	g_autoptr(Secret) password = secret_new("geheim", 6);
	SaslIdentity identity = {.username = "maier", .password = password};

	return smtp_login(session, &identity, error);
}

static bool act_long_token(SmtpSession *session, GError **error)
{
	g_autofree char *text = g_strnfill(64 * 1024, 't');
	g_autoptr(Secret) token = secret_new(text, strlen(text));
	SaslIdentity identity = {.username = "maier", .token = token};

	return smtp_login(session, &identity, error);
}

static void test_long_lines(void **state)
{
	static const struct {
		const char *start, *piece;
		Act act;
	} rows[] = {
		{"", "x", smtp_noop},
		{"", "2", smtp_noop},
		{"220-a\n", "x", smtp_noop},
		{"220 a\r\n", "x", smtp_noop},
		{"220 a\r\n", "250-", smtp_noop},
		{OPENING, "x", smtp_noop},
		{OPENING, "x", act_login},
		{OPENING, "334 ", act_login},
		{OPENING "235 in\r\n", "x", act_login},
		{OPENING "334 \r\n", "x", act_long_token},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {rows[i].start, rows[i].piece, LONG_LINE, "\r\n", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		fixture_assert_failure(&error, FAILURE_LINE_TOO_LONG);
	}
}

/* 100,000 lines and more of one reply. */
static void test_replies_without_end(void **state)
{
	static const struct {
		const char *start, *piece;
		Act act;
	} rows[] = {
		{"", "220-x\r\n", smtp_noop},
		{"220 a\r\n", "250-\r\n", smtp_noop},
		{"220 a\r\n", "250-AUTH PLAIN\r\n", smtp_noop},
		{"220 a\r\n", "250-SIZE 99999999999999999999999999999999999999999999\r\n",
			smtp_noop},
		{OPENING, "250-x\r\n", smtp_noop},
		{OPENING, "535-5.7.8 x\r\n", act_login},
		{OPENING, "334-x\r\n", act_login},
		{OPENING, "421-x\r\n", act_login},
		{OPENING "235 in\r\n", "250-x\r\n", act_login},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {
			rows[i].start, rows[i].piece, 100000 * strlen(rows[i].piece), "", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		fixture_assert_failure(&error, FAILURE_LINE_TOO_LONG);
	}
}

/* One reply after the other: answers that nobody asked for, challenges without end. */
static void test_replies_one_after_the_other(void **state)
{
	static const struct {
		const char *start, *piece;
		Act act;
		Failure failure;
	} rows[] = {
		{"", "220 x\r\n", smtp_noop, FAILURE_SERVER_GARBAGE},
		{"220 a\r\n", "220 x\r\n", smtp_noop, FAILURE_SERVER_GARBAGE},
		{"220 a\r\n", "250 x\r\n", smtp_noop, FAILURE_SERVER_GARBAGE},
		{"220 a\r\n", "421 x\r\n", smtp_noop, FAILURE_SERVER_BYE},
		{OPENING, "334 \r\n", act_login, FAILURE_SASL_INVALID},
		{OPENING, "334 \r\n", act_long_token, FAILURE_SERVER_GARBAGE},
		{OPENING, "334 !\r\n", act_login, FAILURE_SASL_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {rows[i].start, rows[i].piece, 10 * 1000 * 1000, "", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

static bool say(int descriptor, const char *text)
{
	return pour(descriptor, text, strlen(text));
}

/* Refuses the token at its first byte, as a server does that finds the line too long, and takes the
 * rest only then. */
static void *refuse_early(void *context)
{
	int descriptor = *(int *)context;
	char byte, sink[4096];
	bool done = say(descriptor, "220 mail.example\r\n") && hear_line(descriptor) &&
		    say(descriptor, "250-mail.example\r\n250 AUTH XOAUTH2\r\n") &&
		    hear_line(descriptor) && say(descriptor, "334 \r\n") &&
		    recv(descriptor, &byte, 1, 0) == 1 &&
		    say(descriptor, "535 5.7.8 that is enough\r\n");

	while (done && recv(descriptor, sink, sizeof sink, 0) > 0)
		;
	close(descriptor);
	return NULL;
}

static void test_refusal_before_the_token_is_sent(void **state)
{
	g_autoptr(SmtpSession) session = NULL;
	g_autoptr(GError) error = NULL;
	pthread_t thread;
	int pair[2], small = 4096;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	assert_int_equal(pthread_create(&thread, NULL, refuse_early, &pair[1]), 0);
	session = smtp_open(stream_open_socket(pair[0], 5, NULL), &error);
	assert_non_null(session);
	assert_false(act_long_token(session, &error));
	fixture_assert_failure(&error, FAILURE_LOGIN_REFUSED);
	assert_true(smtp_is_alive(session));
	g_clear_pointer(&session, smtp_close);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_replies_without_end),
		cmocka_unit_test(test_replies_one_after_the_other),
		cmocka_unit_test(test_refusal_before_the_token_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
