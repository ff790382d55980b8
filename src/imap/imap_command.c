/* Commands on their way out: tags, quoting, literals. No byte from elsewhere can end a command
 * early: arguments with CR, LF or NUL are refused before they come here, and that is asserted. */
#include "imap/imap_internal.h"

#include <string.h>
#include "base/secret.h"

/* RFC 7888: LITERAL- takes literals without waiting up to here. */
#define LITERAL_MINUS_LIMIT 4096
/* A longer string goes as a literal. */
#define QUOTED_LIMIT 1024

struct ImapCommand {
	GString *text;	   /* without tag and final CRLF */
	GArray *pauses;	   /* size_t: offsets at which the server's "+" is waited for */
	const void *bytes; /* behind the text, borrowed; NULL: none */
	size_t size;
};

ImapCommand *imap_command_new(const char *words)
{
	ImapCommand *command = g_new0(ImapCommand, 1);

	/* Room enough that a password is not copied about by growing. */
	command->text = g_string_sized_new(4096);
	command->pauses = g_array_new(FALSE, FALSE, sizeof(size_t));
	g_assert(!strpbrk(words, "\r\n"));
	g_string_append(command->text, words);
	return command;
}

void imap_command_free(ImapCommand *command)
{
	if (!command)
		return;
	secret_wipe(command->text->str, command->text->allocated_len);
	g_string_free(command->text, TRUE);
	g_array_unref(command->pauses);
	g_free(command);
}

bool imap_command_can_carry(const char *text, size_t size)
{
	return !memchr(text, '\r', size) && !memchr(text, '\n', size) && !memchr(text, 0, size);
}

void imap_command_words(ImapCommand *command, const char *words)
{
	g_assert(!strpbrk(words, "\r\n"));
	g_string_append_c(command->text, ' ');
	g_string_append(command->text, words);
}

static void append_quoted(GString *line, const char *text, size_t size)
{
	g_string_append_c(line, '"');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			g_string_append_c(line, '\\');
		g_string_append_c(line, text[i]);
	}
	g_string_append_c(line, '"');
}

void imap_command_quoted(ImapCommand *command, const char *text)
{
	g_assert(imap_command_can_carry(text, strlen(text)));
	g_string_append_c(command->text, ' ');
	append_quoted(command->text, text, strlen(text));
}

static bool fits_quoted(const char *text, size_t size)
{
	if (size > QUOTED_LIMIT)
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

/* What announces a literal of SIZE bytes. */
static void append_announcement(ImapCommand *command, const ImapSession *session, size_t size)
{
	bool at_once = imap_has(session, IMAP_CAP_LITERAL_PLUS) ||
		       (imap_has(session, IMAP_CAP_LITERAL_MINUS) && size <= LITERAL_MINUS_LIMIT);

	g_string_append_printf(command->text, "{%zu%s}\r\n", size, at_once ? "+" : "");
	if (!at_once)
		g_array_append_val(command->pauses, command->text->len);
}

static void append_literal(
	ImapCommand *command, const ImapSession *session, const char *text, size_t size)
{
	append_announcement(command, session, size);
	g_string_append_len(command->text, text, (gssize)size);
}

void imap_command_bytes(
	ImapCommand *command, const ImapSession *session, const void *bytes, size_t size)
{
	g_string_append_c(command->text, ' ');
	append_announcement(command, session, size);
	command->bytes = bytes;
	command->size = size;
}

void imap_command_string(
	ImapCommand *command, const ImapSession *session, const char *text, size_t size)
{
	g_assert(imap_command_can_carry(text, size));
	g_string_append_c(command->text, ' ');
	if (fits_quoted(text, size))
		append_quoted(command->text, text, size);
	else
		append_literal(command, session, text, size);
}

bool imap_write(ImapSession *session, const void *data, size_t size, GError **error)
{
	GError *problem = NULL;

	imap_lexer_sync(&session->lexer);
	if (stream_write(session->stream, data, size, &problem))
		return true;
	if (failure_is(problem, FAILURE_CONNECTION_LOST)) {
		g_error_free(problem);
		return true;
	}
	return imap_fail_with(session, problem, error);
}

bool imap_flush(ImapSession *session, GError **error)
{
	GError *problem = NULL;

	imap_lexer_sync(&session->lexer);
	if (stream_flush(session->stream, &problem))
		return true;
	if (failure_is(problem, FAILURE_CONNECTION_LOST)) {
		g_error_free(problem);
		return true;
	}
	return imap_fail_with(session, problem, error);
}

static bool check_alive(ImapSession *session, GError **error)
{
	return session->alive || imap_fail(session, error, FAILURE_CONNECTION_LOST,
					 stream_host(session->stream), "the session is over");
}

/* Writes the part of COMMAND that begins at pause PART (0: the start with the tag) and ends at the
 * next one. */
static bool write_part(
	ImapSession *session, const ImapCommand *command, guint part, unsigned tag, GError **error)
{
	size_t start = part == 0 ? 0 : g_array_index(command->pauses, size_t, part - 1);
	bool last = part == command->pauses->len;
	size_t end = last ? command->text->len : g_array_index(command->pauses, size_t, part);
	g_autofree char *head = g_strdup_printf("M%u ", tag);

	if (part == 0 && !imap_write(session, head, strlen(head), error))
		return false;
	return imap_write(session, command->text->str + start, end - start, error) &&
	       (!last || ((!command->bytes ||
				  imap_write(session, command->bytes, command->size, error)) &&
				 imap_write(session, "\r\n", 2, error)));
}

unsigned imap_send(ImapSession *session, const ImapCommand *command, GError **error)
{
	unsigned tag = ++session->last_tag;

	g_assert(command->pauses->len == 0);
	if (!check_alive(session, error) || !write_part(session, command, 0, tag, error))
		return 0;
	g_array_append_val(session->pending, tag);
	return tag;
}

bool imap_run(ImapSession *session, const ImapCommand *command, const ImapSink *sinks,
	ImapReply *reply, GError **error)
{
	unsigned tag = ++session->last_tag;
	guint part = 0;

	if (!check_alive(session, error))
		return false;
	g_assert(session->pending->len == 0);
	if (!write_part(session, command, 0, tag, error))
		return false;
	g_array_append_val(session->pending, tag);
	do {
		session->expects_more = part < command->pauses->len;
		if (!imap_read(session, sinks, reply, error))
			return false;
		if (reply->kind == IMAP_MORE && !write_part(session, command, ++part, tag, error))
			return false;
	} while (reply->kind != IMAP_TAGGED);
	session->expects_more = false;
	return true;
}

/* The words that name COMMAND: "NOOP", "UID SEARCH". */
static char *verb_of(const ImapCommand *command)
{
	const char *text = command->text->str;
	size_t length = strcspn(text, " ");

	if (length == strlen("UID") && text[length])
		length += 1 + strcspn(text + length + 1, " ");
	return g_strndup(text, length);
}

bool imap_run_or_refuse(
	ImapSession *session, const ImapCommand *command, const ImapSink *sinks, GError **error)
{
	g_autofree char *verb = verb_of(command);
	ImapReply reply;

	if (!imap_run(session, command, sinks, &reply, error))
		return false;
	return reply.condition == IMAP_OK || imap_refuse_command(session, &reply, verb, error);
}
