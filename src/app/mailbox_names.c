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
	g_clear_pointer(&mailbox->names, g_hash_table_unref);
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

/* How a server may call OWNER below a namespace: as it is written and in small letters. A name that
 * holds the delimiter would lead to a folder of somebody else; where the dot parts levels, Cyrus
 * writes ^ for it in a name. */
static GPtrArray *list_candidates(const char *owner, char delimiter)
{
	GPtrArray *candidates = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = g_strdup(owner);

	if (delimiter == '.')
		g_strdelimit(name, ".", '^');
	if (delimiter && strchr(name, delimiter))
		return candidates;
	add_candidate(candidates, g_strdup(name));
	add_candidate(candidates, text_fold_address(name));
	return candidates;
}

/* What is INBOX to the owner: the root itself; only where that cannot be selected, a folder of this
 * name below it, best in capitals. */
static void find_inbox(Mailbox *mailbox, const GPtrArray *folders)
{
	g_autofree char *named = g_strdup_printf("%s%cINBOX", mailbox->root, mailbox->delimiter);
	const char *inbox = NULL;

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (!folder->selectable)
			continue;
		if (strcmp(folder->name, mailbox->root) == 0) {
			inbox = folder->name;
			break;
		}
		if (mailbox->delimiter && g_ascii_strcasecmp(folder->name, named) == 0 &&
			(!inbox || strcmp(folder->name, named) == 0))
			inbox = folder->name;
	}
	g_free(mailbox->inbox);
	mailbox->inbox = g_strdup(inbox);
}

static bool is_same_folder(const ImapStatus *one, const ImapStatus *other)
{
	return one->uid_validity && one->uid_validity == other->uid_validity && one->uid_next &&
	       one->uid_next == other->uid_next && one->messages == other->messages &&
	       one->unseen == other->unseen;
}

/* Dovecot lists the inbox twice, as the root and as INBOX below it, and opens it by both names.
 * Leaves out the second where both are alike to the last number. */
static bool drop_alias(Mailbox *mailbox, GPtrArray *folders, GError **error)
{
	g_autofree char *named = g_strdup_printf("%s%cINBOX", mailbox->root, mailbox->delimiter);
	const char *names[] = {mailbox->root, named};
	ImapStatus statuses[G_N_ELEMENTS(names)];

	if (!mailbox->delimiter || g_strcmp0(mailbox->inbox, mailbox->root) != 0)
		return true;
	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (!folder->selectable || strcmp(folder->name, named) != 0)
			continue;
		if (!imap_status_many(
			    mailbox->session, names, G_N_ELEMENTS(names), statuses, error))
			return false;
		if (is_same_folder(&statuses[0], &statuses[1]))
			g_ptr_array_remove_index(folders, i);
		break;
	}
	return true;
}

/* Leaves what lies at or below ROOT: the address may hold a wildcard, and other owners begin alike.
 * "ROOT/", which some list too, is no folder. Whether any of it can be opened: a server may show
 * the root of a mailbox without a right on it. */
static bool keep_below(GPtrArray *folders, const char *root, char delimiter)
{
	size_t length = strlen(root);
	bool selectable = false;

	for (guint i = folders->len; i > 0; i--) {
		const ImapFolder *folder = g_ptr_array_index(folders, i - 1);

		if (is_below(folder->name, root, delimiter) &&
			(!folder->name[length] || folder->name[length + 1]))
			selectable |= folder->selectable;
		else
			g_ptr_array_remove_index(folders, i - 1);
	}
	return selectable;
}

static bool is_inbox(const char *name)
{
	return g_ascii_strcasecmp(name, "INBOX") == 0;
}

/* The owner's name for FOLDER, yours; NULL: it has none of its own, being the root of others. */
static char *owner_name(const Mailbox *mailbox, const ImapFolder *folder)
{
	size_t length = strlen(mailbox->root);

	if (g_strcmp0(folder->name, mailbox->inbox) == 0)
		return g_strdup("INBOX");
	return folder->name[length] ? g_strconcat(mailbox->prefix, folder->name + length + 1, NULL)
				    : NULL;
}

/* Yours: NAME, which is taken, as none of TAKEN. */
static char *make_unique(const char *name, GHashTable *taken)
{
	for (guint number = 2;; number++) {
		g_autofree char *unique = g_strdup_printf("%s (%u)", name, number);

		if (!g_hash_table_contains(taken, unique))
			return g_steal_pointer(&unique);
	}
}

/* Gives the folders below the root the names that their owner knows; those that would be called
 * INBOX beside the one that is get a number. */
static bool rename_all(Mailbox *mailbox, GPtrArray *folders, GError **error)
{
	g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) doubles = g_ptr_array_new();

	find_inbox(mailbox, folders);
	if (!drop_alias(mailbox, folders, error))
		return false;
	g_hash_table_remove_all(mailbox->names);
	for (guint i = folders->len; i > 0; i--) {
		ImapFolder *folder = g_ptr_array_index(folders, i - 1);
		g_autofree char *name = owner_name(mailbox, folder);

		if (!name) {
			g_ptr_array_remove_index(folders, i - 1);
		} else if (is_inbox(name) && g_strcmp0(folder->name, mailbox->inbox) != 0) {
			g_ptr_array_insert(doubles, 0, folder);
		} else {
			g_free(folder->name);
			folder->name = g_steal_pointer(&name);
			g_hash_table_add(taken, g_strdup(folder->name));
		}
	}
	for (guint i = 0; i < doubles->len; i++) {
		ImapFolder *folder = g_ptr_array_index(doubles, i);
		g_autofree char *name = owner_name(mailbox, folder);
		char *unique = make_unique(name, taken);

		g_hash_table_add(taken, g_strdup(unique));
		g_hash_table_insert(mailbox->names, g_strdup(unique), folder->name);
		folder->name = unique;
	}
	return true;
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
	mailbox->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!rename_all(mailbox, folders, error))
		return false;
	mailbox->folders = g_steal_pointer(&folders);
	return true;
}

static bool look_into(
	Mailbox *mailbox, const ImapNamespace *name_space, const char *owner, GError **error)
{
	g_autoptr(GPtrArray) candidates = list_candidates(owner, name_space->delimiter);

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

/* Looks for OWNER in all namespaces of other users. */
static bool look_for(Mailbox *mailbox, const GPtrArray *found, const char *owner, GError **error)
{
	for (guint i = 0; i < MIN(found->len, NAMESPACE_LIMIT) && !mailbox->root; i++) {
		const ImapNamespace *name_space = g_ptr_array_index(found, i);

		if (name_space->kind == NAMESPACE_OTHERS &&
			!look_into(mailbox, name_space, owner, error))
			return false;
	}
	return true;
}

/* Yours; the whole where there is no domain. */
static char *local_part(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? g_strndup(address, (gsize)(at - address)) : g_strdup(address);
}

static bool has_local_part(const char *address, const char *local)
{
	g_autofree char *other = local_part(address);

	return text_is_same(other, local);
}

/* Whether LOCAL, ADDRESS's local part, names its owner among people of one domain: a server that
 * calls people so has one domain, and whose name is the user's own or another mailbox's is not. */
static bool tells_owner(const Account *account, const char *address, const char *local)
{
	const char *domain = strrchr(address, '@');

	if (!domain || !text_is_same(domain, strrchr(account->address, '@')) ||
		has_local_part(account->address, local) ||
		(account->imap.username && has_local_part(account->imap.username, local)))
		return false;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		const char *other = g_ptr_array_index(account->mailboxes, i);

		if (!text_is_same(other, address) && has_local_part(other, local))
			return false;
	}
	return true;
}

bool mailbox_names_find(
	Mailbox *mailbox, const Account *account, const char *address, GError **error)
{
	g_autoptr(GPtrArray) found = imap_namespaces(mailbox->session, error);
	g_autofree char *local = local_part(address);

	if (!found)
		return false;
	mailbox->prefix = personal_prefix(found);
	return look_for(mailbox, found, address, error) &&
	       (mailbox->root || !tells_owner(account, address, local) ||
		       look_for(mailbox, found, local, error));
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

GPtrArray *mailbox_list(Mailbox *mailbox, GError **error)
{
	g_autoptr(GPtrArray) folders = g_steal_pointer(&mailbox->folders);

	if (folders)
		return g_steal_pointer(&folders);
	folders = mailbox->root ? imap_list_below(mailbox->session, mailbox->root, error)
				: imap_list(mailbox->session, error);
	if (!folders || (!mailbox->root && !drop_others(mailbox, folders, error)))
		return NULL;
	if (mailbox->root) {
		keep_below(folders, mailbox->root, mailbox->delimiter);
		if (!rename_all(mailbox, folders, error))
			return NULL;
	}
	return g_steal_pointer(&folders);
}

char *mailbox_server_name(const Mailbox *mailbox, const char *folder, GError **error)
{
	g_autofree char *message = NULL;
	const char *name = folder;
	const char *known;

	if (!mailbox->root)
		return g_strdup(folder);
	known = g_hash_table_lookup(mailbox->names, folder);
	if (!known && is_inbox(folder))
		known = mailbox->inbox;
	if (known)
		return g_strdup(known);
	if (g_str_has_prefix(folder, mailbox->prefix))
		name += strlen(mailbox->prefix);
	/* Whatever the name, it stays below the root, and the root has one name alone. */
	if (*name && mailbox->delimiter)
		return g_strdup_printf("%s%c%s", mailbox->root, mailbox->delimiter, name);
	message = g_strdup_printf("%s: nothing of this name below %s", folder, mailbox->root);
	mailbox_miss_folder(error, mailbox->address, folder, message);
	return NULL;
}

bool mailbox_select(
	Mailbox *mailbox, const char *folder, ImapAccess access, ImapStatus *status, GError **error)
{
	g_autofree char *name = mailbox_server_name(mailbox, folder, error);
	g_autoptr(GError) problem = NULL;

	if (!name)
		return false;
	if (imap_select(mailbox->session, name, access, status, &problem))
		return true;
	/* People know the folder by its owner's name for it. */
	if (failure_is(problem, FAILURE_FOLDER_UNKNOWN))
		mailbox_miss_folder(error, mailbox->address, folder, problem->message);
	else
		failure_set(error, failure_of(problem),
			g_strcmp0(failure_subject(problem), name) == 0 ? folder
								       : failure_subject(problem),
			"%s", problem->message);
	return false;
}

bool mailbox_status_many(
	Mailbox *mailbox, const GPtrArray *folders, ImapStatus *statuses, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < folders->len; i++) {
		char *name = mailbox_server_name(mailbox, g_ptr_array_index(folders, i), error);

		if (!name)
			return false;
		g_ptr_array_add(names, name);
	}
	return folders->len == 0 ||
	       imap_status_many(mailbox->session, (const char *const *)names->pdata, names->len,
		       statuses, error);
}
