/* Hilfe, Barrierefreiheit, Lizenz: what every page's footer leads to. */
#include "base/i18n.h"
#include "web/page.h"

static void write_section(Html *h, const char *heading, const char *text)
{
	html(h, "<h2 class=\"kern-heading-small\">");
	html_text(h, heading);
	html(h, "</h2><p>");
	html_text(h, text);
	html(h, "</p>\n");
}

static bool run_help(Visit *visit, GError **error)
{
	const Page page = {.title = _("Hilfe")};
	Html *h = page_begin(visit, &page);

	(void)error;
	write_section(h, _("Anmelden"),
		_("Sie melden sich mit dem Benutzernamen und dem Kennwort für Amtspost an. Haben "
		  "Sie noch "
		  "keines oder es vergessen, erstellt ein Administrator in der Benutzerverwaltung "
		  "einen Link, "
		  "mit dem Sie ein neues wählen."));
	write_section(h, _("Ihr Postfach"),
		_("Unter „Datei | Persönliche Einstellungen“ steht, mit welchem Postfach Sie "
		  "arbeiten und ob die "
		  "Anmeldung dort gilt. Bei Outlook/Office 365 führt „Authentifizierung“ durch die "
		  "Anmeldung im "
		  "Browser; bei Standard geben Sie dort das Kennwort Ihres Postfachs ein."));
	write_section(h, _("Wenn etwas nicht geht"),
		_("„Verbindung prüfen“ geht den Weg Schritt für Schritt und sagt bei jedem "
		  "gescheiterten, was zu "
		  "tun ist und von wem. Was dort steht, enthält nichts Geheimes und kann an die IT "
		  "gehen."));
	write_section(h, _("Postfächer und Ordner"),
		_("Welche Ordner beim Import ausgeblendet sind, bestimmen Sie in den persönlichen "
		  "Einstellungen; "
		  "„Standard wiederherstellen“ führt zur üblichen Liste zurück."));
	return page_end(visit, h, 200);
}

static bool run_accessibility(Visit *visit, GError **error)
{
	const Page page = {.title = _("Erklärung zur Barrierefreiheit")};
	Html *h = page_begin(visit, &page);

	(void)error;
	write_section(h, _("Stand"),
		_("Diese Seiten sind nach der BITV 2.0 und der WCAG 2.1, Stufe AA, gestaltet: mit "
		  "der Tastatur "
		  "allein bedienbar, mit Vorlesesoftware, in dunkler Darstellung, mit erzwungenen "
		  "Farben und bei "
		  "200 % Vergrößerung. Sie verwenden das Designsystem KERN. Geprüft wird das bei "
		  "jeder Änderung mit "
		  "axe; eine Prüfung durch eine unabhängige Stelle steht aus."));
	write_section(h, _("Etwas stört Sie"),
		_("Bitte wenden Sie sich an die IT Ihrer Behörde und nennen Sie die Seite und was "
		  "Sie tun wollten. "
		  "Hilft das nicht, ist die Schlichtungsstelle nach § 16 BGG oder die Ihres Landes "
		  "zuständig."));
	return page_end(visit, h, 200);
}

static bool run_licence(Visit *visit, GError **error)
{
	const Page page = {.title = _("Lizenz")};
	Html *h = page_begin(visit, &page);

	(void)error;
	write_section(h, "Amtspost", _("Apache-2.0. Der Text liegt dem Programm bei."));
	write_section(h, "KERN (@kern-ux/native)",
		_("Das Designsystem der deutschen Verwaltung, EUPL-1.2; unverändert eingebunden."));
	write_section(h, "Fira Sans", _("Die Schrift, SIL Open Font License 1.1."));
	return page_end(visit, h, 200);
}

const Route route_help[] = {
	{WEB_GET, "/hilfe", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_help},
	{WEB_GET, "/barrierefreiheit", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_accessibility},
	{WEB_GET, "/lizenz", ROLE_ANYBODY, WEB_AT_ONCE, 0, run_licence},
	{0},
};
