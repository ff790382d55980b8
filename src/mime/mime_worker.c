/* The program's side of the parse worker: starting it, asking it, and getting rid of it when it is
 * silent too long or says anything unexpected. */
#include "mime/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime_wire.h"

#define START_MILLISECONDS 30000
#define BATCH_MILLISECONDS 60000
#define BYTES_A_MILLISECOND (4u << 10) /* what a large mail may take on top; usual is 200 KB */
#define BATCHES_A_LIFE 4096	       /* then a fresh one: whatever a mail did to it ends there */

struct MimeWorker {
	const char *program;
	int batch_milliseconds;
	pid_t pid; /* 0: not running */
	int socket;
	unsigned batches;
};

MimeWorker *mime_worker_new(void)
{
	MimeWorker *worker = g_new0(MimeWorker, 1);

	worker->program = "/proc/self/exe";
	worker->batch_milliseconds = BATCH_MILLISECONDS;
	worker->socket = -1;
	return worker;
}

void mime_worker_set_program(MimeWorker *worker, const char *program)
{
	worker->program = program;
}

void mime_worker_set_deadline(MimeWorker *worker, int milliseconds)
{
	worker->batch_milliseconds = milliseconds;
}

pid_t mime_worker_pid(const MimeWorker *worker)
{
	return worker->pid;
}

/* ---- life and death ---- */

static void stop(MimeWorker *worker)
{
	descriptor_close(&worker->socket);
	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	worker->pid = 0;
	worker->batches = 0;
}

void mime_worker_free(MimeWorker *worker)
{
	if (!worker)
		return;
	stop(worker);
	g_free(worker);
}

/* Descriptor 3 is the socket, and there is no other; standard streams are /dev/null, since what a
 * taken-over worker writes must not reach a terminal. Sanitizers report on standard error. */
static int set_descriptors(posix_spawn_file_actions_t *actions, int socket)
{
	int result = posix_spawn_file_actions_adddup2(actions, socket, MIME_WORKER_SOCKET);

	for (int i = STDIN_FILENO; i <= STDERR_FILENO && result == 0; i++) {
		if (i != STDERR_FILENO || mime_seal_is_real())
			result = posix_spawn_file_actions_addopen(
				actions, i, "/dev/null", O_RDWR, 0);
	}
	return result == 0
		       ? posix_spawn_file_actions_addclosefrom_np(actions, MIME_WORKER_SOCKET + 1)
		       : result;
}

/* The worker ends when its socket does, not by a Ctrl-C or a stop that is meant for us. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t blocked;
	int result;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGQUIT);
	sigaddset(&blocked, SIGTSTP);
	sigaddset(&blocked, SIGPIPE);
	result = posix_spawnattr_setsigmask(attributes, &blocked);
	return result == 0 ? posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK) : result;
}

/* One arena, and large blocks go back to the system at once: workers live long. */
#define TUNABLES                                                                                   \
	"GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=262144:"              \
	"glibc.malloc.trim_threshold=1048576"

static int spawn(MimeWorker *worker, int socket)
{
	char *arguments[] = {(char *)"amtspost", (char *)"parse-worker", NULL};
	char *environment[] = {(char *)"LC_ALL=C.UTF-8", (char *)TUNABLES, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	result = set_descriptors(&actions, socket);
	if (result == 0)
		result = set_signals(&attributes);
	if (result == 0)
		result = posix_spawn(&worker->pid, worker->program, &actions, &attributes,
			arguments, environment);
	if (result != 0)
		worker->pid = 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

/* ---- waiting ---- */

typedef struct Patience {
	int64_t deadline; /* monotonic milliseconds, INT64_MAX: none */
	const Cancel *cancel;
} Patience;

static Patience patience_for(int64_t milliseconds, const Cancel *cancel)
{
	return (Patience){.deadline = clock_monotonic() + milliseconds, .cancel = cancel};
}

/* A MimeWait: until the socket is ready, the time is over or somebody cancels. */
static bool wait_for_worker(int socket, short events, void *user_data)
{
	const Patience *patience = user_data;
	struct pollfd ready[] = {{.fd = socket, .events = events},
		{.fd = cancel_descriptor(patience->cancel), .events = POLLIN}};

	for (;;) {
		int64_t left = patience->deadline == INT64_MAX
				       ? -1
				       : patience->deadline - clock_monotonic();
		int count;

		if (cancel_triggered(patience->cancel)) {
			errno = ECANCELED;
			return false;
		}
		if (patience->deadline != INT64_MAX && left <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		count = poll(ready, G_N_ELEMENTS(ready), (int)MIN(left, (int64_t)G_MAXINT));
		if (count > 0 && ready[0].revents)
			return true;
		if (count < 0 && errno != EINTR)
			return false;
	}
}

/* Ends the worker and says why, by errno of the failed transfer. */
static bool give_up(MimeWorker *worker, GError **error)
{
	int reason = errno;

	stop(worker);
	if (reason == ECANCELED)
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled while reading mails");
	else if (reason == ETIMEDOUT)
		failure_set(error, FAILURE_PARSER_DIED, NULL, "parse worker exceeded its time");
	else
		failure_set(error, FAILURE_PARSER_DIED, NULL, "parse worker: %s",
			reason == 0 ? "ended unexpectedly" : g_strerror(reason));
	return false;
}

/* ---- asking ---- */

/* The worker says when it is sealed. That it cannot start is no mail's fault. */
static bool start(MimeWorker *worker, const Cancel *cancel, GError **error)
{
	Patience patience = patience_for(START_MILLISECONDS, cancel);
	g_auto(MimeFrame) ready = {.descriptors = {-1, -1}};
	int ends[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		failure_set_errno(error, FAILURE_INTERNAL, "parse worker", errno);
		return false;
	}
	worker->socket = ends[0];
	result = spawn(worker, ends[1]);
	close(ends[1]);
	if (result == 0 && mime_frame_receive(worker->socket, &ready, wait_for_worker, &patience) &&
		ready.kind == MIME_FRAME_READY)
		return true;
	result = result ? result : errno;
	stop(worker);
	if (result == ECANCELED)
		failure_set(error, FAILURE_CANCELLED, NULL,
			"cancelled while starting the parse worker");
	else
		failure_set(error, FAILURE_INTERNAL, "parse worker",
			"parse worker does not start: %s", g_strerror(result));
	return false;
}

/* Sends a request to a running worker. One that died in between (nobody's mail was in it) is
 * replaced once. */
static bool ask(MimeWorker *worker, MimeFrameKind kind, GVariant *body, const int *descriptors,
	Patience *patience, GError **error)
{
	g_autoptr(GVariant) request = g_variant_ref_sink(body);
	struct pollfd idle = {.fd = worker->socket, .events = POLLIN};

	/* An idle worker has nothing to say: readable means that it ended. */
	if (worker->pid > 0 && (worker->batches >= BATCHES_A_LIFE || poll(&idle, 1, 0) != 0))
		stop(worker);
	if (worker->pid == 0 && !start(worker, patience->cancel, error))
		return false;
	worker->batches++;
	if (mime_frame_send(worker->socket, kind, request, descriptors, wait_for_worker, patience))
		return true;
	return give_up(worker, error);
}

static bool receive_mail(MimeWorker *worker, uint32_t index, MailContent **content,
	Patience *patience, GError **error)
{
	g_auto(MimeFrame) answer = {.descriptors = {-1, -1}};

	if (!mime_frame_receive(worker->socket, &answer, wait_for_worker, patience))
		return give_up(worker, error);
	if (answer.kind == MIME_FRAME_MAIL)
		*content = mime_decode_content(answer.body, index);
	if (*content)
		return true;
	errno = EBADMSG;
	return give_up(worker, error);
}

static bool read_mails(MimeWorker *worker, MimeFrameKind kind, int descriptor,
	const MimeRange *ranges, size_t count, MailContent **contents, const Cancel *cancel,
	GError **error)
{
	const int descriptors[] = {descriptor, -1};
	uint64_t bytes = 0;
	Patience patience;

	g_assert(count <= MIME_BATCH_MAILS);
	for (size_t i = 0; i < count; i++) {
		contents[i] = NULL;
		bytes += ranges[i].size;
	}
	if (count == 0)
		return true;
	patience = patience_for(
		worker->batch_milliseconds + (int64_t)(bytes / BYTES_A_MILLISECOND), cancel);
	if (!ask(worker, kind, mime_encode_request(ranges, count, 0), descriptors, &patience,
		    error))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!receive_mail(worker, (uint32_t)i, &contents[i], &patience, error))
			return false;
	}
	return true;
}

bool mime_worker_read(MimeWorker *worker, int descriptor, const MimeRange *ranges, size_t count,
	MailContent **contents, const Cancel *cancel, GError **error)
{
	return read_mails(
		worker, MIME_FRAME_READ, descriptor, ranges, count, contents, cancel, error);
}

bool mime_worker_read_header(MimeWorker *worker, int descriptor, MimeRange range,
	MailContent **content, const Cancel *cancel, GError **error)
{
	return read_mails(
		worker, MIME_FRAME_READ_HEADER, descriptor, &range, 1, content, cancel, error);
}

bool mime_worker_view(MimeWorker *worker, int descriptor, MimeRange range, MailView **view,
	const Cancel *cancel, GError **error)
{
	const int descriptors[] = {descriptor, -1};
	g_auto(MimeFrame) answer = {.descriptors = {-1, -1}};
	Patience patience = patience_for(
		worker->batch_milliseconds + (int64_t)(range.size / BYTES_A_MILLISECOND), cancel);

	*view = NULL;
	if (!ask(worker, MIME_FRAME_VIEW, mime_encode_request(&range, 1, 0), descriptors, &patience,
		    error))
		return false;
	if (!mime_frame_receive(worker->socket, &answer, wait_for_worker, &patience))
		return give_up(worker, error);
	if (answer.kind == MIME_FRAME_VIEWED)
		*view = mime_decode_view(answer.body);
	if (*view)
		return true;
	errno = EBADMSG;
	return give_up(worker, error);
}

static bool report_extracted(
	MimeWorker *worker, const MimeFrame *answer, unsigned number, GError **error)
{
	g_autofree char *name = g_strdup_printf("%u", number);
	MimeExtracted result;
	int reason;

	if (answer->kind != MIME_FRAME_EXTRACTED ||
		!mime_decode_extracted(answer->body, &result, &reason)) {
		errno = EBADMSG;
		return give_up(worker, error);
	}
	if (result == MIME_EXTRACT_UNKNOWN)
		failure_set(error, FAILURE_ATTACHMENT_UNKNOWN, name, "no attachment %u", number);
	else if (result == MIME_EXTRACT_OUTPUT)
		failure_set_errno(error, FAILURE_OUTPUT, "Anlage", reason);
	return result == MIME_EXTRACTED;
}

bool mime_worker_extract(MimeWorker *worker, int descriptor, MimeRange range, unsigned number,
	int output, const Cancel *cancel, GError **error)
{
	/* No deadline: OUTPUT may be a pipe to somebody who reads at leisure. CPU time is limited.
	 */
	Patience patience = {.deadline = INT64_MAX, .cancel = cancel};
	const int descriptors[] = {descriptor, output};
	g_auto(MimeFrame) answer = {.descriptors = {-1, -1}};

	if (!ask(worker, MIME_FRAME_EXTRACT, mime_encode_request(&range, 1, number), descriptors,
		    &patience, error))
		return false;
	if (!mime_frame_receive(worker->socket, &answer, wait_for_worker, &patience))
		return give_up(worker, error);
	return report_extracted(worker, &answer, number, error);
}
