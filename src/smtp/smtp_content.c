/* A mail's content (RFC 5321 section 4.5.2): line ends, dots, its end, and what the server said to
 * it. Until the end has left nothing of the mail is the server's. */
#include "smtp/smtp_internal.h"

#include <string.h>

/* A server that has enough of a mail may say so before its end: looked for after so many bytes. */
#define LOOK_SIZE ((size_t)256 * 1024)
/* Looked through at once: where each byte is a line end, it is so often looked through. */
#define SPAN_SIZE ((size_t)1024)
/* RFC 5321 section 4.5.3.2 has ten minutes for the last reply, where others have two to five: the
 * server may be looking for viruses. */
#define REPLY_PATIENCE 5

void smtp_content_begin(SmtpSession *session)
{
	smtp_answer_clear(&session->content.early);
	session->content = (SmtpContent){.stage = SMTP_STAGE_CONTENT, .line_start = true};
}

/* Reads what the server said before it had the end, and ends the session: a refusal, since a
 * content that has begun cannot be called off otherwise. */
static bool fail_early(SmtpSession *session, GError **error)
{
	SmtpContent *content = &session->content;

	if (!smtp_read_answer(session, &content->early, error))
		return false;
	session->alive = false;
	if (content->early.code / 100 >= 4)
		return smtp_fail(session, error, FAILURE_SERVER_BYE, stream_host(session->stream),
			"within the content: %s", content->early.text);
	smtp_answer_clear(&content->early);
	return smtp_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		"a reply before the content's end");
}

/* Takes PROBLEM. Where a connection broke the server may have said why. */
static bool fail_writing(SmtpSession *session, GError *problem, GError **error)
{
	bool cancelled = failure_is(problem, FAILURE_CANCELLED);

	stream_look(session->stream);
	if (cancelled || smtp_unread(session) == 0)
		return smtp_fail_with(session, problem, error);
	g_error_free(problem);
	return fail_early(session, error);
}

static bool put(SmtpSession *session, const char *data, size_t size, GError **error)
{
	GError *problem = NULL;

	return size == 0 || stream_write(session->stream, data, size, &problem) ||
	       fail_writing(session, problem, error);
}

/* Looked for from time to time, and before the end is written. */
static bool look(SmtpSession *session, GError **error)
{
	session->content.unlooked = 0;
	if (stream_look(session->stream) < 0)
		return smtp_fail(session, error, FAILURE_CONNECTION_LOST,
			stream_host(session->stream), "closed within the content");
	return smtp_unread(session) == 0 || fail_early(session, error);
}

/* The first CR or LF of the SIZE bytes at DATA; their end if there is none. */
static const char *find_line_end(const char *data, size_t size)
{
	const char *lf = memchr(data, '\n', size);
	const char *end = lf ? lf : data + size;
	const char *cr = memchr(data, '\r', (size_t)(end - data));

	return cr ? cr : end;
}

/* How many bytes at DATA can be sent as they are, which begin within a line or with no dot: lines
 * that end in CRLF and do not begin with a dot, and what is there of the last one. */
static size_t measure_span(const char *data, size_t size)
{
	const char *at = data, *end = data + MIN(size, SPAN_SIZE);

	for (;;) {
		at = find_line_end(at, (size_t)(end - at));
		if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
			return (size_t)(at - data);
		at += 2;
		if (at == end || *at == '.')
			return (size_t)(at - data);
	}
}

/* What must be changed at DATA: a line end that is none, or a dot at a line's start. Answers how
 * many bytes of it are dealt with; -1: failed. */
static ssize_t put_special(SmtpSession *session, const char *data, GError **error)
{
	SmtpContent *content = &session->content;

	switch (*data) {
	case '\r':
		content->carriage_return = true;
		return put(session, "\r", 1, error) ? 1 : -1;
	case '\n':
		content->line_start = true;
		return put(session, "\r\n", 2, error) ? 1 : -1;
	default: /* a dot that is doubled: the second one goes with the line */
		content->line_start = false;
		return put(session, ".", 1, error) ? 0 : -1;
	}
}

/* Behind a CR: its LF, which DATA may begin with. */
static ssize_t complete_line_end(SmtpSession *session, const char *data, GError **error)
{
	session->content.carriage_return = false;
	session->content.line_start = true;
	return put(session, "\n", 1, error) ? *data == '\n' : -1;
}

/* Sends some of the SIZE bytes at DATA and answers how many; -1: failed. */
static ssize_t put_some(SmtpSession *session, const char *data, size_t size, GError **error)
{
	SmtpContent *content = &session->content;
	size_t span;

	if (content->carriage_return)
		return complete_line_end(session, data, error);
	if (content->line_start && *data == '.')
		return put_special(session, data, error);
	span = measure_span(data, size);
	if (span == 0)
		return put_special(session, data, error);
	content->line_start = data[span - 1] == '\n';
	return put(session, data, span, error) ? (ssize_t)span : -1;
}

bool smtp_mail_write(SmtpSession *session, const void *data, size_t size, GError **error)
{
	const char *at = data, *end = at + size;

	if (!smtp_check_alive(session, error))
		return false;
	g_assert(session->content.stage == SMTP_STAGE_CONTENT);
	session->content.unlooked += size;
	if (session->content.unlooked >= LOOK_SIZE && !look(session, error))
		return false;
	while (at < end) {
		ssize_t count = put_some(session, at, (size_t)(end - at), error);

		if (count < 0)
			return false;
		at += count;
	}
	return true;
}

/* The stream only buffers it, or fails before that. */
bool smtp_mail_finish(SmtpSession *session, GError **error)
{
	static const char end[] = "\r\n.\r\n";
	SmtpContent *content = &session->content;
	size_t skipped = content->carriage_return ? 1 : content->line_start ? 2 : 0;

	if (!smtp_check_alive(session, error))
		return false;
	g_assert(content->stage == SMTP_STAGE_CONTENT);
	if (!look(session, error) || !put(session, end + skipped, strlen(end) - skipped, error))
		return false;
	content->stage = SMTP_STAGE_FINISHED;
	content->dot = stream_bytes_written(session->stream) +
		       stream_bytes_queued(session->stream) - strlen(".\r\n");
	return true;
}

bool smtp_mail_has_left(const SmtpSession *session)
{
	return session->content.stage == SMTP_STAGE_FINISHED &&
	       stream_bytes_written(session->stream) > session->content.dot;
}

/* The reply to what has left, or to a content that the server did not want to its end. */
static bool judge(SmtpSession *session, SmtpAnswer *reply, GError **error)
{
	unsigned class = reply->code / 100;

	if (class >= 4 || (class == 2 && smtp_mail_has_left(session))) {
		session->content.stage = SMTP_STAGE_NONE;
		return true;
	}
	smtp_answer_clear(reply);
	return smtp_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		"no reply to a content");
}

/* What is not sent is not answered. Where sending fails the server may have answered all the same:
 * the end, if only what follows it is stuck, or what it had of the content. */
static bool flush_end(SmtpSession *session, GError **error)
{
	GError *problem = NULL;

	if (stream_flush(session->stream, &problem))
		return true;
	stream_look(session->stream);
	if (!failure_is(problem, FAILURE_CONNECTION_LOST) &&
		(failure_is(problem, FAILURE_CANCELLED) || smtp_unread(session) == 0))
		return smtp_fail_with(session, problem, error);
	g_error_free(problem);
	return true;
}

static bool read_reply(SmtpSession *session, SmtpAnswer *reply, GError **error)
{
	GError *problem = NULL;

	if (!flush_end(session, error))
		return false;
	if (smtp_read_answer(session, reply, &problem))
		return judge(session, reply, error);
	if (reply->code == SMTP_CLOSING)
		session->content.stage = SMTP_STAGE_NONE;
	g_propagate_error(error, problem);
	return false;
}

bool smtp_mail_reply(SmtpSession *session, SmtpAnswer *reply, GError **error)
{
	SmtpContent *content = &session->content;
	bool done;

	smtp_answer_clear(reply);
	if (!session->alive) {
		*reply = content->early;
		content->early = (SmtpAnswer){0};
	}
	if (!smtp_check_alive(session, error))
		return false;
	g_assert(content->stage == SMTP_STAGE_FINISHED);
	stream_set_patience(session->stream, REPLY_PATIENCE);
	done = read_reply(session, reply, error);
	stream_set_patience(session->stream, 1);
	return done;
}
