/* What to do about a mailbox that does not open: with the calls as they are to be typed. */
#include "app/mailbox_internal.h"

#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* What stands behind "amtspost login --user": "m.muster --mailbox info@amt.example"; yours. */
static char *login_words(const Account *account, const char *address, const char *username)
{
	g_autofree char *mailbox = text_shell_word(address);
	g_autofree char *name =
		username && !text_is_same(username, address) ? text_shell_word(username) : NULL;

	return g_strdup_printf("%s --mailbox %s%s%s", account->user_name, mailbox,
		name ? " --username " : "", name ? name : "");
}

void mailbox_advise_login(
	GError *problem, const Account *account, const char *address, const char *username)
{
	g_autofree char *words = login_words(account, address, username);

	failure_set_remedy(problem, words);
}

void mailbox_advise_denied(
	GError *problem, const Account *account, const char *address, bool shares)
{
	g_autofree char *words = login_words(account, address, NULL);
	g_autofree char *advice = NULL;

	if (account->interface == INTERFACE_OFFICE365)
		advice = g_strdup_printf(
			_("Stimmt sie, muss, wer die Postfächer verwaltet, „%s“ Vollzugriff auf "
			  "dieses Postfach geben; das kann bis zu einer Stunde dauern."),
			account->address);
	else if (shares)
		advice = g_strdup_printf(
			_("Stimmt sie, muss, wer die Postfächer verwaltet, „%s“ Zugriff auf dieses "
			  "Postfach geben. Ein eigenes Kennwort des Postfachs können Sie bei Ihrer "
			  "Anmeldung hinterlegen („amtspost login --user %s“)."),
			account->address, words);
	else
		advice = g_strdup_printf(
			_("Stimmt sie, braucht das Postfach eigene Zugangsdaten, denn dieser "
			  "Server öffnet es nicht mit der Anmeldung von „%s“ („amtspost login "
			  "--user %s“)."),
			account->address, words);
	failure_set_remedy(problem, advice);
}
