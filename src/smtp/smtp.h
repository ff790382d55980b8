/* An SMTP submission session (RFC 5321, 6409) over a Stream: EHLO, what the server offers, AUTH
 * (RFC 4954), mails. One thread at a time. It knows no settings; encryption is the stream's.
 *
 * After FAILURE_CODE_PROTOCOL, RETRY or CANCELLED errors the session is dead (smtp_is_alive): free
 * it and open another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "net/stream.h"
#include "sasl/sasl.h"

typedef struct SmtpSession SmtpSession;

typedef enum SmtpCapability {
	SMTP_CAP_PIPELINING = 1 << 0,
	SMTP_CAP_SIZE = 1 << 1,
	SMTP_CAP_8BITMIME = 1 << 2,
	SMTP_CAP_SMTPUTF8 = 1 << 3,
	SMTP_CAP_ENHANCEDSTATUSCODES = 1 << 4,
	SMTP_CAP_CHUNKING = 1 << 5,
	SMTP_CAP_DSN = 1 << 6,
	SMTP_CAP_AUTH = 1 << 7,
} SmtpCapability;

/* Takes STREAM, in every case. Sends EHLO anew (with this machine's name if that is a fully
 * qualified one, else "[127.0.0.1]") and drops all before its answer: what libcurl's own
 * conversation left behind is not trusted. A greeting of 421 or 554: FAILURE_SERVER_BYE, of 4yz
 * FAILURE_SERVER_UNAVAILABLE. No EHLO (500, 502, 504): FAILURE_SERVER_GARBAGE; refused otherwise:
 * FAILURE_COMMAND_REFUSED.
 *
 * Here and later: a malformed reply, or one that nobody asked for, is FAILURE_SERVER_GARBAGE, one
 * without end (16 KiB a line, 500 lines, 64 KiB a reply) FAILURE_LINE_TOO_LONG, and 421
 * FAILURE_SERVER_BYE. */
SmtpSession *smtp_open(Stream *stream, GError **error);
/* Sends QUIT where the session is alive; its answer is not waited for. */
void smtp_close(SmtpSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmtpSession, smtp_close)

bool smtp_is_alive(const SmtpSession *session);
/* From now on CANCEL (nullable), borrowed, is what ends waiting. */
void smtp_set_cancel(SmtpSession *session, const Cancel *cancel);
bool smtp_has(const SmtpSession *session, SmtpCapability capability);
/* SASL mechanisms that the server offers (SaslMechanism bits). */
unsigned smtp_mechanisms(const SmtpSession *session);
/* The one that smtp_login succeeded with, borrowed; NULL: none. */
const char *smtp_mechanism_used(const SmtpSession *session);
/* All that the server offers, in its own words ("PIPELINING, SIZE 10240000, …"), at most 1,000
 * bytes, borrowed. */
const char *smtp_offer(const SmtpSession *session);
/* Bytes of one mail that the server takes (SIZE, RFC 1870); 0: not told. */
uint64_t smtp_size_limit(const SmtpSession *session);

/* Logs in with the best mechanism offered that can carry IDENTITY, then says EHLO again. A token
 * and a long first message never stand in the AUTH line: they follow the server's 334. 535 and 534
 * become FAILURE_LOGIN_REFUSED with the server's text (and a token mechanism's challenge) in the
 * technical message; 5.7.139 FAILURE_SMTP_AUTH_OFF, unless its text names passwords in general
 * (FAILURE_BASIC_AUTH_RETIRED, as 5.7.30) or this one (FAILURE_LOGIN_REFUSED); 432 and 454
 * FAILURE_THROTTLED or FAILURE_SERVER_UNAVAILABLE, as any other 4yz; 530 and 538 (encryption
 * needed), 504 and no mechanism that fits FAILURE_LOGIN_MECHANISM; an identity that none can carry
 * FAILURE_LOGIN_UNUSABLE; no AUTH at all FAILURE_SMTP_AUTH_MISSING; any other 5yz
 * FAILURE_COMMAND_REFUSED. The session outlives what the server merely refuses. From now on
 * a text of the server that repeats the password or token is withheld from messages. */
bool smtp_login(SmtpSession *session, const SaslIdentity *identity, GError **error);

/* Asks whether SENDER may send from here, by the beginning of a mail to RECIPIENT that is called
 * off before it has any content. FAILURE_SENDER_REFUSED; FAILURE_LOGIN_MISSING: the server wants a
 * login first. A RECIPIENT whom the server does not know, or cannot be told, says nothing about the
 * sender. */
bool smtp_try_sender(
	SmtpSession *session, const char *sender, const char *recipient, GError **error);

/* Whether the server is still there; FAILURE_COMMAND_REFUSED. */
bool smtp_noop(SmtpSession *session, GError **error);

/* ---- handing over mails (smtp_submit.c, smtp_content.c) ----
 *
 * One mail: offer, begin, write, finish, reply. Where PIPELINING is offered (RFC 2920) the next
 * mail may be offered between finish and reply, so that a mail costs one round trip:
 *
 *   offer(1) begin(1) write(1)… finish(1) offer(2) reply(1) begin(2) write(2)… finish(2) reply(2)
 *
 * (Without it that is allowed as well, and only then said.) A mail is the server's from finish on:
 * whoever must not send twice notes that before it. A session that dies before it has nothing of
 * the mail; one that dies between finish and reply leaves the outcome unknown, unless
 * smtp_mail_has_left says that the end had not left. A mail whose content has begun is called off
 * only by smtp_close. */

/* An envelope (RFC 5321 section 2.3.1); all borrowed until begin has answered. */
typedef struct SmtpMail {
	const char *sender; /* "": none, as for notifications */
	const char *const *recipients;
	size_t recipient_count; /* at least one */
	uint64_t size;		/* bytes of the content (RFC 1870); 0: not known */
	bool has_8bit;		/* bytes above 127 in it (RFC 6152) */
	bool has_utf8;		/* in its header (RFC 6531) */
} SmtpMail;

#define SMTP_LOGIN_NEEDED 530 /* a reply's code (RFC 4954 section 6) */

/* An enhanced status code (RFC 3463) as one number. */
#define SMTP_STATUS(class, subject, detail)                                                        \
	((unsigned)(class) << 20 | (unsigned)(subject) << 10 | (unsigned)(detail))

/* What the server said to one command. */
typedef struct SmtpAnswer {
	/* 0: nothing yet. 452 stands for 5yz that says "too many recipients" (RFC 5321 section
	 * 4.5.3.1.10): later. */
	unsigned code;
	unsigned enhanced; /* class << 20 | subject << 10 | detail (RFC 3463); 0: none */
	char *text;	   /* the whole reply in one line, fit for a log: "550 5.1.1 unknown" */
} SmtpAnswer;

void smtp_answer_clear(SmtpAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmtpAnswer, smtp_answer_clear)

/* Queues MAIL's commands. Refuses, with nothing sent and the session as it was: an address that
 * cannot stand in a command (CR, LF, <, >, blank, no domain, longer than RFC 5321 allows) and one
 * that needs SMTPUTF8 where that is not offered (FAILURE_ADDRESS_UNUSABLE with the address); a
 * content that needs SMTPUTF8 or 8BITMIME likewise (FAILURE_SMTP_LACKS with the extension); a size
 * above the server's (FAILURE_MAIL_TOO_LARGE with that). */
bool smtp_mail_offer(SmtpSession *session, const SmtpMail *mail, GError **error);

/* Reads the answers to what was offered: ANSWERS[i], zeroed or of earlier attempts, for each
 * recipient, SENDER for MAIL (or DATA, where that is what failed). *READY: at least one recipient
 * is accepted and the server waits for the content; otherwise nothing of this mail was left with
 * it, and the session goes on with the next (if it is alive: some servers refuse and close). A
 * sender who is refused leaves ANSWERS empty. Fails where the session dies and the mail is not
 * refused: nothing of it is the server's, and all answers are empty. */
bool smtp_mail_begin(
	SmtpSession *session, SmtpAnswer *sender, SmtpAnswer *answers, bool *ready, GError **error);

/* Whether all that was offered is answered already, so that smtp_mail_begin will not wait. */
bool smtp_mail_is_answered(SmtpSession *session);

/* Content: any bytes; line ends become CRLF (bare CR and LF too, so that no server sees another end
 * than we do) and dots are stuffed (RFC 5321 section 4.5.2). Where it fails, smtp_mail_reply tells
 * what the server said, if that is why. */
bool smtp_mail_write(SmtpSession *session, const void *data, size_t size, GError **error);

/* Ends the content. Nothing waits: the last bytes may leave with the next mail's offer. Where it
 * fails they have not left and never will. */
bool smtp_mail_finish(SmtpSession *session, GError **error);

/* Waits for the final reply, five times as long as for others. 2yz: the mail is the server's; 4yz:
 * later; 5yz: never. Fails where the session is dead: a REPLY with a code (421, or one that came
 * within the content) is a refusal all the same (RFC 5321 section 3.8); without one the outcome is
 * unknown if smtp_mail_has_left. */
bool smtp_mail_reply(SmtpSession *session, SmtpAnswer *reply, GError **error);

/* Whether the final dot of a mail without a reply may have left this machine; exact also for a
 * session that is dead. False: the server cannot have the mail. */
bool smtp_mail_has_left(const SmtpSession *session);
