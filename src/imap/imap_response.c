/* Responses on their way in: one function reads one response of any kind, whatever command is
 * running. What nobody waits for is noted (EXISTS, capabilities) or passed over. */
#include "imap/imap_internal.h"

#include <string.h>
#include "base/text.h"

/* Bytes of capabilities that are kept for people. */
#define OFFER_LIMIT ((size_t)1000)

static const struct {
	const char *name;
	ImapCondition condition;
} conditions[] = {
	{"OK", IMAP_OK},
	{"NO", IMAP_NO},
	{"BAD", IMAP_BAD},
	{"PREAUTH", IMAP_PREAUTH},
	{"BYE", IMAP_BYE},
};

static const struct {
	const char *name;
	ImapCode code;
} codes[] = {
	{"ALERT", IMAP_CODE_ALERT},
	{"AUTHORIZATIONFAILED", IMAP_CODE_AUTHORIZATIONFAILED},
	{"CAPABILITY", IMAP_CODE_CAPABILITY},
	{"INUSE", IMAP_CODE_INUSE},
	{"NONEXISTENT", IMAP_CODE_NONEXISTENT},
	{"NOPERM", IMAP_CODE_NOPERM},
	{"OVERQUOTA", IMAP_CODE_OVERQUOTA},
	{"PERMANENTFLAGS", IMAP_CODE_PERMANENTFLAGS},
	{"APPENDUID", IMAP_CODE_APPENDUID},
	{"PRIVACYREQUIRED", IMAP_CODE_PRIVACYREQUIRED},
	{"READ-ONLY", IMAP_CODE_READ_ONLY},
	{"TRYCREATE", IMAP_CODE_TRYCREATE},
	{"UIDNEXT", IMAP_CODE_UIDNEXT},
	{"UIDVALIDITY", IMAP_CODE_UIDVALIDITY},
	{"UNAVAILABLE", IMAP_CODE_UNAVAILABLE},
};

static const struct {
	const char *name;
	ImapCapability capability;
} capabilities[] = {
	{"IDLE", IMAP_CAP_IDLE},
	{"ID", IMAP_CAP_ID},
	{"NAMESPACE", IMAP_CAP_NAMESPACE},
	{"SPECIAL-USE", IMAP_CAP_SPECIAL_USE},
	{"LITERAL+", IMAP_CAP_LITERAL_PLUS},
	{"LITERAL-", IMAP_CAP_LITERAL_MINUS},
	{"MOVE", IMAP_CAP_MOVE},
	{"UIDPLUS", IMAP_CAP_UIDPLUS},
	{"ESEARCH", IMAP_CAP_ESEARCH},
	{"ENABLE", IMAP_CAP_ENABLE},
	{"UTF8=ACCEPT", IMAP_CAP_UTF8_ACCEPT},
	{"UTF8=ONLY", IMAP_CAP_UTF8_ACCEPT},
	{"SASL-IR", IMAP_CAP_SASL_IR},
	{"LOGINDISABLED", IMAP_CAP_LOGINDISABLED},
	{"LIST-STATUS", IMAP_CAP_LIST_STATUS},
	{"LIST-EXTENDED", IMAP_CAP_LIST_EXTENDED},
	{"ACL", IMAP_CAP_ACL},
};

static void take_capability(ImapSession *session, const char *name)
{
	if (g_ascii_strncasecmp(name, "AUTH=", 5) == 0)
		session->mechanisms |= sasl_from_name(name + 5);
	for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (g_ascii_strcasecmp(name, capabilities[i].name) == 0)
			session->capabilities |= capabilities[i].capability;
	}
}

void imap_take_capabilities(ImapSession *session, const char *text)
{
	g_auto(GStrv) names = g_strsplit(text, " ", -1);
	const char *shown = repeats_withhold(stream_secrets(session->stream), text);
	g_autofree char *valid = text_make_valid(shown, MIN(strlen(shown), OFFER_LIMIT));

	g_free(session->offer);
	session->offer = g_strstrip(text_for_terminal(valid));
	session->capabilities = 0;
	session->mechanisms = SASL_NONE;
	session->capabilities_told = true;
	for (char **name = names; *name; name++)
		take_capability(session, *name);
}

/* "(\\Answered \\Seen \\*)"; a keyword's "\\*" says nothing of these two. */
static void take_permanent_flags(ImapSession *session, const char *text)
{
	g_auto(GStrv) flags = g_strsplit_set(text, "( )", -1);

	session->loses_seen = session->loses_flagged = true;
	for (char **flag = flags; *flag; flag++) {
		session->loses_seen &= g_ascii_strcasecmp(*flag, "\\Seen") != 0;
		session->loses_flagged &= g_ascii_strcasecmp(*flag, "\\Flagged") != 0;
	}
}

bool imap_note_throttling(ImapSession *session)
{
	const char *text = session->text->str;
	const char *wait = strcasestr(text, "Suggested Backoff Time:");

	if (wait) {
		guint64 pause =
			g_ascii_strtoull(wait + strlen("Suggested Backoff Time:"), NULL, 10);

		session->backoff = (unsigned)MIN(pause, (guint64)IMAP_BACKOFF_LIMIT);
	}
	return wait || strcasestr(text, "request is throttled");
}

static ImapCondition find_condition(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
		if (g_ascii_strcasecmp(name, conditions[i].name) == 0)
			return conditions[i].condition;
	}
	return IMAP_DATA;
}

static ImapCode find_code(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		if (g_ascii_strcasecmp(name, codes[i].name) == 0)
			return codes[i].code;
	}
	return IMAP_CODE_OTHER;
}

/* The argument of a code that carries a number; 0 if the server says nonsense, which is "not told".
 */
static uint32_t code_number(const char *argument)
{
	guint64 number;

	return g_ascii_string_to_unsigned(argument, 10, 1, UINT32_MAX, &number, NULL)
		       ? (uint32_t)number
		       : 0;
}

/* Of "38505 3955", UIDVALIDITY and UID (RFC 4315); 0 likewise. */
static uint32_t last_number(const char *argument)
{
	const char *blank = strrchr(argument, ' ');

	return blank ? code_number(blank + 1) : 0;
}

/* What stood between the square brackets. */
static ImapCode take_code(ImapSession *session, const char *text)
{
	size_t length = strcspn(text, " ");
	g_autofree char *name = g_strndup(text, length);
	const char *argument = text[length] ? text + length + 1 : "";
	ImapCode code = find_code(name);

	if (code == IMAP_CODE_CAPABILITY)
		imap_take_capabilities(session, argument);
	else if (code == IMAP_CODE_UIDVALIDITY)
		session->uid_validity = code_number(argument);
	else if (code == IMAP_CODE_UIDNEXT)
		session->uid_next = code_number(argument);
	else if (code == IMAP_CODE_APPENDUID)
		session->appended = last_number(argument);
	else if (code == IMAP_CODE_PERMANENTFLAGS)
		take_permanent_flags(session, argument);
	return code;
}

/* "[CODE argument] text" behind a condition. */
static void read_condition(ImapSession *session, ImapReply *reply)
{
	ImapLexer *lexer = &session->lexer;

	imap_lexer_accept(lexer, ' ');
	if (imap_lexer_accept(lexer, '[')) {
		if (!imap_lexer_text(lexer, session->text, ']', IMAP_WHOLE_TEXT_LIMIT))
			imap_lexer_garbage(lexer, "a response code is too long");
		imap_lexer_accept(lexer, ']');
		imap_lexer_accept(lexer, ' ');
		reply->code = take_code(session, session->text->str);
	}
	imap_lexer_text(lexer, session->text, '\n', IMAP_TEXT_LIMIT);
	reply->throttled = imap_note_throttling(session);
	imap_lexer_end_line(lexer);
}

/* An untagged NO, BAD or ALERT may explain a later BYE. */
static void keep_notice(ImapSession *session, const ImapReply *reply)
{
	if (reply->condition != IMAP_NO && reply->condition != IMAP_BAD &&
		reply->code != IMAP_CODE_ALERT)
		return;
	g_string_truncate(session->notice, 0);
	g_string_append_len(session->notice, session->text->str, (gssize)session->text->len);
}

/* Untagged data that the running command does not ask for. */
static void take_unasked(ImapSession *session, const char *name, uint32_t number)
{
	ImapLexer *lexer = &session->lexer;

	if (g_ascii_strcasecmp(name, "EXISTS") == 0) {
		session->exists = number;
		session->exists_told = true;
	} else if (g_ascii_strcasecmp(name, "FETCH") == 0) {
		imap_lexer_expect(lexer, ' ');
		imap_lexer_skip_value(lexer);
	} else if (g_ascii_strcasecmp(name, "CAPABILITY") == 0) {
		imap_lexer_accept(lexer, ' ');
		if (!imap_lexer_text(lexer, session->token, '\n', IMAP_WHOLE_TEXT_LIMIT))
			imap_lexer_garbage(lexer, "too many capabilities");
		imap_take_capabilities(session, session->token->str);
	} else {
		imap_lexer_skip_rest(lexer);
	}
}

static const ImapSink *find_sink(const ImapSink *sinks, const char *name)
{
	for (; sinks && sinks->name; sinks++) {
		if (g_ascii_strcasecmp(name, sinks->name) == 0)
			return sinks;
	}
	return NULL;
}

static void read_untagged(ImapSession *session, const ImapSink *sinks, ImapReply *reply)
{
	ImapLexer *lexer = &session->lexer;
	const ImapSink *sink;
	g_autofree char *name = NULL;
	uint32_t number = 0;

	imap_lexer_expect(lexer, ' ');
	if (g_ascii_isdigit(imap_lexer_peek(lexer))) {
		number = (uint32_t)imap_lexer_number(lexer, UINT32_MAX);
		imap_lexer_expect(lexer, ' ');
	}
	imap_lexer_atom(lexer, session->token);
	name = g_strdup(session->token->str);
	reply->condition = find_condition(name);
	if (reply->condition != IMAP_DATA) {
		read_condition(session, reply);
		keep_notice(session, reply);
		return;
	}
	sink = find_sink(sinks, name);
	if (!sink)
		take_unasked(session, name, number);
	else if (!sink->take(session, number, sink->context))
		return;
	imap_lexer_end_line(lexer);
}

/* Forgets that TAG is awaited; false if it was not. */
static bool settle(ImapSession *session, unsigned tag)
{
	for (guint i = 0; i < session->pending->len; i++) {
		if (g_array_index(session->pending, unsigned, i) == tag) {
			g_array_remove_index(session->pending, i);
			return true;
		}
	}
	return false;
}

/* A number that was never a tag of ours gets into no message: it may be anything, a password too.
 */
static void complain_of_tag(ImapSession *session, unsigned tag)
{
	if (tag <= session->last_tag)
		imap_lexer_garbage(&session->lexer, "an answer to M%u, which is not awaited", tag);
	else
		imap_lexer_garbage(&session->lexer, "an answer to a command that was never sent");
}

static void read_tagged(ImapSession *session, ImapReply *reply)
{
	ImapLexer *lexer = &session->lexer;

	reply->kind = IMAP_TAGGED;
	session->untagged = 0;
	if (!imap_lexer_accept(lexer, 'M')) {
		imap_lexer_garbage(
			lexer, "a response begins with 0x%02x", (unsigned)imap_lexer_peek(lexer));
		return;
	}
	reply->tag = (unsigned)imap_lexer_number(lexer, UINT_MAX);
	if (!imap_lexer_failed(lexer) && !settle(session, reply->tag))
		complain_of_tag(session, reply->tag);
	imap_lexer_expect(lexer, ' ');
	imap_lexer_atom(lexer, session->token);
	reply->condition = find_condition(session->token->str);
	if (reply->condition != IMAP_OK && reply->condition != IMAP_NO &&
		reply->condition != IMAP_BAD)
		imap_lexer_garbage(lexer, "a tagged response without OK, NO or BAD");
	read_condition(session, reply);
}

static void read_continuation(ImapSession *session, ImapReply *reply)
{
	ImapLexer *lexer = &session->lexer;

	reply->kind = IMAP_MORE;
	if (!session->expects_more)
		imap_lexer_garbage(lexer, "a continuation request that nothing asks for");
	imap_lexer_accept(lexer, ' ');
	if (!imap_lexer_text(lexer, session->text, '\n', IMAP_WHOLE_TEXT_LIMIT))
		imap_lexer_garbage(lexer, "a continuation request is too long");
	imap_lexer_end_line(lexer);
}

bool imap_read(ImapSession *session, const ImapSink *sinks, ImapReply *reply, GError **error)
{
	ImapLexer *lexer = &session->lexer;

	*reply = (ImapReply){.kind = IMAP_UNTAGGED};
	if (session->untagged++ > IMAP_UNTAGGED_LIMIT)
		imap_lexer_garbage(lexer, "responses without end and no answer");
	if (imap_lexer_accept(lexer, '*'))
		read_untagged(session, sinks, reply);
	else if (imap_lexer_accept(lexer, '+'))
		read_continuation(session, reply);
	else
		read_tagged(session, reply);
	if (imap_lexer_failed(lexer))
		return imap_fail_lexer(session, error);
	if (reply->condition == IMAP_BYE)
		return imap_fail_bye(session, error);
	return true;
}
