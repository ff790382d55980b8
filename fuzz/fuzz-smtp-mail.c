/* Fuzzes the handing over of mails: the first byte says how the server's bytes are cut, the rest is
 * what it says, to EHLO and to four mails, each offered ahead of the reply to the one before. What
 * is told of a mail must agree with itself, every text be fit for a log, and every content that is
 * told as sent have its end on the wire. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "smtp/smtp_internal.h"

#define MAILS 4
#define RECIPIENTS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const addresses[RECIPIENTS] = {"b@x.example", "c@x.example", "d@x.example"};
static const SmtpMail mail = {"a@amt.example", addresses, RECIPIENTS, 100};

static void require(bool right)
{
	if (!right)
		abort();
}

static void check_answer(const SmtpAnswer *answer)
{
	require((answer->code == 0) == (answer->text == NULL));
	if (answer->text)
		require(g_utf8_validate(answer->text, -1, NULL) && !text_has_control(answer->text));
}

/* Takes note of how an action ended: what fails here kills the session. */
static bool check(const SmtpSession *session, bool done, GError **error)
{
	require(done == (*error == NULL));
	if (done)
		return true;
	require(!failure_is(*error, FAILURE_INTERNAL) && !text_has_control((*error)->message));
	require(!smtp_is_alive(session));
	g_clear_error(error);
	return false;
}

/* Answers whether the server waits for the content. */
static bool begin(SmtpSession *session)
{
	g_auto(SmtpAnswer) sender = {0};
	SmtpAnswer answers[RECIPIENTS] = {0};
	bool ready = false, accepted = false, done;
	GError *error = NULL;

	done = check(session, smtp_mail_begin(session, &sender, answers, &ready, &error), &error);
	check_answer(&sender);
	for (size_t i = 0; i < RECIPIENTS; i++) {
		check_answer(&answers[i]);
		accepted |= answers[i].code / 100 == 2;
		smtp_answer_clear(&answers[i]);
	}
	require(done || (!accepted && sender.code == 0));
	require(!ready || (done && accepted && sender.code / 100 == 2));
	return ready;
}

static bool end(SmtpSession *session)
{
	g_auto(SmtpAnswer) reply = {0};
	GError *error = NULL;
	bool done = check(session, smtp_mail_reply(session, &reply, &error), &error);
	bool left = smtp_mail_has_left(session);

	check_answer(&reply);
	require(!done || (reply.code / 100 != 3 && reply.code != 0 && !left));
	require(done || reply.code == 0 || (reply.code / 100 >= 4 && !left));
	return done;
}

static bool offer(SmtpSession *session)
{
	GError *error = NULL;

	/* Only a size above the server's is refused here, and leaves the session as it was. */
	if (smtp_size_limit(session) > 0 && smtp_size_limit(session) < mail.size)
		return false;
	return check(session, smtp_mail_offer(session, &mail, &error), &error);
}

static bool hand_over(SmtpSession *session, bool offered, bool ahead)
{
	GError *error = NULL;
	bool written;

	if (!offered && !offer(session))
		return false;
	if (!begin(session))
		return false;
	written = smtp_mail_write(session, ".\r", 2, &error) &&
		  smtp_mail_write(session, "\nx", 2, &error) && smtp_mail_finish(session, &error);
	if (!check(session, written, &error)) {
		require(!smtp_mail_has_left(session));
		require(!end(session));
		return false;
	}
	if (ahead && !offer(session))
		ahead = false;
	return end(session) && ahead;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) input = g_bytes_new(data + (size > 0), size - (size > 0));
	size_t chunk = size > 0 && data[0] ? data[0] : 100000;
	g_autoptr(SmtpSession) session = smtp_open(stream_open_memory(input, chunk), NULL);
	bool offered = false;

	for (unsigned i = 0; session && i < MAILS && smtp_is_alive(session); i++)
		offered = hand_over(session, offered, i + 1 < MAILS);
	return 0;
}
