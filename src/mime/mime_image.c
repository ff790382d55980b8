/* Images that may be shown: four types, told by their first bytes, in data: URIs. Nothing here
 * decodes an image; that is the browser's. */
#include "mime/mime_sanitise.h"

#include <string.h>

typedef struct ImageType {
	const char *type;
	const char *magic;
	size_t size;
} ImageType;

static const ImageType types[] = {{"image/png", "\x89PNG\r\n\x1a\n", 8},
	{"image/jpeg", "\xff\xd8\xff", 3}, {"image/gif", "GIF87a", 6}, {"image/gif", "GIF89a", 6}};

const char *mime_image_type(const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		if (size > types[i].size && memcmp(bytes, types[i].magic, types[i].size) == 0)
			return types[i].type;
	}
	if (size > 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}

/* The type that URI says, with its beginning behind it in *REST; NULL: none of ours. */
static const char *type_of_uri(const char *uri, const char **rest)
{
	static const char *const known[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};

	uri += strspn(uri, " \t\r\n\f");
	if (g_ascii_strncasecmp(uri, "data:", 5) != 0)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		size_t length = strlen(known[i]);

		if (g_ascii_strncasecmp(uri + 5, known[i], length) != 0)
			continue;
		*rest = uri + 5 + length;
		return known[i];
	}
	return NULL;
}

GBytes *mime_image_from_uri(const char *uri)
{
	const char *rest, *type = type_of_uri(uri, &rest), *found;
	g_autofree guchar *data = NULL;
	gsize size;

	if (!type || g_ascii_strncasecmp(rest, ";base64,", 8) != 0 ||
		strlen(rest) > MIME_IMAGE_LIMIT / 2 * 3)
		return NULL;
	data = g_base64_decode(rest + 8, &size);
	found = mime_image_type(data, size);
	if (size > MIME_IMAGE_LIMIT || !found || strcmp(found, type) != 0)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&data), size);
}

void mime_image_append_uri(GString *to, GBytes *image)
{
	gsize size;
	const guchar *data = g_bytes_get_data(image, &size);
	g_autofree char *encoded = g_base64_encode(data, size);

	g_string_append_printf(to, "data:%s;base64,", mime_image_type(data, size));
	g_string_append(to, encoded);
}
