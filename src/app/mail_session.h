/* A session with a user's mail server, whichever of the two protocols it speaks. For signing in and
 * for the check of a connection: whoever uses mail takes the protocol's own session. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"
#include "imap/imap.h"
#include "net/stream.h"
#include "smtp/smtp.h"

/* One of the two, or none. */
typedef struct MailSession {
	ImapSession *imap;
	SmtpSession *smtp;
	bool seen;		 /* what follows was looked at */
	char tls_version[16];	 /* "TLSv1.3"; "": not encrypted */
	int64_t certificate_end; /* the first end in the server's chain; 0: unknown */
} MailSession;

void mail_session_clear(MailSession *session);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailSession, mail_session_clear)

/* Connects to ENDPOINT. */
bool mail_session_open(
	const Endpoint *endpoint, const Cancel *cancel, MailSession *session, GError **error);
/* Keeps what REPORT tells of the connection. */
void mail_session_see(MailSession *session, const StreamReport *report);
/* Takes STREAM, which is connected for PROTOCOL. */
bool mail_session_begin(
	MailProtocol protocol, Stream *stream, MailSession *session, GError **error);
bool mail_session_login(MailSession *session, const SaslIdentity *identity, GError **error);
/* By which mechanism SESSION logged in ("SCRAM-SHA-256"), borrowed; "–": it did not. */
const char *mail_session_mechanism(const MailSession *session);
/* Whether the server opens its mailbox without any login (PREAUTH). */
bool mail_session_is_open(const MailSession *session);
