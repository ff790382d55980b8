/* What every answer of the API shares: documents, problems, statuses. */
#include "web/api.h"

#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"
#include "json/result.h"

bool api_answer(Visit *visit, unsigned status, json_t *document)
{
	g_autofree char *text = result_write(document);

	json_decref(document);
	web_response_status(visit->response, status);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_text(visit->response, "application/json", text);
	return true;
}

bool api_answer_nothing(Visit *visit)
{
	return api_answer(visit, 200, json_object());
}

/* ---- problems ---- */

/* Rows whose HTTP status says more than their code's. */
static unsigned special_status(Failure failure)
{
	switch (failure) {
	case FAILURE_PAGE_UNKNOWN:
	case FAILURE_API_PATH:
	case FAILURE_USER_UNKNOWN:
	case FAILURE_MAIL_UNKNOWN:
	case FAILURE_COPY_UNKNOWN:
	case FAILURE_ATTACHMENT_UNKNOWN:
	case FAILURE_SETTING_UNKNOWN:
	case FAILURE_KEY_UNKNOWN:
	case FAILURE_IMPORT_UNKNOWN:
	case FAILURE_DRAFT_UNKNOWN:
	case FAILURE_FOLDER_UNKNOWN:
	case FAILURE_MAILBOX_UNKNOWN:
		return 404;
	case FAILURE_PAGE_METHOD:
	case FAILURE_API_METHOD:
		return 405;
	case FAILURE_PAGE_SIGNED_OUT:
		return 401;
	case FAILURE_PAGE_FORBIDDEN:
	case FAILURE_MAILS_FOREIGN:
	case FAILURE_FORM_FOREIGN:
	case FAILURE_PAGE_PASSWORD:
	case FAILURE_PAGE_FORMER_PASSWORD:
	case FAILURE_MAIL_OTHERS:
		return 403;
	case FAILURE_CASE_CHANGED:
		return 422;
	case FAILURE_PAGE_TRIES:
		return 429;
	case FAILURE_INVITATION_OVER:
	case FAILURE_SETUP_OVER:
		return 410;
	default:
		return 0;
	}
}

unsigned api_http_status(const GError *error)
{
	static const unsigned statuses[] = {
		[FAILURE_CODE_SETUP] = 422,
		[FAILURE_CODE_LOGIN] = 409,
		[FAILURE_CODE_RETRY] = 503,
		[FAILURE_CODE_REFUSED] = 502,
		[FAILURE_CODE_PROTOCOL] = 502,
		[FAILURE_CODE_LIMIT] = 413,
		[FAILURE_CODE_INPUT] = 400,
		[FAILURE_CODE_CONFLICT] = 409,
		[FAILURE_CODE_STORE] = 500,
		[FAILURE_CODE_CANCELLED] = 503,
	};
	unsigned special = special_status(failure_of(error));

	return special ? special : statuses[failure_code(error)];
}

/* Takes TOLD, the command line's document for ERROR. */
static bool answer_problem(Visit *visit, unsigned status, const GError *error, json_t *told)
{
	const json_t *row = json_object_get(told, "error");
	json_t *problem = json_pack("{s:s+, s:O, s:i, s:O}", "type",
		"urn:amtspost:", failure_name(error), "title", json_object_get(row, "message"),
		"status", (int)status, "detail", json_object_get(row, "advice"));
	g_autofree char *text = NULL;

	json_object_update(problem, told);
	text = result_write(problem);
	json_decref(problem);
	json_decref(told);
	web_response_status(visit->response, status);
	if (status == 401)
		web_response_header(visit->response, "WWW-Authenticate", "Bearer");
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_text(visit->response, "application/problem+json", text);
	return true;
}

bool api_problem(Visit *visit, const GError *error)
{
	FailureCall call = {.user = visit->user ? visit->user->name : NULL};

	return answer_problem(visit, api_http_status(error), error,
		json_pack("{s:o}", "error", result_error(error, &call)));
}

bool api_problem_told(Visit *visit, const GError *error, json_t *told)
{
	return answer_problem(visit, api_http_status(error), error, told);
}

bool api_problem_rows(Visit *visit, const GError *error, const GPtrArray *row_errors)
{
	FailureCall call = {.user = visit->user->name};

	return answer_problem(
		visit, api_http_status(error), error, result_row_errors(row_errors, error, &call));
}

void api_refuse(Visit *visit)
{
	unsigned status = web_response_get_status(visit->response);
	g_autoptr(GError) error = NULL;

	failure_set(&error, status == 413 ? FAILURE_API_SIZE : FAILURE_API_REFUSED, NULL,
		"refused with %u", status);
	answer_problem(visit, status, error,
		json_pack("{s:o}", "error", result_error(error, &(FailureCall){0})));
}

bool api_forbid(GError **error)
{
	failure_set(error, FAILURE_PAGE_FORBIDDEN, NULL, "not one's own, and no administrator");
	return false;
}

/* ---- requests ---- */

const char *api_asked_user(const Visit *visit, GError **error)
{
	const char *name = web_request_query(visit->request, "user");

	if (!name || strcmp(name, visit->user->name) == 0)
		return visit->user->name;
	if (visit->user->admin)
		return name;
	api_forbid(error);
	return NULL;
}

char *api_next_name(const char **names, const char **type, bool *required)
{
	const char *start = *names ? *names + strspn(*names, " ") : "";
	size_t size = strcspn(start, " ");
	g_autofree char *word = g_strndup(start, size);
	char *colon;

	*names = start + size;
	*required = g_str_has_suffix(word, "!");
	if (*required)
		word[size - 1] = '\0';
	colon = strchr(word, ':');
	*type = !colon ? "string" : colon[1] == 'b' ? "boolean" : "scalar";
	if (colon)
		*colon = '\0';
	return *word ? g_steal_pointer(&word) : NULL;
}

/* Whether NAME is one of NAMES; *TYPE as it is there. */
static bool find_name(const char *names, const char *name, const char **type)
{
	bool required, same = false;

	while (!same) {
		g_autofree char *known = api_next_name(&names, type, &required);

		if (!known)
			return false;
		same = strcmp(known, name) == 0;
	}
	return true;
}

static bool refuse_member(const char *name, GError **error)
{
	failure_set(error, FAILURE_API_MEMBER, name, "%s: unknown", name);
	return false;
}

bool api_check_query(const Visit *visit, GError **error)
{
	const char *name, *type;

	for (unsigned i = 0; (name = web_request_query_name(visit->request, i)); i++) {
		if (!find_name(visit->route->query, name, &type))
			return refuse_member(name, error);
	}
	return true;
}

static bool is_scalar(const json_t *value)
{
	return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

/* null is as good as not there. */
static bool is_of_type(const json_t *value, const char *type)
{
	if (json_is_null(value))
		return true;
	return strcmp(type, "string") == 0    ? json_is_string(value)
	       : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
					      : is_scalar(value);
}

static bool check_members(const Visit *visit, json_t *body, GError **error)
{
	const char *name, *type;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		if (!find_name(visit->route->body, name, &type))
			return refuse_member(name, error);
		if (!is_of_type(value, type)) {
			failure_set(error, FAILURE_API_BODY, name, "%s: no %s", name, type);
			return false;
		}
	}
	return true;
}

json_t *api_body(const Visit *visit, GError **error)
{
	size_t size;
	const char *body = web_request_body(visit->request, &size);
	json_error_t problem;
	json_t *document = json_loadb(body, size, JSON_REJECT_DUPLICATES, &problem);

	if (!document) {
		char *quoted = strstr(problem.text, " near '");

		/* What stands there may be a secret. */
		if (quoted)
			*quoted = '\0';
		failure_set(error, FAILURE_API_BODY, problem.text, "line %d: %s", problem.line,
			problem.text);
		return NULL;
	}
	if (!json_is_object(document)) {
		failure_set(error, FAILURE_API_BODY, "{ }", "not an object");
		g_clear_pointer(&document, json_decref);
	}
	if (document && !check_members(visit, document, error))
		g_clear_pointer(&document, json_decref);
	return document;
}

bool api_take_text(const json_t *body, const char *name, const char **text, GError **error)
{
	const json_t *value = json_object_get(body, name);

	*text = NULL;
	if (!value || json_is_null(value))
		return true;
	if (json_is_string(value)) {
		*text = json_string_value(value);
		return true;
	}
	failure_set(error, FAILURE_API_BODY, name, "%s: not a string", name);
	return false;
}

bool api_need_text(const json_t *body, const char *name, const char **text, GError **error)
{
	if (!api_take_text(body, name, text, error))
		return false;
	if (!*text)
		failure_set(error, FAILURE_API_BODY, name, "%s: missing", name);
	return *text != NULL;
}

char *api_need_scalar(const json_t *body, const char *name, GError **error)
{
	const json_t *value = json_object_get(body, name);
	const char *text;

	if (json_is_number(value) || json_is_boolean(value)) {
		char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		char *own = g_strdup(dumped);

		free(dumped);
		return own;
	}
	return api_need_text(body, name, &text, error) ? g_strdup(text) : NULL;
}

static Secret *secret_of(const char *text)
{
	return text ? secret_new(text, strlen(text)) : NULL;
}

bool api_take_secret(const json_t *body, const char *name, Secret **secret, GError **error)
{
	const char *text;

	if (!api_take_text(body, name, &text, error))
		return false;
	*secret = secret_of(text);
	return true;
}

bool api_need_secret(const json_t *body, const char *name, Secret **secret, GError **error)
{
	const char *text;

	if (!api_need_text(body, name, &text, error))
		return false;
	*secret = secret_of(text);
	return true;
}

bool api_with_body(Visit *visit, bool (*take)(Visit *visit, const json_t *body, GError **error),
	GError **error)
{
	json_t *body = api_body(visit, error);
	bool taken = body && take(visit, body, error);

	json_decref(body);
	return taken;
}
