/* The API's rows about imports: begun, watched, waited for, cancelled; and, as the plain mirror of
 * the command, one that answers when it has ended. What they come to is the command's document. */
#include <inttypes.h>
#include <string.h>
#include "app/import_jobs.h"
#include "base/clock.h"
#include "failure/failure.h"
#include "json/result.h"
#include "web/api.h"
#include "web/web_internal.h"

/* Longest wait, in milliseconds; what a stream sends at least, and at most. */
#define WAIT_TIME 60000
#define STREAM_PULSE 10000
#define STREAM_STEP 100
/* How long a cancelled import has to end before it is answered without its end. */
#define REST_TIME 3000

/* ---- what a request says ---- */

/* An import as a body asks for it; the texts are the body's. */
typedef struct Asked {
	const char *mailboxes[2];
	const char *folders[2];
	char *case_number; /* without blanks around it */
	ImportRequest request;
} Asked;

static void asked_clear(Asked *asked)
{
	g_free(asked->case_number);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static bool take_since(const json_t *body, int64_t *since, GError **error)
{
	const char *text;

	if (!api_take_text(body, "since", &text, error))
		return false;
	if (!text || clock_parse(text, since))
		return true;
	failure_set(error, FAILURE_API_BODY, "since", "since: no time");
	return false;
}

/* ASKED stays where it is: its request points into it. One imports for oneself only: whoever files
 * another's mails gets to know what is in them. */
static bool read_asked(const Visit *visit, const json_t *body, Asked *asked, GError **error)
{
	ImportRequest *request = &asked->request;

	if (!api_take_text(body, "mailbox", &asked->mailboxes[0], error) ||
		!api_take_text(body, "folder", &asked->folders[0], error) ||
		!api_take_text(body, "uids", &request->uids, error) ||
		!api_take_text(body, "case", &request->case_number, error) ||
		!take_since(body, &request->since, error))
		return false;
	if (request->uids && (!asked->folders[0] || request->since)) {
		failure_set(error, FAILURE_API_BODY, "uids", "uids: without folder, or with since");
		return false;
	}
	request->mailboxes = asked->mailboxes[0] ? asked->mailboxes : NULL;
	request->folders = asked->folders[0] ? asked->folders : NULL;
	if (request->case_number)
		asked->case_number = g_strstrip(g_strdup(request->case_number));
	request->case_number = asked->case_number;
	request->user = visit->user->name;
	request->actor = visit->actor;
	return import_check(visit->office, request, error);
}

/* "Prefer: respond-async, wait=10" (RFC 7240 section 4.3), or "?wait=1": as long as may be. *TOLD:
 * the header was taken. Milliseconds; 0: at once. */
static int asked_wait(const Visit *visit, bool *told)
{
	const char *query = web_request_query(visit->request, "wait");
	const char *prefer = web_request_header(visit->request, "Prefer");
	const char *wait = prefer ? strstr(prefer, "wait=") : NULL;
	uint64_t seconds = wait ? g_ascii_strtoull(wait + strlen("wait="), NULL, 10) : 0;

	*told = wait != NULL;
	if (query && strcmp(query, "0") != 0)
		return WAIT_TIME;
	return (int)MIN(seconds * 1000, WAIT_TIME);
}

/* ---- answers ---- */

static json_t *describe(const ImportJob *job)
{
	const FailureCall call = {.user = job->user};

	return result_import_job(job, &call);
}

static bool answer_job(Visit *visit, unsigned status, const ImportJob *job)
{
	return api_answer(visit, status, describe(job));
}

static bool miss(const Visit *visit, GError **error)
{
	failure_set(error, FAILURE_IMPORT_UNKNOWN, NULL, "%s: no import",
		visit->part ? visit->part : "");
	return false;
}

/* Waits for ID's end, or for a version above SEEN, as far as there is a place to wait; yours. NULL:
 * it is not known. */
static ImportJob *wait_for(
	Visit *visit, uint64_t id, uint64_t seen, bool until_end, int milliseconds)
{
	ImportJobs *imports = visit->web->imports;
	int64_t end = clock_monotonic() + milliseconds;
	const Cancel *cancel = web_request_cancel(visit->request);
	ImportJob *job = import_jobs_look(imports, visit->user->id, id);

	if (milliseconds <= 0 || !waits_take(visit->web->waits, visit->user->id))
		return job;
	while (job && job->state != IMPORT_JOB_ENDED && (until_end || job->version <= seen) &&
		clock_monotonic() < end && !cancel_triggered(cancel)) {
		uint64_t version = MAX(seen, job->version);

		import_job_free(job);
		job = import_jobs_wait(imports, visit->user->id, id, version,
			(int)(end - clock_monotonic()), cancel);
	}
	waits_give(visit->web->waits, visit->user->id);
	return job;
}

/* ---- beginning ---- */

typedef uint64_t Beginner(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, GError **error);

static bool begin(
	Visit *visit, const json_t *body, Beginner *beginner, uint64_t *id, GError **error)
{
	const char *key = web_request_header(visit->request, "Idempotency-Key");
	g_auto(Asked) asked = {0};

	if (key && (strlen(key) > IMPORT_KEY_LIMIT || !*key || !g_utf8_validate(key, -1, NULL))) {
		failure_set(error, FAILURE_API_BODY, "Idempotency-Key",
			"Idempotency-Key: empty, above %d bytes or no UTF-8", IMPORT_KEY_LIMIT);
		return false;
	}
	if (!read_asked(visit, body, &asked, error))
		return false;
	*id = beginner(visit->web->imports, visit->user->id, &asked.request, key, error);
	return *id != 0;
}

static bool take_import(Visit *visit, const json_t *body, GError **error)
{
	g_autoptr(ImportJob) job = NULL;
	g_autofree char *path = NULL;
	bool told;
	int wait = asked_wait(visit, &told);
	uint64_t id;

	if (!begin(visit, body, import_jobs_begin, &id, error))
		return false;
	job = wait_for(visit, id, 0, true, wait);
	if (!job)
		return miss(visit, error);
	path = g_strdup_printf(API "/imports/%" PRIu64, id);
	web_response_header(visit->response, "Location", path);
	if (told)
		web_response_header(visit->response, "Preference-Applied", "wait");
	return answer_job(visit, wait > 0 && job->state == IMPORT_JOB_ENDED ? 200 : 202, job);
}

static bool run_begin(Visit *visit, GError **error)
{
	return api_with_body(visit, take_import, error);
}

/* ---- the plain mirror ---- */

/* As the command: failures of single mails are part of the answer, what ended it early is a
 * problem, with what was done. */
static bool answer_result(Visit *visit, const ImportJob *job)
{
	const FailureCall call = {.user = job->user};
	bool ended = job->state == IMPORT_JOB_ENDED;
	g_autoptr(GError) unfinished = NULL;
	const GError *problem = job->problem;

	if (!ended) {
		failure_set(&unfinished, FAILURE_CANCELLED, NULL, "it has not ended yet");
		problem = unfinished;
	}
	if (!problem || failure_is(problem, FAILURE_SOME_FAILED))
		return api_answer(visit, 200, result_import(&job->result, problem, &call));
	return api_problem_told(visit, problem, result_import(&job->result, problem, &call));
}

/* What CANCEL, the request's, does not end: what the import came to when it was cancelled with it;
 * takes JOB. */
static ImportJob *wait_for_rest(Visit *visit, ImportJob *job)
{
	ImportJobs *imports = visit->web->imports;
	int64_t end = clock_monotonic() + REST_TIME;

	while (job && job->state != IMPORT_JOB_ENDED && clock_monotonic() < end) {
		uint64_t id = job->id;
		uint64_t seen = job->version;

		import_job_free(job);
		job = import_jobs_wait(
			imports, visit->user->id, id, seen, (int)(end - clock_monotonic()), NULL);
	}
	return job;
}

/* Whoever goes away cancels it, as with the command; so does the daemon's end. */
static ImportJob *wait_for_end(Visit *visit, uint64_t id, GError **error)
{
	ImportJobs *imports = visit->web->imports;
	const Cancel *cancel = web_request_cancel(visit->request);
	ImportJob *job = import_jobs_look(imports, visit->user->id, id);

	while (job && job->state != IMPORT_JOB_ENDED && !cancel_triggered(cancel)) {
		uint64_t seen = job->version;

		import_job_free(job);
		job = import_jobs_wait(imports, visit->user->id, id, seen, WAIT_TIME, cancel);
	}
	import_jobs_let_go(imports, visit->user->id, id);
	job = wait_for_rest(visit, job);
	if (!job)
		miss(visit, error);
	return job;
}

static bool take_run(Visit *visit, const json_t *body, GError **error)
{
	g_autoptr(ImportJob) job = NULL;
	uint64_t id;

	if (!waits_take(visit->web->waits, visit->user->id)) {
		failure_set(error, FAILURE_WAITS_MANY, NULL, "too many wait");
		return false;
	}
	job = begin(visit, body, import_jobs_hold, &id, error) ? wait_for_end(visit, id, error)
							       : NULL;
	waits_give(visit->web->waits, visit->user->id);
	return job && answer_result(visit, job);
}

static bool run_run(Visit *visit, GError **error)
{
	return api_with_body(visit, take_run, error);
}

/* ---- looking ---- */

static uint64_t asked_id(const Visit *visit)
{
	uint64_t id;

	return g_ascii_string_to_unsigned(visit->part, 10, 1, INT64_MAX, &id, NULL) ? id : 0;
}

static bool run_look(Visit *visit, GError **error)
{
	const char *seen = web_request_query(visit->request, "since_version");
	bool told;
	int wait = seen ? WAIT_TIME : asked_wait(visit, &told);
	g_autoptr(ImportJob) job = wait_for(
		visit, asked_id(visit), seen ? g_ascii_strtoull(seen, NULL, 10) : 0, !seen, wait);

	return job ? answer_job(visit, 200, job) : miss(visit, error);
}

static bool run_list(Visit *visit, GError **error)
{
	g_autoptr(GPtrArray) jobs = import_jobs_list(visit->web->imports, visit->user->id);
	json_t *list = json_array();

	(void)error;
	for (guint i = 0; i < jobs->len; i++)
		json_array_append_new(list, describe(jobs->pdata[i]));
	return api_answer(visit, 200, list);
}

static bool run_cancel(Visit *visit, GError **error)
{
	uint64_t id = asked_id(visit);
	g_autoptr(ImportJob) job = NULL;

	import_jobs_cancel(visit->web->imports, visit->user->id, id);
	job = import_jobs_look(visit->web->imports, visit->user->id, id);
	return job ? answer_job(visit, 200, job) : miss(visit, error);
}

/* ---- live ---- */

/* False: the program is gone. */
static bool send_job(Visit *visit, const ImportJob *job)
{
	json_t *document = describe(job);
	g_autofree char *text = result_write(document);
	g_autofree char *event = g_strdup_printf("id: %" PRIu64 "\nevent: %s\ndata: %s\n\n",
		job->version, job->state == IMPORT_JOB_ENDED ? "end" : "progress", text);

	json_decref(document);
	return web_response_write(visit->response, event, strlen(event));
}

static void stream_job(Visit *visit, uint64_t id, uint64_t seen)
{
	const Cancel *cancel = web_request_cancel(visit->request);
	int64_t end = clock_monotonic() + WAIT_TIME;
	bool goes_on = true;

	while (goes_on && clock_monotonic() < end && !cancel_triggered(cancel)) {
		g_autoptr(ImportJob) job = import_jobs_wait(
			visit->web->imports, visit->user->id, id, seen, STREAM_PULSE, cancel);

		if (!job)
			return;
		goes_on = job->version > seen ? send_job(visit, job)
					      : web_response_write(visit->response, ":\n\n", 3);
		goes_on = goes_on && job->state != IMPORT_JOB_ENDED &&
			  !cancel_wait(cancel, STREAM_STEP);
		seen = job->version;
	}
}

/* Where all places to wait are taken, the present state is all. */
static bool run_events(Visit *visit, GError **error)
{
	const char *last = web_request_header(visit->request, "Last-Event-ID");
	uint64_t seen = last ? g_ascii_strtoull(last, NULL, 10) : 0;
	uint64_t id = asked_id(visit);
	g_autoptr(ImportJob) job = import_jobs_look(visit->web->imports, visit->user->id, id);

	if (!job)
		return miss(visit, error);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "text/event-stream; charset=utf-8");
	if (waits_take(visit->web->waits, visit->user->id)) {
		/* An end is told again to whoever comes back for it. */
		stream_job(visit, id, job->state == IMPORT_JOB_ENDED ? 0 : seen);
		waits_give(visit->web->waits, visit->user->id);
	} else {
		send_job(visit, job);
	}
	return true;
}

/* clang-format off */
#define IMPORT_BODY "mailbox folder uids since case"
const Route route_api_import[] = {
	{WEB_POST, API "/import", ROLE_PERSON, WEB_AS_WAIT, 0, run_run,
		"Import and answer at the end; whoever hangs up cancels it, unless another waits for it", NULL, IMPORT_BODY, "Import"},
	{WEB_POST, API "/imports", ROLE_PERSON, WEB_AS_WAIT, 0, run_begin,
		"Begin an import; with wait, or Prefer: wait=N, its end is waited for up to 60 s. "
		"Within a day the same Idempotency-Key, one of the latest 1000, answers the import that it "
		"began, unless that was cancelled or the server was started anew", "wait", IMPORT_BODY, "ImportJob"},
	{WEB_GET, API "/imports", ROLE_PERSON, WEB_AT_ONCE, 0, run_list,
		"The imports that one has begun within a day, newest first", NULL, NULL, "ImportJob[]"},
	{WEB_GET, API "/imports/*", ROLE_PERSON, WEB_AS_WAIT, 0, run_look,
		"One import; with wait at its end, with since_version as soon as its version is above, within 60 s",
		"wait since_version", NULL, "ImportJob"},
	{WEB_GET, API "/imports/*/events", ROLE_PERSON, WEB_AS_WAIT, 0, run_events,
		"Its changes as server-sent events progress and end, each an ImportJob", NULL, NULL, NULL},
	{WEB_DELETE, API "/imports/*", ROLE_PERSON, WEB_AS_JOB, 0, run_cancel,
		"Cancel an import; what is filed stays", NULL, NULL, "ImportJob"},
	{0},
};
/* clang-format on */
