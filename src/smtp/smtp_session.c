/* A session's life, its commands on their way out, and its failures. Reading replies is in
 * smtp_reply.c, EHLO in smtp_hello.c, logging in in smtp_login.c. */
#include "smtp/smtp_internal.h"

#include <string.h>

SmtpSession *smtp_open(Stream *stream, GError **error)
{
	g_autoptr(SmtpSession) session = g_new0(SmtpSession, 1);

	session->stream = stream;
	session->alive = true;
	session->offer = g_string_new(NULL);
	return smtp_begin(session, error) ? g_steal_pointer(&session) : NULL;
}

/* Within a mail it would be content, or send the end that is still buffered. */
static bool may_quit(const SmtpSession *session)
{
	return session->alive && !session->envelope.open &&
	       session->content.stage == SMTP_STAGE_NONE;
}

/* QUIT's answer tells nothing, and a silent server would hold us up. */
void smtp_close(SmtpSession *session)
{
	static const char quit[] = "QUIT\r\n";

	if (!session)
		return;
	if (may_quit(session) && stream_write(session->stream, quit, strlen(quit), NULL))
		stream_flush(session->stream, NULL);
	stream_close(session->stream);
	g_string_free(session->offer, TRUE);
	smtp_answer_clear(&session->content.early);
	smtp_forget_memos(session);
	g_free(session);
}

void smtp_set_cancel(SmtpSession *session, const Cancel *cancel)
{
	stream_set_cancel(session->stream, cancel);
}

bool smtp_is_alive(const SmtpSession *session)
{
	return session->alive;
}

bool smtp_has(const SmtpSession *session, SmtpCapability capability)
{
	return (session->capabilities & capability) == capability;
}

unsigned smtp_mechanisms(const SmtpSession *session)
{
	return session->mechanisms;
}

const char *smtp_offer(const SmtpSession *session)
{
	return session->offer->str;
}

uint64_t smtp_size_limit(const SmtpSession *session)
{
	return session->size_limit;
}

bool smtp_noop(SmtpSession *session, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	if (!smtp_run(session, "NOOP", &reply, error))
		return false;
	return reply.code == SMTP_DONE || smtp_refuse_command(session, &reply, "NOOP", error);
}

bool smtp_write(SmtpSession *session, const char *text, size_t size, GError **error)
{
	GError *problem = NULL;

	if (stream_write(session->stream, text, size, &problem))
		return true;
	if (failure_is(problem, FAILURE_CONNECTION_LOST)) {
		g_error_free(problem);
		return true;
	}
	return smtp_fail_with(session, problem, error);
}

bool smtp_send_first(SmtpSession *session, const char *line, GError **error)
{
	g_assert(!strpbrk(line, "\r\n"));
	return smtp_write(session, line, strlen(line), error) &&
	       smtp_write(session, "\r\n", 2, error);
}

bool smtp_check_alive(SmtpSession *session, GError **error)
{
	return session->alive || smtp_fail(session, error, FAILURE_CONNECTION_LOST,
					 stream_host(session->stream), "the session is over");
}

/* A server may only say unasked that it closes: any other reply would be taken for the answer to
 * what is asked next. */
bool smtp_check_silence(SmtpSession *session, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	if (smtp_unread(session) == 0)
		return true;
	return smtp_read(session, &reply, error) &&
	       smtp_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		       "a reply that nobody asked for: %u", reply.code);
}

bool smtp_send(SmtpSession *session, const char *line, GError **error)
{
	g_assert(!session->envelope.open && session->content.stage == SMTP_STAGE_NONE);
	return smtp_check_alive(session, error) && smtp_check_silence(session, error) &&
	       smtp_send_first(session, line, error);
}

bool smtp_run(SmtpSession *session, const char *line, SmtpReply *reply, GError **error)
{
	return smtp_send(session, line, error) && smtp_read(session, reply, error);
}

bool smtp_fail_with(SmtpSession *session, GError *problem, GError **error)
{
	switch (failure_code(problem)) {
	case FAILURE_CODE_PROTOCOL:
	case FAILURE_CODE_RETRY:
	case FAILURE_CODE_CANCELLED:
		session->alive = false;
		break;
	default:
		break;
	}
	g_propagate_error(error, problem);
	return false;
}

bool smtp_fail(SmtpSession *session, GError **error, Failure failure, const char *subject,
	const char *format, ...)
{
	g_autofree char *message = NULL;
	GError *problem = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	failure_set(&problem, failure, subject, "%s", message);
	return smtp_fail_with(session, problem, error);
}

bool smtp_refuse(SmtpSession *session, const SmtpReply *reply, const char *verb, Failure failure,
	const char *subject, GError **error)
{
	g_autofree char *text = smtp_server_text(session, reply);

	if (reply->code / 100 != 5) {
		failure = reply->code / 100 == 4 ? FAILURE_SERVER_UNAVAILABLE
						 : FAILURE_SERVER_GARBAGE;
		subject = stream_host(session->stream);
	}
	return smtp_fail(session, error, failure, subject, "%s: %u %s", verb, reply->code, text);
}

bool smtp_refuse_command(
	SmtpSession *session, const SmtpReply *reply, const char *verb, GError **error)
{
	g_autofree char *text = smtp_server_text(session, reply);

	return smtp_refuse(session, reply, verb, FAILURE_COMMAND_REFUSED, text, error);
}
