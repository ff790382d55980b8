/* A session's life and its failures: opening with the first command, what can be asked about it,
 * closing. Reading and writing are in imap_response.c and imap_command.c. */
#include "imap/imap_internal.h"

#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"

static ImapSession *session_new(Stream *stream)
{
	ImapSession *session = g_new0(ImapSession, 1);

	session->stream = stream;
	imap_lexer_init(&session->lexer, stream);
	session->alive = true;
	session->pending = g_array_new(FALSE, FALSE, sizeof(unsigned));
	session->token = g_string_new(NULL);
	session->text = g_string_new(NULL);
	session->notice = g_string_new(NULL);
	session->raw_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return session;
}

static void session_free(ImapSession *session)
{
	imap_lexer_clear(&session->lexer);
	stream_close(session->stream);
	g_array_unref(session->pending);
	g_string_free(session->token, TRUE);
	g_string_free(session->text, TRUE);
	g_string_free(session->notice, TRUE);
	g_hash_table_unref(session->raw_names);
	g_free(session->offer);
	g_free(session);
}

/* The greeting, which came with the connection or as one of the first lines. */
static bool take_greeting(ImapSession *session, const char *line, GError **error)
{
	if (g_ascii_strncasecmp(line, "* PREAUTH", 9) == 0)
		session->preauthenticated = true;
	if (g_ascii_strncasecmp(line, "* BYE", 5) != 0)
		return true;
	g_string_assign(session->text, line[5] ? line + 6 : "");
	return imap_fail_bye(session, error);
}

/* Whether LINE can be a leftover of what was said before our first command. */
static bool is_leftover(const char *line)
{
	const char *status = strchr(line, ' ');

	if (g_str_has_prefix(line, "* ") || g_str_has_prefix(line, "+ "))
		return true;
	return status && (g_ascii_strncasecmp(status, " OK", 3) == 0 ||
				 g_ascii_strncasecmp(status, " NO", 3) == 0 ||
				 g_ascii_strncasecmp(status, " BAD", 4) == 0);
}

/* One line before or of the answer to the first command, TAG; *DONE with its end. The very first
 * line may be the torn rest of one that libcurl has read. */
static bool take_first_line(ImapSession *session, unsigned tag, bool first, const char *line,
	bool *done, GError **error)
{
	g_autofree char *own = g_strdup_printf("M%u ", tag);
	g_autofree char *text = NULL;

	if (!take_greeting(session, line, error))
		return false;
	if (g_ascii_strncasecmp(line, "* CAPABILITY ", 13) == 0)
		imap_take_capabilities(session, line + 13);
	*done = g_str_has_prefix(line, own);
	if (*done ? g_ascii_strncasecmp(line + strlen(own), "OK", 2) == 0
		  : first || is_leftover(line))
		return true;
	g_string_assign(session->text, line);
	text = imap_server_text(session);
	return imap_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		"the first command was answered by: %.200s", text);
}

/* Reads up to the answer of the first command. Nothing before it counts: it may be torn, doubled or
 * injected. */
static bool read_first_answer(ImapSession *session, unsigned tag, GError **error)
{
	g_autoptr(GString) line = g_string_new(NULL);
	bool done = false;

	for (unsigned i = 0; i < IMAP_GREETING_LINES && !done; i++) {
		if (!imap_lexer_text(&session->lexer, line, '\n', IMAP_WHOLE_TEXT_LIMIT))
			imap_lexer_garbage(&session->lexer, "the greeting is too long");
		imap_lexer_end_line(&session->lexer);
		if (imap_lexer_failed(&session->lexer))
			return imap_fail_lexer(session, error);
		if (!take_first_line(session, tag, i == 0, line->str, &done, error))
			return false;
	}
	g_array_set_size(session->pending, 0);
	return done || imap_fail(session, error, FAILURE_SERVER_GARBAGE,
			       stream_host(session->stream), "the first command has no answer");
}

ImapSession *imap_open(Stream *stream, GError **error)
{
	g_autoptr(ImapSession) session = session_new(stream);
	g_autoptr(ImapCommand) command = imap_command_new("CAPABILITY");
	unsigned tag;

	if (!take_greeting(session, stream_greeting(stream), error))
		return NULL;
	tag = imap_send(session, command, error);
	if (tag == 0 || !read_first_answer(session, tag, error)) {
		session->alive = false;
		return NULL;
	}
	return g_steal_pointer(&session);
}

/* LOGOUT is not waited for: the server's BYE tells nothing, and a silent server would hold us up.
 */
static void say_goodbye(ImapSession *session)
{
	g_autoptr(ImapCommand) command = imap_command_new("LOGOUT");

	if (imap_send(session, command, NULL) != 0)
		imap_flush(session, NULL);
}

void imap_close(ImapSession *session)
{
	if (!session)
		return;
	g_assert(!session->fetch);
	if (session->alive)
		say_goodbye(session);
	session_free(session);
}

bool imap_is_alive(const ImapSession *session)
{
	return session->alive;
}

void imap_set_cancel(ImapSession *session, const Cancel *cancel)
{
	stream_set_cancel(session->stream, cancel);
}

void imap_set_deadline(ImapSession *session, int64_t deadline)
{
	stream_set_deadline(session->stream, deadline);
}

bool imap_has(const ImapSession *session, ImapCapability capability)
{
	return (session->capabilities & capability) == capability;
}

unsigned imap_mechanisms(const ImapSession *session)
{
	return session->mechanisms;
}

const char *imap_offer(const ImapSession *session)
{
	return session->offer ? session->offer : "";
}

bool imap_is_preauthenticated(const ImapSession *session)
{
	return session->preauthenticated;
}

uint64_t imap_bytes(const ImapSession *session)
{
	return stream_bytes_read(session->stream) + stream_bytes_written(session->stream);
}

unsigned imap_backoff(const ImapSession *session)
{
	return session->backoff;
}

bool imap_noop(ImapSession *session, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("NOOP");

	return imap_run_or_refuse(session, command, NULL, error);
}

bool imap_fail_with(ImapSession *session, GError *problem, GError **error)
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

void imap_tell_pause(GError *problem, unsigned milliseconds)
{
	g_autofree char *until = NULL;
	g_autofree char *told = NULL;

	if (milliseconds == 0)
		return;
	until = clock_format_german(clock_now() + milliseconds / 1000);
	told = g_strdup_printf(_("Der Server möchte bis %s nicht gefragt werden."), until);
	failure_set_remedy(problem, told);
}

bool imap_fail(ImapSession *session, GError **error, Failure failure, const char *subject,
	const char *format, ...)
{
	g_autofree char *message = NULL;
	GError *problem = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	failure_set(&problem, failure, subject, "%s", message);
	if (failure == FAILURE_THROTTLED)
		imap_tell_pause(problem, session->backoff);
	return imap_fail_with(session, problem, error);
}

bool imap_fail_lexer(ImapSession *session, GError **error)
{
	GError *problem = imap_lexer_take_error(&session->lexer);

	session->alive = false;
	return imap_fail_with(session, problem, error);
}

bool imap_repeats_secret(const ImapSession *session, const char *text, size_t size)
{
	return repeats_in_text(stream_secrets(session->stream), text, size);
}

/* TEXT of the server, fit for a log; yours. */
static char *show_text(const ImapSession *session, const GString *text)
{
	g_autofree char *valid = NULL;

	if (imap_repeats_secret(session, text->str, text->len))
		return g_strdup(REPEATS_WITHHELD);
	valid = text_make_valid(text->str, text->len);
	return text_for_terminal(valid);
}

char *imap_server_text(const ImapSession *session)
{
	return show_text(session, session->text);
}

bool imap_fail_bye(ImapSession *session, GError **error)
{
	g_autofree char *text = imap_server_text(session);
	g_autofree char *notice = show_text(session, session->notice);

	return imap_fail(session, error,
		imap_note_throttling(session) ? FAILURE_THROTTLED : FAILURE_SERVER_BYE,
		stream_host(session->stream), "BYE %s%s%s", text, *notice ? "; before it: " : "",
		notice);
}

/* Texts of servers that have no response code for "later". */
static bool says_later(const ImapSession *session)
{
	static const char *const texts[] = {
		"Server Unavailable", "Too many simultaneous connections"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strcasestr(session->text->str, texts[i]))
			return true;
	}
	return false;
}

/* Whether a NO or BAD means: later, with another connection. */
static bool asks_for_patience(const ImapSession *session, const ImapReply *reply)
{
	return reply->throttled || reply->code == IMAP_CODE_UNAVAILABLE ||
	       reply->code == IMAP_CODE_INUSE || says_later(session);
}

/* Exchange accepts a login and refuses every command behind it if it finds no mailbox. */
static bool says_not_connected(const ImapSession *session)
{
	return strcasestr(session->text->str, "authenticated but not connected") != NULL;
}

bool imap_refuse(ImapSession *session, const ImapReply *reply, const char *verb, Failure failure,
	const char *subject, GError **error)
{
	g_autofree char *text = imap_server_text(session);

	if (says_not_connected(session)) {
		failure = FAILURE_LOGIN_NOT_CONNECTED;
	} else if (asks_for_patience(session, reply)) {
		failure = reply->throttled ? FAILURE_THROTTLED : FAILURE_SERVER_UNAVAILABLE;
		subject = stream_host(session->stream);
	}
	return imap_fail(session, error, failure, subject, "%s: %s %s", verb,
		reply->condition == IMAP_BAD ? "BAD" : "NO", text);
}

bool imap_refuse_command(
	ImapSession *session, const ImapReply *reply, const char *verb, GError **error)
{
	g_autofree char *text = imap_server_text(session);

	return imap_refuse(session, reply, verb, FAILURE_COMMAND_REFUSED, text, error);
}

bool imap_tolerate(ImapSession *session, const ImapReply *reply, const char *verb, GError **error)
{
	return !asks_for_patience(session, reply) ||
	       imap_refuse_command(session, reply, verb, error);
}
