/* How many mails wait on the server that are not in the archive, folder by folder, without hidden
 * ones and the one for what was sent: for a page that tells what needs doing. It fetches nothing
 * and notes nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"

typedef struct NewMailsFolder {
	char *mailbox;
	char *folder;
	uint64_t count; /* above 0; about so many where there are very many folders */
} NewMailsFolder;

typedef struct NewMails {
	GPtrArray *folders;  /* NewMailsFolder *, mailbox by mailbox */
	GPtrArray *problems; /* char *, a sentence for each mailbox that did not open */
	bool wants_sign_in;  /* a new one would help */
	bool is_cut;	     /* the time was over before all mailboxes were looked at */
} NewMails;

void new_mails_clear(NewMails *mails);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NewMails, new_mails_clear)

/* Asks the server, for eight seconds at most. What it refused
 * before is not asked for again. Fails only where nothing can be asked: the settings' failures. */
bool new_mails_look(
	Office *office, const char *user, const Cancel *cancel, NewMails *mails, GError **error);
