/* Benutzerverwaltung: invitations, one or for everybody who has no password yet. Links are secrets:
 * each is told once, to the administrator who asked for it. */
#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "web/page_people.h"
#include "web/web_internal.h"

#define INVITED_COLUMNS 5
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* so that Excel reads UTF-8 */

char *page_invitation_link(const Visit *visit, const char *token)
{
	const char *host = web_request_header(visit->request, "Host");

	return g_strdup_printf("%s://%s/einladung?k=%s",
		web_request_is_secure(visit->request) ? "https" : "http", host ? host : "localhost",
		token);
}

/* The link stands on this page alone. */
static bool run_invite(Visit *visit, GError **error)
{
	g_autofree char *token = NULL;
	g_autofree char *link = NULL;
	Html *h;

	if (!invitation_make(office_db(visit->office), visit->part, visit->actor, &token, error))
		return false;
	link = page_invitation_link(visit, token);
	h = page_person_begin(visit, visit->part, "", false);
	page_alert(h, TONE_SUCCESS, _("Der Link ist erstellt"),
		_("Er gilt einmal und sieben Tage lang; frühere Links dieses Benutzers gelten "
		  "nicht mehr. Wer "
		  "ihn öffnet, wählt das Kennwort. Bitte geben Sie ihn nur diesem Benutzer."));
	html(h, "<p><code id=\"link\">");
	html_text(h, link);
	html(h, "</code></p><button type=\"button\" hidden class=\"kern-btn kern-btn--secondary\" "
		"data-copy=\"link\" data-done=\"");
	html_attr(h, _("Kopiert"));
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Link kopieren"));
	html(h, "</span></button>\n");
	return page_end(visit, h, 200);
}

/* ---- everybody who has no password ---- */

/* Looks through all users: what was found is good for a second, but not right after a change. */
static bool count_wanting(const Visit *visit, int64_t *count, GError **error)
{
	PieceCache *pieces = visit->web->pieces;
	bool fresh = web_request_query(visit->request, "hinweis") != NULL;
	g_autofree char *known = fresh ? NULL : piece_cache_get(pieces, "ohne-kennwort", 0);
	g_autofree char *found = NULL;

	if (known) {
		*count = g_ascii_strtoll(known, NULL, 10);
		return true;
	}
	if (!invitation_count_wanting(office_db(visit->office), count, error))
		return false;
	found = g_strdup_printf("%" PRId64, *count);
	piece_cache_put(pieces, "ohne-kennwort", 0, found);
	return true;
}

bool page_invite_all_offer(Html *h, const Visit *visit, GError **error)
{
	int64_t count;

	if (!count_wanting(visit, &count, error))
		return false;
	if (count == 0)
		return true;
	html(h, "<details class=\"fold\" data-download");
	html_flag(h, "open",
		g_strcmp0(web_request_query(visit->request, "hinweis"), "importiert") == 0);
	html(h, "><summary>");
	html_text(h, _("Alle ohne Kennwort einladen"));
	html(h, "</summary><p>");
	html_printf(h,
		ngettext("%d Benutzer hat noch kein Kennwort. Sie erhalten eine CSV-Datei mit "
			 "einem Link, "
			 "zum Beispiel für einen Serienbrief. Jeder Link gilt einmal und sieben "
			 "Tage lang; ein früherer Link dieses Benutzers gilt dann nicht mehr.",
			"%d Benutzer haben noch kein Kennwort. Sie erhalten eine CSV-Datei mit "
			"einem Link für jeden, "
			"zum Beispiel für einen Serienbrief. Jeder Link gilt einmal und sieben "
			"Tage lang; frühere Links dieser Benutzer gelten dann nicht mehr.",
			(unsigned long)count),
		(int)count);
	html(h, " ");
	html_text(h, _("Wer einen Link öffnet, wählt das Kennwort: Bitte geben Sie jeden nur dem "
		       "Benutzer, für den er ist, und löschen Sie die Datei danach."));
	html(h, "</p>\n");
	form_button(
		h, visit, "/benutzer-einladen", _("Links als CSV-Datei herunterladen"), "primary");
	html(h, "</details>\n");
	return true;
}

/* Spreadsheets take what begins with one of these for a formula; behind an apostrophe it is text.
 */
static void add_cell(GString *csv, const char *text)
{
	g_string_append_c(csv, '"');
	if (text && *text && strchr("=+-@\t\r", *text))
		g_string_append_c(csv, '\'');
	for (; text && *text; text++) {
		if (*text == '"')
			g_string_append_c(csv, '"');
		g_string_append_c(csv, *text);
	}
	g_string_append_c(csv, '"');
}

static void add_row(GString *csv, const char *const *cells)
{
	for (size_t i = 0; i < INVITED_COLUMNS; i++) {
		if (i > 0)
			g_string_append_c(csv, ';');
		add_cell(csv, cells[i]);
	}
	g_string_append(csv, "\r\n");
}

static char *write_csv(const Visit *visit, const GPtrArray *all, const char *until)
{
	GString *csv =
		g_string_new(BYTE_ORDER_MARK "name;display_name;account;link;gueltig_bis\r\n");

	for (guint i = 0; i < all->len; i++) {
		const Invited *invited = all->pdata[i];
		g_autofree char *link = page_invitation_link(visit, invited->token);

		add_row(csv, (const char *[INVITED_COLUMNS]){invited->name, invited->display_name,
				     invited->account, link, until});
	}
	return g_string_free(csv, FALSE);
}

static bool run_invite_all(Visit *visit, GError **error)
{
	/* Before the links are made, so that they are not promised for longer than they hold. */
	g_autofree char *until = clock_format_german(clock_now() + INVITATION_SECONDS);
	g_autoptr(GPtrArray) all =
		invitation_make_all(office_db(visit->office), visit->actor, error);
	g_autofree char *csv = NULL;

	if (!all)
		return false;
	if (all->len == 0)
		return visit_redirect(visit, "/benutzer", "niemand-einzuladen");
	csv = write_csv(visit, all, until);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_header(visit->response, "Content-Disposition",
		"attachment; filename=\"amtspost-einladungen.csv\"");
	web_response_text(visit->response, "text/csv; charset=utf-8", csv);
	return true;
}

const Route route_invite[] = {
	{WEB_POST, "/benutzer/*/einladen", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_invite},
	{WEB_POST, "/benutzer-einladen", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_invite_all},
	{0},
};
