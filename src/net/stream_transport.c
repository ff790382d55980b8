/* What carries a stream's bytes: libcurl's connection, a plain socket, or memory. None of them
 * waits. */
#include "net/stream_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one record of TLS holds (RFC 8446 section 5.1). OpenSSL tells of a write of several only
 * once all of them are gone: with one at a time, what was not told of has not left. */
#define RECORD_SIZE ((size_t)16 * 1024)

static Transfer transfer_of(const Stream *stream, CURLcode code, GError **error)
{
	if (code == CURLE_OK)
		return TRANSFER_DONE;
	if (code == CURLE_AGAIN)
		return TRANSFER_AGAIN;
	stream_error_set_transfer(stream, code, error);
	return TRANSFER_FAILED;
}

static Transfer receive_curl(Stream *stream, void *data, size_t size, size_t *count, GError **error)
{
	return transfer_of(stream, curl_easy_recv(stream->easy, data, size, count), error);
}

static Transfer send_curl(
	Stream *stream, const void *data, size_t size, size_t *count, GError **error)
{
	return transfer_of(
		stream, curl_easy_send(stream->easy, data, MIN(size, RECORD_SIZE), count), error);
}

static void close_curl(Stream *stream)
{
	curl_multi_remove_handle(stream->multi, stream->easy);
	curl_easy_cleanup(stream->easy);
	curl_multi_cleanup(stream->multi);
}

const Transport stream_transport_curl = {receive_curl, send_curl, close_curl};

static Transfer transfer_of_socket(
	const Stream *stream, ssize_t result, size_t *count, GError **error)
{
	if (result >= 0) {
		*count = (size_t)result;
		return TRANSFER_DONE;
	}
	if (errno == EAGAIN || errno == EINTR)
		return TRANSFER_AGAIN;
	failure_set_errno(error, FAILURE_CONNECTION_LOST, stream->host, errno);
	return TRANSFER_FAILED;
}

static Transfer receive_socket(
	Stream *stream, void *data, size_t size, size_t *count, GError **error)
{
	ssize_t result = recv(stream->descriptor, data, size, MSG_DONTWAIT);

	return transfer_of_socket(stream, result, count, error);
}

static Transfer send_socket(
	Stream *stream, const void *data, size_t size, size_t *count, GError **error)
{
	ssize_t result = send(stream->descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	return transfer_of_socket(stream, result, count, error);
}

static void close_socket(Stream *stream)
{
	close(stream->descriptor);
}

static const Transport transport_socket = {receive_socket, send_socket, close_socket};

Stream *stream_open_socket(int descriptor, int timeout_seconds, const Cancel *cancel)
{
	Stream *stream = stream_new(&transport_socket, "localhost", timeout_seconds, cancel);

	stream->descriptor = descriptor;
	return stream;
}

static Transfer receive_memory(
	Stream *stream, void *data, size_t size, size_t *count, GError **error)
{
	size_t total;
	const char *bytes = g_bytes_get_data(stream->memory, &total);

	(void)error;
	*count = MIN(MIN(size, stream->memory_chunk), total - stream->memory_offset);
	if (*count > 0)
		memcpy(data, bytes + stream->memory_offset, *count);
	stream->memory_offset += *count;
	return TRANSFER_DONE;
}

static Transfer send_memory(
	Stream *stream, const void *data, size_t size, size_t *count, GError **error)
{
	(void)error;
	g_string_append_len(stream->memory_output, data, (gssize)size);
	*count = size;
	return TRANSFER_DONE;
}

static void close_memory(Stream *stream)
{
	g_bytes_unref(stream->memory);
	g_string_free(stream->memory_output, TRUE);
}

static const Transport transport_memory = {receive_memory, send_memory, close_memory};

Stream *stream_open_memory(GBytes *input, size_t chunk)
{
	Stream *stream = stream_new(&transport_memory, "memory", 1, NULL);

	g_assert(chunk > 0);
	stream->memory = g_bytes_ref(input);
	stream->memory_chunk = chunk;
	stream->memory_output = g_string_new(NULL);
	stream->unbuffered = true;
	return stream;
}

const GString *stream_memory_output(const Stream *stream)
{
	return stream->memory_output;
}
