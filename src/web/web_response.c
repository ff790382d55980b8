/* A response: put together by its handler, whole or piece by piece through a bounded buffer. */
#include "web/web_http.h"

#include <string.h>
#include "web/web_http_internal.h"

#define STREAM_BLOCK ((size_t)32 * 1024)

/* ---- life ---- */

void response_init(WebResponse *response, WebRequest *request)
{
	*response = (WebResponse){
		.request = request,
		.status = MHD_HTTP_OK,
		.fields = g_ptr_array_new_with_free_func(g_free),
	};
}

void response_clear(WebResponse *response)
{
	g_free(response->type);
	g_ptr_array_unref(response->fields);
	g_clear_pointer(&response->body, g_bytes_unref);
}

void response_refuse(WebResponse *response, unsigned status)
{
	WebRequest *request = response->request;
	const WebServer *server = request->server;

	response_clear(response);
	response_init(response, request);
	web_response_status(response, status);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		web_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_SECONDS);
	if (server->refuse)
		server->refuse(request, response, server->data);
}

/* ---- whole ---- */

void web_response_status(WebResponse *response, unsigned status)
{
	g_assert(status >= 200 && status <= 599);
	response->status = status;
}

unsigned web_response_get_status(const WebResponse *response)
{
	return response->status;
}

static bool has_line_break(const char *text)
{
	return strpbrk(text, "\r\n") != NULL;
}

void web_response_header(WebResponse *response, const char *name, const char *value)
{
	g_assert(!has_line_break(name) && !has_line_break(value));
	g_ptr_array_add(response->fields, g_strdup(name));
	g_ptr_array_add(response->fields, g_strdup(value));
}

static void set_type(WebResponse *response, const char *type)
{
	g_assert(!has_line_break(type));
	g_free(response->type);
	response->type = g_strdup(type);
}

void web_response_body(WebResponse *response, const char *type, GBytes *body)
{
	set_type(response, type);
	g_clear_pointer(&response->body, g_bytes_unref);
	response->body = body;
}

void web_response_text(WebResponse *response, const char *type, const char *text)
{
	web_response_body(response, type, g_bytes_new(text, strlen(text)));
}

void web_response_redirect(WebResponse *response, const char *path)
{
	web_response_status(response, MHD_HTTP_SEE_OTHER);
	web_response_header(response, MHD_HTTP_HEADER_LOCATION, path);
}

/* ---- piece by piece: the job's side ---- */

void request_resume(WebRequest *request)
{
	if (!request->is_suspended || !request->connection)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->connection);
}

void web_response_start(WebResponse *response, const char *type)
{
	WebRequest *request = response->request;

	set_type(response, type);
	/* Told to nginx, which would hold back what is to be seen as it comes. */
	web_response_header(response, "X-Accel-Buffering", "no");
	pthread_mutex_lock(&request->lock);
	g_assert(request->stage == STAGE_WORKING);
	request->stage = STAGE_READY;
	request->stream = g_byte_array_new();
	request_resume(request);
	pthread_mutex_unlock(&request->lock);
}

/* Adds what there is room for and answers its size; waits for some room. 0: the browser is gone. */
static size_t add_piece(WebRequest *request, const char *data, size_t size)
{
	size_t added = 0;

	pthread_mutex_lock(&request->lock);
	while (!request->is_lost && request->stream->len >= STREAM_LIMIT)
		pthread_cond_wait(&request->has_room, &request->lock);
	if (request->is_lost) {
		request->is_broken = true;
	} else {
		added = MIN(size, STREAM_LIMIT - request->stream->len);
		g_byte_array_append(request->stream, (const guint8 *)data, (guint)added);
		request_resume(request);
	}
	pthread_mutex_unlock(&request->lock);
	return added;
}

bool web_response_write(WebResponse *response, const char *data, size_t size)
{
	g_assert(response->request->stream);
	while (size > 0) {
		size_t added = add_piece(response->request, data, size);

		if (added == 0)
			return false;
		data += added;
		size -= added;
	}
	return true;
}

void web_response_break(WebResponse *response)
{
	WebRequest *request = response->request;

	pthread_mutex_lock(&request->lock);
	request->is_broken = true;
	pthread_mutex_unlock(&request->lock);
}

/* ---- piece by piece: libmicrohttpd's side ---- */

/* 0: nothing now; the connection sleeps until there is. The lock is held. */
static ssize_t take_piece(WebRequest *request, char *target, size_t most)
{
	size_t size = MIN(most, request->stream->len);

	if (size > 0) {
		memcpy(target, request->stream->data, size);
		g_byte_array_remove_range(request->stream, 0, (guint)size);
		pthread_cond_signal(&request->has_room);
		return (ssize_t)size;
	}
	if (request->is_ended)
		return request->is_broken ? MHD_CONTENT_READER_END_WITH_ERROR
					  : MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(request->connection);
	request->is_suspended = true;
	return 0;
}

static ssize_t read_stream(void *data, uint64_t position, char *target, size_t most)
{
	WebRequest *request = data;
	ssize_t size;

	(void)position;
	pthread_mutex_lock(&request->lock);
	size = take_piece(request, target, most);
	pthread_mutex_unlock(&request->lock);
	return size;
}

static void free_stream(void *data)
{
	request_unref(data);
}

/* ---- handing over ---- */

static void free_bytes(void *data)
{
	g_bytes_unref(data);
}

static struct MHD_Response *make_whole(const WebResponse *response)
{
	gsize size = 0;
	const void *data = response->body ? g_bytes_get_data(response->body, &size) : NULL;

	if (size == 0)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_buffer_with_free_callback_cls(
		size, (void *)data, free_bytes, g_bytes_ref(response->body));
}

static struct MHD_Response *make_stream(WebRequest *request)
{
	return MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, request_ref(request), free_stream);
}

struct MHD_Response *response_make(WebResponse *response)
{
	WebRequest *request = response->request;
	struct MHD_Response *made = request->stream ? make_stream(request) : make_whole(response);

	if (response->type)
		MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->type);
	/* libmicrohttpd 0.9.75 sends the last chunk even so; with this, nothing follows it. */
	if (request->stream && request->is_head)
		MHD_add_response_header(made, MHD_HTTP_HEADER_CONNECTION, "close");
	for (guint i = 0; i < response->fields->len; i += 2)
		MHD_add_response_header(made, g_ptr_array_index(response->fields, i),
			g_ptr_array_index(response->fields, i + 1));
	return made;
}
