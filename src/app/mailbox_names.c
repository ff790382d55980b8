/* Names of folders: as the mailbox's owner sees them, and as the server calls them where the
 * mailbox lies in another user's namespace. */
#include "app/mailbox_internal.h"

#include <string.h>
#include "base/text.h"
#include "failure/failure.h"

/* Namespaces that are looked into. */
#define NAMESPACE_LIMIT 16

void mailbox_names_clear(Mailbox *mailbox)
{
	g_clear_pointer(&mailbox->root, g_free);
	g_clear_pointer(&mailbox->prefix, g_free);
	g_clear_pointer(&mailbox->inbox, g_free);
	g_clear_pointer(&mailbox->folders, g_ptr_array_unref);
}

/* Whether NAME is ROOT or lies below it. */
static bool is_below(const char *name, const char *root, char delimiter)
{
	size_t length = strlen(root);

	return strncmp(name, root, length) == 0 &&
	       (name[length] == '\0' || (delimiter && name[length] == delimiter));
}

static void add_candidate(GPtrArray *candidates, char *taken)
{
	g_autofree char *name = taken;

	if (*name && !g_ptr_array_find_with_equal_func(candidates, name, g_str_equal, NULL))
		g_ptr_array_add(candidates, g_steal_pointer(&name));
}

/* How a server may call the owner of ADDRESS below a namespace: the address or its local part, as
 * it is written and in small letters; where the dot parts levels, Cyrus writes ^ for it. */
static GPtrArray *list_candidates(const char *address, char delimiter)
{
	g_autofree char *local = g_strndup(address, strcspn(address, "@"));
	const char *owners[] = {address, local};
	GPtrArray *candidates = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
		add_candidate(candidates, g_strdup(owners[i]));
		add_candidate(candidates, g_utf8_strdown(owners[i], -1));
		if (delimiter == '.')
			add_candidate(candidates, g_strdelimit(g_strdup(owners[i]), ".", '^'));
	}
	return candidates;
}

/* What is INBOX to the owner: a folder of that name, else the root itself. */
static void find_inbox(Mailbox *mailbox)
{
	g_autofree char *named = g_strdup_printf("%s%cINBOX", mailbox->root, mailbox->delimiter);

	for (guint i = 0; i < mailbox->folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(mailbox->folders, i);
		bool is_root = strcmp(folder->name, mailbox->root) == 0;

		if (!folder->selectable ||
			(!is_root && g_ascii_strcasecmp(folder->name, named) != 0))
			continue;
		if (!is_root || !mailbox->inbox) {
			g_free(mailbox->inbox);
			mailbox->inbox = g_strdup(folder->name);
		}
	}
}

/* Leaves what lies at or below ROOT: the address may hold a wildcard, and other owners begin alike.
 * Whether any of it can be opened: a server may show the root of a mailbox without a right on it.
 */
static bool keep_below(GPtrArray *folders, const char *root, char delimiter)
{
	bool selectable = false;

	for (guint i = folders->len; i > 0; i--) {
		const ImapFolder *folder = g_ptr_array_index(folders, i - 1);

		if (is_below(folder->name, root, delimiter))
			selectable |= folder->selectable;
		else
			g_ptr_array_remove_index(folders, i - 1);
	}
	return selectable;
}

/* Takes ROOT as the mailbox's if the server has any folder there. */
static bool try_root(Mailbox *mailbox, const char *root, char delimiter, GError **error)
{
	g_autoptr(GPtrArray) folders = imap_list_below(mailbox->session, root, error);

	if (!folders)
		return false;
	if (!keep_below(folders, root, delimiter))
		return true;
	mailbox->root = g_strdup(root);
	mailbox->delimiter = delimiter;
	mailbox->folders = g_steal_pointer(&folders);
	find_inbox(mailbox);
	return true;
}

static bool look_into(
	Mailbox *mailbox, const ImapNamespace *name_space, const char *address, GError **error)
{
	g_autoptr(GPtrArray) candidates = list_candidates(address, name_space->delimiter);

	for (guint i = 0; i < candidates->len && !mailbox->root; i++) {
		g_autofree char *root =
			g_strconcat(name_space->prefix, g_ptr_array_index(candidates, i), NULL);

		if (!try_root(mailbox, root, name_space->delimiter, error))
			return false;
	}
	return true;
}

/* What the names of an owner's folders begin with: as the user's own do. Yours. */
static char *personal_prefix(const GPtrArray *found)
{
	for (guint i = 0; i < found->len; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		if (name_space->kind == NAMESPACE_PERSONAL)
			return g_strdup(name_space->prefix);
	}
	return g_strdup("");
}

bool mailbox_names_find(Mailbox *mailbox, const char *address, GError **error)
{
	g_autoptr(GPtrArray) found = imap_namespaces(mailbox->session, error);

	if (!found)
		return false;
	mailbox->prefix = personal_prefix(found);
	for (guint i = 0; i < MIN(found->len, NAMESPACE_LIMIT) && !mailbox->root; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		if (name_space->kind == NAMESPACE_OTHERS &&
			!look_into(mailbox, name_space, address, error))
			return false;
	}
	return true;
}

/* Removes what lies in other users' namespaces: that is other mailboxes'. */
static bool drop_others(Mailbox *mailbox, GPtrArray *folders, GError **error)
{
	g_autoptr(GPtrArray) found = imap_namespaces(mailbox->session, error);

	for (guint i = 0; found && i < found->len; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		if (name_space->kind != NAMESPACE_OTHERS || !*name_space->prefix)
			continue;
		for (guint j = folders->len; j > 0; j--) {
			const ImapFolder *folder = g_ptr_array_index(folders, j - 1);

			if (g_str_has_prefix(folder->name, name_space->prefix))
				g_ptr_array_remove_index(folders, j - 1);
		}
	}
	return found != NULL;
}

/* Gives the folders below the root the names that their owner knows. */
static GPtrArray *rename_all(Mailbox *mailbox, GPtrArray *folders)
{
	size_t skip = strlen(mailbox->root) + 1;

	for (guint i = folders->len; i > 0; i--) {
		ImapFolder *folder = g_ptr_array_index(folders, i - 1);
		char *name = NULL;

		if (g_strcmp0(folder->name, mailbox->inbox) == 0)
			name = g_strdup("INBOX");
		else if (strlen(folder->name) >= skip)
			name = g_strconcat(mailbox->prefix, folder->name + skip, NULL);
		if (!name) {
			g_ptr_array_remove_index(folders, i - 1);
			continue;
		}
		g_free(folder->name);
		folder->name = name;
	}
	return folders;
}

GPtrArray *mailbox_list(Mailbox *mailbox, GError **error)
{
	g_autoptr(GPtrArray) folders = NULL;

	if (mailbox->folders)
		return rename_all(mailbox, g_steal_pointer(&mailbox->folders));
	folders = mailbox->root ? imap_list_below(mailbox->session, mailbox->root, error)
				: imap_list(mailbox->session, error);
	if (!folders || (!mailbox->root && !drop_others(mailbox, folders, error)))
		return NULL;
	return mailbox->root ? rename_all(mailbox, g_steal_pointer(&folders))
			     : g_steal_pointer(&folders);
}

char *mailbox_server_name(const Mailbox *mailbox, const char *folder)
{
	if (!mailbox->root)
		return g_strdup(folder);
	if (mailbox->inbox && g_ascii_strcasecmp(folder, "INBOX") == 0)
		return g_strdup(mailbox->inbox);
	/* Whatever the name, it stays below the root. */
	if (g_str_has_prefix(folder, mailbox->prefix))
		folder += strlen(mailbox->prefix);
	return g_strdup_printf("%s%c%s", mailbox->root, mailbox->delimiter, folder);
}

bool mailbox_select(
	Mailbox *mailbox, const char *folder, ImapAccess access, ImapStatus *status, GError **error)
{
	g_autofree char *name = mailbox_server_name(mailbox, folder);
	g_autoptr(GError) problem = NULL;

	if (imap_select(mailbox->session, name, access, status, &problem))
		return true;
	/* People know the folder by its owner's name for it. */
	failure_set(error, failure_of(problem),
		g_strcmp0(failure_subject(problem), name) == 0 ? folder : failure_subject(problem),
		"%s", problem->message);
	return false;
}

bool mailbox_status_many(
	Mailbox *mailbox, const GPtrArray *folders, ImapStatus *statuses, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < folders->len; i++)
		g_ptr_array_add(names, mailbox_server_name(mailbox, g_ptr_array_index(folders, i)));
	return folders->len == 0 ||
	       imap_status_many(mailbox->session, (const char *const *)names->pdata, names->len,
		       statuses, error);
}
