/* Importing: mails of a user's mailboxes into the archive, durable first, then the action on the
 * server, then readable in lists and search. It can be cancelled at any time and goes on where it
 * stopped. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"

typedef struct ImportRequest {
	const char *user;
	int64_t user_id; /* whose import it is, whoever has the name when it runs; 0: not known */
	const char *const *mailboxes; /* NULL-terminated; NULL: all of the user's */
	const char *const *folders;   /* NULL-terminated; NULL: every folder not hidden */
	const char *uids; /* "4,6:8" picked by hand in one folder; NULL: whole folders */
	bool unpicked;	  /* UIDS are what whole folders failed at: nobody picked them by hand */
	uint32_t
		uid_validity; /* that UIDS were picked under, else FAILURE_FOLDER_RENEWED; 0: any */
	int64_t since;	      /* INTERNALDATE on or after this day; 0: any */
	const char *case_number; /* NULL: none */
	const char *actor;
	bool repeats; /* a key of import_jobs_begin joins only what still waits or runs */
} ImportRequest;

/* What could not be imported, why and what to do, in German sentences. */
typedef struct ImportError {
	char *mailbox;
	char *folder;	       /* NULL: the whole mailbox */
	uint32_t uid;	       /* 0: the whole folder */
	uint32_t uid_validity; /* of UID */
	char *reason;
	char *advice; /* NULL: none */
	bool vain;    /* trying again as it was would come to the same */
} ImportError;

typedef struct ImportResult {
	uint64_t imported;
	uint64_t known;
	uint64_t failed;	   /* mails, and what the next three count */
	uint64_t failed_mailboxes; /* that did not open */
	uint64_t failed_folders;   /* the same */
	uint64_t unmarked; /* folders whose filed mails were not marked or moved on the server */
	uint64_t bytes;
	uint64_t folders; /* looked at to the end */
	uint64_t
		hidden; /* folders left out because they are hidden, of the mailboxes looked into */
	uint64_t hidden_mailboxes; /* left out as a whole */
	uint64_t acted;		   /* mails marked or moved on the server afterwards */
	int64_t ms_durable;
	int64_t ms_listed;
	uint64_t wire_bytes;	   /* both ways after the handshakes, over all connections */
	GPtrArray *errors;	   /* ImportError * */
	GPtrArray *case_conflicts; /* char *, "17: 2026/4711" */
} ImportResult;

void import_result_init(ImportResult *result);
void import_result_clear(ImportResult *result);
/* About how many bytes its lists take. */
size_t import_result_measure(const ImportResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImportResult, import_result_clear)

typedef enum ImportPhase {
	IMPORT_CONNECTING,
	IMPORT_FETCHING,
	IMPORT_WAITING, /* for a server that was lost or asked for a pause */
	IMPORT_LISTING, /* all is durable; mails are being made searchable */
} ImportPhase;

/* The strings live as long as the report. */
typedef struct ImportProgress {
	ImportPhase phase;
	const char *mailbox;
	bool several;	    /* mailboxes are imported from */
	const char *folder; /* NULL: at none, before the first or behind the last */
	uint64_t done;	    /* mails of this folder */
	uint64_t total;	    /* mails of this folder to be fetched */
	uint64_t bytes;	    /* of the whole run */
	int wait;	    /* seconds, IMPORT_WAITING */
} ImportProgress;

typedef void ImportReporter(const ImportProgress *progress, void *data);

/* What can be said of REQUEST without the mail server and before its turn: whether the pick, the
 * case number, the folder's name are such, and the mailbox is the user's. */
bool import_check(Office *office, const ImportRequest *request, GError **error);

/* Runs REQUEST. RESULT (initialised) is filled whatever happens. Failures of single mails, folders
 * and mailboxes are listed in it and end as FAILURE_SOME_FAILED; what ends the run early (login,
 * server gone, disk full, FAILURE_CANCELLED) is the failure itself. */
bool import_run(Office *office, const ImportRequest *request, ImportReporter *report, void *data,
	const Cancel *cancel, ImportResult *result, GError **error);
