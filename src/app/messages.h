/* Listing the mails of a folder on the server, with what is already in the archive. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"

typedef struct MessageView {
	uint32_t uid;
	char *subject;
	char *from;
	int64_t date; /* the Date header, else INTERNALDATE */
	uint64_t size;
	bool seen;
	bool imported;
} MessageView;

void message_view_free(MessageView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageView, message_view_free)

typedef struct MessageQuery {
	const char *user;
	const char *mailbox; /* NULL: the main one */
	const char *folder;
	const char *text; /* searched on the server; NULL: any */
	size_t limit;	  /* 0: all */
} MessageQuery;

/* MessageView *, the highest UID first. FAILURE_FOLDER_UNKNOWN and those of sign_in_imap. */
GPtrArray *messages_list(
	Office *office, const MessageQuery *query, const Cancel *cancel, GError **error);
