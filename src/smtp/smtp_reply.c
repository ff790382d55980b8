/* Replies on their way in: lines with one code, within limits. What they mean is for the command
 * that asked. */
#include "smtp/smtp_internal.h"

#include <string.h>
#include "base/text.h"

#define CODE_DIGITS 3

void smtp_reply_clear(SmtpReply *reply)
{
	g_clear_pointer(&reply->lines, g_ptr_array_unref);
	*reply = (SmtpReply){0};
}

/* All lines in one, as they came, as much as is kept. */
static GString *join_lines(const SmtpReply *reply)
{
	GString *text = g_string_new(g_ptr_array_index(reply->lines, 0));

	for (guint i = 1; i < reply->lines->len && text->len < SMTP_TEXT_LIMIT; i++)
		g_string_append_printf(text, " %s", (char *)g_ptr_array_index(reply->lines, i));
	return g_string_truncate(text, MIN(text->len, SMTP_TEXT_LIMIT));
}

char *smtp_reply_text(const SmtpReply *reply)
{
	g_autoptr(GString) text = join_lines(reply);
	g_autofree char *valid = text_make_valid(text->str, text->len);

	return text_for_terminal(valid);
}

bool smtp_repeats_secret(const SmtpSession *session, const char *text, size_t size)
{
	return repeats_in_text(stream_secrets(session->stream), text, size);
}

char *smtp_server_text(const SmtpSession *session, const SmtpReply *reply)
{
	g_autoptr(GString) text = join_lines(reply);

	return smtp_repeats_secret(session, text->str, text->len) ? g_strdup(REPEATS_WITHHELD)
								  : smtp_reply_text(reply);
}

uint64_t smtp_unread(const SmtpSession *session)
{
	return stream_bytes_read(session->stream) - session->consumed;
}

/* Takes what is buffered up to the line's end into LINE; *DONE with it. */
static bool take_piece(SmtpSession *session, GString *line, bool *done, GError **error)
{
	const unsigned char *data, *end;
	GError *problem = NULL;
	ssize_t count = stream_fill(session->stream, &data, &problem);

	if (count < 0)
		return smtp_fail_with(session, problem, error);
	if (count == 0)
		return smtp_fail(session, error, FAILURE_CONNECTION_LOST,
			stream_host(session->stream), "the server closed the connection");
	end = memchr(data, '\n', (size_t)count);
	if (end)
		count = end - data + 1;
	if (line->len + (size_t)count > SMTP_LINE_LIMIT)
		return smtp_fail(session, error, FAILURE_LINE_TOO_LONG,
			stream_host(session->stream), "a line of a reply is too long");
	g_string_append_len(line, (const char *)data, count);
	stream_consume(session->stream, (size_t)count);
	session->consumed += (uint64_t)count;
	*done = end != NULL;
	return true;
}

/* Without its CRLF or LF. */
static bool read_line(SmtpSession *session, GString *line, GError **error)
{
	bool done = false;

	g_string_truncate(line, 0);
	while (!done) {
		if (!take_piece(session, line, &done, error))
			return false;
	}
	g_string_truncate(line, line->len - 1);
	if (g_str_has_suffix(line->str, "\r"))
		g_string_truncate(line, line->len - 1);
	return true;
}

/* Three digits, the first 2 to 5; 0: TEXT begins otherwise. */
static unsigned parse_code(const char *text)
{
	if (text[0] < '2' || text[0] > '5' || !g_ascii_isdigit(text[1]) ||
		!g_ascii_isdigit(text[2]))
		return 0;
	return (unsigned)((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
}

/* Takes one line into REPLY; *MORE if another one follows. The answer says what is wrong, NULL:
 * nothing. */
static const char *take_line(SmtpReply *reply, const GString *line, bool *more)
{
	unsigned code = parse_code(line->str);
	char behind = code != 0 ? line->str[CODE_DIGITS] : '\0';

	if (strlen(line->str) != line->len)
		return "NUL in a reply";
	if (code == 0 || (behind != '\0' && behind != ' ' && behind != '-'))
		return "a reply without a code";
	if (reply->lines->len > 0 && code != reply->code)
		return "a reply with several codes";
	reply->code = code;
	g_ptr_array_add(reply->lines, g_strdup(line->str + CODE_DIGITS + (behind != '\0')));
	*more = behind == '-';
	return NULL;
}

/* A number of one to three digits; false: there is none at *TEXT. */
static bool parse_part(const char **text, unsigned *part)
{
	size_t digits = strspn(*text, "0123456789");

	*part = (unsigned)g_ascii_strtoull(*text, NULL, 10);
	*text += digits;
	return digits >= 1 && digits <= 3;
}

/* "5.7.8 Not you" (RFC 2034 section 4); its class repeats the code's first digit. */
static unsigned parse_enhanced(unsigned code, const char *text)
{
	unsigned class, subject, detail;

	if (!parse_part(&text, &class) || class != code / 100 || *text++ != '.' ||
		!parse_part(&text, &subject) || *text++ != '.' || !parse_part(&text, &detail) ||
		(*text != ' ' && *text != '\0'))
		return 0;
	return SMTP_STATUS(class, subject, detail);
}

/* All lines of one reply. */
static bool read_lines(SmtpSession *session, SmtpReply *reply, GError **error)
{
	g_autoptr(GString) line = g_string_new(NULL);
	uint64_t start = session->consumed;
	bool more = true;

	while (more) {
		const char *wrong;

		if (!read_line(session, line, error))
			return false;
		wrong = take_line(reply, line, &more);
		if (wrong)
			return smtp_fail(session, error, FAILURE_SERVER_GARBAGE,
				stream_host(session->stream), "%s", wrong);
		if (reply->lines->len > SMTP_REPLY_LINES ||
			session->consumed - start > SMTP_REPLY_LIMIT)
			return smtp_fail(session, error, FAILURE_LINE_TOO_LONG,
				stream_host(session->stream), "a reply has too many lines");
	}
	return true;
}

/* Whatever its code is. */
static bool read_reply(SmtpSession *session, SmtpReply *reply, GError **error)
{
	g_auto(SmtpReply) read = {.lines = g_ptr_array_new_with_free_func(g_free)};

	if (!read_lines(session, &read, error))
		return false;
	read.enhanced = parse_enhanced(read.code, g_ptr_array_index(read.lines, 0));
	smtp_reply_clear(reply);
	*reply = read;
	read = (SmtpReply){0};
	return true;
}

static bool check_closing(SmtpSession *session, unsigned code, const char *text, GError **error)
{
	return code != SMTP_CLOSING || smtp_fail(session, error, FAILURE_SERVER_BYE,
					       stream_host(session->stream), "%s", text);
}

/* "421 4.3.2 going down" */
static char *text_with_code(const SmtpSession *session, const SmtpReply *reply)
{
	g_autofree char *text = smtp_server_text(session, reply);

	return g_strdup_printf("%u %s", reply->code, text);
}

void smtp_forget_memos(SmtpSession *session)
{
	for (size_t i = 0; i < SMTP_MEMOS; i++) {
		g_free(session->memos[i].line);
		g_free(session->memos[i].answer.text);
		session->memos[i] = (SmtpMemo){0};
	}
}

/* Moves what was used last to the front. */
static SmtpMemo *use_memo(SmtpMemo *memos, size_t used)
{
	SmtpMemo memo = memos[used];

	memmove(memos + 1, memos, used * sizeof memo);
	memos[0] = memo;
	return memos;
}

/* REPLY may well come again. */
static void keep_memo(SmtpSession *session, const SmtpReply *reply, const char *told)
{
	SmtpMemo *memo = use_memo(session->memos, SMTP_MEMOS - 1);

	g_free(memo->line);
	g_free(memo->answer.text);
	memo->line = g_strdup_printf(
		"%u %s\r\n", reply->code, (char *)g_ptr_array_index(reply->lines, 0));
	memo->size = strlen(memo->line);
	memo->answer = (SmtpAnswer){reply->code, reply->enhanced, g_strdup(told)};
}

/* The memo of the next reply, if that is there and was there before, byte for byte. *FAILED: there
 * is none, and there will be none. */
static const SmtpMemo *find_memo(SmtpSession *session, bool *failed, GError **error)
{
	const unsigned char *data;
	GError *problem = NULL;
	ssize_t count = stream_fill(session->stream, &data, &problem);

	*failed = count < 0 && !smtp_fail_with(session, problem, error);
	for (size_t i = 0; i < SMTP_MEMOS && count > 0; i++) {
		const SmtpMemo *memo = &session->memos[i];

		if (memo->line && (size_t)count >= memo->size &&
			memcmp(data, memo->line, memo->size) == 0)
			return use_memo(session->memos, i);
	}
	return NULL;
}

bool smtp_read(SmtpSession *session, SmtpReply *reply, GError **error)
{
	g_auto(SmtpReply) read = {0};
	g_autofree char *text = NULL;

	if (!read_reply(session, &read, error))
		return false;
	if (read.code == SMTP_CLOSING)
		text = text_with_code(session, &read);
	if (!check_closing(session, read.code, text, error))
		return false;
	smtp_reply_clear(reply);
	*reply = read;
	read = (SmtpReply){0};
	return true;
}

void smtp_answer_clear(SmtpAnswer *answer)
{
	g_free(answer->text);
	*answer = (SmtpAnswer){0};
}

/* A reply that was not there before. */
static bool read_new_answer(SmtpSession *session, SmtpAnswer *answer, GError **error)
{
	g_auto(SmtpReply) reply = {0};

	if (!read_reply(session, &reply, error))
		return false;
	smtp_answer_clear(answer);
	answer->code = reply.code;
	answer->enhanced = reply.enhanced;
	answer->text = text_with_code(session, &reply);
	if (reply.lines->len == 1 && reply.code / 100 < 4)
		keep_memo(session, &reply, answer->text);
	return check_closing(session, answer->code, answer->text, error);
}

bool smtp_read_answer(SmtpSession *session, SmtpAnswer *answer, GError **error)
{
	bool failed;
	const SmtpMemo *memo = find_memo(session, &failed, error);

	if (!memo)
		return !failed && read_new_answer(session, answer, error);
	stream_consume(session->stream, memo->size);
	session->consumed += memo->size;
	smtp_answer_clear(answer);
	*answer = memo->answer;
	answer->text = g_strdup(memo->answer.text);
	return true;
}
