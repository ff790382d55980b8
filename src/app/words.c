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

const char *words_folder(const char *folder)
{
	return g_ascii_strcasecmp(folder, "INBOX") == 0 ? _("Posteingang") : folder;
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

/* For whoever has a password for Amtspost: who has none must be invited first. */
static const char *advise_sign_in(const Person *person)
{
	bool office365 = g_strcmp0(person->interface, "office365") == 0;

	if (!person->user->has_password)
		return _("Zuerst lädt ein Administrator den Benutzer ein (Schaltfläche "
			 "„Einladen“). Dieser meldet sich dann unter Datei | Persönliche "
			 "Einstellungen bei seinem Postfach an.");
	if (person->sign_in.state != SIGN_IN_REFUSED)
		return office365 ? _("Der Benutzer meldet sich unter Datei | Persönliche "
				     "Einstellungen mit „Authentifizierung“ bei Office 365 an.")
				 : _("Der Benutzer gibt unter Datei | Persönliche Einstellungen "
				     "das Kennwort seines Postfachs ein.");
	return office365
		       ? _("Ein Administrator sieht mit „Verbindung prüfen“, was zu ändern ist. "
			   "Danach meldet sich der Benutzer unter Datei | Persönliche "
			   "Einstellungen mit „Neue Authentifizierung“ an.")
		       : _("Der Benutzer gibt unter Datei | Persönliche Einstellungen das jetzige "
			   "Kennwort seines Postfachs ein. Wird auch dieses abgelehnt, sieht ein "
			   "Administrator mit „Verbindung prüfen“, woran es liegt.");
}

const char *words_sign_in_advice(const Person *person)
{
	switch (person->sign_in.state) {
	case SIGN_IN_OK:
		return NULL;
	case SIGN_IN_UNKNOWN:
		return _("Es ist nichts zu tun. „Verbindung prüfen“ zeigt, ob die Anmeldung "
			 "gelingt.");
	case SIGN_IN_FAILED:
		return _("„Verbindung prüfen“ zeigt, an welcher Stelle es scheitert und wer etwas "
			 "tun muss.");
	case SIGN_IN_DISABLED:
		return _("Soll der Benutzer E-Mail verwenden, schaltet ein Administrator die "
			 "Schnittstelle unter „Office und E-Mail“ ein.");
	case SIGN_IN_INCOMPLETE:
		return _("Ein Administrator trägt die fehlende Einstellung ein: unter „Office und "
			 "E-Mail“ dieses Benutzers oder, wo „Verwende Default“ gilt, in der "
			 "Systemsteuerung.");
	default:
		return advise_sign_in(person);
	}
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
		[CHECK_SEND] = N_("Testnachricht"),
		[CHECK_MAILBOX] = N_("weiteres Postfach"),
	};

	return _(labels[step]);
}
