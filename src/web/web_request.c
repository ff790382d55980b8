/* A request: its life, its parts, and what is refused by its header. */
#include "web/web_http.h"

#include <string.h>
#include "base/secret.h"
#include "base/text.h"
#include "web/web_http_internal.h"

/* ---- names and values ---- */

static Fields *fields_new(void)
{
	return g_ptr_array_new_full(32, g_free);
}

/* Takes both. */
static void fields_add(Fields *fields, char *name, char *value)
{
	g_ptr_array_add(fields, name);
	g_ptr_array_add(fields, value);
}

static const char *fields_find(
	const Fields *fields, const char *name, int (*compare)(const char *, const char *))
{
	for (guint i = 0; fields && i + 1 < fields->len; i += 2) {
		if (compare(g_ptr_array_index(fields, i), name) == 0)
			return g_ptr_array_index(fields, i + 1);
	}
	return NULL;
}

static unsigned fields_count(const Fields *fields, const char *name)
{
	unsigned count = 0;

	for (guint i = 0; i < fields->len; i += 2)
		count += g_ascii_strcasecmp(g_ptr_array_index(fields, i), name) == 0;
	return count;
}

/* ---- life ---- */

static WebMethod find_method(const char *name)
{
	static const struct {
		const char *name;
		WebMethod method;
	} methods[] = {
		{"GET", WEB_GET},
		{"HEAD", WEB_GET},
		{"POST", WEB_POST},
		{"PUT", WEB_PUT},
		{"PATCH", WEB_PATCH},
		{"DELETE", WEB_DELETE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	}
	return WEB_OTHER;
}

static enum MHD_Result add_header(
	void *fields, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	fields_add(fields, g_strdup(name), g_strdup(value ? value : ""));
	return MHD_YES;
}

/* Everything is copied: a job may outlive its connection. */
WebRequest *request_new(Visit *visit, struct MHD_Connection *connection, const char *method)
{
	WebRequest *request = g_new0(WebRequest, 1);

	request->references = 1;
	request->server = visit->server;
	memcpy(request->peer, visit->peer, sizeof(request->peer));
	request->is_secure = visit->server->is_secure;
	request->method = find_method(method);
	request->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	request->path = g_strdup("");
	request->query = fields_new();
	request->headers = fields_new();
	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, request->headers);
	forwarded_read(request);
	request->body = g_string_new(NULL);
	request->connection = connection;
	response_init(&request->response, request);
	pthread_mutex_init(&request->lock, NULL);
	pthread_cond_init(&request->has_room, NULL);
	return request;
}

WebRequest *request_ref(WebRequest *request)
{
	atomic_fetch_add(&request->references, 1);
	return request;
}

static void free_foreign(WebRequest *request)
{
	if (request->free_kept)
		request->free_kept(request->kept);
	if (request->plan.free_data)
		request->plan.free_data(request->plan.data);
}

void request_unref(WebRequest *request)
{
	if (atomic_fetch_sub(&request->references, 1) > 1)
		return;
	free_foreign(request);
	web_request_drop_body(request);
	g_string_free(request->body, TRUE);
	g_clear_pointer(&request->stream, g_byte_array_unref);
	response_clear(&request->response);
	g_free(request->path);
	g_ptr_array_unref(request->query);
	g_ptr_array_unref(request->headers);
	g_clear_pointer(&request->cookies, g_ptr_array_unref);
	cancel_free(request->cancel);
	pthread_cond_destroy(&request->has_room);
	pthread_mutex_destroy(&request->lock);
	g_free(request);
}

void request_lose(WebRequest *request)
{
	pthread_mutex_lock(&request->lock);
	request->is_lost = true;
	if (request->cancel)
		cancel_trigger(request->cancel);
	pthread_cond_broadcast(&request->has_room);
	pthread_mutex_unlock(&request->lock);
}

/* ---- the address ---- */

/* Decoded once. NULL: a broken escape, or not text. */
static char *decode(const char *start, const char *end)
{
	g_autofree char *text = g_uri_unescape_segment(start, end, NULL);

	return text && !text_has_control(text) ? g_steal_pointer(&text) : NULL;
}

/* The same where a blank is written as a plus sign, and LINES may be told apart: identity providers
 * explain their errors in several. */
static char *decode_form(const char *start, const char *end, bool lines)
{
	g_autofree char *copy = g_strndup(start, (size_t)(end - start));
	g_autofree char *text = NULL;
	g_autofree char *line = NULL;

	g_strdelimit(copy, "+", ' ');
	text = g_uri_unescape_string(copy, NULL);
	line = text ? g_strdup(text) : NULL;
	if (line && lines)
		g_strdelimit(line, "\t\r\n", ' ');
	return line && !text_has_control(line) ? g_steal_pointer(&text) : NULL;
}

static bool add_parameter(Fields *query, const char *start, const char *end)
{
	const char *equals = memchr(start, '=', (size_t)(end - start));
	g_autofree char *name = decode_form(start, equals ? equals : end, false);
	g_autofree char *value = decode_form(equals ? equals + 1 : end, end, true);

	if (!name || !value)
		return false;
	fields_add(query, g_steal_pointer(&name), g_steal_pointer(&value));
	return true;
}

static bool read_query(Fields *query, const char *text)
{
	const char *end;

	for (; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "&");
		if (end > text && !add_parameter(query, text, end))
			return false;
	}
	return true;
}

/* Past "http://host" (RFC 9112 section 3.2.2); NULL: neither that nor a path. */
static const char *find_path(const char *uri)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (g_ascii_strncasecmp(uri, schemes[i], strlen(schemes[i])) == 0)
			uri += strcspn(uri + strlen(schemes[i]), "/") + strlen(schemes[i]);
	}
	return *uri == '/' ? uri : NULL;
}

static bool read_uri(WebRequest *request, const char *uri)
{
	const char *start = find_path(uri);
	const char *end = start ? start + strcspn(start, "?") : NULL;
	char *path = start ? decode(start, end) : NULL;

	if (!path)
		return false;
	g_free(request->path);
	request->path = path;
	return !*end || read_query(request->query, end + 1);
}

/* ---- the header ---- */

static bool is_token(const char *text)
{
	return *text && text[strspn(text, "!#$%&'*+-.^_`|~0123456789"
					  "abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool has_control(const char *value)
{
	for (; *value; value++) {
		if (g_ascii_iscntrl(*value) && *value != '\t')
			return true;
	}
	return false;
}

/* A name with a blank behind it, say, is one to libmicrohttpd and another to a proxy. */
static bool has_clean_fields(const Fields *headers)
{
	for (guint i = 0; i < headers->len; i += 2) {
		if (!is_token(g_ptr_array_index(headers, i)) ||
			has_control(g_ptr_array_index(headers, i + 1)))
			return false;
	}
	return true;
}

/* Whether everybody on the way sees the same end of the body (RFC 9112 section 6.3); libmicrohttpd
 * takes the first of several and reads other codings than chunked to the connection's end. */
static bool has_clear_end(const WebRequest *request, const char *version)
{
	unsigned sizes = fields_count(request->headers, "Content-Length");
	unsigned codings = fields_count(request->headers, "Transfer-Encoding");

	if (codings == 0)
		return sizes <= 1;
	return sizes == 0 && codings == 1 && strcmp(version, "HTTP/1.0") != 0 &&
	       g_ascii_strcasecmp(web_request_header(request, "Transfer-Encoding"), "chunked") == 0;
}

/* "name=value" between START and END; others are passed over. */
static void add_cookie(Fields *cookies, const char *start, const char *end)
{
	const char *equals = memchr(start, '=', (size_t)(end - start));

	if (!equals)
		return;
	fields_add(cookies, g_strstrip(g_strndup(start, (size_t)(equals - start))),
		g_strstrip(g_strndup(equals + 1, (size_t)(end - equals - 1))));
}

static void read_cookies(WebRequest *request)
{
	const char *end;

	for (guint i = 0; i < request->headers->len; i += 2) {
		const char *text = g_ptr_array_index(request->headers, i + 1);

		if (g_ascii_strcasecmp(g_ptr_array_index(request->headers, i), "Cookie") != 0)
			continue;
		if (!request->cookies)
			request->cookies = fields_new();
		for (; *text; text = *end ? end + 1 : end) {
			end = text + strcspn(text, ";");
			add_cookie(request->cookies, text, end);
		}
	}
}

static size_t header_size(const WebRequest *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : 0;
}

unsigned request_read_header(WebRequest *request, char *uri, const char *version)
{
	g_autofree char *owned = uri;

	if (!owned)
		return MHD_HTTP_URI_TOO_LONG;
	if (header_size(request) > HEADER_LIMIT)
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	if (!has_clean_fields(request->headers) || !has_clear_end(request, version) ||
		fields_count(request->headers, "Host") > 1 || !read_uri(request, owned))
		return MHD_HTTP_BAD_REQUEST;
	read_cookies(request);
	return 0;
}

/* ---- the body ---- */

uint64_t request_announced_size(const WebRequest *request)
{
	const char *size = web_request_header(request, "Content-Length");

	return size ? g_ascii_strtoull(size, NULL, 10) : 0;
}

bool request_has_body(const WebRequest *request)
{
	return request_announced_size(request) > 0 ||
	       web_request_header(request, "Transfer-Encoding");
}

bool request_take_body(WebRequest *request, const char *data, size_t size)
{
	size_t limit = BODIES_LIMIT;

	if (size > request->plan.body_limit - request->body->len) {
		request->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
		return false;
	}
	if (request->body->len + size > BODY_LARGE)
		limit -= BODIES_RESERVE;
	if (atomic_fetch_add(&request->server->bodies, size) + size > limit) {
		atomic_fetch_sub(&request->server->bodies, size);
		request->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
		return false;
	}
	g_string_append_len(request->body, data, (gssize)size);
	return true;
}

void web_request_drop_body(WebRequest *request)
{
	atomic_fetch_sub(&request->server->bodies, request->body->len);
	/* Passwords come in bodies. */
	secret_wipe(request->body->str, request->body->len);
	g_string_free(request->body, TRUE);
	request->body = g_string_new(NULL);
}

/* ---- for handlers ---- */

WebMethod web_request_method(const WebRequest *request)
{
	return request->method;
}

const char *web_request_path(const WebRequest *request)
{
	return request->path;
}

const char *web_request_query(const WebRequest *request, const char *name)
{
	return fields_find(request->query, name, strcmp);
}

const char *web_request_query_name(const WebRequest *request, unsigned index)
{
	return 2 * index < request->query->len ? g_ptr_array_index(request->query, 2 * index)
					       : NULL;
}

const char *web_request_query_value(const WebRequest *request, unsigned index)
{
	return 2 * index < request->query->len ? g_ptr_array_index(request->query, 2 * index + 1)
					       : NULL;
}

const char *web_request_header(const WebRequest *request, const char *name)
{
	return fields_find(request->headers, name, g_ascii_strcasecmp);
}

const char *web_request_cookie(const WebRequest *request, const char *name)
{
	return fields_find(request->cookies, name, strcmp);
}

const char *web_request_peer(const WebRequest *request)
{
	return request->peer;
}

bool web_request_is_secure(const WebRequest *request)
{
	return request->is_secure;
}

const char *web_request_body(const WebRequest *request, size_t *size)
{
	if (size)
		*size = request->body->len;
	return request->body->str;
}

const Cancel *web_request_cancel(const WebRequest *request)
{
	return request->cancel ? request->cancel : request->server->stop;
}

void web_request_keep(WebRequest *request, void *value, GDestroyNotify free_value)
{
	g_assert(!request->kept);
	request->kept = value;
	request->free_kept = free_value;
}

void *web_request_kept(const WebRequest *request)
{
	return request->kept;
}
