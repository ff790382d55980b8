/* What the API's files share: /api/v1/… mirrors the commands with the same JSON. */
#pragma once

#include <jansson.h>
#include "base/secret.h"
#include "web/route.h"

#define API "/api/v1"

/* Rows as in route.h, beside route_api. */
extern const Route route_api_people[]; /* users, keys */
extern const Route route_api_login[];
extern const Route route_api_import[];
extern const Route route_api_archive[];
extern const Route route_api_send[];
extern const Route route_api_outbox[];

/* Takes DOCUMENT and answers VISIT with it. Answers true. */
bool api_answer(Visit *visit, unsigned status, json_t *document);
/* Answers {}. */
bool api_answer_nothing(Visit *visit);
/* A problem document (RFC 9457) for ERROR, with the command line's members "status_code", "code",
 * "condition", "advice". Answers true. */
bool api_problem(Visit *visit, const GError *error);
/* The same with TOLD, taken: the command line's document for it, with "error". */
bool api_problem_told(Visit *visit, const GError *error, json_t *told);
/* The same with "errors": the rows (RowError *) that a CSV file was refused for. */
bool api_problem_rows(Visit *visit, const GError *error, const GPtrArray *row_errors);
/* FAILURE_PAGE_FORBIDDEN; answers false. */
bool api_forbid(GError **error);
/* Whom the request is about, borrowed: "user", else whoever asks. NULL: *ERROR, that is for
 * administrators. */
const char *api_asked_user(const Visit *visit, GError **error);
/* Whether the mails of NAME (NULL: one's own) are those of who asks; FAILURE_MAILS_FOREIGN. */
bool api_check_own(const Visit *visit, const char *name, GError **error);

/* ---- what requests bring along (api_body.c) ---- */

/* The types of members, as rows write them behind ':'. */
#define API_STRING "string" /* without ':' */
#define API_BOOLEAN "boolean"
#define API_SCALAR "scalar" /* text, number or boolean */
#define API_INTEGER "integer"
#define API_LIST "list"	      /* of texts */
#define API_OBJECTS "objects" /* a list of objects, of api_shape's members */

#define API_OBJECTS_LIMIT 100

/* The members of each object in a member NAME of the type API_OBJECTS, as rows write them. */
const char *api_shape(const char *name);
/* The JSON object in BODY, yours: each member is one of NAMES (a row's "body"), of its type.
 * FAILURE_API_BODY, FAILURE_API_MEMBER. */
json_t *api_body_parse(const char *body, size_t size, const char *names, GError **error);
/* Whether what BODY holds takes little more memory than its bytes. */
bool api_body_is_small(const char *body, size_t size);
/* The same of the request, whose body is gone then. */
json_t *api_body(const Visit *visit, GError **error);
/* Lets TAKE have it, borrowed, and gives it back. */
bool api_with_body(Visit *visit, bool (*take)(Visit *visit, const json_t *body, GError **error),
	GError **error);
/* A member of BODY that is a text, borrowed; NULL: it is not there. FAILURE_API_BODY: it is no
 * text. */
bool api_take_text(const json_t *body, const char *name, const char **text, GError **error);
/* The same, and FAILURE_API_BODY if it is not there. */
bool api_need_text(const json_t *body, const char *name, const char **text, GError **error);
/* Likewise; *SECRET is yours. */
bool api_take_secret(const json_t *body, const char *name, Secret **secret, GError **error);
bool api_need_secret(const json_t *body, const char *name, Secret **secret, GError **error);
/* The texts of a list, borrowed, in an array that is yours (g_free) and ends with NULL; none where
 * it is not there. */
const char **api_take_texts(const json_t *body, const char *name);
/* What base64 stands for, yours; NULL: FAILURE_API_BODY. */
guchar *api_need_bytes(const json_t *body, const char *name, gsize *size, GError **error);
/* The same for a text, a number or a boolean, as the text that it is written as; yours. */
char *api_need_scalar(const json_t *body, const char *name, GError **error);
/* The next of NAMES (Route's query or body), yours, with its type, static. Media types are passed
 * over. NULL: there are no more. */
char *api_next_name(const char **names, const char **type, bool *required);
/* FAILURE_API_MEMBER: the query has a parameter that the row does not. */
bool api_check_query(const Visit *visit, GError **error);
/* The problem document for what the server refuses by itself, with the response's status. */
void api_refuse(Visit *visit);
/* The HTTP status for ERROR, for pages too. */
unsigned api_http_status(const GError *error);

/* The OpenAPI 3.1 document of TABLES of rows (ended by NULL); yours. */
json_t *api_description(const Route *const *tables);
