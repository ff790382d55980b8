/* Parts, life and death of Account. */
#include "model/account.h"

#include "base/text.h"

const Endpoint *account_endpoint(const Account *account, MailProtocol protocol)
{
	return protocol == MAIL_PROTOCOL_IMAP ? &account->imap : &account->smtp;
}

const char *account_find_mailbox(const Account *account, const char *mailbox)
{
	if (!mailbox || text_is_same(mailbox, account->address))
		return account->address;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		if (text_is_same(mailbox, g_ptr_array_index(account->mailboxes, i)))
			return g_ptr_array_index(account->mailboxes, i);
	}
	return NULL;
}

void account_free(Account *account)
{
	if (!account)
		return;
	g_free(account->user_name);
	g_free(account->address);
	g_clear_pointer(&account->mailboxes, g_ptr_array_unref);
	endpoint_clear(&account->imap);
	endpoint_clear(&account->smtp);
	oauth_client_clear(&account->oauth);
	g_free(account->token_folder);
	g_clear_pointer(&account->hidden_folders, g_ptr_array_unref);
	g_free(account->after_folder);
	g_free(account);
}
