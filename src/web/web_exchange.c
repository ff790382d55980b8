/* A request's way through libmicrohttpd's callbacks: header, body, handler, answer.
 *
 * exchange_take is called once for the header, then for each piece of the body, then without a
 * piece until a response is queued: a first time to run the handler, and again when the connection
 * of a job was resumed. */
#include <inttypes.h>
#include <string.h>
#include "web/web_http_internal.h"

static Visit *visit_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

/* Keeps the address as it came, which libmicrohttpd cuts into pieces. */
void *exchange_note_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	Visit *visit = visit_of(connection);

	(void)context;
	g_clear_pointer(&visit->uri, g_free);
	if (uri && strlen(uri) <= URI_LIMIT)
		visit->uri = g_strdup(uri);
	if (visit->phase == VISIT_IDLE)
		visit_enter(visit, VISIT_HEADER);
	return NULL;
}

/* ---- answers ---- */

static Stage get_stage(WebRequest *request)
{
	Stage stage;

	pthread_mutex_lock(&request->lock);
	stage = request->stage;
	pthread_mutex_unlock(&request->lock);
	return stage;
}

static void set_stage(WebRequest *request, Stage stage)
{
	pthread_mutex_lock(&request->lock);
	request->stage = stage;
	pthread_mutex_unlock(&request->lock);
}

/* A daemon that is shutting down takes the response without queueing it, and comes again. */
static enum MHD_Result queue(WebRequest *request, Visit *visit)
{
	struct MHD_Response *response = response_make(&request->response);
	enum MHD_Result queued;

	set_stage(request, STAGE_READY);
	visit_enter(visit, VISIT_ANSWER);
	if (request->server->answered)
		request->server->answered(request->response.status, request->server->data);
	queued = MHD_queue_response(request->connection, request->response.status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result refuse(WebRequest *request, Visit *visit, unsigned status)
{
	response_refuse(&request->response, status);
	return queue(request, visit);
}

/* ---- jobs ---- */

/* The answer is whole, or its stream at its end: the connection may have it. */
static void end_job(WebRequest *request)
{
	pthread_mutex_lock(&request->lock);
	request->stage = STAGE_READY;
	request->is_ended = true;
	request_resume(request);
	pthread_mutex_unlock(&request->lock);
	request_unref(request);
}

static void run_job(void *data)
{
	WebRequest *request = data;

	/* Whose browser went away while it waited need not be begun. */
	if (cancel_triggered(request->cancel) || atomic_load(&request->server->stopping))
		response_refuse(&request->response, MHD_HTTP_SERVICE_UNAVAILABLE);
	else
		request->plan.handler(request, &request->response, request->plan.data);
	end_job(request);
}

static void drop_job(void *data)
{
	WebRequest *request = data;

	response_refuse(&request->response, MHD_HTTP_SERVICE_UNAVAILABLE);
	end_job(request);
}

/* Lets the sweep and the server's end see it; false: the server is ending. */
static bool show_job(Visit *visit, WebRequest *request)
{
	WebServer *server = visit->server;
	bool may_run;

	pthread_mutex_lock(&server->lock);
	may_run = !atomic_load(&server->stopping);
	if (may_run)
		visit->job = request;
	pthread_mutex_unlock(&server->lock);
	return may_run;
}

static void hide_job(Visit *visit)
{
	pthread_mutex_lock(&visit->server->lock);
	visit->job = NULL;
	pthread_mutex_unlock(&visit->server->lock);
}

static JobPool *pool_for(const WebRequest *request)
{
	const WebServer *server = request->server;

	return request->plan.place == WEB_AS_WAIT     ? server->waits
	       : request->plan.place == WEB_AS_ERRAND ? server->errands
						      : server->jobs;
}

/* The job cannot resume the connection before it is suspended: it needs the lock for that. */
static bool add_job(WebRequest *request)
{
	g_autofree char *key = request->plan.key ? g_strdup_printf("%" PRId64, request->plan.key)
						 : g_strdup(request->peer);
	bool is_added;

	pthread_mutex_lock(&request->lock);
	is_added = job_pool_add(pool_for(request), key, run_job, drop_job, request_ref(request));
	if (is_added) {
		request->stage = STAGE_WORKING;
		MHD_suspend_connection(request->connection);
		request->is_suspended = true;
	}
	pthread_mutex_unlock(&request->lock);
	if (!is_added)
		request_unref(request);
	return is_added;
}

static enum MHD_Result start_job(WebRequest *request, Visit *visit)
{
	request->cancel = cancel_new();
	if (show_job(visit, request) && add_job(request))
		return MHD_YES;
	return refuse(request, visit, MHD_HTTP_SERVICE_UNAVAILABLE);
}

/* ---- the three kinds of call ---- */

/* Before the body is read. */
static unsigned judge_plan(WebRequest *request)
{
	const WebServer *server = request->server;

	if (atomic_load(&server->stopping))
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	server->plan(request, &request->plan, server->data);
	g_assert(request->plan.handler);
	return request_announced_size(request) > request->plan.body_limit
		       ? MHD_HTTP_CONTENT_TOO_LARGE
		       : 0;
}

/* A refusal that is queued here ends the connection. */
static enum MHD_Result take_header(WebRequest *request, Visit *visit, const char *version)
{
	unsigned status = request_read_header(request, g_steal_pointer(&visit->uri), version);

	if (status == 0)
		status = judge_plan(request);
	if (status == 0)
		return MHD_YES;
	atomic_store(&visit->lingers, request_has_body(request));
	return refuse(request, visit, status);
}

/* In the middle of a body nothing can be answered, so some of what is too much is read past. */
static enum MHD_Result take_body(WebRequest *request, Visit *visit, const char *data, size_t size)
{
	atomic_fetch_add(&visit->received, size);
	if (!request->refusal && request_take_body(request, data, size))
		return MHD_YES;
	web_request_drop_body(request);
	request->excess += size;
	return request->excess > EXCESS_LIMIT ? MHD_NO : MHD_YES;
}

static enum MHD_Result run_handler(WebRequest *request, Visit *visit)
{
	if (request->refusal)
		return refuse(request, visit, request->refusal);
	visit_enter(visit, VISIT_WORK);
	if (request->plan.place != WEB_AT_ONCE)
		return start_job(request, visit);
	request->plan.handler(request, &request->response, request->plan.data);
	return queue(request, visit);
}

static enum MHD_Result take_turn(WebRequest *request, Visit *visit)
{
	switch (get_stage(request)) {
	case STAGE_READING:
		return run_handler(request, visit);
	case STAGE_WORKING:
		return MHD_YES;
	case STAGE_READY:
		break;
	}
	return queue(request, visit);
}

enum MHD_Result exchange_take(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	Visit *visit = visit_of(connection);
	WebRequest *request = *state;
	size_t size = *upload_size;

	(void)context;
	(void)url;
	*upload_size = 0;
	if (!request) {
		request = request_new(visit, connection, method);
		*state = request;
		atomic_fetch_add(&visit->server->answering, 1);
		atomic_store(&visit->received, 0);
		visit_enter(visit, VISIT_BODY);
		return take_header(request, visit, version);
	}
	return size > 0 ? take_body(request, visit, upload, size) : take_turn(request, visit);
}

/* Answered, or the browser is gone: whoever still works for it hears of it. */
void exchange_note_end(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	Visit *visit = visit_of(connection);
	WebRequest *request = g_steal_pointer(state);

	(void)context;
	(void)code;
	if (!request)
		return;
	if (request->cancel)
		hide_job(visit);
	pthread_mutex_lock(&request->lock);
	request->connection = NULL;
	pthread_mutex_unlock(&request->lock);
	request_lose(request);
	request_unref(request);
	atomic_fetch_sub(&visit->server->answering, 1);
	visit_enter(visit, VISIT_IDLE);
}
