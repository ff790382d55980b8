/* What values, states, steps and actions are called on screen. */
#include "app/words.h"

#include <string.h>
#include "base/i18n.h"

const char *words_yes_no(bool value)
{
	return value ? _("ja") : _("nein");
}

const char *words_origin(SettingOrigin origin)
{
	static const char *const words[] = {
		[ORIGIN_DEFAULT] = N_("Standard"),
		[ORIGIN_GLOBAL] = N_("Systemsteuerung"),
		[ORIGIN_USER] = N_("Benutzer"),
	};

	return _(words[origin]);
}

const char *words_value(const SettingView *view)
{
	if (view->setting->type == TYPE_SECRET)
		return view->set || view->origin != ORIGIN_DEFAULT ? "••••••" : NULL;
	return view->value;
}

const char *words_interface(const char *interface)
{
	const SettingChoice *choice = settings_get_row(SETTING_INTERFACE)->choices;

	while (choice->value && strcmp(choice->value, interface) != 0)
		choice++;
	return choice->value ? _(choice->label) : interface;
}

const char *words_sign_in(SignInState state)
{
	static const char *const words[] = {
		[SIGN_IN_UNKNOWN] = N_("noch nicht versucht"),
		[SIGN_IN_OK] = N_("in Ordnung"),
		[SIGN_IN_MISSING] = N_("fehlt"),
		[SIGN_IN_EXPIRED] = N_("abgelaufen"),
		[SIGN_IN_REFUSED] = N_("abgelehnt"),
		[SIGN_IN_DISABLED] = N_("abgeschaltet"),
		[SIGN_IN_INCOMPLETE] = N_("unvollständig eingerichtet"),
		[SIGN_IN_FAILED] = N_("zuletzt gescheitert"),
	};

	return _(words[state]);
}

const char *words_protocol(MailProtocol protocol)
{
	return protocol == MAIL_PROTOCOL_IMAP ? _("Empfang (IMAP)") : _("Versand (SMTP)");
}

const char *words_check_step(CheckStep step)
{
	static const char *const labels[] = {
		[CHECK_SETTINGS] = N_("Einstellungen"),
		[CHECK_TOKEN] = N_("Token (OAuth)"),
		[CHECK_DNS] = N_("Servername (DNS)"),
		[CHECK_PROXY] = N_("Proxy"),
		[CHECK_TCP] = N_("Verbindung (TCP)"),
		[CHECK_TLS] = N_("Verschlüsselung (TLS)"),
		[CHECK_CAPABILITIES] = N_("Angebot des Servers"),
		[CHECK_LOGIN] = N_("Anmeldung"),
		[CHECK_FOLDERS] = N_("Ordner"),
		[CHECK_SENDER] = N_("Absender"),
		[CHECK_MAILBOX] = N_("weiteres Postfach"),
	};

	return _(labels[step]);
}
