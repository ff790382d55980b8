/* Listing a mailbox's folders with what the import hides and why. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/hidden.h"
#include "app/office.h"
#include "base/cancel.h"

typedef struct FolderView {
	char *mailbox;
	char *name;
	char delimiter;	  /* between the parts of NAME; 0: it has one */
	const char *role; /* "trash" …; NULL: none */
	int64_t messages; /* -1: unknown or not selectable */
	int64_t unseen;	  /* the same */
	char *hidden_by;  /* the entry of the list; NULL: shown */
	bool whole;	  /* it hides the whole mailbox */
} FolderView;

void folder_view_free(FolderView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FolderView, folder_view_free)

typedef struct FolderList {
	GPtrArray *views;     /* FolderView *, mailbox by mailbox */
	GPtrArray *unmatched; /* char *, entries of the user's own list that match no folder; NULL:
			       * not all were looked at */
	guint hidden;	      /* folders that are left out because they are hidden */
	guint hidden_mailboxes; /* the same, of which no folder is counted */
	GPtrArray
		*problems; /* char *, a German sentence for each mailbox that could not be opened */
	guint limit;	   /* set before: so many of a mailbox at most; 0: all */
	bool is_cut;	   /* there were more */
	char *failed;	   /* their addresses, "a@amt.example, b@amt.example"; NULL: none */
} FolderList;

void folder_list_clear(FolderList *list);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FolderList, folder_list_clear)

/* The folders of MAILBOX (NULL: all of USER's) that hold mails; hidden ones only with ALL. Without
 * MAILBOX a further one that the server does not open is noted in LIST. */
bool folders_list(Office *office, const char *user, const char *mailbox, bool all,
	const Cancel *cancel, FolderList *list, GError **error);
