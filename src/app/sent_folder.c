/* The folder for copies of what was sent: by its role, else by its name, else a new one. */
#include "app/sent_folder.h"

#include <string.h>
#include "base/text.h"

#define NEW_FOLDER "Gesendet"

/* What Exchange, Outlook, Dovecot, Apple Mail and others call it; the first that is there counts.
 */
static const char *const usual_names[] = {"Gesendete Elemente", "Gesendete Objekte", "Gesendet",
	"Gesendete Nachrichten", "Gesendete E-Mails", "Sent", "Sent Items", "Sent Messages",
	"Sent Mail", "Sent-Mail"};

/* What FOLDER is called below the inbox or the top; yours. */
static char *fold_name(const ImapFolder *folder)
{
	const char *name = folder->name;
	size_t length = strlen("INBOX");

	if (folder->delimiter && strlen(name) > length && name[length] == folder->delimiter &&
		g_ascii_strncasecmp(name, "INBOX", length) == 0)
		name += length + 1;
	return text_fold(name);
}

static const char *find_named(const GPtrArray *folders, const char *wanted)
{
	g_autofree char *folded = text_fold(wanted);

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = folders->pdata[i];
		g_autofree char *name = fold_name(folder);

		if (folder->selectable && strcmp(name, folded) == 0)
			return folder->name;
	}
	return NULL;
}

const char *sent_folder_choose(const GPtrArray *folders)
{
	const char *found = NULL;

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = folders->pdata[i];

		if (folder->role == IMAP_ROLE_SENT && folder->selectable)
			return folder->name;
	}
	for (size_t i = 0; !found && i < G_N_ELEMENTS(usual_names); i++)
		found = find_named(folders, usual_names[i]);
	return found;
}

/* Yours: where the server wants the user's own folders. */
static char *name_new_folder(const Mailbox *mailbox, GError **error)
{
	g_autoptr(GPtrArray) spaces = NULL;

	if (mailbox_way(mailbox) == MAILBOX_WAY_NAMESPACE)
		return g_strdup(NEW_FOLDER);
	spaces = imap_namespaces(mailbox_session(mailbox), error);
	if (!spaces)
		return NULL;
	for (guint i = 0; i < spaces->len; i++) {
		const ImapNamespace *space = spaces->pdata[i];

		if (space->kind == NAMESPACE_PERSONAL)
			return g_strconcat(space->prefix, NEW_FOLDER, NULL);
	}
	return g_strdup(NEW_FOLDER);
}

static bool look_for(
	Mailbox *mailbox, const char *folder, const char *message_id, bool *found, GError **error)
{
	const ImapSearch search = {.message_id = message_id};
	g_autoptr(GArray) uids = NULL;
	ImapStatus status;

	if (!mailbox_select(mailbox, folder, IMAP_READ_ONLY, &status, error))
		return false;
	uids = imap_search(mailbox_session(mailbox), &search, error);
	*found = uids && uids->len > 0;
	return uids != NULL;
}

/* Yours: the folder; *FOUND: the mail is in it. */
static char *find_folder(Mailbox *mailbox, const char *message_id, bool *found, GError **error)
{
	g_autoptr(GPtrArray) folders = mailbox_list(mailbox, error);
	const char *folder = folders ? sent_folder_choose(folders) : NULL;

	*found = false;
	if (!folders)
		return NULL;
	if (!folder)
		return name_new_folder(mailbox, error);
	return look_for(mailbox, folder, message_id, found, error) ? g_strdup(folder) : NULL;
}

bool sent_folder_add(Mailbox *mailbox, const char *message_id, const void *bytes, size_t size,
	int64_t date, GError **error)
{
	const ImapAppend append = {
		.bytes = bytes,
		.size = size,
		.flags = "\\Seen",
		.date = date,
	};
	bool found = false;
	g_autofree char *folder = find_folder(mailbox, message_id, &found, error);
	g_autofree char *name = NULL;

	if (!folder || found)
		return found;
	name = mailbox_server_name(mailbox, folder, error);
	return name && imap_append(mailbox_session(mailbox), name, &append, NULL, error);
}
