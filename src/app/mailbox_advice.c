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
