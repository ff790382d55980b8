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

/* Rows whose HTTP status says more than their code's. */
static unsigned special_status(Failure failure)
{
	switch (failure) {
	case FAILURE_PAGE_UNKNOWN:
	case FAILURE_USER_UNKNOWN:
	case FAILURE_MAIL_UNKNOWN:
	case FAILURE_SETTING_UNKNOWN:
	case FAILURE_KEY_UNKNOWN:
	case FAILURE_FOLDER_UNKNOWN:
	case FAILURE_MAILBOX_UNKNOWN:
		return 404;
	case FAILURE_PAGE_METHOD:
		return 405;
	case FAILURE_PAGE_SIGNED_OUT:
		return 401;
	case FAILURE_PAGE_FORBIDDEN:
	case FAILURE_FORM_FOREIGN:
	case FAILURE_PAGE_PASSWORD:
	case FAILURE_PAGE_FORMER_PASSWORD:
		return 403;
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

bool api_problem(Visit *visit, const GError *error)
{
	FailureCall call = {.user = visit->user ? visit->user->name : NULL};
	json_t *told = result_error(error, &call);
	unsigned status = api_http_status(error);
	json_t *problem = json_pack("{s:s+, s:O, s:i, s:O, s:O}", "type",
		"urn:amtspost:", failure_name(error), "title", json_object_get(told, "message"),
		"status", (int)status, "detail", json_object_get(told, "advice"), "error", told);
	g_autofree char *text = result_write(problem);

	json_decref(problem);
	json_decref(told);
	web_response_status(visit->response, status);
	if (status == 401)
		web_response_header(visit->response, "WWW-Authenticate", "Bearer");
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_text(visit->response, "application/problem+json", text);
	return true;
}

json_t *api_body(const Visit *visit, GError **error)
{
	size_t size;
	const char *body = web_request_body(visit->request, &size);
	json_error_t problem;
	json_t *document = json_loadb(body, size, JSON_REJECT_DUPLICATES, &problem);

	if (!document) {
		failure_set(error, FAILURE_API_BODY, problem.text, "line %d: %s", problem.line,
			problem.text);
		return NULL;
	}
	if (!json_is_object(document)) {
		failure_set(error, FAILURE_API_BODY, "{ }", "not an object");
		g_clear_pointer(&document, json_decref);
	}
	return document;
}
