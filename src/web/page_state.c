/* Zustand: the program itself, how the outbox stands, and the mail servers in use. */
#include <inttypes.h>
#include "app/servers.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "outbox/outbox.h"
#include "web/page.h"
#include "web/web_internal.h"

#define SERVERS_SHOWN 500
#define USERS_SHOWN 100

/* ---- the mail servers in use ---- */

static const char *describe_tls(const ServerInUse *server)
{
	return _(settings_get_row(SETTING_IMAP_TLS)->choices[server->tls].label);
}

/* "TLS 1.3", "unverschlüsselt", "–" before the first connection; yours. */
static char *describe_version(const ServerInUse *server)
{
	if (server->seen == 0)
		return g_strdup("–");
	return server->version ? words_tls_version(server->version)
			       : g_strdup(_("unverschlüsselt"));
}

static void write_hints(Html *h, const ServerInUse *server, int64_t now)
{
	bool weak = server_is_weak(server);
	bool ends = server_certificate_ends(server, now);

	if (weak && (server->tls == TLS_MODE_NONE || (server->seen && !server->version)))
		page_badge(h, TONE_WARNING, _("keine Verschlüsselung"));
	else if (weak)
		page_badge(h, TONE_WARNING, _("TLS unter 1.2"));
	if (weak && ends)
		html(h, " ");
	if (ends)
		page_badge(h, TONE_WARNING,
			server->certificate_end < now ? _("Zertifikat abgelaufen")
						      : _("Zertifikat läuft ab"));
	if (!weak && !ends)
		html_text(h, server->seen ? "–" : _("noch nicht verbunden"));
}

static void write_server(Html *h, const char *const *labels, const ServerInUse *server, int64_t now)
{
	g_autofree char *version = describe_version(server);
	g_autofree char *end = clock_format_german(server->certificate_end);

	table_row(h);
	table_heading_cell(h, labels[0]);
	html_text(h, server->host);
	table_cell(h, labels[1]);
	html_text(h, words_protocol(server->protocol));
	table_cell(h, labels[2]);
	html_number(h, server->port);
	table_cell(h, labels[3]);
	html_text(h, describe_tls(server));
	table_cell(h, labels[4]);
	html_number(h, server->users);
	table_cell(h, labels[5]);
	html_text(h, version);
	table_cell(h, labels[6]);
	html_text(h, server->certificate_end ? end : "–");
	table_cell(h, labels[7]);
	write_hints(h, server, now);
}

static void write_as_of(Html *h, int64_t as_of)
{
	g_autofree char *time = clock_format_german(as_of);

	html(h, "<p>");
	html_printf(h,
		_("Stand %s. Gezählt ist, wer nicht gesperrt ist und E-Mail eingeschaltet "
		  "hat; TLS-Version und Zertifikat sind die der letzten Verbindung."),
		time);
	html(h, "</p>\n");
}

static void write_servers(Html *h, Web *web)
{
	const char *labels[] = {_("Server"), _("Protokoll"), _("Port"), _("SSL/TLS"), _("Benutzer"),
		_("TLS-Version"), _("Zertifikat gilt bis"), _("Hinweis"), NULL};
	int64_t as_of;
	g_autoptr(GPtrArray) servers = web_servers(web, &as_of);

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Mailserver in Gebrauch"));
	html(h, "</h2>\n");
	if (!servers) {
		page_alert(h, TONE_INFO, _("Die Mailserver werden gerade zusammengestellt."), NULL);
		return;
	}
	write_as_of(h, as_of);
	if (servers->len == 0) {
		page_alert(h, TONE_INFO, _("Noch verwendet niemand einen Mailserver."), NULL);
		return;
	}
	table_begin(h, _("Mailserver in Gebrauch"), labels);
	for (guint i = 0; i < MIN(servers->len, SERVERS_SHOWN); i++)
		write_server(h, labels, servers->pdata[i], clock_now());
	table_end(h);
	if (servers->len > SERVERS_SHOWN) {
		html(h, "<p>");
		html_printf(h, _("… und %u weitere"), servers->len - SERVERS_SHOWN);
		html(h, "</p>\n");
	}
}

/* ---- the outbox: how much and whose, never what ---- */

static void write_count(Html *h, const char *key, uint64_t count)
{
	g_autofree char *number = g_strdup_printf("%" PRIu64, count);

	description_text(h, key, number);
}

static void write_counts(Html *h, const OutboxCounts *counts)
{
	g_autofree char *oldest = counts->oldest ? clock_format_german(counts->oldest) : NULL;

	description_begin(h);
	write_count(h, _("Auf dem Weg"), counts->queued + counts->sending);
	write_count(h, _("Warten auf einen neuen Versuch"), counts->waiting);
	write_count(h, _("Nicht gesendet"), counts->failed);
	write_count(h, _("Ungewiss, ob gesendet"), counts->unknown);
	write_count(h, _("Gesendet, eine Kopie fehlt noch"), counts->copies);
	if (oldest)
		description_text(h, _("Älteste noch nicht gesendete E-Mail vom"), oldest);
	description_end(h);
}

static void write_user_name(Html *h, const OutboxUser *user)
{
	if (user->user_id == 0) {
		html_printf(h, _("%s (entfernt)"), user->user);
		return;
	}
	html(h, "<a class=\"kern-link\" href=\"/benutzer/");
	html_url(h, user->user);
	html(h, "\">");
	html_text(h, user->user);
	html(h, "</a>");
}

static void write_user(Html *h, const char *const *labels, const OutboxUser *user)
{
	const OutboxCounts *counts = &user->counts;
	const uint64_t numbers[] = {
		counts->waiting, counts->failed, counts->unknown, counts->copies};
	g_autofree char *oldest = counts->oldest ? clock_format_german(counts->oldest) : NULL;

	table_row(h);
	table_heading_cell(h, labels[0]);
	write_user_name(h, user);
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		table_cell(h, labels[i + 1]);
		html_number(h, (int64_t)numbers[i]);
	}
	table_cell(h, labels[5]);
	html_text(h, oldest ? oldest : "–");
}

static void write_users(Html *h, const GPtrArray *users)
{
	const char *labels[] = {_("Benutzer"), _("Warten"), _("Nicht gesendet"), _("Ungewiss"),
		_("Kopie fehlt"), _("Älteste noch nicht gesendet"), NULL};

	if (users->len == 0)
		return;
	table_begin(h, _("Benutzer mit E-Mails, die warten oder nicht gesendet sind"), labels);
	for (guint i = 0; i < MIN(users->len, USERS_SHOWN); i++)
		write_user(h, labels, users->pdata[i]);
	table_end(h);
	if (users->len > USERS_SHOWN) {
		html(h, "<p>");
		html_text(h, _("… und weitere Benutzer"));
		html(h, "</p>\n");
	}
}

static bool write_outbox(Html *h, const Visit *visit, GError **error)
{
	Outbox *outbox = office_outbox(visit->office, error);
	g_autoptr(GPtrArray) users = NULL;
	OutboxCounts counts;

	if (!outbox || !outbox_count(outbox, 0, &counts, error))
		return false;
	users = outbox_users(outbox, USERS_SHOWN + 1, error);
	if (!users)
		return false;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Postausgang der Behörde"));
	html(h, "</h2>\n<p>");
	html_text(
		h, _("Nur Zahlen: Was andere schreiben, sehen Administratoren nicht. Was jemand im "
		     "eigenen Postausgang als erledigt vermerkt hat, zählt nicht mehr."));
	html(h, "</p>\n");
	write_counts(h, &counts);
	write_users(h, users);
	return true;
}

/* ---- the page ---- */

static bool run_state(Visit *visit, GError **error)
{
	const char *trail[] = {_("Administration"), _("Zustand"), NULL};
	const Page page = {.title = _("Zustand"), .trail = trail, .here = "/zustand", .wide = true};
	int64_t running = clock_monotonic() - visit->web->started;
	g_autofree char *since = clock_format_german(clock_now() - running / 1000);
	g_autofree char *helpless = g_strdup_printf("%d", atomic_load(&visit->web->helpless));
	g_autoptr(Html) h = page_begin(visit, &page);

	description_begin(h);
	description_text(h, _("Fassung"), AMTSPOST_VERSION);
	description_text(h, _("Läuft seit"), since);
	description_text(h, _("Datenordner"), office_folder(visit->office));
	description_text(h, _("Schlüsseldatei"),
		office_keyring(visit->office) ? _("vorhanden") : _("fehlt"));
	description_text(h, _("Benutzer, die Hilfe brauchen"), helpless);
	description_end(h);
	if (!write_outbox(h, visit, error))
		return false;
	write_servers(h, visit->web);
	return page_end(visit, g_steal_pointer(&h), 200);
}

const Route route_state[] = {
	{WEB_GET, "/zustand", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_state},
	{0},
};
