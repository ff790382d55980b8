/* Who asks behind a reverse proxy: what a proxy we were told to trust says in its header fields.
 * From anybody else they count for nothing. */
#include <string.h>
#include "web/web_http_internal.h"

#define CLIENT_FIELD "X-Forwarded-For"
#define SCHEME_FIELD "X-Forwarded-Proto"

/* An address as inet_ntop writes it, into TEXT; false: it is none. An IPv4 address within IPv6 is
 * that. */
static bool normalise(const char *address, char text[static INET6_ADDRSTRLEN])
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1)
		peer_write(text, (const struct sockaddr *)&ipv4);
	else if (inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1)
		peer_write(text, (const struct sockaddr *)&ipv6);
	else
		return false;
	return true;
}

/* "192.0.2.7:4711" and "[2001:db8::7]:4711" without the port; false: neither these nor an address.
 */
static bool normalise_client(char *client, char text[static INET6_ADDRSTRLEN])
{
	char *end = *client == '[' ? strchr(client, ']') : strchr(client, ':');

	if (*client == '[' && end) {
		*end = '\0';
		return normalise(client + 1, text);
	}
	if (end && !strchr(end + 1, ':'))
		*end = '\0';
	return normalise(client, text);
}

bool forwarded_parse(const char *list, char ***proxies)
{
	g_auto(GStrv) pieces = g_strsplit(list, ";", -1);

	for (char **piece = pieces; *piece; piece++) {
		char text[INET6_ADDRSTRLEN];

		if (!normalise(g_strstrip(*piece), text))
			return false;
		g_free(*piece);
		*piece = g_strdup(text);
	}
	*proxies = g_steal_pointer(&pieces);
	return **proxies != NULL;
}

static bool is_trusted(const WebServer *server, const char *address)
{
	return server->proxies && g_strv_contains((const char *const *)server->proxies, address);
}

/* All values of the field NAME as the one list that they are (RFC 9110 section 5.3). */
static char *join(const Fields *fields, const char *name)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < fields->len; i += 2) {
		if (g_ascii_strcasecmp(g_ptr_array_index(fields, i), name) == 0)
			g_string_append_printf(list, "%s%s", list->len ? "," : "",
				(const char *)g_ptr_array_index(fields, i + 1));
	}
	return g_string_free(list, FALSE);
}

/* Each proxy adds at the end whom it heard it from, so the last that is no proxy of ours is the
 * browser; what stands before, the browser may have made up. */
static void read_client(WebRequest *request)
{
	g_autofree char *list = join(request->headers, CLIENT_FIELD);
	g_auto(GStrv) pieces = g_strsplit(list, ",", -1);

	/* Whom the proxy does not name is not here on this machine. */
	g_strlcpy(request->peer, "0.0.0.0", sizeof(request->peer));
	for (guint i = g_strv_length(pieces); i > 0; i--) {
		char text[INET6_ADDRSTRLEN];

		if (!normalise_client(g_strstrip(pieces[i - 1]), text))
			return;
		memcpy(request->peer, text, sizeof(text));
		if (!is_trusted(request->server, text))
			return;
	}
}

void forwarded_read(WebRequest *request)
{
	g_autofree char *schemes = NULL;
	const char *last;

	if (!is_trusted(request->server, request->peer))
		return;
	schemes = join(request->headers, SCHEME_FIELD);
	last = strrchr(schemes, ',');
	last = last ? last + 1 : schemes;
	while (*last == ' ')
		last++;
	request->is_secure |= g_ascii_strcasecmp(last, "https") == 0;
	read_client(request);
}
