/* Which mailboxes and which folders of them, one after the other. What fails for one mailbox or
 * folder alone is listed, and the others go on. */
#include "app/import_internal.h"

#include "app/hidden.h"
#include "base/text.h"
#include "base/i18n.h"
#include "failure/failure.h"

/* How often a run looks whether a mailbox of which folders fail still opens. */
#define CHECK_LIMIT 3

/* What a run is to import. */
typedef struct Targets {
	GPtrArray *mailboxes; /* const char *, the account's spelling, borrowed */
	size_t named;	      /* folders that the caller names */
	bool *found;	      /* a flag a named folder: some mailbox has it */
	GError **misses;      /* one a named folder: why a mailbox has none of this name */
	bool incomplete;      /* a mailbox could not be looked into */
} Targets;

static void targets_clear(Targets *targets)
{
	for (size_t i = 0; targets->misses && i < targets->named; i++)
		g_clear_error(&targets->misses[i]);
	g_free(targets->misses);
	g_clear_pointer(&targets->mailboxes, g_ptr_array_unref);
	g_free(targets->found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Targets, targets_clear)

/* ---- folders ---- */

static void list_problem(ImportRun *run, const char *folder, const GError *problem)
{
	import_add_error(
		run, &(ImportMiss){.mailbox = run->address, .folder = folder, .problem = problem});
}

/* Whether PROBLEM with a folder that was there a moment ago (LISTED) may mean that the whole
 * mailbox was taken away. */
static bool may_be_lost(const ImportRun *run, bool listed, const GError *problem)
{
	return !text_is_same(run->address, run->account->address) &&
	       (failure_is(problem, FAILURE_LOGIN_NOT_CONNECTED) ||
		       (listed && (failure_is(problem, FAILURE_FOLDER_UNKNOWN) ||
					  failure_is(problem, FAILURE_FOLDER_DENIED))));
}

/* If the mailbox does not open any more, *PROBLEM says so from here on. */
static void look_behind(ImportRun *run, bool listed, GError **problem)
{
	GError *lost = NULL;

	if (!may_be_lost(run, listed, *problem) || run->checks >= CHECK_LIMIT)
		return;
	run->checks++;
	import_disconnect(run);
	if (import_connect(run, &lost))
		return;
	g_clear_error(problem);
	*problem = lost;
}

/* One folder. What is the matter with it alone is listed; false: it is more than that. *MISSING
 * (NULL: listed as well): the mailbox has no such folder. */
static bool import_one(ImportRun *run, const char *folder, bool *missing, GError **error)
{
	GError *problem = NULL;

	if (!import_check_cancel(run, error))
		return false;
	if (import_check_right(run, &problem) && import_folder(run, folder, &problem)) {
		run->result->folders++;
		return true;
	}
	look_behind(run, !missing, &problem);
	if (missing && failure_is(problem, FAILURE_FOLDER_UNKNOWN)) {
		*missing = true;
	} else if (failure_code(problem) == FAILURE_CODE_REFUSED && !mailbox_is_refused(problem)) {
		list_problem(run, folder, problem);
	} else {
		g_propagate_error(error, problem);
		return false;
	}
	g_error_free(problem);
	return true;
}

/* The folder that the caller calls FOLDER. *MISS: the mailbox has none; *HINT: it tells more. */
static bool import_spelled(
	ImportRun *run, const char *folder, GError **miss, bool *hint, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(GError) problem = NULL;
	bool missing = false;

	if (!import_one(run, mailbox_call_folder(folder), &missing, error))
		return false;
	if (!missing)
		return true;
	name = mailbox_spell_folder(run->mailbox, folder, hint, &problem);
	if (name)
		return import_one(run, name, NULL, error);
	if (failure_is(problem, FAILURE_FOLDER_UNKNOWN) ||
		failure_is(problem, FAILURE_FOLDER_BARE)) {
		*miss = g_steal_pointer(&problem);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* One that is asked for in a mailbox by name must be there; without a mailbox, in one of them. */
static void note_miss(ImportRun *run, Targets *targets, size_t index, bool hint, GError *miss)
{
	if (run->request->mailboxes && targets->mailboxes->len > 1)
		list_problem(run, run->request->folders[index], miss);
	else if ((hint || targets->mailboxes->len == 1) && !targets->misses[index])
		targets->misses[index] = g_error_copy(miss);
}

/* The folders that the caller names. */
static bool import_named(ImportRun *run, Targets *targets, GError **error)
{
	const char *const *folders = run->request->folders;

	for (size_t i = 0; folders[i]; i++) {
		g_autoptr(GError) miss = NULL;
		bool hint = false;

		if (!import_spelled(run, folders[i], &miss, &hint, error))
			return false;
		targets->found[i] |= !miss;
		if (miss)
			note_miss(run, targets, i, hint, miss);
	}
	return true;
}

/* The names of the selectable folders that are not hidden; borrowed from FOLDERS. */
static GPtrArray *visible_names(ImportRun *run, GPtrArray *folders)
{
	g_autoptr(HiddenRules) rules = hidden_rules_new(run->account);
	g_autoptr(GPtrArray) marked = hidden_list_marked(folders);
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		if (!folder->selectable)
			continue;
		if (hidden_rules_match(rules, folder, marked))
			run->result->hidden++;
		else
			g_ptr_array_add(names, folder->name);
	}
	return names;
}

/* Whether STATUS shows that FOLDER has nothing to do: nothing new, no retries, no pending actions.
 */
static bool is_settled(
	ImportRun *run, const char *name, const ImapStatus *status, bool *settled, GError **error)
{
	ArchiveFolder folder = folder_key_make(
		run->account, run->server, run->address, name, status->uid_validity);
	bool busy;

	*settled = false;
	if (!status->uid_validity || !status->uid_next || run->request->since)
		return true;
	if (!archive_folder_open(run->archive, &folder, error) ||
		!archive_folder_is_busy(run->archive, &folder, &busy, error))
		return false;
	*settled = !busy && (status->messages == 0 || status->uid_next - 1 <= folder.cursor);
	return true;
}

/* All folders that are not hidden; one round trip tells which have anything new. */
static bool import_visible(ImportRun *run, GError **error)
{
	g_autoptr(GPtrArray) folders = NULL;
	g_autoptr(GPtrArray) names = NULL;
	g_autofree ImapStatus *statuses = NULL;

	if (!import_connect(run, error) || !(folders = mailbox_list(run->mailbox, error)))
		return false;
	names = visible_names(run, folders);
	statuses = g_new0(ImapStatus, names->len + 1);
	if (!mailbox_status_many(run->mailbox, names, statuses, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		bool settled;

		if (!is_settled(run, name, &statuses[i], &settled, error))
			return false;
		if (settled)
			run->result->folders++;
		else if (!import_one(run, name, NULL, error))
			return false;
	}
	return true;
}

/* ---- mailboxes ---- */

static bool add_asked(const ImportRun *run, GPtrArray *mailboxes, GError **error)
{
	for (const char *const *asked = run->request->mailboxes; *asked; asked++) {
		const char *address = mailbox_find(run->account, *asked, error);

		if (!address)
			return false;
		if (!g_ptr_array_find(mailboxes, address, NULL))
			g_ptr_array_add(mailboxes, (gpointer)(uintptr_t)address);
	}
	return true;
}

/* All of the user's that are not hidden; a folder that is named is looked for in the main one in
 * any case. */
static void add_visible(const ImportRun *run, GPtrArray *mailboxes)
{
	const Account *account = run->account;
	g_autoptr(HiddenRules) rules = hidden_rules_new(account);

	if (run->request->folders || !hidden_rules_match_mailbox(rules, account->address))
		g_ptr_array_add(mailboxes, account->address);
	else
		run->result->hidden_mailboxes++;
	for (guint i = 0; i < account->mailboxes->len; i++) {
		char *address = g_ptr_array_index(account->mailboxes, i);

		if (account_find_mailbox(account, address) != address)
			continue;
		if (hidden_rules_match_mailbox(rules, address))
			run->result->hidden_mailboxes++;
		else
			g_ptr_array_add(mailboxes, address);
	}
}

static bool find_targets(const ImportRun *run, Targets *targets, GError **error)
{
	const char *const *folders = run->request->folders;

	targets->mailboxes = g_ptr_array_new();
	targets->named = folders ? g_strv_length((char **)(uintptr_t)folders) : 0;
	targets->found = g_new0(bool, targets->named + 1);
	targets->misses = g_new0(GError *, targets->named + 1);
	if (run->request->mailboxes && !add_asked(run, targets->mailboxes, error))
		return false;
	if (!run->request->mailboxes)
		add_visible(run, targets->mailboxes);
	if (!run->uids || targets->mailboxes->len == 1)
		return true;
	failure_set(error, FAILURE_USAGE,
		_("--uids braucht genau ein Postfach; nennen Sie es mit --mailbox."),
		"uids with %u mailboxes", targets->mailboxes->len);
	return false;
}

/* Whether the sign-in that PROBLEM asks for is one that all mailboxes share. */
static bool concerns_all(const ImportRun *run, const GError *problem)
{
	return run->account->interface == INTERFACE_OFFICE365 &&
	       !failure_is(problem, FAILURE_LOGIN_NOT_CONNECTED) &&
	       !failure_is(problem, FAILURE_OAUTH_TOKEN_REFUSED);
}

/* After a mailbox failed with PROBLEM: lists it if the others of several can go on. ALONE: there
 * are no others, and the run ends with PROBLEM. */
static bool list_mailbox(ImportRun *run, bool alone, const GError *problem)
{
	FailureCode code = failure_code(problem);
	bool of_mailbox = mailbox_is_refused(problem) || code == FAILURE_CODE_REFUSED;
	bool of_sign_in = code == FAILURE_CODE_LOGIN && !concerns_all(run, problem);
	bool of_moment = failure_is(problem, FAILURE_SERVER_UNAVAILABLE);

	if (!of_mailbox && !of_sign_in && !of_moment)
		return false;
	list_problem(run, NULL, problem);
	if ((!of_mailbox || alone) && !run->server_failure)
		run->server_failure = g_error_copy(problem);
	return true;
}

static bool import_mailbox(ImportRun *run, Targets *targets, GError **error)
{
	bool alone = targets->mailboxes->len == 1;
	g_autoptr(GError) problem = NULL;

	import_disconnect(run);
	run->opened = false;
	run->checks = 0;
	run->progress.mailbox = run->address;
	run->progress.several = !alone;
	run->progress.folder = NULL;
	if (run->request->folders ? import_named(run, targets, &problem)
				  : import_visible(run, &problem))
		return true;
	targets->incomplete = true;
	if ((!alone || failure_code(problem) == FAILURE_CODE_REFUSED) &&
		list_mailbox(run, alone, problem))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* A named folder that no mailbox has is a wrong call. */
static bool check_found(ImportRun *run, Targets *targets, GError **error)
{
	const char *const *folders = run->request->folders;

	for (size_t i = 0; i < targets->named; i++) {
		g_autofree char *subject = NULL;

		if (targets->found[i] || targets->incomplete)
			continue;
		if (targets->misses[i]) {
			g_propagate_error(error, g_steal_pointer(&targets->misses[i]));
			return false;
		}
		/* Follows on "Im Postfach". */
		subject = g_strdup_printf(_("„%s“ und in den weiteren gibt es keinen Ordner „%s“"),
			(const char *)g_ptr_array_index(targets->mailboxes, 0), folders[i]);
		failure_set(error, FAILURE_FOLDER_UNKNOWN, subject, "%s", folders[i]);
		return false;
	}
	return true;
}

bool import_mailboxes(ImportRun *run, GError **error)
{
	g_auto(Targets) targets = {0};

	if (!find_targets(run, &targets, error))
		return false;
	for (guint i = 0; i < targets.mailboxes->len; i++) {
		run->address = g_ptr_array_index(targets.mailboxes, i);
		if (!import_check_cancel(run, error) || !import_mailbox(run, &targets, error))
			return false;
	}
	return check_found(run, &targets, error);
}
