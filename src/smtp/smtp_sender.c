/* Whether a sender may send: MAIL and RCPT, then RSET. Many servers judge the sender only once they
 * know a recipient. */
#include "smtp/smtp_internal.h"

#define SMTP_LOGIN_NEEDED 530

/* RFC 3463 sections 3.2 and 3.3: what is wrong with the recipient, not with the sender. */
static bool concerns_recipient(const SmtpReply *reply)
{
	switch (reply->enhanced) {
	case SMTP_STATUS(5, 1, 1):
	case SMTP_STATUS(5, 1, 2):
	case SMTP_STATUS(5, 1, 3):
	case SMTP_STATUS(5, 1, 4):
	case SMTP_STATUS(5, 1, 6):
	case SMTP_STATUS(5, 1, 10):
	case SMTP_STATUS(5, 2, 1):
	case SMTP_STATUS(5, 2, 2):
		return true;
	default:
		return false;
	}
}

static bool refuse_sender(SmtpSession *session, const SmtpReply *reply, const char *verb,
	const char *sender, GError **error)
{
	Failure failure =
		reply->code == SMTP_LOGIN_NEEDED ? FAILURE_LOGIN_MISSING : FAILURE_SENDER_REFUSED;

	return smtp_refuse(session, reply, verb, failure, sender, error);
}

/* A recipient whom this server cannot be told leaves the judgement to MAIL. */
static bool begin_mail(
	SmtpSession *session, const char *sender, const char *recipient, GError **error)
{
	bool complete = smtp_can_say(session, recipient);
	const SmtpMail mail = {sender, &recipient, complete ? 1 : 0};
	g_autofree char *from = smtp_mail_command(session, &mail);
	g_autofree char *to = smtp_recipient_command(recipient);
	g_auto(SmtpReply) reply = {0};

	if (!smtp_can_say(session, sender))
		return smtp_fail(session, error, FAILURE_SENDER_REFUSED, sender,
			"this server takes no address with such letters");
	if (!smtp_run(session, from, &reply, error))
		return false;
	if (reply.code != SMTP_DONE)
		return refuse_sender(session, &reply, "MAIL", sender, error);
	if (!complete)
		return true;
	if (!smtp_run(session, to, &reply, error))
		return false;
	return reply.code / 100 == 2 || concerns_recipient(&reply) ||
	       refuse_sender(session, &reply, "RCPT", sender, error);
}

bool smtp_try_sender(
	SmtpSession *session, const char *sender, const char *recipient, GError **error)
{
	g_auto(SmtpReply) reply = {0};
	bool accepted = smtp_reset(session, error) && begin_mail(session, sender, recipient, error);

	/* Whatever it was, it is called off. */
	if (smtp_is_alive(session))
		smtp_run(session, "RSET", &reply, accepted ? error : NULL);
	return accepted && smtp_is_alive(session);
}
