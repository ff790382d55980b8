/* States of mails in the outbox in words. */
#include "app/words_send.h"

#include <inttypes.h>
#include "base/i18n.h"

const char *words_outbox_state(OutboxState state)
{
	switch (state) {
	case OUTBOX_QUEUED:
		return _("eingereiht");
	case OUTBOX_SENDING:
		return _("wird gesendet");
	case OUTBOX_SENT:
		return _("gesendet");
	case OUTBOX_WAITING:
		return _("wartet auf den nächsten Versuch");
	case OUTBOX_FAILED:
		return _("nicht gesendet");
	case OUTBOX_UNKNOWN:
		return _("Ausgang unbekannt");
	case OUTBOX_CANCELLED:
		return _("abgebrochen");
	}
	return "";
}

static char *describe_recipients(const OutboxMail *mail)
{
	const OutboxRecipient *first = mail->recipients->pdata[0];
	guint more = mail->recipients->len - 1;

	if (more == 0)
		return g_strdup_printf(_("an %s"), first->address);
	return g_strdup_printf(
		ngettext("an %s und %u weitere Adresse", "an %s und %u weitere Adressen", more),
		first->address, more);
}

char *words_outbox_head(const OutboxMail *mail)
{
	g_autofree char *people = describe_recipients(mail);
	const char *subject = *mail->subject ? mail->subject : _("(ohne Betreff)");

	return g_strdup_printf(_("Nr. %" PRId64 ", %s: %s (%s)"), mail->id,
		words_outbox_state(mail->state), subject, people);
}
