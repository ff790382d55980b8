/* Listing a mailbox's folders with what the import hides and why. */
#pragma once

#include <glib.h>
#include "app/hidden.h"
#include "app/office.h"
#include "base/cancel.h"

typedef struct FolderView {
	char *mailbox;
	char *name;
	const char *role; /* "trash" …; NULL: none */
	int64_t messages; /* -1: unknown or not selectable */
	char *hidden_by;  /* the entry of the list; NULL: shown */
} FolderView;

void folder_view_free(FolderView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FolderView, folder_view_free)

/* The folders of MAILBOX (NULL: all of USER's) that hold mails, FolderView *; hidden ones only with
 * ALL. */
GPtrArray *folders_list(Office *office, const char *user, const char *mailbox, bool all,
	const Cancel *cancel, GError **error);

/* Checks that MAILBOX belongs to ACCOUNT and can be used: NULL or the main one is fine, a shared
 * one FAILURE_SHARED_NOT_YET, another FAILURE_MAILBOX_UNKNOWN. */
bool folders_check_mailbox(const Account *account, const char *mailbox, GError **error);
