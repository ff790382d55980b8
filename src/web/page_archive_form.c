/* The archive's search: one field for words, the filters below it, and what narrows the list now as
 * chips that take it away again. */
#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "web/page_archive.h"

static void write_options(Html *h, const char *id, const char *const *values)
{
	html(h, "<datalist id=\"");
	html_attr(h, id);
	html(h, "\">");
	for (; values && *values; values++) {
		html(h, "<option value=\"");
		html_attr(h, *values);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
}

void archive_write_cases(Html *h, const GPtrArray *cases)
{
	html(h, "<datalist id=\"aktenzeichen-liste\" data-complete=\"/api/v1/archive/cases\">");
	for (guint i = 0; cases && i < cases->len; i++) {
		html(h, "<option value=\"");
		html_attr(h, cases->pdata[i]);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
}

static void write_filters(Html *h, const ArchiveAsked *asked, const Viewing *viewing)
{
	const ArchiveFilter *filter = &asked->filter;

	html(h, "<div class=\"filters\">\n");
	field_input(h, &(Field){.name = "aktenzeichen",
			       .label = _("Aktenzeichen"),
			       .value = filter->case_number,
			       .list = "aktenzeichen-liste"});
	field_input(h, &(Field){.name = "postfach",
			       .label = _("Postfach"),
			       .value = filter->mailbox,
			       .list = "postfaecher"});
	write_options(h, "postfaecher", (const char *const *)viewing->mailboxes);
	field_input(h, &(Field){.name = "von",
			       .label = _("Von"),
			       .value = asked->from_day,
			       .type = "date"});
	field_input(h,
		&(Field){.name = "bis", .label = _("Bis"), .value = asked->to_day, .type = "date"});
	field_checkbox(h, &(Field){.name = "anlage", .label = _("nur mit Anlage")},
		filter->with_attachments);
	html(h, "</div>\n");
}

void archive_write_form(Html *h, const ArchiveAsked *asked, const Viewing *viewing)
{
	html(h, "<form class=\"archive-search\" method=\"get\" action=\"" ARCHIVE_PATH
		"/suche\" role=\"search\">\n<div class=\"search\">\n");
	field_input(h, &(Field){.name = "suche",
			       .label = _("Suche in Betreff, Beteiligten, Text und Anlagennamen"),
			       .value = asked->words,
			       .type = "search"});
	form_submit(h, _("Suchen"), "secondary", NULL, NULL);
	html(h, "</div>\n<details class=\"fold\"");
	html_flag(h, "open", asked->wrong_day);
	html(h, "><summary>");
	html_text(h, _("Eingrenzen"));
	html(h, "</summary>\n");
	write_filters(h, asked, viewing);
	html(h, "</details>\n</form>\n");
}

/* ---- chips ---- */

/* KIND and VALUE (nullable) as a link to the same list without the parameter NAME. */
static void write_chip(
	Html *h, const Visit *visit, const char *name, const char *kind, const char *value)
{
	g_autofree char *path = archive_asked_path(visit, name, NULL);

	html(h, "<li><a href=\"");
	html_attr(h, path);
	html(h, "\"><span class=\"kern-sr-only\">");
	html_text(h, _("Filter entfernen:"));
	html(h, " </span>");
	html_text(h, kind);
	if (value) {
		html(h, ": <strong>");
		html_text(h, value);
		html(h, "</strong>");
	}
	html(h, " <span class=\"cross\" aria-hidden=\"true\">×</span></a></li>\n");
}

static void write_day_chip(
	Html *h, const Visit *visit, const char *name, const char *kind, const char *text)
{
	int64_t seconds;
	g_autofree char *day = NULL;

	if (!text || !clock_parse(text, &seconds))
		return;
	/* Noon of that day is that day in every zone of this office. */
	day = clock_format_day(seconds + INT64_C(12) * 60 * 60);
	write_chip(h, visit, name, kind, day);
}

void archive_write_chips(Html *h, const Visit *visit, const ArchiveAsked *asked)
{
	const ArchiveFilter *filter = &asked->filter;

	if (!asked->words && !archive_asked_is_filtered(asked))
		return;
	html(h, "<ul class=\"chips\" aria-label=\"");
	html_attr(h, _("Aktive Filter"));
	html(h, "\">\n");
	if (asked->words)
		write_chip(h, visit, "suche", _("Suche"), asked->words);
	if (filter->case_number)
		write_chip(h, visit, "aktenzeichen", _("Aktenzeichen"), filter->case_number);
	if (filter->mailbox)
		write_chip(h, visit, "postfach", _("Postfach"), filter->mailbox);
	write_day_chip(h, visit, "von", _("Von"), asked->from_day);
	write_day_chip(h, visit, "bis", _("Bis"), asked->to_day);
	if (filter->with_attachments)
		write_chip(h, visit, "anlage", _("nur mit Anlage"), NULL);
	html(h, "<li><a class=\"all\" href=\"" ARCHIVE_PATH "\">");
	html_text(h, _("Alle Filter entfernen"));
	html(h, "</a></li>\n</ul>\n");
}
