/* Handing over a mail's envelope (RFC 5321 section 3.3): MAIL, RCPT for each recipient and DATA,
 * pipelined where the server offers it (RFC 2920), and what it answers to each. The content is in
 * smtp_content.c. */
#include "smtp/smtp_internal.h"

#include <string.h>

/* Commands whose replies are not read yet: what is on its way back stays below what any socket
 * takes, also if our side is slow. */
#define WINDOW 100

/* The commands in their order. */
enum { COMMAND_RSET, COMMAND_MAIL, COMMAND_FIRST_RCPT };

static size_t data_command(const SmtpEnvelope *envelope)
{
	return COMMAND_FIRST_RCPT + envelope->mail.recipient_count;
}

/* The command NUMBER of ENVELOPE, yours. */
static char *make_command(const SmtpSession *session, size_t number)
{
	const SmtpMail *mail = &session->envelope.mail;

	if (number == COMMAND_RSET)
		return g_strdup("RSET");
	if (number == COMMAND_MAIL)
		return smtp_mail_command(session, mail);
	if (number == data_command(&session->envelope))
		return g_strdup("DATA");
	return smtp_recipient_command(mail->recipients[number - COMMAND_FIRST_RCPT]);
}

/* Whether the next command is to be sent, by what was answered so far: nothing follows a sender who
 * is refused, and no content a mail without recipients. */
static bool is_wanted(const SmtpEnvelope *envelope)
{
	if (envelope->sent > data_command(envelope) || envelope->refused)
		return false;
	return envelope->sent < data_command(envelope) || envelope->answered < envelope->sent ||
	       envelope->accepted > 0;
}

/* Whether one more command may be on its way, and is to be. */
static bool may_send(const SmtpSession *session)
{
	const SmtpEnvelope *envelope = &session->envelope;
	size_t window = smtp_has(session, SMTP_CAP_PIPELINING) ? WINDOW : 1;

	return envelope->sent < envelope->answered + window && is_wanted(envelope);
}

/* Writes as many commands as may be on their way. */
static bool send_commands(SmtpSession *session, GError **error)
{
	g_autoptr(GString) lines = NULL;

	if (!may_send(session))
		return true;
	lines = g_string_new(NULL);
	while (may_send(session)) {
		g_autofree char *line = make_command(session, session->envelope.sent++);

		g_string_append(g_string_append(lines, line), "\r\n");
	}
	return smtp_write(session, lines->str, lines->len, error);
}

bool smtp_mail_offer(SmtpSession *session, const SmtpMail *mail, GError **error)
{
	SmtpEnvelope *envelope = &session->envelope;
	bool ahead = session->content.stage == SMTP_STAGE_FINISHED;
	size_t first = session->stale ? COMMAND_RSET : COMMAND_MAIL;

	if (!smtp_check_alive(session, error))
		return false;
	g_assert(!envelope->open && session->content.stage != SMTP_STAGE_CONTENT);
	g_assert(mail->recipient_count > 0);
	if (!smtp_check_mail(session, mail, error) ||
		(!ahead && !smtp_check_silence(session, error)))
		return false;
	*envelope = (SmtpEnvelope){.open = true, .mail = *mail, .sent = first, .answered = first};
	return (ahead && !smtp_has(session, SMTP_CAP_PIPELINING)) || send_commands(session, error);
}

/* RFC 5321 section 4.5.3.1.10: "too many recipients" means that the others come later, also where
 * it is said like "never". */
static void soften(SmtpAnswer *answer)
{
	bool too_many = answer->enhanced == SMTP_STATUS(5, 5, 3) ||
			(answer->code == 552 && answer->enhanced == 0);

	if (too_many)
		answer->code = 452;
}

static bool fail_answer(SmtpSession *session, const SmtpAnswer *answer, GError **error)
{
	return smtp_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		"a reply that answers nothing: %s", answer->text);
}

/* Reads the reply to the command NUMBER into ANSWER and counts it. */
static bool read_command(SmtpSession *session, size_t number, SmtpAnswer *answer, GError **error)
{
	SmtpEnvelope *envelope = &session->envelope;
	bool is_data = number == data_command(envelope);
	unsigned class;

	if (!smtp_read_answer(session, answer, error))
		return false;
	class = answer->code / 100;
	if (is_data ? class == 2 || (class == 3 && answer->code != SMTP_GO_ON) : class == 3)
		return fail_answer(session, answer, error);
	if (number == COMMAND_RSET && class != 2)
		return fail_answer(session, answer, error);
	if (number == COMMAND_MAIL)
		envelope->refused = class != 2;
	else if (number >= COMMAND_FIRST_RCPT && !is_data) {
		soften(answer);
		envelope->accepted += class == 2;
	}
	envelope->answered++;
	return true;
}

/* Where the answers to an envelope go. */
typedef struct Answers {
	SmtpAnswer *sender, *recipients; /* the caller's */
	SmtpAnswer reset, data;
} Answers;

static void answers_clear(Answers *answers)
{
	smtp_answer_clear(&answers->reset);
	smtp_answer_clear(&answers->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answers, answers_clear)

static SmtpAnswer *place_of(const SmtpEnvelope *envelope, Answers *answers, size_t number)
{
	if (number == COMMAND_RSET)
		return &answers->reset;
	if (number == COMMAND_MAIL)
		return answers->sender;
	if (number == data_command(envelope))
		return &answers->data;
	return &answers->recipients[number - COMMAND_FIRST_RCPT];
}

/* All that is sent is answered, and all that is wanted is sent. */
static bool read_commands(SmtpSession *session, Answers *answers, GError **error)
{
	SmtpEnvelope *envelope = &session->envelope;

	for (;;) {
		size_t number = envelope->answered;

		if (!send_commands(session, error))
			return false;
		if (number == envelope->sent)
			return true;
		if (!read_command(session, number, place_of(envelope, answers, number), error))
			return false;
	}
}

/* The server waits for a content that nobody is to get: DATA was sent before the refusals were
 * read. RFC 2920 section 3.1: a lone dot. What is said to it matters to nobody. */
static void end_at_once(SmtpSession *session)
{
	static const char dot[] = ".\r\n";
	g_auto(SmtpAnswer) answer = {0};

	if (smtp_write(session, dot, strlen(dot), NULL))
		smtp_read_answer(session, &answer, NULL);
}

/* What follows from the answers: the content, or the end of this mail. */
static bool conclude(SmtpSession *session, Answers *answers, bool *ready, GError **error)
{
	const SmtpEnvelope *envelope = &session->envelope;
	bool go_on = answers->data.code == SMTP_GO_ON;

	/* Somebody would get an empty mail. */
	if (go_on && envelope->refused && envelope->accepted > 0)
		return fail_answer(session, &answers->data, error);
	session->stale = !go_on && (!envelope->refused || envelope->accepted > 0);
	*ready = go_on && envelope->accepted > 0;
	if (*ready)
		smtp_content_begin(session);
	else if (go_on)
		end_at_once(session);
	else if (envelope->accepted > 0 && !envelope->refused) {
		smtp_answer_clear(answers->sender);
		*answers->sender = answers->data;
		answers->data = (SmtpAnswer){0};
	}
	return true;
}

/* What was said to recipients of a sender who is refused is said about the sender. */
static void forget_recipients(const SmtpEnvelope *envelope, SmtpAnswer *answers)
{
	for (size_t i = 0; i < envelope->mail.recipient_count; i++)
		smtp_answer_clear(&answers[i]);
}

/* A server that has refused a mail may well close before it has answered the rest. */
static bool is_refused(const SmtpEnvelope *envelope)
{
	return envelope->refused ||
	       (envelope->answered >= data_command(envelope) && envelope->accepted == 0);
}

/* What a server said that answers something else, or not all, is told of nobody. Takes PROBLEM. */
static bool end_early(SmtpSession *session, Answers *answers, GError *problem, GError **error)
{
	if (is_refused(&session->envelope) && failure_code(problem) != FAILURE_CODE_PROTOCOL) {
		g_error_free(problem);
		return true;
	}
	smtp_answer_clear(answers->sender);
	forget_recipients(&session->envelope, answers->recipients);
	g_propagate_error(error, problem);
	return false;
}

bool smtp_mail_begin(
	SmtpSession *session, SmtpAnswer *sender, SmtpAnswer *answers, bool *ready, GError **error)
{
	SmtpEnvelope *envelope = &session->envelope;
	g_auto(Answers) places = {.sender = sender, .recipients = answers};
	GError *problem = NULL;
	bool go_on = false, done;

	if (!smtp_check_alive(session, error))
		return false;
	g_assert(envelope->open && session->content.stage == SMTP_STAGE_NONE);
	smtp_answer_clear(sender);
	forget_recipients(envelope, answers);
	done = (read_commands(session, &places, &problem) &&
		       conclude(session, &places, &go_on, &problem)) ||
	       end_early(session, &places, problem, error);
	if (envelope->refused)
		forget_recipients(envelope, answers);
	envelope->open = false;
	if (done)
		*ready = go_on;
	return done;
}

/* Ends of replies (lines whose code no hyphen follows) among SIZE bytes at DATA. */
static size_t count_replies(const unsigned char *data, size_t size)
{
	const unsigned char *at = data, *end = data + size, *line_end;
	size_t count = 0;

	for (; (line_end = memchr(at, '\n', (size_t)(end - at))); at = line_end + 1)
		count += line_end - at > 3 && at[3] != '-';
	return count;
}

bool smtp_mail_is_answered(SmtpSession *session)
{
	const SmtpEnvelope *envelope = &session->envelope;
	const unsigned char *data;
	ssize_t size;

	if (!session->alive || !envelope->open || envelope->sent <= data_command(envelope))
		return false;
	if (stream_look(session->stream) <= 0)
		return false;
	size = stream_fill(session->stream, &data, NULL);
	return size > 0 && count_replies(data, (size_t)size) >= envelope->sent - envelope->answered;
}

bool smtp_reset(SmtpSession *session, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	if (!session->stale)
		return true;
	if (!smtp_run(session, "RSET", &reply, error))
		return false;
	session->stale = false;
	return true;
}
