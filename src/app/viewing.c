/* Being an administrator alone gives no look into mails. */
#include "app/viewing.h"

#include "settings/settings.h"

void viewing_clear(Viewing *viewing)
{
	g_clear_pointer(&viewing->mailboxes, g_strfreev);
}

const ArchiveViewer *viewing_viewer(const Viewing *viewing)
{
	return viewing->sees_all ? NULL : &viewing->viewer;
}

bool viewing_open(Office *office, const User *user, Viewing *viewing, GError **error)
{
	g_autoptr(Account) account = settings_resolve(office_settings(office), user->name, error);
	g_autoptr(GStrvBuilder) mailboxes = g_strv_builder_new();

	if (!account)
		return false;
	if (account->address)
		g_strv_builder_add(mailboxes, account->address);
	for (guint i = 0; i < account->mailboxes->len; i++)
		g_strv_builder_add(mailboxes, account->mailboxes->pdata[i]);
	viewing->sees_all = user->archive;
	viewing->mailboxes = g_strv_builder_end(mailboxes);
	viewing->viewer = (ArchiveViewer){
		.user_id = user->id,
		.user = user->name,
		.mailboxes = (const char *const *)viewing->mailboxes,
	};
	return true;
}
