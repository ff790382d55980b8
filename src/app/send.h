/* Sending mails: composing or taking over, queueing, working the outbox off, copies. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "archive/archive.h"
#include "base/cancel.h"
#include "mime/mime_write.h"
#include "outbox/outbox.h"

/* ---- queueing (send_compose.c) ---- */

/* What a person wrote; all borrowed. */
typedef struct SendMail {
	/* One of the user's mailboxes; NULL: the main one, beside which the user's name stands. */
	const char *from;
	const char *const *to, *const *cc,
				       *const *bcc; /* "Name <address>", NULL-terminated; NULL */
	const char *subject;			    /* NULL: "" */
	const char *text;			    /* the signature is added */
	bool is_signed;				    /* but for a text that has what it shall have */
	const MimeFile *files;
	size_t file_count;
	int64_t reply_to;	  /* the archived mail that is answered; 0: none */
	const char *case_number;  /* "": none; NULL: the answered mail's */
	const char *key, *digest; /* as in OutboxOrder; NULL: none */
	const char *actor;	  /* for the audit log; NULL: the user */
} SendMail;

/* Makes a mail of USER's and queues it durably; nothing is sent yet. VIEWER is who may see the
 * answered mail. FAILURE_ADDRESS_INVALID, FAILURE_RECIPIENT_MISSING, FAILURE_RECIPIENTS_MANY,
 * FAILURE_MAIL_TOO_LARGE, FAILURE_FIELD_INVALID,
 * FAILURE_SENDER_FOREIGN (from is none of the user's mailboxes), FAILURE_MAIL_UNKNOWN,
 * FAILURE_CASE_INVALID, and those of settings_require. */
bool send_queue(Office *office, const char *user, const ArchiveViewer *viewer, const SendMail *mail,
	int64_t *id, const Cancel *cancel, GError **error);

/* The same for finished messages: the sender is From's address, which is one of the user's
 * mailboxes, as are those of Sender, Resent-From and Resent-Sender. All or none. */
typedef struct SendReady {
	const char *name; /* for people; NULL: there is only one */
	const void *bytes;
	size_t size;
	const char *key, *digest, *actor; /* as in SendMail */
} SendReady;
bool send_queue_ready(Office *office, const char *user, const SendReady *mails, size_t count,
	const char *case_number, int64_t *ids, GError **error);

/* ---- what a refusal means (send_verdict.c) ---- */

/* Whether REPLY is about the missing right to send as a mailbox, which no code tells from other
 * refusals: it has the words of Exchange, Postfix or Exim for it. */
bool send_lacks_right(const char *reply);

/* ---- working it off (send_work.c, send_attempt.c, send_copy.c) ---- */

/* Tries PICK's mails until nothing is due, a user and sender at a time; each user's failure is in
 * the mails, not the answer. Mails that another process is sending are left to it. Fails where
 * the outbox itself does, or with FAILURE_CANCELLED: what was not begun stays queued. LOGS: what
 * fails is written to the log, for whoever looks after a service. */
bool send_work(
	Office *office, const OutboxPick *pick, bool logs, const Cancel *cancel, GError **error);

/* The daemon's: works the outbox off until CANCEL, several users at a time, one connection a user,
 * woken by sender_wake, by other processes' queueing within a second, and when something is due. */
typedef struct Sender Sender;
Sender *sender_new(Office *office);
void sender_wake(Sender *sender);
void sender_free(Sender *sender); /* cancels and waits */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sender, sender_free)
