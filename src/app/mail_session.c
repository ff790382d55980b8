/* IMAP or SMTP behind one face, for signing in. */
#include "app/mail_session.h"

void mail_session_clear(MailSession *session)
{
	g_clear_pointer(&session->imap, imap_close);
	g_clear_pointer(&session->smtp, smtp_close);
}

bool mail_session_begin(MailProtocol protocol, Stream *stream, MailSession *session, GError **error)
{
	if (protocol == MAIL_PROTOCOL_IMAP)
		session->imap = imap_open(stream, error);
	else
		session->smtp = smtp_open(stream, error);
	return session->imap || session->smtp;
}

bool mail_session_open(
	const Endpoint *endpoint, const Cancel *cancel, MailSession *session, GError **error)
{
	Stream *stream = stream_open(endpoint, cancel, error);

	return stream && mail_session_begin(endpoint->protocol, stream, session, error);
}

bool mail_session_login(MailSession *session, const SaslIdentity *identity, GError **error)
{
	return session->imap ? imap_login(session->imap, identity, error)
			     : smtp_login(session->smtp, identity, error);
}

bool mail_session_is_open(const MailSession *session)
{
	return session->imap && imap_is_preauthenticated(session->imap);
}

const char *mail_session_mechanism(const MailSession *session)
{
	const char *used = session->imap   ? imap_mechanism_used(session->imap)
			   : session->smtp ? smtp_mechanism_used(session->smtp)
					   : NULL;

	return used ? used : "–";
}
