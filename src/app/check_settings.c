/* What can be judged before a server is asked: the settings, and Office 365's token. */
#include "app/check_internal.h"

#include <stdlib.h>
#include "app/sign_in.h"
#include "app/token.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "oauth/oauth.h"

/* Seconds that clocks may differ: certificates, tokens and mails' times suffer beyond. */
#define CLOCK_TOLERANCE (5 * 60)

/* ---- settings ---- */

/* How people see the choice of a setting: its label; yours. */
static char *show_value(const SettingView *view)
{
	const SettingChoice *choice = view->setting->choices;

	for (; choice && choice->value; choice++) {
		if (g_strcmp0(choice->value, view->value) == 0)
			return g_strdup(_(choice->label));
	}
	return g_strdup(view->value ? view->value : "–");
}

static char *show_setting(const Check *check, SettingKey key, SettingOrigin *origin)
{
	g_auto(SettingView) view = {0};

	if (!settings_view(office_settings(check->office), check->account->user_name,
		    settings_get_row(key), &view, NULL))
		return g_strdup("–");
	*origin = view.origin;
	return show_value(&view);
}

static const char *describe_origin(SettingOrigin origin)
{
	static const char *const texts[] = {
		[ORIGIN_DEFAULT] = N_("Vorgabe"),
		[ORIGIN_GLOBAL] = N_("aus der Systemsteuerung"),
		[ORIGIN_USER] = N_("aus der Benutzerverwaltung"),
	};

	return _(texts[origin]);
}

/* ", HTTP-Proxy proxy.amt.example, Port 3128, Benutzer amt", "" without; yours. */
static char *describe_proxy(const Endpoint *endpoint)
{
	const Proxy *proxy = &endpoint->proxy;
	const char *kind = proxy->kind == PROXY_HTTP ? "HTTP" : "SOCKS5";

	if (!proxy->host)
		return g_strdup("");
	return proxy->username ? g_strdup_printf(_(", %s-Proxy %s, Port %u, Benutzer %s"), kind,
					 proxy->host, proxy->port, proxy->username)
			       : g_strdup_printf(_(", %s-Proxy %s, Port %u, ohne Anmeldung"), kind,
					 proxy->host, proxy->port);
}

/* "Standard (IMAP/SMTP): imap.amt.example, Port 993, SSL/TLS „Server (Standard)“ …"; yours. */
static char *describe_settings(const Check *check)
{
	bool imap = check->protocol == MAIL_PROTOCOL_IMAP;
	SettingOrigin origin = ORIGIN_USER;
	SettingOrigin none;
	g_autofree char *interface = show_setting(check, SETTING_INTERFACE, &none);
	g_autofree char *host =
		show_setting(check, imap ? SETTING_IMAP_HOST : SETTING_SMTP_HOST, &origin);
	g_autofree char *port =
		show_setting(check, imap ? SETTING_IMAP_PORT : SETTING_SMTP_PORT, &none);
	g_autofree char *tls =
		show_setting(check, imap ? SETTING_IMAP_TLS : SETTING_SMTP_TLS, &none);

	g_autofree char *proxy = describe_proxy(account_endpoint(check->account, check->protocol));

	return g_strdup_printf(_("%s: %s, Port %s, SSL/TLS „%s“ (Server %s), Konto %s%s"),
		interface, host, port, tls, describe_origin(origin), check->account->address,
		proxy);
}

/* The folder to move to is needed as soon as something was imported. */
static bool check_target(const Check *check, GError **error)
{
	const Account *account = check->account;

	if (check->protocol != MAIL_PROTOCOL_IMAP || account->after != AFTER_MOVE ||
		account->after_folder)
		return true;
	failure_set(error, FAILURE_AFTER_FOLDER_MISSING, NULL,
		"import.after is move, but import.after-folder is not set");
	return false;
}

/* Who is locked cannot use mail at all. */
static bool check_user(const Check *check, GError **error)
{
	g_autoptr(Account) account =
		sign_in_account(check->office, check->account->user_name, error);

	return account != NULL;
}

/* Whether there is nothing to check because nobody set up SMTP. */
static bool is_left_out(const Check *check, bool asked, const GError *problem)
{
	return check->protocol == MAIL_PROTOCOL_SMTP && !asked && !check->account->smtp.host &&
	       failure_is(problem, FAILURE_SETTING_MISSING);
}

bool check_settings(Check *check, bool asked)
{
	g_autoptr(GError) problem = NULL;

	if (settings_require(check->account, check->protocol, &problem) &&
		check_target(check, &problem) && check_user(check, &problem)) {
		check->has_credentials =
			check->account->interface == INTERFACE_STANDARD &&
			account_endpoint(check->account, check->protocol)->password;
		check_good(check, CHECK_SETTINGS, describe_settings(check), NULL);
		return true;
	}
	if (is_left_out(check, asked, problem))
		check_skip_with_hint(check, CHECK_SETTINGS,
			_("Für diesen Benutzer ist kein SMTP-Server eingetragen."),
			check->account->smtp.default_is_off
				? g_strdup(_("In der Systemsteuerung steht einer; „Verwende "
					     "Default SMTP“ ist für diesen Benutzer aus."))
				: NULL);
	else
		check_bad(check, CHECK_SETTINGS, g_steal_pointer(&problem));
	return false;
}

/* ---- the token ---- */

/* What is known of the clocks: AHEAD as oauth_probe tells; NULL: they agree. Yours. */
static char *describe_clock(int64_t ahead)
{
	int64_t minutes = llabs((long long)ahead) / 60;

	if (minutes * 60 <= CLOCK_TOLERANCE)
		return NULL;
	return g_strdup_printf(
		ahead > 0 ? ngettext("Die Uhr dieses Rechners geht %d Minute nach. Die IT muss sie "
				     "stellen.",
				    "Die Uhr dieses Rechners geht %d Minuten nach. Die IT muss sie "
				    "stellen.",
				    (unsigned long)minutes)
			  : ngettext("Die Uhr dieses Rechners geht %d Minute vor. Die IT muss sie "
				     "stellen.",
				    "Die Uhr dieses Rechners geht %d Minuten vor. Die IT muss sie "
				    "stellen.",
				    (unsigned long)minutes),
		(int)MIN(minutes, G_MAXINT));
}

/* A sign-in that holds: since when, and what the next one would run into. */
static void report_token(Check *check, int64_t ahead, const GError *probing)
{
	g_auto(TokenStatus) status = {0};
	g_autofree char *clock = describe_clock(ahead);
	g_autofree char *sentence = probing ? failure_sentence(probing) : NULL;
	g_autofree char *next = sentence ? g_strdup_printf(_("Die nächste Anmeldung würde "
							     "scheitern: %s"),
						   sentence)
					 : NULL;
	g_autofree char *until = NULL;

	token_status(check->office, check->account, true, &status, NULL);
	until = status.expires ? clock_format_german(status.expires) : g_strdup("–");
	check_good(check, CHECK_TOKEN,
		g_strdup_printf(_("Angemeldet als %s; der Zugriff gilt bis %s und wird von selbst "
				  "erneuert"),
			status.identity ? status.identity : check->account->address, until),
		check_join_sentences(clock, next));
}

/* What is the matter with a sign-in: what the last attempt ended with, or what the next one would
 * run into, where that is an administrator's matter. Takes both. */
static GError *choose_problem(Check *check, GError *problem, GError *probing)
{
	g_auto(TokenStatus) status = {0};

	if (failure_code(problem) == FAILURE_CODE_LOGIN && probing) {
		g_error_free(problem);
		return probing;
	}
	g_clear_error(&probing);
	if (failure_is(problem, FAILURE_LOGIN_MISSING) &&
		token_status(check->office, check->account, true, &status, NULL) &&
		status.problem) {
		g_error_free(problem);
		return g_steal_pointer(&status.problem);
	}
	return problem;
}

void check_token(Check *check)
{
	const Account *account = check->account;
	g_autoptr(Secret) token = NULL;
	GError *problem = NULL;
	GError *probing = NULL;
	int64_t ahead;

	if (account->interface != INTERFACE_OFFICE365) {
		check_skip(check, CHECK_TOKEN,
			_("Entfällt: Mit „Standard“ wird mit einem Kennwort angemeldet."));
		return;
	}
	check->has_credentials =
		token_get(check->office, account, NULL, check->cancel, &token, &problem);
	oauth_probe(&account->oauth, account->address, check->cancel, &ahead, &probing);
	if (check->has_credentials) {
		report_token(check, ahead, probing);
		g_clear_error(&probing);
	} else {
		check_bad(check, CHECK_TOKEN, choose_problem(check, problem, probing));
	}
}
