/* A test mail over the checked connection, to somebody who was named for it: only so is known
 * whether the server takes mail for others, and Office 365 mail from this sender. Nothing of it
 * stands in the outbox, so nobody sends it again. */
#include "app/check_internal.h"

#include "app/send.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"
#include "mime/mime_write.h"

/* ---- to whom ---- */

bool check_read_send_to(const char *text, MimeAddress **address, char **wire, GError **error)
{
	*address = mime_address_parse(text, error);
	*wire = *address ? mime_address_wire((*address)->address, error) : NULL;
	return *wire != NULL;
}

bool check_test_address(const char *text, GError **error)
{
	g_autoptr(MimeAddress) address = NULL;
	g_autofree char *wire = NULL;

	return check_read_send_to(text, &address, &wire, error);
}

/* ---- what it says ---- */

static char *write_text(const Check *check)
{
	const Account *account = check->account;
	const Endpoint *endpoint = account_endpoint(account, MAIL_PROTOCOL_SMTP);
	g_autofree char *time = clock_format_zone(clock_now());

	return g_strdup_printf(
		_("Guten Tag,\n\n"
		  "dies ist eine Testnachricht von Amtspost. Damit wurde geprüft, ob sich\n"
		  "E-Mails senden lassen. Sie brauchen nichts zu tun und können sie löschen.\n\n"
		  "Postfach: %s\n"
		  "Benutzer: %s\n"
		  "Ausgelöst von: %s\n"
		  "Mailserver: %s, Port %u\n"
		  "Rechner: %s, Amtspost %s\n"
		  "Zeit: %s\n"),
		account->address, account->user_name, check->actor, endpoint->host, endpoint->port,
		g_get_host_name(), AMTSPOST_VERSION, time);
}

static bool take_piece(const void *bytes, size_t size, void *data, GError **error)
{
	(void)error;
	g_byte_array_append(data, bytes, (guint)size);
	return true;
}

static bool write_mail(
	const Check *check, GByteArray *content, MimeWritten *written, GError **error)
{
	const char *sender = check->account->address;
	g_autoptr(MimeAddress) from = mime_address_parse(sender, error);
	g_autoptr(GPtrArray) to = g_ptr_array_new();
	g_autofree char *text = from ? write_text(check) : NULL;
	g_autofree char *id = from ? mime_message_id_new(sender) : NULL;
	const MimeMessage message = {
		.from = from,
		.to = to,
		.subject = _("Amtspost: Testnachricht"),
		.text = text,
		.message_id = id,
		.date = clock_now(),
	};

	g_ptr_array_add(to, check->send_to);
	return from && mime_write(&message, take_piece, content, written, error);
}

/* ---- handing over ---- */

static bool note_in(DbTransaction *transaction, void *data, GError **error)
{
	const Check *check = data;
	g_autofree char *detail = g_strdup_printf(
		"mailbox: %s; recipient: %s", check->account->address, check->send_to->address);

	return audit_add(
		transaction, check->actor, "mail.test", check->account->user_name, detail, error);
}

static bool refuse(const Check *check, const SmtpAnswer *answer, GError **error)
{
	const char *text = answer->text ? answer->text : "";

	if (answer->code / 100 == 4)
		failure_set(error, FAILURE_TEST_LATER, text, "%s", text);
	else if (send_lacks_right(text))
		failure_set(error, FAILURE_SENDER_REFUSED, check->account->address, "%s", text);
	else
		failure_set(error, FAILURE_TEST_REFUSED, text, "%s", text);
	return false;
}

/* Up to the wait for the final answer; FAILURE_TEST_REFUSED and FAILURE_TEST_LATER where an earlier
 * one decides. */
static bool hand_over(
	Check *check, const SmtpMail *envelope, const GByteArray *content, GError **error)
{
	SmtpSession *session = check->session.smtp;
	g_auto(SmtpAnswer) sender = {0};
	g_auto(SmtpAnswer) recipient = {0};
	bool ready;

	if (!smtp_mail_offer(session, envelope, error) ||
		!smtp_mail_begin(session, &sender, &recipient, &ready, error))
		return false;
	if (!ready)
		return refuse(check,
			recipient.code / 100 == 2 || !recipient.text ? &sender : &recipient, error);
	return smtp_mail_write(session, content->data, content->len, error) &&
	       smtp_mail_finish(session, error);
}

/* What the server said at last, into REPLY. */
static bool conclude(Check *check, SmtpAnswer *reply, GError **error)
{
	SmtpSession *session = check->session.smtp;
	g_autoptr(GError) problem = NULL;
	bool told = smtp_mail_reply(session, reply, &problem);

	if (reply->code / 100 == 2)
		return true;
	if (reply->code != 0)
		return refuse(check, reply, error);
	if (!told && smtp_mail_has_left(session))
		failure_set(error, FAILURE_TEST_UNKNOWN, NULL, "%s", problem->message);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool send_mail(Check *check, SmtpAnswer *reply, GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	const char *recipient = check->send_to_wire;
	MimeWritten written;
	SmtpMail envelope;

	if (!write_mail(check, content, &written, error) ||
		!db_write(office_db(check->office), note_in, check, error))
		return false;
	envelope = (SmtpMail){
		.sender = check->account->address,
		.recipients = &recipient,
		.recipient_count = 1,
		.size = written.size,
		.has_8bit = written.has_8bit,
		.has_utf8 = written.has_utf8,
	};
	return hand_over(check, &envelope, content, error) && conclude(check, reply, error);
}

bool check_send(Check *check)
{
	g_auto(SmtpAnswer) reply = {0};
	GError *problem = NULL;

	check_begin(check, CHECK_SEND, NULL);
	if (send_mail(check, &reply, &problem))
		check_good(check, CHECK_SEND,
			g_strdup_printf(_("an %s gesendet; Antwort des Servers: %s"),
				check->send_to->address, reply.text),
			NULL);
	else
		check_bad(check, CHECK_SEND, problem);
	return smtp_is_alive(check->session.smtp);
}
