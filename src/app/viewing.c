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
	viewing->mailboxes =
		settings_mailboxes(office_settings(office), user->id, user->name, error);
	if (!viewing->mailboxes)
		return false;
	viewing->sees_all = user->archive;
	viewing->viewer = (ArchiveViewer){
		.user_id = user->id,
		.user = user->name,
		.mailboxes = (const char *const *)viewing->mailboxes,
	};
	return true;
}
