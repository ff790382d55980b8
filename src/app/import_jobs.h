/* Imports behind the page and the API: begun, watched, cancelled, looked at afterwards. They live
 * in the daemon's memory. Nothing is lost with them: what is filed is durable, and the same import
 * just goes on where the last one ended. Any thread. */
#pragma once

#include "app/import.h"

typedef struct ImportJobs ImportJobs;

ImportJobs *import_jobs_new(Office *office);
/* Cancels all and waits for their ends. Whoever waits for one (import_jobs_wait) is let go. */
void import_jobs_free(ImportJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportJobs, import_jobs_free)

/* One import as of a moment. */
typedef struct ImportJob {
	uint64_t id;
	uint64_t version; /* grows with each change */
	enum { IMPORT_JOB_WAITING, IMPORT_JOB_RUNNING, IMPORT_JOB_ENDED } state;
	bool is_cancelled;    /* it was asked to end; it may still run */
	bool is_seen;	      /* import_jobs_see: its end was looked at */
	int64_t begun, ended; /* seconds since 1970; 0: not yet */
	char *user;	      /* whose mailboxes */
	/* What it was asked for; NULL: all. */
	char *mailbox;
	char *folder;
	char *uids;
	bool unpicked;	       /* UIDS are what whole folders failed at */
	size_t picked;	       /* how many UIDS are; 0: whole folders, or they are none */
	int64_t since;	       /* 0: any day */
	uint32_t uid_validity; /* that they were picked under; 0: any */
	char *case_number;
	/* IMPORT_JOB_RUNNING: how far it is. */
	ImportProgress progress; /* its texts are this job's */
	int64_t wait_until;	 /* IMPORT_WAITING: until when, seconds since 1970 */
	/* IMPORT_JOB_ENDED: what came of it, and what ended it early (NULL: nothing). */
	ImportResult result;
	GError *problem;
} ImportJob;

void import_job_free(ImportJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportJob, import_job_free)

/* Whether JOB ended for want of a sign-in that a new one would mend. */
bool import_job_wants_sign_in(const ImportJob *job);

/* What is to be tried again after JOB's end. */
typedef struct ImportAgain {
	const char *mailboxes[2];
	const char *folders[2];
	char *uids;	       /* those that failed, if nothing else did; else as before */
	ImportRequest request; /* borrows from here and from JOB */
} ImportAgain;

/* Fills AGAIN, for ACTOR. It stays where it is: the request points into it. */
void import_job_again(const ImportJob *job, const char *actor, ImportAgain *again);
void import_again_clear(ImportAgain *again);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImportAgain, import_again_clear)

/* Begins REQUEST for the user USER_ID, who watches it, and answers its id, which no import of an
 * earlier daemon had; 0 with FAILURE_IMPORTS_MANY: too many
 * wait. KEY (nullable, at most IMPORT_KEY_LIMIT bytes): the same KEY of the same user within a day
 * answers the import that it began, if REQUEST is the same, else FAILURE_IDEMPOTENCY_KEY. Of a user
 * the latest IMPORT_KEYS_LIMIT are kept with what their imports came to, fewer if that is very
 * much; the key of one that was cancelled or is forgotten is free again. */
uint64_t import_jobs_begin(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, GError **error);
#define IMPORT_KEY_LIMIT 200
/* The same for somebody who waits for the end: the import is cancelled once all who hold it have
 * let it go (import_jobs_let_go, once each), unless import_jobs_begin began or joined it. */
uint64_t import_jobs_hold(ImportJobs *jobs, int64_t user_id, const ImportRequest *request,
	const char *key, GError **error);
void import_jobs_let_go(ImportJobs *jobs, int64_t user_id, uint64_t id);

/* The import ID of the user USER_ID, yours; NULL: there is none, or it is too old. */
ImportJob *import_jobs_look(ImportJobs *jobs, int64_t user_id, uint64_t id);
/* The same once its version is above SEEN, or MILLISECONDS are over, or the daemon ends. */
ImportJob *import_jobs_wait(ImportJobs *jobs, int64_t user_id, uint64_t id, uint64_t seen,
	int milliseconds, const Cancel *cancel);
/* The last 20 of a user that are remembered and all that have not ended, the newest first;
 * ImportJob *. */
GPtrArray *import_jobs_list(ImportJobs *jobs, int64_t user_id);
/* What the import ID came to has been seen by whom it is about. */
void import_jobs_see(ImportJobs *jobs, int64_t user_id, uint64_t id);
/* Whether there is such an import. It ends soon; what is filed stays. */
bool import_jobs_cancel(ImportJobs *jobs, int64_t user_id, uint64_t id);

/* Since the daemon's start. */
typedef struct ImportCounts {
	uint64_t begun;
	uint64_t failed; /* not all was imported; cancelled ones are not counted */
} ImportCounts;

ImportCounts import_jobs_count(ImportJobs *jobs);
