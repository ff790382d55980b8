/* Archiv: the list, newest first, and the search in it. One mail's page is in page_mail.c. */
#include "web/page_archive.h"

#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/web_internal.h"

#define PATH "/archiv"
#define CASES_OFFERED 20
#define CASES_MEANT 1000
#define CASES_NAMED 5

/* Case numbers of mails in sight; NULL: not looked up. */
typedef struct Known {
	GPtrArray *cases; /* for completion */
	GPtrArray *meant; /* by the filter; NULL at the end */
	GPtrArray *named; /* by the words of the search */
} Known;

static void known_clear(Known *known)
{
	g_clear_pointer(&known->cases, g_ptr_array_unref);
	g_clear_pointer(&known->meant, g_ptr_array_unref);
	g_clear_pointer(&known->named, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Known, known_clear)

const char *const archive_parameters[] = {
	"suche", "aktenzeichen", "postfach", "von", "bis", "anlage", "vor", NULL};

/* ---- what is asked for ---- */

const char *archive_asked_text(const Visit *visit, const char *name)
{
	const char *value = web_request_method(visit->request) == WEB_POST
				    ? visit_field(visit, name)
				    : web_request_query(visit->request, name);

	return value && *value ? value : NULL;
}

/* DAYS later than the local day TEXT begins, or 0. */
static int64_t asked_day(ArchiveAsked *asked, const char *text, int days)
{
	g_autoptr(GDateTime) utc = NULL;
	g_autoptr(GDateTime) local = NULL;
	g_autoptr(GDateTime) begin = NULL;
	int64_t seconds;

	if (!text)
		return 0;
	if (clock_parse(text, &seconds))
		utc = g_date_time_new_from_unix_utc(seconds);
	if (utc)
		local = g_date_time_new_local(g_date_time_get_year(utc), g_date_time_get_month(utc),
			g_date_time_get_day_of_month(utc), 0, 0, 0);
	if (local)
		begin = g_date_time_add_days(local, days);
	asked->wrong_day |= !begin;
	return begin ? g_date_time_to_unix(begin) : 0;
}

/* "DATE-ID" of the row behind which the page begins. */
static void read_place(ArchiveAsked *asked)
{
	ArchiveFilter *filter = &asked->filter;
	char *end;

	if (!asked->place)
		return;
	filter->before_date = g_ascii_strtoll(asked->place, &end, 10);
	if (*end == '-')
		filter->before_id = g_ascii_strtoll(end + 1, NULL, 10);
}

void archive_asked_read(const Visit *visit, ArchiveAsked *asked)
{
	asked->words = archive_asked_text(visit, "suche");
	asked->from_day = archive_asked_text(visit, "von");
	asked->to_day = archive_asked_text(visit, "bis");
	asked->place = archive_asked_text(visit, "vor");
	asked->filter = (ArchiveFilter){
		.words = asked->words,
		.case_number = archive_asked_text(visit, "aktenzeichen"),
		.mailbox = archive_asked_text(visit, "postfach"),
		.with_attachments = archive_asked_text(visit, "anlage") != NULL,
		.since = asked_day(asked, asked->from_day, 0),
		.until = asked_day(asked, asked->to_day, 1),
		.limit = ARCHIVE_ROWS_A_PAGE,
	};
	read_place(asked);
}

bool archive_asked_is_filtered(const ArchiveAsked *asked)
{
	const ArchiveFilter *filter = &asked->filter;

	return filter->case_number || filter->mailbox || asked->from_day || asked->to_day ||
	       filter->with_attachments;
}

static void add_parameter(GString *query, const char *name, const char *value)
{
	g_string_append_printf(query, "%s%s=", query->len > 0 ? "&" : "", name);
	g_string_append_uri_escaped(query, value, NULL, FALSE);
}

char *archive_asked_path(const Visit *visit, const char *without, const char *place)
{
	g_autoptr(GString) query = g_string_new(NULL);
	bool searches = false;

	for (const char *const *name = archive_parameters; *name; name++) {
		const char *value =
			strcmp(*name, "vor") == 0 ? place : archive_asked_text(visit, *name);

		if (!value || g_strcmp0(*name, without) == 0)
			continue;
		searches |= value != place;
		add_parameter(query, *name, value);
	}
	return g_strconcat(
		searches ? PATH "/suche" : PATH, query->len > 0 ? "?" : "", query->str, NULL);
}

/* ---- the page ---- */

static void write_nothing(Html *h, const ArchiveAsked *asked, const Viewing *viewing)
{
	if (asked->words || archive_asked_is_filtered(asked))
		page_alert(h, TONE_INFO, _("Keine E-Mail passt zu dieser Suche."),
			asked->words ? _("Jedes Wort muss vorkommen; das letzte darf ein "
					 "Wortanfang sein.")
			: asked->filter.case_number
				? _("Beim Aktenzeichen reicht auch der Anfang; Groß- und "
				    "Kleinschreibung sind gleich.")
				: NULL);
	else if (asked->place)
		page_alert(h, TONE_INFO, _("Ältere E-Mails gibt es nicht."), NULL);
	else if (viewing->sees_all)
		page_alert(h, TONE_INFO, _("Noch keine E-Mail im Archiv"),
			_("Hier erscheinen alle importierten und abgelegten E-Mails."));
	else
		page_alert(h, TONE_INFO, _("Hier ist keine E-Mail, die Sie sehen dürfen"),
			_("Hier erscheinen E-Mails aus Ihren Postfächern und die, die Sie selbst "
			  "abgelegt haben. Alle sieht, wer das Recht Archiv hat; ein Administrator "
			  "von Amtspost vergibt es."));
}

static void write_link(Html *h, const char *path, const char *label)
{
	html(h, "<a class=\"kern-link\" href=\"");
	html_attr(h, path);
	html(h, "\">");
	html_text(h, label);
	html(h, "</a>\n");
}

/* The same question: from the newest on, and behind this page. */
static void write_pages(
	Html *h, const Visit *visit, const ArchiveAsked *asked, const ArchivePage *page)
{
	g_autofree char *place =
		g_strdup_printf("%" PRId64 "-%" PRId64, page->before_date, page->before_id);
	g_autofree char *newest = archive_asked_path(visit, NULL, NULL);
	g_autofree char *older = archive_asked_path(visit, NULL, place);

	if (!asked->place && !page->more)
		return;
	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\">");
	if (asked->place)
		write_link(h, newest, _("Neueste"));
	if (page->more)
		write_link(h, older, _("Ältere"));
	html(h, "</nav>\n");
}

/* A search that was cut short: what is on the page is all there is down to that date. */
static void write_cut(Html *h, const ArchivePage *page)
{
	g_autofree char *day = clock_format_day(page->before_date);
	g_autofree char *text =
		g_strdup_printf(_("Durchsucht sind die E-Mails bis zurück zum %s. Mit „Ältere“ "
				  "suchen Sie in den früheren weiter."),
			day);

	page_alert(h, TONE_INFO, _("Noch nicht alles durchsucht"), text);
}

static void write_hints(Html *h, const ArchiveAsked *asked, const ArchivePage *found)
{
	if (asked->wrong_day)
		page_alert(h, TONE_WARNING, _("Ein Datum ist keines"),
			_("Bitte geben Sie es in der Form 2026-11-23 an; es wurde nicht "
			  "berücksichtigt."));
	if (asked->filter.since > 0 && asked->filter.until > 0 &&
		asked->filter.since >= asked->filter.until)
		page_alert(h, TONE_WARNING, _("„Von“ liegt nach „Bis“"),
			_("So passt keine E-Mail. Vielleicht sind die beiden Daten vertauscht."));
	if (found->more && found->rows->len < ARCHIVE_ROWS_A_PAGE)
		write_cut(h, found);
}

/* The words are a case number: mails need not name it. */
static void write_named(Html *h, const GPtrArray *named)
{
	if (!named || named->len == 0)
		return;
	html(h, "<p class=\"note\">");
	html_text(h, _("Meinen Sie das Aktenzeichen?"));
	for (guint i = 0; i < named->len; i++) {
		html(h, " <a class=\"kern-link\" href=\"" PATH "/suche?aktenzeichen=");
		html_url(h, named->pdata[i]);
		html(h, "\">");
		html_printf(h, _("E-Mails mit dem Aktenzeichen %s"), (char *)named->pdata[i]);
		html(h, "</a>");
	}
	html(h, "</p>\n");
}

static bool write_page(Visit *visit, const ArchiveAsked *asked, const Viewing *viewing,
	const ArchivePage *found, const Known *known, const GError *problem)
{
	const char *trail[] = {_("E-Mail"), _("Archiv"), NULL};
	const Page page = {.title = _("Archiv"), .trail = trail, .here = PATH, .wide = true};
	Html *h = page_begin(visit, &page);

	archive_write_uploaded(h, visit, viewing);
	if (problem && !failure_is(problem, FAILURE_CASE_INVALID) &&
		!failure_is(problem, FAILURE_CASE_MISSING))
		page_alert_failure(h, problem);
	archive_write_cases(h, known->cases);
	archive_write_form(h, asked, viewing);
	archive_write_chips(h, visit, asked);
	archive_write_upload(h, visit, problem);
	write_hints(h, asked, found);
	write_named(h, known->named);
	if (found->rows->len > 0)
		archive_write_rows(h, visit, found, problem);
	else if (!found->more)
		write_nothing(h, asked, viewing);
	write_pages(h, visit, asked, found);
	return page_end(visit, h, problem ? api_http_status(problem) : 200);
}

/* The case numbers that the one asked for stands for: itself however it is written, or those that
 * begin so. */
static bool widen_case(Archive *archive, ArchiveAsked *asked, Known *known, GError **error)
{
	ArchiveFilter *filter = &asked->filter;

	if (!filter->case_number)
		return true;
	known->meant = archive_cases_like(
		archive, filter->viewer, filter->case_number, CASES_MEANT, error);
	if (!known->meant)
		return false;
	if (known->meant->len > 0) {
		g_ptr_array_add(known->meant, NULL);
		filter->cases = (const char *const *)known->meant->pdata;
	}
	return true;
}

/* Too dear for what is answered at once. */
static bool look_up_cases(Archive *archive, ArchiveAsked *asked, Known *known, GError **error)
{
	const ArchiveViewer *viewer = asked->filter.viewer;

	known->cases = archive_cases(archive, viewer, "", CASES_OFFERED, error);
	if (!known->cases || !widen_case(archive, asked, known, error))
		return false;
	if (asked->words && !asked->filter.case_number)
		known->named =
			archive_cases_named(archive, viewer, asked->words, CASES_NAMED, error);
	return known->named || !asked->words || asked->filter.case_number;
}

bool archive_show(Visit *visit, const GError *problem, GError **error)
{
	Archive *archive = office_archive(visit->office, error);
	g_auto(Viewing) viewing = {0};
	g_autoptr(ArchivePage) page = NULL;
	g_auto(Known) known = {0};
	ArchiveAsked asked = {0};

	if (!archive || !viewing_open(visit->office, visit->user, &viewing, error))
		return false;
	archive_asked_read(visit, &asked);
	asked.filter.viewer = viewing_viewer(&viewing);
	if (visit->route->place == WEB_AS_JOB && !look_up_cases(archive, &asked, &known, error))
		return false;
	page = archive_page(archive, &asked.filter, error);
	return page && write_page(visit, &asked, &viewing, page, &known, problem);
}

static bool run(Visit *visit, GError **error)
{
	return archive_show(visit, NULL, error);
}

const Route route_archive[] = {
	{WEB_GET, PATH, ROLE_PERSON, WEB_AT_ONCE, 0, run},
	/* Words may take a tenth of a second to find. */
	{WEB_GET, PATH "/suche", ROLE_PERSON, WEB_AS_JOB, 0, run},
	{0},
};
