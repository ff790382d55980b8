/* Buffered reading and writing with deadlines over a transport. It does not know how the connection
 * came about (stream_connect.c) nor what carries it (stream_transport.c). */
#include "net/stream_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include "base/secret.h"
#include "base/clock.h"

/* Of reading: larger reads do not make a local drain faster. */
#define INPUT_SIZE ((size_t)256 * 1024)
/* How much unread input may pile up while the peer does not take our output. */
#define INPUT_LIMIT ((size_t)8 * 1024 * 1024)
#define OUTPUT_SIZE ((size_t)32 * 1024)
/* A peer that sends a byte now and then never runs into the timeout. After so many timeouts of
 * nothing but waiting it must have sent so much for each of them. */
#define RATE_TIMEOUTS 5
#define RATE_BYTES 1024

Stream *stream_new(
	const Transport *transport, const char *host, int timeout_seconds, const Cancel *cancel)
{
	Stream *stream = g_new0(Stream, 1);

	stream->transport = transport;
	stream->descriptor = -1;
	stream->timeout = timeout_seconds * 1000;
	stream->patience = 1;
	stream->cancel = cancel;
	stream->host = g_strdup(host);
	stream->greeting = g_strdup("");
	stream->secrets = repeats_new();
	stream->input = g_malloc(INPUT_SIZE);
	stream->input_size = INPUT_SIZE;
	stream->output = g_string_sized_new(OUTPUT_SIZE);
	return stream;
}

void stream_close(Stream *stream)
{
	if (!stream)
		return;
	stream->transport->close(stream);
	g_free(stream->host);
	g_free(stream->greeting);
	repeats_free(stream->secrets);
	g_free(stream->tls_version);
	g_free(stream->tls_cipher);
	g_free(stream->input);
	secret_wipe(stream->output->str, stream->output->len);
	g_string_free(stream->output, TRUE);
	g_free(stream);
}

const char *stream_greeting(const Stream *stream)
{
	return stream->greeting;
}

bool stream_is_encrypted(const Stream *stream)
{
	return stream->tls_version != NULL;
}

const char *stream_tls_version(const Stream *stream)
{
	return stream->tls_version;
}

const char *stream_tls_cipher(const Stream *stream)
{
	return stream->tls_cipher;
}

Repeats *stream_secrets(Stream *stream)
{
	return stream->secrets;
}

const char *stream_host(const Stream *stream)
{
	return stream->host;
}

uint64_t stream_bytes_read(const Stream *stream)
{
	return stream->bytes_read;
}

uint64_t stream_bytes_written(const Stream *stream)
{
	return stream->bytes_written;
}

uint64_t stream_bytes_queued(const Stream *stream)
{
	return stream->output->len;
}

void stream_set_cancel(Stream *stream, const Cancel *cancel)
{
	stream->cancel = cancel;
}

void stream_set_deadline(Stream *stream, int64_t deadline)
{
	stream->deadline = deadline;
}

void stream_set_patience(Stream *stream, int factor)
{
	stream->patience = factor;
}

static int patient_timeout(const Stream *stream)
{
	return stream->timeout * stream->patience;
}

static bool check_cancel(const Stream *stream, GError **error)
{
	if (!cancel_triggered(stream->cancel))
		return true;
	failure_set(error, FAILURE_CANCELLED, NULL, "%s: cancelled", stream->host);
	return false;
}

static int poll_until(struct pollfd *places, nfds_t count, int64_t deadline)
{
	int ready;

	do {
		int64_t left = deadline - clock_monotonic();

		ready = poll(places, count, (int)MAX(left, 0));
	} while (ready < 0 && errno == EINTR);
	return ready;
}

/* Waits for EVENTS and answers which came, or 0 with ERROR set. */
static short wait_for(const Stream *stream, short events, GError **error)
{
	struct pollfd places[] = {
		{.fd = stream->descriptor, .events = events},
		{.fd = cancel_descriptor(stream->cancel), .events = POLLIN},
	};
	int64_t until = clock_monotonic() + patient_timeout(stream);
	int ready = poll_until(places, G_N_ELEMENTS(places),
		stream->deadline ? MIN(until, stream->deadline) : until);

	if (!check_cancel(stream, error))
		return 0;
	if (ready < 0)
		failure_set_errno(error, FAILURE_CONNECTION_LOST, stream->host, errno);
	else if (ready == 0)
		failure_set(error, FAILURE_TIMEOUT, stream->host, "%s: no progress for %d s",
			stream->host, patient_timeout(stream) / 1000);
	return ready > 0 ? places[0].revents : 0;
}

static bool input_is_empty(const Stream *stream)
{
	return stream->input_start == stream->input_end;
}

static Transfer receive_now(Stream *stream, void *data, size_t size, size_t *count, GError **error)
{
	Transfer transfer = stream->transport->receive(stream, data, size, count, error);

	if (transfer == TRANSFER_DONE) {
		stream->bytes_read += *count;
		stream->ended = *count == 0;
	}
	return transfer;
}

/* Makes room behind what is buffered; false if as much is piled up as may be. */
static bool make_input_room(Stream *stream)
{
	if (stream->input_start > 0) {
		stream->input_end -= stream->input_start;
		memmove(stream->input, stream->input + stream->input_start, stream->input_end);
		stream->input_start = 0;
	}
	if (stream->input_end == stream->input_size && stream->input_size < INPUT_LIMIT) {
		stream->input_size *= 2;
		stream->input = g_realloc(stream->input, stream->input_size);
	}
	return stream->input_end < stream->input_size;
}

/* The peer takes no more output: it may be waiting for us to read first. */
static bool wait_to_send(Stream *stream, GError **error)
{
	bool may_read = !stream->ended && make_input_room(stream);
	short came = wait_for(stream, may_read ? POLLOUT | POLLIN : POLLOUT, error);
	size_t count = 0;

	if (came == 0)
		return false;
	if (!may_read || !(came & POLLIN))
		return true;
	if (receive_now(stream, stream->input + stream->input_end,
		    stream->input_size - stream->input_end, &count, error) == TRANSFER_FAILED)
		return false;
	stream->input_end += count;
	return true;
}

/* The memory of DATA stays as it is meanwhile: TLS repeats an interrupted write from the same
 * place. */
static bool send_all(Stream *stream, const char *data, size_t size, GError **error)
{
	while (size > 0) {
		size_t count = 0;
		Transfer transfer = stream->transport->send(stream, data, size, &count, error);

		if (transfer == TRANSFER_FAILED)
			return false;
		if (transfer == TRANSFER_AGAIN && !wait_to_send(stream, error))
			return false;
		data += count;
		size -= count;
		stream->bytes_written += count;
	}
	return true;
}

static void restart_rate(Stream *stream)
{
	stream->waited = 0;
	stream->rate_start = stream->bytes_read;
}

static bool send_or_break(Stream *stream, const char *data, size_t size, GError **error)
{
	if (stream->send_failed) {
		failure_set(error, FAILURE_CONNECTION_LOST, stream->host,
			"%s: sending has failed before", stream->host);
		return false;
	}
	stream->send_failed = !check_cancel(stream, error) || !send_all(stream, data, size, error);
	/* Many short answers to many commands are a dialogue, however slow. */
	restart_rate(stream);
	return !stream->send_failed;
}

bool stream_flush(Stream *stream, GError **error)
{
	size_t size = stream->output->len;
	bool sent = size == 0 || send_or_break(stream, stream->output->str, size, error);

	/* A login may have been among it. */
	secret_wipe(stream->output->str, stream->output->len);
	g_string_truncate(stream->output, 0);
	return sent;
}

bool stream_write(Stream *stream, const void *data, size_t size, GError **error)
{
	if (stream->output->len + size > OUTPUT_SIZE && !stream_flush(stream, error))
		return false;
	if (size > OUTPUT_SIZE || stream->unbuffered)
		return send_or_break(stream, data, size, error);
	g_string_append_len(stream->output, data, (gssize)size);
	return true;
}

/* A peer that closed may have said why: reading goes on where sending is no longer possible. */
static bool flush_before_reading(Stream *stream, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (stream_flush(stream, &problem) || failure_is(problem, FAILURE_CONNECTION_LOST))
		return check_cancel(stream, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Called where all that had come is received: only then the rate is what the peer achieved. */
static bool check_rate(Stream *stream, GError **error)
{
	uint64_t bytes = stream->bytes_read - stream->rate_start;

	if (stream->waited < (int64_t)RATE_TIMEOUTS * patient_timeout(stream))
		return true;
	if (bytes < RATE_TIMEOUTS * RATE_BYTES) {
		failure_set(error, FAILURE_TIMEOUT, stream->host,
			"%s: only %" G_GUINT64_FORMAT " bytes in %" G_GINT64_FORMAT " s of waiting",
			stream->host, bytes, stream->waited / 1000);
		return false;
	}
	restart_rate(stream);
	return true;
}

/* Time in which nobody reads is not the peer's: only what is spent here counts. */
static bool wait_for_input(Stream *stream, GError **error)
{
	int64_t start = clock_monotonic();
	bool came;

	if (!check_rate(stream, error))
		return false;
	came = wait_for(stream, POLLIN, error) != 0;
	stream->waited += clock_monotonic() - start;
	return came;
}

/* Receives at least one byte into DATA, waiting; 0 at the end, -1 on failure. */
static ssize_t receive(Stream *stream, void *data, size_t size, GError **error)
{
	size_t count = 0;
	Transfer transfer;

	if (stream->ended)
		return 0;
	while ((transfer = receive_now(stream, data, size, &count, error)) == TRANSFER_AGAIN) {
		if (!wait_for_input(stream, error))
			return -1;
	}
	return transfer == TRANSFER_DONE ? (ssize_t)count : -1;
}

ssize_t stream_fill(Stream *stream, const unsigned char **data, GError **error)
{
	ssize_t count;

	if (input_is_empty(stream) && !flush_before_reading(stream, error))
		return -1;
	if (input_is_empty(stream)) {
		count = receive(stream, stream->input, stream->input_size, error);
		if (count <= 0)
			return count;
		stream->input_start = 0;
		stream->input_end = (size_t)count;
	}
	*data = stream->input + stream->input_start;
	return (ssize_t)(stream->input_end - stream->input_start);
}

void stream_consume(Stream *stream, size_t size)
{
	g_assert(size <= stream->input_end - stream->input_start);
	stream->input_start += size;
}

ssize_t stream_look(Stream *stream)
{
	Transfer transfer = TRANSFER_AGAIN;
	size_t count = 0;

	if (!stream->memory && !stream->ended && make_input_room(stream))
		transfer = receive_now(stream, stream->input + stream->input_end,
			stream->input_size - stream->input_end, &count, NULL);
	stream->input_end += count;
	if (input_is_empty(stream) && (stream->ended || transfer == TRANSFER_FAILED))
		return -1;
	return (ssize_t)(stream->input_end - stream->input_start);
}

ssize_t stream_read(Stream *stream, void *data, size_t size, GError **error)
{
	const unsigned char *ready;
	ssize_t count;

	if (input_is_empty(stream) && !flush_before_reading(stream, error))
		return -1;
	if (input_is_empty(stream) && size >= INPUT_SIZE)
		return receive(stream, data, size, error);
	count = stream_fill(stream, &ready, error);
	if (count <= 0)
		return count;
	count = (ssize_t)MIN((size_t)count, size);
	memcpy(data, ready, (size_t)count);
	stream_consume(stream, (size_t)count);
	return count;
}

ssize_t stream_peek(Stream *stream, unsigned char *byte, GError **error)
{
	const unsigned char *ready;
	ssize_t count = stream_fill(stream, &ready, error);

	if (count > 0)
		*byte = *ready;
	return MIN(count, 1);
}

static bool check_line_length(
	const Stream *stream, const GString *line, size_t limit, GError **error)
{
	if (line->len <= limit)
		return true;
	failure_set(error, FAILURE_LINE_TOO_LONG, stream->host, "%s: line longer than %zu bytes",
		stream->host, limit);
	return false;
}

static void strip_line_end(GString *line)
{
	g_string_truncate(line, line->len - 1);
	if (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
}

bool stream_read_line(Stream *stream, GString *line, size_t limit, GError **error)
{
	g_string_truncate(line, 0);
	for (;;) {
		const unsigned char *data;
		const unsigned char *end;
		ssize_t count = stream_fill(stream, &data, error);

		if (count == 0)
			failure_set(error, FAILURE_CONNECTION_LOST, stream->host,
				"%s: closed by the server", stream->host);
		if (count <= 0)
			return false;
		end = memchr(data, '\n', (size_t)count);
		if (end)
			count = end - data + 1;
		g_string_append_len(line, (const char *)data, count);
		stream_consume(stream, (size_t)count);
		if (end) {
			strip_line_end(line);
			return check_line_length(stream, line, limit, error);
		}
		/* The CRLF is still to come and does not count. */
		if (!check_line_length(stream, line, limit + 1, error))
			return false;
	}
}
