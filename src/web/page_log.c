/* Protokoll and Zustand. */
#include <string.h>
#include "app/words.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page.h"
#include "web/web_internal.h"

#define ROWS_A_PAGE 100

typedef struct Writing {
	Html *h;
	const char *const *labels;
	int64_t skip;
	int64_t left;
	bool more;
} Writing;

static bool write_row(const AuditRow *row, void *data)
{
	Writing *writing = data;
	g_autofree char *time = NULL;

	if (writing->skip-- > 0)
		return true;
	if (writing->left-- == 0) {
		writing->more = true;
		return false;
	}
	time = clock_format_german(row->time);
	table_row(writing->h);
	table_heading_cell(writing->h, writing->labels[0]);
	html_text(writing->h, time);
	table_cell(writing->h, writing->labels[1]);
	html_text(writing->h, row->actor);
	table_cell(writing->h, writing->labels[2]);
	html_text(writing->h, words_action(row->action));
	table_cell(writing->h, writing->labels[3]);
	html_text(writing->h, row->subject ? row->subject : "–");
	table_cell(writing->h, writing->labels[4]);
	html_text(writing->h, row->detail ? row->detail : "–");
	return true;
}

/* The number of the page that is asked for, from 1. */
static int64_t page_number(const Visit *visit)
{
	const char *text = web_request_query(visit->request, "seite");
	gint64 number = text ? g_ascii_strtoll(text, NULL, 10) : 1;

	return CLAMP(number, 1, 100000);
}

static void write_links(Html *h, int64_t number, bool more)
{
	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\">");
	if (number > 1) {
		html(h, "<a class=\"kern-link\" href=\"/protokoll?seite=");
		html_number(h, number - 1);
		html(h, "\">");
		html_text(h, _("Neuere"));
		html(h, "</a> ");
	}
	if (more) {
		html(h, "<a class=\"kern-link\" href=\"/protokoll?seite=");
		html_number(h, number + 1);
		html(h, "\">");
		html_text(h, _("Ältere"));
		html(h, "</a>");
	}
	html(h, "</nav>\n");
}

static bool run_log(Visit *visit, GError **error)
{
	const char *labels[] = {_("Zeit"), _("Wer"), _("Was"), _("Woran"), _("Einzelheiten"), NULL};
	const char *trail[] = {_("Administration"), _("Protokoll"), NULL};
	const Page page = {
		.title = _("Protokoll"), .trail = trail, .here = "/protokoll", .wide = true};
	int64_t number = page_number(visit);
	Writing writing = {
		.labels = labels, .skip = (number - 1) * ROWS_A_PAGE, .left = ROWS_A_PAGE};
	g_autoptr(Html) h = page_begin(visit, &page);

	writing.h = h;
	html(h, "<p>");
	html_text(h, _("Jede Änderung und jede Anmeldung, die neuesten zuerst. Das Protokoll lässt "
		       "sich nicht "
		       "ändern und nicht löschen; Geheimes steht nicht darin."));
	html(h, "</p>\n");
	table_begin(h, _("Protokoll"), labels);
	if (!audit_each(office_db(visit->office), 0, write_row, &writing, error))
		return false;
	table_end(h);
	write_links(h, number, writing.more);
	return page_end(visit, g_steal_pointer(&h), 200);
}

static bool run_state(Visit *visit, GError **error)
{
	const char *trail[] = {_("Administration"), _("Zustand"), NULL};
	const Page page = {.title = _("Zustand"), .trail = trail, .here = "/zustand"};
	int64_t running = clock_monotonic() - visit->web->started;
	g_autofree char *since = clock_format_german(clock_now() - running / 1000);
	g_autofree char *helpless = g_strdup_printf("%d", atomic_load(&visit->web->helpless));
	Html *h = page_begin(visit, &page);

	(void)error;
	description_begin(h);
	description_text(h, _("Fassung"), AMTSPOST_VERSION);
	description_text(h, _("Läuft seit"), since);
	description_text(h, _("Datenordner"), office_folder(visit->office));
	description_text(h, _("Schlüsseldatei"),
		office_keyring(visit->office) ? _("vorhanden") : _("fehlt"));
	description_text(h, _("Benutzer, die Hilfe brauchen"), helpless);
	description_end(h);
	return page_end(visit, h, 200);
}

const Route route_log[] = {
	{WEB_GET, "/protokoll", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_log},
	{WEB_GET, "/zustand", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_state},
	{0},
};
