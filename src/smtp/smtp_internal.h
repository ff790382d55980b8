/* What the files of smtp/ share: the session's state, commands on their way out, replies on their
 * way in. The rules: one place reads replies (smtp_read), one place sends lines (smtp_write), one
 * place makes failures (smtp_fail…); and a server that says something before it is asked is not
 * trusted any further: looked for before each command that is not pipelined, and before the end of
 * each mail. */
#pragma once

#include "smtp/smtp.h"

#include "failure/failure.h"

/* A line with its CRLF. RFC 5321 has 512 bytes for one, RFC 4954 12,288 for a challenge in it. */
#define SMTP_LINE_LIMIT ((size_t)16 * 1024)
/* Of one reply: the longest of real servers is that to EHLO, with some twenty lines. */
#define SMTP_REPLY_LINES 500
#define SMTP_REPLY_LIMIT ((size_t)64 * 1024)
/* What is kept of a reply for a message, in bytes. */
#define SMTP_TEXT_LIMIT 1000

/* An envelope on its way (smtp_submit.c): RSET where it is needed, MAIL, a RCPT for each recipient,
 * DATA. Commands count in this order, each with its reply. */
typedef struct SmtpEnvelope {
	bool open; /* offered, and not all is answered */
	SmtpMail mail;
	size_t sent, answered; /* commands */
	bool refused;	       /* MAIL */
	size_t accepted;       /* recipients */
} SmtpEnvelope;

typedef enum SmtpStage {
	SMTP_STAGE_NONE,
	SMTP_STAGE_CONTENT,  /* the server waits for it */
	SMTP_STAGE_FINISHED, /* its end is sent or buffered, its reply not read */
} SmtpStage;

/* A content on its way (smtp_content.c). */
typedef struct SmtpContent {
	SmtpStage stage;
	bool line_start;      /* the next byte begins a line */
	bool carriage_return; /* the last byte was one, its LF is not written */
	size_t unlooked;      /* bytes since the server's words were looked for */
	uint64_t dot;	      /* FINISHED: the place of the final dot in all that is sent */
	SmtpAnswer early;     /* what the server said before it had the end */
} SmtpContent;

/* A reply of one line that is no refusal, and what is told of it: most are the same again and
 * again. */
typedef struct SmtpMemo {
	char *line; /* with CRLF; NULL: none */
	size_t size;
	SmtpAnswer answer;
} SmtpMemo;

#define SMTP_MEMOS 8

struct SmtpSession {
	Stream *stream;
	bool alive;
	uint64_t consumed;	    /* bytes of the stream that made up replies */
	unsigned capabilities;	    /* SmtpCapability */
	unsigned mechanisms;	    /* SaslMechanism */
	const char *mechanism_used; /* NULL: not logged in */
	uint64_t size_limit;	    /* 0: not told */
	GString *offer;		    /* the same in the server's words, fit for a person */
	SmtpMemo memos[SMTP_MEMOS]; /* the last used first */
	SmtpEnvelope envelope;
	SmtpContent content;
	bool stale; /* the server holds an envelope that RSET must take from it */
	/* While smtp_login runs */
	const SaslIdentity *identity; /* borrowed; NULL: no login is going on */
	Sasl *sasl;		      /* NULL: none yet */
};

/* Replies (RFC 5321 section 4.2) */

#define SMTP_READY 220
#define SMTP_AUTHENTICATED 235
#define SMTP_DONE 250
#define SMTP_CHALLENGE 334
#define SMTP_GO_ON 354
#define SMTP_CLOSING 421

typedef struct SmtpReply {
	unsigned code;	   /* 200 to 599 */
	unsigned enhanced; /* SMTP_STATUS(5, 7, 8), 0: none */
	GPtrArray *lines;  /* char *: what stands behind the code in each line */
} SmtpReply;

void smtp_reply_clear(SmtpReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SmtpReply, smtp_reply_clear)

/* "5.7.8 Not you": what stands behind the code, all lines in one, fit for a log; yours. */
char *smtp_reply_text(const SmtpReply *reply);
/* The same for a message: a text that repeats a secret of the stream is REPEATS_WITHHELD; yours. */
char *smtp_server_text(const SmtpSession *session, const SmtpReply *reply);
/* Whether SIZE bytes of TEXT repeat a secret of the stream. */
bool smtp_repeats_secret(const SmtpSession *session, const char *text, size_t size);
/* What counted as no secret may be one from now on. */
void smtp_forget_memos(SmtpSession *session);

/* Reads one reply. 421 is a failure, whatever it answers: FAILURE_SERVER_BYE. */
bool smtp_read(SmtpSession *session, SmtpReply *reply, GError **error);
/* The same with the reply, also 421, in ANSWER, which stays as it is where there is none. */
bool smtp_read_answer(SmtpSession *session, SmtpAnswer *answer, GError **error);
/* Bytes that have come behind the last reply. */
uint64_t smtp_unread(const SmtpSession *session);

/* Commands */

/* FAILURE_CONNECTION_LOST where the session is dead. */
bool smtp_check_alive(SmtpSession *session, GError **error);
/* Fails where the server has said something that is not read yet. */
bool smtp_check_silence(SmtpSession *session, GError **error);
/* Buffers SIZE bytes of TEXT; a connection that broke is left for reading to report. */
bool smtp_write(SmtpSession *session, const char *text, size_t size, GError **error);
/* Sends LINE, which is ours and free of CR and LF, and CRLF. A connection that broke is left for
 * reading to report, since the server may have said why. */
bool smtp_send(SmtpSession *session, const char *line, GError **error);
/* Sends LINE and reads the reply, whatever it says. */
bool smtp_run(SmtpSession *session, const char *line, SmtpReply *reply, GError **error);
/* As smtp_send, before anything the server says counts. */
bool smtp_send_first(SmtpSession *session, const char *line, GError **error);

/* Envelopes (smtp_envelope.c) */

/* Whether ADDRESS can stand in a command to this server. */
bool smtp_can_say(const SmtpSession *session, const char *address);
/* Whether MAIL can be offered to this server; as smtp_mail_offer. */
bool smtp_check_mail(SmtpSession *session, const SmtpMail *mail, GError **error);
/* The commands, without CRLF; yours. */
char *smtp_mail_command(const SmtpSession *session, const SmtpMail *mail);
char *smtp_recipient_command(const char *address);

/* Says RSET where an envelope is left with the server (smtp_submit.c). */
bool smtp_reset(SmtpSession *session, GError **error);

/* Contents (smtp_content.c) */

/* The server waits for the content. */
void smtp_content_begin(SmtpSession *session);

/* The greeting and the first EHLO; EHLO once more. What the server offers is noted. */
bool smtp_begin(SmtpSession *session, GError **error);
bool smtp_hello(SmtpSession *session, GError **error);

/* The domain that EHLO tells of a machine called HOST: its name if it is a fully qualified one,
 * else an address literal; yours. */
char *smtp_client_name(const char *host);

/* Failures: all answer false, and leave the session dead where the failure's code says so. */

bool smtp_fail(SmtpSession *session, GError **error, Failure failure, const char *subject,
	const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Takes PROBLEM. */
bool smtp_fail_with(SmtpSession *session, GError *problem, GError **error);
/* For a REPLY that is not the one hoped for: 4yz is FAILURE_SERVER_UNAVAILABLE, 5yz FAILURE with
 * SUBJECT, anything else FAILURE_SERVER_GARBAGE. VERB names the command. */
bool smtp_refuse(SmtpSession *session, const SmtpReply *reply, const char *verb, Failure failure,
	const char *subject, GError **error);
/* As smtp_refuse, with FAILURE_COMMAND_REFUSED and the server's text. */
bool smtp_refuse_command(
	SmtpSession *session, const SmtpReply *reply, const char *verb, GError **error);
