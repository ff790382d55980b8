/* The frame: office's name, application bar with menus, path, heading, footer. */
#include "web/page.h"

#include <string.h>
#include "base/i18n.h"
#include "failure/failure.h"
#include "settings/settings.h"
#include "web/api.h"
#include "web/static.h"

typedef struct MenuEntry {
	const char *path;
	const char *label; /* NULL: ends the menu */
} MenuEntry;

typedef struct Menu {
	const char *label;
	bool administrators;
	MenuEntry entries[5];
} Menu;

static const Menu menus[] = {
	{N_("Datei"), false, {{"/einstellungen", N_("Persönliche Einstellungen")}}},
	{N_("E-Mail"), false,
		{{"/importieren", N_("E-Mail importieren")}, {"/senden", N_("E-Mail senden")},
			{"/postausgang", N_("Postausgang")}, {"/archiv", N_("Archiv")}}},
	{N_("Administration"), true,
		{{"/systemsteuerung/schnittstellen", N_("Systemsteuerung")},
			{"/benutzer", N_("Benutzerverwaltung")}, {"/protokoll", N_("Protokoll")},
			{"/zustand", N_("Zustand")}}},
};

/* What a redirect says to the next page, once: nothing but these words. */
static const struct {
	const char *word;
	PageTone tone;
	const char *sentence;
} notices[] = {
	{"gespeichert", TONE_SUCCESS, N_("Die Änderungen sind gespeichert und gelten ab sofort.")},
	{"unveraendert", TONE_INFO, N_("Es war nichts zu ändern.")},
	{"wird-versucht", TONE_INFO,
		N_("Die wartenden E-Mails werden jetzt versucht. Was ein Mailserver auf später "
		   "verschoben hat, wartet weiter.")},
	{"angelegt", TONE_SUCCESS, N_("Der Benutzer ist angelegt.")},
	{"entfernt", TONE_SUCCESS,
		N_("Der Benutzer ist entfernt. Was er abgelegt hat, bleibt im Archiv.")},
	{"gesperrt", TONE_SUCCESS, N_("Der Benutzer ist gesperrt und abgemeldet.")},
	{"freigegeben", TONE_SUCCESS, N_("Der Benutzer kann sich wieder anmelden.")},
	{"importiert", TONE_SUCCESS, N_("Alle Benutzer der Datei sind angelegt.")},
	{"niemand-einzuladen", TONE_INFO,
		N_("Alle Benutzer, die nicht gesperrt sind, haben ein Kennwort.")},
	{"angemeldet", TONE_SUCCESS, N_("Die Anmeldung bei Ihren Postfächern ist gelungen.")},
	{"import-laeuft-weiter", TONE_SUCCESS,
		N_("Die Anmeldung ist gelungen; der Import geht mit derselben Auswahl weiter.")},
	{"anmeldung-entfernt", TONE_SUCCESS,
		N_("Die Anmeldung und ihre Tokendatei sind entfernt.")},
	{"sitzung-beendet", TONE_WARNING,
		N_("Ihre Sitzung ist beendet. Gespeichert wurde nichts; melden Sie sich an, dann "
		   "geht es dort weiter.")},
	{"entwurf-wartet", TONE_WARNING,
		N_("Ihre Sitzung ist beendet. Gesendet wurde nichts; was Sie geschrieben haben, "
		   "wird als Entwurf gespeichert, sobald Sie sich angemeldet haben.")},
	{"wieder-angemeldet", TONE_WARNING,
		N_("Sie sind wieder angemeldet. Gespeichert wurde noch nichts: Bitte prüfen Sie, "
		   "was Sie eingegeben haben, und speichern Sie es noch einmal. Kennwörter geben "
		   "Sie bitte neu ein.")},
	{"neu-angemeldet", TONE_WARNING,
		N_("Sie haben sich inzwischen neu angemeldet. Bitte prüfen und noch einmal "
		   "speichern. Kennwörter geben Sie bitte neu ein.")},
	{"abgemeldet", TONE_INFO, N_("Sie sind abgemeldet.")},
	{"kennwort", TONE_SUCCESS, N_("Das neue Kennwort gilt. Bitte melden Sie sich damit an.")},
	{"kennwort-geaendert", TONE_SUCCESS,
		N_("Das neue Kennwort gilt. Andere Anmeldungen mit Ihrem Namen sind beendet.")},
	{"kennwort-entfernt", TONE_SUCCESS, N_("Die gespeicherten Kennwörter sind entfernt.")},
	{"zugangsdaten-entfernt", TONE_SUCCESS,
		N_("Die Zugangsdaten dieses Postfachs sind entfernt.")},
	{"ausgeblendet", TONE_SUCCESS, N_("Der Ordner wird beim Import ausgeblendet.")},
	{"eingeblendet", TONE_SUCCESS,
		N_("Der Eintrag ist entfernt. Was nur er ausgeblendet hat, wird wieder gezeigt.")},
	{"aktenzeichen", TONE_SUCCESS, N_("Das Aktenzeichen ist gespeichert.")},
	{"zugewiesen", TONE_SUCCESS,
		N_("Das Aktenzeichen ist den ausgewählten E-Mails zugewiesen; wo ein anderes "
		   "stand, "
		   "ist es ersetzt. Das frühere steht im Protokoll.")},
	{"geloescht", TONE_SUCCESS,
		N_("Die E-Mail ist aus dem Archiv gelöscht. Der Grund steht im Protokoll.")},
	{"entwurf-gespeichert", TONE_SUCCESS, N_("Der Entwurf ist gespeichert.")},
	{"entwurf-gerettet", TONE_SUCCESS,
		N_("Sie sind wieder angemeldet. Was Sie geschrieben hatten, ist als Entwurf "
		   "gespeichert. Dateien fügen Sie bitte noch einmal an; gesendet wurde noch "
		   "nichts.")},
	{"entwurf-verworfen", TONE_SUCCESS, N_("Der Entwurf ist verworfen.")},
	{"vielleicht-doppelt", TONE_WARNING,
		N_("Die frühere E-Mail ist vielleicht schon angekommen. Fragen Sie am besten "
		   "nach, bevor Sie diese senden.")},
	{"anlagen-fehlen", TONE_WARNING,
		N_("Nicht alle Anlagen des Originals sind in diesem Entwurf: Zusammen sind sie zu "
		   "groß, oder eine ließ sich nicht lesen.")},
	{"empfaenger-fehlen", TONE_WARNING,
		N_("Das Original hat mehr Empfänger, als eine E-Mail haben kann. In diesem "
		   "Entwurf stehen nur die ersten.")},
	{"erledigt", TONE_SUCCESS,
		N_("Die E-Mail ist erledigt und steht nicht mehr auf der Startseite.")},
	{"nichts-offen", TONE_INFO, N_("Dort steht keine E-Mail mehr aus.")},
	{"standard", TONE_SUCCESS, N_("Es gilt wieder der Standard.")},
};

static char *office_name(const Visit *visit)
{
	g_auto(SettingView) view = {0};
	g_autoptr(GError) ignored = NULL;

	if (!settings_view(office_settings(visit->office), NULL,
		    settings_get_row(SETTING_OFFICE_NAME), &view, &ignored))
		return NULL;
	return g_steal_pointer(&view.value);
}

static void write_head(Html *h, const Page *page, const char *office)
{
	html(h, "<!DOCTYPE html>\n<html lang=\"");
	html_attr(h, _("de"));
	html(h, "\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(h, page->title);
	html(h, " – Amtspost");
	if (office && *office)
		html_printf(h, " – %s", office);
	html(h, "</title>\n");
	static_write_links(h);
	if (page->refresh > 0) {
		html(h, "<noscript><meta http-equiv=\"refresh\" content=\"");
		html_number(h, page->refresh);
		html(h, "\"></noscript>\n");
	}
	html(h, "</head>\n");
}

static void write_menu(Html *h, const Menu *menu, const char *here)
{
	html(h, "<li><details class=\"menu\"><summary>");
	html_text(h, _(menu->label));
	html(h, "</summary><ul>");
	for (const MenuEntry *entry = menu->entries; entry->label; entry++) {
		html(h, "<li><a href=\"");
		html_attr(h, entry->path);
		html(h, "\"");
		html_attribute(
			h, "aria-current", g_strcmp0(entry->path, here) == 0 ? "page" : NULL);
		html(h, ">");
		html_text(h, _(entry->label));
		html(h, "</a></li>");
	}
	html(h, "</ul></details></li>\n");
}

static void write_person(Html *h, const Visit *visit)
{
	const char *name =
		visit->user->display_name ? visit->user->display_name : visit->user->name;

	html(h, "<div class=\"person\"><span>");
	html_text(h, name);
	if (visit->user->admin)
		html_printf(h, " (%s)", _("Administrator"));
	html(h, "</span>");
	form_button(h, visit, "/abmelden", _("Abmelden"), "tertiary");
	html(h, "</div>\n");
}

static void write_bar(Html *h, const Visit *visit, const Page *page)
{
	html(h, "<div class=\"bar\"><div class=\"inner\"><a class=\"brand\" "
		"href=\"/\">Amtspost</a>");
	if (visit->user) {
		html(h, "<nav aria-label=\"");
		html_attr(h, _("Hauptmenü"));
		html(h, "\"><ul>\n");
		for (size_t i = 0; i < G_N_ELEMENTS(menus); i++) {
			if (!menus[i].administrators || visit->user->admin)
				write_menu(h, &menus[i], page->here);
		}
		html(h, "</ul></nav>\n");
		write_person(h, visit);
	}
	html(h, "</div></div>\n");
}

static void write_trail(Html *h, const Page *page)
{
	if (!page->trail || !page->trail[0])
		return;
	html(h, "<p class=\"trail\">");
	for (size_t i = 0; page->trail[i]; i++) {
		if (i > 0)
			html(h, " <span aria-hidden=\"true\">|</span> ");
		html_text(h, page->trail[i]);
	}
	html(h, "</p>\n");
}

static void write_tabs(Html *h, const Page *page)
{
	if (!page->tabs)
		return;
	html(h, "<nav class=\"tabs\" aria-label=\"");
	html_attr(h, _("Abschnitte"));
	html(h, "\"><ul>");
	for (const char *const *tab = page->tabs; *tab; tab += 2) {
		html(h, "<li><a href=\"");
		html_attr(h, tab[0]);
		html(h, "\"");
		html_attribute(h, "aria-current", strcmp(tab[0], page->tab) == 0 ? "page" : NULL);
		html(h, ">");
		html_text(h, tab[1]);
		html(h, "</a></li>");
	}
	html(h, "</ul></nav>\n");
}

static void write_notice(Html *h, const Visit *visit)
{
	const char *word =
		visit->notice ? visit->notice : web_request_query(visit->request, "hinweis");

	for (size_t i = 0; word && i < G_N_ELEMENTS(notices); i++) {
		if (strcmp(notices[i].word, word) == 0)
			page_alert(h, notices[i].tone, _(notices[i].sentence), NULL);
	}
}

Html *page_begin(const Visit *visit, const Page *page)
{
	g_autofree char *office = office_name(visit);
	Html *h = html_new();

	write_head(h, page, office);
	html(h, "<body>\n<a class=\"skip\" href=\"#inhalt\">");
	html_text(h, _("Zum Inhalt"));
	html(h, "</a>\n<header><div class=\"kern-kopfzeile\"><div class=\"inner\">"
		"<span class=\"kern-kopfzeile__label\">");
	html_text(h, office && *office ? office : _("E-Mail-Schnittstelle der Behörde"));
	html(h, "</span></div></div>\n");
	write_bar(h, visit, page);
	html(h, "</header>\n<main id=\"inhalt\" tabindex=\"-1\" class=\"inner");
	html_text(h, page->wide ? " wide" : "");
	html(h, "\">\n");
	write_trail(h, page);
	html(h, "<h1 class=\"kern-heading-large\">");
	html_text(h, page->title);
	html(h, "</h1>\n");
	write_tabs(h, page);
	write_notice(h, visit);
	return h;
}

/* What amtspost.js shows while a form takes its time. */
static void write_waiting(Html *h)
{
	html(h, "<div class=\"waiting\" id=\"wartet\" hidden data-running=\"");
	html_attr(h, _("Der Server wird gefragt. Das kann dauern; Sie können mit „Abbrechen“ "
		       "aufhören."));
	html(h, "\" data-stopped=\"");
	html_attr(h, _("Abgebrochen. Was davor schon geschehen ist, zeigt die Seite, wenn Sie sie "
		       "neu laden."));
	html(h, "\"><p><span role=\"status\"></span> "
		"<span class=\"seconds\" aria-hidden=\"true\"></span></p>"
		"<button type=\"button\" class=\"kern-btn kern-btn--secondary\">"
		"<span class=\"kern-label\">");
	html_text(h, _("Abbrechen"));
	html(h, "</span></button></div>\n");
}

void page_close(Html *h)
{
	write_waiting(h);
	html(h, "</main>\n<footer><div class=\"inner\"><span>Amtspost " AMTSPOST_VERSION "</span>"
		"<a href=\"/hilfe\">");
	html_text(h, _("Hilfe"));
	html(h, "</a><a href=\"/barrierefreiheit\">");
	html_text(h, _("Barrierefreiheit"));
	html(h, "</a><a href=\"/lizenz\">");
	html_text(h, _("Lizenz"));
	html(h, "</a></div></footer>\n</body>\n</html>\n");
}

bool page_end(Visit *visit, Html *h, unsigned status)
{
	page_close(h);
	web_response_status(visit->response, visit->status ? visit->status : status);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_body(visit->response, "text/html; charset=utf-8", html_steal(h));
	html_free(h);
	return true;
}

/* Whether there is more to tell than the sentence does. */
static bool has_technical(const GError *error)
{
	return failure_code(error) != FAILURE_CODE_INPUT &&
	       failure_of(error) != FAILURE_PAGE_PASSWORD &&
	       failure_of(error) != FAILURE_PAGE_TRIES;
}

void page_alert_failure(Html *h, const GError *error)
{
	g_autofree char *sentence = failure_sentence(error);
	g_autofree char *advice = failure_advice_on_page(error);

	html(h, "<div class=\"kern-alert kern-alert--danger\" role=\"alert\">"
		"<div class=\"kern-alert__header\"><span class=\"kern-icon kern-icon--danger\" "
		"aria-hidden=\"true\"></span><span class=\"kern-title\">");
	html_text(h, sentence);
	html(h, "</span></div><div class=\"kern-alert__body\"><p class=\"kern-body\">");
	html_text(h, advice);
	html(h, "</p>");
	if (has_technical(error)) {
		html(h, "<details class=\"technical\"><summary>");
		html_text(h, _("Technische Meldung"));
		html(h, "</summary><p><code>");
		html_text(h, error->message);
		html(h, "</code></p></details>");
	}
	html(h, "</div></div>\n");
}

char *page_field_error(const GError *error, Failure failure)
{
	g_autofree char *sentence = NULL;
	g_autofree char *advice = NULL;

	if (!failure_is(error, failure))
		return NULL;
	sentence = failure_sentence(error);
	advice = failure_advice_on_page(error);
	return g_strconcat(sentence, " ", advice, NULL);
}

bool page_failure(Visit *visit, const GError *error)
{
	const Page page = {.title = failure_is(error, FAILURE_PAGE_UNKNOWN)
					    ? _("Diese Seite gibt es nicht")
					    : _("Das geht so nicht")};
	Html *h = page_begin(visit, &page);

	page_alert_failure(h, error);
	if (failure_is(error, FAILURE_FORM_FOREIGN) && visit->origin) {
		html(h, "<p><a class=\"kern-link\" href=\"");
		html_attr(h, visit->origin);
		html(h, "\">");
		html_text(h, _("Zur Seite mit dem Formular"));
		html(h, "</a></p>\n");
	}
	if (failure_is(error, FAILURE_OUTBOX_UNKNOWN)) {
		html(h, "<p><a class=\"kern-link\" href=\"/postausgang\">");
		html_text(h, _("Zum Postausgang"));
		html(h, "</a></p>\n");
	}
	if (failure_is(error, FAILURE_MAIL_UNKNOWN)) {
		html(h, "<p><a class=\"kern-link\" href=\"/archiv\">");
		html_text(h, _("Zum Archiv"));
		html(h, "</a></p>\n");
	}
	html(h, "<p><a class=\"kern-link\" href=\"/\">");
	html_text(h, _("Zur Startseite"));
	html(h, "</a></p>\n");
	return page_end(visit, h, api_http_status(error));
}
