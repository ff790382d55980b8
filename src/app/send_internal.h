/* What the files of sending share. Only for send*.c. */
#pragma once

#include "app/send.h"

#include "model/account.h"
#include "smtp/smtp.h"

/* ---- send_compose.c ---- */

/* USER's account, fit for sending; CASE_NUMBER (nullable) checked. Yours. */
Account *send_account(Office *office, const char *user, const char *case_number, GError **error);
/* FROM as the settings spell it, borrowed from ACCOUNT; FAILURE_SENDER_FOREIGN. */
const char *send_find_sender(const Account *account, const char *from, GError **error);
/* Whether the Sent folder gets its copy from us. */
bool send_wants_copy(const Account *account);

/* ---- one connection's mails (send_attempt.c) ---- */

/* Mails of one user and sender over one connection. */
typedef struct SendRun {
	Office *office;
	Outbox *outbox;
	OutboxWorker *worker;
	const Account *account;
	const Cancel *cancel;
	const Cancel *late; /* the same some seconds later */
	bool logs;	    /* what became of mails, for whoever looks after a service */
	SmtpSession *session;
	guint end;     /* of the mails that may be sent now */
	unsigned sent; /* mails that the server took or refused: the connection is of use */
} SendRun;

/* Hands MAILS (OutboxMail *, claimed) from *DONE on to RUN's session, one after another, and notes
 * what came of each; *DONE moves on with it. Fails where the session died (the mail at *DONE is
 * noted already, if it had begun) or the outbox did. */
bool send_mails(SendRun *run, GPtrArray *mails, guint *done, GError **error);

/* Notes that MAIL could not be tried because of PROBLEM: it waits, or fails where waiting is no
 * use. */
bool send_note_problem(const SendRun *run, OutboxMail *mail, const GError *problem, GError **error);

/* ---- what is sent (send_content.c) ---- */

typedef bool SendPiece(const void *bytes, size_t size, void *data, GError **error);

/* Hands MAIL's content to TAKE, in pieces. */
bool send_content(
	Outbox *outbox, const OutboxMail *mail, SendPiece *take, void *data, GError **error);

/* ---- what a refusal means (send_verdict.c) ---- */

/* When a mail that has been tried ATTEMPTS times, the last time NOW, is tried again; 0: never, it
 * has waited for days. */
int64_t send_next_try(const OutboxMail *mail, int64_t now);

/* What becomes of a recipient whom ANSWER decided on. */
OutboxState send_state_of(const SmtpAnswer *answer);

/* Whether ANSWER refuses one recipient too many for one envelope (RFC 5321 section 4.5.3.1.10). */
bool send_is_too_many(const SmtpAnswer *answer);

/* The failure that ANSWER to MAIL's sender or content means. */
void send_explain(const SmtpAnswer *answer, const OutboxMail *mail, GError **error);

/* The same for what was said to a RECIPIENT; sets nothing where ANSWER is none, or good. */
void send_explain_recipient(const SmtpAnswer *answer, const OutboxRecipient *recipient,
	const OutboxMail *mail, GError **error);

/* FAILURE_SEND_GIVEN_UP, for what has waited for too long, LAST because of that failure. */
void send_explain_end(const GError *last, GError **error);

/* ---- copies (send_copy.c) ---- */

/* Makes the copies that MAILS (OutboxMail *, claimed for it, of one user) lack. */
bool send_copies(Office *office, OutboxWorker *worker, GPtrArray *mails, const Cancel *cancel,
	GError **error);
