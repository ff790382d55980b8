/* Server-sent events as text. */
#include "web/events.h"

#include <inttypes.h>
#include <string.h>

/* When the browser comes back by itself: after a stream's end; where there is no place for one. */
#define RETRY_SOON "retry: 1000\n\n"
#define RETRY_LATER "retry: 4000\n\n"
#define PULSE ":\n\n"

static bool write_text(Visit *visit, const char *text)
{
	return web_response_write(visit->response, text, strlen(text));
}

bool events_begin(Visit *visit, bool has_place)
{
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, "text/event-stream; charset=utf-8");
	return write_text(visit, has_place ? RETRY_SOON : RETRY_LATER);
}

bool events_send(Visit *visit, const char *name, const char *text, int64_t id)
{
	g_autoptr(GString) event = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	if (id > 0)
		g_string_append_printf(event, "id: %" PRId64 "\n", id);
	g_string_append_printf(event, "event: %s\n", name);
	for (char **line = lines; *line; line++)
		g_string_append_printf(event, "data: %s\n", *line);
	g_string_append_c(event, '\n');
	return web_response_write(visit->response, event->str, event->len);
}

bool events_pulse(Visit *visit)
{
	return write_text(visit, PULSE);
}

int64_t events_last(const Visit *visit)
{
	const char *text = web_request_header(visit->request, "Last-Event-ID");
	guint64 id;

	return text && g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &id, NULL) ? (int64_t)id
										     : -1;
}
