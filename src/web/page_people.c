/* Benutzerverwaltung: the list, and adding. One user's pages are in page_person.c. */
#include "web/page_people.h"

#include <string.h>
#include "app/people_page.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/web_internal.h"

#define CSV_BODY_LIMIT (PEOPLE_CSV_LIMIT + (size_t)1024 * 1024) /* with its form */

/* ---- the list ---- */

static PageTone sign_in_tone(SignInState state)
{
	switch (state) {
	case SIGN_IN_OK:
		return TONE_SUCCESS;
	case SIGN_IN_UNKNOWN:
	case SIGN_IN_DISABLED:
		return TONE_INFO;
	default:
		return TONE_WARNING;
	}
}

void page_people_name(Html *h, const Person *person)
{
	html(h, "<a class=\"kern-link\" href=\"");
	page_person_path(h, person->user->name, "");
	html(h, "\">");
	html_text(h, person->user->name);
	html(h, "</a>");
	if (person->user->display_name)
		html_printf(h, " – %s", person->user->display_name);
}

static void write_rights(Html *h, const User *user)
{
	if (user->locked)
		page_badge(h, TONE_DANGER, _("gesperrt"));
	if (user->admin)
		page_badge(h, TONE_INFO, _("Administrator"));
	if (user->archive)
		page_badge(h, TONE_INFO, _("Archiv"));
	if (!user->has_password)
		page_badge(h, TONE_WARNING, _("noch kein Kennwort"));
	if (!user->locked && !user->admin && !user->archive && user->has_password)
		html(h, "–");
}

void page_people_sign_in(Html *h, const SignInReport *report)
{
	g_autofree char *since = report->since ? clock_format_german(report->since) : NULL;

	page_badge(h, sign_in_tone(report->state), words_sign_in(report->state));
	if (since)
		html_printf(h, " %s", since);
	if (report->reason && sign_in_tone(report->state) == TONE_WARNING) {
		html(h, "<br>");
		html_text(h, report->reason);
	}
}

static void write_people(Html *h, const GPtrArray *people)
{
	const char *labels[] = {_("Benutzer"), _("Rechte"), _("Schnittstelle"), _("Kontoname"),
		_("Anmeldung am Postfach"), NULL};

	table_begin(h, _("Benutzer"), labels);
	for (guint i = 0; i < people->len; i++) {
		const Person *person = people->pdata[i];

		table_row(h);
		table_heading_cell(h, labels[0]);
		page_people_name(h, person);
		table_cell(h, labels[1]);
		write_rights(h, person->user);
		table_cell(h, labels[2]);
		html_text(h, words_interface(person->interface));
		table_cell(h, labels[3]);
		html_text(h, person->account ? person->account : "–");
		table_cell(h, labels[4]);
		page_people_sign_in(h, &person->sign_in);
	}
	table_end(h);
}

void page_people_search(Html *h, const char *action, const char *text, const char *reason)
{
	html(h, "<form class=\"search\" method=\"get\" action=\"");
	html_attr(h, action);
	html(h, "\" role=\"search\">");
	if (reason && *reason) {
		html(h, "<input type=\"hidden\" name=\"grund\" value=\"");
		html_attr(h, reason);
		html(h, "\">");
	}
	field_input(h, &(Field){.name = "suche",
			       .label = _("Suche in Name, Anzeigename und Kontoname"),
			       .value = text,
			       .type = "search"});
	form_submit(h, _("Suchen"), "secondary", NULL, NULL);
	html(h, "</form>\n");
}

static const char *const *people_tabs(void)
{
	static const char *tabs[9];

	tabs[0] = "/benutzer";
	tabs[1] = _("Alle");
	tabs[2] = "/braucht-hilfe";
	tabs[3] = _("Braucht Hilfe");
	tabs[4] = "/benutzer-neu";
	tabs[5] = _("Anlegen");
	tabs[6] = "/benutzer-import";
	tabs[7] = _("CSV-Import");
	return tabs;
}

Html *page_people_begin(const Visit *visit, const char *tab, bool wide)
{
	const char *trail[] = {_("Administration"), _("Benutzerverwaltung"), NULL};
	const Page page = {
		.title = _("Benutzerverwaltung"),
		.trail = trail,
		.here = "/benutzer",
		.tabs = people_tabs(),
		.tab = tab,
		.wide = wide,
	};

	return page_begin(visit, &page);
}

/* The page *NUMBER of those that TEXT finds, or the last one if there are not that many. */
static GPtrArray *find_people(
	const Visit *visit, const char *text, int64_t *number, int64_t *count, GError **error)
{
	PeopleQuery query = {
		.text = text, .offset = (*number - 1) * PEOPLE_A_PAGE, .limit = PEOPLE_A_PAGE};
	g_autoptr(GPtrArray) people = people_page(visit->office, &query, count, error);
	int64_t there;

	if (!people)
		return NULL;
	there = page_clamp(*number, PEOPLE_A_PAGE, *count);
	if (there == *number)
		return g_steal_pointer(&people);
	*number = there;
	query.offset = (there - 1) * PEOPLE_A_PAGE;
	return people_page(visit->office, &query, count, error);
}

/* What the list shows for the query; NULL: *ERROR. */
static char *make_list(const Visit *visit, const char *text, int64_t number, GError **error)
{
	int64_t count;
	g_autoptr(GPtrArray) people = find_people(visit, text, &number, &count, error);
	g_autofree char *escaped = g_uri_escape_string(text, NULL, FALSE);
	g_autofree char *path = g_strdup_printf("/benutzer?suche=%s&seite=", escaped);
	g_autoptr(Html) h = html_new();

	if (!people)
		return NULL;
	page_people_search(h, "/benutzer", text, NULL);
	if (count == 0) {
		page_alert(h, TONE_INFO, _("Niemand passt zu dieser Suche."), NULL);
	} else {
		write_people(h, people);
		page_numbers(h, path, number, PEOPLE_A_PAGE, count);
	}
	return html_take(h);
}

static bool run_list(Visit *visit, GError **error)
{
	const char *asked = web_request_query(visit->request, "seite");
	const char *searched = web_request_query(visit->request, "suche");
	const char *text = searched ? searched : "";
	int64_t number = CLAMP(asked ? g_ascii_strtoll(asked, NULL, 10) : 1, 1, 1000000);
	g_autofree char *key = g_strdup_printf("benutzer %d %s", (int)number, text);
	g_autofree char *list = NULL;
	int64_t generation;
	Html *h;

	if (!settings_generation(office_settings(visit->office), &generation, error))
		return false;
	/* Right after a change it is to be seen. */
	if (!web_request_query(visit->request, "hinweis"))
		list = piece_cache_get(visit->web->pieces, key, generation);
	if (!list) {
		list = make_list(visit, text, number, error);
		if (!list)
			return false;
		piece_cache_put(visit->web->pieces, key, generation, list);
	}
	h = page_people_begin(visit, "/benutzer", true);
	if (!page_invite_all_offer(h, visit, error)) {
		html_free(h);
		return false;
	}
	html_piece(h, list);
	return page_end(visit, h, 200);
}

/* ---- adding one ---- */

static bool show_add(Visit *visit, const GError *problem)
{
	Html *h = page_people_begin(visit, "/benutzer-neu", false);

	if (problem)
		page_alert_failure(h, problem);
	form_begin(h, visit, "/benutzer-neu");
	field_input(
		h, &(Field){.name = "name",
			   .label = _("Benutzername"),
			   .hint = _("Buchstaben, Ziffern, Punkt, Unterstrich, Bindestrich und @."),
			   .value = visit_field(visit, "name"),
			   .required = true});
	field_input(h, &(Field){.name = "anzeigename",
			       .label = _("Anzeigename (freiwillig)"),
			       .value = visit_field(visit, "anzeigename")});
	field_checkbox(h,
		&(Field){.name = "admin",
			.label = _("Administrator"),
			.hint = _("Darf alles einstellen und andere verwalten.")},
		visit_has(visit, "admin"));
	field_checkbox(h,
		&(Field){.name = "archiv",
			.label = _("Recht Archiv"),
			.hint = _("Sieht alle abgelegten E-Mails, nicht nur die eigenen.")},
		visit_has(visit, "archiv"));
	form_submit(h, _("Benutzer anlegen"), "primary", NULL, NULL);
	form_end(h);
	return page_end(visit, h, problem ? 422 : 200);
}

static bool run_add_form(Visit *visit, GError **error)
{
	(void)error;
	return show_add(visit, NULL);
}

static bool run_add(Visit *visit, GError **error)
{
	const char *display_name = visit_field(visit, "anzeigename");
	g_autoptr(User) user = g_new0(User, 1);
	g_autoptr(GError) problem = NULL;
	g_autofree char *escaped = NULL;
	g_autofree char *path = NULL;

	(void)error;
	user->name = g_strdup(visit_field(visit, "name"));
	user->display_name = *display_name ? g_strdup(display_name) : NULL;
	user->admin = visit_has(visit, "admin");
	user->archive = visit_has(visit, "archiv");
	if (!user_check_display_name(user->display_name, &problem) ||
		!people_add(visit->office, user, NULL, visit->actor, &problem))
		return show_add(visit, problem);
	escaped = g_uri_escape_string(user->name, NULL, FALSE);
	path = g_strdup_printf("/benutzer/%s/office", escaped);
	return visit_redirect(visit, path, "angelegt");
}

/* ---- many from a file ---- */

static void write_csv_form(Html *h, const Visit *visit, const char *csv)
{
	html(h, "<form method=\"post\" action=\"/benutzer-import\" "
		"enctype=\"multipart/form-data\">");
	form_session(h, visit);
	if (csv) {
		html(h, "<textarea name=\"inhalt\" hidden readonly aria-hidden=\"true\">\n");
		html_value(h, csv);
		html(h, "</textarea>");
		form_submit(h, _("Alle anlegen"), "primary", "tun", "anlegen");
	} else {
		html(h, "<div class=\"kern-form-input\"><label class=\"kern-label\" "
			"for=\"datei\">");
		html_text(h, _("CSV-Datei"));
		html(h, "</label><div class=\"kern-hint\" id=\"datei-hinweis\">");
		html_text(h,
			_("UTF-8, Semikolon, Kopfzeile aus name, display_name, admin, archive und "
			  "Einstellungen wie interface oder imap.use-default; höchstens 8 MB. "
			  "Geheimes "
			  "gehört nicht hinein."));
		html(h, "</div><input class=\"kern-form-input__input\" type=\"file\" id=\"datei\" "
			"name=\"datei\" accept=\".csv,text/csv\" required "
			"aria-describedby=\"datei-hinweis\">"
			"</div>\n");
		form_submit(h, _("Vorschau"), "primary", "tun", "vorschau");
	}
	form_end(h);
}

static void write_row_errors(Html *h, const GPtrArray *row_errors)
{
	const char *labels[] = {_("Zeile"), _("Was nicht stimmt"), NULL};

	table_begin(h, _("Fehlerhafte Zeilen"), labels);
	for (guint i = 0; i < MIN(row_errors->len, ROW_ERRORS_SHOWN); i++) {
		const RowError *row_error = row_errors->pdata[i];

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_number(h, row_error->line);
		table_cell(h, labels[1]);
		html_text(h, row_error->sentence);
	}
	table_end(h);
	if (row_errors->len > ROW_ERRORS_SHOWN) {
		html(h, "<p>");
		html_printf(h, _("… und %u weitere"), row_errors->len - ROW_ERRORS_SHOWN);
		html(h, "</p>\n");
	}
}

static bool lacks_account(const Person *person)
{
	return g_strcmp0(person->interface, "disabled") != 0 && !person->account;
}

static void warn_about_accounts(Html *h, const GPtrArray *people)
{
	g_autofree char *sentence = NULL;
	unsigned count = 0;

	for (guint i = 0; i < people->len; i++)
		count += lacks_account(people->pdata[i]);
	if (count == 0)
		return;
	sentence = g_strdup_printf(
		ngettext("%u Benutzer ist noch unvollständig: Der Kontoname (account) fehlt.",
			"%u Benutzer sind noch unvollständig: Der Kontoname (account) fehlt.",
			count),
		count);
	page_alert(h, TONE_WARNING, sentence,
		_("Sie können so angelegt werden; E-Mail gibt es erst mit einem Kontonamen."));
}

static void write_preview(Html *h, const Visit *visit, const GPtrArray *people, const char *csv)
{
	const char *labels[] = {
		_("Benutzer"), _("Rechte"), _("Schnittstelle"), _("Kontoname"), NULL};

	html(h, "<p>");
	html_printf(h,
		ngettext("%u Benutzer wird angelegt; noch ist nichts geändert.",
			"%u Benutzer werden angelegt; noch ist nichts geändert.", people->len),
		people->len);
	html(h, "</p>\n");
	warn_about_accounts(h, people);
	write_csv_form(h, visit, csv);
	table_begin(h, _("Vorschau"), labels);
	for (guint i = 0; i < MIN(people->len, ROW_ERRORS_SHOWN); i++) {
		const Person *person = people->pdata[i];

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_text(h, person->user->name);
		table_cell(h, labels[1]);
		write_rights(h, person->user);
		table_cell(h, labels[2]);
		html_text(h, words_interface(person->interface));
		table_cell(h, labels[3]);
		html_text(h, person->account ? person->account : "–");
		if (lacks_account(person)) {
			html(h, " ");
			page_badge(h, TONE_WARNING, _("fehlt noch"));
		}
	}
	table_end(h);
	if (people->len > ROW_ERRORS_SHOWN) {
		html(h, "<p>");
		html_printf(h, _("… und %u weitere"), people->len - ROW_ERRORS_SHOWN);
		html(h, "</p>\n");
	}
}

static bool run_import_form(Visit *visit, GError **error)
{
	Html *h = page_people_begin(visit, "/benutzer-import", false);

	(void)error;
	write_csv_form(h, visit, NULL);
	return page_end(visit, h, 200);
}

static bool run_import(Visit *visit, GError **error)
{
	size_t size = 0;
	bool keep = strcmp(visit_field(visit, "tun"), "anlegen") == 0;
	const char *file = keep ? NULL : form_file(visit->form, "datei", &size);
	g_autofree char *text = file ? g_strndup(file, size) : NULL;
	const char *csv = keep ? visit_field(visit, "inhalt") : text;
	g_autoptr(GPtrArray) row_errors =
		g_ptr_array_new_with_free_func((GDestroyNotify)row_error_free);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GPtrArray) people = NULL;
	Html *h;

	if (!csv) {
		failure_set(error, FAILURE_FORM_INVALID, NULL, "no file");
		return false;
	}
	people = people_import(visit->office, csv, keep ? strlen(csv) : size, !keep, visit->actor,
		row_errors, &problem);
	if (people && people->len > 0 && keep)
		return visit_redirect(visit, "/benutzer", "importiert");
	h = page_people_begin(visit, "/benutzer-import", true);
	if (people && people->len > 0) {
		write_preview(h, visit, people, csv);
		return page_end(visit, h, 200);
	}
	if (problem)
		page_alert_failure(h, problem);
	else
		page_alert(h, TONE_WARNING, _("Diese Datei nennt keinen Benutzer."),
			_("Unter der Kopfzeile steht keine Zeile. Es wurde niemand angelegt."));
	if (row_errors->len > 0)
		write_row_errors(h, row_errors);
	write_csv_form(h, visit, NULL);
	return page_end(visit, h, 422);
}

const Route route_people[] = {
	{WEB_GET, "/benutzer", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_list},
	{WEB_GET, "/benutzer-neu", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_add_form},
	{WEB_POST, "/benutzer-neu", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_add},
	{WEB_GET, "/benutzer-import", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_import_form},
	{WEB_POST, "/benutzer-import", ROLE_ADMINISTRATOR, WEB_AS_JOB, CSV_BODY_LIMIT, run_import},
	{0},
};
