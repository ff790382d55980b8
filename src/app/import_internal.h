/* Inside of the import: the run, the plan of a folder, the filer thread. Only for import*.c. */
#pragma once

#include "app/folder_key.h"
#include "app/import.h"
#include "app/mailbox.h"
#include "app/sign_in.h"

/* One import while it runs; the thread that called import_run. */
typedef struct ImportRun {
	Office *office;
	Archive *archive;
	const ImportRequest *request;
	ImportResult *result;
	GArray *uids; /* uint32_t, ascending: picked by hand; NULL: whole folders */
	ImportReporter *report;
	void *report_data;
	int64_t reported; /* when the reporter was called last, monotonic ms */
	int64_t looked;	  /* import_check_right, the same */
	ImportProgress progress;
	const Cancel *cancel;
	Account *account;
	char *server;	       /* the archive's name for the account's server */
	const char *address;   /* of the mailbox that is being imported, as the settings spell it */
	Mailbox *mailbox;      /* NULL: not connected */
	ImapStatus selected;   /* of the folder at hand */
	bool opened;	       /* that mailbox, at least once */
	unsigned checks;       /* how often it was looked whether it still opens */
	bool connected_before; /* later connections take the settings as they are then */
	unsigned backoff;      /* milliseconds the last session's server asked for */
	GError *server_failure; /* why mails were left out although they are there, or a mailbox
				 * that needs a sign-in; NULL: none */
} ImportRun;

/* import.c: Whether the run has been cancelled, as a failure. */
bool import_check_cancel(const ImportRun *run, GError **error);
void import_report(ImportRun *run, bool at_once);
/* What could not be imported. */
typedef struct ImportMiss {
	const char *mailbox;
	const char *folder;    /* NULL: the whole mailbox */
	uint32_t uid;	       /* 0: the whole folder */
	uint32_t uid_validity; /* of UID */
	bool filed;	       /* its mails are in the archive */
	bool gone;	       /* the mail is not there any more */
	const char *reason;    /* NULL: what PROBLEM says */
	const GError *problem; /* gives the advice; NULL: there is none */
} ImportMiss;

void import_add_error(ImportRun *run, const ImportMiss *miss);

/* import_note.c: adds the run, which ended with PROBLEM (nullable), to the audit log, if it filed
 * something or failed. */
void import_note(const ImportRun *run, const GError *problem);

/* import_mailboxes.c: all the mailboxes and folders that are wanted, one after the other. */
bool import_mailboxes(ImportRun *run, GError **error);

/* import_connect.c: opens the mailbox if there is no living session with it. FAILURE_MAILBOX_LOST:
 * it could be opened before. */
bool import_connect(ImportRun *run, GError **error);
/* The session with the mailbox, which is open. */
ImapSession *import_session(const ImportRun *run);
void import_disconnect(ImportRun *run);
/* Whether the user may still import from the mailbox at hand: who was locked or removed meanwhile,
 * whose mailbox was taken away or moved to another server, may not. Looks now and then, into the
 * database: changes by other processes count. */
bool import_check_right(ImportRun *run, GError **error);
/* Whether another connection may help after ERROR. */
bool import_is_recoverable(const GError *error);
/* Waits before the next attempt number TRIES (from 0), as told by a throttling server; false:
 * cancelled. */
bool import_wait(ImportRun *run, unsigned tries, GError **error);

/* import_plan.c: what is to be fetched of the selected folder. */
typedef struct ImportPlan {
	ArchiveFolder folder;
	GArray *uids;	   /* uint32_t, ascending */
	GArray *known;	   /* uint32_t: filed before, and to get the case number */
	bool *handed;	   /* a flag an UID: given to the filer, or known to be gone */
	size_t first_open; /* every UID before this index is handed */
	size_t handed_count;
	uint32_t final_cursor; /* where the cursor is once all is done; 0: it does not move */
} ImportPlan;

/* Makes the plan for FOLDER as it stands in STATUS; yours. Counts what needs no fetching as known.
 */
ImportPlan *import_plan_new(
	ImportRun *run, const char *folder, const ImapStatus *status, GError **error);
void import_plan_free(ImportPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportPlan, import_plan_free)
/* Marks UID; false if it is not in the plan or was handed before. */
bool import_plan_hand(ImportPlan *plan, uint32_t uid);
/* Which of the ascending UIDS the selected folder has, over as many searches as it takes; yours. */
GArray *import_find_uids(ImportRun *run, const GArray *uids, GError **error);
/* The index of the first of the ascending UIDS that is not below UID. */
size_t import_uid_index(const GArray *uids, uint32_t uid);
/* The UIDs not handed yet, at most LIMIT; yours. */
GArray *import_plan_remaining(const ImportPlan *plan, size_t limit);

/* import_filer.c: the thread that hashes, writes and commits behind a bounded queue. */
typedef struct Filer Filer;

/* Starts it for PLAN's folder. Copies what it needs of ORDER but borrows its strings. */
Filer *filer_start(Archive *archive, const ArchiveOrder *order, const ImportPlan *plan);
/* A piece of a mail's bytes; the first has its size in all, the last UID and date. Copies DATA.
 * False once the filer has failed: filer_finish says why. */
void filer_begin(Filer *filer, uint64_t size);
bool filer_write(Filer *filer, const void *data, size_t size);
bool filer_end(Filer *filer, uint32_t uid, int64_t internal_date);
/* Drops the mail begun. */
bool filer_discard(Filer *filer);
/* Notes UID for another try. */
bool filer_note_failure(Filer *filer, uint32_t uid, const char *reason);
/* UID is gone from the server: nothing to file, the cursor may pass. */
bool filer_note_gone(Filer *filer, uint32_t uid);
/* UID was filed before: its mail gets the case number, without being fetched. */
bool filer_note_known(Filer *filer, uint32_t uid);
/* Commits the rest, moves the cursor to FINAL_CURSOR (0: as far as it may), adds to RUN's result
 * and ends the thread; frees FILER. */
bool filer_finish(Filer *filer, uint32_t final_cursor, ImportRun *run, GError **error);

/* import_folder.c: one folder from select to the actions on the server. Failures of single mails
 * are listed in the result. */
bool import_folder(ImportRun *run, const char *folder, GError **error);

/* import_fetch.c: fetches what is open in PLAN over the current session. FALSE with the session's
 * failure; *UID is the mail to blame, if any. */
bool import_fetch(ImportRun *run, ImportPlan *plan, Filer *filer, uint32_t *uid, GError **error);
