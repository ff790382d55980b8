/* Listing the mails of a folder on the server, with what is already in the archive; and looking
 * into one of them. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "model/mail.h"

typedef struct MessageView {
	uint32_t uid;
	char *subject;
	char *from;
	char *message_id;  /* without <>; NULL: none */
	char *in_reply_to; /* the same */
	int64_t date;	   /* the Date header, else INTERNALDATE */
	uint64_t size;
	bool seen;
	bool imported; /* it is on file, whoever filed it; then the next four say more */
	int64_t mail_id;
	char *filed_by; /* user name or "cli:LOGIN" */
	int64_t filed_at;
	char *case_number; /* NULL: none */
} MessageView;

void message_view_free(MessageView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageView, message_view_free)

typedef struct MessageQuery {
	const char *user;
	const char *mailbox; /* NULL: the main one */
	const char *folder;
	const char *text; /* searched on the server; NULL: any */
	size_t skip;	  /* so many of the newest are left out */
	size_t limit;	  /* 0: all */
} MessageQuery;

typedef struct MessagePage {
	GPtrArray *views; /* MessageView *, those that came last first */
	size_t total;	  /* that match */
	char *mailbox;	  /* as the settings spell it */
	char *folder;	  /* as the mailbox spells it */
	uint32_t uid_validity;
} MessagePage;

void message_page_clear(MessagePage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MessagePage, message_page_clear)

/* FAILURE_FOLDER_UNKNOWN and those of sign_in_imap. */
bool messages_page(Office *office, const MessageQuery *query, const Cancel *cancel,
	MessagePage *page, GError **error);

/* The same, the views alone; yours. */
GPtrArray *messages_list(
	Office *office, const MessageQuery *query, const Cancel *cancel, GError **error);

#define MESSAGE_PREVIEW_LIMIT ((uint64_t)32 * 1024 * 1024)

/* The mail UID of QUERY's folder (user, mailbox, folder) ready to be shown, yours; it is not marked
 * as read. UID_VALIDITY: the folder's as it was listed. FAILURE_MESSAGE_GONE,
 * FAILURE_FOLDER_RENEWED, FAILURE_PREVIEW_LARGE, FAILURE_PARSER_DIED. */
MailView *message_preview(Office *office, const MessageQuery *query, uint32_t uid,
	uint32_t uid_validity, const Cancel *cancel, GError **error);
