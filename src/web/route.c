/* From a request's header to the row that answers it: who asks, whether they may, whether the form
 * is theirs. */
#include "web/route.h"

#include <string.h>
#include "base/i18n.h"
#include "base/log.h"
#include "base/text.h"
#include "failure/failure.h"
#include "web/again.h"
#include "web/api.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/policy.h"
#include "web/web_internal.h"

/* A cookie that only comes back over TLS has a name that says so (RFC 6265bis section 4.1.3). */
#define COOKIE_PLAIN "amtspost"
#define COOKIE_SECURE "__Host-amtspost"
#define API_PREFIX "/api/"
#define STARS 2 /* of a row's path */

static const Route *const tables[] = {
	route_start,
	route_start_mail,
	route_personal,
	route_settings,
	route_people,
	route_helpless,
	route_person,
	route_invite,
	route_check,
	route_import,
	route_import_job,
	route_outbox,
	route_outbox_mail,
	route_archive,
	route_selection,
	route_upload,
	route_mail,
	route_mail_show,
	route_mail_change,
	route_send_answer,
	route_send,
	route_send_file,
	route_log,
	route_state,
	route_state_outbox,
	route_help,
	route_static,
	route_metrics,
	route_api,
	route_api_people,
	route_api_login,
	route_api_import,
	route_api_archive,
	route_api_send,
	route_api_outbox,
	NULL,
};

/* What the planner found out, for the handler. */
typedef struct Planned {
	Web *web;
	const Route *route; /* NULL: there is none */
	unsigned methods;   /* … but for these: bits by WebMethod */
	char *parts[STARS];
	Session *session;
	User *key_user;	 /* by a key of the API */
	GError *problem; /* who asks could not be found out */
} Planned;

static void clear_parts(Planned *planned)
{
	for (size_t i = 0; i < STARS; i++)
		g_clear_pointer(&planned->parts[i], g_free);
}

static void planned_free(Planned *planned)
{
	clear_parts(planned);
	session_free(planned->session);
	user_free(planned->key_user);
	g_clear_error(&planned->problem);
	g_free(planned);
}

static bool is_api(const WebRequest *request)
{
	return g_str_has_prefix(web_request_path(request), API_PREFIX);
}

/* ---- finding the row ---- */

/* Whether PATH is ROW's; PARTS get what stands in the stars' places, yours. */
static bool match_path(const char *row, const char *path, char *parts[static STARS])
{
	size_t count = 0;

	while (*row && (*row == '*' || *row == *path)) {
		size_t size = *row == '*' ? strcspn(path, "/") : 1;

		if (*row == '*' && (size == 0 || count == STARS))
			break;
		if (*row == '*')
			parts[count++] = g_strndup(path, size);
		row++;
		path += size;
	}
	if (!*row && !*path)
		return true;
	for (size_t i = 0; i < STARS; i++)
		g_clear_pointer(&parts[i], g_free);
	return false;
}

static void find_row(Planned *planned, WebMethod method, const char *path)
{
	for (const Route *const *table = tables; *table; table++) {
		for (const Route *row = *table; row->path; row++) {
			if (!match_path(row->path, path, planned->parts))
				continue;
			planned->methods |= 1u << row->method;
			if (row->method == method) {
				planned->route = row;
				return;
			}
			clear_parts(planned);
		}
	}
}

static void find_route(Planned *planned, const WebRequest *request)
{
	find_row(planned, web_request_method(request), web_request_path(request));
}

static bool is_page(const char *path)
{
	Planned page = {0};

	find_row(&page, WEB_GET, path);
	clear_parts(&page);
	return page.route && page.route->role != ROLE_ANYBODY;
}

/* The path of ours that REQUEST came from, decoded, yours; NULL: not told, or from elsewhere. */
static char *referring_path(const WebRequest *request)
{
	const char *referer = web_request_header(request, "Referer");
	const char *host = web_request_header(request, "Host");
	const char *behind = referer ? strstr(referer, "://") : NULL;
	g_autofree char *path = NULL;

	if (!behind || !host || !g_str_has_prefix(behind + 3, host))
		return NULL;
	behind += 3 + strlen(host);
	path = *behind == '/' ? g_uri_unescape_segment(behind, behind + strcspn(behind, "?#"), NULL)
			      : NULL;
	return path && is_page(path) ? g_steal_pointer(&path) : NULL;
}

/* The page with the form that is sent to REQUEST's path: there, or above it; else where it came
 * from. Decoded, yours; NULL: not known. */
static char *find_origin(const WebRequest *request)
{
	g_autofree char *origin = g_strdup(web_request_path(request));

	while (*origin) {
		if (is_page(origin))
			return g_steal_pointer(&origin);
		*strrchr(origin, '/') = '\0';
	}
	return referring_path(request);
}

/* Whether all the row does is to show what is stored, without making anybody wait. */
static bool is_reading(const Planned *planned)
{
	return planned->route && planned->route->method == WEB_GET &&
	       planned->route->place == WEB_AT_ONCE && planned->route->role != ROLE_ANYBODY;
}

/* ---- who asks ---- */

static const char *cookie_name(const WebRequest *request)
{
	return web_request_is_secure(request) ? COOKIE_SECURE : COOKIE_PLAIN;
}

/* The key of "Authorization: Bearer KEY" (RFC 6750 section 2.1), borrowed; NULL: none. */
static const char *bearer_key(const WebRequest *request)
{
	const char *value = web_request_header(request, "Authorization");

	return value && g_ascii_strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

/* A program with a key has no session, and a browser no key. */
static void find_asker(Planned *planned, const WebRequest *request)
{
	Db *db = office_db(planned->web->office);
	const char *key = is_api(request) || strcmp(web_request_path(request), METRICS_PATH) == 0
				  ? bearer_key(request)
				  : NULL;
	const char *token = web_request_cookie(request, cookie_name(request));

	if (key)
		planned->key_user = api_key_find(db, key, &planned->problem);
	else if (token && *token)
		planned->session = session_find(db, token, &planned->problem);
}

static void forget_asker(Planned *planned)
{
	g_clear_pointer(&planned->session, session_free);
	g_clear_pointer(&planned->key_user, user_free);
	g_clear_error(&planned->problem);
}

static const User *asker(const Planned *planned)
{
	return planned->session ? planned->session->user : planned->key_user;
}

/* ---- answering ---- */

static bool refuse_page(Visit *visit, Failure failure, GError **error)
{
	failure_set(error, failure, NULL, "%s", web_request_path(visit->request));
	return false;
}

static const char *const method_names[] = {
	[WEB_GET] = "GET",
	[WEB_POST] = "POST",
	[WEB_PUT] = "PUT",
	[WEB_PATCH] = "PATCH",
	[WEB_DELETE] = "DELETE",
	[WEB_OTHER] = "",
};

/* There is no row; METHODS are those that the path knows (RFC 9110 section 15.5.6). */
static bool refuse_call(Visit *visit, unsigned methods, GError **error)
{
	const char *path = web_request_path(visit->request);
	g_autoptr(GString) allowed = g_string_new(NULL);
	g_autofree char *call =
		g_strdup_printf("%s %s", method_names[web_request_method(visit->request)], path);

	for (unsigned i = 0; i < WEB_OTHER; i++) {
		if (methods & 1u << i)
			g_string_append_printf(allowed, "%s%s%s", allowed->len ? ", " : "",
				method_names[i], i == WEB_GET ? ", HEAD" : "");
	}
	if (methods)
		web_response_header(visit->response, "Allow", allowed->str);
	if (!is_api(visit->request))
		return refuse_page(
			visit, methods ? FAILURE_PAGE_METHOD : FAILURE_PAGE_UNKNOWN, error);
	failure_set(error, methods ? FAILURE_API_METHOD : FAILURE_API_PATH, g_strstrip(call), "%s",
		call);
	return false;
}

/* Where to after signing in: GETs come back to where they wanted to. */
static bool lead_to_sign_in(Visit *visit)
{
	const char *path = web_request_path(visit->request);
	g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
	g_autofree char *target = g_strconcat("/anmelden?weiter=", escaped, NULL);

	return visit_redirect(visit,
		web_request_method(visit->request) == WEB_GET && strcmp(path, "/") != 0
			? target
			: "/anmelden",
		NULL);
}

/* A form that our own page did not send (Fetch Metadata, RFC 6454 origins), or of another session.
 */
static bool check_origin(const Visit *visit, GError **error)
{
	const char *site = web_request_header(visit->request, "Sec-Fetch-Site");
	const char *origin = web_request_header(visit->request, "Origin");
	const char *host = web_request_header(visit->request, "Host");
	const char *behind = origin ? strstr(origin, "://") : NULL;

	if ((!site || strcmp(site, "same-origin") == 0) &&
		(!origin || (behind && host && strcmp(behind + 3, host) == 0)))
		return true;
	failure_set(error, FAILURE_FORM_FOREIGN, NULL, "Sec-Fetch-Site %s, Origin %s, Host %s",
		site ? site : "-", origin ? origin : "-", host ? host : "-");
	return false;
}

static bool check_token(const Visit *visit, GError **error)
{
	const char *sent = visit->form ? form_get(visit->form, "csrf") : NULL;

	if (!sent)
		sent = web_request_header(visit->request, "X-CSRF-Token");
	if (!visit->session || (sent && session_check_csrf(visit->session, sent)))
		return true;
	failure_set(error, FAILURE_FORM_FOREIGN, NULL, "CSRF token missing or wrong");
	return false;
}

static Form *read_form(const Visit *visit, GError **error)
{
	size_t size;
	const char *body = web_request_body(visit->request, &size);

	return form_parse(web_request_header(visit->request, "Content-Type"), body, size, error);
}

/* A form whose session is over: what was typed comes along, if it is from a page of ours. */
static bool ask_again(Visit *visit)
{
	g_autofree char *origin = find_origin(visit->request);
	g_autofree char *escaped = origin ? g_uri_escape_string(origin, "/", FALSE) : NULL;
	g_autoptr(Form) form = read_form(visit, NULL);
	g_autoptr(Form) picked = form && origin ? again_pick(form) : NULL;

	if (strcmp(web_request_path(visit->request), "/abmelden") == 0 || !form ||
		!check_origin(visit, NULL))
		return lead_to_sign_in(visit);
	visit->origin = escaped;
	page_ask_to_sign_in(visit, picked);
	visit->origin = NULL;
	return true;
}

/* A form of an earlier session of the same user comes back with what was typed and the token of
 * this session. False: not such a form. */
static bool show_again(Visit *visit, const char *origin)
{
	const char *who = form_get(visit->form, AGAIN_WHO);
	g_autoptr(Form) picked = again_pick(visit->form);
	Visit again = *visit;
	Planned page = {0};
	g_autoptr(GError) ignored = NULL;
	bool shown;

	if (!picked || !origin || !visit->user || g_strcmp0(who, visit->user->name) != 0)
		return false;
	find_row(&page, WEB_GET, origin);
	again.part = page.parts[0];
	again.second = page.parts[1];
	again.route = page.route;
	again.form = picked;
	again.again = true;
	again.notice = "neu-angemeldet";
	again.status = 409;
	shown = (page.route->role != ROLE_ADMINISTRATOR || visit->user->admin) &&
		page.route->run(&again, &ignored);
	clear_parts(&page);
	return shown;
}

static bool refuse_token(Visit *visit, const GError *problem)
{
	g_autofree char *origin = find_origin(visit->request);
	g_autofree char *escaped = origin ? g_uri_escape_string(origin, "/", FALSE) : NULL;

	if (is_api(visit->request))
		return api_problem(visit, problem);
	if (show_again(visit, origin))
		return true;
	visit->origin = escaped;
	page_failure(visit, problem);
	visit->origin = NULL;
	return true;
}

/* A page's form puts back what was typed into it before its session ended. */
static bool run_page(Visit *visit, const Planned *planned, GError **error)
{
	g_autoptr(Form) typed = visit->session
					? sign_ins_carried(visit->web->sign_ins, visit->session,
						  web_request_path(visit->request))
					: NULL;
	bool done;

	visit->form = typed;
	visit->again = typed != NULL;
	done = planned->route->run(visit, error);
	visit->form = NULL;
	visit->again = false;
	return done;
}

static bool check_asker(Visit *visit, const Planned *planned, bool *answered, GError **error)
{
	*answered = false;
	if (planned->problem) {
		g_propagate_error(error, g_error_copy(planned->problem));
		return false;
	}
	if (planned->route->role == ROLE_ANYBODY)
		return true;
	if (!visit->user) {
		if (is_api(visit->request))
			return refuse_page(visit, FAILURE_PAGE_SIGNED_OUT, error);
		*answered = true;
		return web_request_method(visit->request) == WEB_POST ? ask_again(visit)
								      : lead_to_sign_in(visit);
	}
	if (planned->route->role == ROLE_ADMINISTRATOR && !visit->user->admin)
		return refuse_page(visit, FAILURE_PAGE_FORBIDDEN, error);
	return true;
}

static bool run_route(Visit *visit, const Planned *planned, GError **error)
{
	g_autoptr(Form) form = NULL;
	g_autoptr(GError) problem = NULL;
	bool answered;

	if (!planned->route)
		return refuse_call(visit, planned->methods, error);
	if (!check_asker(visit, planned, &answered, error) ||
		(is_api(visit->request) && !api_check_query(visit, error)))
		return false;
	if (answered)
		return true;
	if (planned->route->method == WEB_GET)
		return run_page(visit, planned, error);
	if (!is_api(visit->request)) {
		form = read_form(visit, error);
		if (!form)
			return false;
		visit->form = form;
	}
	/* What anybody may send does nothing with a session: whoever signs in while an older one is
	 * still in the browser just starts a new one. */
	if (!check_origin(visit, error))
		return false;
	if (planned->route->role != ROLE_ANYBODY && !check_token(visit, &problem))
		return refuse_token(visit, problem);
	return planned->route->run(visit, error);
}

/* Takes over who asks, as far as it is known. */
static void set_asker(Visit *visit, const Planned *planned)
{
	visit->user = asker(planned);
	visit->session = planned->session;
	visit->actor = visit->user ? visit->user->name : "-";
}

typedef struct Reading {
	Visit *visit;
	Planned *planned;
} Reading;

static bool run_reading(DbTransaction *transaction, void *data, GError **error)
{
	Reading *reading = data;

	(void)transaction;
	find_asker(reading->planned, reading->visit->request);
	set_asker(reading->visit, reading->planned);
	return run_route(reading->visit, reading->planned, error);
}

/* A page that only shows what is stored reads all of it, and who asks, as of one moment in one
 * transaction. */
static bool run_planned(Visit *visit, Planned *planned, GError **error)
{
	Reading reading = {.visit = visit, .planned = planned};

	if (is_reading(planned))
		return db_read(office_db(visit->office), run_reading, &reading, error);
	/* The body, or the queue, may have taken long: who has been locked meanwhile may not. */
	if (asker(planned)) {
		forget_asker(planned);
		find_asker(planned, visit->request);
		set_asker(visit, planned);
	}
	return run_route(visit, planned, error);
}

static void tell(Visit *visit, const GError *error)
{
	g_assert(error);
	if (is_api(visit->request))
		api_problem(visit, error);
	else
		page_failure(visit, error);
	if (failure_code(error) == FAILURE_CODE_STORE)
		log_warning("%s: %s", web_request_path(visit->request), error->message);
}

static void answer(WebRequest *request, WebResponse *response, void *data)
{
	Planned *planned = web_request_kept(request);
	Visit visit = {
		.web = planned->web,
		.office = planned->web->office,
		.request = request,
		.response = response,
		.part = planned->parts[0],
		.second = planned->parts[1],
		.route = planned->route,
	};
	g_autoptr(GError) error = NULL;
	int64_t begin = g_get_monotonic_time();

	(void)data;
	set_asker(&visit, planned);
	policy_add(&visit);
	if (!run_planned(&visit, planned, &error))
		tell(&visit, error);
	/* How long somebody slept says nothing about our speed. */
	if (!planned->route || planned->route->place != WEB_AS_WAIT)
		metrics_count_time(visit.web, g_get_monotonic_time() - begin);
}

/* Whether the row is for somebody like who asks. */
static bool may_try(const Planned *planned)
{
	const User *user = asker(planned);

	if (!planned->route)
		return false;
	return planned->route->role == ROLE_ANYBODY ||
	       (user && (user->admin || planned->route->role != ROLE_ADMINISTRATOR));
}

void route_plan(WebRequest *request, WebPlan *plan, void *data)
{
	Planned *planned = g_new0(Planned, 1);
	const User *user;

	planned->web = data;
	find_route(planned, request);
	if (!is_reading(planned))
		find_asker(planned, request);
	user = asker(planned);
	plan->handler = answer;
	plan->place = planned->route ? planned->route->place : WEB_AT_ONCE;
	plan->key = user ? user->id : 0;
	plan->body_limit = planned->route && planned->route->body_limit ? planned->route->body_limit
									: FORM_LIMIT;
	/* Whoever may not, need not send us much. */
	if (!may_try(planned))
		plan->body_limit = FORM_LIMIT;
	web_request_keep(request, planned, (GDestroyNotify)planned_free);
}

void route_refuse(WebRequest *request, WebResponse *response, void *data)
{
	Visit visit = {.request = request, .response = response};

	(void)data;
	if (is_api(request)) {
		api_refuse(&visit);
		return;
	}
	if (web_response_get_status(response) == 413)
		web_response_text(response, "text/plain; charset=utf-8",
			_("Das ist zu viel auf einmal: Es wurde nichts abgelegt und nichts "
			  "geändert. Bitte gehen Sie zurück, und verteilen Sie die Dateien auf "
			  "mehrere Male."));
	else
		web_response_text(response, "text/plain; charset=utf-8",
			_("Diese Anfrage kann Amtspost so nicht beantworten."));
}

/* ---- the session's cookie ---- */

void visit_set_session(Visit *visit, const char *token)
{
	g_autofree char *cookie = g_strdup_printf("%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
		cookie_name(visit->request), token ? token : "",
		web_request_is_secure(visit->request) ? "; Secure" : "",
		token ? "" : "; Max-Age=0");

	web_response_header(visit->response, "Set-Cookie", cookie);
}

const char *visit_session_token(const Visit *visit)
{
	return web_request_cookie(visit->request, cookie_name(visit->request));
}
