/* Systemsteuerung: the global scope, for all users at once. */
#include <inttypes.h>
#include <string.h>
#include "app/people_page.h"
#include "app/words.h"
#include "base/certificate_file.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "oauth/oauth.h"
#include "web/setting_form.h"
#include "web/web_internal.h"

#define PATH_MAIL "/systemsteuerung/schnittstellen"
#define PATH_OAUTH "/systemsteuerung/oauth"
#define PATH_OFFICE "/systemsteuerung/behoerde"

#define CERTIFICATES_SHOWN 10

/* One page of the Systemsteuerung. */
typedef struct Sheet {
	const char *path;
	const char *title;
	const SettingKey *keys;
	size_t count;
	void (*show)(Html *h, const SettingForm *form);
} Sheet;

/* ---- IMAP and SMTP ---- */

static const SettingKey mail_keys[] = {SETTING_NETWORK_TIMEOUT, SETTING_TLS_CA_FILE,
	SETTING_IMAP_HOST, SETTING_IMAP_PORT, SETTING_IMAP_TLS, SETTING_IMAP_PROXY_TYPE,
	SETTING_IMAP_PROXY_HOST, SETTING_IMAP_PROXY_PORT, SETTING_IMAP_PROXY_USERNAME,
	SETTING_IMAP_PROXY_PASSWORD, SETTING_IMAP_USERNAME, SETTING_IMAP_PASSWORD,
	SETTING_SMTP_HOST, SETTING_SMTP_PORT, SETTING_SMTP_TLS, SETTING_SMTP_PROXY_TYPE,
	SETTING_SMTP_PROXY_HOST, SETTING_SMTP_PROXY_PORT, SETTING_SMTP_PROXY_USERNAME,
	SETTING_SMTP_PROXY_PASSWORD, SETTING_SMTP_USERNAME, SETTING_SMTP_PASSWORD};

/* The keys of the second protocol follow the first one's in the same order. */
#define OF(protocol, key)                                                                          \
	((SettingKey)((key) + (protocol) * (SETTING_SMTP_HOST - SETTING_IMAP_HOST)))

/* How many have no password of their own and so sign in with the one that is stored here. */
static char *make_shared(const SettingForm *form, int protocol)
{
	bool imap = protocol == MAIL_PROTOCOL_IMAP;
	g_autoptr(GError) ignored = NULL;
	PeopleReach reach;

	if (!people_reach(form->visit->office, &reach, &ignored))
		return NULL;
	return g_strdup_printf(
		imap ? _("Ein Kennwort an dieser Stelle verwenden alle mit „Verwende Default "
			 "IMAP“, die kein eigenes haben; Anzahl der Benutzer zurzeit: %d.")
		     : _("Ein Kennwort an dieser Stelle verwenden alle mit „Verwende Default "
			 "SMTP“, die kein eigenes haben; Anzahl der Benutzer zurzeit: %d."),
		(int)(imap ? reach.imap_shared : reach.smtp_shared));
}

static void tell_shared(Html *h, const SettingForm *form, int protocol)
{
	const char *key = protocol == MAIL_PROTOCOL_IMAP ? "shared-imap" : "shared-smtp";
	PieceCache *pieces = form->visit->web->pieces;
	g_autofree char *sentence = piece_cache_get(pieces, key, form->generation);

	if (!sentence) {
		sentence = make_shared(form, protocol);
		if (!sentence)
			return;
		piece_cache_put(pieces, key, form->generation, sentence);
	}
	html(h, "<p class=\"note\">");
	html_text(h, sentence);
	html(h, "</p>\n");
}

static void show_login(Html *h, const SettingForm *form, int protocol)
{
	const SettingLook look = {
		.why = _("Nur für einen Server, an dem sich alle mit demselben Konto anmelden.")};

	setting_form_fold(h, form, _("Gemeinsame Anmeldung (selten nötig)"),
		OF(protocol, SETTING_IMAP_USERNAME), OF(protocol, SETTING_IMAP_PASSWORD),
		form->by_key[OF(protocol, SETTING_IMAP_PASSWORD)]->set);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_USERNAME), &look);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_PASSWORD), NULL);
	tell_shared(h, form, protocol);
	html(h, "</details>\n");
}

static void show_protocol(Html *h, const SettingForm *form, int protocol)
{
	html(h, "<fieldset><legend>");
	html_text(h, words_protocol(protocol));
	html(h, "</legend>\n");
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_HOST), NULL);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_PORT), NULL);
	setting_form_tls(h, form, OF(protocol, SETTING_IMAP_TLS), NULL);
	setting_form_proxy(h, form, OF(protocol, SETTING_IMAP_PROXY_TYPE));
	show_login(h, form, protocol);
	html(h, "</fieldset>\n");
}

static char *make_reach(const Visit *visit, GError **error)
{
	PeopleReach reach;

	if (!people_reach(visit->office, &reach, error))
		return NULL;
	return g_strdup_printf(_("Eine Änderung bei IMAP gilt sofort für alle mit „Verwende "
				 "Default IMAP“ (%1$d), bei SMTP für "
				 "alle mit „Verwende Default SMTP“ (%2$d)."),
		(int)reach.imap, (int)reach.smtp);
}

static void tell_reach(Html *h, const SettingForm *form)
{
	PieceCache *pieces = form->visit->web->pieces;
	g_autofree char *sentence = piece_cache_get(pieces, "reach", form->generation);
	g_autoptr(GError) ignored = NULL;

	if (!sentence) {
		sentence = make_reach(form->visit, &ignored);
		if (!sentence)
			return;
		piece_cache_put(pieces, "reach", form->generation, sentence);
	}
	html(h, "<p class=\"note\">");
	html_text(h, sentence);
	html(h, "</p>\n");
}

/* Whom the stored file makes trusted. What is wrong with it is among the warnings. */
static void show_authorities(Html *h, const SettingForm *form)
{
	const char *path = form->by_key[SETTING_TLS_CA_FILE]->stored;
	g_auto(CertificateFile) file = {0};

	if (!path || !*path || !certificate_file_read(path, &file) || file.certificates->len == 0)
		return;
	html(h, "<p class=\"note\">");
	html_printf(h,
		ngettext("%u Zertifikat in „%s“:", "%u Zertifikate in „%s“:",
			file.certificates->len),
		file.certificates->len, path);
	html(h, "</p><ul class=\"note\">\n");
	for (guint i = 0; i < MIN(file.certificates->len, CERTIFICATES_SHOWN); i++) {
		const Certificate *certificate = file.certificates->pdata[i];
		g_autofree char *end = clock_format_german(certificate->expires);

		html(h, "<li>");
		html_printf(h, _("%s, gültig bis %s"), certificate->subject, end);
		if (certificate->expires < clock_now()) {
			html(h, " ");
			page_badge(h, TONE_WARNING, _("abgelaufen"));
		}
		html(h, "</li>\n");
	}
	if (file.certificates->len > CERTIFICATES_SHOWN) {
		html(h, "<li>");
		html_printf(h, _("… und %u weitere"), file.certificates->len - CERTIFICATES_SHOWN);
		html(h, "</li>\n");
	}
	html(h, "</ul>\n");
}

static void show_mail(Html *h, const SettingForm *form)
{
	html(h, "<fieldset><legend>");
	html_text(h, _("Für alle Verbindungen"));
	html(h, "</legend><div class=\"columns\">\n");
	setting_form_field(h, form, SETTING_NETWORK_TIMEOUT, NULL);
	setting_form_field(h, form, SETTING_TLS_CA_FILE, NULL);
	html(h, "</div>\n");
	show_authorities(h, form);
	html(h, "</fieldset>\n<div class=\"columns\">\n");
	show_protocol(h, form, MAIL_PROTOCOL_IMAP);
	show_protocol(h, form, MAIL_PROTOCOL_SMTP);
	html(h, "</div>\n");
	tell_reach(h, form);
}

/* ---- OAuth ---- */

static const SettingKey oauth_keys[] = {SETTING_OAUTH_AUTHORITY, SETTING_OAUTH_TENANT,
	SETTING_OAUTH_CLIENT_ID, SETTING_OAUTH_CLIENT_SECRET, SETTING_OAUTH_REDIRECT_URI,
	SETTING_OAUTH_SCOPES, SETTING_OAUTH_TOKEN_FOLDER};

/* TEXT with a button that copies it, where scripts run. */
static void show_copyable(Html *h, const char *id, const char *label, const char *text)
{
	html(h, "<h3 class=\"kern-title\">");
	html_text(h, label);
	html(h, "</h3><p><code id=\"");
	html_attr(h, id);
	html(h, "\">");
	html_text(h, text);
	html(h, "</code></p><button type=\"button\" hidden class=\"kern-btn kern-btn--tertiary\" "
		"data-copy=\"");
	html_attr(h, id);
	html(h, "\" data-done=\"");
	html_attr(h, _("Kopiert"));
	html(h, "\"><span class=\"kern-label\">");
	html_text(h, _("Kopieren"));
	html(h, "</span></button>\n");
}

static void show_scopes(Html *h, const char *scopes)
{
	const char *labels[] = {_("Berechtigung"), _("Wofür"), NULL};
	g_auto(GStrv) parts = g_strsplit(scopes ? scopes : "", " ", -1);

	html(h, "<h3 class=\"kern-title\">");
	html_text(h, _("Berechtigungen"));
	html(h, "</h3>\n");
	table_begin(h, _("Berechtigungen"), labels);
	for (char **part = parts; *part; part++) {
		const char *reason = oauth_permission_reason(*part);

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_text(h, *part);
		table_cell(h, labels[1]);
		html_text(h, reason ? reason : "–");
	}
	table_end(h);
}

static void show_note(Html *h, const char *text)
{
	html(h, "<p class=\"note\">");
	html_text(h, text);
	html(h, "</p>\n");
}

/* The address to register does not need the id that only the registration gives. */
static void show_redirect(Html *h, const SettingForm *form)
{
	const char *value = form->by_key[SETTING_OAUTH_REDIRECT_URI]->value;
	const char *host = web_request_header(form->visit->request, "Host");
	OauthClient client = {.redirect_uri = value && *value ? g_strdup(value) : NULL};
	g_autofree char *redirect = oauth_redirect_uri(&client, 0);
	g_autofree char *own = g_strconcat("https://", host, OAUTH_REDIRECT_PATH, NULL);

	show_copyable(h, "umleitung", _("Umleitungsadresse"), redirect);
	if (host && web_request_is_secure(form->visit->request) && strcmp(own, redirect) != 0) {
		show_copyable(h, "umleitung-seite", _("Umleitungsadresse dieser Seite"), own);
		show_note(h,
			_("Damit kommt von selbst hierher zurück, wer sich auf dieser Seite "
			  "anmeldet. Registrieren Sie dafür diese Adresse und tragen Sie sie oben "
			  "als Umleitungsadresse ein."));
	}
	oauth_client_clear(&client);
}

/* What the administrator of the identity service needs. */
static void show_registration(Html *h, const SettingForm *form)
{
	g_auto(OauthClient) client = {0};
	g_autoptr(GError) missing = NULL;

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Für die Registrierung beim Anmeldedienst"));
	html(h, "</h2>\n");
	show_redirect(h, form);
	show_scopes(h, form->by_key[SETTING_OAUTH_SCOPES]->value);
	if (settings_resolve_client(office_settings(form->visit->office), &client, &missing)) {
		g_autofree char *consent = oauth_consent_url(&client);

		show_copyable(h, "zustimmung", _("Adresse für die Zustimmung des Administrators"),
			consent);
	} else if (failure_is(missing, FAILURE_SETTING_MISSING)) {
		show_note(
			h, _("Die Adresse für die Zustimmung des Administrators steht hier, sobald "
			     "die Anwendungs-ID gespeichert ist."));
	} else {
		page_alert_failure(h, missing);
	}
}

static void show_oauth(Html *h, const SettingForm *form)
{
	for (size_t i = 0; i < G_N_ELEMENTS(oauth_keys); i++)
		setting_form_field(h, form, oauth_keys[i], NULL);
}

/* ---- the office ---- */

static const SettingKey office_keys[] = {SETTING_OFFICE_NAME};

static void show_office(Html *h, const SettingForm *form)
{
	setting_form_field(h, form, SETTING_OFFICE_NAME, NULL);
}

/* ---- what the pages share ---- */

static const Sheet sheets[] = {
	{PATH_MAIL, N_("IMAP/SMTP"), mail_keys, G_N_ELEMENTS(mail_keys), show_mail},
	{PATH_OAUTH, N_("OAuth"), oauth_keys, G_N_ELEMENTS(oauth_keys), show_oauth},
	{PATH_OFFICE, N_("Behörde"), office_keys, G_N_ELEMENTS(office_keys), show_office},
};

static const Sheet *find_sheet(const Visit *visit)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sheets); i++) {
		if (strcmp(sheets[i].path, web_request_path(visit->request)) == 0)
			return &sheets[i];
	}
	g_assert_not_reached();
}

#define NAMES_OFFERED 200

/* Whose connection can be checked, yours; kept like the other pieces that many users make slow. */
static GStrv offer_names(const Visit *visit, int64_t generation)
{
	g_autofree char *key = g_strdup_printf("with-mail %" PRId64, visit->user->id);
	g_autofree char *kept = piece_cache_get(visit->web->pieces, key, generation);
	g_autoptr(GError) ignored = NULL;
	g_autoptr(GPtrArray) names = NULL;

	if (kept)
		return g_strsplit(kept, "\n", -1);
	names = people_with_mail(visit->office, visit->user->id, NAMES_OFFERED, &ignored);
	if (!names)
		return g_new0(char *, 1);
	g_ptr_array_add(names, NULL);
	kept = g_strjoinv("\n", (char **)names->pdata);
	piece_cache_put(visit->web->pieces, key, generation, kept);
	return g_strsplit(kept, "\n", -1);
}

static void write_names(Html *h, char *const *names)
{
	html(h, "<datalist id=\"mit-mail\">");
	for (; *names; names++) {
		html(h, "<option value=\"");
		html_attr(h, *names);
		html(h, "\">");
	}
	html(h, "</datalist>\n");
}

/* A connection is somebody's: the administrator's own, or, without mail, anybody's. */
static void write_check(Html *h, const Visit *visit, int64_t generation)
{
	g_auto(GStrv) names = offer_names(visit, generation);

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Verbindung prüfen"));
	html(h, "</h2>\n");
	form_begin(h, visit, "/pruefen");
	field_input(h, &(Field){.name = "benutzer",
			       .label = _("Als welcher Benutzer"),
			       .hint = _("Geprüft wird mit dem, was gespeichert ist, und mit der "
					 "Anmeldung dieses "
					 "Benutzers."),
			       .value = names[0] ? names[0] : visit->user->name,
			       .list = "mit-mail",
			       .required = true});
	write_names(h, names);
	html(h, "<input type=\"hidden\" name=\"weiter\" value=\"" PATH_MAIL "\">");
	form_submit(h, _("Verbindung prüfen"), "secondary", NULL, NULL);
	form_end(h);
}

static bool show(Visit *visit, const Sheet *sheet, const SettingForm *form, const GError *problem)
{
	const char *tabs[] = {PATH_MAIL, _("Schnittstellen | IMAP/SMTP"), PATH_OAUTH, _("OAuth"),
		PATH_OFFICE, _("Behörde"), NULL};
	const char *trail[] = {_("Administration"), _("Systemsteuerung"), _("Schnittstellen"),
		_(sheet->title), NULL};
	const Page page = {
		.title = _("Systemsteuerung"),
		.trail = trail,
		.here = PATH_MAIL,
		.tabs = tabs,
		.tab = sheet->path,
		.wide = sheet->keys == mail_keys,
	};
	Html *h = page_begin(visit, &page);

	if (problem)
		setting_form_alert(h, form, problem);
	setting_form_warnings(h, form, sheet->keys, sheet->count);
	form_begin(h, visit, sheet->path);
	setting_form_mark(h, form);
	sheet->show(h, form);
	html(h, "<div class=\"buttons\">");
	form_submit(h, _("Speichern"), "primary", NULL, NULL);
	html(h, "</div>\n");
	form_end(h);
	if (sheet->keys == mail_keys)
		write_check(h, visit, form->generation);
	if (sheet->keys == oauth_keys)
		show_registration(h, form);
	return page_end(visit, h, problem ? 422 : 200);
}

static bool run_show(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {0};

	return setting_form_load(&form, visit, NULL, error) &&
	       show(visit, find_sheet(visit), &form, NULL);
}

static bool run_save(Visit *visit, GError **error)
{
	const Sheet *sheet = find_sheet(visit);
	g_auto(SettingForm) form = {0};
	g_autoptr(GError) problem = NULL;
	bool changed;

	if (!setting_form_load(&form, visit, NULL, error))
		return false;
	if (!setting_form_apply(&form, sheet->keys, sheet->count, &changed, &problem))
		return show(visit, sheet, &form, problem);
	return visit_redirect(visit, sheet->path, changed ? "gespeichert" : "unveraendert");
}

const Route route_settings[] = {
	/* It reads a file that may lie anywhere. */
	{WEB_GET, PATH_MAIL, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_show},
	{WEB_POST, PATH_MAIL, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_save},
	{WEB_GET, PATH_OAUTH, ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_show},
	{WEB_POST, PATH_OAUTH, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_save},
	{WEB_GET, PATH_OFFICE, ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_show},
	{WEB_POST, PATH_OFFICE, ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_save},
	{0},
};
