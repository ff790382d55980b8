/* The durable archive: raw mails in write-once packs, rows in the database, words in search.db.
 * It knows no IMAP and no MIME: bytes come in with their source, what they say comes from outside.
 *
 * Commit protocol: pack written and synced, folder synced, then one transaction with its rows.
 * After a crash there is at most a pack without rows, which the reaper removes a day later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "base/hash.h"
#include "db/db.h"
#include "model/mail.h"

typedef struct Archive Archive; /* any thread */

/* FOLDER: "archive" inside the data folder (packs, search.db); made if missing. Borrows DB. */
Archive *archive_open(Db *db, const char *folder, GError **error);
void archive_close(Archive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_close)

/* ---- who looks (archive_view.c) ---- */

/* A person who sees the mails with a source in one of MAILBOXES (the person's own and shared
 * addresses as the settings say now; NULL-terminated, NULL: none) and those that the person filed.
 * A NULL viewer sees all: the right Archiv, and the command line. A mail that VIEWER does not see
 * is to every function here as one that does not exist.
 *
 * Who has the bytes of somebody else's mail may file them, and then reads that mail; but only who
 * received it, or filed it alone, may change or delete it: archive_may_change. */
typedef struct ArchiveViewer {
	int64_t user_id;
	const char *user; /* the name, which uploads carry */
	const char *const *mailboxes;
} ArchiveViewer;

/* ---- folders (archive_folder.c) ---- */

/* A folder on a server as one user sees it: the key of cursor and sources. */
typedef struct ArchiveFolder {
	int64_t id; /* set by archive_folder_open */
	int64_t user_id;
	const char *user;
	const char *server;  /* host, folded */
	const char *mailbox; /* address */
	const char *name;
	uint32_t uid_validity;
	uint32_t cursor; /* every UID up to it is filed or noted for another try */
} ArchiveFolder;

/* Finds or makes the row; fills id and cursor (0 when new). With known UIDVALIDITY 0 nothing is
 * made and the newest row of that name answers (id 0: none). */
bool archive_folder_open(Archive *archive, ArchiveFolder *folder, GError **error);

/* The UIDs of FOLDER above cursor that are done already (picked by hand), and those noted for
 * another try (any UID); ascending GArray of uint32_t, yours. */
GArray *archive_folder_done(Archive *archive, const ArchiveFolder *folder, GError **error);
GArray *archive_folder_retries(Archive *archive, const ArchiveFolder *folder, GError **error);

/* UID is noted for another try no longer (it is gone from the server). */
bool archive_folder_forget(
	Archive *archive, const ArchiveFolder *folder, uint32_t uid, GError **error);

typedef struct ArchiveRetry {
	char *mailbox;
	char *folder;
	uint32_t uid;
	uint32_t uid_validity;
	char *reason;	  /* as archive_batch_note_failure was given it */
	int64_t tried_at; /* last */
} ArchiveRetry;

void archive_retry_free(ArchiveRetry *retry);

/* Whether any mail of USER_ID's is noted for another try, on whatever server. */
bool archive_any_retries(Archive *archive, int64_t user_id, bool *any, GError **error);

/* The mails of USER_ID's on SERVER (folded) that are noted for another try, by mailbox, folder and
 * UID, at most LIMIT: ArchiveRetry *, yours. */
GPtrArray *archive_retries(
	Archive *archive, int64_t user_id, const char *server, size_t limit, GError **error);

/* Whether retries or pending actions of FOLDER wait. */
bool archive_folder_is_busy(
	Archive *archive, const ArchiveFolder *folder, bool *busy, GError **error);

/* Which of COUNT UIDS are on file (a copy exists): DONE[i]. */
bool archive_folder_filed(Archive *archive, const ArchiveFolder *folder, const uint32_t *uids,
	size_t count, bool *done, GError **error);

/* ---- filing (archive_batch.c, archive_commit.c) ---- */

/* A batch in the making; one thread. FOLDER NULL: uploads without a mailbox. BY_HAND brings back
 * mails deleted from the archive. CASE_NUMBER (nullable; blanks around it do not count) fills empty
 * ones, of uploads only where archive_may_change. ACTION (nullable):
 * "seen", "flag" or "move" to be done on the server, noted in the commit for every mail that is on
 * file then. */
typedef struct ArchiveOrder {
	const ArchiveFolder *folder;
	const char *imported_by;     /* user name or "cli:LOGIN" */
	const ArchiveViewer *viewer; /* of uploads, borrowed; NULL: sees all */
	int64_t imported_by_id;	     /* of uploads, the user's id, who then sees them; 0: none */
	bool by_hand;
	const char *case_number;
	const char *action;
	const char *action_folder;
} ArchiveOrder;

typedef struct ArchiveBatch ArchiveBatch;

ArchiveBatch *archive_batch_new(Archive *archive, const ArchiveOrder *order);
/* Unlinks what was not committed. */
void archive_batch_free(ArchiveBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveBatch, archive_batch_free)

/* One mail: begin, write in pieces, finish or discard. SIZE_HINT decides on a pack of its own.
 * Failures: FAILURE_DISK_FULL (also below the reserve), FAILURE_STORE. */
bool archive_batch_begin(ArchiveBatch *batch, uint64_t size_hint, GError **error);
bool archive_batch_write(ArchiveBatch *batch, const void *data, size_t size, GError **error);
bool archive_batch_finish(ArchiveBatch *batch, uint32_t uid, int64_t internal_date, GError **error);
void archive_batch_discard(ArchiveBatch *batch);

/* Notes UID for another try with the REASON, in the commit. */
void archive_batch_note_failure(ArchiveBatch *batch, uint32_t uid, const char *reason);

/* Gives the mail that UID of the folder was filed as the order's case number, in the commit; it
 * counts as known. Nothing else of it changes, and one that was deleted stays away. */
void archive_batch_note_known(ArchiveBatch *batch, uint32_t uid);

/* Mails and bytes waiting for the commit. */
size_t archive_batch_mails(const ArchiveBatch *batch);
uint64_t archive_batch_bytes(const ArchiveBatch *batch);

typedef struct ArchiveTally {
	uint64_t imported; /* new copies */
	uint64_t known;	   /* on file, or deleted earlier */
	uint64_t lost;	   /* deleted by somebody while they came in; noted for another try */
	uint64_t bytes;	   /* of the new copies */
	GArray *lost_uids; /* uint32_t; NULL to not collect */
	GArray *ids; /* int64_t, mail ids in the order of finish, 0 for deleted ones; NULL to not
			collect */
	GPtrArray *case_conflicts; /* char *, "ID: case on file", or "ID" of one that only others
				      may change; NULL to not collect */
} ArchiveTally;

/* Makes all durable and empties the batch. CURSOR 0: do not move; else the folder's cursor becomes
 * at least CURSOR. Adds to TALLY. On failure nothing of it is on file and the batch is empty. */
bool archive_batch_commit(
	ArchiveBatch *batch, uint32_t cursor, ArchiveTally *tally, GError **error);

/* ---- what is still to be done on the server (archive_actions.c) ---- */

typedef struct ArchiveAction {
	char *action; /* "seen", "flag", "move" */
	char *folder; /* target of "move" or NULL */
	GArray *uids; /* uint32_t, ascending, at most 1,000 */
} ArchiveAction;

void archive_action_free(ArchiveAction *action);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveAction, archive_action_free)

/* The next pending group of FOLDER, yours; NULL without error: none. */
ArchiveAction *archive_next_action(Archive *archive, const ArchiveFolder *folder, GError **error);
bool archive_action_done(
	Archive *archive, const ArchiveFolder *folder, const ArchiveAction *action, GError **error);
/* Of what is pending in FOLDER only ACTION stays (NULL: nothing), and is to go to TARGET
 * (nullable): what was noted under other settings and never done is due no longer. */
bool archive_keep_actions(Archive *archive, const ArchiveFolder *folder, const char *action,
	const char *target, GError **error);

/* ---- reading what mails say (archive_index.c) ---- */

/* Where the bytes of a copy are. */
typedef struct ArchivePlace {
	int64_t mail_id;
	int64_t copy_id;
	char pack[33]; /* hex name */
	uint64_t offset;
	uint64_t size;
	bool header_only; /* claimed for a last try */
} ArchivePlace;

/* Up to COUNT mails not read yet, of one pack, in pack order; the attempt is noted before. A mail
 * with two failed attempts comes alone, once more, to be read by its header only: then it is
 * unreadable, with or without what that said. *FOUND 0: none left. */
bool archive_claim_unread(Archive *archive, ArchivePlace *places, size_t count, size_t max_bytes,
	size_t *found, GError **error);
/* Keeps what COUNT mails say (CONTENTS[i] NULL: attempt failed) in rows and in search.db. */
bool archive_keep_contents(Archive *archive, const ArchivePlace *places,
	MailContent *const *contents, size_t count, GError **error);
/* Gives claimed mails back without counting the attempt (cancelled, or behind one that killed the
 * parser). */
bool archive_unclaim(Archive *archive, const ArchivePlace *places, size_t count, GError **error);

/* Opens the pack of PLACE read-only (the caller closes); -1 with FAILURE_ARCHIVE_DAMAGED if it is
 * gone although the row still points to it, FAILURE_STORE if it cannot be opened,
 * FAILURE_STORE_BUSY if the copy was moved, FAILURE_MAIL_UNKNOWN if it was deleted. */
int archive_open_pack(Archive *archive, const ArchivePlace *place, GError **error);

/* ---- looking (archive_list.c, archive_read.c, archive_search.c) ---- */

typedef struct ArchiveSource {
	int64_t user_id; /* 0: an upload */
	char *user;
	char *mailbox; /* NULL for uploads */
	char *folder;
	uint32_t uid_validity;
	uint32_t uid;
	int64_t received; /* INTERNALDATE, 0: unknown */
	int64_t imported;
	char *imported_by;
} ArchiveSource;

typedef enum ArchiveState { ARCHIVE_UNREAD, ARCHIVE_READ, ARCHIVE_UNREADABLE } ArchiveState;

typedef struct ArchiveMail {
	int64_t id;
	ArchiveState state;
	char *subject; /* "" until read */
	char *from;
	GPtrArray *to;
	int64_t date;  /* Date header, else INTERNALDATE, else import */
	uint64_t size; /* of the first copy */
	/* char *, SHA-256 in hex, the first copy first; for those who did not receive the mail only
	 * what they filed themselves, as of SIZE and SOURCES */
	GPtrArray *copies;
	char *case_number;	/* NULL: none */
	char *message_id;	/* NULL: none */
	GPtrArray *attachments; /* MailPart * */
	GPtrArray *sources;	/* ArchiveSource * */
	bool may_change;	/* by archive_find's viewer */
} ArchiveMail;

void archive_mail_free(ArchiveMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveMail, archive_mail_free)

typedef struct ArchiveFilter {
	const ArchiveViewer *viewer; /* NULL: sees all */
	/* Full-text search: every word must occur, the last one (from three bytes on) as a
	 * beginning. NULL: any. */
	const char *words;
	const char *case_number;  /* NULL: any; blanks around it do not count */
	const char *const *cases; /* any of these, instead; NULL-terminated; NULL: any */
	const char *mailbox;	  /* NULL: any */
	bool with_attachments;
	int64_t since, until; /* from SINCE on, before UNTIL; 0: open */
	/* The row after which to go on, for pages; before_id 0: from the newest. */
	int64_t before_date, before_id;
	size_t limit; /* 0: all */
} ArchiveFilter;

typedef bool ArchiveVisitor(const ArchiveMail *mail, void *data);

/* Hands mails, newest first, to VISIT until it answers false; memory does not grow with their
 * number. */
bool archive_each(Archive *archive, const ArchiveFilter *filter, ArchiveVisitor *visit, void *data,
	GError **error);

/* What a table shows of a mail. */
typedef struct ArchiveRow {
	int64_t id;
	ArchiveState state;
	char *subject; /* "" until read */
	char *from;
	int64_t date;
	uint64_t size;	   /* of the first copy */
	char *case_number; /* NULL: none */
	unsigned attachments;
	/* At most ARCHIVE_MAILBOX_COUNT_LIMIT: that many or more. 0 also: several, but to those who
	 * did not receive the mail it is not told. */
	unsigned mailboxes;
} ArchiveRow;

#define ARCHIVE_MAILBOX_COUNT_LIMIT 100

void archive_row_free(ArchiveRow *row);

/* Fewer rows than the filter's limit, even none, with MORE: a bounded amount of work found only
 * these, and the next call goes on from there. */
typedef struct ArchivePage {
	GPtrArray *rows; /* ArchiveRow *, newest first */
	bool more;
	int64_t before_date, before_id; /* with MORE: the next page's, for its filter */
} ArchivePage;

void archive_page_free(ArchivePage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchivePage, archive_page_free)

/* One page, yours; a bounded amount of work (ARCHIVE_EFFORT), whatever FILTER puts together. */
ArchivePage *archive_page(Archive *archive, const ArchiveFilter *filter, GError **error);

/* Yours. FAILURE_MAIL_UNKNOWN. */
ArchiveMail *archive_find(
	Archive *archive, const ArchiveViewer *viewer, int64_t id, GError **error);

/* The places of the copies of a mail, the first copy first; for those who did not receive it of
 * what they filed themselves. GArray of ArchivePlace, yours. */
GArray *archive_places(Archive *archive, const ArchiveViewer *viewer, int64_t id, GError **error);

/* Writes a copy's raw bytes to DESCRIPTOR, checking the hash on the way (FAILURE_ARCHIVE_DAMAGED at
 * the end if it differs). */
bool archive_write_copy(
	Archive *archive, const ArchivePlace *place, int descriptor, GError **error);

/* ---- changing (archive_change.c) ---- */

/* Sets or corrects the case number, without blanks around it, with an audit row if that changes
 * anything. NULL clears it. FAILURE_MAIL_OTHERS: the viewer may only read it. */
bool archive_assign(Archive *archive, const ArchiveViewer *viewer, int64_t id,
	const char *case_number, const char *actor, GError **error);
/* The same for somebody who saw FORMER ("": none) as its case number: FAILURE_CASE_CHANGED if it is
 * another one by now, and not the wanted one. */
bool archive_reassign(Archive *archive, const ArchiveViewer *viewer, int64_t id,
	const char *case_number, const char *former, const char *actor, GError **error);
/* Deletes all copies; they come back only by hand. Audit row with REASON, hashes and numbers, no
 * content. FAILURE_MAIL_OTHERS. */
bool archive_delete(Archive *archive, const ArchiveViewer *viewer, int64_t id, const char *reason,
	const char *actor, GError **error);

#define ARCHIVE_CASE_LIMIT 100 /* characters */
/* Blanks around it do not count. FAILURE_CASE_INVALID: empty, over 100 characters, or with control
 * characters. */
bool archive_check_case(const char *case_number, GError **error);

/* ---- case numbers (archive_case.c) ---- */

/* Case numbers that begin with PREFIX ("": any), in any case, and have a mail that VIEWER sees; at
 * most LIMIT, those given last first. Of very many that begin so, some older ones may be missing.
 * char *, yours. */
GPtrArray *archive_cases(Archive *archive, const ArchiveViewer *viewer, const char *prefix,
	size_t limit, GError **error);

/* Those that are TEXT but for blanks around it and small letters; none of these: as archive_cases.
 */
GPtrArray *archive_cases_like(Archive *archive, const ArchiveViewer *viewer, const char *text,
	size_t limit, GError **error);
/* Those that are TEXT but for blanks around it and small letters. */
GPtrArray *archive_cases_named(Archive *archive, const ArchiveViewer *viewer, const char *text,
	size_t limit, GError **error);

typedef struct ArchiveKnownCase {
	char *message_id;
	int64_t mail_id;
	char *case_number;
} ArchiveKnownCase;

void archive_known_case_free(ArchiveKnownCase *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveKnownCase, archive_known_case_free)

/* The mails that VIEWER sees with one of MESSAGE_IDS (without <>, NULL-terminated) and a case
 * number: ArchiveKnownCase *, in the order of MESSAGE_IDS, yours. */
GPtrArray *archive_case_of_message_ids(Archive *archive, const ArchiveViewer *viewer,
	const char *const *message_ids, GError **error);

/* ---- addresses (archive_people.c) ---- */

/* People of mails that VIEWER sees, as "Name <address>", of whom a word of the name or the address
 * begins with PREFIX ("": any); each address once, those of the newest mails first, at most LIMIT.
 * A bounded amount of work: some of older mails may be missing. char *, yours. */
GPtrArray *archive_people(Archive *archive, const ArchiveViewer *viewer, const char *prefix,
	size_t limit, GError **error);

/* ---- what colleagues have filed of a folder (archive_filed.c) ---- */

typedef struct ArchiveFiled {
	uint32_t uid;
	int64_t mail_id;
	char *filed_by; /* user name or "cli:LOGIN"; of several the first */
	int64_t filed_at;
	char *case_number; /* NULL: none */
} ArchiveFiled;

/* Which of COUNT UIDs of FOLDER (its server, mailbox, name and uid_validity; user and id do not
 * matter) are on file: GArray of ArchiveFiled, by UID, yours. For those who may see the mailbox;
 * they see its mails. */
GArray *archive_filed(Archive *archive, const ArchiveFolder *folder, const uint32_t *uids,
	size_t count, GError **error);

/* ---- what went out (archive_trace.c) ---- */

/* An audit row: ACTOR took the mails of IDS (int64_t) out as one file. */
bool archive_note_export(Archive *archive, const GArray *ids, const char *actor, GError **error);

/* ---- how much there is (archive_list.c) ---- */

typedef struct ArchiveSize {
	int64_t mails;
	int64_t copies;
	int64_t bytes;	    /* of all copies */
	int64_t unread;	    /* mails that are not listed and searchable yet */
	int64_t unreadable; /* mails whose bytes could not be read as one */
} ArchiveSize;

/* Reads every row once: not for a page that somebody waits for. */
bool archive_measure(Archive *archive, ArchiveSize *size, GError **error);

/* ---- keeping (archive_verify.c, archive_reaper.c) ---- */

typedef struct ArchiveDamage {
	int64_t mail_id;
	char *sha256;
	char *reason;
} ArchiveDamage;
void archive_damage_free(ArchiveDamage *damage);

typedef void ArchiveVerifyProgress(uint64_t checked, uint64_t total, void *data);

/* Re-hashes every copy. Fills *CHECKED and DAMAGED (ArchiveDamage *). PROGRESS is nullable. */
bool archive_verify(Archive *archive, uint64_t *checked, GPtrArray *damaged,
	ArchiveVerifyProgress *progress, void *data, GError **error);

/* Removes packs without rows older than GRACE seconds, rewrites packs that hold garbage, merges
 * small ones; does at most a bounded amount of work a call. */
bool archive_reap(Archive *archive, int64_t grace, GError **error);

/* A search.db that is missing, broken or from another version is made anew by archive_open, which
 * marks all mails as not read; archive_claim_unread then hands them out. */
