/* UID SEARCH, with ESEARCH where offered. The answer is taken a number at a time, so that its
 * length only costs the UIDs themselves. */
#include "imap/imap_internal.h"

#include <string.h>
#include "base/text.h"

/* An answer under way. */
typedef struct SearchAnswer {
	GArray *uids;
	bool came;
} SearchAnswer;

static void keep_range(ImapSession *session, GArray *uids, uint32_t first, uint32_t last)
{
	if (imap_lexer_failed(&session->lexer))
		return;
	if (!imap_uids_add_range(uids, MIN(first, last), MAX(first, last), IMAP_SEARCH_LIMIT))
		imap_lexer_garbage(&session->lexer, "more than %u UIDs", IMAP_SEARCH_LIMIT);
}

static uint32_t read_uid(ImapSession *session)
{
	uint32_t uid = (uint32_t)imap_lexer_number(&session->lexer, UINT32_MAX);

	if (uid == 0)
		imap_lexer_garbage(&session->lexer, "UID 0");
	return uid;
}

/* "* SEARCH 2 5 7", perhaps with "(MODSEQ 9)" behind. */
static bool take_search(ImapSession *session, uint32_t number, void *context)
{
	ImapLexer *lexer = &session->lexer;
	SearchAnswer *answer = context;

	(void)number;
	answer->came = true;
	while (imap_lexer_accept(lexer, ' ') && g_ascii_isdigit(imap_lexer_peek(lexer))) {
		uint32_t uid = read_uid(session);

		keep_range(session, answer->uids, uid, uid);
		imap_lexer_forgive_length(lexer);
	}
	if (imap_lexer_peek(lexer) == '(')
		imap_lexer_skip_value(lexer);
	return true;
}

/* "2,5:7" */
static void read_set(ImapSession *session, GArray *uids)
{
	ImapLexer *lexer = &session->lexer;

	do {
		uint32_t first = read_uid(session);
		uint32_t last = imap_lexer_accept(lexer, ':') ? read_uid(session) : first;

		keep_range(session, uids, first, last);
		imap_lexer_forgive_length(lexer);
	} while (imap_lexer_accept(lexer, ','));
}

/* "* ESEARCH (TAG "M5") UID ALL 2,5:7" (RFC 4731); without ALL nothing was found. */
static bool take_esearch(ImapSession *session, uint32_t number, void *context)
{
	ImapLexer *lexer = &session->lexer;
	SearchAnswer *answer = context;

	(void)number;
	answer->came = true;
	while (imap_lexer_accept(lexer, ' ')) {
		if (imap_lexer_peek(lexer) == '(') {
			imap_lexer_skip_value(lexer);
			continue;
		}
		if (imap_lexer_peek(lexer) == '\r' || imap_lexer_peek(lexer) == '\n')
			break;
		imap_lexer_atom(lexer, session->token);
		if (g_ascii_strcasecmp(session->token->str, "UID") == 0)
			continue;
		imap_lexer_expect(lexer, ' ');
		if (g_ascii_strcasecmp(session->token->str, "ALL") == 0)
			read_set(session, answer->uids);
		else
			imap_lexer_skip_value(lexer);
	}
	return true;
}

/* A set of ours, or "7:*". */
static bool is_set(const char *text)
{
	return *text && strlen(text) <= IMAP_SET_LIMIT &&
	       text[strspn(text, "0123456789:,*")] == '\0';
}

static bool check_search(ImapSession *session, const ImapSearch *search, GError **error)
{
	if (search->uid_set && !is_set(search->uid_set))
		return imap_fail(session, error, FAILURE_UID_SET_INVALID, search->uid_set,
			"not a set of UIDs that fits into a command");
	if ((search->text && text_has_control(search->text)) ||
		(search->message_id && text_has_control(search->message_id)))
		return imap_fail(session, error, FAILURE_USAGE,
			search->text ? search->text : search->message_id,
			"control characters in a search");
	return true;
}

static ImapCommand *make_search_command(const ImapSession *session, const ImapSearch *search)
{
	ImapCommand *command = imap_command_new("UID SEARCH");

	if (imap_has(session, IMAP_CAP_ESEARCH))
		imap_command_words(command, "RETURN (ALL)");
	/* RFC 6855 section 3: with UTF8=ACCEPT there is no CHARSET. */
	if (!session->utf8 && ((search->text && !g_str_is_ascii(search->text)) ||
				      (search->message_id && !g_str_is_ascii(search->message_id))))
		imap_command_words(command, "CHARSET UTF-8");
	if (search->uid_set) {
		imap_command_words(command, "UID");
		imap_command_words(command, search->uid_set);
	} else if (search->last > 0) {
		g_autofree char *set = g_strdup_printf("%u:%u", search->first, search->last);

		imap_command_words(command, set);
	} else {
		imap_command_words(command, "ALL");
	}
	if (search->since != 0) {
		g_autofree char *day = imap_date_format(search->since);

		imap_command_words(command, "SINCE");
		imap_command_words(command, day ? day : "1-Jan-1970");
	}
	if (search->text) {
		imap_command_words(command, "TEXT");
		imap_command_string(command, session, search->text, strlen(search->text));
	}
	if (search->message_id) {
		imap_command_words(command, "HEADER Message-ID");
		imap_command_string(
			command, session, search->message_id, strlen(search->message_id));
	}
	return command;
}

/* OK alone must not be taken for "nothing found": only in a folder that the server called empty
 * some leave the answer out. */
static bool check_answer(ImapSession *session, const SearchAnswer *answer, GError **error)
{
	bool empty = session->exists_told && session->exists == 0;

	return answer->came || empty ||
	       imap_fail(session, error, FAILURE_SERVER_GARBAGE, stream_host(session->stream),
		       "UID SEARCH: OK without an answer");
}

GArray *imap_search(ImapSession *session, const ImapSearch *search, GError **error)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	SearchAnswer answer = {.uids = uids};
	const ImapSink sinks[] = {
		{"SEARCH", take_search, &answer}, {"ESEARCH", take_esearch, &answer}, {0}};
	g_autoptr(ImapCommand) command = NULL;

	if (!check_search(session, search, error))
		return NULL;
	command = make_search_command(session, search);
	if (!imap_run_or_refuse(session, command, sinks, error) ||
		!check_answer(session, &answer, error))
		return NULL;
	imap_uids_sort(uids);
	return g_steal_pointer(&uids);
}
