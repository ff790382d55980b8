/* Persönliche Einstellungen | Anmelden/Schnittstellen: what is set for me, whether I am signed in,
 * and how the last sign-in ended. */
#include "web/page_personal.h"

#include <string.h>
#include "app/words.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "web/page_import_job.h"
#include "oauth/oauth.h"
#include "web/again.h"
#include "web/web_internal.h"

Html *page_personal_begin(const Visit *visit, const char *tab, bool wide)
{
	const char *tabs[] = {PERSONAL_PATH, _("Anmelden/Schnittstellen"), PERSONAL_HIDDEN,
		_("Postfächer"), PERSONAL_PASSWORD, _("Kennwort"), NULL};
	const char *trail[] = {_("Datei"), _("Persönliche Einstellungen"), NULL, NULL};
	const Page page = {
		.title = _("Persönliche Einstellungen"),
		.trail = trail,
		.here = PERSONAL_PATH,
		.tabs = tabs,
		.tab = tab,
		.wide = wide,
	};

	for (size_t i = 0; tabs[i]; i += 2) {
		if (strcmp(tabs[i], tab) == 0)
			trail[2] = tabs[i + 1];
	}
	return page_begin(visit, &page);
}

void page_personal_next(Html *h, const char *next)
{
	if (!next)
		return;
	html(h, "<input type=\"hidden\" name=\"weiter\" value=\"");
	html_attr(h, next);
	html(h, "\">\n");
}

/* ---- how a sign-in ended ---- */

static bool is_fine(const LoginCheck *check)
{
	return check->state == LOGIN_OK || check->state == LOGIN_SKIPPED;
}

static bool is_all_well(const LoginResult *result)
{
	return is_fine(&result->imap) && is_fine(&result->smtp);
}

bool page_personal_end(Visit *visit, LoginResult *result, GError *problem, const char *next)
{
	SignInEnd *end;

	if (!problem && next && is_all_well(result)) {
		g_autofree char *going_on = import_job_go_on(visit, next);

		return visit_redirect(visit, going_on ? going_on : next,
			going_on ? "import-laeuft-weiter" : "angemeldet");
	}
	end = g_new0(SignInEnd, 1);
	end->result = *result;
	*result = (LoginResult){0};
	end->problem = problem;
	end->next = g_strdup(next);
	if (problem && visit->form)
		end->typed = again_pick(visit->form);
	sign_ins_end(visit->web->sign_ins, visit->session, end);
	return visit_redirect(visit, PERSONAL_PATH, NULL);
}

static void write_check(Html *h, const char *who, const LoginCheck *check)
{
	/* That it is not checked yet stands in the box beside it. */
	g_autofree char *words = check->state == LOGIN_UNCHECKED
					 ? g_strdup(check->reason)
					 : words_login_check(check, _("Anmeldung in Ordnung"));

	description_open(h, who);
	if (check->state == LOGIN_OK)
		page_badge(h, TONE_SUCCESS, _("angemeldet"));
	else if (check->state == LOGIN_FAILED)
		page_badge(h, TONE_DANGER, _("gescheitert"));
	else if (check->state == LOGIN_UNCHECKED)
		page_badge(h, TONE_WARNING, _("nicht geprüft"));
	else
		page_badge(h, TONE_INFO, _("entfällt"));
	html(h, " ");
	html_text(h, words);
	description_close(h);
}

static void write_answers(Html *h, const LoginResult *result)
{
	if (!result->filled)
		return;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Was die Server geantwortet haben"));
	html(h, "</h2>\n");
	description_begin(h);
	write_check(h, words_protocol(MAIL_PROTOCOL_IMAP), &result->imap);
	write_check(h, words_protocol(MAIL_PROTOCOL_SMTP), &result->smtp);
	for (guint i = 1; result->mailboxes && i < result->mailboxes->len; i++) {
		const LoginMailbox *mailbox = result->mailboxes->pdata[i];

		write_check(h, mailbox->address, &mailbox->check);
	}
	description_end(h);
}

/* Which server has refused. The failure speaks of the server alone. */
static void write_problem(Html *h, const LoginResult *result, const GError *problem)
{
	bool imap = result->imap.refused, smtp = result->smtp.refused;
	g_autofree char *advice = NULL;

	if (!failure_is(problem, FAILURE_LOGIN_NOT_STORED) || (!imap && !smtp)) {
		page_alert_failure(h, problem);
		return;
	}
	advice = failure_advice_on_page(problem);
	page_alert(h, TONE_DANGER,
		imap && smtp ? _("Der IMAP-Server und der SMTP-Server haben die Anmeldung "
				 "abgelehnt.")
		: imap	     ? _("Der IMAP-Server hat die Anmeldung abgelehnt.")
			     : _("Der SMTP-Server hat die Anmeldung abgelehnt."),
		advice);
}

static void write_outcome(Html *h, const LoginResult *result, const GError *problem)
{
	g_autofree char *words =
		result->filled ? words_login_result(result, problem != NULL) : NULL;
	bool well = !problem && is_all_well(result);

	if (words && result->stored)
		page_alert(h, well ? TONE_SUCCESS : TONE_WARNING, words,
			result->present ? _("Die bisherige Anmeldung gilt noch.")
			: result->imap.state == LOGIN_UNCHECKED
				? _("Der Server hat beim Prüfen nicht geantwortet. Geprüft wird "
				    "beim nächsten Verwenden oder mit „Verbindung prüfen“; bleibt "
				    "es dabei, hilft ein Administrator.")
				: NULL);
	if (problem)
		write_problem(h, result, problem);
	write_answers(h, result);
}

/* What waited for the sign-in can go on now. */
static void write_way_on(Html *h, const char *next)
{
	html(h, "<p><a class=\"kern-link\" href=\"");
	html_attr(h, next);
	html(h, "\">");
	html_text(h, _("Weiter mit dem, was Sie tun wollten"));
	html(h, "</a></p>\n");
}

/* ---- what is set for me ---- */

/* What concerns the person, in front; the servers are for those who help. */
static const SettingKey main_keys[] = {SETTING_INTERFACE, SETTING_ACCOUNT, SETTING_MAILBOXES};
static const SettingKey server_keys[] = {SETTING_IMAP_HOST, SETTING_IMAP_PORT, SETTING_IMAP_TLS,
	SETTING_IMAP_PROXY_HOST, SETTING_SMTP_HOST, SETTING_SMTP_PORT, SETTING_SMTP_TLS,
	SETTING_SMTP_PROXY_HOST};

static void write_main_settings(Html *h, const SettingForm *form)
{
	description_begin(h);
	for (size_t i = 0; i < G_N_ELEMENTS(main_keys); i++) {
		const SettingView *view = form->by_key[main_keys[i]];
		const char *value = setting_shown(view);
		g_auto(GStrv) parts = g_strsplit(value ? value : "", ";", -1);
		g_autofree char *list = g_strjoinv(", ", parts);

		description_text(h,
			main_keys[i] == SETTING_MAILBOXES ? _("Weitere Postfächer")
							  : _(view->setting->label),
			list);
	}
	description_end(h);
}

/* As it concerns whoever reads it. */
static const char *own_origin(SettingOrigin origin)
{
	switch (origin) {
	case ORIGIN_USER:
		return _("für Sie eingetragen");
	case ORIGIN_DEFAULT:
		return _("Voreinstellung");
	default:
		return setting_origin_label(origin);
	}
}

static void write_servers(Html *h, const SettingForm *form)
{
	const char *labels[] = {_("Einstellung"), _("Wert"), _("Herkunft"), NULL};

	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Server und Verbindung"));
	html(h, "</summary>\n");
	table_begin(h, _("Server und Verbindung"), labels);
	for (size_t i = 0; i < G_N_ELEMENTS(server_keys); i++) {
		const SettingView *view = form->by_key[server_keys[i]];
		const char *value = setting_shown(view);

		table_row(h);
		table_heading_cell(h, labels[0]);
		html_printf(h, "%s: %s", _(view->setting->group), _(view->setting->label));
		table_cell(h, labels[1]);
		html_text(h, value && *value ? value : "–");
		table_cell(h, labels[2]);
		html_text(h, own_origin(view->origin));
	}
	table_end(h);
	html(h, "</details>\n");
}

static void write_settings(Html *h, const SettingForm *form)
{
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Was für Sie eingestellt ist"));
	html(h, "</h2>\n");
	write_main_settings(h, form);
	write_servers(h, form);
	html(h, "<p class=\"note\">");
	html_text(h, _("Ändern kann das ein Administrator, in der Benutzerverwaltung unter „Office "
		       "und E-Mail“ oder, für alle, in der Systemsteuerung."));
	html(h, "</p>\n");
}

/* ---- signing in ---- */

static void write_time(Html *h, const char *key, int64_t seconds)
{
	g_autofree char *time = seconds ? clock_format_german(seconds) : NULL;

	if (time)
		description_text(h, key, time);
}

static void write_status(Html *h, const Visit *visit, const LoginStatus *status)
{
	description_begin(h);
	description_text(h, _("Stand"), words_login_use(status));
	if (status->reason)
		description_text(h, _("Grund"), status->reason);
	if (status->use == LOGIN_USE_GOOD || status->use == LOGIN_USE_UNTRIED)
		description_text(h,
			status->use == LOGIN_USE_GOOD ? _("Angemeldet als") : _("Benutzername"),
			status->identity ? status->identity : status->account);
	if (status->use == LOGIN_USE_GOOD)
		write_time(h, _("Angemeldet seit"), status->signed_in);
	if (status->expires && status->refreshed)
		write_time(h, _("Erneuert sich von selbst, zuletzt"), status->refreshed);
	else
		write_time(h, _("Zugriff bis (wird von selbst erneuert)"), status->expires);
	write_time(h, _("Abgelehnt am"), status->refused);
	description_end(h);
	html(h, "<div class=\"buttons\">");
	form_check(h, visit, NULL);
	html(h, "</div>\n");
}

static bool write_sign_in(Html *h, const SettingForm *form, const char *next, GError **error)
{
	const Visit *visit = form->visit;
	const char *interface = form->by_key[SETTING_INTERFACE]->value;
	g_auto(LoginStatus) status = {0};

	html(h, "<h2 class=\"kern-heading-medium\" id=\"anmeldung\">");
	html_text(h, _("Anmeldung am Postfach"));
	html(h, "</h2>\n");
	if (g_strcmp0(interface, "disabled") == 0) {
		page_alert(h, TONE_INFO, _("E-Mail ist für Sie noch nicht eingeschaltet"),
			_("Ein Administrator kann die Schnittstelle in der Benutzerverwaltung "
			  "unter „Office und E-Mail“ einschalten. Danach melden Sie sich hier "
			  "an."));
		return true;
	}
	if (!login_status(visit->office, visit->user->name, &status, error))
		return false;
	write_status(h, visit, &status);
	if (g_strcmp0(interface, "standard") == 0)
		return page_sign_in_show(h, form, next, error);
	page_oauth_show(h, visit, &status, next);
	return true;
}

/* ---- the page ---- */

static bool show(Visit *visit, const SettingForm *form, const LoginResult *result,
	const GError *problem, const char *next, GError **error)
{
	g_autoptr(Html) h = page_personal_begin(visit, PERSONAL_PATH, false);

	write_outcome(h, result, problem);
	if (next && result->filled && !problem)
		write_way_on(h, next);
	if (!write_sign_in(h, form, next, error))
		return false;
	write_settings(h, form);
	return page_end(
		visit, g_steal_pointer(&h), problem && form->typed && !visit->again ? 422 : 200);
}

bool page_personal_again(Visit *visit, SettingForm *form, const GError *problem,
	const LoginResult *result, GError **error)
{
	form->typed = true;
	return show(visit, form, result, problem, visit_next(visit), error);
}

static bool run_show(Visit *visit, GError **error)
{
	static const LoginResult nothing = {0};
	g_autoptr(SignInEnd) end = sign_ins_told(visit->web->sign_ins, visit->session);
	const char *next = visit_next(visit);
	g_auto(SettingForm) form = {0};

	if (end && !next)
		next = end->next;
	if (end && end->typed) {
		visit->form = end->typed;
		visit->again = true;
	}
	if (!setting_form_load(&form, visit, visit->user->name, error))
		return false;
	if (end)
		page_sign_in_explain(&form, &end->result);
	return show(visit, &form, end ? &end->result : &nothing, end ? end->problem : NULL, next,
		error);
}

/* ---- forgetting ---- */

static bool run_remove(Visit *visit, GError **error)
{
	const char *mailbox = visit_field(visit, "postfach");
	const char *notice = "zugangsdaten-entfernt";
	bool removed;

	if (!*mailbox)
		mailbox = NULL;
	if (!login_remove(visit->office, visit->user->name, mailbox, visit->actor, &removed, error))
		return false;
	if (!mailbox)
		notice = visit_has(visit, "kennwort") ? "kennwort-entfernt" : "anmeldung-entfernt";
	return visit_redirect(visit, PERSONAL_PATH, removed ? notice : "unveraendert");
}

const Route route_personal[] = {
	{WEB_GET, PERSONAL_PATH, ROLE_PERSON, WEB_AT_ONCE, 0, run_show},
	{WEB_POST, PERSONAL_SIGN_IN, ROLE_PERSON, WEB_AS_ERRAND, 0, page_sign_in_run},
	{WEB_POST, PERSONAL_MAILBOX, ROLE_PERSON, WEB_AS_ERRAND, 0, page_sign_in_mailbox},
	{WEB_POST, PERSONAL_REMOVE, ROLE_PERSON, WEB_AS_JOB, 0, run_remove},
	{WEB_GET, PERSONAL_OAUTH, ROLE_PERSON, WEB_AT_ONCE, 0, page_oauth_lead},
	{WEB_POST, PERSONAL_OAUTH, ROLE_PERSON, WEB_AS_ERRAND, 0, page_oauth_begin},
	{WEB_POST, PERSONAL_PASTE, ROLE_PERSON, WEB_AS_ERRAND, 0, page_oauth_paste},
	{WEB_POST, PERSONAL_CONFIRM, ROLE_PERSON, WEB_AS_ERRAND, 0, page_oauth_confirm},
	{WEB_GET, OAUTH_REDIRECT_PATH, ROLE_ANYBODY, WEB_AS_ERRAND, 0, page_oauth_callback},
	{WEB_GET, PERSONAL_HIDDEN, ROLE_PERSON, WEB_AT_ONCE, 0, page_hidden_run},
	{WEB_POST, PERSONAL_HIDDEN, ROLE_PERSON, WEB_AS_JOB, 0, page_hidden_save},
	{WEB_GET, PERSONAL_FOLDERS, ROLE_PERSON, WEB_AS_ERRAND, 0, page_hidden_folders},
	{WEB_GET, PERSONAL_PASSWORD, ROLE_PERSON, WEB_AT_ONCE, 0, page_password_run},
	{WEB_POST, PERSONAL_PASSWORD, ROLE_PERSON, WEB_AS_JOB, 0, page_password_save},
	{0},
};
