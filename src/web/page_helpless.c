/* Benutzerverwaltung: who needs help, why, and who can do what about it. */
#include "app/people_page.h"

#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "base/text.h"
#include "web/page_people.h"

#define PATH "/braucht-hilfe"

/* Those that a refusal keeps from the mail they had come first. */
static const SignInState reasons[] = {
	SIGN_IN_REFUSED, SIGN_IN_EXPIRED, SIGN_IN_FAILED, SIGN_IN_MISSING, SIGN_IN_INCOMPLETE};

/* What is asked for. */
typedef struct Filter {
	const char *text;   /* "": any */
	const char *reason; /* the name of a state; "": any */
} Filter;

static size_t rank_of(const Person *person)
{
	size_t rank = 0;

	while (rank < G_N_ELEMENTS(reasons) - 1 && reasons[rank] != person->sign_in.state)
		rank++;
	return rank;
}

/* By reason; within one they stay by name. */
static int compare(const void *one, const void *other)
{
	size_t first = rank_of(*(const Person *const *)one);
	size_t second = rank_of(*(const Person *const *)other);

	return (first > second) - (first < second);
}

static bool holds(const char *text, const char *folded)
{
	g_autofree char *whole = text ? text_fold(text) : NULL;

	return whole && strstr(whole, folded);
}

static void keep_found(GPtrArray *people, const char *text)
{
	g_autofree char *folded = text_fold(text);
	guint i = 0;

	while (i < people->len) {
		const Person *person = people->pdata[i];

		if (holds(person->user->name, folded) ||
			holds(person->user->display_name, folded) || holds(person->account, folded))
			i++;
		else
			g_ptr_array_remove_index(people, i);
	}
}

static void keep_reason(GPtrArray *people, const char *reason)
{
	guint i = 0;

	while (*reason && i < people->len) {
		const Person *person = people->pdata[i];

		if (strcmp(sign_in_state_name(person->sign_in.state), reason) == 0)
			i++;
		else
			g_ptr_array_remove_index(people, i);
	}
}

/* PATH with FILTER's text and REASON, up to "seite=" if MORE; yours. */
static char *make_path(const Filter *filter, const char *reason, const char *more)
{
	g_autofree char *text = g_uri_escape_string(filter->text, NULL, FALSE);
	g_autofree char *why = g_uri_escape_string(reason, NULL, FALSE);

	return g_strdup_printf(PATH "?grund=%s&suche=%s%s", why, text, more);
}

static void write_filter(
	Html *h, const Filter *filter, const char *reason, const char *label, guint count)
{
	g_autofree char *path = make_path(filter, reason, "");

	html(h, "<li><a href=\"");
	html_attr(h, path);
	html(h, "\"");
	html_attribute(h, "aria-current", strcmp(filter->reason, reason) == 0 ? "true" : NULL);
	html(h, ">");
	html_printf(h, "%s: %u", label, count);
	html(h, "</a></li>");
}

/* How many there are of each reason, as links. */
static void write_filters(Html *h, const Filter *filter, const GPtrArray *people)
{
	html(h, "<nav class=\"tabs\" aria-label=\"");
	html_attr(h, _("Nach Grund"));
	html(h, "\"><ul>");
	write_filter(h, filter, "", _("alle Gründe"), people->len);
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		guint count = 0;

		for (guint n = 0; n < people->len; n++)
			count += ((const Person *)people->pdata[n])->sign_in.state == reasons[i];
		if (count > 0)
			write_filter(h, filter, sign_in_state_name(reasons[i]),
				words_sign_in(reasons[i]), count);
	}
	html(h, "</ul></nav>\n");
}

static void write_people(Html *h, const GPtrArray *people, guint from)
{
	const char *labels[] = {_("Benutzer"), _("Kontoname"), _("Anmeldung am Postfach"),
		_("Was zu tun ist"), NULL};

	table_begin(h, _("Braucht Hilfe"), labels);
	for (guint i = from; i < MIN(from + PEOPLE_A_PAGE, people->len); i++) {
		const Person *person = people->pdata[i];

		table_row(h);
		table_heading_cell(h, labels[0]);
		page_people_name(h, person);
		table_cell(h, labels[1]);
		html_text(h, person->account ? person->account : "–");
		table_cell(h, labels[2]);
		page_people_sign_in(h, &person->sign_in);
		table_cell(h, labels[3]);
		html_text(h, words_sign_in_advice(person));
	}
	table_end(h);
}

/* PEOPLE: all who need help; what FILTER does not let through is taken out. */
static void write_found(Html *h, const Visit *visit, const Filter *filter, GPtrArray *people)
{
	const char *asked = web_request_query(visit->request, "seite");
	g_autofree char *path = make_path(filter, filter->reason, "&seite=");
	int64_t number;

	page_people_search(h, PATH, filter->text, filter->reason);
	keep_found(people, filter->text);
	write_filters(h, filter, people);
	keep_reason(people, filter->reason);
	if (people->len == 0) {
		page_alert(h, TONE_INFO, _("Niemand passt zu dieser Suche."), NULL);
		return;
	}
	g_ptr_array_sort(people, compare);
	number = page_clamp(
		asked ? g_ascii_strtoll(asked, NULL, 10) : 1, PEOPLE_A_PAGE, people->len);
	write_people(h, people, (guint)(number - 1) * PEOPLE_A_PAGE);
	page_numbers(h, path, number, PEOPLE_A_PAGE, people->len);
}

static bool run_helpless(Visit *visit, GError **error)
{
	const char *text = web_request_query(visit->request, "suche");
	const char *reason = web_request_query(visit->request, "grund");
	const Filter filter = {.text = text ? text : "", .reason = reason ? reason : ""};
	g_autoptr(GPtrArray) people =
		people_helpless(visit->office, web_request_cancel(visit->request), error);
	guint all = people ? people->len : 0;
	Html *h;

	if (!people)
		return false;
	h = page_people_begin(visit, PATH, true);
	if (all == 0) {
		page_alert(h, TONE_SUCCESS,
			_("Alle, bei denen E-Mail eingeschaltet ist, können sich "
			  "anmelden oder haben es noch nicht versucht."),
			NULL);
		return page_end(visit, h, 200);
	}
	html(h, "<p>");
	html_printf(h,
		ngettext("%u Benutzer kann E-Mail gerade nicht verwenden.",
			"%u Benutzer können E-Mail gerade nicht verwenden.", all),
		all);
	html(h, "</p>\n");
	write_found(h, visit, &filter, people);
	return page_end(visit, h, 200);
}

const Route route_helpless[] = {
	{WEB_GET, PATH, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_helpless},
	{0},
};
