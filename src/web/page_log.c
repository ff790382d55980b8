/* Protokoll. */
#include <string.h>
#include "app/words.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"
#include "web/page.h"
#include "web/web_internal.h"

#define ROWS_A_PAGE 100
#define ROWS_LOOKED_AT 20000 /* for one page, where person or word leave most of them out */

/* What the log is narrowed to, as it came; "": not at all. */
typedef struct Filter {
	const char *person;
	const char *action;
	const char *word;
	const char *day;
} Filter;

typedef struct Writing {
	Html *h;
	const char *const *labels;
	const char *person; /* folded; "": any */
	const char *word;
	unsigned shown, seen;
	int64_t last_time, last_id; /* of the row that was looked at last */
	bool more;
} Writing;

static bool holds(const char *text, const char *folded)
{
	g_autofree char *own = text ? text_fold(text) : NULL;

	return own && strstr(own, folded);
}

/* Whether the row is one of PERSON's, and has the word in what is shown of it. */
static bool matches(
	const Writing *writing, const AuditRow *row, const char *actor, const char *detail)
{
	if (*writing->person && !holds(row->actor, writing->person) &&
		!holds(row->subject, writing->person))
		return false;
	return !*writing->word || holds(actor, writing->word) ||
	       holds(words_action(row->action), writing->word) ||
	       holds(row->subject, writing->word) || holds(detail, writing->word);
}

static void write_cells(
	const Writing *writing, const AuditRow *row, const char *actor, const char *detail)
{
	const char *const *labels = writing->labels;
	g_autofree char *time = words_exact_time(row->time);

	table_row(writing->h);
	table_heading_cell(writing->h, labels[0]);
	html_text(writing->h, time);
	table_cell(writing->h, labels[1]);
	html_text(writing->h, actor);
	table_cell(writing->h, labels[2]);
	html_text(writing->h, words_action(row->action));
	table_cell(writing->h, labels[3]);
	html_text(writing->h, row->subject ? row->subject : "–");
	table_cell(writing->h, labels[4]);
	html_text(writing->h, detail ? detail : "–");
}

static bool write_row(const AuditRow *row, void *data)
{
	Writing *writing = data;
	g_autofree char *actor = NULL;
	g_autofree char *detail = NULL;

	if (writing->shown == ROWS_A_PAGE || writing->seen == ROWS_LOOKED_AT) {
		writing->more = true;
		return false;
	}
	actor = words_audit_actor(row);
	detail = words_audit_detail(row);
	writing->seen++;
	writing->last_time = row->time;
	writing->last_id = row->id;
	if (matches(writing, row, actor, detail)) {
		write_cells(writing, row, actor, detail);
		writing->shown++;
	}
	return true;
}

/* ---- what is asked for ---- */

static const char *asked(const Visit *visit, const char *name)
{
	const char *value = web_request_query(visit->request, name);

	return value ? value : "";
}

/* The first second of DAY and of the day after, in local time; false: it is none. */
static bool find_day(const char *day, AuditQuery *query)
{
	g_autoptr(GDateTime) utc = NULL;
	g_autoptr(GDateTime) begin = NULL;
	g_autoptr(GDateTime) end = NULL;
	int64_t seconds;

	if (strlen(day) > strlen("23.11.2026") || !clock_parse(day, &seconds))
		return false;
	utc = g_date_time_new_from_unix_utc(seconds);
	begin = g_date_time_new_local(g_date_time_get_year(utc), g_date_time_get_month(utc),
		g_date_time_get_day_of_month(utc), 0, 0, 0);
	end = begin ? g_date_time_add_days(begin, 1) : NULL;
	if (!end)
		return false;
	query->from = g_date_time_to_unix(begin);
	query->to = g_date_time_to_unix(end);
	return true;
}

/* "TIME-ID" of the row before the page; anything else is the newest page. */
static void find_place(const char *place, AuditQuery *query)
{
	g_auto(GStrv) parts = g_strsplit(place, "-", 2);
	guint64 time, id;

	if (g_strv_length(parts) != 2 ||
		!g_ascii_string_to_unsigned(parts[0], 10, 1, INT64_MAX, &time, NULL) ||
		!g_ascii_string_to_unsigned(parts[1], 10, 1, INT64_MAX, &id, NULL))
		return;
	query->before_time = (int64_t)time;
	query->before_id = (int64_t)id;
}

static void write_filter(Html *h, const Filter *filter, bool day_is_bad)
{
	g_autoptr(GArray) options = g_array_new(TRUE, TRUE, sizeof(Option));
	Option any = {.value = "", .label = _("alles")};
	const char *action;

	g_array_append_val(options, any);
	for (size_t i = 0; (action = words_action_at(i)); i++) {
		Option option = {.value = action, .label = words_action(action)};

		g_array_append_val(options, option);
	}
	html(h, "<form class=\"search\" method=\"get\" action=\"/protokoll\" role=\"search\">");
	field_input(h, &(Field){.name = "person",
			       .label = _("Person (wer oder woran)"),
			       .value = filter->person,
			       .type = "search"});
	field_select(h, &(Field){.name = "was", .label = _("Was"), .value = filter->action},
		(const Option *)(void *)options->data);
	field_input(h, &(Field){.name = "wort",
			       .label = _("Wort in der Zeile"),
			       .value = filter->word,
			       .type = "search"});
	field_input(h, &(Field){.name = "tag",
			       .label = _("Tag"),
			       .value = filter->day,
			       .type = "date",
			       .error = day_is_bad ? _("Das ist kein Tag. Bitte so angeben: "
						       "23.11.2026.")
						   : NULL});
	form_submit(h, _("Anzeigen"), "secondary", NULL, NULL);
	html(h, "</form>\n");
}

static void write_parameter(Html *h, const char *name, const char *value)
{
	if (!*value)
		return;
	html_text(h, name);
	html(h, "=");
	html_url(h, value);
	html(h, "&amp;");
}

static void open_link(Html *h, const Filter *filter)
{
	html(h, "<a class=\"kern-link\" href=\"/protokoll?");
	write_parameter(h, "person", filter->person);
	write_parameter(h, "was", filter->action);
	write_parameter(h, "wort", filter->word);
	write_parameter(h, "tag", filter->day);
}

static void write_links(Html *h, const Filter *filter, const Writing *writing, bool is_later)
{
	html(h, "<nav class=\"pages\" aria-label=\"");
	html_attr(h, _("Seiten"));
	html(h, "\">");
	if (is_later) {
		open_link(h, filter);
		html(h, "\">");
		html_text(h, _("Neueste"));
		html(h, "</a> ");
	}
	if (writing->more) {
		open_link(h, filter);
		html(h, "vor=");
		html_number(h, writing->last_time);
		html(h, "-");
		html_number(h, writing->last_id);
		html(h, "\">");
		html_text(h, _("Ältere"));
		html(h, "</a>");
	}
	html(h, "</nav>\n");
}

static void write_end(Html *h, const Filter *filter, const Writing *writing, bool is_later)
{
	table_end(h);
	if (writing->shown == 0 && !writing->more)
		page_alert(h, TONE_INFO, _("Keine Zeile passt dazu."), NULL);
	else if (writing->more && writing->shown < ROWS_A_PAGE)
		page_alert(h, TONE_INFO,
			_("Hier wurde erst ein Teil des Protokolls durchsucht; „Ältere“ sucht "
			  "weiter."),
			NULL);
	write_links(h, filter, writing, is_later);
}

static bool run_log(Visit *visit, GError **error)
{
	const char *labels[] = {_("Zeit"), _("Wer"), _("Was"), _("Woran"), _("Einzelheiten"), NULL};
	const char *trail[] = {_("Administration"), _("Protokoll"), NULL};
	const Page page = {
		.title = _("Protokoll"), .trail = trail, .here = "/protokoll", .wide = true};
	const Filter filter = {.person = asked(visit, "person"),
		.action = asked(visit, "was"),
		.word = asked(visit, "wort"),
		.day = asked(visit, "tag")};
	AuditQuery query = {.action = *filter.action ? filter.action : NULL};
	bool day_is_bad = *filter.day && !find_day(filter.day, &query);
	g_autofree char *person = text_fold(filter.person);
	g_autofree char *word = text_fold(filter.word);
	Writing writing = {.labels = labels, .person = person, .word = word};
	g_autoptr(Html) h = page_begin(visit, &page);

	find_place(asked(visit, "vor"), &query);
	writing.h = h;
	html(h, "<p>");
	html_text(h, _("Jede Änderung und jede Anmeldung, die neuesten zuerst. Das Protokoll lässt "
		       "sich nicht "
		       "ändern und nicht löschen; Geheimes steht nicht darin."));
	html(h, "</p>\n");
	write_filter(h, &filter, day_is_bad);
	table_begin(h, _("Protokoll"), labels);
	if (!audit_find(office_db(visit->office), &query, write_row, &writing, error))
		return false;
	write_end(h, &filter, &writing, query.before_id != 0);
	return page_end(visit, g_steal_pointer(&h), day_is_bad ? 422 : 200);
}

const Route route_log[] = {
	{WEB_GET, "/protokoll", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_log},
	{0},
};
