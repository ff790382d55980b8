/* IMAP or SMTP behind one face, for signing in. */
#include "app/mail_session.h"

void mail_session_clear(MailSession *session)
{
	g_clear_pointer(&session->imap, imap_close);
	g_clear_pointer(&session->smtp, smtp_close);
	session->seen = false;
}

void mail_session_see(MailSession *session, const StreamReport *report)
{
	session->seen = true;
	session->certificate_end = 0;
	g_strlcpy(session->tls_version, report->version ? report->version : "",
		sizeof(session->tls_version));
	for (guint i = 0; report->chain && i < report->chain->len; i++) {
		const StreamCertificate *each = g_ptr_array_index(report->chain, i);

		if (each->valid_until != 0 && (session->certificate_end == 0 ||
						      each->valid_until < session->certificate_end))
			session->certificate_end = each->valid_until;
	}
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
	g_auto(StreamReport) report = {0};
	Stream *stream = stream_open_watched(endpoint, cancel, &report, error);

	if (stream)
		mail_session_see(session, &report);
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
