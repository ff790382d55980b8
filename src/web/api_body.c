/* What requests of the API bring along: the members of a JSON object and the query's parameters,
 * each one that the row names and of its type. */
#include "web/api.h"

#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"

/* Values and members of a body at most, and how deep they lie: each takes many times the memory of
 * its bytes. */
#define BODY_VALUES ((size_t)20000)
#define BODY_DEPTH 8

/* ---- names ---- */

const char *api_shape(const char *name)
{
	static const char *const shapes[][2] = {
		{"attachments", "name! type content!"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
		if (strcmp(shapes[i][0], name) == 0)
			return shapes[i][1];
	}
	return "";
}

/* "list" of "to:list" as a static text. */
static const char *type_of(const char *text)
{
	static const char *const types[] = {
		API_BOOLEAN, API_SCALAR, API_INTEGER, API_LIST, API_OBJECTS};

	for (size_t i = 0; text && i < G_N_ELEMENTS(types); i++) {
		if (strcmp(types[i], text) == 0)
			return types[i];
	}
	return API_STRING;
}

/* The next word of NAMES; yours, "" at the end. */
static char *next_word(const char **names)
{
	const char *start = *names ? *names + strspn(*names, " ") : "";
	size_t size = strcspn(start, " ");

	*names = start + size;
	return g_strndup(start, size);
}

char *api_next_name(const char **names, const char **type, bool *required)
{
	g_autofree char *word = next_word(names);
	char *colon;

	/* A media type is none. */
	while (strchr(word, '/')) {
		g_free(word);
		word = next_word(names);
	}
	*required = g_str_has_suffix(word, "!");
	if (*required)
		word[strlen(word) - 1] = '\0';
	colon = strchr(word, ':');
	*type = type_of(colon ? colon + 1 : NULL);
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

/* ---- bodies ---- */

static bool is_scalar(const json_t *value)
{
	return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool are_texts(const json_t *list)
{
	bool texts = json_is_array(list);

	for (size_t i = 0; texts && i < json_array_size(list); i++)
		texts = json_is_string(json_array_get(list, i));
	return texts;
}

static bool are_objects(const json_t *list)
{
	bool objects = json_is_array(list);

	for (size_t i = 0; objects && i < json_array_size(list); i++)
		objects = json_is_object(json_array_get(list, i));
	return objects;
}

/* null is as good as not there. TYPE is one of ours. */
static bool is_of_type(const json_t *value, const char *type)
{
	if (json_is_null(value))
		return true;
	if (strcmp(type, API_STRING) == 0)
		return json_is_string(value);
	if (strcmp(type, API_BOOLEAN) == 0)
		return json_is_boolean(value);
	if (strcmp(type, API_INTEGER) == 0)
		return json_is_integer(value);
	if (strcmp(type, API_LIST) == 0)
		return are_texts(value);
	return strcmp(type, API_OBJECTS) == 0 ? are_objects(value) : is_scalar(value);
}

static bool check_object(json_t *object, const char *names, const char *where, GError **error);

/* Each of LIST, which stands at PATH, is an object of SHAPE. */
static bool check_objects(const json_t *list, const char *shape, const char *path, GError **error)
{
	if (json_array_size(list) > API_OBJECTS_LIMIT) {
		g_autofree char *told = g_strdup_printf("%s: > %d", path, API_OBJECTS_LIMIT);

		failure_set(error, FAILURE_API_BODY, told, "%s", told);
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		g_autofree char *where = g_strdup_printf("%s[%zu].", path, i);

		if (!check_object(json_array_get(list, i), shape, where, error))
			return false;
	}
	return true;
}

static bool refuse_type(const char *name, const char *type, GError **error)
{
	failure_set(error, FAILURE_API_BODY, name, "%s: no %s", name, type);
	return false;
}

/* OBJECT's members are NAMES', each of its type; WHERE stands before their names in what is told.
 */
static bool check_object(json_t *object, const char *names, const char *where, GError **error)
{
	const char *name, *type;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		g_autofree char *path = g_strconcat(where, name, NULL);

		if (!find_name(names, name, &type))
			return refuse_member(path, error);
		if (!is_of_type(value, type))
			return refuse_type(path, type, error);
		if (strcmp(type, API_OBJECTS) == 0 &&
			!check_objects(value, api_shape(name), path, error))
			return false;
	}
	return true;
}

bool api_body_is_small(const char *body, size_t size)
{
	size_t values = 0;
	int depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < size && values <= BODY_VALUES && depth <= BODY_DEPTH; i++) {
		switch (body[i]) {
		case '"':
			in_text = !in_text;
			break;
		case '\\':
			i += in_text;
			break;
		case '[':
		case '{':
			depth += !in_text;
			values += !in_text;
			break;
		case ']':
		case '}':
			depth -= !in_text;
			break;
		case ',':
			values += !in_text;
			break;
		default:
			break;
		}
	}
	return values <= BODY_VALUES && depth <= BODY_DEPTH;
}

/* Yours; NULL: it is no JSON, or too much. */
static json_t *parse(const char *body, size_t size, GError **error)
{
	json_error_t problem;
	json_t *document;
	char *quoted;

	if (!api_body_is_small(body, size)) {
		failure_set(error, FAILURE_API_BODY, "[ ]", "too many values, or too deep");
		return NULL;
	}
	document = json_loadb(body, size, JSON_REJECT_DUPLICATES, &problem);
	if (document)
		return document;
	/* What stands there may be a secret. */
	quoted = strstr(problem.text, " near '");
	if (quoted)
		*quoted = '\0';
	failure_set(
		error, FAILURE_API_BODY, problem.text, "line %d: %s", problem.line, problem.text);
	return NULL;
}

json_t *api_body_parse(const char *body, size_t size, const char *names, GError **error)
{
	json_t *document = parse(body, size, error);

	if (document && !json_is_object(document)) {
		failure_set(error, FAILURE_API_BODY, "{ }", "not an object");
		g_clear_pointer(&document, json_decref);
	}
	if (document && !check_object(document, names, "", error))
		g_clear_pointer(&document, json_decref);
	return document;
}

json_t *api_body(const Visit *visit, GError **error)
{
	size_t size;
	const char *body = web_request_body(visit->request, &size);
	json_t *document = api_body_parse(body, size, visit->route->body, error);

	web_request_drop_body(visit->request);
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

const char **api_take_texts(const json_t *body, const char *name)
{
	const json_t *list = json_object_get(body, name);
	size_t count = json_array_size(list);
	const char **texts = g_new0(const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		texts[i] = json_string_value(json_array_get(list, i));
	return texts;
}

/* Only what RFC 4648 section 4 allows, and line ends in between: what GLib skips silently is no
 * content. */
static bool is_base64(const char *text)
{
	size_t letters = 0;
	size_t ends = 0;

	for (; *text; text++) {
		if (*text == '\r' || *text == '\n')
			continue;
		if (*text == '=')
			ends++;
		else if (ends > 0 || !(g_ascii_isalnum(*text) || *text == '+' || *text == '/'))
			return false;
		letters++;
	}
	return letters % 4 == 0 && ends <= 2;
}

guchar *api_need_bytes(const json_t *body, const char *name, gsize *size, GError **error)
{
	const char *text;

	if (!api_need_text(body, name, &text, error))
		return NULL;
	if (is_base64(text))
		return *text ? g_base64_decode(text, size) : (*size = 0, g_new0(guchar, 1));
	failure_set(error, FAILURE_API_BODY, name, "%s: no base64", name);
	return NULL;
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
