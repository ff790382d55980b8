/* Mails of one sender over one connection. While the server thinks about the content of one, the
 * next is offered already; what came of each is noted before the next one's content ends. */
#include "app/send_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "failure/failure.h"

/* One mail being handed over. */
typedef struct Handover {
	SendRun *run;
	OutboxMail *mail;
	GPtrArray *tried;    /* OutboxRecipient *, borrowed: whose turn it is */
	GPtrArray *wires;    /* char *, borrowed: their addresses */
	SmtpAnswer sender;   /* to MAIL or DATA */
	SmtpAnswer *answers; /* one for each of TRIED */
	SmtpAnswer content;  /* the final one */
	bool begun;	     /* the server has answered the envelope ... */
	bool ready;	     /* ... takes the content ... */
	bool handed_over;    /* ... and may have it */
	bool noted;	     /* the outbox knows that it is handed over ... */
	bool go_on;	     /* ... and nobody has cancelled it */
} Handover;

static bool is_open(const OutboxRecipient *recipient)
{
	return recipient->state == OUTBOX_QUEUED || recipient->state == OUTBOX_SENDING ||
	       recipient->state == OUTBOX_WAITING;
}

static bool has_queued(const OutboxMail *mail)
{
	for (guint i = 0; i < mail->recipients->len; i++) {
		if (((const OutboxRecipient *)mail->recipients->pdata[i])->state == OUTBOX_QUEUED)
			return true;
	}
	return false;
}

/* Who has been put off until later waits while others have not been asked for yet. */
static Handover *handover_new(SendRun *run, OutboxMail *mail)
{
	Handover *handover = g_new0(Handover, 1);
	bool first = has_queued(mail);

	handover->run = run;
	handover->mail = mail;
	handover->tried = g_ptr_array_new();
	handover->wires = g_ptr_array_new();
	for (guint i = 0; i < mail->recipients->len; i++) {
		OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (!is_open(recipient) || (first && recipient->state != OUTBOX_QUEUED))
			continue;
		g_ptr_array_add(handover->tried, recipient);
		g_ptr_array_add(handover->wires, recipient->address);
	}
	handover->answers = g_new0(SmtpAnswer, handover->tried->len + 1);
	return handover;
}

static void handover_free(Handover *handover)
{
	if (!handover)
		return;
	for (guint i = 0; i < handover->tried->len; i++)
		smtp_answer_clear(&handover->answers[i]);
	smtp_answer_clear(&handover->sender);
	smtp_answer_clear(&handover->content);
	g_free(handover->answers);
	g_ptr_array_unref(handover->tried);
	g_ptr_array_unref(handover->wires);
	g_free(handover);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Handover, handover_free)

/* ---- what came of it ---- */

static void judge(OutboxRecipient *recipient, const SmtpAnswer *answer)
{
	recipient->state = send_state_of(answer);
	g_free(recipient->reply);
	recipient->reply = g_strdup(answer->text);
}

/* The answer that decided on the recipient at PLACE; NULL: none came. */
static const SmtpAnswer *deciding_answer(const Handover *handover, guint place)
{
	const SmtpAnswer *own = &handover->answers[place];

	if (own->code != 0 && own->code / 100 != 2)
		return own;
	/* Nobody can have taken what has not left. */
	if (handover->content.code / 100 > 3 ||
		(handover->handed_over && handover->content.code != 0))
		return &handover->content;
	if (handover->handed_over)
		return NULL;
	return handover->sender.code / 100 > 3 ? &handover->sender : NULL;
}

/* A server that took as many recipients as it takes at a time is offered the rest at once (RFC 5321
 * section 4.5.3.1.10). As each time somebody is served, this comes to an end. */
static void queue_rest(Handover *handover)
{
	bool served = false;

	for (guint i = 0; i < handover->tried->len; i++)
		served |=
			((const OutboxRecipient *)handover->tried->pdata[i])->state == OUTBOX_SENT;
	for (guint i = 0; served && i < handover->tried->len; i++) {
		if (send_is_too_many(&handover->answers[i]))
			((OutboxRecipient *)handover->tried->pdata[i])->state = OUTBOX_QUEUED;
	}
}

static void judge_all(Handover *handover, const GError *problem)
{
	for (guint i = 0; i < handover->tried->len; i++) {
		OutboxRecipient *recipient = handover->tried->pdata[i];
		const SmtpAnswer *answer = deciding_answer(handover, i);

		if (answer)
			judge(recipient, answer);
		else if (handover->handed_over)
			recipient->state = OUTBOX_UNKNOWN;
		else
			recipient->state = problem && failure_is(problem, FAILURE_CANCELLED)
						   ? OUTBOX_QUEUED
						   : OUTBOX_WAITING;
	}
	queue_rest(handover);
}

/* The first recipient whom the server does not serve now or ever decides what is told. */
static void explain(const Handover *handover, const GError *problem, GError **why)
{
	const OutboxMail *mail = handover->mail;

	if (handover->handed_over && handover->content.code == 0)
		failure_set(why, FAILURE_SENT_UNKNOWN, NULL, "%s",
			problem ? problem->message : "no answer to the content");
	else if (handover->content.code / 100 > 3)
		send_explain(&handover->content, mail, why);
	else if (handover->sender.code / 100 > 3)
		send_explain(&handover->sender, mail, why);
	else if (problem)
		*why = g_error_copy(problem);
	for (guint i = 0; !*why && i < handover->tried->len; i++)
		send_explain_recipient(&handover->answers[i], handover->tried->pdata[i], mail, why);
}

/* When MAIL is tried again. Those who would have to wait for too long get it no more; *WHY then
 * says so. */
static int64_t give_up_or_wait(OutboxMail *mail, GError **why)
{
	int64_t next = send_next_try(mail, clock_now());
	bool gave_up = false;

	for (guint i = 0; next == 0 && i < mail->recipients->len; i++) {
		OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (recipient->state != OUTBOX_WAITING)
			continue;
		recipient->state = OUTBOX_FAILED;
		gave_up = true;
	}
	if (gave_up && *why && !failure_is(*why, FAILURE_SENT_UNKNOWN)) {
		g_autoptr(GError) last = g_steal_pointer(why);

		send_explain_end(last, why);
	}
	return next;
}

/* For whoever looks after the service; once for a mail that waits. */
static void log_outcome(const OutboxMail *mail, const GError *why)
{
	OutboxState state = outbox_state_of(mail->recipients);

	if (state == OUTBOX_FAILED || state == OUTBOX_UNKNOWN)
		log_warning("mail %" G_GINT64_FORMAT " of %s: %s (%s)", mail->id, mail->user,
			outbox_state_name(state), why ? failure_name(why) : "-");
	else if (state == OUTBOX_WAITING && mail->attempts == 0)
		log_info("mail %" G_GINT64_FORMAT " of %s: waiting (%s)", mail->id, mail->user,
			why ? failure_name(why) : "-");
}

/* PROBLEM (nullable): why not all got it. NEXT (nullable): the one that is handed over now. */
static bool note(
	const SendRun *run, OutboxMail *mail, const GError *problem, Handover *next, GError **error)
{
	g_autoptr(GError) why = problem ? g_error_copy(problem) : NULL;
	int64_t again = give_up_or_wait(mail, &why);
	g_autofree char *reason = why ? failure_sentence(why) : NULL;
	OutboxOutcome outcome = {
		.mail = mail,
		.condition = why ? failure_name(why) : NULL,
		.reason = reason,
		.next = again,
	};

	if (run->logs)
		log_outcome(mail, why);
	if (!next)
		return outbox_note(run->worker, &outcome, NULL, NULL, error);
	next->noted = outbox_note(run->worker, &outcome, next->mail, &next->go_on, error);
	return next->noted;
}

static bool note_handover(Handover *handover, const GError *problem, Handover *next, GError **error)
{
	g_autoptr(GError) why = NULL;

	/* Only what has left may have arrived. */
	if (handover->content.code == 0 && handover->handed_over)
		handover->handed_over = smtp_mail_has_left(handover->run->session);
	judge_all(handover, problem);
	explain(handover, problem, &why);
	return note(handover->run, handover->mail, why, next, error);
}

/* Whether another try, without anybody's changing the mail, may go better. What our own storage
 * lacks, and what a server refuses before it is offered a mail, is never the mail's end. */
static bool is_worth_waiting(const GError *problem)
{
	switch (failure_code(problem)) {
	case FAILURE_CODE_RETRY:
	case FAILURE_CODE_PROTOCOL:
	case FAILURE_CODE_LOGIN:
	case FAILURE_CODE_SETUP:
	case FAILURE_CODE_STORE:
		return true;
	case FAILURE_CODE_REFUSED:
		return failure_is(problem, FAILURE_COMMAND_REFUSED);
	default:
		return false;
	}
}

bool send_note_problem(const SendRun *run, OutboxMail *mail, const GError *problem, GError **error)
{
	OutboxState state = is_worth_waiting(problem) ? OUTBOX_WAITING : OUTBOX_FAILED;

	if (failure_is(problem, FAILURE_CANCELLED))
		state = OUTBOX_QUEUED;
	for (guint i = 0; i < mail->recipients->len; i++) {
		OutboxRecipient *recipient = mail->recipients->pdata[i];

		if (is_open(recipient))
			recipient->state = state;
	}
	return note(run, mail, problem, NULL, error);
}

/* ---- handing over ---- */

static bool offer(const Handover *handover, GError **error)
{
	const OutboxMail *mail = handover->mail;
	const SmtpMail envelope = {
		.sender = mail->sender,
		.recipients = (const char *const *)handover->wires->pdata,
		.recipient_count = handover->wires->len,
		.size = mail->size,
		.has_8bit = mail->has_8bit,
		.has_utf8 = mail->has_utf8,
	};

	return smtp_mail_offer(handover->run->session, &envelope, error);
}

/* Offers the first of MAILS from *AT on that the server can be offered at all, into *HANDOVER; the
 * others are noted as failed. NULL: there is none. */
static bool offer_next(
	SendRun *run, GPtrArray *mails, guint *at, Handover **handover, GError **error)
{
	for (; *at < run->end; ++*at) {
		g_autoptr(Handover) next = handover_new(run, mails->pdata[*at]);
		g_autoptr(GError) problem = NULL;

		if (offer(next, &problem)) {
			*handover = g_steal_pointer(&next);
			return true;
		}
		if (!smtp_is_alive(run->session)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		if (!send_note_problem(run, next->mail, problem, error))
			return false;
	}
	*handover = NULL;
	return true;
}

static bool write_piece(const void *bytes, size_t size, void *session, GError **error)
{
	return smtp_mail_write(session, bytes, size, error);
}

static bool begin(Handover *handover, GError **error)
{
	if (handover->begun)
		return true;
	handover->begun = smtp_mail_begin(handover->run->session, &handover->sender,
		handover->answers, &handover->ready, error);
	return handover->begun;
}

/* Up to the content's end, or to its refusal. *GO_ON false: somebody cancelled the mail. */
static bool hand_over(Handover *handover, bool *go_on, GError **error)
{
	SendRun *run = handover->run;

	*go_on = true;
	if (!begin(handover, error))
		return false;
	if (!handover->ready)
		return true;
	if (!send_content(run->outbox, handover->mail, write_piece, run->session, error))
		return false;
	if (!handover->noted)
		handover->noted =
			outbox_handing_over(run->worker, handover->mail, &handover->go_on, error);
	*go_on = handover->go_on;
	if (!handover->noted || !*go_on)
		return handover->noted;
	handover->handed_over = true;
	return smtp_mail_finish(run->session, error);
}

/* Whether NEXT, which was offered, will be handed over as soon as it is noted: nobody waits for the
 * server in between. */
static bool is_next_at_once(Handover *next)
{
	return next && !cancel_triggered(next->run->cancel) &&
	       smtp_mail_is_answered(next->run->session) && begin(next, NULL) && next->ready;
}

/* The final reply, also where all is to end: a mail that has gone is better known to have gone. */
static bool read_reply(Handover *handover, GError **error)
{
	SendRun *run = handover->run;
	bool told;

	if (!handover->handed_over)
		return true;
	smtp_set_cancel(run->session, run->late);
	told = smtp_mail_reply(run->session, &handover->content, error);
	smtp_set_cancel(run->session, run->cancel);
	return told;
}

/* HANDOVER's fate, with the next mail on its way meanwhile. */
static bool conclude(
	Handover *handover, GPtrArray *mails, guint *at, Handover **next, GError **error)
{
	SendRun *run = handover->run;
	g_autoptr(GError) offering = NULL;
	g_autoptr(GError) problem = NULL;
	bool offered = offer_next(run, mails, at, next, &offering);
	bool told = read_reply(handover, &problem);
	Handover *joined = told && offered && is_next_at_once(*next) ? *next : NULL;

	if (!note_handover(handover, problem, joined, error))
		return false;
	/* A server that says nothing to one mail gets no others to say nothing to. */
	run->sent += told;
	if (!told)
		g_propagate_error(error, g_steal_pointer(&problem));
	else if (!offered)
		g_propagate_error(error, g_steal_pointer(&offering));
	return told && offered;
}

/* The end of a session in the middle of a mail, which the server may have said why. */
static bool break_off(Handover *handover, GError *problem, GError **error)
{
	g_autoptr(GError) ignored = NULL;

	/* Where it is ours to end (the outbox failed), the server has said nothing. */
	if (handover->ready && !smtp_is_alive(handover->run->session))
		smtp_mail_reply(handover->run->session, &handover->content, NULL);
	if (note_handover(handover, problem, NULL, &ignored)) {
		g_propagate_error(error, problem);
		return false;
	}
	g_error_free(problem);
	g_propagate_error(error, g_steal_pointer(&ignored));
	return false;
}

static bool check_cancel(const SendRun *run, GError **error)
{
	if (!cancel_triggered(run->cancel))
		return true;
	failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
	return false;
}

bool send_mails(SendRun *run, GPtrArray *mails, guint *done, GError **error)
{
	g_autoptr(Handover) next = NULL;

	if (!offer_next(run, mails, done, &next, error))
		return false;
	while (next) {
		g_autoptr(Handover) handover = g_steal_pointer(&next);
		GError *problem = NULL;
		bool go_on;

		if (!check_cancel(run, error))
			return false;
		++*done;
		if (!hand_over(handover, &go_on, &problem))
			return break_off(handover, problem, error);
		/* Only the connection's end takes back what has begun. */
		if (!go_on) {
			g_clear_pointer(&run->session, smtp_close);
			return true;
		}
		if (!conclude(handover, mails, done, &next, error))
			return false;
	}
	return true;
}
