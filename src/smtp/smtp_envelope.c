/* MAIL and RCPT (RFC 5321 sections 4.1.1.2 and 4.1.1.3): what can be said to a server, and how. */
#include "smtp/smtp_internal.h"

#include <string.h>
#include "base/text.h"

/* RFC 5321 section 4.5.3.1.3: a path has 256 bytes with its brackets. */
#define ADDRESS_LIMIT 254
#define MEGABYTE ((uint64_t)1024 * 1024) /* as servers count */

/* Whether ADDRESS can stand between < and >. */
static bool is_plain(const char *address)
{
	for (const char *at = address; *at; at++) {
		if (g_ascii_iscntrl(*at) || *at == '<' || *at == '>' || *at == ' ')
			return false;
	}
	return strlen(address) <= ADDRESS_LIMIT && g_utf8_validate(address, -1, NULL);
}

bool smtp_can_say(const SmtpSession *session, const char *address)
{
	return is_plain(address) &&
	       (g_str_is_ascii(address) || smtp_has(session, SMTP_CAP_SMTPUTF8));
}

/* With something on either side of its last "@". */
static bool has_domain(const char *address)
{
	const char *sign = strrchr(address, '@');

	return sign && sign > address && sign[1];
}

static bool check_address(
	SmtpSession *session, const char *address, bool may_be_empty, GError **error)
{
	g_autofree char *shown = NULL;

	if (smtp_can_say(session, address) && (has_domain(address) || (may_be_empty && !*address)))
		return true;
	shown = text_for_terminal(address);
	return smtp_fail(session, error, FAILURE_ADDRESS_UNUSABLE, shown, "%s: %s", shown,
		is_plain(address) && has_domain(address) ? "letters that this server does not take"
							 : "cannot stand in a command");
}

static bool check_addresses(SmtpSession *session, const SmtpMail *mail, GError **error)
{
	if (!check_address(session, mail->sender, true, error))
		return false;
	for (size_t i = 0; i < mail->recipient_count; i++) {
		if (!check_address(session, mail->recipients[i], false, error))
			return false;
	}
	return true;
}

static bool check_offered(SmtpSession *session, bool needed, SmtpCapability capability,
	const char *name, GError **error)
{
	return !needed || smtp_has(session, capability) ||
	       smtp_fail(session, error, FAILURE_SMTP_LACKS, name, "%s does not offer %s",
		       stream_host(session->stream), name);
}

static bool check_size(SmtpSession *session, uint64_t size, GError **error)
{
	g_autofree char *limit = NULL;

	if (session->size_limit == 0 || size <= session->size_limit)
		return true;
	limit = session->size_limit < MEGABYTE
			? g_strdup_printf("%" G_GUINT64_FORMAT " Byte", session->size_limit)
			: g_strdup_printf(
				  "%" G_GUINT64_FORMAT " MB", session->size_limit / MEGABYTE);
	return smtp_fail(session, error, FAILURE_MAIL_TOO_LARGE, limit,
		"%" G_GUINT64_FORMAT " bytes, and the server takes %" G_GUINT64_FORMAT, size,
		session->size_limit);
}

bool smtp_check_mail(SmtpSession *session, const SmtpMail *mail, GError **error)
{
	return check_addresses(session, mail, error) &&
	       check_offered(session, mail->has_utf8, SMTP_CAP_SMTPUTF8, "SMTPUTF8", error) &&
	       check_offered(session, mail->has_8bit, SMTP_CAP_8BITMIME, "8BITMIME", error) &&
	       check_size(session, mail->size, error);
}

/* RFC 6531 section 3.4: one internationalised address makes it an internationalised mail. */
static bool needs_utf8(const SmtpMail *mail)
{
	bool needs = mail->has_utf8 || !g_str_is_ascii(mail->sender);

	for (size_t i = 0; i < mail->recipient_count && !needs; i++)
		needs = !g_str_is_ascii(mail->recipients[i]);
	return needs;
}

char *smtp_mail_command(const SmtpSession *session, const SmtpMail *mail)
{
	GString *line = g_string_new("MAIL FROM:<");
	bool has_8bit = mail->has_8bit || mail->has_utf8;

	g_string_append(g_string_append(line, mail->sender), ">");
	if (mail->size > 0 && smtp_has(session, SMTP_CAP_SIZE))
		g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, mail->size);
	if (has_8bit && smtp_has(session, SMTP_CAP_8BITMIME))
		g_string_append(line, " BODY=8BITMIME");
	if (needs_utf8(mail))
		g_string_append(line, " SMTPUTF8");
	return g_string_free(line, FALSE);
}

char *smtp_recipient_command(const char *address)
{
	return g_strconcat("RCPT TO:<", address, ">", NULL);
}
