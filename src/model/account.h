/* A user's mail account as it works: the effective settings as plain values. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "model/client.h"
#include "model/endpoint.h"

typedef enum Interface { INTERFACE_STANDARD, INTERFACE_OFFICE365, INTERFACE_DISABLED } Interface;

typedef enum AfterImport { AFTER_NONE, AFTER_SEEN, AFTER_FLAG, AFTER_MOVE } AfterImport;

typedef struct Account {
	int64_t user_id;
	char *user_name;
	Interface interface;
	char *address;	      /* the main mailbox */
	GPtrArray *mailboxes; /* further addresses, char * */
	/* The settings' generation in which they, or the user name, were stored last; 0: none. */
	int64_t mailboxes_generation;
	Endpoint imap;
	Endpoint smtp;
	OauthClient oauth;	   /* filled for INTERFACE_OFFICE365 only */
	char *token_folder;	   /* as typed, with its placeholders; NULL: the default */
	bool hidden_standard;	   /* never changed: the standard list holds */
	GPtrArray *hidden_folders; /* char *, as typed */
	AfterImport after;
	char *after_folder; /* NULL but for AFTER_MOVE */
} Account;

/* The account's server of PROTOCOL, borrowed. */
const Endpoint *account_endpoint(const Account *account, MailProtocol protocol);

/* MAILBOX as the settings spell it: the main address (also for NULL) or one of the further ones,
 * compared without regard to case; borrowed, NULL: it is none of ACCOUNT's. */
const char *account_find_mailbox(const Account *account, const char *mailbox);

void account_free(Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)
