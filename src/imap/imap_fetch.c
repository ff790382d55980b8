/* Pipelined UID FETCH: commands for many UIDs each, several on their way, bodies straight from the
 * stream's buffer. A fetch is between two messages, in a body, or behind one. */
#include "imap/imap_internal.h"

#include <stdlib.h>
#include <string.h>

/* UIDs of one command, and commands on their way: the server always has the next one at hand. */
#define CHUNK_UIDS 1000
#define CHUNKS_AHEAD 3

/* Above this a literal is a mail that we do not take. */
#define BODY_LIMIT ((uint64_t)2 * 1024 * 1024 * 1024)

typedef enum FetchPlace { BETWEEN, IN_BODY, BEHIND_BODY } FetchPlace;

struct ImapFetch {
	ImapSession *session;
	uint32_t *uids;
	size_t count;
	size_t asked;	    /* of uids, from the front */
	uint8_t *delivered; /* one bit for each of uids */
	uint8_t *told;	    /* the same: it was handed out without a body */
	ImapItems items;
	FetchPlace place;
	ImapMessage message;
	bool too_large;
	bool finished;
	GString *quoted; /* a body that came as a quoted string */
	bool in_quoted;	 /* it is the one to hand out */
	GArray *missing;
	char *reason; /* of a NO, NULL: none */
};

static const char *const item_words[] = {
	[IMAP_ITEMS_RAW] = "(UID FLAGS INTERNALDATE BODY.PEEK[])",
	[IMAP_ITEMS_SUMMARY] = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
			       "(FROM SUBJECT DATE MESSAGE-ID IN-REPLY-TO)])",
};

ImapFetch *imap_fetch_begin(
	ImapSession *session, const uint32_t *uids, size_t count, ImapItems items, GError **error)
{
	ImapFetch *fetch;

	g_assert(!session->fetch);
	if (!session->alive) {
		imap_fail(session, error, FAILURE_CONNECTION_LOST, stream_host(session->stream),
			"FETCH: the session is over");
		return NULL;
	}
	fetch = g_new0(ImapFetch, 1);
	fetch->session = session;
	fetch->uids = g_memdup2(uids, count * sizeof *uids);
	fetch->count = count;
	fetch->delivered = g_malloc0(count / 8 + 1);
	fetch->told = g_malloc0(count / 8 + 1);
	fetch->items = items;
	fetch->quoted = g_string_new(NULL);
	fetch->missing = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	session->fetch = fetch;
	return fetch;
}

void imap_fetch_free(ImapFetch *fetch)
{
	if (!fetch)
		return;
	if (!fetch->finished)
		fetch->session->alive = false;
	fetch->session->fetch = NULL;
	g_free(fetch->uids);
	g_free(fetch->delivered);
	g_free(fetch->told);
	g_string_free(fetch->quoted, TRUE);
	g_array_unref(fetch->missing);
	g_free(fetch->reason);
	g_free(fetch);
}

static bool send_chunk(ImapFetch *fetch, GError **error)
{
	g_autoptr(GString) set = g_string_new(NULL);
	g_autoptr(ImapCommand) command = imap_command_new("UID FETCH");
	size_t size = imap_uid_set_chunk(
		set, fetch->uids + fetch->asked, fetch->count - fetch->asked, CHUNK_UIDS);

	imap_command_words(command, set->str);
	imap_command_words(command, item_words[fetch->items]);
	fetch->asked += size;
	return imap_send(fetch->session, command, error) != 0;
}

/* Sends what may be on its way; at once, so that it reaches the server while it is still busy. */
static bool send_ahead(ImapFetch *fetch, GError **error)
{
	bool sent = false;

	while (fetch->asked < fetch->count && fetch->session->pending->len < CHUNKS_AHEAD) {
		if (!send_chunk(fetch, error))
			return false;
		sent = true;
	}
	return !sent || imap_flush(fetch->session, error);
}

/* The index of UID, or -1 if nobody asked for it yet. */
static ssize_t find_uid(const ImapFetch *fetch, uint32_t uid)
{
	const uint32_t *found =
		bsearch(&uid, fetch->uids, fetch->asked, sizeof *fetch->uids, imap_uid_compare);

	return found ? found - fetch->uids : -1;
}

static bool has_bit(const uint8_t *bits, size_t index)
{
	return bits[index / 8] >> (index % 8) & 1;
}

static void set_bit(uint8_t *bits, size_t index)
{
	bits[index / 8] |= (uint8_t)(1u << (index % 8));
}

static bool is_delivered(const ImapFetch *fetch, size_t index)
{
	return has_bit(fetch->delivered, index);
}

/* Whether UID was asked for and has not come. */
static bool is_awaited(const ImapFetch *fetch, uint32_t uid)
{
	ssize_t index = find_uid(fetch, uid);

	return index >= 0 && !is_delivered(fetch, (size_t)index);
}

static void read_flags(ImapFetch *fetch)
{
	ImapSession *session = fetch->session;
	ImapLexer *lexer = &session->lexer;

	imap_lexer_expect(lexer, '(');
	while (!imap_lexer_accept(lexer, ')') && !imap_lexer_failed(lexer)) {
		if (imap_lexer_accept(lexer, ' '))
			continue;
		imap_lexer_atom(lexer, session->token);
		if (g_ascii_strcasecmp(session->token->str, "\\Seen") == 0)
			fetch->message.seen = true;
		else if (g_ascii_strcasecmp(session->token->str, "\\Flagged") == 0)
			fetch->message.flagged = true;
	}
}

static void read_internal_date(ImapFetch *fetch)
{
	ImapSession *session = fetch->session;

	/* A date that makes no sense is one that was not told: the mail itself counts. */
	if (imap_lexer_nstring(&session->lexer, session->token))
		imap_date_parse(session->token->str, &fetch->message.internal_date);
}

static uint32_t read_uid(ImapFetch *fetch)
{
	return (uint32_t)imap_lexer_number(&fetch->session->lexer, UINT32_MAX);
}

static bool begins_literal(int byte)
{
	return byte == '{' || byte == '~';
}

/* The value of BODY[…]: a literal stays open, a quoted string is kept, NIL is none. */
static bool begin_body(ImapFetch *fetch)
{
	ImapSession *session = fetch->session;

	fetch->in_quoted = !begins_literal(imap_lexer_peek(&session->lexer));
	if (!fetch->in_quoted) {
		fetch->message.size = imap_lexer_literal(&session->lexer);
		fetch->too_large = fetch->message.size > BODY_LIMIT;
		return true;
	}
	if (!imap_lexer_nstring(&session->lexer, fetch->quoted))
		return false;
	fetch->message.size = fetch->quoted->len;
	return true;
}

/* Whether the body just begun is one to hand out. Nothing is no mail, and what nobody asked for is
 * passed over. */
static bool is_wanted(const ImapFetch *fetch)
{
	if (fetch->too_large)
		return true;
	if (fetch->message.size == 0 && fetch->items == IMAP_ITEMS_RAW)
		return false;
	return fetch->message.uid == 0 || is_awaited(fetch, fetch->message.uid);
}

static void read_body(ImapFetch *fetch)
{
	ImapLexer *lexer = &fetch->session->lexer;

	if (fetch->message.has_body) {
		imap_lexer_garbage(lexer, "two bodies in one FETCH response");
		return;
	}
	if (!begin_body(fetch) || imap_lexer_failed(lexer))
		return;
	if (is_wanted(fetch)) {
		fetch->message.has_body = true;
		fetch->place = IN_BODY;
	} else if (!fetch->in_quoted) {
		imap_lexer_literal_skip(lexer);
	}
}

/* Whether NAME is the body item that was asked for; another section is passed over. */
static bool is_body(const ImapFetch *fetch, const char *name)
{
	if (fetch->items == IMAP_ITEMS_RAW)
		return g_ascii_strcasecmp(name, "BODY[]") == 0;
	return g_ascii_strncasecmp(name, "BODY[HEADER.FIELDS", strlen("BODY[HEADER.FIELDS")) == 0;
}

static void read_item(ImapFetch *fetch)
{
	ImapSession *session = fetch->session;
	ImapLexer *lexer = &session->lexer;
	g_autofree char *name = NULL;

	imap_lexer_item(lexer, session->token);
	name = g_strdup(session->token->str);
	imap_lexer_expect(lexer, ' ');
	if (g_ascii_strcasecmp(name, "UID") == 0)
		fetch->message.uid = read_uid(fetch);
	else if (g_ascii_strcasecmp(name, "FLAGS") == 0)
		read_flags(fetch);
	else if (g_ascii_strcasecmp(name, "INTERNALDATE") == 0)
		read_internal_date(fetch);
	else if (g_ascii_strcasecmp(name, "RFC822.SIZE") == 0)
		fetch->message.rfc822_size = imap_lexer_number(lexer, INT64_MAX);
	else if (is_body(fetch, name))
		read_body(fetch);
	else
		imap_lexer_skip_value(lexer);
}

/* Items up to a body that begins, or to the closing bracket: true. */
static bool read_items(ImapFetch *fetch)
{
	ImapLexer *lexer = &fetch->session->lexer;

	while (!imap_lexer_accept(lexer, ')')) {
		if (imap_lexer_failed(lexer))
			return true;
		if (imap_lexer_accept(lexer, ' '))
			continue;
		read_item(fetch);
		if (fetch->place == IN_BODY)
			return false;
	}
	return true;
}

/* A summary may tell size and flags where the header is NIL: once for each UID. */
static bool tells_news(const ImapFetch *fetch)
{
	return fetch->items == IMAP_ITEMS_SUMMARY && fetch->message.rfc822_size != 0 &&
	       is_awaited(fetch, fetch->message.uid) &&
	       !has_bit(fetch->told, (size_t)find_uid(fetch, fetch->message.uid));
}

/* "* 7 FETCH (…": a message of ours is left unfinished for imap_fetch_read and imap_fetch_end. */
static bool take_fetch(ImapSession *session, uint32_t number, void *context)
{
	ImapFetch *fetch = context;

	(void)number;
	fetch->message = (ImapMessage){0};
	fetch->too_large = false;
	imap_lexer_expect(&session->lexer, ' ');
	imap_lexer_expect(&session->lexer, '(');
	if (!read_items(fetch))
		return false;
	if (!tells_news(fetch))
		return true;
	fetch->place = BEHIND_BODY;
	return false;
}

static bool fail_too_large(ImapFetch *fetch, ImapMessage *message, GError **error)
{
	ImapSession *session = fetch->session;
	char number[16];

	for (size_t i = 0; i < fetch->asked && fetch->message.uid == 0; i++) {
		if (!is_delivered(fetch, i))
			fetch->message.uid = fetch->uids[i];
	}
	session->alive = false;
	/* Nobody could go on without it. */
	if (!is_awaited(fetch, fetch->message.uid))
		return imap_fail(session, error, FAILURE_SERVER_GARBAGE,
			stream_host(session->stream),
			"a literal of %" G_GUINT64_FORMAT
			" bytes under UID %u, which is not awaited",
			fetch->message.size, fetch->message.uid);
	*message = fetch->message;
	g_snprintf(number, sizeof number, "%u", message->uid);
	return imap_fail(session, error, FAILURE_MESSAGE_TOO_LARGE, number,
		"UID %u: a literal of %" G_GUINT64_FORMAT " bytes", message->uid, message->size);
}

/* The end of one chunk. Its NO is kept for what is missing in the end. */
static bool take_chunk_end(ImapFetch *fetch, const ImapReply *reply, GError **error)
{
	if (reply->condition == IMAP_OK)
		return true;
	if (!imap_tolerate(fetch->session, reply, "UID FETCH", error))
		return false;
	g_free(fetch->reason);
	fetch->reason = imap_server_text(fetch->session);
	return true;
}

static void finish(ImapFetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		if (!is_delivered(fetch, i))
			g_array_append_val(fetch->missing, fetch->uids[i]);
	}
	fetch->finished = true;
}

bool imap_fetch_next(ImapFetch *fetch, ImapMessage *message, GError **error)
{
	const ImapSink sinks[] = {{"FETCH", take_fetch, fetch}, {0}};
	ImapReply reply;

	g_assert(fetch->place == BETWEEN);
	if (fetch->finished)
		return false;
	for (;;) {
		if (!send_ahead(fetch, error))
			return false;
		if (fetch->session->pending->len == 0) {
			finish(fetch);
			return false;
		}
		if (!imap_read(fetch->session, sinks, &reply, error))
			return false;
		if (fetch->too_large)
			return fail_too_large(fetch, message, error);
		if (reply.kind == IMAP_TAGGED && !take_chunk_end(fetch, &reply, error))
			return false;
		if (fetch->place != BETWEEN) {
			*message = fetch->message;
			return true;
		}
	}
}

ssize_t imap_fetch_read(ImapFetch *fetch, const void **data, GError **error)
{
	ssize_t size;

	if (fetch->place != IN_BODY)
		return 0;
	if (fetch->in_quoted) {
		*data = fetch->quoted->str;
		size = (ssize_t)fetch->quoted->len;
	} else {
		size = imap_lexer_literal_read(&fetch->session->lexer, data);
	}
	if (size < 0)
		imap_fail_lexer(fetch->session, error);
	if (size <= 0 || fetch->in_quoted)
		fetch->place = BEHIND_BODY;
	return size;
}

/* Marks the message as delivered; one whose UID nobody awaits cannot be filed under any. */
static bool settle(ImapFetch *fetch, GError **error)
{
	ImapMessage *message = &fetch->message;
	char number[16];

	if (!is_awaited(fetch, message->uid)) {
		g_snprintf(number, sizeof number, "%u", message->uid);
		return imap_fail(fetch->session, error, FAILURE_MESSAGE_MISSING, number,
			"a message under UID %u, which is not awaited", message->uid);
	}
	set_bit(message->has_body ? fetch->delivered : fetch->told,
		(size_t)find_uid(fetch, message->uid));
	return true;
}

bool imap_fetch_end(ImapFetch *fetch, ImapMessage *message, GError **error)
{
	ImapLexer *lexer = &fetch->session->lexer;

	g_assert(fetch->place != BETWEEN);
	if (fetch->place == IN_BODY && !fetch->in_quoted)
		imap_lexer_literal_skip(lexer);
	fetch->place = BETWEEN;
	if (fetch->message.has_body)
		read_items(fetch);
	imap_lexer_end_line(lexer);
	*message = fetch->message;
	if (imap_lexer_failed(lexer))
		return imap_fail_lexer(fetch->session, error);
	return settle(fetch, error);
}

const GArray *imap_fetch_missing(const ImapFetch *fetch, const char **reason)
{
	if (reason)
		*reason = fetch->reason;
	return fetch->missing;
}
