/* States of mails in the outbox in words. */
#include "app/words_send.h"

#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "failure/failure.h"

#define NAMED 2 /* recipients */

const char *words_outbox_state(OutboxState state)
{
	switch (state) {
	case OUTBOX_QUEUED:
		return _("wartet auf Versand");
	case OUTBOX_SENDING:
		return _("wird gerade gesendet");
	case OUTBOX_SENT:
		return _("gesendet");
	case OUTBOX_WAITING:
		return _("wartet auf den nächsten Versuch");
	case OUTBOX_FAILED:
		return _("nicht gesendet");
	case OUTBOX_UNKNOWN:
		return _("ungewiss, ob gesendet");
	case OUTBOX_CANCELLED:
		return _("abgebrochen");
	}
	return "";
}

const char *words_outbox_recipient(const OutboxMail *mail, const OutboxRecipient *recipient)
{
	bool is_open = recipient->state == OUTBOX_QUEUED || recipient->state == OUTBOX_WAITING;

	return words_outbox_state(
		is_open && mail->state == OUTBOX_SENDING ? OUTBOX_SENDING : recipient->state);
}

char *words_outbox_address(const OutboxRecipient *recipient)
{
	switch (recipient->field) {
	case MAIL_TO:
		break;
	case MAIL_CC:
		return g_strdup_printf(_("%s (Kopie)"), recipient->address);
	case MAIL_BCC:
		return g_strdup_printf(_("%s (Blindkopie)"), recipient->address);
	}
	return g_strdup(recipient->address);
}

/* Only the hour of a time that is today. */
static char *describe_time(int64_t time)
{
	g_autofree char *today = clock_format_day(clock_now());
	g_autofree char *day = clock_format_day(time);

	return g_str_equal(day, today) ? clock_format_hour(time) : clock_format_german(time);
}

char *words_outbox_mail(const OutboxMail *mail)
{
	g_autofree char *next = mail->next ? describe_time(mail->next) : NULL;

	if (mail->state == OUTBOX_WAITING && next)
		return g_strdup_printf(_("nächster Versuch %s"), next);
	if (mail->state == OUTBOX_FAILED && mail->served_count > 0)
		return g_strdup(_("nicht an alle gesendet"));
	return g_strdup(words_outbox_state(mail->state));
}

char *words_outbox_people(const OutboxMail *mail)
{
	g_autoptr(GString) people = g_string_new(NULL);
	guint named = MIN(NAMED, mail->recipients->len);
	unsigned more = mail->recipient_count - named;

	for (guint i = 0; i < named; i++) {
		const OutboxRecipient *recipient = mail->recipients->pdata[i];

		g_string_append_printf(people, "%s%s", i > 0 ? ", " : "", recipient->address);
	}
	return more == 0 ? g_string_free(g_steal_pointer(&people), FALSE)
			 : g_strdup_printf(ngettext("%s und %u weitere", "%s und %u weitere", more),
				   people->str, more);
}

const char *words_outbox_subject(const OutboxMail *mail)
{
	return *mail->subject ? mail->subject : _("(ohne Betreff)");
}

/* The row alone is known by now, not what it named: where its advice needs that, one of those who
 * can do something. */
static char *advise(Failure failure)
{
	g_autoptr(GError) known = NULL;
	g_autofree char *advice = NULL;

	failure_set(&known, failure, NULL, "told before");
	advice = failure_advice_on_page(known);
	if (!strstr(advice, "…"))
		return g_steal_pointer(&advice);
	return g_strdup(
		failure_actor(known) == ACTOR_CLERK
			? _("Bitte melden Sie sich in den Persönlichen Einstellungen neu an.")
			: _("Ein Administrator muss die Einstellungen zum Senden prüfen; "
			    "„Verbindung prüfen“ sagt, was nicht stimmt."));
}

/* What follows the first sentence of TEXT, borrowed. */
static const char *skip_sentence(const char *text)
{
	const char *end = strstr(text, ". ");

	return end ? end + 2 : text + strlen(text);
}

/* It is tried again by itself: nobody is asked to, as ADVICE (taken) may begin. */
static char *advise_waiting(char *advice)
{
	g_autofree char *whole = advice;
	const char *by_itself =
		_("Die E-Mail bleibt im Postausgang und wird von selbst noch einmal gesendet.");
	/* How sentences begin that ask for another try. */
	const char *again = _("Bitte versuchen Sie es");
	bool is_said = g_str_has_prefix(whole, by_itself) || g_str_has_prefix(whole, again);
	const char *rest = is_said ? skip_sentence(whole) : whole;

	return *rest ? g_strdup_printf("%s %s", by_itself, rest) : g_strdup(by_itself);
}

char *words_outbox_advice(const char *condition, OutboxState state)
{
	Failure failure;

	if (!condition || !failure_find(condition, &failure))
		return NULL;
	return state == OUTBOX_WAITING ? advise_waiting(advise(failure)) : advise(failure);
}

/* SENTENCE, taken, behind what TEXT says already. */
static void add_sentence(GString *text, char *sentence)
{
	g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", sentence);
	g_free(sentence);
}

char *words_outbox_counts(const OutboxCounts *counts)
{
	g_autoptr(GString) text = g_string_new(NULL);
	uint64_t under_way = counts->queued + counts->sending;

	if (counts->failed > 0)
		add_sentence(text,
			g_strdup_printf(
				ngettext("%" PRIu64 " E-Mail ist nicht gesendet.",
					"%" PRIu64 " E-Mails sind nicht gesendet.", counts->failed),
				counts->failed));
	if (counts->unknown > 0)
		add_sentence(text,
			g_strdup_printf(ngettext("Bei %" PRIu64
						 " E-Mail ist ungewiss, ob sie gesendet ist.",
						"Bei %" PRIu64
						" E-Mails ist ungewiss, ob sie gesendet sind.",
						counts->unknown),
				counts->unknown));
	if (counts->waiting > 0)
		add_sentence(
			text, g_strdup_printf(
				      ngettext("%" PRIu64 " E-Mail wartet auf einen neuen Versuch.",
					      "%" PRIu64 " E-Mails warten auf einen neuen Versuch.",
					      counts->waiting),
				      counts->waiting));
	if (under_way > 0)
		add_sentence(text,
			g_strdup_printf(ngettext("%" PRIu64 " E-Mail wird gesendet.",
						"%" PRIu64 " E-Mails werden gesendet.", under_way),
				under_way));
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
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
	return g_strdup_printf(_("Nr. %" PRId64 ", %s: %s (%s)"), mail->id,
		words_outbox_state(mail->state), words_outbox_subject(mail), people);
}
