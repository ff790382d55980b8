/* Inside of mailbox*.c. */
#pragma once

#include "app/mailbox.h"

struct Mailbox {
	ImapSession *session;
	char *address;	    /* NULL: the session was taken over as it is */
	int64_t generation; /* of the settings that opened it, for mail_pool.c */
	MailboxWay way;
	char *way_detail; /* NULL: MAILBOX_WAY_MAIN */
	/* In another user's namespace; root NULL: the server's names are the owner's. */
	char *root;	/* "shared/info@amt.example" */
	char delimiter; /* behind it; 0: none */
	char *prefix;	/* of the owner's names other than INBOX: "", "INBOX." */
	char *inbox;	/* what is INBOX to its owner; NULL: nothing */
	GHashTable
		*names; /* owner's name, server's name: where no rule leads from one to the other */
	GPtrArray *folders; /* ImapFolder * below root, as the search for it found them, renamed */
};

/* Looks for the namespace of ADDRESS: by the whole address in all of them, then by its local part
 * where that tells the owner. Nothing found is no failure, root stays NULL. */
bool mailbox_names_find(
	Mailbox *mailbox, const Account *account, const char *address, GError **error);
void mailbox_names_clear(Mailbox *mailbox);

/* mailbox_advice.c: what to do about PROBLEM with ADDRESS, whose own credentials, with USERNAME,
 * were refused. */
void mailbox_advise_login(
	GError *problem, const Account *account, const char *address, const char *username);
/* The same with ADDRESS, which no way leads to. SHARES: the server could open it to the user. */
void mailbox_advise_denied(
	GError *problem, const Account *account, const char *address, bool shares);
