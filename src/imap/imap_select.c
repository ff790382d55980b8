/* Opening one folder, and what may be done in it. */
#include "imap/imap_internal.h"

#include <string.h>

/* Letters of RFC 4314; more is no set of rights. */
#define RIGHTS_LIMIT 64

bool imap_select(ImapSession *session, const char *folder, ImapAccess access, ImapStatus *status,
	GError **error)
{
	const char *verb = access == IMAP_READ_WRITE ? "SELECT" : "EXAMINE";
	g_autofree char *raw = imap_raw_name(session, folder, error);
	g_autoptr(ImapCommand) command = imap_command_new(verb);
	ImapReply reply;

	if (!raw)
		return false;
	imap_command_quoted(command, raw);
	session->exists = session->uid_validity = session->uid_next = 0;
	session->exists_told = session->loses_seen = session->loses_flagged = false;
	if (!imap_run(session, command, NULL, &reply, error))
		return false;
	if (reply.condition != IMAP_OK)
		return imap_refuse_folder(session, &reply, verb, folder, error);
	*status = (ImapStatus){
		.messages = session->exists,
		.uid_next = session->uid_next,
		.uid_validity = session->uid_validity,
		.loses_seen = session->loses_seen,
		.loses_flagged = session->loses_flagged,
		.read_only = access == IMAP_READ_WRITE && reply.code == IMAP_CODE_READ_ONLY,
	};
	return true;
}

static bool take_rights(ImapSession *session, uint32_t number, void *context)
{
	char **rights = context;
	ImapLexer *lexer = &session->lexer;

	(void)number;
	imap_lexer_expect(lexer, ' ');
	imap_lexer_astring(lexer, session->token);
	imap_lexer_expect(lexer, ' ');
	imap_lexer_astring(lexer, session->token);
	if (imap_lexer_failed(lexer))
		return true;
	g_free(*rights);
	*rights = g_strndup(session->token->str, MIN(session->token->len, RIGHTS_LIMIT));
	return true;
}

bool imap_rights(ImapSession *session, const char *folder, char **rights, GError **error)
{
	g_autofree char *raw = NULL;
	g_autofree char *told = NULL;
	g_autoptr(ImapCommand) command = imap_command_new("MYRIGHTS");
	const ImapSink sinks[] = {{"MYRIGHTS", take_rights, &told}, {0}};
	ImapReply reply;

	*rights = NULL;
	if (!imap_has(session, IMAP_CAP_ACL))
		return true;
	raw = imap_raw_name(session, folder, error);
	if (!raw)
		return false;
	imap_command_quoted(command, raw);
	if (!imap_run(session, command, sinks, &reply, error))
		return false;
	if (reply.condition != IMAP_OK)
		return imap_tolerate(session, &reply, "MYRIGHTS", error);
	*rights = g_steal_pointer(&told);
	return true;
}
