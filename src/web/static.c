/* Serving what is embedded; the program's own state for machines. */
#include "web/static.h"

#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"
#include "web/route.h"
#include "web/static_files.h"
#include "web/web_internal.h"

/* A style's fonts are named relative to it, so they stand behind the same part of the path; the
 * part itself only has to change with the contents. */
static const StaticFile *find_file(const char *name)
{
	for (const StaticFile *file = static_files; file->name; file++) {
		if (strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

static void write_address(Html *h, const char *name)
{
	const StaticFile *file = find_file(name);

	html(h, "/statisch/");
	html_attr(h, name);
	html(h, "?");
	html_attr(h, file ? file->digest : "");
}

void static_write_links(Html *h)
{
	static const char *const styles[] = {"kern.css", "fira-sans.css", "amtspost.css"};

	for (size_t i = 0; i < G_N_ELEMENTS(styles); i++) {
		html(h, "<link rel=\"stylesheet\" href=\"");
		write_address(h, styles[i]);
		html(h, "\">\n");
	}
	html(h, "<link rel=\"icon\" type=\"image/svg+xml\" href=\"");
	write_address(h, "amtspost.svg");
	html(h, "\">\n<script defer src=\"");
	write_address(h, "amtspost.js");
	html(h, "\"></script>\n");
}

static bool accepts_gzip(const Visit *visit)
{
	const char *accepted = web_request_header(visit->request, "Accept-Encoding");

	return accepted && strstr(accepted, "gzip") != NULL;
}

static bool run_file(Visit *visit, GError **error)
{
	const StaticFile *file = find_file(visit->part);
	const char *known = web_request_header(visit->request, "If-None-Match");
	g_autofree char *tag = NULL;
	bool packed;

	if (!file) {
		failure_set(error, FAILURE_PAGE_UNKNOWN, NULL, "static file %s", visit->part);
		return false;
	}
	tag = g_strdup_printf("\"%s\"", file->digest);
	web_response_header(visit->response, "ETag", tag);
	web_response_header(visit->response, "Vary", "Accept-Encoding");
	web_response_header(
		visit->response, "Cache-Control", "public, max-age=31536000, immutable");
	if (g_strcmp0(known, tag) == 0) {
		web_response_status(visit->response, 304);
		return true;
	}
	packed = file->packed && accepts_gzip(visit);
	if (packed)
		web_response_header(visit->response, "Content-Encoding", "gzip");
	web_response_body(visit->response, file->type,
		packed ? g_bytes_new_static(file->packed, file->packed_size)
		       : g_bytes_new_static(file->data, file->size));
	return true;
}

/* ---- for machines ---- */

static bool run_health(Visit *visit, GError **error)
{
	int64_t generation;

	if (!settings_generation(office_settings(visit->office), &generation, error))
		return false;
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_text(visit->response, "text/plain; charset=utf-8", "ok\n");
	return true;
}

const Route route_static[] = {
	{WEB_GET, "/statisch/*", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_file},
	{WEB_GET, "/healthz", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_health},
	{0},
};
