/* Putting a message into a folder. */
#include "imap/imap_internal.h"

#include <string.h>

static ImapCommand *make_append(
	const ImapSession *session, const char *raw, const ImapAppend *append)
{
	ImapCommand *command = imap_command_new("APPEND");
	g_autofree char *date = append->date != 0 ? imap_date_format_time(append->date) : NULL;

	imap_command_quoted(command, raw);
	if (append->flags) {
		g_autofree char *flags = g_strdup_printf("(%s)", append->flags);

		imap_command_words(command, flags);
	}
	if (date)
		imap_command_quoted(command, date);
	imap_command_bytes(command, session, append->bytes, append->size);
	return command;
}

bool imap_append(ImapSession *session, const char *folder, const ImapAppend *append, uint32_t *uid,
	GError **error)
{
	g_autofree char *raw = imap_raw_name(session, folder, error);
	g_autoptr(ImapCommand) command = raw ? make_append(session, raw, append) : NULL;

	if (!command)
		return false;
	session->appended = 0;
	if (!imap_run_into(session, command, "APPEND", raw, error))
		return false;
	if (uid)
		*uid = session->appended;
	return true;
}
