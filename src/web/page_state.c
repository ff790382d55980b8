/* Zustand: the program itself, how the outbox stands, and the mail servers in use. */
#include "web/page_state.h"

#include "app/servers.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "web/page.h"
#include "web/web_internal.h"

#define SERVERS_SHOWN 500

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

/* ---- the page ---- */

static bool run_state(Visit *visit, GError **error)
{
	const char *trail[] = {_("Administration"), _("Zustand"), NULL};
	const Page page = {.title = _("Zustand"), .trail = trail, .here = PAGE_STATE, .wide = true};
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
	if (!page_state_outbox(h, visit, error))
		return false;
	write_servers(h, visit->web);
	return page_end(visit, g_steal_pointer(&h), 200);
}

const Route route_state[] = {
	{WEB_GET, PAGE_STATE, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_state},
	{0},
};
