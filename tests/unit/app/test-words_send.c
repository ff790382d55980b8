/* Mails of the outbox in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "app/words_send.h"
#include "base/clock.h"

/* Takes TEXT. */
static void assert_words(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	g_free(text);
}

static char first[] = "a@b.example";
static char second[] = "c@d.example";

static OutboxMail *make_mail(OutboxState state, unsigned recipients)
{
	OutboxMail *mail = g_new0(OutboxMail, 1);

	mail->state = state;
	mail->subject = g_strdup("");
	mail->recipients = g_ptr_array_new_with_free_func(g_free);
	mail->recipient_count = recipients;
	for (unsigned i = 0; i < MIN(recipients, 2); i++) {
		OutboxRecipient *recipient = g_new0(OutboxRecipient, 1);

		recipient->address = i == 0 ? first : second;
		g_ptr_array_add(mail->recipients, recipient);
	}
	return mail;
}

static void assert_waits(const OutboxMail *mail, const char *until)
{
	g_autofree char *expected = g_strconcat("nächster Versuch ", until, NULL);

	assert_words(words_outbox_mail(mail), expected);
}

static void test_states(void **state)
{
	g_autoptr(OutboxMail) mail = make_mail(OUTBOX_FAILED, 2);
	g_autofree char *today = NULL;
	int64_t now = clock_now();

	(void)state;
	assert_words(words_outbox_mail(mail), "nicht gesendet");
	mail->served_count = 1;
	assert_words(words_outbox_mail(mail), "nicht an alle gesendet");
	mail->state = OUTBOX_WAITING;
	assert_words(words_outbox_mail(mail), "wartet auf den nächsten Versuch");
	mail->next = now;
	today = clock_format_hour(now);
	assert_waits(mail, today);
	mail->next = 4102444800 - 12 * 60 * 60;
	g_free(today);
	today = clock_format_german(mail->next);
	assert_waits(mail, today);
	/* It is over: when it would be tried says nothing. */
	mail->state = OUTBOX_CANCELLED;
	assert_words(words_outbox_mail(mail), "abgebrochen");
}

static void test_recipients(void **state)
{
	g_autoptr(OutboxMail) mail = make_mail(OUTBOX_SENDING, 2);
	OutboxRecipient *recipient = mail->recipients->pdata[0];

	(void)state;
	assert_string_equal(words_outbox_recipient(mail, recipient), "wird gerade gesendet");
	recipient->state = OUTBOX_SENT;
	assert_string_equal(words_outbox_recipient(mail, recipient), "gesendet");
	recipient->state = OUTBOX_QUEUED;
	mail->state = OUTBOX_QUEUED;
	assert_string_equal(words_outbox_recipient(mail, recipient), "wartet auf Versand");
}

static void assert_people(unsigned recipients, const char *expected)
{
	g_autoptr(OutboxMail) mail = make_mail(OUTBOX_SENT, recipients);

	assert_words(words_outbox_people(mail), expected);
	assert_string_equal(words_outbox_subject(mail), "(ohne Betreff)");
}

static void test_people(void **state)
{
	(void)state;
	assert_people(1, "a@b.example");
	assert_people(2, "a@b.example, c@d.example");
	assert_people(3, "a@b.example, c@d.example und 1 weitere");
	assert_people(1000, "a@b.example, c@d.example und 998 weitere");
}

static void test_counts(void **state)
{
	OutboxCounts counts = {.copies = 3};

	(void)state;
	assert_null(words_outbox_counts(&counts));
	counts = (OutboxCounts){.queued = 1, .sending = 1, .waiting = 1, .failed = 2, .unknown = 1};
	assert_words(words_outbox_counts(&counts),
		"2 E-Mails sind nicht gesendet. Bei 1 E-Mail ist ungewiss, ob sie gesendet ist."
		" 1 E-Mail wartet auf einen neuen Versuch. 2 E-Mails werden gesendet.");
}

static void assert_advice(const char *condition, const char *part)
{
	g_autofree char *advice = words_outbox_advice(condition, OUTBOX_FAILED);

	if (part)
		assert_non_null(strstr(advice, part));
	else
		assert_null(advice);
}

static void test_advice(void **state)
{
	(void)state;
	assert_advice(NULL, NULL);
	assert_advice("of-a-later-version", NULL);
	assert_advice("send-refused", "„Erneut versuchen“");
	/* What the row leaves open was known only then. */
	assert_advice("starttls-missing", "Ein Administrator muss die Einstellungen");
}

static void test_nobody_is_asked_to_try_what_is_tried_anyway(void **state)
{
	static const char by_itself[] =
		"Die E-Mail bleibt im Postausgang und wird von selbst noch einmal gesendet.";
	static const struct {
		const char *condition, *rest;
	} rows[] = {
		{"send-later", ""},
		{"timeout", " Bleibt es dabei, muss ein Administrator Port und Zeitgrenze prüfen."},
		{"connection-lost", ""},
		{"login-missing", " Bitte melden Sie sich an."},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *expected = g_strconcat(by_itself, rows[i].rest, NULL);

		assert_words(words_outbox_advice(rows[i].condition, OUTBOX_WAITING), expected);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_nobody_is_asked_to_try_what_is_tried_anyway),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
