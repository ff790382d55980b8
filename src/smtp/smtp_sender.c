/* Whether a sender may send: MAIL and RCPT (RFC 5321 sections 4.1.1.2 and 4.1.1.3), then RSET. Many
 * servers judge the sender only once they know a recipient. */
#include "smtp/smtp_internal.h"

#define SMTP_LOGIN_NEEDED 530

/* "MAIL FROM:<info@amt.example>"; yours. NULL: the address cannot be said to this server. */
static char *make_line(const SmtpSession *session, const char *verb, const char *address)
{
	bool plain = g_str_is_ascii(address);
	bool utf8 = smtp_has(session, SMTP_CAP_SMTPUTF8);

	for (const char *at = address; *at; at++) {
		if (g_ascii_iscntrl(*at) || *at == '<' || *at == '>' || *at == ' ')
			return NULL;
	}
	if (!plain && !utf8)
		return NULL;
	return g_strdup_printf("%s:<%s>%s", verb, address,
		!plain && g_str_has_prefix(verb, "MAIL") ? " SMTPUTF8" : "");
}

/* RFC 3463 section 3.2: what is wrong with the recipient's address, not with the sender. */
static bool concerns_recipient(const SmtpReply *reply)
{
	switch (reply->enhanced) {
	case SMTP_ENHANCED(5, 1, 1):
	case SMTP_ENHANCED(5, 1, 2):
	case SMTP_ENHANCED(5, 1, 3):
	case SMTP_ENHANCED(5, 1, 4):
	case SMTP_ENHANCED(5, 1, 6):
	case SMTP_ENHANCED(5, 1, 10):
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

static bool begin_mail(
	SmtpSession *session, const char *sender, const char *recipient, GError **error)
{
	g_autofree char *from = make_line(session, "MAIL FROM", sender);
	g_autofree char *to = make_line(session, "RCPT TO", recipient);
	g_auto(SmtpReply) reply = {0};

	if (!from || !to)
		return smtp_fail(session, error, FAILURE_SENDER_REFUSED, sender,
			"this server takes no address with such letters");
	if (!smtp_run(session, from, &reply, error))
		return false;
	if (reply.code != SMTP_DONE)
		return refuse_sender(session, &reply, "MAIL", sender, error);
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
