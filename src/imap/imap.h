/* An IMAP4rev1 session (RFC 3501, 9051 where it agrees) over a Stream: login, folders, search,
 * pipelined fetch, flags, move. One thread at a time. It knows no settings and no archive.
 *
 * After FAILURE_CODE_PROTOCOL, RETRY or CANCELLED errors the session is dead (imap_is_alive): free
 * it and open another. Folder names outside are UTF-8 as decoded (modified UTF-7 or UTF8=ACCEPT).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include "net/stream.h"
#include "sasl/sasl.h"

typedef struct ImapSession ImapSession;

typedef enum ImapCapability {
	IMAP_CAP_IDLE = 1 << 0,
	IMAP_CAP_ID = 1 << 1,
	IMAP_CAP_NAMESPACE = 1 << 2,
	IMAP_CAP_SPECIAL_USE = 1 << 3,
	IMAP_CAP_LITERAL_PLUS = 1 << 4,
	IMAP_CAP_LITERAL_MINUS = 1 << 5,
	IMAP_CAP_MOVE = 1 << 6,
	IMAP_CAP_UIDPLUS = 1 << 7,
	IMAP_CAP_ESEARCH = 1 << 8,
	IMAP_CAP_ENABLE = 1 << 9,
	IMAP_CAP_UTF8_ACCEPT = 1 << 10,
	IMAP_CAP_SASL_IR = 1 << 11,
	IMAP_CAP_LOGINDISABLED = 1 << 12,
	IMAP_CAP_LIST_STATUS = 1 << 13,
	IMAP_CAP_LIST_EXTENDED = 1 << 14,
	IMAP_CAP_ACL = 1 << 15,
} ImapCapability;

/* Takes STREAM, in every case. Sends the first CAPABILITY, drops all before its answer. A greeting
 * of BYE: FAILURE_SERVER_BYE. */
ImapSession *imap_open(Stream *stream, GError **error);
/* Sends LOGOUT where the session is alive; its answer is not waited for. No fetch may be open. */
void imap_close(ImapSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapSession, imap_close)

bool imap_is_alive(const ImapSession *session);
/* From now on CANCEL (nullable), borrowed, is what ends waiting. */
void imap_set_cancel(ImapSession *session, const Cancel *cancel);
/* stream_set_deadline. */
void imap_set_deadline(ImapSession *session, int64_t deadline);
bool imap_has(const ImapSession *session, ImapCapability capability);
/* SASL mechanisms that the server offers (SaslMechanism bits). */
unsigned imap_mechanisms(const ImapSession *session);
/* The one that imap_login succeeded with, or the command "LOGIN"; borrowed, NULL: none. */
const char *imap_mechanism_used(const ImapSession *session);
/* All that the server offers, in its own words ("IMAP4rev1 IDLE …"), at most 1,000 bytes, borrowed.
 */
const char *imap_offer(const ImapSession *session);
/* Whether the server greeted with PREAUTH: no login is needed. */
bool imap_is_preauthenticated(const ImapSession *session);
/* Bytes since opening, both ways. */
uint64_t imap_bytes(const ImapSession *session);

/* Milliseconds of the pause that the server suggested last, 0: none. Tells how long to wait after
 * FAILURE_THROTTLED; at most an hour. */
unsigned imap_backoff(const ImapSession *session);
/* Adds to PROBLEM, FAILURE_THROTTLED, until when that is; 0: not told. */
void imap_tell_pause(GError *problem, unsigned milliseconds);

/* Logs in with the strongest mechanism offered (AUTHENTICATE, else LOGIN unless LOGINDISABLED; a
 * token by AUTHENTICATE alone), then reads the capabilities anew, sends ID where offered, enables
 * UTF8=ACCEPT where offered. The server's NO becomes FAILURE_LOGIN_REFUSED (its text and what it
 * said to a token in the technical message), UNAVAILABLE (RFC 5530) and throttling
 * FAILURE_THROTTLED or FAILURE_SERVER_UNAVAILABLE; no usable mechanism FAILURE_LOGIN_MECHANISM.
 * From now on a text of the server that repeats the password or token is withheld from messages. A
 * server that accepts the login but has no mailbox for it says so now or to any later command:
 * FAILURE_LOGIN_NOT_CONNECTED. */
bool imap_login(ImapSession *session, const SaslIdentity *identity, GError **error);

typedef enum ImapRole {
	IMAP_ROLE_NONE,
	IMAP_ROLE_ALL,
	IMAP_ROLE_ARCHIVE,
	IMAP_ROLE_DRAFTS,
	IMAP_ROLE_FLAGGED,
	IMAP_ROLE_JUNK,
	IMAP_ROLE_SENT,
	IMAP_ROLE_TRASH,
	IMAP_ROLE_IMPORTANT,
} ImapRole;

/* "trash", NULL for none: lower case, without backslash. */
const char *imap_role_name(ImapRole role);

typedef struct ImapFolder {
	char *name;	/* decoded, with the server's delimiter */
	char delimiter; /* 0: flat */
	ImapRole role;
	bool selectable; /* neither \Noselect nor \NonExistent */
	/* From LIST-STATUS where offered; -1 if unknown. */
	int64_t messages;
	int64_t unseen;
} ImapFolder;

void imap_folder_free(ImapFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapFolder, imap_folder_free)

/* LIST "" "*" with SPECIAL-USE and STATUS where offered, at most 100,000 folders with names of at
 * most 4 KiB each and 16 MiB together. ImapFolder *. */
GPtrArray *imap_list(ImapSession *session, GError **error);
/* The same for the folders whose names begin with START (LIST "" "START*"), a wildcard in it
 * included.
 */
GPtrArray *imap_list_below(ImapSession *session, const char *start, GError **error);

typedef struct ImapNamespace {
	enum { NAMESPACE_PERSONAL, NAMESPACE_OTHERS, NAMESPACE_SHARED } kind;
	char *prefix; /* decoded */
	char delimiter;
} ImapNamespace;

void imap_namespace_free(ImapNamespace *name_space);
/* RFC 2342; empty array where not offered. ImapNamespace *. */
GPtrArray *imap_namespaces(ImapSession *session, GError **error);

typedef struct ImapStatus {
	uint32_t messages;
	uint32_t uid_next;     /* 0: not told */
	uint32_t uid_validity; /* 0: not told */
	uint32_t unseen;
	bool read_only;	 /* IMAP_READ_WRITE was asked for, and refused */
	bool loses_seen; /* imap_select: by PERMANENTFLAGS the server would not keep it */
	bool loses_flagged;
} ImapStatus;

/* STATUS without selecting. FAILURE_FOLDER_UNKNOWN, FAILURE_FOLDER_DENIED (RFC 5530 NOPERM). */
bool imap_status(ImapSession *session, const char *folder, ImapStatus *status, GError **error);

/* STATUS of COUNT folders in one pipelined round trip; a folder that fails has uid_validity 0. */
bool imap_status_many(ImapSession *session, const char *const *folders, size_t count,
	ImapStatus *statuses, GError **error);

typedef enum ImapAccess { IMAP_READ_ONLY, IMAP_READ_WRITE } ImapAccess;

/* EXAMINE or SELECT; fills STATUS (unseen 0). The same failures as imap_status. */
bool imap_select(ImapSession *session, const char *folder, ImapAccess access, ImapStatus *status,
	GError **error);

/* What the user may do in FOLDER, in the letters of RFC 4314 section 2.1 ("lrswit"), yours in
 * *RIGHTS; NULL: the server does not tell. */
bool imap_rights(ImapSession *session, const char *folder, char **rights, GError **error);

typedef struct ImapSearch {
	const char *uid_set;	/* NULL: all, otherwise a set as imap_uid_set_format makes */
	int64_t since;		/* INTERNALDATE on or after this day (UTC), 0: any */
	const char *text;	/* in subject, people or body (TEXT), NULL: any */
	const char *message_id; /* part of the field Message-ID, NULL: any */
	/* Message sequence numbers (RFC 9051 section 2.3.1.2) of the folder as it was selected; 0,
	 * 0: any. The largest have come last. */
	uint32_t first, last;
} ImapSearch;

/* UID SEARCH (ESEARCH where offered); ascending, without doubles. GArray of uint32_t. OK without an
 * answer before it: FAILURE_SERVER_GARBAGE, unless the folder is empty. */
GArray *imap_search(ImapSession *session, const ImapSearch *search, GError **error);

/* "4,6:8,10" from ascending UIDS, yours; and back (FAILURE_UID_SET_INVALID; "*" is refused; at most
 * LIMIT UIDs). */
char *imap_uid_set_format(const uint32_t *uids, size_t count);
GArray *imap_uid_set_parse(const char *text, size_t limit, GError **error);

typedef enum ImapItems {
	IMAP_ITEMS_RAW,	    /* UID FLAGS INTERNALDATE BODY.PEEK[] */
	IMAP_ITEMS_SUMMARY, /* UID FLAGS INTERNALDATE RFC822.SIZE, header fields From Subject Date
			       Message-ID In-Reply-To as the body */
} ImapItems;

/* One message of a fetch. */
typedef struct ImapMessage {
	uint32_t uid;
	bool has_body;
	uint64_t size;	       /* bytes of the body as the literal says */
	uint64_t rfc822_size;  /* IMAP_ITEMS_SUMMARY */
	int64_t internal_date; /* seconds since 1970, 0: not told */
	bool seen;
	bool flagged;
} ImapMessage;

typedef struct ImapFetch ImapFetch;

/* Fetches COUNT ascending UIDS of the selected folder, with requests in flight for some megabytes
 * ahead, never a round trip a message. Only one fetch a session at a time. Copies UIDS. */
ImapFetch *imap_fetch_begin(
	ImapSession *session, const uint32_t *uids, size_t count, ImapItems items, GError **error);

/* The next message's start: has_body and size are known, uid may still be 0 (items come in any
 * order). False without error: all answers are read. A literal above 2 GiB:
 * FAILURE_MESSAGE_TOO_LARGE with message->uid filled (as told, else the first one still awaited)
 * and the session dead, since skipping it may take for ever: open another and go on without this
 * UID. A negative or nonsensical length, and one above 2 GiB for a UID that is not awaited:
 * FAILURE_SERVER_GARBAGE. */
bool imap_fetch_next(ImapFetch *fetch, ImapMessage *message, GError **error);

/* Points *DATA at the next bytes of the body (borrowed until the next call) and answers how many; 0
 * at the body's end; -1 on failure. Bytes that are not read are skipped by imap_fetch_end. */
ssize_t imap_fetch_read(ImapFetch *fetch, const void **data, GError **error);

/* Reads the rest of the message's answer: MESSAGE is complete now. FAILURE_CODE_REFUSED or LIMIT
 * errors concern this message only; the fetch goes on. */
bool imap_fetch_end(ImapFetch *fetch, ImapMessage *message, GError **error);

/* The UIDs asked for that brought no body, with the server's text if it said NO; valid after the
 * last message. GArray of uint32_t, borrowed. */
const GArray *imap_fetch_missing(const ImapFetch *fetch, const char **reason);

/* Ends the fetch; one that was not read to its end leaves the session dead. */
void imap_fetch_free(ImapFetch *fetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapFetch, imap_fetch_free)

/* UID STORE +FLAGS.SILENT; FLAG "\\Seen" or "\\Flagged". */
bool imap_add_flag(
	ImapSession *session, const uint32_t *uids, size_t count, const char *flag, GError **error);

/* UID MOVE, else UID COPY, UID STORE \Deleted and UID EXPUNGE where UIDPLUS is offered (never a
 * plain EXPUNGE; without UIDPLUS the mails stay, marked \Deleted). A missing target folder is made.
 */
bool imap_move(ImapSession *session, const uint32_t *uids, size_t count, const char *folder,
	GError **error);

/* A message on its way into a folder; all borrowed. */
typedef struct ImapAppend {
	const void *bytes; /* with CRLF at the lines' ends, without NUL */
	size_t size;
	const char *flags; /* "\\Seen"; NULL: none */
	int64_t date;	   /* INTERNALDATE, seconds since 1970; 0: the server's time */
} ImapAppend;

/* APPEND. A missing folder is made. *UID (nullable): as the server tells it (RFC 4315), 0: it does
 * not. Asking whether the message is there already is the caller's: after a lost connection it may
 * be. */
bool imap_append(ImapSession *session, const char *folder, const ImapAppend *append, uint32_t *uid,
	GError **error);

bool imap_noop(ImapSession *session, GError **error);
