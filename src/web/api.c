/* What every answer of the API shares: documents, problems, statuses. */
#include "web/api.h"

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
	case FAILURE_OUTBOX_UNKNOWN:
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
	case FAILURE_SENDER_FOREIGN:
		return 403;
	case FAILURE_CASE_CHANGED:
		return 422;
	case FAILURE_PAGE_TRIES:
	case FAILURE_OUTBOX_FULL:
		return 429;
	case FAILURE_INVITATION_OVER:
	case FAILURE_SETUP_OVER:
	case FAILURE_OUTBOX_ERASED:
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

bool api_check_own(const Visit *visit, const char *name, GError **error)
{
	if (!name || strcmp(name, visit->user->name) == 0)
		return true;
	failure_set(error, FAILURE_MAILS_FOREIGN, name, "mails of another");
	return false;
}
