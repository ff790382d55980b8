/* What the files of this folder share. */
#pragma once

#include <pthread.h>
#include "base/file.h"
#include "outbox/outbox.h"

/* ---- who lives (outbox_lease.c) ---- */

/* A locked file in the outbox's folder; its name, "BOOT.RANDOM", stands in the rows of what its
 * owner has. Never given again. */
typedef struct OutboxLease {
	char *name;
	char *path;
	Descriptor file;
	off_t written; /* bytes of whole records in it (outbox_journal.c) */
} OutboxLease;

OutboxLease *outbox_lease_new(const Outbox *outbox, GError **error);
/* KEPT: the file stays, unlocked, as after kill -9: rows still name it. */
void outbox_lease_free(OutboxLease *lease, bool kept);

struct Outbox {
	Db *db;
	char *folder;
	char *boot;	       /* the id of this system's start */
	pthread_mutex_t mutex; /* guards lease */
	OutboxLease *lease;    /* of the writers' stages; NULL: there is none yet */
};

/* Files whose owners are dead, locked by us as long as this lives. */
typedef struct OutboxDead {
	GHashTable *leases; /* name -> OutboxLease * */
} OutboxDead;

bool outbox_dead_find(const Outbox *outbox, OutboxDead *dead, GError **error);
/* Takes their files away: no row names them any more. */
void outbox_dead_remove(const OutboxDead *dead);
void outbox_dead_clear(OutboxDead *dead);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OutboxDead, outbox_dead_clear)

typedef enum OutboxLife {
	OUTBOX_ALIVE,
	OUTBOX_KILLED, /* in this boot: all that it wrote is there */
	OUTBOX_LOST,   /* in another boot, or without a trace: its last words may be missing */
} OutboxLife;

OutboxLife outbox_life_of(const Outbox *outbox, const OutboxDead *dead, const char *name);

/* ---- rows (outbox_row.c) ---- */

/* The mail of ID with its recipients, yours; *MAIL NULL: there is none. */
bool outbox_load(DbTransaction *transaction, int64_t id, OutboxMail **mail, GError **error);
/* The same with its first recipients alone, at most LIMIT. */
bool outbox_load_some(
	DbTransaction *transaction, int64_t id, size_t limit, OutboxMail **mail, GError **error);
/* As outbox_load with the numbers of its claims, for sending and for copies. */
typedef struct OutboxClaims {
	int64_t sending, copying;
} OutboxClaims;
bool outbox_load_claimed(DbTransaction *transaction, int64_t id, OutboxMail **mail,
	OutboxClaims *claims, GError **error);
/* The same; FAILURE_OUTBOX_UNKNOWN also where it is another user's (USER_ID not 0). */
bool outbox_load_known(
	DbTransaction *transaction, int64_t id, int64_t user_id, OutboxMail **mail, GError **error);

/* Whether one of them got it. */
bool outbox_is_served(const GPtrArray *recipients);
/* Writes the states and replies of a mail's RECIPIENTS, as far as they changed. */
bool outbox_put_recipients(
	DbTransaction *transaction, int64_t id, const GPtrArray *recipients, GError **error);
void outbox_recipient_free(void *recipient);

/* The stage of ID with all that was put down there (outbox_queue.c). */
bool outbox_drop_stage(DbTransaction *transaction, int64_t id, GError **error);

/* Fills in the content of those of MAILS that are small, up to a sum (outbox_list.c). */
bool outbox_fill_in(Outbox *outbox, GPtrArray *mails, GError **error);

/* REPLY (nullable), foreign, as a row may hold it; yours (outbox_row.c). */
char *outbox_fit_reply(const char *reply);

/* ---- what a worker says before it stands in the rows (outbox_journal.c) ---- */

/* What came of an attempt. */
typedef struct OutboxWord {
	int64_t id, claim;
	int64_t handed_at, noted_at;
	int64_t next;		  /* when to try again what waits */
	char *condition, *reason; /* nullable */
	GPtrArray *recipients; /* OutboxRecipient *, without their addresses, as in the envelope */
} OutboxWord;

/* A copy, yours. */
OutboxWord *outbox_word_new(const OutboxOutcome *outcome, int64_t claim, int64_t handed_at);
void outbox_word_free(OutboxWord *word);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxWord, outbox_word_free)

/* Adds WORD to LEASE's file, and that the mail of ID, claimed as CLAIM, is handed over now, in one
 * write: both are there whatever becomes of this process. False: neither is. */
bool outbox_journal_add(OutboxLease *lease, const OutboxWord *word, int64_t id, int64_t claim);
/* All of it stands in the rows. */
void outbox_journal_clear(OutboxLease *lease);

typedef struct OutboxJournal {
	GPtrArray *words;   /* OutboxWord * */
	GHashTable *handed; /* int64_t *: mail -> int64_t *: claim */
} OutboxJournal;

/* What whole records of FILE say, yours; NULL: it cannot be read. */
OutboxJournal *outbox_journal_read(int file);
void outbox_journal_free(OutboxJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxJournal, outbox_journal_free)
/* The word about that claim, borrowed; NULL: none. */
const OutboxWord *outbox_journal_find(const OutboxJournal *journal, int64_t id, int64_t claim);
bool outbox_journal_has_handed(const OutboxJournal *journal, int64_t id, int64_t claim);

/* ---- claims ---- */

/* The rows' handing. */
enum {
	OUTBOX_HANDING = 1, /* may have reached the server */
	OUTBOX_AHEAD = 2,   /* ... if the worker's journal says that it was handed over */
};

/* What the claims of NAME become, whose owner works no more, by what it said in JOURNAL (NULL: it
 * cannot be read) (outbox_recover.c). COUNT grows. */
bool outbox_settle(DbTransaction *transaction, const char *name, OutboxLife life,
	const OutboxJournal *journal, unsigned *count, GError **error);

/* The mail of ID, if it waits and its user was removed: nobody is left to send it
 * (outbox_recover.c). */
bool outbox_cancel_orphan(DbTransaction *transaction, int64_t id, GError **error);

struct OutboxWorker {
	Outbox *outbox;
	OutboxLease *lease;
	GHashTable *claims; /* int64_t *: mail -> int64_t *: claim */
	GHashTable *copies; /* the same of copies */
	GHashTable *taken;  /* int64_t *: mails noted so far, for all_waiting */
	GArray *order;	    /* int64_t: mails of the last claim */
	/* Claimed mails (int64_t *) that the rows call ahead: whether they are handed over says
	 * the journal. */
	GHashTable *ahead;
	GPtrArray *words;	   /* OutboxWord *: in the journal, not yet in the rows */
	int64_t since;		   /* the first one's time, monotonic milliseconds */
	int64_t handed, handed_at; /* the mail that is handed over, 0: none; and when it was */
	bool busy;		   /* the last claim found something: so will the next, probably */
	int64_t unsynced; /* a user of whom something was noted since the last durable commit */
};

/* A mail that may be claimed. */
typedef struct OutboxCandidate {
	int64_t id;
	int64_t user_id;
	int64_t due;
	char *sender;
} OutboxCandidate;

void outbox_candidate_free(void *candidate);

/* A search for candidates, and what was found (outbox_pick.c). */
typedef struct OutboxSearch {
	const OutboxWorker *worker;
	const OutboxPick *pick;
	bool copies; /* mails that lack a copy, in place of those that are to be sent */
	size_t limit;
	int64_t now;
	GPtrArray *found; /* OutboxCandidate *: of one user and sender, the oldest first */
} OutboxSearch;

bool outbox_search(DbTransaction *transaction, OutboxSearch *search, GError **error);

/* MAIL's number in CLAIMS, -1: none; and notes it. */
int64_t outbox_claim_number(GHashTable *claims, int64_t id);
void outbox_claim_note(GHashTable *claims, int64_t id, int64_t number);

/* Puts WORD into the rows of NAME's claims; *NOTED: the mail was NAME's still (outbox_note.c). */
bool outbox_put_word(DbTransaction *transaction, const char *name, const OutboxWord *word,
	bool *noted, GError **error);
/* All that WORKER said stands in the rows, and none of its mails is ahead (outbox_note.c). */
bool outbox_put_words(OutboxWorker *worker, GError **error);
