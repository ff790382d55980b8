/* The sender of a mail chose the name: it may be a path, a device, or pose as another. */
#include "web/download.h"

#include <stdbool.h>
#include <string.h>
#include <glib.h>
#include "base/text.h"

#define RESERVED "/\\:*?\"<>|"

/* Letters of a script's own joining are no trick; all else of format is not seen. */
static bool is_invisible(gunichar letter)
{
	GUnicodeType type = g_unichar_type(letter);

	return type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
	       type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_UNASSIGNED ||
	       (type == G_UNICODE_FORMAT && letter != 0x200C && letter != 0x200D);
}

/* Whether Windows takes NAME for a device: the name before the first dot counts. */
static bool is_device(const char *name)
{
	static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	size_t length = strcspn(name, ".");

	while (length > 0 && name[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		if (strlen(devices[i]) == length &&
			g_ascii_strncasecmp(name, devices[i], length) == 0)
			return true;
	}
	return length == 4 && g_ascii_isdigit(name[3]) &&
	       (g_ascii_strncasecmp(name, "com", 3) == 0 ||
		       g_ascii_strncasecmp(name, "lpt", 3) == 0);
}

char *download_name(const char *name)
{
	g_autofree char *valid = text_make_valid(name, strlen(name));
	g_autoptr(GString) safe = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar letter = g_utf8_get_char(at);

		if (is_invisible(letter) || (safe->len == 0 && strchr(" .", *at)))
			continue;
		if (*at > 0 && strchr(RESERVED, *at))
			g_string_append_c(safe, '_');
		else
			g_string_append_unichar(safe, letter);
	}
	while (safe->len > 0 && strchr(" .", safe->str[safe->len - 1]))
		g_string_truncate(safe, safe->len - 1);
	if (is_device(safe->str))
		g_string_prepend_c(safe, '_');
	return g_strdup(safe->len > 0 ? safe->str : "Anlage");
}

/* Not everybody who reads the field knows where a quoted text ends, or what a percent sign in it
 * means. */
static char *ascii_name(const char *safe)
{
	g_autoptr(GString) ascii = g_string_new(NULL);

	for (const char *at = safe; *at; at = g_utf8_next_char(at))
		g_string_append_c(ascii, *at > 0 && !strchr("%;=", *at) ? *at : '_');
	return g_strdup(ascii->str);
}

char *download_disposition(const char *name)
{
	g_autofree char *safe = download_name(name);
	g_autofree char *escaped = g_uri_escape_string(safe, NULL, FALSE);
	g_autofree char *ascii = ascii_name(safe);

	return g_strdup_printf("attachment; filename=\"%s\"; filename*=UTF-8''%s", ascii, escaped);
}
