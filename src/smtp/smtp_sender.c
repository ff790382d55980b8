/* Whether a sender may send: MAIL and RCPT (RFC 5321 sections 4.1.1.2 and 4.1.1.3), then RSET. Many
 * servers judge the sender only once they know a recipient. */
#include "smtp/smtp_internal.h"

#define SMTP_LOGIN_NEEDED 530

/* Whether ADDRESS can be said to this server at all. */
static bool is_sayable(const SmtpSession *session, const char *address)
{
	for (const char *at = address; *at; at++) {
		if (g_ascii_iscntrl(*at) || *at == '<' || *at == '>' || *at == ' ')
			return false;
	}
	return g_str_is_ascii(address) || smtp_has(session, SMTP_CAP_SMTPUTF8);
}

/* RFC 3463 sections 3.2 and 3.3: what is wrong with the recipient, not with the sender. */
static bool concerns_recipient(const SmtpReply *reply)
{
	switch (reply->enhanced) {
	case SMTP_ENHANCED(5, 1, 1):
	case SMTP_ENHANCED(5, 1, 2):
	case SMTP_ENHANCED(5, 1, 3):
	case SMTP_ENHANCED(5, 1, 4):
	case SMTP_ENHANCED(5, 1, 6):
	case SMTP_ENHANCED(5, 1, 10):
	case SMTP_ENHANCED(5, 2, 1):
	case SMTP_ENHANCED(5, 2, 2):
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

/* RFC 6531 section 3.4: one internationalised address makes it an internationalised mail. A
 * recipient whom this server cannot be told leaves the judgement to MAIL. */
static bool begin_mail(
	SmtpSession *session, const char *sender, const char *recipient, GError **error)
{
	bool complete = is_sayable(session, recipient);
	bool utf8 = !g_str_is_ascii(sender) || (complete && !g_str_is_ascii(recipient));
	g_autofree char *from =
		g_strdup_printf("MAIL FROM:<%s>%s", sender, utf8 ? " SMTPUTF8" : "");
	g_autofree char *to = g_strdup_printf("RCPT TO:<%s>", recipient);
	g_auto(SmtpReply) reply = {0};

	if (!is_sayable(session, sender))
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
	bool accepted = begin_mail(session, sender, recipient, error);

	/* Whatever it was, it is called off. */
	if (smtp_is_alive(session))
		smtp_run(session, "RSET", &reply, accepted ? error : NULL);
	return accepted && smtp_is_alive(session);
}
