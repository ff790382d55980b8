/* What the files of E-Mail importieren share: where one is, and the three panes. */
#pragma once

#include "app/folders.h"
#include "app/messages.h"
#include "app/viewing.h"
#include "model/account.h"
#include "web/page.h"
#include "web/page_import_job.h"

#define IMPORT_ROWS_A_PAGE 50
#define IMPORT_FOLDERS 2000 /* of one mailbox */

/* What the address, or a form that is shown again, asks for; borrowed from the request. */
typedef struct ImportPlace {
	const char *mailbox;
	const char *folder;
	const char *words; /* searched on the server; NULL: none */
	int64_t page;	   /* from 1 */
	bool all;	   /* hidden folders, too */
} ImportPlace;

/* "/importieren?postfach=…&ordner=…"; yours. Without the page, which may follow as "&seite=". */
char *import_place_path(const ImportPlace *place);

/* Mailboxes and folders. FOLDERS (nullable: not known) are those of PLACE's mailbox. */
void import_write_tree(
	Html *h, const ImportPlace *place, const Account *account, const FolderList *folders);

/* What the list and its form need. */
typedef struct ImportList {
	const Visit *visit;
	const Account *account;
	const ImportPlace *place;
	const Viewing *viewing;
	const MessagePage *page;
	const GError *problem; /* of the form that was sent; NULL: none */
} ImportList;

/* The search, the mails, and what to do with them. */
bool import_write_mails(Html *h, const ImportList *list, GError **error);
