/* Folders of the main mailbox. */
#include "app/folders.h"

#include <string.h>
#include "app/sign_in.h"
#include "base/text.h"
#include "failure/failure.h"

void folder_view_free(FolderView *view)
{
	if (!view)
		return;
	g_free(view->mailbox);
	g_free(view->name);
	g_free(view->hidden_by);
	g_free(view);
}

static bool same_address(const char *one, const char *other)
{
	g_autofree char *first = text_fold(one);
	g_autofree char *second = text_fold(other);

	return strcmp(first, second) == 0;
}

bool folders_check_mailbox(const Account *account, const char *mailbox, GError **error)
{
	if (!mailbox || !account->address || same_address(mailbox, account->address))
		return true;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		if (!same_address(mailbox, g_ptr_array_index(account->mailboxes, i)))
			continue;
		failure_set(error, FAILURE_SHARED_NOT_YET, mailbox, "%s: shared mailbox", mailbox);
		return false;
	}
	failure_set(error, FAILURE_MAILBOX_UNKNOWN, mailbox, "%s: not a mailbox of %s", mailbox,
		account->user_name);
	return false;
}

/* Asks for the number of mails where LIST did not tell it. */
static bool count_messages(ImapSession *session, GPtrArray *folders, GError **error)
{
	g_autoptr(GPtrArray) unknown = g_ptr_array_new();
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree ImapStatus *statuses = NULL;

	for (guint i = 0; i < folders->len; i++) {
		ImapFolder *folder = g_ptr_array_index(folders, i);

		if (folder->selectable && folder->messages < 0) {
			g_ptr_array_add(unknown, folder);
			g_ptr_array_add(names, folder->name);
		}
	}
	statuses = g_new0(ImapStatus, names->len + 1);
	if (names->len > 0 && !imap_status_many(session, (const char *const *)names->pdata,
				      names->len, statuses, error))
		return false;
	for (guint i = 0; i < unknown->len; i++) {
		ImapFolder *folder = g_ptr_array_index(unknown, i);

		folder->messages = statuses[i].uid_validity ? (int64_t)statuses[i].messages : -1;
	}
	return true;
}

static FolderView *make_view(const Account *account, const HiddenRules *rules,
	const ImapFolder *folder, GPtrArray *folders)
{
	FolderView *view = g_new0(FolderView, 1);
	const char *entry = hidden_rules_match_mailbox(rules, account->address);

	view->mailbox = g_strdup(account->address);
	view->name = g_strdup(folder->name);
	view->role = imap_role_name(folder->role);
	view->messages = folder->messages;
	view->hidden_by = g_strdup(entry ? entry : hidden_rules_match(rules, folder, folders));
	return view;
}

/* INBOX first, the others by name. */
static int compare_views(const void *left, const void *right)
{
	const FolderView *one = *(FolderView *const *)left;
	const FolderView *other = *(FolderView *const *)right;
	bool one_inbox = g_ascii_strcasecmp(one->name, "INBOX") == 0;
	bool other_inbox = g_ascii_strcasecmp(other->name, "INBOX") == 0;

	if (one_inbox != other_inbox)
		return one_inbox ? -1 : 1;
	return g_utf8_collate(one->name, other->name);
}

GPtrArray *folders_list(Office *office, const char *user, const char *mailbox, bool all,
	const Cancel *cancel, GError **error)
{
	g_autoptr(GPtrArray) views =
		g_ptr_array_new_with_free_func((GDestroyNotify)folder_view_free);
	g_autoptr(Account) account = sign_in_account(office, user, error);
	g_autoptr(ImapSession) session = NULL;
	g_autoptr(GPtrArray) folders = NULL;
	g_autoptr(HiddenRules) rules = NULL;

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		!folders_check_mailbox(account, mailbox, error))
		return NULL;
	session = sign_in_imap(office, account, cancel, error);
	folders = session ? imap_list(session, error) : NULL;
	if (!folders || !count_messages(session, folders, error))
		return NULL;
	rules = hidden_rules_new(account);
	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);
		FolderView *view = make_view(account, rules, folder, folders);

		if (folder->selectable && (all || !view->hidden_by))
			g_ptr_array_add(views, view);
		else
			folder_view_free(view);
	}
	g_ptr_array_sort(views, compare_views);
	return g_steal_pointer(&views);
}
