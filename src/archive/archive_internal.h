/* What the files of this folder share. */
#pragma once

#include "archive/archive.h"
#include "archive/archive_search.h"

struct Archive {
	Db *db;
	Search *search;
	char *folder;	  /* locks, search.db */
	char *packs;	  /* the folder of the packs */
	uint64_t reserve; /* bytes to leave free; ARCHIVE_RESERVE_AUTO: by the size of the disk */
	size_t effort;	  /* for one page: ARCHIVE_EFFORT */
};

/* In hits stepped over, each 0.15 to 0.2 µs: some 12 to 16 ms of computing, so that ten who search
 * at once on two cores wait far less than 300 ms. */
#define ARCHIVE_EFFORT 80000

/* The smaller of 1 GiB and 2 %, so that signing in, deleting and the audit log still work. */
#define ARCHIVE_RESERVE_AUTO UINT64_MAX
#define ARCHIVE_RESERVE_LIMIT (UINT64_C(1) << 30)
#define ARCHIVE_RESERVE_PART 50
/* On a tiny disk: what both databases' write-ahead logs may take before a checkpoint. */
#define ARCHIVE_RESERVE_LEAST (UINT64_C(10) << 20)

/* What is read or written at once where whole packs are gone through. */
#define ARCHIVE_PIECE ((size_t)256 * 1024)

/* A claim older than this is nobody's any more. */
#define ARCHIVE_CLAIM_SECONDS 600

/* So many failed attempts, and only a mail's header is tried once more. */
#define ARCHIVE_PARSER_DEATHS 2

/* Fails with FAILURE_DISK_FULL if COMING bytes more would go into the reserve. */
bool archive_check_space(const Archive *archive, uint64_t coming, GError **error);

/* Who goes through all packs: several may look (verify), one alone may move (reaper, and a backup
 * that pauses it). An OFD lock on a file; false with *TAKEN false: somebody else has it. WAIT: ask
 * until it is free. */
bool archive_lock_packs(const Archive *archive, bool alone, bool wait, int *descriptor, bool *taken,
	GError **error);

/* Hashes SIZE bytes at START of the open pack, handing each piece to TAKE (nullable). False with
 * errno 0: the pack ends before; TAKE answering false ends it with its errno. */
bool archive_read_span(int pack, uint64_t start, uint64_t size, uint8_t sha256[static SHA256_SIZE],
	bool (*take)(const void *data, size_t size, void *user), void *user);

/* Brings the rows of mailboxes to today's way of folding an address. */
bool archive_fold_addresses(Archive *archive, GError **error);

/* The place and the hash of a copy as the row has it now; *FOUND false: deleted meanwhile. */
bool archive_look_up_copy(Archive *archive, int64_t copy_id, ArchivePlace *place,
	uint8_t sha256[static SHA256_SIZE], bool *found, GError **error);

/* The copies of the mail ID, the first one first: id, pack's name, start, size, SHA-256. ALL: or
 * else those that VIEWER filed. */
DbRows *archive_select_copies(DbTransaction *transaction, const ArchiveViewer *viewer, bool all,
	int64_t id, GError **error);
/* Loads the mail of ID, whole but for the copies and sources that are none of VIEWER's business;
 * *MAIL NULL: there is none. may_change is not set. */
bool archive_load_mail(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	ArchiveMail **mail, GError **error);

/* Loads the rows of the mails at POSITIONS (int64_t) into ROWS, which it sorts: newest first. */
bool archive_load_rows(DbTransaction *transaction, const ArchiveViewer *viewer,
	const GArray *positions, GPtrArray *rows, GError **error);

/* Whether VIEWER may see the mail of ID, which is not so if there is none (except for NULL). */
bool archive_may_see(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *sees, GError **error);
/* The same as a failure: FAILURE_MAIL_UNKNOWN. */
bool archive_check_sight(
	DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id, GError **error);
void archive_fail_unknown(int64_t id, GError **error);
/* Whether VIEWER, who sees the mail, may change and delete it: with the right Archiv (NULL), one of
 * whose mailboxes it came to, or who filed it while nobody else has filed or received it. */
bool archive_may_change(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *may, GError **error);
/* Whether the mail came to one of VIEWER's mailboxes (NULL: yes): then its other mailboxes and
 * copies are told as well. */
bool archive_has_received(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *received, GError **error);
/* Sight and that, as failures: FAILURE_MAIL_UNKNOWN, FAILURE_MAIL_OTHERS. */
bool archive_check_change(
	DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id, GError **error);

/* The id of a mailbox, 0: the archive knows none. Of a viewer's mailboxes those it knows: int64_t,
 * yours. */
bool archive_find_mailbox(
	DbTransaction *transaction, const char *address, int64_t *id, GError **error);
GArray *archive_find_mailboxes(
	DbTransaction *transaction, const ArchiveViewer *viewer, GError **error);

/* Whether anything passes FILTER; a search that comes to no end within EFFORT counts as no. */
bool archive_has_any(
	Archive *archive, const ArchiveFilter *filter, size_t effort, bool *any, GError **error);

/* That the mail's case number, if it has one, was given by filing into a mailbox (0: none) and by
 * a user (0: none); or by hand, for all who have the mail. */
bool archive_note_case(DbTransaction *transaction, int64_t mail_id, int64_t mailbox_id,
	int64_t user_id, int64_t now, GError **error);
bool archive_note_case_everywhere(DbTransaction *transaction, int64_t mail_id, GError **error);
/* Forgets CASE_NUMBER (nullable) if no mail has it any more. */
bool archive_forget_case(DbTransaction *transaction, const char *case_number, GError **error);

/* CASE_NUMBER (nullable) without the blanks around it, yours. */
char *archive_strip_case(const char *case_number);

/* What the audit log keeps of a mail that is deleted: what proves which one it was, no content;
 * yours. CASE_NUMBER is nullable. */
char *archive_describe_deleted(DbTransaction *transaction, int64_t id, const char *case_number,
	const char *reason, GError **error);
/* Audit row: ACTOR filed files, IDS (COUNT, 0: not on file). */
bool archive_note_upload(DbTransaction *transaction, const char *actor, uint64_t imported,
	uint64_t known, const int64_t *ids, size_t count, GError **error);

/* Takes the words of deleted mails out of search.db, as far as that is due. */
bool archive_drain_removals(Archive *archive, GError **error);
