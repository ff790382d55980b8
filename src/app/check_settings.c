/* What can be judged before a server is asked: the settings, and Office 365's token. */
#include "app/check_internal.h"

#include "app/sign_in.h"
#include "app/token.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "oauth/oauth.h"

/* Seconds that clocks may differ: certificates, tokens and mails' times suffer beyond. */
#define CLOCK_TOLERANCE (5 * 60)

/* Minutes. */
#define HOUR 60
#define DAY (24 * HOUR)

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

/* "12 Minuten", "5 Stunden", "3 Tage"; yours. */
static char *describe_span(int64_t seconds)
{
	int minutes = (int)MIN(seconds / 60, G_MAXINT);

	if (minutes < 2 * HOUR)
		return g_strdup_printf(
			ngettext("%d Minute", "%d Minuten", (unsigned long)minutes), minutes);
	if (minutes < 2 * DAY)
		return g_strdup_printf(
			ngettext("%d Stunde", "%d Stunden", (unsigned long)(minutes / HOUR)),
			minutes / HOUR);
	return g_strdup_printf(
		ngettext("%d Tag", "%d Tage", (unsigned long)(minutes / DAY)), minutes / DAY);
}

/* What is known of the clocks: AHEAD as oauth_probe tells; NULL: they agree. Yours. */
static char *describe_clock(int64_t ahead)
{
	int64_t seconds = ahead < 0 ? -ahead : ahead;
	g_autofree char *span = describe_span(seconds);

	if (seconds / 60 * 60 <= CLOCK_TOLERANCE)
		return NULL;
	return g_strdup_printf(ahead > 0 ? _("Die Uhr dieses Rechners geht %s nach. Die IT muss "
					     "sie stellen.")
					 : _("Die Uhr dieses Rechners geht %s vor. Die IT muss sie "
					     "stellen."),
		span);
}

/* What is registered at the authority; yours. */
static char *describe_client(const OauthClient *client)
{
	g_autofree char *redirect = oauth_redirect_uri(client, 0);

	return g_strdup_printf(_("Anmeldedienst %s, Mandant %s, Anwendungs-ID %s, "
				 "Umleitungsadresse %s"),
		client->authority, client->tenant, client->id, redirect);
}

/* What a token step has found. */
typedef struct TokenFinding {
	int64_t ahead;	 /* as oauth_probe tells */
	GError *probing; /* what the next sign-in would founder on; NULL: nothing */
	GError *renewal; /* why the token was not renewed now; NULL: it was */
} TokenFinding;

static void token_finding_clear(TokenFinding *finding)
{
	g_clear_error(&finding->probing);
	g_clear_error(&finding->renewal);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TokenFinding, token_finding_clear)

/* Renews the token although it still holds: a wrong or expired secret of the application shows
 * nowhere else before the hour in which nobody gets in any more. One that was renewed minutes ago
 * is proof enough (FAILURE_OAUTH_TOKEN_REFUSED); what only lacks the means for it, or passes, is
 * not what the token founders on today. False: it does. */
static bool renew(Check *check, const Secret *token, TokenFinding *finding, GError **error)
{
	g_autoptr(Secret) renewed = NULL;
	FailureCode code;

	if (token_get(check->office, check->account, token, check->cancel, &renewed,
		    &finding->renewal))
		return true;
	code = failure_code(finding->renewal);
	if (failure_is(finding->renewal, FAILURE_OAUTH_TOKEN_REFUSED)) {
		g_clear_error(&finding->renewal);
		return true;
	}
	if (failure_is(finding->renewal, FAILURE_TOKEN_WITHOUT_REFRESH) ||
		code == FAILURE_CODE_RETRY || code == FAILURE_CODE_PROTOCOL)
		return true;
	g_propagate_error(error, g_steal_pointer(&finding->renewal));
	return false;
}

/* That the renewal did not come about, although the token holds; NULL: it did. Yours. */
static char *describe_renewal(const GError *renewal)
{
	g_autofree char *sentence = NULL;

	if (!renewal)
		return NULL;
	if (failure_is(renewal, FAILURE_TOKEN_WITHOUT_REFRESH))
		return g_strdup(_("Danach ist eine neue Anmeldung nötig: Der Anmeldedienst hat "
				  "nichts ausgestellt, womit sie sich erneuern ließe. Ein "
				  "Administrator muss bei den Berechtigungen „offline_access“ "
				  "eintragen."));
	sentence = failure_sentence(renewal);
	return g_strdup_printf(
		_("Ob sich die Anmeldung erneuern lässt, war nicht zu prüfen: %s"), sentence);
}

/* That the next sign-in would fail; NULL: it would not. Yours. */
static char *describe_next(const GError *probing)
{
	g_autofree char *sentence = probing ? failure_sentence(probing) : NULL;

	return sentence ? g_strdup_printf(_("Die nächste Anmeldung würde scheitern: %s"), sentence)
			: NULL;
}

/* A sign-in that holds: since when, and what the next one would run into. */
static void report_token(Check *check, const TokenFinding *finding)
{
	g_auto(TokenStatus) status = {0};
	g_autofree char *clock = describe_clock(finding->ahead);
	g_autofree char *renewal = describe_renewal(finding->renewal);
	g_autofree char *next = describe_next(finding->probing);
	g_autofree char *today = check_join_sentences(clock, renewal);
	g_autofree char *client = describe_client(&check->account->oauth);
	g_autofree char *until = NULL;
	const char *identity;

	token_status(check->office, check->account, true, &status, NULL);
	identity = status.identity ? status.identity : check->account->address;
	until = status.expires ? clock_format_german(status.expires) : g_strdup("–");
	check_good(check, CHECK_TOKEN,
		g_strdup_printf(
			finding->renewal
				? _("Angemeldet als %s; der Zugriff gilt bis %s. %s")
				: _("Angemeldet als %s; der Zugriff gilt bis %s und wird von "
				    "selbst erneuert (geprüft). %s"),
			identity, until, client),
		check_join_sentences(today, next));
}

/* A sign-in that does not hold: with what is registered, in the technical message. Takes PROBLEM.
 */
static void report_no_token(Check *check, GError *problem)
{
	const OauthClient *client = &check->account->oauth;
	g_autofree char *redirect = oauth_redirect_uri(client, 0);
	g_autofree char *message = problem->message;

	problem->message =
		g_strdup_printf("%s (authority %s, tenant %s, application %s, redirect %s)",
			message, client->authority, client->tenant, client->id, redirect);
	if (failure_is(problem, FAILURE_LOGIN_MISSING) && client->secret)
		failure_set_remedy(problem, _("Das Geheimnis wurde nicht geprüft; "
					      "das zeigt erst eine Anmeldung."));
	check_bad(check, CHECK_TOKEN, problem);
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
	g_auto(TokenFinding) finding = {0};
	g_autoptr(Secret) token = NULL;
	GError *problem = NULL;

	if (account->interface != INTERFACE_OFFICE365) {
		check_skip(check, CHECK_TOKEN,
			_("Entfällt: Mit „Standard“ wird mit einem Kennwort angemeldet."));
		return;
	}
	check_begin(check, CHECK_TOKEN, NULL);
	check->has_credentials =
		token_get(check->office, account, NULL, check->cancel, &token, &problem) &&
		renew(check, token, &finding, &problem);
	oauth_probe(
		&account->oauth, account->address, check->cancel, &finding.ahead, &finding.probing);
	if (check->has_credentials)
		report_token(check, &finding);
	else
		report_no_token(
			check, choose_problem(check, problem, g_steal_pointer(&finding.probing)));
}
