/* Who an id token speaks of. */
#include "oauth/oauth_internal.h"

#include <string.h>
#include <sodium.h>
#include "base/text.h"

/* The payload of a JWT (RFC 7519), NULL if TOKEN is none; yours. */
static json_t *read_claims(const char *token)
{
	g_auto(GStrv) parts = g_strsplit(token, ".", 4);
	size_t length = parts[0] && parts[1] ? strlen(parts[1]) : 0;
	g_autofree char *bytes = g_malloc(length + 1);
	size_t size = 0;

	if (length == 0 || sodium_base642bin((unsigned char *)bytes, length, parts[1], length, NULL,
				   &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return NULL;
	return json_loadb(bytes, size, 0, NULL);
}

char *oauth_identity(const char *id_token)
{
	static const char *const claims[] = {"preferred_username", "upn", "email"};
	json_t *payload = id_token ? read_claims(id_token) : NULL;
	char *identity = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(claims) && !identity; i++) {
		const char *value = json_string_value(json_object_get(payload, claims[i]));

		if (value && *value && strlen(value) <= 320 && !text_has_control(value))
			identity = g_strdup(value);
	}
	json_decref(payload);
	return identity;
}

char *oauth_base64url(const void *data, size_t size)
{
	size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = g_malloc(room);

	return sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
