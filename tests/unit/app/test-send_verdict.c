/* What servers' refusals mean for people, and when a mail is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "app/send_internal.h"
#include "failure/failure.h"

#define DAY (24 * 60 * 60)

static void test_pauses_grow(void **state)
{
	static const int64_t pauses[] = {60, 300, 900, 1800, 3600, 3600, 3600};
	OutboxMail mail = {.created_at = 1000};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
		mail.attempts = (unsigned)i;
		assert_int_equal(send_next_try(&mail, 5000), 5000 + pauses[i]);
	}
}

static void test_gives_up_after_days(void **state)
{
	const OutboxMail mail = {.created_at = 1000, .attempts = 50};

	(void)state;
	assert_int_not_equal(send_next_try(&mail, 1000 + 4 * DAY), 0);
	assert_int_not_equal(send_next_try(&mail, 1000 + 5 * DAY), 0);
	assert_int_equal(send_next_try(&mail, 1001 + 5 * DAY), 0);
}

static void test_days_count_from_the_last_retry(void **state)
{
	const OutboxMail mail = {.created_at = 1000, .retried_at = 1000 + 30 * DAY};

	(void)state;
	assert_int_not_equal(send_next_try(&mail, 1000 + 35 * DAY), 0);
	assert_int_equal(send_next_try(&mail, 1001 + 35 * DAY), 0);
}

static void test_the_end_has_words_of_its_own(void **state)
{
	g_autoptr(GError) last = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	(void)state;
	failure_set(&last, FAILURE_SEND_LATER, "451 4.3.0 later", "later");
	send_explain_end(last, &error);
	assert_true(failure_is(error, FAILURE_SEND_GIVEN_UP));
	sentence = failure_sentence(error);
	assert_string_equal(sentence, "Die E-Mail ließ sich fünf Tage lang nicht senden; zuletzt: "
				      "Der Mailserver nimmt die E-Mail zurzeit nicht an: "
				      "451 4.3.0 later");
}

static void test_knows_the_words(void **state)
{
	static const struct {
		unsigned code;
		const char *text;
		Failure sender, recipient;
	} rows[] = {
		{451, "451 4.3.0 later", FAILURE_SEND_LATER, FAILURE_SEND_LATER},
		{530, "530 5.7.0 Authentication required", FAILURE_LOGIN_MISSING,
			FAILURE_LOGIN_MISSING},
		{530, "530 5.7.0 Must issue a STARTTLS command first", FAILURE_SEND_REFUSED,
			FAILURE_RECIPIENT_REFUSED},
		{550, "550 5.7.1 no", FAILURE_SEND_REFUSED, FAILURE_RECIPIENT_REFUSED},
		{554, "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException",
			FAILURE_SENDER_REFUSED, FAILURE_SENDER_REFUSED},
		{550, "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
			FAILURE_SENDER_REFUSED, FAILURE_SENDER_REFUSED},
		{553, "553 5.7.1 <a@x.de>: Sender address rejected: not owned by user b@x.de",
			FAILURE_SENDER_REFUSED, FAILURE_SENDER_REFUSED},
		/* What may pass waits, whatever it says. */
		{450, "450 4.1.8 <a@x.de>: Sender address rejected: Domain not found",
			FAILURE_SEND_LATER, FAILURE_SEND_LATER},
	};
	const OutboxMail mail = {.sender = (char *)"a@x.de", .user = (char *)"a.klein"};
	OutboxRecipient recipient = {.address = (char *)"b@x.de"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SmtpAnswer answer = {.code = rows[i].code, .text = (char *)rows[i].text};
		g_autoptr(GError) error = NULL;

		send_explain(&answer, &mail, &error);
		assert_true(failure_is(error, rows[i].sender));
		g_clear_error(&error);
		send_explain_recipient(&answer, &recipient, &mail, &error);
		assert_true(failure_is(error, rows[i].recipient));
	}
}

static void test_what_becomes_of_a_recipient(void **state)
{
	static const struct {
		unsigned code;
		const char *text;
		OutboxState state;
	} rows[] = {
		{250, "250 ok", OUTBOX_SENT},
		{451, "451 later", OUTBOX_WAITING},
		{550, "550 no", OUTBOX_FAILED},
		{530, "530 5.7.0 Authentication required", OUTBOX_WAITING},
		{530, "530 5.7.0 Must issue a STARTTLS command first", OUTBOX_FAILED},
		{0, NULL, OUTBOX_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const SmtpAnswer answer = {.code = rows[i].code, .text = (char *)rows[i].text};

		assert_int_equal(send_state_of(&answer), rows[i].state);
	}
}

static void test_what_is_well_needs_no_words(void **state)
{
	const SmtpAnswer answers[] = {{.code = 0}, {.code = 250, .text = (char *)"250 ok"}};
	const OutboxMail mail = {.sender = (char *)"a@x.de", .user = (char *)"a.klein"};
	OutboxRecipient recipient = {.address = (char *)"b@x.de"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GError) error = NULL;

		send_explain_recipient(&answers[i], &recipient, &mail, &error);
		assert_null(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses_grow),
		cmocka_unit_test(test_gives_up_after_days),
		cmocka_unit_test(test_days_count_from_the_last_retry),
		cmocka_unit_test(test_the_end_has_words_of_its_own),
		cmocka_unit_test(test_knows_the_words),
		cmocka_unit_test(test_what_becomes_of_a_recipient),
		cmocka_unit_test(test_what_is_well_needs_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
