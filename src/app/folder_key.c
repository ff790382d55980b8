/* The key of a folder: user, server, mailbox, name, UIDVALIDITY. */
#include "app/folder_key.h"

#include "base/text.h"

char *folder_key_server(const Account *account)
{
	return text_fold(account->imap.host);
}

ArchiveFolder folder_key_make(const Account *account, const char *server, const char *mailbox,
	const char *folder, uint32_t uid_validity)
{
	return (ArchiveFolder){
		.user_id = account->user_id,
		.user = account->user_name,
		.server = server,
		.mailbox = mailbox,
		.name = folder,
		.uid_validity = uid_validity,
	};
}
