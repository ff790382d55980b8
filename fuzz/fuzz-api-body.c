/* Fuzzes the API's bodies: what is taken is of the types that were asked for, and little. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"
#include "web/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

static void look_at_texts(const json_t *body)
{
	g_autofree const char **texts = api_take_texts(body, "to");

	for (size_t i = 0; texts[i]; i++)
		require(g_utf8_validate(texts[i], -1, NULL));
}

static void look_at_attachment(const json_t *attachment)
{
	g_autoptr(GError) error = NULL;
	const char *text = json_string_value(json_object_get(attachment, "content"));
	gsize size;
	g_autofree guchar *bytes = api_need_bytes(attachment, "content", &size, &error);

	require(!bytes == !!error);
	if (bytes)
		require(size <= strlen(text) / 4 * 3);
}

static void look_at_attachments(const json_t *list)
{
	require(json_array_size(list) <= API_OBJECTS_LIMIT);
	for (size_t i = 0; i < json_array_size(list); i++)
		look_at_attachment(json_array_get(list, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	json_t *body = api_body_parse((const char *)data, size,
		"from to:list! reply:integer new:boolean value:scalar attachments:objects", &error);

	require(!body == !!error);
	if (error)
		require(failure_is(error, FAILURE_API_BODY) ||
			failure_is(error, FAILURE_API_MEMBER));
	if (body) {
		look_at_texts(body);
		look_at_attachments(json_object_get(body, "attachments"));
	}
	json_decref(body);
	return 0;
}
