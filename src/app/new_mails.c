/* STATUS of all shown folders in one round trip, against the archive's cursors; where something is
 * above the cursor, a search tells how much. */
#include "app/new_mails.h"

#include "app/folder_key.h"
#include "app/hidden.h"
#include "app/mail_pool.h"
#include "app/mailbox.h"
#include "app/sent_folder.h"
#include "app/sign_in.h"
#include "failure/failure.h"

/* Milliseconds for all of it. */
#define LOOK_TIME 8000
/* Searches in one mailbox; what is above stays an estimate. */
#define SEARCHES 10

static void folder_free(NewMailsFolder *folder)
{
	g_free(folder->mailbox);
	g_free(folder->folder);
	g_free(folder);
}

void new_mails_clear(NewMails *mails)
{
	g_clear_pointer(&mails->folders, g_ptr_array_unref);
	g_clear_pointer(&mails->problems, g_ptr_array_unref);
}

/* One look at all mailboxes. */
typedef struct Look {
	Office *office;
	Archive *archive;
	Account *account;
	char *server;
	HiddenRules *rules;
	const Cancel *cancel;
	NewMails *mails;
	const char *address; /* of the mailbox at hand */
	Mailbox *mailbox;
	unsigned searches; /* in that mailbox */
} Look;

static void look_clear(Look *look)
{
	account_free(look->account);
	hidden_rules_free(look->rules);
	g_free(look->server);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

/* ---- one folder ---- */

/* The archive's row for it, id 0: none, or of another UIDVALIDITY. */
static bool find_row(const Look *look, const char *name, const ImapStatus *status,
	ArchiveFolder *row, GError **error)
{
	*row = folder_key_make(look->account, look->server, look->address, name, 0);
	if (!archive_folder_open(look->archive, row, error))
		return false;
	if (row->uid_validity != status->uid_validity) {
		row->id = 0;
		row->cursor = 0;
	}
	return true;
}

/* How many of the ascending UIDS are above CURSOR and not among the ascending DONE. */
static uint64_t count_open(const GArray *uids, uint32_t cursor, const GArray *done)
{
	uint64_t count = 0;
	guint at = 0;

	for (guint i = 0; i < uids->len; i++) {
		uint32_t uid = g_array_index(uids, uint32_t, i);

		while (at < done->len && g_array_index(done, uint32_t, at) < uid)
			at++;
		if (uid > cursor && (at == done->len || g_array_index(done, uint32_t, at) != uid))
			count++;
	}
	return count;
}

/* Exactly: mails may have been deleted on the server, or picked by hand. */
static bool count_exactly(Look *look, const ArchiveFolder *row, uint64_t *count, GError **error)
{
	g_autofree char *set = g_strdup_printf("%u:*", row->cursor + 1);
	g_autoptr(GArray) done = archive_folder_done(look->archive, row, error);
	g_autoptr(GArray) found = NULL;
	ImapStatus status;

	if (!done || !mailbox_select(look->mailbox, row->name, IMAP_READ_ONLY, &status, error))
		return false;
	found = imap_search(mailbox_session(look->mailbox), &(ImapSearch){.uid_set = set}, error);
	if (found)
		*count = count_open(found, row->cursor, done);
	return found != NULL;
}

static bool count_folder(
	Look *look, const char *name, const ImapStatus *status, uint64_t *count, GError **error)
{
	ArchiveFolder row;

	*count = 0;
	if (!status->uid_validity || !status->uid_next || status->messages == 0)
		return true;
	if (!find_row(look, name, status, &row, error))
		return false;
	if (status->uid_next - 1 <= row.cursor)
		return true;
	*count = MIN(status->messages, status->uid_next - 1 - row.cursor);
	if (row.id == 0 || look->searches >= SEARCHES)
		return true;
	look->searches++;
	return count_exactly(look, &row, count, error);
}

/* ---- one mailbox ---- */

/* What one sent oneself is no news. */
static GPtrArray *shown_names(const Look *look, const GPtrArray *folders)
{
	g_autoptr(GPtrArray) marked = hidden_list_marked(folders);
	const char *sent = sent_folder_choose(folders);
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (folder->selectable && folder->name != sent &&
			!hidden_rules_match(look->rules, folder, marked))
			g_ptr_array_add(names, folder->name);
	}
	return names;
}

static void add_folder(Look *look, const char *name, uint64_t count)
{
	NewMailsFolder *folder;

	if (count == 0)
		return;
	folder = g_new0(NewMailsFolder, 1);
	folder->mailbox = g_strdup(look->address);
	folder->folder = g_strdup(name);
	folder->count = count;
	g_ptr_array_add(look->mails->folders, folder);
}

static bool look_into(Look *look, GError **error)
{
	g_autoptr(GPtrArray) folders = mailbox_list(look->mailbox, error);
	g_autoptr(GPtrArray) names = folders ? shown_names(look, folders) : NULL;
	g_autofree ImapStatus *statuses = NULL;

	if (!names)
		return false;
	statuses = g_new0(ImapStatus, names->len + 1);
	if (!mailbox_status_many(look->mailbox, names, statuses, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		uint64_t count;

		if (!count_folder(look, name, &statuses[i], &count, error))
			return false;
		add_folder(look, name, count);
	}
	return true;
}

static bool look_at(Look *look, const char *address, GError **error)
{
	bool done;

	look->address = address;
	look->searches = 0;
	look->mailbox = mail_pool_take(look->office, look->account, address, look->cancel, error);
	if (!look->mailbox)
		return false;
	done = look_into(look, error);
	mail_pool_give(look->office, look->account, g_steal_pointer(&look->mailbox));
	return done;
}

/* ---- all ---- */

/* Whether the other mailboxes can be looked at after PROBLEM with ADDRESS, which is told. */
static bool tell_problem(Look *look, const char *address, const GError *problem)
{
	g_autofree char *sentence = failure_sentence(problem);
	bool of_mailbox = mailbox_is_refused(problem);

	/* The time is over, or nobody reads it any more. */
	if (cancel_triggered(look->cancel)) {
		look->mails->is_cut = true;
		return false;
	}
	look->mails->wants_sign_in |= sign_in_helps(problem);
	g_ptr_array_add(
		look->mails->problems, of_mailbox ? g_strdup_printf("%s: %s", address, sentence)
						  : g_steal_pointer(&sentence));
	return of_mailbox;
}

static void look_everywhere(Look *look)
{
	const Account *account = look->account;

	for (guint i = 0; i <= account->mailboxes->len; i++) {
		const char *address =
			i == 0 ? account->address : g_ptr_array_index(account->mailboxes, i - 1);
		g_autoptr(GError) problem = NULL;

		if ((i > 0 && account_find_mailbox(account, address) != address) ||
			hidden_rules_match_mailbox(look->rules, address))
			continue;
		if (!look_at(look, address, &problem) && !tell_problem(look, address, problem))
			return;
	}
}

bool new_mails_look(
	Office *office, const char *user, const Cancel *cancel, NewMails *mails, GError **error)
{
	g_autoptr(Cancel) limit = cancel_new_within(cancel, LOOK_TIME);
	g_auto(Look) look = {.office = office, .cancel = limit, .mails = mails};

	look.account = sign_in_account(office, user, error);
	if (!look.account || !settings_require(look.account, MAIL_PROTOCOL_IMAP, error))
		return false;
	look.archive = office_archive(office, error);
	if (!look.archive)
		return false;
	look.server = folder_key_server(look.account);
	look.rules = hidden_rules_new(look.account);
	mails->folders = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
	mails->problems = g_ptr_array_new_with_free_func(g_free);
	look_everywhere(&look);
	return true;
}
