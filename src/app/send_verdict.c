/* What a server's refusal means for people, and when a mail is tried again. */
#include "app/send_internal.h"

#include <string.h>
#include "failure/failure.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define GIVE_UP_AFTER (5 * 24 * (int64_t)HOUR) /* RFC 5321 section 4.5.4.1: four to five days */

static const int64_t pauses[] = {MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR};

int64_t send_next_try(const OutboxMail *mail, int64_t now)
{
	size_t place = MIN(mail->attempts, G_N_ELEMENTS(pauses) - 1);

	return now - MAX(mail->created_at, mail->retried_at) > GIVE_UP_AFTER ? 0
									     : now + pauses[place];
}

/* Who has not signed in may do so: until then it waits. A server that wants TLS first says the same
 * code. */
static bool lacks_login(const SmtpAnswer *answer)
{
	return answer->code == SMTP_LOGIN_NEEDED && !strcasestr(answer->text, "STARTTLS");
}

OutboxState send_state_of(const SmtpAnswer *answer)
{
	if (lacks_login(answer))
		return OUTBOX_WAITING;
	switch (answer->code / 100) {
	case 2:
		return OUTBOX_SENT;
	case 4:
		return OUTBOX_WAITING;
	case 5:
		return OUTBOX_FAILED;
	default:
		return OUTBOX_UNKNOWN;
	}
}

bool send_is_too_many(const SmtpAnswer *answer)
{
	return answer->code == 452 &&
	       (answer->enhanced == 0 || answer->enhanced == SMTP_STATUS(4, 5, 3) ||
		       answer->enhanced == SMTP_STATUS(5, 5, 3));
}

/* No code tells it from other refusals: the words of Exchange (the first three), Postfix (then two)
 * and Exim. */
bool send_lacks_right(const char *reply)
{
	static const char *const words[] = {"SendAsDenied", "5.7.60", "not allowed to send as",
		"Sender address rejected", "not owned by user", "sender verify"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcasestr(reply, words[i]))
			return true;
	}
	return false;
}

void send_explain(const SmtpAnswer *answer, const OutboxMail *mail, GError **error)
{
	if (lacks_login(answer))
		failure_set(error, FAILURE_LOGIN_MISSING, mail->user, "%s", answer->text);
	else if (answer->code / 100 == 4)
		failure_set(error, FAILURE_SEND_LATER, answer->text, "%s", answer->text);
	else if (send_lacks_right(answer->text))
		failure_set(error, FAILURE_SENDER_REFUSED, mail->sender, "%s", answer->text);
	else
		failure_set(error, FAILURE_SEND_REFUSED, answer->text, "%s", answer->text);
}

void send_explain_recipient(const SmtpAnswer *answer, const OutboxRecipient *recipient,
	const OutboxMail *mail, GError **error)
{
	if (answer->code / 100 <= 3)
		return;
	if (send_state_of(answer) == OUTBOX_WAITING || send_lacks_right(answer->text))
		send_explain(answer, mail, error);
	else
		failure_set(error, FAILURE_RECIPIENT_REFUSED, recipient->address, "%s: %s",
			recipient->address, answer->text);
}

void send_explain_end(const GError *last, GError **error)
{
	g_autofree char *sentence = failure_sentence(last);

	failure_set(error, FAILURE_SEND_GIVEN_UP, sentence, "given up: %s", last->message);
}
