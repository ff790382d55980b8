/* Tokens from the stream, with a limit on each. What they mean is not known here. */
#include "imap/imap_lexer.h"

#include <string.h>
#include "failure/failure.h"

void imap_lexer_init(ImapLexer *lexer, Stream *stream)
{
	*lexer = (ImapLexer){.stream = stream};
}

void imap_lexer_clear(ImapLexer *lexer)
{
	g_clear_error(&lexer->error);
}

void imap_lexer_sync(ImapLexer *lexer)
{
	if (lexer->used > 0)
		stream_consume(lexer->stream, lexer->used);
	lexer->window = NULL;
	lexer->size = lexer->used = 0;
}

bool imap_lexer_failed(const ImapLexer *lexer)
{
	return lexer->failed;
}

GError *imap_lexer_take_error(ImapLexer *lexer)
{
	return g_steal_pointer(&lexer->error);
}

static void fail(ImapLexer *lexer, Failure failure, const char *message)
{
	if (lexer->failed)
		return;
	lexer->failed = true;
	lexer->literal = 0;
	lexer->size = lexer->used = 0;
	failure_set(&lexer->error, failure, stream_host(lexer->stream), "%s", message);
}

void imap_lexer_garbage(ImapLexer *lexer, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fail(lexer, FAILURE_SERVER_GARBAGE, message);
}

static void fail_length(ImapLexer *lexer)
{
	fail(lexer, FAILURE_LINE_TOO_LONG, "the server's response is longer than any we take");
}

static int refill(ImapLexer *lexer)
{
	ssize_t size;

	if (lexer->failed)
		return -1;
	imap_lexer_sync(lexer);
	size = stream_fill(lexer->stream, &lexer->window, &lexer->error);
	if (size < 0) {
		lexer->failed = true;
		return -1;
	}
	if (size == 0) {
		fail(lexer, FAILURE_CONNECTION_LOST, "the server closed the connection");
		return -1;
	}
	lexer->size = (size_t)size;
	return lexer->window[0];
}

int imap_lexer_peek(ImapLexer *lexer)
{
	return lexer->used < lexer->size ? lexer->window[lexer->used] : refill(lexer);
}

/* Takes the byte that peek has shown. */
static void take(ImapLexer *lexer)
{
	if (lexer->used >= lexer->size)
		return;
	lexer->used++;
	if (++lexer->line > IMAP_LINE_LIMIT)
		fail_length(lexer);
}

bool imap_lexer_accept(ImapLexer *lexer, char byte)
{
	if (imap_lexer_peek(lexer) != (unsigned char)byte)
		return false;
	take(lexer);
	return true;
}

void imap_lexer_expect(ImapLexer *lexer, char byte)
{
	int next = imap_lexer_peek(lexer);

	if (next == (unsigned char)byte)
		take(lexer);
	else
		imap_lexer_garbage(
			lexer, "expected 0x%02x, got 0x%02x", (unsigned char)byte, (unsigned)next);
}

static void expect_newline(ImapLexer *lexer)
{
	imap_lexer_accept(lexer, '\r');
	imap_lexer_expect(lexer, '\n');
}

void imap_lexer_end_line(ImapLexer *lexer)
{
	while (imap_lexer_accept(lexer, ' '))
		;
	expect_newline(lexer);
	lexer->line = 0;
}

void imap_lexer_forgive_length(ImapLexer *lexer)
{
	lexer->line = 0;
}

uint64_t imap_lexer_number(ImapLexer *lexer, uint64_t maximum)
{
	uint64_t number = 0;

	if (!g_ascii_isdigit(imap_lexer_peek(lexer)))
		imap_lexer_garbage(lexer, "expected a number");
	while (g_ascii_isdigit(imap_lexer_peek(lexer))) {
		unsigned digit = (unsigned)(imap_lexer_peek(lexer) - '0');

		if (number > (maximum - digit) / 10) {
			imap_lexer_garbage(lexer, "a number is out of bounds");
			return 0;
		}
		number = number * 10 + digit;
		take(lexer);
	}
	return lexer->failed ? 0 : number;
}

/* Takes the next byte into TOKEN. */
static void append(ImapLexer *lexer, GString *token)
{
	int byte = imap_lexer_peek(lexer);

	if (byte < 0)
		return;
	if (token->len >= IMAP_TOKEN_LIMIT) {
		fail_length(lexer);
		return;
	}
	g_string_append_c(token, (char)byte);
	take(lexer);
}

static bool ends_line(int byte)
{
	return byte < 0 || byte == '\r' || byte == '\n';
}

static bool ends_atom(int byte)
{
	return ends_line(byte) || byte == ' ' || byte == '(' || byte == ')' || byte == 0;
}

void imap_lexer_atom(ImapLexer *lexer, GString *token)
{
	g_string_truncate(token, 0);
	while (!ends_atom(imap_lexer_peek(lexer)))
		append(lexer, token);
	if (token->len == 0)
		imap_lexer_garbage(lexer, "expected an atom");
	if (lexer->failed)
		g_string_truncate(token, 0);
}

static void read_quoted(ImapLexer *lexer, GString *token)
{
	imap_lexer_expect(lexer, '"');
	while (imap_lexer_peek(lexer) != '"') {
		imap_lexer_accept(lexer, '\\');
		if (ends_line(imap_lexer_peek(lexer)) || imap_lexer_peek(lexer) == 0) {
			imap_lexer_garbage(lexer, "a quoted string has no end");
			return;
		}
		append(lexer, token);
	}
	imap_lexer_expect(lexer, '"');
}

static void read_literal(ImapLexer *lexer, GString *token)
{
	const void *data;
	ssize_t size;

	if (imap_lexer_literal(lexer) > IMAP_TOKEN_LIMIT)
		fail_length(lexer);
	while ((size = imap_lexer_literal_read(lexer, &data)) > 0)
		g_string_append_len(token, data, size);
	if (memchr(token->str, 0, token->len))
		imap_lexer_garbage(lexer, "NUL in a string");
}

static bool begins_literal(int byte)
{
	return byte == '{' || byte == '~';
}

void imap_lexer_string(ImapLexer *lexer, GString *token)
{
	g_string_truncate(token, 0);
	if (begins_literal(imap_lexer_peek(lexer)))
		read_literal(lexer, token);
	else
		read_quoted(lexer, token);
	if (lexer->failed)
		g_string_truncate(token, 0);
}

/* A tilde begins an atom here: only an nstring may be a literal8. */
void imap_lexer_astring(ImapLexer *lexer, GString *token)
{
	int next = imap_lexer_peek(lexer);

	if (next == '"' || next == '{')
		imap_lexer_string(lexer, token);
	else
		imap_lexer_atom(lexer, token);
}

bool imap_lexer_nstring(ImapLexer *lexer, GString *token)
{
	int next = imap_lexer_peek(lexer);

	if (next == '"' || begins_literal(next)) {
		imap_lexer_string(lexer, token);
		return !lexer->failed;
	}
	imap_lexer_atom(lexer, token);
	if (g_ascii_strcasecmp(token->str, "NIL") != 0)
		imap_lexer_garbage(lexer, "expected a string or NIL");
	g_string_truncate(token, 0);
	return false;
}

void imap_lexer_item(ImapLexer *lexer, GString *token)
{
	bool section = false;

	g_string_truncate(token, 0);
	for (;;) {
		int next = imap_lexer_peek(lexer);

		if (section ? ends_line(next) : ends_atom(next))
			break;
		section = next == '[' || (section && next != ']');
		append(lexer, token);
	}
	if (section || token->len == 0)
		imap_lexer_garbage(lexer, "expected the name of a FETCH item");
	if (lexer->failed)
		g_string_truncate(token, 0);
}

bool imap_lexer_text(ImapLexer *lexer, GString *token, char stop, size_t limit)
{
	bool whole = true;

	g_string_truncate(token, 0);
	for (;;) {
		int next = imap_lexer_peek(lexer);

		if (ends_line(next) || next == (unsigned char)stop)
			return whole;
		if (token->len < limit)
			g_string_append_c(token, (char)next);
		else
			whole = false;
		take(lexer);
	}
}

uint64_t imap_lexer_literal(ImapLexer *lexer)
{
	imap_lexer_accept(lexer, '~');
	imap_lexer_expect(lexer, '{');
	lexer->literal = imap_lexer_number(lexer, INT64_MAX);
	imap_lexer_accept(lexer, '+');
	imap_lexer_expect(lexer, '}');
	expect_newline(lexer);
	return lexer->literal;
}

ssize_t imap_lexer_literal_read(ImapLexer *lexer, const void **data)
{
	size_t size;

	if (lexer->failed)
		return -1;
	if (lexer->literal == 0)
		return 0;
	if (imap_lexer_peek(lexer) < 0)
		return -1;
	size = lexer->size - lexer->used;
	if (size > lexer->literal)
		size = (size_t)lexer->literal;
	*data = lexer->window + lexer->used;
	lexer->used += size;
	lexer->literal -= size;
	return (ssize_t)size;
}

void imap_lexer_literal_skip(ImapLexer *lexer)
{
	const void *data;

	while (imap_lexer_literal_read(lexer, &data) > 0)
		;
}

/* A literal that nobody asked for: passed over if it is no longer than what we would keep. */
static void skip_small_literal(ImapLexer *lexer)
{
	if (imap_lexer_literal(lexer) > IMAP_TOKEN_LIMIT)
		fail_length(lexer);
	imap_lexer_literal_skip(lexer);
}

static void skip_quoted(ImapLexer *lexer)
{
	imap_lexer_expect(lexer, '"');
	while (imap_lexer_peek(lexer) != '"') {
		imap_lexer_accept(lexer, '\\');
		if (ends_line(imap_lexer_peek(lexer))) {
			imap_lexer_garbage(lexer, "a quoted string has no end");
			return;
		}
		take(lexer);
	}
	imap_lexer_expect(lexer, '"');
}

static void skip_scalar(ImapLexer *lexer)
{
	int next = imap_lexer_peek(lexer);

	if (next == '"') {
		skip_quoted(lexer);
		return;
	}
	if (begins_literal(next)) {
		skip_small_literal(lexer);
		return;
	}
	if (ends_atom(next))
		imap_lexer_garbage(lexer, "expected a value");
	while (!ends_atom(imap_lexer_peek(lexer)))
		take(lexer);
}

void imap_lexer_skip_value(ImapLexer *lexer)
{
	unsigned depth = 0;

	do {
		if (imap_lexer_accept(lexer, '('))
			depth++;
		else if (depth > 0 && imap_lexer_accept(lexer, ')'))
			depth--;
		else if (depth == 0 || !imap_lexer_accept(lexer, ' '))
			skip_scalar(lexer);
		if (depth > IMAP_DEPTH_LIMIT)
			imap_lexer_garbage(lexer, "lists are nested too deeply");
	} while (depth > 0 && !lexer->failed);
}

/* Whether the line so far, of which TAIL holds the last bytes, ends as a literal's head; its
 * length. */
static bool ends_in_literal(const GString *tail, uint64_t *length)
{
	const char *head = strrchr(tail->str, '{');
	char *end;

	if (!head || !g_ascii_isdigit(head[1]))
		return false;
	*length = g_ascii_strtoull(head + 1, &end, 10);
	if (*end == '+')
		end++;
	return end[0] == '}' && end[1] == '\0';
}

void imap_lexer_skip_rest(ImapLexer *lexer)
{
	g_autoptr(GString) tail = g_string_new(NULL);

	for (;;) {
		int next = imap_lexer_peek(lexer);

		if (ends_line(next)) {
			if (next < 0 || !ends_in_literal(tail, &lexer->literal))
				break;
			if (lexer->literal > IMAP_TOKEN_LIMIT)
				fail_length(lexer);
			expect_newline(lexer);
			imap_lexer_literal_skip(lexer);
			g_string_truncate(tail, 0);
			continue;
		}
		g_string_append_c(tail, next ? (char)next : ' ');
		if (tail->len > 64)
			g_string_erase(tail, 0, 32);
		take(lexer);
	}
	lexer->literal = 0;
}
