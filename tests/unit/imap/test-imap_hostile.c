/* Servers that want our memory or our time: the right failure, soon, and no more memory than
 * before. */
#include "imap_fixture.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"

#define MILLISECONDS 20000
/* What the largest token, the stream's buffer and a sanitizer's bookkeeping may take. */
#define KIBIBYTES (48 * 1024)

/* A server that says START, then PIECE again and again up to SIZE bytes, then END, and hangs. */
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
	bool poured = pour(flood->descriptor, flood->start, strlen(flood->start)) &&
		      pour_pieces(flood) && pour(flood->descriptor, flood->end, strlen(flood->end));

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

typedef bool (*Act)(ImapSession *session, GError **error);

/* Opens a session with a server that does FLOOD, runs ACT, and checks time and memory. Answers
 * whether ACT succeeded. */
static bool run_flood(Flood flood, Act act, GError **error)
{
	long memory = peak_memory();
	int64_t start = clock_monotonic();
	g_autoptr(ImapSession) session = NULL;
	pthread_t thread;
	int pair[2];
	bool done;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	flood.descriptor = pair[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, &flood), 0);
	session = imap_open(stream_open_socket(pair[0], 10, NULL), error);
	done = session && act(session, error);
	if (session && !done)
		assert_false(imap_is_alive(session));
	g_clear_pointer(&session, imap_close);
	pthread_join(thread, NULL);
	assert_true(clock_monotonic() - start < MILLISECONDS);
	assert_true(peak_memory() - memory < KIBIBYTES);
	return done;
}

#define OPENING "* OK\r\n* CAPABILITY IMAP4rev1 ESEARCH NAMESPACE\r\nM1 OK\r\n"
#define LONG_LINE ((uint64_t)100 * 1000 * 1000)

static bool act_list(ImapSession *session, GError **error)
{
	g_autoptr(GPtrArray) folders = imap_list(session, error);

	return folders != NULL;
}

static bool act_namespaces(ImapSession *session, GError **error)
{
	g_autoptr(GPtrArray) found = imap_namespaces(session, error);

	return found != NULL;
}

static bool act_search(ImapSession *session, GError **error)
{
	const ImapSearch search = {0};
	g_autoptr(GArray) uids = imap_search(session, &search, error);

	return uids != NULL;
}

static bool act_status(ImapSession *session, GError **error)
{
	ImapStatus status;

	return imap_status(session, "INBOX", &status, error);
}

static bool act_login(ImapSession *session, GError **error)
{
	g_autoptr(Secret) password = secret_new("geheim", 6);
	SaslIdentity identity = {"m\xc3\xbcller", NULL, password};

	return imap_login(session, &identity, error);
}

static bool act_fetch(ImapSession *session, GError **error)
{
	static const uint32_t uids[] = {1, 2, 3};
	g_autoptr(ImapFetch) fetch = imap_fetch_begin(session, uids, 3, IMAP_ITEMS_RAW, error);
	g_autoptr(GError) problem = NULL;
	ImapMessage message;
	const void *data;

	while (imap_fetch_next(fetch, &message, &problem)) {
		uint64_t read = 0;
		ssize_t size;

		while ((size = imap_fetch_read(fetch, &data, error)) > 0)
			read += (uint64_t)size;
		if (size < 0 || !imap_fetch_end(fetch, &message, error))
			return false;
		assert_true(read == message.size);
	}
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return !*error;
}

static void test_long_lines(void **state)
{
	static const struct {
		const char *start, *piece;
		Act act;
	} rows[] = {
		{"", "x", imap_noop},
		{"* OK ", "x", imap_noop},
		{OPENING "* OK ", "x", imap_noop},
		{OPENING "* OK [", "x", imap_noop},
		{OPENING "* ", "x", imap_noop},
		{OPENING "* X ", "x", imap_noop},
		{OPENING "* X ", "{5", imap_noop},
		{OPENING "* CAPABILITY ", "IDLE ", imap_noop},
		{OPENING "* OK [CAPABILITY ", "IDLE ", imap_noop},
		{OPENING "M2 ", "x", imap_noop},
		{OPENING "M2 OK ", "x", imap_noop},
		{OPENING "* SEARCH ", " ", act_search},
		{OPENING "* SEARCH 1 (", "x ", act_search},
		{OPENING "* ESEARCH ", "UID ", act_search},
		{OPENING "* LIST () \"/\" \"", "x", act_list},
		{OPENING "* LIST (", "\\X ", act_list},
		{OPENING "* LIST () \"/\" a (", "\"x\" ", act_list},
		{OPENING "* STATUS INBOX (", "X 5 ", act_status},
		{OPENING "* NAMESPACE ((\"\" \"/\" ", "X (1) ", act_namespaces},
		{OPENING "+ ", "x", act_login},
		{OPENING "* 1 FETCH (", "FLAGS () ", act_fetch},
		{OPENING "* 1 FETCH (FLAGS (", "x ", act_fetch},
		{OPENING "* 1 FETCH (BODY[", "x", act_fetch},
		{OPENING "* 1 FETCH (BODY[] \"", "x", act_fetch},
		{OPENING "* 1 FETCH (X ", "x", act_fetch},
		{OPENING "* 1 FETCH (X (", "\"a\" ", act_fetch},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {rows[i].start, rows[i].piece, LONG_LINE, "\r\nM2 OK\r\n", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		if (!failure_is(error, FAILURE_LINE_TOO_LONG) &&
			!failure_is(error, FAILURE_SERVER_GARBAGE))
			fail_msg("row %zu: %s", i, error->message);
		assert_int_equal(failure_status(error), 5);
	}
}

static void test_a_line_of_100_mb_is_called_that(void **state)
{
	static const char *const starts[] = {OPENING "* OK ", OPENING "* X ", OPENING "M2 OK "};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {starts[i], "x", LONG_LINE, "\r\nM2 OK\r\n", -1};

		assert_false(run_flood(flood, imap_noop, &error));
		fixture_assert_failure(&error, FAILURE_LINE_TOO_LONG);
	}
}

static void test_brackets(void **state)
{
	static const struct {
		const char *start;
		Act act;
	} rows[] = {
		{OPENING "* 1 FETCH ", act_fetch},
		{OPENING "* 1 FETCH (X ", act_fetch},
		{OPENING "* 1 FETCH (FLAGS ", act_fetch},
		{OPENING "* 1 FETCH ", imap_noop},
		{OPENING "* LIST ", act_list},
		{OPENING "* STATUS INBOX (X ", act_status},
		{OPENING "* NAMESPACE ", act_namespaces},
		{OPENING "* ESEARCH ", act_search},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {rows[i].start, "(", 100000, "\r\nM2 OK\r\n", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	}
}

static void test_literals(void **state)
{
	static const struct {
		const char *start;
		Act act;
		Failure failure;
	} rows[] = {
		{OPENING "* 1 FETCH (UID 1 BODY[] {4294967296}\r\n", act_fetch,
			FAILURE_MESSAGE_TOO_LARGE},
		{OPENING "* 1 FETCH (UID 1 BODY[] {9223372036854775807}\r\n", act_fetch,
			FAILURE_MESSAGE_TOO_LARGE},
		{OPENING "* 1 FETCH (BODY[] {4294967296}\r\n", act_fetch,
			FAILURE_MESSAGE_TOO_LARGE},
		{OPENING "* 1 FETCH (UID 999 BODY[] {4294967296}\r\n", act_fetch,
			FAILURE_SERVER_GARBAGE},
		{OPENING "* 1 FETCH (UID 1 BODY[] {1}\r\nx)\r\n"
			 "* 1 FETCH (UID 1 BODY[] {4294967296}\r\n",
			act_fetch, FAILURE_SERVER_GARBAGE},
		{OPENING "* 1 FETCH (UID 1 BODY[] {9223372036854775808}\r\n", act_fetch,
			FAILURE_SERVER_GARBAGE},
		{OPENING "* 1 FETCH (UID 1 BODY[] {-5}\r\n", act_fetch, FAILURE_SERVER_GARBAGE},
		{OPENING "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n", act_fetch,
			FAILURE_SERVER_GARBAGE},
		{OPENING "* 1 FETCH (UID 1 X {4294967296}\r\n", act_fetch, FAILURE_LINE_TOO_LONG},
		{OPENING "* LIST () \"/\" {4294967296}\r\n", act_list, FAILURE_LINE_TOO_LONG},
		{OPENING "* LIST () \"/\" {-5}\r\n", act_list, FAILURE_SERVER_GARBAGE},
		{OPENING "* X {4294967296}\r\n", imap_noop, FAILURE_LINE_TOO_LONG},
		{OPENING "* X {99999999999999999999}\r\n", imap_noop, FAILURE_LINE_TOO_LONG},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		Flood flood = {rows[i].start, "x", LONG_LINE, "", -1};

		assert_false(run_flood(flood, rows[i].act, &error));
		fixture_assert_failure(&error, rows[i].failure);
	}
}

/* A body of 1 GiB goes through without being held. */
static void test_large_body_costs_nothing(void **state)
{
	g_autoptr(GError) error = NULL;
	Flood flood = {OPENING "* 1 FETCH (UID 1 BODY[] {1073741824}\r\n", "x", (uint64_t)1 << 30,
		")\r\nM2 OK\r\n", -1};

	(void)state;
	assert_true(run_flood(flood, act_fetch, &error));
}

/* Many untagged responses are tiresome and no more. */
static void test_many_responses(void **state)
{
	static const char piece[] = "* 7 FETCH (FLAGS (\\Seen))\r\n";
	g_autoptr(GError) error = NULL;
	Flood flood = {OPENING, piece, (sizeof piece - 1) * 1000000, "M2 OK\r\n", -1};

	(void)state;
	assert_true(run_flood(flood, imap_noop, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_a_line_of_100_mb_is_called_that),
		cmocka_unit_test(test_brackets),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_large_body_costs_nothing),
		cmocka_unit_test(test_many_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
