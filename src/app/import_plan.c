/* Which UIDs of a folder are to be fetched: cursor rules, picks by hand, mails since a day. */
#include "app/import_internal.h"

#include <string.h>
#include "base/i18n.h"
#include "failure/failure.h"

/* UIDs of one search: a command line of less than 8,000 bytes, whatever they are. */
#define SEARCH_UIDS 700

void import_plan_free(ImportPlan *plan)
{
	if (!plan)
		return;
	g_clear_pointer(&plan->uids, g_array_unref);
	g_clear_pointer(&plan->known, g_array_unref);
	g_free(plan->handed);
	g_free(plan);
}

static uint32_t uid_at(const GArray *uids, size_t index)
{
	return g_array_index(uids, uint32_t, index);
}

size_t import_uid_index(const GArray *uids, uint32_t uid)
{
	size_t low = 0;
	size_t high = uids->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uid_at(uids, middle) < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool contains(const GArray *uids, uint32_t uid)
{
	size_t index = import_uid_index(uids, uid);

	return index < uids->len && uid_at(uids, index) == uid;
}

bool import_plan_hand(ImportPlan *plan, uint32_t uid)
{
	size_t index = import_uid_index(plan->uids, uid);

	if (index >= plan->uids->len || uid_at(plan->uids, index) != uid || plan->handed[index])
		return false;
	plan->handed[index] = true;
	plan->handed_count++;
	while (plan->first_open < plan->uids->len && plan->handed[plan->first_open])
		plan->first_open++;
	return true;
}

GArray *import_find_uids(ImportRun *run, const GArray *uids, GError **error)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (guint start = 0; start < uids->len; start += SEARCH_UIDS) {
		g_autofree char *set = imap_uid_set_format(
			&g_array_index(uids, uint32_t, start), MIN(uids->len - start, SEARCH_UIDS));
		g_autoptr(GArray) found =
			imap_search(import_session(run), &(ImapSearch){.uid_set = set}, error);

		if (!found)
			return NULL;
		g_array_append_vals(all, found->data, found->len);
	}
	return g_steal_pointer(&all);
}

GArray *import_plan_remaining(const ImportPlan *plan, size_t limit)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (size_t i = plan->first_open; i < plan->uids->len && open->len < limit; i++) {
		if (!plan->handed[i])
			g_array_append_vals(open, &g_array_index(plan->uids, uint32_t, i), 1);
	}
	return open;
}

/* Leaves out what is on file already and counts it as known. With a case number all stay in: filing
 * them again is what fills the case. */
static bool drop_filed(ImportRun *run, ImportPlan *plan, GArray *found, GError **error)
{
	g_autofree bool *filed = g_new0(bool, found->len + 1);

	if (!run->request->case_number &&
		!archive_folder_filed(run->archive, &plan->folder,
			(const uint32_t *)(void *)found->data, found->len, filed, error))
		return false;
	for (guint i = 0; i < found->len; i++) {
		if (filed[i])
			run->result->known++;
		else
			g_array_append_vals(plan->uids, &g_array_index(found, uint32_t, i), 1);
	}
	return true;
}

static void list_gone(ImportRun *run, const ImportPlan *plan, uint32_t uid)
{
	import_add_error(run, &(ImportMiss){
				      .mailbox = plan->folder.mailbox,
				      .folder = plan->folder.name,
				      .uid = uid,
				      .uid_validity = plan->folder.uid_validity,
				      .gone = true,
				      .reason = _("Diese E-Mail gibt es im Ordner nicht (mehr)."),
			      });
}

/* Picked by hand: what the server does not have is listed, and tried no more. */
static bool plan_picked(ImportRun *run, ImportPlan *plan, GError **error)
{
	const GArray *picked = run->uids;
	g_autoptr(GArray) retries = archive_folder_retries(run->archive, &plan->folder, error);
	g_autoptr(GArray) found = retries ? import_find_uids(run, picked, error) : NULL;

	if (!found)
		return false;
	for (guint i = 0; i < picked->len; i++) {
		uint32_t uid = uid_at(picked, i);

		if (contains(found, uid))
			continue;
		list_gone(run, plan, uid);
		if (contains(retries, uid) &&
			!archive_folder_forget(run->archive, &plan->folder, uid, error))
			return false;
	}
	return drop_filed(run, plan, found, error);
}

static bool plan_since(ImportRun *run, ImportPlan *plan, GError **error)
{
	g_autoptr(GArray) found = imap_search(
		import_session(run), &(ImapSearch){.since = run->request->since}, error);

	return found && drop_filed(run, plan, found, error);
}

/* All UIDs behind the cursor; "n:*" always names the last mail too, which may lie before it. */
static GArray *find_new(ImportRun *run, const ImportPlan *plan, GError **error)
{
	uint32_t cursor = plan->folder.cursor;
	g_autofree char *set = g_strdup_printf("%u:*", cursor + 1);
	g_autoptr(GArray) found = NULL;

	if (cursor == UINT32_MAX)
		return g_array_new(FALSE, FALSE, sizeof(uint32_t));
	found = imap_search(import_session(run), &(ImapSearch){.uid_set = set}, error);
	if (found)
		g_array_remove_range(found, 0, (guint)import_uid_index(found, cursor + 1));
	return g_steal_pointer(&found);
}

/* Retries that the server no longer has are over. */
static bool forget_gone_retries(ImportRun *run, ImportPlan *plan, const GArray *retries,
	const GArray *found, GError **error)
{
	for (guint i = 0; i < retries->len; i++) {
		uint32_t uid = uid_at(retries, i);

		if (!contains(found, uid) &&
			!archive_folder_forget(run->archive, &plan->folder, uid, error))
			return false;
	}
	return true;
}

/* Retries that are still there, then what is behind the cursor and not done already. What is done
 * needs no fetching to get a case number. */
static void add_open(ImportRun *run, ImportPlan *plan, const GArray *retries, const GArray *found,
	const GArray *done)
{
	g_array_append_vals(plan->uids, retries->data,
		(guint)import_uid_index(retries, plan->folder.cursor + 1));
	for (guint i = 0; i < found->len; i++) {
		uint32_t uid = uid_at(found, i);

		if (contains(done, uid) && !contains(retries, uid) && run->request->case_number)
			g_array_append_val(plan->known, uid);
		else if (contains(done, uid) && !contains(retries, uid))
			run->result->known++;
		else
			g_array_append_val(plan->uids, uid);
	}
}

/* The whole folder: nothing is asked of the server where its next UID shows that nothing is new.
 * The cursor goes as far as mails were found: a server's word about its next UID is not enough. */
static bool plan_whole(ImportRun *run, ImportPlan *plan, const ImapStatus *status, GError **error)
{
	uint32_t cursor = plan->folder.cursor;
	g_autoptr(GArray) retries = archive_folder_retries(run->archive, &plan->folder, error);
	g_autoptr(GArray) done = NULL;
	g_autoptr(GArray) again = NULL;
	g_autoptr(GArray) found = NULL;

	if (!retries)
		return false;
	if (retries->len == 0 &&
		(status->messages == 0 || (status->uid_next && status->uid_next - 1 <= cursor)))
		return true;
	done = archive_folder_done(run->archive, &plan->folder, error);
	again = done ? import_find_uids(run, retries, error) : NULL;
	found = again ? find_new(run, plan, error) : NULL;
	if (!found || !forget_gone_retries(run, plan, retries, again, error))
		return false;
	add_open(run, plan, again, found, done);
	plan->final_cursor = MAX(cursor, found->len ? uid_at(found, found->len - 1) : 0);
	return true;
}

ImportPlan *import_plan_new(
	ImportRun *run, const char *folder, const ImapStatus *status, GError **error)
{
	g_autoptr(ImportPlan) plan = g_new0(ImportPlan, 1);
	bool planned;

	plan->uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	plan->known = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	if (!status->uid_validity) {
		failure_set(error, FAILURE_FOLDER_UNSTABLE, folder, "%s: no UIDVALIDITY", folder);
		return NULL;
	}
	plan->folder = folder_key_make(
		run->account, run->server, run->address, folder, status->uid_validity);
	if (!archive_folder_open(run->archive, &plan->folder, error))
		return NULL;
	if (run->uids)
		planned = plan_picked(run, plan, error);
	else if (run->request->since)
		planned = plan_since(run, plan, error);
	else
		planned = plan_whole(run, plan, status, error);
	if (!planned)
		return NULL;
	plan->handed = g_new0(bool, plan->uids->len + 1);
	return g_steal_pointer(&plan);
}
