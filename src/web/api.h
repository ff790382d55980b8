/* What the API's files share: /api/v1/… mirrors the commands with the same JSON. */
#pragma once

#include <jansson.h>
#include "web/route.h"

/* Takes DOCUMENT and answers VISIT with it. Answers true. */
bool api_answer(Visit *visit, unsigned status, json_t *document);
/* A problem document (RFC 9457) for ERROR, with the command line's members "status_code", "code",
 * "condition", "advice". Answers true. */
bool api_problem(Visit *visit, const GError *error);
/* The request's JSON object, yours. FAILURE_API_BODY. */
json_t *api_body(const Visit *visit, GError **error);
/* The HTTP status for ERROR, for pages too. */
unsigned api_http_status(const GError *error);

/* The OpenAPI 3.1 document of ROUTES (ended by a NULL path); yours. */
json_t *api_description(const Route *routes);
