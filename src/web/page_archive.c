/* Archiv: the list, newest first, and the search in it. One mail's page is in page_mail.c. */
#include <inttypes.h>
#include <string.h>
#include "app/viewing.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page.h"
#include "web/web_internal.h"

#define PATH "/archiv"
#define ROWS_A_PAGE 50
#define DAY (24 * 60 * 60)

/* What the address asks for; texts are borrowed from the request. */
typedef struct Asked {
	ArchiveFilter filter;
	const char *words;
	const char *from_day; /* "2026-11-23" */
	const char *to_day;
	bool wrong_day;
} Asked;

static const char *asked_text(const Visit *visit, const char *name)
{
	const char *value = web_request_query(visit->request, name);

	return value && *value ? value : NULL;
}

/* DAYS later than the day TEXT begins, or 0. */
static int64_t asked_day(Asked *asked, const char *text, int64_t days)
{
	int64_t seconds;

	if (!text)
		return 0;
	if (clock_parse(text, &seconds))
		return seconds + days * DAY;
	asked->wrong_day = true;
	return 0;
}

/* "DATE-ID" of the row behind which the page begins. */
static void read_place(const Visit *visit, ArchiveFilter *filter)
{
	const char *place = asked_text(visit, "vor");
	char *end;

	if (!place)
		return;
	filter->before_date = g_ascii_strtoll(place, &end, 10);
	if (*end == '-')
		filter->before_id = g_ascii_strtoll(end + 1, NULL, 10);
}

static void read_asked(const Visit *visit, Asked *asked)
{
	asked->words = asked_text(visit, "suche");
	asked->from_day = asked_text(visit, "von");
	asked->to_day = asked_text(visit, "bis");
	asked->filter = (ArchiveFilter){
		.words = asked->words,
		.case_number = asked_text(visit, "aktenzeichen"),
		.mailbox = asked_text(visit, "postfach"),
		.with_attachments = asked_text(visit, "anlage") != NULL,
		.since = asked_day(asked, asked->from_day, 0),
		.until = asked_day(asked, asked->to_day, 1),
		.limit = ROWS_A_PAGE,
	};
	read_place(visit, &asked->filter);
}

/* ---- the form ---- */

static void write_filters(Html *h, const Asked *asked, const Viewing *viewing)
{
	const ArchiveFilter *filter = &asked->filter;

	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen"),
			       .value = filter->case_number});
	field_input(h, &(Field){.name = "postfach",
			       .label = _("Postfach"),
			       .value = filter->mailbox,
			       .list = "postfaecher"});
	html(h, "<datalist id=\"postfaecher\">");
	for (char **mailbox = viewing->mailboxes; *mailbox; mailbox++) {
		html(h, "<option value=\"");
		html_attr(h, *mailbox);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
	field_input(h, &(Field){.name = "von",
			       .label = _("Von"),
			       .value = asked->from_day,
			       .type = "date"});
	field_input(h,
		&(Field){.name = "bis", .label = _("Bis"), .value = asked->to_day, .type = "date"});
	field_checkbox(h, &(Field){.name = "anlage", .label = _("nur mit Anlage")},
		filter->with_attachments);
}

static bool is_filtered(const Asked *asked)
{
	const ArchiveFilter *filter = &asked->filter;

	return filter->case_number || filter->mailbox || asked->from_day || asked->to_day ||
	       filter->with_attachments;
}

static void write_form(Html *h, const Asked *asked, const Viewing *viewing)
{
	html(h, "<form class=\"search\" method=\"get\" action=\"" PATH "/suche\" role=\"search\">");
	field_input(h, &(Field){.name = "suche",
			       .label = _("Suche in Betreff, Beteiligten, Text und Anlagennamen"),
			       .value = asked->words,
			       .type = "search"});
	html(h, "<details class=\"fold\"");
	html_flag(h, "open", is_filtered(asked));
	html(h, "><summary>");
	html_text(h, _("Eingrenzen"));
	html(h, "</summary>\n");
	write_filters(h, asked, viewing);
	html(h, "</details>\n");
	form_submit(h, _("Suchen"), "secondary", NULL, NULL);
	html(h, "</form>\n");
}

/* ---- the list ---- */

static void write_row(Html *h, const ArchiveRow *row, const char *const *labels)
{
	g_autofree char *date = clock_format_german(row->date);
	g_autofree char *size = words_size(row->size);
	bool unread = row->state == ARCHIVE_UNREAD;

	table_row(h);
	table_heading_cell(h, labels[0]);
	html(h, "<a class=\"kern-link\" href=\"" PATH "/");
	html_number(h, row->id);
	html(h, "\">");
	html_text(h, *row->subject ? row->subject
				   : (unread ? _("(wird noch gelesen)") : _("(ohne Betreff)")));
	html(h, "</a>");
	table_cell(h, labels[1]);
	html_text(h, *row->from ? row->from : "–");
	table_cell(h, labels[2]);
	html_text(h, date);
	table_cell(h, labels[3]);
	html_text(h, size);
	table_cell(h, labels[4]);
	if (row->attachments > 0)
		html_number(h, row->attachments);
	else
		html_text(h, "–");
	table_cell(h, labels[5]);
	html_text(h, row->case_number ? row->case_number : "–");
}

static void write_nothing(Html *h, const Asked *asked, const Viewing *viewing)
{
	if (asked->words || is_filtered(asked))
		page_alert(h, TONE_INFO, _("Keine E-Mail passt zu dieser Suche."),
			_("Jedes Wort muss vorkommen; das letzte darf ein Wortanfang sein."));
	else
		page_alert(h, TONE_INFO, _("Noch keine E-Mail im Archiv"),
			viewing->sees_all
				? _("Hier erscheinen alle importierten und abgelegten E-Mails.")
				: _("Hier erscheinen E-Mails aus Ihren Postfächern und die, die "
				    "Sie selbst abgelegt haben."));
}

/* The address of the next page: the same question, from there on. */
static void write_next(Html *h, const Visit *visit, const ArchivePage *page)
{
	static const char *const names[] = {
		"suche", "aktenzeichen", "postfach", "von", "bis", "anlage"};

	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\"><a class=\"kern-link\" href=\"");
	html_attr(h, web_request_path(visit->request));
	html(h, "?vor=");
	html_number(h, page->before_date);
	html(h, "-");
	html_number(h, page->before_id);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = asked_text(visit, names[i]);

		if (!value)
			continue;
		html(h, "&amp;");
		html_text(h, names[i]);
		html(h, "=");
		html_url(h, value);
	}
	html(h, "\">");
	html_text(h, _("Ältere"));
	html(h, "</a></nav>\n");
}

static void write_list(Html *h, const ArchivePage *page)
{
	const char *labels[] = {_("Betreff"), _("Von"), _("Datum"), _("Größe"), _("Anlagen"),
		_("Aktenzeichen"), NULL};

	table_begin(h, _("E-Mails im Archiv"), labels);
	for (guint i = 0; i < page->rows->len; i++)
		write_row(h, page->rows->pdata[i], labels);
	table_end(h);
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

static bool show(Visit *visit, const Asked *asked, const Viewing *viewing, const ArchivePage *found)
{
	const char *trail[] = {_("E-Mail"), _("Archiv"), NULL};
	const Page page = {.title = _("Archiv"), .trail = trail, .here = PATH, .wide = true};
	Html *h = page_begin(visit, &page);

	write_form(h, asked, viewing);
	if (asked->wrong_day)
		page_alert(h, TONE_WARNING, _("Ein Datum ist keines"),
			_("Bitte geben Sie es in der Form 2026-11-23 an; es wurde nicht "
			  "berücksichtigt."));
	if (found->more && found->rows->len < ROWS_A_PAGE)
		write_cut(h, found);
	if (found->rows->len > 0)
		write_list(h, found);
	else if (!found->more)
		write_nothing(h, asked, viewing);
	if (found->more)
		write_next(h, visit, found);
	return page_end(visit, h, 200);
}

static bool run(Visit *visit, GError **error)
{
	Archive *archive = office_archive(visit->office, error);
	g_auto(Viewing) viewing = {0};
	g_autoptr(ArchivePage) page = NULL;
	Asked asked = {0};

	if (!archive || !viewing_open(visit->office, visit->user, &viewing, error))
		return false;
	read_asked(visit, &asked);
	asked.filter.viewer = viewing_viewer(&viewing);
	page = archive_page(archive, &asked.filter, error);
	return page && show(visit, &asked, &viewing, page);
}

const Route route_archive[] = {
	{WEB_GET, PATH, ROLE_PERSON, WEB_AT_ONCE, 0, run},
	/* Words may take a tenth of a second to find. */
	{WEB_GET, PATH "/suche", ROLE_PERSON, WEB_AS_JOB, 0, run},
	{0},
};
