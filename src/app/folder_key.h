/* How the archive names a folder of an account: the key of cursors and sources. */
#pragma once

#include "archive/archive.h"
#include "model/account.h"

/* The archive's name for ACCOUNT's IMAP server; yours. */
char *folder_key_server(const Account *account);

/* The key of MAILBOX's FOLDER as the account's user sees it; borrows everything. */
ArchiveFolder folder_key_make(const Account *account, const char *server, const char *mailbox,
	const char *folder, uint32_t uid_validity);
