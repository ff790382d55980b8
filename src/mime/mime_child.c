/* The worker's side: main() of `amtspost parse-worker`. It opens what it will need, seals itself,
 * and then answers requests until the socket closes. */
#include "mime/mime.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mime/mime_internal.h"
#include "mime/mime_wire.h"

#define STACK_SIZE (64 << 20) /* GMime recurses over what a mail says */
#define CPU_SECONDS 120	      /* of a batch; a mail of 2 GiB takes about 10 */
#define EXIT_UNSEALED 70
#define PROCESS_NAME "amtspost-parse" /* started by way of /proc/self/exe we would be "exe" */

/* ---- attachments ---- */

typedef struct Output {
	int descriptor;
	int failure; /* errno */
} Output;

/* Waits until a descriptor that does not block takes more. */
static void wait_for_output(const Output *output)
{
	struct pollfd wait = {.fd = output->descriptor, .events = POLLOUT};

	poll(&wait, 1, -1);
}

static bool write_output(const void *data, size_t size, void *user_data)
{
	Output *output = user_data;
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(output->descriptor, at, size);

		if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			wait_for_output(output);
		else if (written < 0 && errno != EINTR)
			break;
		at += MAX(written, 0);
		size -= (size_t)MAX(written, 0);
	}
	output->failure = size > 0 ? errno : 0;
	return size == 0;
}

static bool serve_extract(const MimeFrame *request, MimeRange range, unsigned number)
{
	Output output = {.descriptor = request->descriptors[1]};
	MimeExtracted result = MIME_EXTRACTED;
	g_auto(MimeSource) source = {0};

	mime_source_init_file(&source, request->descriptors[0], range);
	if (!mime_extract(&source, number, write_output, &output))
		result = MIME_EXTRACT_UNKNOWN;
	else if (output.failure)
		result = MIME_EXTRACT_OUTPUT;
	else if (source.failed)
		return false;
	return mime_frame_send(MIME_WORKER_SOCKET, MIME_FRAME_EXTRACTED,
		mime_encode_extracted(result, output.failure), NULL, NULL, NULL);
}

/* ---- mails ---- */

/* Each mail is answered before the next is begun: if that one kills us, this one is kept. */
static bool serve_read(const MimeFrame *request, const MimeRange *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_auto(MimeSource) source = {0};
		g_autoptr(MailContent) content = NULL;

		mime_source_init_file(&source, request->descriptors[0], ranges[i]);
		content = request->kind == MIME_FRAME_READ ? mime_read_source(&source)
							   : mime_read_header(&source);

		if (!mime_frame_send(MIME_WORKER_SOCKET, MIME_FRAME_MAIL,
			    mime_encode_content((uint32_t)i, content), NULL, NULL, NULL))
			return false;
	}
	return true;
}

static bool serve_view(const MimeFrame *request, MimeRange range)
{
	g_auto(MimeSource) source = {0};
	g_autoptr(MailView) view = NULL;

	mime_source_init_file(&source, request->descriptors[0], range);
	view = mime_view_source(&source);
	return mime_frame_send(
		MIME_WORKER_SOCKET, MIME_FRAME_VIEWED, mime_encode_view(view), NULL, NULL, NULL);
}

static bool serve(const MimeFrame *request)
{
	size_t count = 0;
	unsigned number = 0;
	g_autofree MimeRange *ranges = mime_decode_request(request->body, &count, &number);

	if (!ranges || request->descriptors[0] < 0)
		return false;
	mime_seal_allow_seconds(CPU_SECONDS);
	if (request->kind == MIME_FRAME_READ || request->kind == MIME_FRAME_READ_HEADER)
		return serve_read(request, ranges, count);
	if (request->kind == MIME_FRAME_VIEW)
		return count == 1 && serve_view(request, ranges[0]);
	return request->kind == MIME_FRAME_EXTRACT && count == 1 && request->descriptors[1] >= 0 &&
	       serve_extract(request, ranges[0], number);
}

static void serve_all(void)
{
	bool alive = mime_frame_send(MIME_WORKER_SOCKET, MIME_FRAME_READY,
		g_variant_new_boolean(mime_seal_is_real()), NULL, NULL, NULL);

	while (alive) {
		g_auto(MimeFrame) request = {.descriptors = {-1, -1}};

		alive = mime_frame_receive(MIME_WORKER_SOCKET, &request, NULL, NULL) &&
			serve(&request);
	}
}

/* ---- start ---- */

/* What GLib complains about is the mail's fault and nobody's concern. */
static GLogWriterOutput drop_log(G_GNUC_UNUSED GLogLevelFlags level,
	G_GNUC_UNUSED const GLogField *fields, G_GNUC_UNUSED gsize count,
	G_GNUC_UNUSED gpointer user_data)
{
	return G_LOG_WRITER_HANDLED;
}

/* Everything that loads files or types on its first use is used once. */
static void warm_up(void)
{
	static const char mail[] = "From: =?iso-8859-1?Q?J=FCrgen?= <j@example.org>\r\n"
				   "Date: Mon, 23 Nov 2026 15:04:05 +0100\r\n"
				   "Content-Type: text/html; charset=utf-8\r\n"
				   "Content-Transfer-Encoding: base64\r\n\r\nPGI+SGFsbG88L2I+\r\n";

	mime_start_library();
	mime_text_open_charsets();
	mail_view_free(mime_view_bytes(mail, sizeof mail - 1));
}

static void *run(void *sealed)
{
	*(bool *)sealed = mime_seal();
	if (*(bool *)sealed)
		serve_all();
	return NULL;
}

int mime_worker_main(void)
{
	struct stat state;
	pthread_attr_t attributes;
	pthread_t thread;
	bool sealed = false;

	if (fstat(MIME_WORKER_SOCKET, &state) != 0 || !S_ISSOCK(state.st_mode)) {
		fputs("amtspost: parse-worker is started by amtspost itself\n", stderr);
		return 2;
	}
	prctl(PR_SET_NAME, PROCESS_NAME, 0, 0, 0);
	g_log_set_writer_func(drop_log, NULL, NULL);
	warm_up();
	if (!mime_seal_drop_capabilities())
		return EXIT_UNSEALED;
	pthread_attr_init(&attributes);
	if (pthread_attr_setstacksize(&attributes, STACK_SIZE) != 0 ||
		pthread_create(&thread, &attributes, run, &sealed) != 0)
		return EXIT_UNSEALED;
	pthread_attr_destroy(&attributes);
	pthread_join(thread, NULL);
	return sealed ? 0 : EXIT_UNSEALED;
}
