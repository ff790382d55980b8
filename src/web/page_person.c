/* Benutzerverwaltung: one user. Allgemein, Office und E-Mail, Wirksame Einstellungen. */
#include <string.h>
#include "app/people.h"
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/api.h"
#include "web/page_people.h"
#include "web/setting_form.h"

void page_person_path(Html *h, const char *name, const char *behind)
{
	html(h, "/benutzer/");
	html_url(h, name);
	html_attr(h, behind);
}

/* "/benutzer/NAME" with BEHIND, for redirects and forms; yours. */
static char *person_path(const char *name, const char *behind)
{
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);

	return g_strdup_printf("/benutzer/%s%s", escaped, behind);
}

Html *page_person_begin(const Visit *visit, const char *name, const char *tab, bool wide)
{
	const char *trail[] = {_("Administration"), _("Benutzerverwaltung"), name, NULL};
	g_autofree char *general = person_path(name, "");
	g_autofree char *office = person_path(name, "/office");
	g_autofree char *effective = person_path(name, "/wirksam");
	const char *tabs[] = {general, _("Allgemein"), office, _("Office und E-Mail"), effective,
		_("Wirksame Einstellungen"), NULL};
	g_autofree char *here = person_path(name, tab);
	const Page page = {
		.title = name,
		.trail = trail,
		.here = "/benutzer",
		.tabs = tabs,
		.tab = here,
		.wide = wide,
	};

	return page_begin(visit, &page);
}

/* ---- Allgemein ---- */

/* When mail worked last, and when and why it did not. */
static void write_uses(Html *h, const SignInReport *report)
{
	g_autofree char *success =
		report->last_success ? clock_format_german(report->last_success) : NULL;
	g_autofree char *failure =
		report->last_failure ? clock_format_german(report->last_failure) : NULL;

	description_text(h, _("Zuletzt gelungen"), success);
	description_open(h, _("Zuletzt gescheitert"));
	html_text(h, failure ? failure : "–");
	if (report->last_failure_reason && report->state != SIGN_IN_FAILED) {
		html(h, "<br>");
		html_text(h, report->last_failure_reason);
	}
	description_close(h);
}

static void write_sign_in(Html *h, const Person *person)
{
	const SignInReport *report = &person->sign_in;
	const char *advice = words_sign_in_advice(person);
	g_autofree char *since = report->since ? clock_format_german(report->since) : NULL;

	description_open(h, _("Anmeldung am Postfach"));
	html_text(h, words_sign_in(report->state));
	if (since)
		html_printf(h, " (%s)", since);
	if (report->reason) {
		html(h, "<br>");
		html_text(h, report->reason);
	}
	description_close(h);
	if (advice)
		description_text(h, _("Was zu tun ist"), advice);
	write_uses(h, &person->sign_in);
}

static void write_facts(Html *h, const Person *person)
{
	const User *user = person->user;

	description_begin(h);
	description_text(h, _("Benutzername"), user->name);
	description_text(h, _("Gesperrt"), words_yes_no(user->locked));
	description_text(h, _("Kennwort für Amtspost"),
		user->has_password ? _("gewählt") : _("noch keines; bitte einladen"));
	description_text(h, _("Schnittstelle"), words_interface(person->interface));
	description_text(h, _("Kontoname"), person->account);
	write_sign_in(h, person);
	description_end(h);
}

/* VISIT has a form: what was typed is shown again. */
static void write_name_and_rights(Html *h, const Visit *visit, const User *user, bool own)
{
	g_autofree char *path = person_path(user->name, "");
	g_autofree char *state = people_state(user);
	bool typed = visit->form != NULL;

	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Name und Rechte"));
	html(h, "</h2>\n");
	form_begin(h, visit, path);
	html(h, "<input type=\"hidden\" name=\"stand\" value=\"");
	html_attr(h, state);
	html(h, "\">\n");
	field_input(h,
		&(Field){.name = "anzeigename",
			.label = _("Anzeigename (freiwillig)"),
			.value = typed ? visit_field(visit, "anzeigename") : user->display_name});
	field_checkbox(h,
		&(Field){.name = "admin",
			.label = _("Administrator"),
			.hint = own ? _("Das eigene Recht kann nur ein anderer Administrator "
					"nehmen.")
				    : _("Darf alles einstellen und andere verwalten."),
			.disabled = own},
		typed && !own ? visit_has(visit, "admin") : user->admin);
	field_checkbox(h,
		&(Field){.name = "archiv",
			.label = _("Recht Archiv"),
			.hint = _("Sieht alle abgelegten E-Mails, nicht nur die eigenen.")},
		typed ? visit_has(visit, "archiv") : user->archive);
	form_submit(h, _("Speichern"), "primary", NULL, NULL);
	form_end(h);
}

static void write_deed(
	Html *h, const Visit *visit, const char *name, const char *deed, const char *label)
{
	g_autofree char *path = person_path(name, deed);

	form_button(h, visit, path, label, "secondary");
}

/* Removing asks once more, without a script. */
static void write_removal(Html *h, const Visit *visit, const char *name)
{
	g_autofree char *path = person_path(name, "/entfernen");

	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Benutzer entfernen"));
	html(h, "</summary><p>");
	html_text(h,
		_("Einstellungen, Kennwörter, Entwürfe und die Tokendatei werden gelöscht. "
		  "E-Mails, "
		  "die im Postausgang noch warten, werden nicht mehr gesendet. Was dieser Benutzer "
		  "abgelegt oder gesendet hat, bleibt im Archiv. Das lässt sich nicht rückgängig "
		  "machen."));
	html(h, "</p>\n");
	form_begin(h, visit, path);
	form_submit(h, _("Endgültig entfernen"), "primary", NULL, NULL);
	form_end(h);
	html(h, "</details>\n");
}

static void write_own_note(Html *h)
{
	html(h, "<p class=\"note\">");
	html_text(h, _("Dies ist Ihr eigenes Konto. Sperren oder entfernen kann es nur ein anderer "
		       "Administrator."));
	html(h, "</p>\n");
}

static bool show_general(Visit *visit, const Person *person, const GError *problem)
{
	const char *name = person->user->name;
	bool own = strcmp(name, visit->user->name) == 0;
	Html *h = page_person_begin(visit, name, "", false);

	if (problem)
		page_alert_failure(h, problem);
	write_facts(h, person);
	html(h, "<div class=\"buttons\">");
	write_deed(h, visit, name, "/einladen",
		person->user->has_password ? _("Neues Kennwort wählen lassen") : _("Einladen"));
	if (!own)
		write_deed(h, visit, name, person->user->locked ? "/freigeben" : "/sperren",
			person->user->locked ? _("Freigeben") : _("Sperren"));
	form_check(h, visit, name);
	html(h, "</div>\n");
	write_name_and_rights(h, visit, person->user, own);
	if (own)
		write_own_note(h);
	else
		write_removal(h, visit, name);
	return page_end(visit, h, problem ? api_http_status(problem) : 200);
}

static bool run_general(Visit *visit, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, visit->part, error);

	return person && show_general(visit, person, NULL);
}

static bool run_change(Visit *visit, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, visit->part, error);
	g_autofree char *display_name = g_strstrip(g_strdup(visit_field(visit, "anzeigename")));
	const bool admin = visit_has(visit, "admin");
	const bool archive = visit_has(visit, "archiv");
	PersonChange change = {
		.display_name = display_name,
		.admin = &admin,
		.archive = &archive,
		.seen = visit_has(visit, "stand") ? visit_field(visit, "stand") : NULL,
	};
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = NULL;
	bool changed;

	if (!person)
		return false;
	/* Its box is not sent. */
	if (strcmp(person->user->name, visit->user->name) == 0 && !admin)
		change.admin = NULL;
	if (!people_change(visit->office, person->user->name, &change, PEOPLE_MAY_NOT_LOCK_OUT,
		    visit->actor, &changed, &problem))
		return show_general(visit, person, problem);
	path = person_path(person->user->name, "");
	return visit_redirect(visit, path, changed ? "gespeichert" : "unveraendert");
}

static bool run_lock(Visit *visit, GError **error)
{
	bool locked = g_str_has_suffix(web_request_path(visit->request), "/sperren");
	g_autofree char *path = person_path(visit->part, "");

	return people_set_locked(visit->office, visit->part, locked, PEOPLE_MAY_NOT_LOCK_OUT,
		       visit->actor, error) &&
	       visit_redirect(visit, path, locked ? "gesperrt" : "freigegeben");
}

static bool run_remove(Visit *visit, GError **error)
{
	return people_remove(
		       visit->office, visit->part, PEOPLE_MAY_NOT_LOCK_OUT, visit->actor, error) &&
	       visit_redirect(visit, "/benutzer", "entfernt");
}

/* ---- Office und E-Mail ---- */

static const SettingKey office_keys[] = {SETTING_INTERFACE, SETTING_ACCOUNT, SETTING_MAILBOXES,
	SETTING_IMAP_USE_DEFAULT, SETTING_IMAP_HOST, SETTING_IMAP_PORT, SETTING_IMAP_TLS,
	SETTING_IMAP_USERNAME, SETTING_IMAP_PASSWORD, SETTING_IMAP_PROXY_TYPE,
	SETTING_IMAP_PROXY_HOST, SETTING_IMAP_PROXY_PORT, SETTING_IMAP_PROXY_USERNAME,
	SETTING_IMAP_PROXY_PASSWORD, SETTING_SMTP_USE_DEFAULT, SETTING_SMTP_HOST, SETTING_SMTP_PORT,
	SETTING_SMTP_TLS, SETTING_SMTP_USERNAME, SETTING_SMTP_PASSWORD, SETTING_SMTP_PROXY_TYPE,
	SETTING_SMTP_PROXY_HOST, SETTING_SMTP_PROXY_PORT, SETTING_SMTP_PROXY_USERNAME,
	SETTING_SMTP_PROXY_PASSWORD, SETTING_OAUTH_TOKEN_FOLDER};

#define OF(protocol, key)                                                                          \
	((SettingKey)((key) + (protocol) * (SETTING_SMTP_USE_DEFAULT - SETTING_IMAP_USE_DEFAULT)))

/* Why the fields behind it are off; amtspost.js shows it as soon as Outlook/Office 365 is chosen.
 */
static void write_office365_note(Html *h, const char *text, bool office365)
{
	html(h, "<p class=\"note\" data-office365");
	html_flag(h, "hidden", !office365);
	html(h, ">");
	html_text(h, text);
	html(h, "</p>\n");
}

static void show_server(Html *h, const SettingForm *form, int protocol, bool office365)
{
	const SettingLook tls = {.disabled = office365};

	setting_form_field(h, form, OF(protocol, SETTING_IMAP_HOST), NULL);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_PORT), NULL);
	write_office365_note(h,
		_("Mit Outlook/Office 365 ist die Verbindung immer verschlüsselt (ab TLS 1.2, "
		  "Zertifikat geprüft); hier ist deshalb nichts zu wählen."),
		office365);
	setting_form_tls(h, form, OF(protocol, SETTING_IMAP_TLS), &tls);
	setting_form_proxy(h, form, OF(protocol, SETTING_IMAP_PROXY_TYPE));
}

/* The global values, which hold while "Verwende Default" is on. */
static void show_default(
	Html *h, const SettingForm *form, const SettingForm *globals, int protocol, bool office365)
{
	const SettingLook look = {.effective = true};

	setting_form_field(h, globals, OF(protocol, SETTING_IMAP_HOST), &look);
	setting_form_field(h, globals, OF(protocol, SETTING_IMAP_PORT), &look);
	/* Of this one the global value does not hold for Office 365. */
	setting_form_tls(h, office365 ? form : globals, OF(protocol, SETTING_IMAP_TLS), &look);
	setting_form_field(h, globals, OF(protocol, SETTING_IMAP_PROXY_HOST), &look);
}

static void show_password(Html *h, const SettingForm *form, int protocol, bool office365)
{
	const SettingLook look = {.disabled = office365};

	write_office365_note(h,
		_("Mit Outlook/Office 365 geschieht die Anmeldung unter dem Kontonamen; "
		  "Benutzername "
		  "und Kennwort werden dafür nicht verwendet. Was hier gespeichert ist, bleibt "
		  "erhalten."),
		office365);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_USERNAME), &look);
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_PASSWORD), &look);
}

/* Own and global values stand side by side; the style shows those that the box chooses, at once. */
static void show_protocol(
	Html *h, const SettingForm *form, const SettingForm *globals, int protocol, bool office365)
{
	html(h, "<fieldset class=\"protocol\"><legend>");
	html_text(h, words_protocol(protocol));
	html(h, "</legend>\n<div class=\"use-default\">");
	setting_form_field(h, form, OF(protocol, SETTING_IMAP_USE_DEFAULT), NULL);
	html(h, "</div><div class=\"own\">\n");
	show_server(h, form, protocol, office365);
	html(h, "</div><div class=\"global\">\n");
	show_default(h, form, globals, protocol, office365);
	html(h, "</div><div class=\"password\">\n");
	show_password(h, form, protocol, office365);
	html(h, "</div></fieldset>\n");
}

static bool show_office(Visit *visit, const char *name, const SettingForm *form,
	const GError *problem, GError **error)
{
	g_autofree char *path = person_path(name, "/office");
	bool office365 = g_strcmp0(setting_form_value(form, SETTING_INTERFACE), "office365") == 0;
	g_auto(SettingForm) globals = {0};
	Html *h;

	if (!setting_form_load(&globals, visit, NULL, error))
		return false;
	h = page_person_begin(visit, name, "/office", true);
	if (problem)
		setting_form_alert(h, form, problem);
	setting_form_warnings(h, form, office_keys, G_N_ELEMENTS(office_keys));
	form_begin(h, visit, path);
	setting_form_mark(h, form);
	html(h, "<div class=\"columns\">\n");
	setting_form_field(h, form, SETTING_INTERFACE, NULL);
	setting_form_field(h, form, SETTING_ACCOUNT, NULL);
	setting_form_field(h, form, SETTING_MAILBOXES, NULL);
	setting_form_field(h, form, SETTING_OAUTH_TOKEN_FOLDER, NULL);
	html(h, "</div>\n<div class=\"columns\">\n");
	show_protocol(h, form, &globals, MAIL_PROTOCOL_IMAP, office365);
	show_protocol(h, form, &globals, MAIL_PROTOCOL_SMTP, office365);
	html(h, "</div>\n<div class=\"buttons\">");
	form_submit(h, _("Speichern"), "primary", NULL, NULL);
	html(h, "</div>\n");
	form_end(h);
	return page_end(visit, h, problem ? 422 : 200);
}

static bool run_office(Visit *visit, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, visit->part, error);
	g_auto(SettingForm) form = {0};

	return person && setting_form_load(&form, visit, person->user->name, error) &&
	       show_office(visit, person->user->name, &form, NULL, error);
}

static bool run_office_save(Visit *visit, GError **error)
{
	g_autoptr(Person) person = people_find(visit->office, visit->part, error);
	g_auto(SettingForm) form = {0};
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = NULL;
	bool changed;

	if (!person || !setting_form_load(&form, visit, person->user->name, error))
		return false;
	if (!setting_form_apply(&form, office_keys, G_N_ELEMENTS(office_keys), &changed, &problem))
		return show_office(visit, person->user->name, &form, problem, error);
	path = person_path(person->user->name, "/office");
	return visit_redirect(visit, path, changed ? "gespeichert" : "unveraendert");
}

/* ---- Wirksame Einstellungen ---- */

static bool run_effective(Visit *visit, GError **error)
{
	const char *labels[] = {_("Einstellung"), _("Wert"), _("Herkunft"), NULL};
	g_auto(SettingForm) form = {0};
	Html *h;

	if (!setting_form_load(&form, visit, visit->part, error))
		return false;
	h = page_person_begin(visit, visit->part, "/wirksam", true);
	table_begin(h, _("Wirksame Einstellungen"), labels);
	for (guint i = 0; i < form.views->len; i++) {
		const SettingView *view = form.views->pdata[i];
		const char *value = setting_shown(view);

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_printf(h, "%s: %s", _(view->setting->group), _(view->setting->label));
		table_cell(h, labels[1]);
		html_text(h, value && *value ? value : "–");
		table_cell(h, labels[2]);
		html_text(h, setting_origin_label(view->origin));
	}
	table_end(h);
	return page_end(visit, h, 200);
}

const Route route_person[] = {
	{WEB_GET, "/benutzer/*", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_general},
	{WEB_POST, "/benutzer/*", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_change},
	{WEB_POST, "/benutzer/*/sperren", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_lock},
	{WEB_POST, "/benutzer/*/freigeben", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_lock},
	{WEB_POST, "/benutzer/*/entfernen", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_remove},
	{WEB_GET, "/benutzer/*/office", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_office},
	{WEB_POST, "/benutzer/*/office", ROLE_ADMINISTRATOR, WEB_AS_JOB, 0, run_office_save},
	{WEB_GET, "/benutzer/*/wirksam", ROLE_ADMINISTRATOR, WEB_AT_ONCE, 0, run_effective},
	{0},
};
