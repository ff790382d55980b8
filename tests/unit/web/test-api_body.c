/* The API's requests: members of the types that a row names, and no more than a body may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "web/api.h"

#define NAMES                                                                                      \
	"from to:list! subject reply:integer new:boolean value:scalar attachments:objects "        \
	"text/plain"

static json_t *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	json_t *body = api_body_parse(text, strlen(text), NAMES, &error);

	if (error)
		fail_msg("%s: %s", text, error->message);
	return body;
}

static void assert_refused(const char *text, Failure failure, const char *subject)
{
	g_autoptr(GError) error = NULL;

	assert_null(api_body_parse(text, strlen(text), NAMES, &error));
	assert_true(failure_is(error, failure));
	if (subject)
		assert_string_equal(failure_subject(error), subject);
}

static void test_lists(void **state)
{
	json_t *body = parse("{\"to\": [\"a\", \"ä\"], \"from\": null}");
	g_autofree const char **to = api_take_texts(body, "to");
	g_autofree const char **none = api_take_texts(body, "from");

	(void)state;
	assert_string_equal(to[0], "a");
	assert_string_equal(to[1], "ä");
	assert_null(to[2]);
	assert_null(none[0]);
	json_decref(body);
}

static void test_objects(void **state)
{
	json_t *body =
		parse("{\"attachments\": [{\"name\": \"a\", \"type\": null,"
		      " \"content\": \"AAEC\\r\\n/w==\"}, {\"name\": \"b\", \"content\": \"\"},"
		      " {\"name\": \"c\"}]}");
	json_t *list = json_object_get(body, "attachments");
	g_autoptr(GError) error = NULL;
	gsize size;
	g_autofree guchar *bytes =
		api_need_bytes(json_array_get(list, 0), "content", &size, &error);
	g_autofree guchar *none = NULL;

	(void)state;
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "\0\1\2\377", 4);
	none = api_need_bytes(json_array_get(list, 1), "content", &size, &error);
	assert_non_null(none);
	assert_int_equal(size, 0);
	assert_null(api_need_bytes(json_array_get(list, 2), "content", &size, &error));
	assert_true(failure_is(error, FAILURE_API_BODY));
	json_decref(body);
}

static void test_base64_is_strict(void **state)
{
	static const char *const wrong[] = {"A", "AA", "AAA", "AAAAA", "AA=A",
		"A===", "====", "AA==AAAA", "AA-_", " AAAA", "AAAA\\u0001"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *text = g_strdup_printf("{\"subject\": \"%s\"}", wrong[i]);
		json_t *body = parse(text);
		g_autoptr(GError) error = NULL;
		gsize size;

		if (api_need_bytes(body, "subject", &size, &error))
			fail_msg("taken: %s", wrong[i]);
		assert_true(failure_is(error, FAILURE_API_BODY));
		json_decref(body);
	}
}

static void test_types(void **state)
{
	static const char *const names[] = {"from", "to", "subject", "reply", "new", "attachments"};
	static const char *const values[] = {"\"a\"", "[\"a\"]", "\"a\"", "7", "true", "[{}]"};
	static const char *const others[] = {"1.5", "[1]", "[[]]", "[null]", "{}", "[\"a\", {}]"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *good = g_strdup_printf("{\"%s\": %s}", names[i], values[i]);

		json_decref(parse(good));
		for (size_t k = 0; k < G_N_ELEMENTS(others); k++) {
			g_autofree char *bad = g_strdup_printf("{\"%s\": %s}", names[i], others[k]);

			assert_refused(bad, FAILURE_API_BODY, names[i]);
		}
	}
	assert_refused("{\"value\": []}", FAILURE_API_BODY, "value");
	json_decref(parse("{\"value\": 1.5}"));
}

static void test_unknown_members(void **state)
{
	(void)state;
	assert_refused("{\"von\": 1}", FAILURE_API_MEMBER, "von");
	assert_refused("{\"text/plain\": \"x\"}", FAILURE_API_MEMBER, "text/plain");
	assert_refused("{\"\": \"x\"}", FAILURE_API_MEMBER, "");
	assert_refused(
		"{\"attachments\": [{}, {\"to\": []}]}", FAILURE_API_MEMBER, "attachments[1].to");
	assert_refused(
		"{\"attachments\": [{\"name\": 1}]}", FAILURE_API_BODY, "attachments[0].name");
	assert_refused("[]", FAILURE_API_BODY, "{ }");
	assert_refused("{\"from\": \"a\", \"from\": \"b\"}", FAILURE_API_BODY, NULL);
	assert_refused("{\"from\": \"a\\u0000\"}", FAILURE_API_BODY, NULL);
	assert_refused("", FAILURE_API_BODY, NULL);
}

/* LIST of COUNT times ONE, as "to". */
static char *repeat(const char *one, size_t count)
{
	GString *text = g_string_new("{\"to\": [");

	for (size_t i = 0; i < count; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? "," : "", one);
	return g_string_free(g_string_append(text, "]}"), FALSE);
}

static void test_too_much(void **state)
{
	g_autofree char *most = repeat("\"a[{,\\\\\\\",\"", 19000);
	g_autofree char *values = repeat("\"\"", 21000);
	g_autofree char *lists = repeat("[]", 21000);
	g_autofree char *deep = g_strnfill(100000, '[');
	GString *files = g_string_new("{\"attachments\": [{}");

	(void)state;
	json_decref(parse(most));
	assert_refused(values, FAILURE_API_BODY, "[ ]");
	assert_refused(lists, FAILURE_API_BODY, "[ ]");
	assert_refused(deep, FAILURE_API_BODY, "[ ]");
	for (int i = 1; i < API_OBJECTS_LIMIT; i++)
		g_string_append(files, ",{}");
	g_string_append(files, "]}");
	json_decref(parse(files->str));
	g_string_insert(files, (gssize)files->len - 2, ",{}");
	assert_refused(files->str, FAILURE_API_BODY, "attachments: > 100");
	g_string_free(files, TRUE);
}

static void test_names(void **state)
{
	static const struct {
		const char *name, *type;
		bool required;
	} expected[] = {{"from", API_STRING, false}, {"to", API_LIST, true},
		{"subject", API_STRING, false}, {"reply", API_INTEGER, false},
		{"new", API_BOOLEAN, false}, {"value", API_SCALAR, false},
		{"attachments", API_OBJECTS, false}};
	const char *names = NAMES;
	const char *type;
	bool required;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_autofree char *name = api_next_name(&names, &type, &required);

		assert_string_equal(name, expected[i].name);
		assert_string_equal(type, expected[i].type);
		assert_int_equal(required, expected[i].required);
	}
	assert_null(api_next_name(&names, &type, &required));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_base64_is_strict),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_unknown_members),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
