/* Folders of one mailbox, or of all. */
#include "app/folders.h"

#include <string.h>
#include "app/mail_pool.h"
#include "app/mailbox.h"
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

void folder_list_clear(FolderList *list)
{
	g_clear_pointer(&list->views, g_ptr_array_unref);
	g_clear_pointer(&list->problems, g_ptr_array_unref);
	g_clear_pointer(&list->unmatched, g_ptr_array_unref);
	g_clear_pointer(&list->failed, g_free);
}

/* Asks for the number of mails where LIST did not tell it. */
static bool count_messages(Mailbox *mailbox, GPtrArray *folders, GError **error)
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
	if (!mailbox_status_many(mailbox, names, statuses, error))
		return false;
	for (guint i = 0; i < unknown->len; i++) {
		ImapFolder *folder = g_ptr_array_index(unknown, i);

		folder->messages = statuses[i].uid_validity ? (int64_t)statuses[i].messages : -1;
		folder->unseen = statuses[i].uid_validity ? (int64_t)statuses[i].unseen : -1;
	}
	return true;
}

static FolderView *make_view(const char *address, const HiddenRules *rules,
	const ImapFolder *folder, const GPtrArray *marked)
{
	FolderView *view = g_new0(FolderView, 1);
	const char *entry = hidden_rules_match_mailbox(rules, address);

	view->mailbox = g_strdup(address);
	view->name = g_strdup(folder->name);
	view->delimiter = folder->delimiter;
	view->role = imap_role_name(folder->role);
	view->messages = folder->messages;
	view->unseen = folder->unseen;
	view->whole = entry != NULL;
	view->hidden_by = g_strdup(entry ? entry : hidden_rules_match(rules, folder, marked));
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

/* One listing. */
typedef struct Listing {
	Office *office;
	const Account *account;
	HiddenRules *rules;
	bool all;
	const Cancel *cancel;
	FolderList *list;
} Listing;

/* Those of ALL that LIST has room for, borrowed; INBOX is among them. */
static GPtrArray *choose_folders(FolderList *list, const GPtrArray *all)
{
	guint count = list->limit ? MIN(all->len, list->limit) : all->len;
	GPtrArray *chosen = g_ptr_array_sized_new(count);

	for (guint i = 0; i < count; i++)
		g_ptr_array_add(chosen, all->pdata[i]);
	for (guint i = count; i < all->len; i++) {
		const ImapFolder *folder = all->pdata[i];

		if (g_ascii_strcasecmp(folder->name, "INBOX") == 0)
			chosen->pdata[count - 1] = all->pdata[i];
	}
	list->is_cut |= count < all->len;
	return chosen;
}

/* Adds what MAILBOX, opened at ADDRESS, has. */
static bool add_folders(Listing *listing, Mailbox *mailbox, const char *address, GError **error)
{
	g_autoptr(GPtrArray) views =
		g_ptr_array_new_with_free_func((GDestroyNotify)folder_view_free);
	g_autoptr(GPtrArray) all = mailbox_list(mailbox, error);
	g_autoptr(GPtrArray) folders = all ? choose_folders(listing->list, all) : NULL;
	g_autoptr(GPtrArray) marked = NULL;
	guint hidden = 0;

	if (!folders || !count_messages(mailbox, folders, error))
		return false;
	marked = hidden_list_marked(folders);
	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);
		FolderView *view = make_view(address, listing->rules, folder, marked);

		hidden_rules_note(listing->rules, folder, marked);
		if (folder->selectable && (listing->all || !view->hidden_by)) {
			g_ptr_array_add(views, view);
		} else {
			hidden += folder->selectable ? 1 : 0;
			folder_view_free(view);
		}
	}
	listing->list->hidden += hidden;
	g_ptr_array_sort(views, compare_views);
	g_ptr_array_extend_and_steal(listing->list->views, g_steal_pointer(&views));
	return true;
}

static bool list_one(Listing *listing, const char *address, GError **error)
{
	Mailbox *mailbox =
		mail_pool_take(listing->office, listing->account, address, listing->cancel, error);
	bool listed = mailbox && add_folders(listing, mailbox, address, error);

	mail_pool_give(listing->office, listing->account, mailbox);
	return listed;
}

/* Notes that the mailbox ADDRESS cannot be listed, if that is no matter of the others. */
static bool note_problem(FolderList *list, const char *address, const GError *problem)
{
	g_autofree char *before = g_steal_pointer(&list->failed);
	g_autofree char *sentence = NULL;

	if (!mailbox_is_refused(problem)) {
		list->failed = g_steal_pointer(&before);
		return false;
	}
	sentence = failure_sentence(problem);
	g_ptr_array_add(list->problems, g_strdup_printf("%s: %s", address, sentence));
	list->failed = g_strconcat(before ? before : "", before ? ", " : "", address, NULL);
	return true;
}

/* A further mailbox; that it does not open is only noted. */
static bool list_further(Listing *listing, const char *address, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (!listing->all && hidden_rules_match_mailbox(listing->rules, address)) {
		listing->list->hidden_mailboxes++;
		return true;
	}
	if (list_one(listing, address, &problem) || note_problem(listing->list, address, problem))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool list_all(Listing *listing, GError **error)
{
	const Account *account = listing->account;

	if (!list_one(listing, account->address, error))
		return false;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		const char *address = g_ptr_array_index(account->mailboxes, i);

		if (account_find_mailbox(account, address) == address &&
			!list_further(listing, address, error))
			return false;
	}
	return true;
}

/* Which entries of the user's own list are perhaps mistyped: that shows once all was looked at. */
static void note_unmatched(const Listing *listing)
{
	g_autoptr(GPtrArray) entries = NULL;

	if (!listing->all || listing->list->failed || listing->account->hidden_standard)
		return;
	entries = hidden_rules_unmatched(listing->rules, listing->account);
	listing->list->unmatched = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < entries->len; i++)
		g_ptr_array_add(listing->list->unmatched, g_strdup(g_ptr_array_index(entries, i)));
}

bool folders_list(Office *office, const char *user, const char *mailbox, bool all,
	const Cancel *cancel, FolderList *list, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, user, error);
	g_autoptr(HiddenRules) rules = NULL;
	const char *address = NULL;
	Listing listing = {
		.office = office,
		.account = account,
		.all = all,
		.cancel = cancel,
		.list = list,
	};

	if (!account || !settings_require(account, MAIL_PROTOCOL_IMAP, error) ||
		(mailbox && !(address = mailbox_find(account, mailbox, error))))
		return false;
	list->views = g_ptr_array_new_with_free_func((GDestroyNotify)folder_view_free);
	list->problems = g_ptr_array_new_with_free_func(g_free);
	rules = hidden_rules_new(account);
	listing.rules = rules;
	if (address)
		return list_one(&listing, address, error);
	if (!list_all(&listing, error))
		return false;
	note_unmatched(&listing);
	return true;
}
