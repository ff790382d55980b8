/* Changes on the server: flags, and moving with what the server can. Nothing here ever removes a
 * mail that has no copy in the target. */
#include "imap/imap_internal.h"

#include <string.h>

/* UIDs of one command; the set's length limits it further. */
#define CHANGE_UIDS 10000

/* "UID VERB set REST", or with FOLDER in place of REST. */
static ImapCommand *make_change(
	const char *verb, const char *set, const char *rest, const char *folder)
{
	ImapCommand *command = imap_command_new("UID");

	imap_command_words(command, verb);
	imap_command_words(command, set);
	if (rest)
		imap_command_words(command, rest);
	if (folder)
		imap_command_quoted(command, folder);
	return command;
}

static bool run_change(
	ImapSession *session, const char *verb, const char *set, const char *rest, GError **error)
{
	g_autoptr(ImapCommand) command = make_change(verb, set, rest, NULL);

	return imap_run_or_refuse(session, command, NULL, error);
}

static bool add_flag(ImapSession *session, const char *set, const char *flag, GError **error)
{
	g_autofree char *rest = g_strdup_printf("+FLAGS.SILENT (%s)", flag);

	return run_change(session, "STORE", set, rest, error);
}

bool imap_add_flag(
	ImapSession *session, const uint32_t *uids, size_t count, const char *flag, GError **error)
{
	g_autoptr(GString) set = g_string_new(NULL);

	for (size_t done = 0; done < count;) {
		done += imap_uid_set_chunk(set, uids + done, count - done, CHANGE_UIDS);
		if (!add_flag(session, set->str, flag, error))
			return false;
	}
	return true;
}

static bool make_folder(ImapSession *session, const char *raw, GError **error)
{
	g_autoptr(ImapCommand) command = imap_command_new("CREATE");

	imap_command_quoted(command, raw);
	return imap_run_or_refuse(session, command, NULL, error);
}

/* Whether a NO can mean that the target does not exist; servers without response codes just say NO.
 */
static bool may_lack_folder(const ImapReply *reply)
{
	return reply->condition == IMAP_NO &&
	       (reply->code == IMAP_CODE_TRYCREATE || reply->code == IMAP_CODE_NONEXISTENT ||
		       reply->code == IMAP_CODE_NONE);
}

bool imap_run_into(ImapSession *session, const ImapCommand *command, const char *verb,
	const char *raw, GError **error)
{
	g_autoptr(GError) refusal = NULL;
	g_autoptr(GError) problem = NULL;
	ImapReply reply;

	if (!imap_run(session, command, NULL, &reply, error))
		return false;
	if (reply.condition == IMAP_OK)
		return true;
	imap_refuse_command(session, &reply, verb, &refusal);
	if (session->alive && may_lack_folder(&reply) && make_folder(session, raw, &problem))
		return imap_run_or_refuse(session, command, NULL, error);
	/* That the folder cannot be made is less of a reason than why it was needed, but for a
	 * connection that broke. */
	if (problem && !session->alive)
		g_propagate_error(error, g_steal_pointer(&problem));
	else
		g_propagate_error(error, g_steal_pointer(&refusal));
	return false;
}

/* MOVE or COPY of SET into RAW, which is made if it is missing. */
static bool transfer(
	ImapSession *session, const char *verb, const char *set, const char *raw, GError **error)
{
	g_autoptr(ImapCommand) command = make_change(verb, set, NULL, raw);

	return imap_run_into(session, command, verb, raw, error);
}

static bool move_set(ImapSession *session, const char *set, const char *raw, GError **error)
{
	if (imap_has(session, IMAP_CAP_MOVE))
		return transfer(session, "MOVE", set, raw, error);
	if (!transfer(session, "COPY", set, raw, error) ||
		!add_flag(session, set, "\\Deleted", error))
		return false;
	/* EXPUNGE alone would remove what others have marked. */
	return !imap_has(session, IMAP_CAP_UIDPLUS) ||
	       run_change(session, "EXPUNGE", set, NULL, error);
}

bool imap_move(ImapSession *session, const uint32_t *uids, size_t count, const char *folder,
	GError **error)
{
	g_autofree char *raw = imap_raw_name(session, folder, error);
	g_autoptr(GString) set = g_string_new(NULL);

	if (!raw)
		return false;
	for (size_t done = 0; done < count;) {
		done += imap_uid_set_chunk(set, uids + done, count - done, CHANGE_UIDS);
		if (!move_set(session, set->str, raw, error))
			return false;
	}
	return true;
}
