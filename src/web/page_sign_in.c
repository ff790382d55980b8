/* Signing in with Standard: passwords for IMAP and SMTP, and credentials of further mailboxes. User
 * names and passwords are stored together, after the server has seen them. */
#include "web/page_personal.h"

#include <string.h>
#include "app/words.h"
#include "base/i18n.h"
#include "failure/failure.h"

#define SAME "uebernehmen"

/* ---- showing ---- */

/* Browsers would fill in the password for Amtspost as the current one. */
static void write_password(Html *h, const SettingForm *form, SettingKey key)
{
	const SettingView *view = form->by_key[key];

	field_input(
		h, &(Field){.name = view->setting->name,
			   .label = _(view->setting->label),
			   .type = "password",
			   .autocomplete = "new-password",
			   .hint = view->set ? _("Zum Speichern bitte neu eingeben, auch wenn nur "
						 "der Benutzername anders wird. Das gespeicherte "
						 "prüft „Verbindung prüfen“.")
					     : NULL,
			   .badge = view->set ? _("gespeichert") : NULL,
			   .error = form->errors[key]});
}

static void write_protocol(Html *h, const SettingForm *form, const char *legend,
	SettingKey username, SettingKey password)
{
	const char *account = form->by_key[SETTING_ACCOUNT]->value;
	g_autofree char *why = g_strdup_printf(
		_("Ohne Eintrag gilt der Kontoname: %s"), account && *account ? account : "–");
	const SettingLook look = {.why = why};

	html(h, "<legend>");
	html_text(h, legend);
	html(h, "</legend>\n");
	setting_form_field(h, form, username, &look);
	write_password(h, form, password);
}

/* Whether SMTP is to take over what is typed for IMAP. */
static bool takes_over(const SettingForm *form)
{
	const char *imap = form->by_key[SETTING_IMAP_USERNAME]->stored;
	const char *smtp = form->by_key[SETTING_SMTP_USERNAME]->stored;

	if (form->typed && visit_has(form->visit, settings_get_row(SETTING_IMAP_USERNAME)->name))
		return visit_has(form->visit, SAME);
	return !smtp || g_strcmp0(imap, smtp) == 0;
}

static void write_smtp(Html *h, const SettingForm *form)
{
	field_checkbox(h,
		&(Field){.name = SAME,
			.label = _("Für SMTP übernehmen"),
			.hint = _("In der Regel sind Benutzername und Kennwort für IMAP und SMTP "
				  "gleich.")},
		takes_over(form));
	html(h, "<fieldset class=\"other\">");
	write_protocol(h, form, words_protocol(MAIL_PROTOCOL_SMTP), SETTING_SMTP_USERNAME,
		SETTING_SMTP_PASSWORD);
	html(h, "</fieldset>\n");
}

static bool has_smtp(const SettingForm *form)
{
	const char *host = form->by_key[SETTING_SMTP_HOST]->value;

	return host && *host;
}

static void write_form(Html *h, const SettingForm *form, const char *next)
{
	form_begin(h, form->visit, PERSONAL_SIGN_IN);
	page_personal_next(h, next);
	html(h, "<div class=\"same\"><fieldset>");
	write_protocol(h, form, words_protocol(MAIL_PROTOCOL_IMAP), SETTING_IMAP_USERNAME,
		SETTING_IMAP_PASSWORD);
	html(h, "</fieldset>\n");
	if (has_smtp(form)) {
		write_smtp(h, form);
	} else {
		html(h, "<p class=\"note\">");
		html_text(h, _("Für Sie ist kein SMTP-Server eingetragen; versendet wird noch "
			       "nicht."));
		html(h, "</p>\n");
	}
	html(h, "</div><div class=\"buttons\">");
	form_submit(h, _("Anmeldung prüfen und speichern"), "primary", NULL, NULL);
	html(h, "</div>\n");
	form_end(h);
}

static void write_removal(Html *h, const SettingForm *form)
{
	if (!form->by_key[SETTING_IMAP_PASSWORD]->set && !form->by_key[SETTING_SMTP_PASSWORD]->set)
		return;
	html(h, "<details class=\"fold\"><summary>");
	html_text(h, _("Gespeicherte Kennwörter entfernen"));
	html(h, "</summary><p>");
	html_text(h, _("Auch die eigenen Zugangsdaten weiterer Postfächer werden entfernt. Danach "
		       "können Sie erst nach einer neuen Anmeldung importieren und versenden."));
	html(h, "</p>\n");
	form_begin(h, form->visit, PERSONAL_REMOVE);
	form_submit(h, _("Kennwörter entfernen"), "secondary kern-btn--danger", "kennwort", "true");
	form_end(h);
	html(h, "</details>\n");
}

static void explain(SettingForm *form, SettingKey key, const LoginCheck *check, const char *refusal)
{
	if (check->state != LOGIN_FAILED || form->errors[key])
		return;
	form->errors[key] = g_strdup(check->refused ? refusal : check->reason);
}

void page_sign_in_explain(SettingForm *form, const LoginResult *result)
{
	/* With the same for both, SMTP's own fields are not to be seen. */
	SettingKey smtp = takes_over(form) ? SETTING_IMAP_PASSWORD : SETTING_SMTP_PASSWORD;

	explain(form, SETTING_IMAP_PASSWORD, &result->imap,
		_("Der IMAP-Server hat Benutzername oder Kennwort abgelehnt. Das eingegebene "
		  "Kennwort wurde nicht gespeichert."));
	explain(form, smtp, &result->smtp,
		_("Der SMTP-Server hat Benutzername oder Kennwort abgelehnt. Das eingegebene "
		  "Kennwort wurde nicht gespeichert."));
}

/* ---- further mailboxes ---- */

static void write_mailbox_state(Html *h, const LoginOwn *own)
{
	html_text(h, own->address);
	html(h, " ");
	if (own->refused)
		page_badge(h, TONE_DANGER, _("eigene Zugangsdaten, abgelehnt"));
	else if (own->username)
		page_badge(h, TONE_SUCCESS, _("eigene Zugangsdaten"));
	else
		page_badge(h, TONE_INFO, _("mit der Anmeldung des Hauptkontos"));
}

static void write_mailbox_field(Html *h, const Visit *visit, guint number, const Field *field)
{
	g_autofree char *name = g_strdup_printf("%s-%u", field->name, number);
	Field numbered = *field;

	numbered.name = name;
	if (visit->again && form_get(visit->form, name))
		numbered.value = form_get(visit->form, name);
	field_input(h, &numbered);
}

static void write_address(Html *h, const char *address)
{
	html(h, "<input type=\"hidden\" name=\"postfach\" value=\"");
	html_attr(h, address);
	html(h, "\">");
}

static void write_mailbox(
	Html *h, const Visit *visit, const LoginOwn *own, guint number, const char *next)
{
	html(h, "<details class=\"fold\"");
	html_flag(h, "open", own->refused);
	html(h, "><summary>");
	write_mailbox_state(h, own);
	html(h, "</summary>\n");
	form_begin(h, visit, PERSONAL_MAILBOX);
	page_personal_next(h, next);
	write_address(h, own->address);
	html(h, "<input type=\"hidden\" name=\"nummer\" value=\"");
	html_number(h, number);
	html(h, "\">\n");
	write_mailbox_field(h, visit, number,
		&(Field){.name = "benutzername",
			.label = _("Benutzername"),
			.hint = _("Ohne Eintrag gilt die Adresse des Postfachs."),
			.value = own->username});
	write_mailbox_field(h, visit, number,
		&(Field){.name = "kennwort",
			.label = _("Kennwort"),
			.type = "password",
			.autocomplete = "new-password"});
	form_submit(h, _("Zugangsdaten prüfen und speichern"), "secondary", NULL, NULL);
	form_end(h);
	if (own->username) {
		form_begin(h, visit, PERSONAL_REMOVE);
		write_address(h, own->address);
		form_submit(h, _("Zugangsdaten entfernen"), "tertiary", NULL, NULL);
		form_end(h);
	}
	html(h, "</details>\n");
}

static bool write_mailboxes(Html *h, const SettingForm *form, const char *next, GError **error)
{
	const Visit *visit = form->visit;
	g_autoptr(GPtrArray) list = login_list_mailboxes(visit->office, visit->user->name, error);

	if (!list || list->len == 0)
		return list != NULL;
	html(h, "<h2 class=\"kern-heading-medium\">");
	html_text(h, _("Weitere Postfächer"));
	html(h, "</h2><p>");
	html_text(h, _("Gibt der Mailserver Ihrem Konto ein weiteres Postfach nicht frei, kann es "
		       "eigene Zugangsdaten haben."));
	html(h, "</p>\n");
	for (guint i = 0; i < list->len; i++)
		write_mailbox(h, visit, list->pdata[i], i + 1, next);
	return true;
}

bool page_sign_in_show(Html *h, const SettingForm *form, const char *next, GError **error)
{
	write_form(h, form, next);
	write_removal(h, form);
	return write_mailboxes(h, form, next, error);
}

/* ---- taking ---- */

/* What was typed; yours. */
typedef struct Typed {
	char *imap_username; /* NULL: as it is stored */
	char *smtp_username;
	Secret *imap_password;
	Secret *smtp_password;
} Typed;

static void typed_clear(Typed *typed)
{
	g_free(typed->imap_username);
	g_free(typed->smtp_username);
	secret_free(typed->imap_password);
	secret_free(typed->smtp_password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Typed, typed_clear)

static bool note(SettingForm *form, SettingKey key, const GError *problem)
{
	g_free(form->errors[key]);
	form->errors[key] = failure_sentence(problem);
	return false;
}

/* What is typed in the field of FROM as the user name KEY; *USERNAME NULL: it stays. */
static bool take_username(SettingForm *form, SettingKey key, SettingKey from, char **username)
{
	const SettingView *view = form->by_key[key];
	const char *typed = visit_field(form->visit, settings_get_row(from)->name);
	g_autoptr(GError) problem = NULL;
	g_autofree char *normal =
		*typed ? settings_normalise(view->setting, typed, &problem) : g_strdup("");

	if (!normal)
		return note(form, from, problem);
	if (strcmp(normal, view->stored ? view->stored : "") != 0)
		*username = g_steal_pointer(&normal);
	return true;
}

static bool take_password(SettingForm *form, SettingKey key, SettingKey from, Secret **password)
{
	const char *typed = visit_field(form->visit, settings_get_row(from)->name);
	g_autoptr(GError) problem = NULL;

	*password = secret_new(typed, strlen(typed));
	if (*typed == '\0')
		failure_set(&problem, FAILURE_PASSWORD_EMPTY, NULL, "an empty password");
	else if (settings_check_secret(settings_get_row(key), *password, &problem))
		return true;
	return note(form, from, problem);
}

static bool take(SettingForm *form, Typed *typed)
{
	bool same = visit_has(form->visit, SAME) || !has_smtp(form);
	SettingKey username = same ? SETTING_IMAP_USERNAME : SETTING_SMTP_USERNAME;
	SettingKey password = same ? SETTING_IMAP_PASSWORD : SETTING_SMTP_PASSWORD;
	bool good = true;

	good &= take_username(
		form, SETTING_IMAP_USERNAME, SETTING_IMAP_USERNAME, &typed->imap_username);
	good &= take_password(
		form, SETTING_IMAP_PASSWORD, SETTING_IMAP_PASSWORD, &typed->imap_password);
	good &= take_username(form, SETTING_SMTP_USERNAME, username, &typed->smtp_username);
	good &= take_password(form, SETTING_SMTP_PASSWORD, password, &typed->smtp_password);
	return good;
}

bool page_sign_in_run(Visit *visit, GError **error)
{
	g_auto(SettingForm) form = {0};
	g_auto(Typed) typed = {0};
	g_auto(LoginResult) result = {0};
	g_autoptr(GError) problem = NULL;
	LoginCredentials given;

	if (!setting_form_load(&form, visit, visit->user->name, error))
		return false;
	if (!take(&form, &typed)) {
		failure_set(&problem, FAILURE_FORM_FIELDS, NULL, "values are not allowed");
		return page_personal_again(visit, &form, problem, &result, error);
	}
	given = (LoginCredentials){
		.imap_username = typed.imap_username,
		.smtp_username = typed.smtp_username,
		.imap_password = typed.imap_password,
		.smtp_password = typed.smtp_password,
	};
	login_with_credentials(visit->office, visit->user->name, &given, visit->actor,
		web_request_cancel(visit->request), &result, &problem);
	return page_personal_end(visit, &result, g_steal_pointer(&problem), visit_next(visit));
}

/* A field of the mailbox's form. */
static const char *mailbox_field(const Visit *visit, const char *name)
{
	g_autofree char *numbered = g_strdup_printf("%s-%s", name, visit_field(visit, "nummer"));

	return visit_field(visit, numbered);
}

bool page_sign_in_mailbox(Visit *visit, GError **error)
{
	const char *username = mailbox_field(visit, "benutzername");
	const char *typed = mailbox_field(visit, "kennwort");
	g_autoptr(Secret) password = secret_new(typed, strlen(typed));
	g_auto(LoginResult) result = {0};
	GError *problem = NULL;

	(void)error;
	login_with_mailbox(visit->office, visit->user->name, visit_field(visit, "postfach"),
		*username ? username : NULL, password, visit->actor,
		web_request_cancel(visit->request), &result, &problem);
	return page_personal_end(visit, &result, problem, visit_next(visit));
}
