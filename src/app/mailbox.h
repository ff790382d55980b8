/* One of a user's mailboxes, opened by whichever way leads to it. The main one: the user's own
 * sign-in. A further one with Office 365: the user's token for the other address. With Standard, in
 * this order: credentials of its own; another user's namespace (RFC 2342) whose owner is the
 * address or its local part; the user's sign-in with an authorization identity (RFC 4616). The
 * user's password is never tried under another name.
 *
 * Folders are named as the mailbox's owner would see them: "INBOX", "Archiv/2026". */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "imap/imap.h"

typedef struct Mailbox Mailbox;

/* A run that asks the server again what it refused before, because a person wants to know: one for
 * all mailboxes of the run. */
typedef struct MailboxRetry {
	bool spent; /* the main user's sign-in was refused once: no more of that */
} MailboxRetry;

/* ADDRESS as ACCOUNT's settings spell it (account_find_mailbox). RETRY NULL: what was refused
 * before is not asked for again. For a further mailbox FAILURE_MAILBOX_DENIED: the server opens it
 * by none of the ways; FAILURE_LOGIN_…: credentials of its own are refused. Otherwise the failures
 * of sign_in_imap.
 */
Mailbox *mailbox_open(Office *office, const Account *account, const char *address,
	MailboxRetry *retry, const Cancel *cancel, GError **error);
/* Takes SESSION, which is logged in to the main mailbox. */
Mailbox *mailbox_adopt(ImapSession *session);
void mailbox_close(Mailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_close)

/* MAILBOX (NULL: the main one) as ACCOUNT's settings spell it, borrowed. FAILURE_MAILBOX_UNKNOWN.
 */
const char *mailbox_find(const Account *account, const char *mailbox, GError **error);

/* Whether PROBLEM concerns one mailbox as a whole and no other. */
bool mailbox_is_refused(const GError *problem);

/* Which way led to it. */
typedef enum MailboxWay {
	MAILBOX_WAY_MAIN,
	MAILBOX_WAY_OWN,       /* credentials of its own: with their user name */
	MAILBOX_WAY_NAMESPACE, /* another user's namespace: with what the mailbox is called there */
	MAILBOX_WAY_AUTHORIZED, /* an authorization identity: with the user name that signed in */
	MAILBOX_WAY_TOKEN,	/* a token: with whose it is */
} MailboxWay;
MailboxWay mailbox_way(const Mailbox *mailbox);
/* What the way is named with, borrowed; NULL: MAILBOX_WAY_MAIN. */
const char *mailbox_way_detail(const Mailbox *mailbox);

/* Borrowed. */
ImapSession *mailbox_session(const Mailbox *mailbox);

/* Its folders, ImapFolder *; without those of other users that the server lists beside them. */
GPtrArray *mailbox_list(Mailbox *mailbox, GError **error);

/* imap_select for a folder by its own name. */
bool mailbox_select(Mailbox *mailbox, const char *folder, ImapAccess access, ImapStatus *status,
	GError **error);

/* What FOLDER is called where it counts: INBOX whatever its letters' case (RFC 9051 section 5.1),
 * all others as they are; borrowed. */
const char *mailbox_call_folder(const char *folder);

/* mailbox_select for reading, of FOLDER as a person names it; *NAME, yours, is how the mailbox
 * spells it. */
bool mailbox_enter(
	Mailbox *mailbox, const char *folder, char **name, ImapStatus *status, GError **error);

/* After mailbox_select found no FOLDER: how the mailbox spells it, yours, where that differs in
 * what nobody sees alone (an umlaut as one letter or two). NULL: FAILURE_FOLDER_UNKNOWN,
 * FAILURE_FOLDER_BARE, or the session's failure; *HINT: it says more than that there is none. */
char *mailbox_spell_folder(Mailbox *mailbox, const char *folder, bool *hint, GError **error);

/* FAILURE_FOLDER_UNKNOWN, that the mailbox ADDRESS has no FOLDER. */
void mailbox_miss_folder(
	GError **error, const char *address, const char *folder, const char *message);

/* What the server calls FOLDER; yours. FAILURE_FOLDER_UNKNOWN: it cannot have a folder of that
 * name.
 */
char *mailbox_server_name(const Mailbox *mailbox, const char *folder, GError **error);

/* imap_status_many for folders by their own names. */
bool mailbox_status_many(
	Mailbox *mailbox, const GPtrArray *folders, ImapStatus *statuses, GError **error);
