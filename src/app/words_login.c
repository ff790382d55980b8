/* What a sign-in came to, as sentences. */
#include "app/words.h"

#include "base/i18n.h"

char *words_login_check(const LoginCheck *check, const char *good)
{
	switch (check->state) {
	case LOGIN_OK:
		return g_strdup(good);
	case LOGIN_UNCHECKED:
		return g_strdup_printf(_("noch nicht geprüft: %s"), check->reason);
	default:
		return g_strdup(check->reason ? check->reason : "–");
	}
}

char *words_login_result(const LoginResult *result, bool failed)
{
	const char *who = result->identity ? result->identity : result->account;

	if (failed && !result->stored)
		return g_strdup_printf(_("%s ist nicht angemeldet."), who);
	if (!result->token_file && result->imap.state != LOGIN_OK)
		return g_strdup_printf(
			_("Das Kennwort von %s ist gespeichert, aber noch nicht geprüft."), who);
	return g_strdup_printf(_("Angemeldet als %s."), who);
}

const char *words_login_use(const LoginStatus *status)
{
	static const char *const sentences[] = {
		[LOGIN_USE_GOOD] = N_("Die Anmeldung gilt."),
		[LOGIN_USE_UNTRIED] = N_("Das Kennwort ist gespeichert, aber noch nicht geprüft."),
		[LOGIN_USE_FIRST] = N_("Es ist eine Anmeldung nötig."),
		[LOGIN_USE_AGAIN] = N_("Es ist eine neue Anmeldung nötig."),
		[LOGIN_USE_BLOCKED] = N_("Die Anmeldung kann zurzeit nicht verwendet werden."),
	};

	if (status->use == LOGIN_USE_GOOD && status->reason && !status->token_file)
		return _("Die Anmeldung ist gespeichert; zuletzt ist E-Mail damit gescheitert.");
	if (status->use == LOGIN_USE_GOOD && status->reason)
		return _(
			"Die Anmeldung ist gespeichert; zuletzt konnte sie nicht erneuert werden.");
	return _(sentences[status->use]);
}
