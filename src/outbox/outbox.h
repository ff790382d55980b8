/* The outbox: mails that wait for being sent, what became of them, and what each recipient's server
 * said. It knows no SMTP and no MIME: content comes in as bytes, and answers as texts.
 *
 * A worker (one process's sending) is alive as long as it holds the lock on its file below
 * FOLDER/; its claims are void when it is not (kill -9), and every claim of another boot is
 * (outbox_recover). A claim is committed durably; what happens within it (handing over, answers)
 * survives kill -9, but not a power cut, after which a claimed mail is unknown. So:
 *
 *   queued ── claim ──> sending ── handing over ──> sent | waiting | failed
 *               killed here: queued again    └ killed or lost here: unknown, until outbox_retry */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "db/db.h"
#include "model/mail.h"

typedef struct Outbox Outbox; /* any thread */

/* FOLDER: "outbox" inside the data folder (workers' locks); made if missing. Borrows DB. */
Outbox *outbox_open(Db *db, const char *folder, GError **error);
void outbox_close(Outbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbox, outbox_close)

typedef enum OutboxState {
	OUTBOX_QUEUED,
	OUTBOX_SENDING,
	OUTBOX_SENT,
	OUTBOX_WAITING, /* a temporary failure; next says when it is tried again */
	OUTBOX_FAILED,	/* of a mail: at least one recipient will not get it */
	OUTBOX_UNKNOWN, /* handed over, but nobody said whether it was taken */
	OUTBOX_CANCELLED,
} OutboxState;

/* What a mail's RECIPIENTS make of it. */
OutboxState outbox_state_of(const GPtrArray *recipients);
/* "queued" and so on: the contract's words. */
const char *outbox_state_name(OutboxState state);

typedef struct OutboxRecipient {
	char *address; /* as in the envelope */
	MailField field;
	OutboxState state;
	char *reply; /* what the server said last; NULL: nothing yet */
} OutboxRecipient;

/* What happens with the copies of a mail that was sent. */
typedef enum OutboxCopy {
	OUTBOX_COPY_NONE,    /* none is wanted (Office 365 makes the Sent folder's itself) */
	OUTBOX_COPY_PENDING, /* once it is sent */
	OUTBOX_COPY_DONE,
	OUTBOX_COPY_FAILED, /* given up; the reason is kept */
} OutboxCopy;

/* "none" and so on. */
const char *outbox_copy_name(OutboxCopy copy);

typedef struct OutboxMail {
	int64_t id;
	int64_t user_id; /* 0: removed since */
	char *user;
	char *sender; /* the mailbox that it is sent from, as in the envelope */
	char *subject;
	char *message_id;  /* without <> */
	char *case_number; /* NULL: none */
	uint64_t size;
	GBytes *content; /* of a claimed one if it is small; NULL: by outbox_read alone */
	bool has_8bit, has_utf8;
	int64_t created_at; /* seconds since 1970 */
	int64_t retried_at; /* when a person last had it tried again; 0: never */
	OutboxState state;
	GPtrArray *recipients; /* OutboxRecipient *; of outbox_look the first ones alone */
	unsigned recipient_count, served_count; /* of all, and of those who got it */
	bool is_seen; /* failed or unknown, and marked as done by its user */
	unsigned attempts;
	int64_t next;	  /* when it is tried again; 0: at once, or never */
	int64_t ended_at; /* sent, failed, cancelled or unknown since; 0: not yet */
	char *condition;  /* the failure's name that made it wait or fail; NULL */
	char *reason;	  /* its sentence; NULL */
	OutboxCopy sent_copy, archive_copy;
	char *copy_reason;    /* why the Sent folder has no copy (yet); NULL */
	char *archive_reason; /* the same of the archive; NULL */
	int64_t archive_id;   /* of the archived copy; 0: none */
} OutboxMail;

void outbox_mail_free(OutboxMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxMail, outbox_mail_free)

/* ---- queueing (outbox_queue.c) ---- */

/* Where a key comes from stands before it, so that nobody's key is another's. */
#define OUTBOX_KEY_API "api:"	  /* Idempotency-Key */
#define OUTBOX_KEY_DRAFT "draft:" /* a version of a draft */

/* All borrowed. */
typedef struct OutboxOrder {
	int64_t user_id;
	const char *user;
	const char *sender;
	const char *const *recipients; /* envelope addresses */
	const uint8_t *fields;	       /* the MailField of each; NULL: all To */
	size_t recipient_count;
	const char *subject;
	const char *message_id;
	const char *case_number; /* NULL: none */
	bool has_8bit, has_utf8;
	bool wants_sent_copy; /* by APPEND */
	const char *key;      /* of that user's, behind OUTBOX_KEY_API or _DRAFT; NULL: none */
	const char *digest;   /* of what the key stands for; NULL is the same as NULL alone */
	const char *actor;    /* for the audit log; NULL: the user */
} OutboxOrder;

/* A mail's content on its way in: pieces in memory up to a megabyte, then in rows that nobody sees
 * until the mail is queued; those of a process that died go with outbox_recover. One thread. */
typedef struct OutboxWriter OutboxWriter;

OutboxWriter *outbox_writer_new(Outbox *outbox);
void outbox_writer_free(OutboxWriter *writer); /* drops what was not queued */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxWriter, outbox_writer_free)
/* FAILURE_DISK_FULL, FAILURE_STORE, FAILURE_MAIL_TOO_LARGE above OUTBOX_CONTENT_LIMIT. */
bool outbox_writer_write(OutboxWriter *writer, const void *bytes, size_t size, GError **error);

#define OUTBOX_PIECE ((size_t)256 * 1024)		   /* of content, as it is kept */
#define OUTBOX_CONTENT_LIMIT ((uint64_t)150 * 1024 * 1024) /* Exchange Online's largest message */
#define OUTBOX_RECIPIENT_LIMIT 1000			   /* of one mail, Exchange Online's too */

/* Queues COUNT mails in one durable transaction, all or none; IDS are filled and the writers empty.
 * A key that was used before answers the id of then, or FAILURE_IDEMPOTENCY_KEY where the digest
 * was another. Recipients: 1 to OUTBOX_RECIPIENT_LIMIT. */
bool outbox_queue(Outbox *outbox, OutboxWriter *const *writers, const OutboxOrder *orders,
	size_t count, int64_t *ids, GError **error);

/* The id of the mail that USER_ID queued with KEY; *ID 0: none. FAILURE_IDEMPOTENCY_KEY: that one
 * had another DIGEST (nullable, as in OutboxOrder). */
bool outbox_find_key(Outbox *outbox, int64_t user_id, const char *key, const char *digest,
	int64_t *id, GError **error);

/* ---- looking (outbox_list.c) ---- */

/* Newest first, at most LIMIT (0: all), below BEFORE (0: from the newest); USER_ID 0: everybody's.
 * OutboxMail *, yours. */
GPtrArray *outbox_list(
	Outbox *outbox, int64_t user_id, int64_t before, size_t limit, GError **error);

/* What a page shows of one user's mails. */
typedef struct OutboxLook {
	int64_t user_id;
	int64_t before; /* as in outbox_list */
	size_t limit;
	bool open_only;	   /* without those that were sent, cancelled or marked as done */
	size_t recipients; /* of each mail at most so many are loaded, at least 1 */
} OutboxLook;
/* OutboxMail *, yours, the newest first. */
GPtrArray *outbox_look(Outbox *outbox, const OutboxLook *look, GError **error);

/* All that are queued or wait, or lack a copy; the oldest first. OutboxMail *, yours. */
GPtrArray *outbox_list_open(Outbox *outbox, GError **error);
/* FAILURE_OUTBOX_UNKNOWN (its id): not there, or another user's (USER_ID not 0). Yours. */
OutboxMail *outbox_get(Outbox *outbox, int64_t id, int64_t user_id, GError **error);
/* A number that grows with every change, for pages that wait for one. */
bool outbox_version(Outbox *outbox, int64_t user_id, int64_t *version, GError **error);
/* At most SIZE bytes of content from OFFSET into BUFFER, best OUTBOX_PIECE from a multiple of it;
 * how many, 0: the end, -1: failed (FAILURE_OUTBOX_ERASED where the content is gone). */
ssize_t outbox_read(
	Outbox *outbox, int64_t id, uint64_t offset, void *buffer, size_t size, GError **error);

/* ---- counting (outbox_count.c) ---- */

/* What is to be done, over all: for /metrics, start page and daemon. */
typedef struct OutboxCounts {
	uint64_t queued, sending, waiting;
	uint64_t failed, unknown; /* but for those marked as done */
	uint64_t copies;	  /* that are still to be made */
	int64_t next;	/* when the first that nobody works on becomes due; 0: nothing waits */
	int64_t oldest; /* since when the first that is queued, sent or waits is there; 0: none */
} OutboxCounts;
bool outbox_count(Outbox *outbox, int64_t user_id, OutboxCounts *counts, GError **error);

/* The same of one user who has more than mails on their way. */
typedef struct OutboxUser {
	int64_t user_id; /* 0: removed since */
	char *user;
	OutboxCounts counts; /* without NEXT */
} OutboxUser;
/* OutboxUser *, yours: those with most that failed or is unknown first, then those with most that
 * waits; at most LIMIT. */
GPtrArray *outbox_users(Outbox *outbox, size_t limit, GError **error);

/* Mails that wait, failed or are unknown (but for those marked as done) for one reason. */
typedef struct OutboxCause {
	char *condition; /* a failure's name */
	OutboxState state;
	int64_t mails, users;
} OutboxCause;
/* OutboxCause *, yours: the most frequent ones first, at most LIMIT. */
GPtrArray *outbox_causes(Outbox *outbox, size_t limit, GError **error);

/* The users with something that is due now and that nobody works on (outbox_due.c),
 * OUTBOX_REMOVED_USERS among them: GArray of int64_t, yours. */
GArray *outbox_due_users(Outbox *outbox, GError **error);
/* Something was set right: mails of the user (0: of all) are due now that wait for more than a
 * server that said "later" (outbox_due.c). */
bool outbox_hasten(Outbox *outbox, int64_t user_id, GError **error);

/* ---- what people do (outbox_change.c) ---- */

/* A mail that is queued, waiting, failed, unknown, or claimed but not handed over yet: sent no
 * more. FAILURE_OUTBOX_STATE (its state in words) where it is being sent or was. Recipients who got
 * it, may have got it or never will keep their state. */
bool outbox_cancel(Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error);
/* A mail that waits, failed or is unknown: its recipients that were not served are tried again at
 * once, also those that may have got it. Copies that failed as well, also of a mail that was sent.
 * FAILURE_OUTBOX_STATE, FAILURE_OUTBOX_ERASED, FAILURE_USER_UNKNOWN (its user was removed). */
bool outbox_retry(Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error);
/* The same, but FAILURE_OUTBOX_STATE where it is unknown: for those who were not told that somebody
 * may get it twice. */
bool outbox_retry_certain(
	Outbox *outbox, int64_t id, int64_t user_id, const char *actor, GError **error);
/* A mail that failed or is unknown: its user has seen that and wants to be told no more, until it
 * is tried again. FAILURE_OUTBOX_STATE where it is neither. */
bool outbox_see(Outbox *outbox, int64_t id, int64_t user_id, GError **error);
/* Answers false with FAILURE_OUTBOX_STATE: MAIL's state, in words, keeps it from being done. */
bool outbox_refuse(const OutboxMail *mail, GError **error);

/* ---- who works no more (outbox_recover.c) ---- */

/* Those whose worker is dead or of another boot get the state that is true of them, and content
 * that nobody queued goes. COUNT (nullable): how many mails. */
bool outbox_recover(Outbox *outbox, unsigned *count, GError **error);
/* For whoever has restored a backup, before anything else: what was on its way then may have been
 * sent since, so all of it is unknown. COUNT: how many mails. */
bool outbox_doubt(Outbox *outbox, unsigned *count, GError **error);
/* Content (outbox_change.c) of mails that ended more than AGE seconds ago, copies done, is erased;
 * rows stay. */
bool outbox_tidy(Outbox *outbox, int64_t age, GError **error);

/* ---- sending (outbox_work.c) ---- */

typedef struct OutboxWorker OutboxWorker; /* one thread */

/* Takes a lock file of its own. */
OutboxWorker *outbox_worker_new(Outbox *outbox, GError **error);
/* What it still claims is given back; what it handed over without a note is unknown. */
void outbox_worker_free(OutboxWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxWorker, outbox_worker_free)

/* In place of a user's id: all users who were removed; what they sent is archived all the same. */
#define OUTBOX_REMOVED_USERS ((int64_t)-1)

typedef struct OutboxPick {
	int64_t user_id;    /* 0: any; OUTBOX_REMOVED_USERS */
	const int64_t *ids; /* NULL: any */
	size_t id_count;
	bool all_waiting; /* also those whose time has not come, each once a worker */
} OutboxPick;

/* Claims up to LIMIT mails of one user (the one with the lowest id) and sender, the oldest first,
 * durably; OutboxMail *, yours, empty: nothing is due, and all that was noted is durable. */
GPtrArray *outbox_claim(OutboxWorker *worker, const OutboxPick *pick, size_t limit, GError **error);

/* Before the content's last byte. *GO_ON false: cancelled meanwhile, or no longer this worker's. */
bool outbox_handing_over(OutboxWorker *worker, const OutboxMail *mail, bool *go_on, GError **error);

/* What came of an attempt: MAIL->recipients with their new states and replies (SENT, WAITING,
 * FAILED, UNKNOWN; QUEUED: not tried), CONDITION and REASON (nullable), and when to try again what
 * waits. The mail's state follows from its recipients': unknown before queued before waiting before
 * failed before sent; QUEUED gives the claim back without counting an attempt. Of a mail that is no
 * longer this worker's nothing is noted. With NEXT_MAIL (nullable) that one is noted as handing
 * over in the same commit. */
typedef struct OutboxOutcome {
	const OutboxMail *mail;
	const char *condition, *reason;
	int64_t next;
} OutboxOutcome;
bool outbox_note(OutboxWorker *worker, const OutboxOutcome *outcome, const OutboxMail *next_mail,
	bool *next_goes_on, GError **error);

/* Sent mails that wait for a copy, claimed likewise; one user's. */
GPtrArray *outbox_claim_copies(
	OutboxWorker *worker, const OutboxPick *pick, size_t limit, GError **error);
/* COPY of the Sent folder or, with ARCHIVE, the archive's (ARCHIVE_ID). PENDING: again at NEXT.
 * What is noted PENDING, and all that the worker claimed before it claims copies anew, is free
 * again. */
bool outbox_note_copy(OutboxWorker *worker, const OutboxMail *mail, bool archive, OutboxCopy copy,
	int64_t archive_id, const char *reason, int64_t next, GError **error);

/* Mails of USER_ID, among the newest thousand, handed over (last) within the last SECONDS: for
 * limits of so many a minute. */
bool outbox_rate(Outbox *outbox, int64_t user_id, int seconds, unsigned *count, GError **error);
