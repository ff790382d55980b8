/* One folder: select, plan, fetch with reconnection, commit, then the actions on the server. */
#include "app/import_internal.h"

#include <string.h>
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* Connections without a single mail before the run gives up. */
#define STALL_LIMIT 4
/* Lost connections at the same mail before it is left for another day. */
#define BLAME_LIMIT 2
/* Mails blamed in a row before the server itself is. */
#define BLAMED_LIMIT 3

/* What is to be done on the server; NULL: nothing. Mails in the target of a move are where they
 * belong. */
static const char *action_name(const Account *account, const char *folder)
{
	static const char *const names[] = {
		[AFTER_NONE] = NULL,
		[AFTER_SEEN] = "seen",
		[AFTER_FLAG] = "flag",
		[AFTER_MOVE] = "move",
	};

	if (account->after == AFTER_MOVE) {
		g_autofree char *here = text_fold(folder);
		g_autofree char *target = text_fold(account->after_folder);

		if (strcmp(here, target) == 0)
			return NULL;
	}
	return names[account->after];
}

/* What a folder's fetch has been through. */
typedef struct Attempts {
	unsigned stalls;  /* connections in a row that brought nothing */
	unsigned blamed;  /* mails in a row that were left out */
	uint32_t suspect; /* the mail at which the last connection ended */
	unsigned suspicions;
} Attempts;

static bool connect_and_select(
	ImportRun *run, const char *folder, ImapStatus *status, GError **error)
{
	ImapAccess access = run->account->after == AFTER_NONE ? IMAP_READ_ONLY : IMAP_READ_WRITE;

	if (!import_connect(run, error) ||
		!mailbox_select(run->mailbox, folder, access, status, error))
		return false;
	run->selected = *status;
	return true;
}

/* Leaves UID out with REASON, to be tried again next time. The run goes on, but how it ends is the
 * server's doing, not the mail's. */
static bool leave_out(
	ImportRun *run, ImportPlan *plan, Filer *filer, uint32_t uid, const GError *reason)
{
	if (!import_plan_hand(plan, uid))
		return false;
	if (import_is_recoverable(reason) && !run->server_failure)
		run->server_failure = g_error_copy(reason);
	filer_note_failure(filer, uid, failure_name(reason));
	import_add_error(run, &(ImportMiss){
				      .mailbox = plan->folder.mailbox,
				      .folder = plan->folder.name,
				      .uid = uid,
				      .uid_validity = plan->folder.uid_validity,
				      .problem = reason,
			      });
	return true;
}

/* The mail that a lost connection points to: the one under way, else the first that is open. */
static uint32_t find_suspect(const ImportPlan *plan, uint32_t uid)
{
	if (uid)
		return uid;
	return plan->first_open < plan->uids->len
		       ? g_array_index(plan->uids, uint32_t, plan->first_open)
		       : 0;
}

/* After a fetch ended with PROBLEM: whether to go on with another connection. */
static bool judge(ImportRun *run, ImportPlan *plan, Filer *filer, Attempts *attempts, uint32_t uid,
	bool progressed, const GError *problem)
{
	uint32_t suspect = find_suspect(plan, uid);

	if (failure_is(problem, FAILURE_MESSAGE_TOO_LARGE) &&
		leave_out(run, plan, filer, suspect, problem))
		return true;
	if (!import_is_recoverable(problem))
		return false;
	if (progressed)
		*attempts = (Attempts){0};
	attempts->stalls += progressed ? 0 : 1;
	attempts->suspicions = suspect == attempts->suspect ? attempts->suspicions + 1 : 1;
	attempts->suspect = suspect;
	if (attempts->suspicions >= BLAME_LIMIT && attempts->blamed < BLAMED_LIMIT &&
		!failure_is(problem, FAILURE_THROTTLED)) {
		leave_out(run, plan, filer, suspect, problem);
		attempts->blamed++;
		attempts->stalls = 0;
		attempts->suspicions = 0;
	}
	return attempts->stalls < STALL_LIMIT;
}

/* Connects again and finds the folder as it was; tries some times. */
static bool resume(ImportRun *run, const ImportPlan *plan, GError **error)
{
	for (unsigned tries = 0;; tries++) {
		g_autoptr(GError) problem = NULL;
		ImapStatus status;

		if (!import_wait(run, tries, error))
			return false;
		if (connect_and_select(run, plan->folder.name, &status, &problem)) {
			if (status.uid_validity == plan->folder.uid_validity)
				return true;
			failure_set(error, FAILURE_SERVER_UNAVAILABLE, run->account->imap.host,
				"%s: UIDVALIDITY changed during the import", plan->folder.name);
			return false;
		}
		if (tries + 1 >= STALL_LIMIT || !import_is_recoverable(problem)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
}

/* Fetches all of PLAN, over as many connections as it takes. */
static bool fetch_all(ImportRun *run, ImportPlan *plan, Filer *filer, GError **error)
{
	Attempts attempts = {0};

	for (;;) {
		GError *problem = NULL;
		size_t before = plan->handed_count;
		uint32_t uid;

		run->progress.phase = IMPORT_FETCHING;
		if (import_fetch(run, plan, filer, &uid, &problem))
			return true;
		if (!judge(run, plan, filer, &attempts, uid, plan->handed_count > before,
			    problem)) {
			g_propagate_error(error, problem);
			return false;
		}
		g_clear_error(&problem);
		if (!resume(run, plan, error))
			return false;
	}
}

/* Fetches and commits; the filer's own failure is the one that counts. */
static bool file_plan(ImportRun *run, ImportPlan *plan, GError **error)
{
	ArchiveOrder order = {
		.folder = &plan->folder,
		.imported_by = run->request->actor,
		.by_hand = run->uids && !run->request->unpicked,
		.case_number = run->request->case_number,
		.action = action_name(run->account, plan->folder.name),
		.action_folder = run->account->after_folder,
	};
	g_autoptr(GError) fetching = NULL;
	g_autoptr(GError) filing = NULL;
	Filer *filer = filer_start(run->archive, &order, plan);
	bool fetched;

	for (guint i = 0; i < plan->known->len; i++)
		filer_note_known(filer, g_array_index(plan->known, uint32_t, i));
	fetched = fetch_all(run, plan, filer, &fetching);

	if (!filer_finish(filer, fetched ? plan->final_cursor : 0, run, &filing)) {
		g_propagate_error(error, g_steal_pointer(&filing));
		return false;
	}
	if (!fetched)
		g_propagate_error(error, g_steal_pointer(&fetching));
	return fetched;
}

/* Some servers answer OK to a STORE of what they do not keep. */
static bool check_marking(const ImportRun *run, bool seen, GError **error)
{
	if (!(seen ? run->selected.loses_seen : run->selected.loses_flagged))
		return true;
	failure_set(error, FAILURE_MARKING_DENIED, run->address, "PERMANENTFLAGS lacks %s",
		seen ? "\\Seen" : "\\Flagged");
	return false;
}

static bool act(ImportRun *run, const ArchiveAction *action, GError **error)
{
	const uint32_t *uids = (const uint32_t *)(const void *)action->uids->data;
	bool seen = g_str_equal(action->action, "seen");

	if (g_str_equal(action->action, "move")) {
		g_autofree char *target = mailbox_server_name(run->mailbox, action->folder, error);

		return target &&
		       imap_move(import_session(run), uids, action->uids->len, target, error);
	}
	return check_marking(run, seen, error) &&
	       imap_add_flag(import_session(run), uids, action->uids->len,
		       seen ? "\\Seen" : "\\Flagged", error);
}

/* Does on the server what committed rows ask for. A refusal is listed; the rows wait for the next
 * run. */
static bool do_actions(ImportRun *run, const ArchiveFolder *folder, GError **error)
{
	for (;;) {
		GError *problem = NULL;
		g_autoptr(ArchiveAction) action =
			archive_next_action(run->archive, folder, &problem);

		if (action && act(run, action, &problem) &&
			archive_action_done(run->archive, folder, action, &problem)) {
			run->result->acted += action->uids->len;
			continue;
		}
		if (!problem)
			return true;
		if (failure_code(problem) != FAILURE_CODE_REFUSED) {
			g_propagate_error(error, problem);
			return false;
		}
		g_autofree char *sentence = failure_sentence(problem);
		bool marking = failure_is(problem, FAILURE_MARKING_DENIED);
		g_autofree char *reason = g_strdup_printf(
			marking ? _("Abgelegt, aber nicht gekennzeichnet: %s")
				: _("Abgelegt, aber auf dem Server nicht gekennzeichnet oder "
				    "verschoben: %s"),
			sentence);

		import_add_error(run, &(ImportMiss){
					      .mailbox = folder->mailbox,
					      .folder = folder->name,
					      .filed = true,
					      .reason = reason,
					      .problem = problem,
				      });
		g_clear_error(&problem);
		return true;
	}
}

/* What the server refused under other settings is asked for no more: it would hold up the rest.
 *
 * Connection lost between the commit and the actions: they are rows and wait; one more try is made
 * now. */
static bool do_actions_surely(ImportRun *run, ImportPlan *plan, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (!archive_keep_actions(run->archive, &plan->folder,
		    action_name(run->account, plan->folder.name), run->account->after_folder,
		    error))
		return false;
	if (run->account->after == AFTER_NONE)
		return true;
	if (do_actions(run, &plan->folder, &problem))
		return true;
	if (!import_is_recoverable(problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return resume(run, plan, error) && do_actions(run, &plan->folder, error);
}

/* UIDs say nothing about a folder that was numbered anew (RFC 9051 section 2.3.1.1). */
static bool check_same(
	const ImportRequest *request, const char *folder, const ImapStatus *status, GError **error)
{
	if (!request->uid_validity || request->uid_validity == status->uid_validity)
		return true;
	failure_set(error, FAILURE_FOLDER_RENEWED, folder, "UIDVALIDITY %u is %u now",
		request->uid_validity, status->uid_validity);
	return false;
}

static bool import_selected(ImportRun *run, const char *folder, GError **error)
{
	g_autoptr(ImportPlan) plan = NULL;
	ImapStatus status;

	if (!connect_and_select(run, folder, &status, error) ||
		!check_same(run->request, folder, &status, error))
		return false;
	plan = import_plan_new(run, folder, &status, error);
	if (!plan)
		return false;
	run->progress.phase = IMPORT_FETCHING;
	run->progress.total = plan->uids->len;
	import_report(run, true);
	if ((plan->uids->len > 0 || plan->known->len > 0 ||
		    plan->final_cursor > plan->folder.cursor) &&
		!file_plan(run, plan, error))
		return false;
	import_report(run, true);
	return do_actions_surely(run, plan, error);
}

/* The name is the caller's: reports that come later must not tell it. */
bool import_folder(ImportRun *run, const char *folder, GError **error)
{
	bool imported;

	run->progress.folder = folder;
	run->progress.done = run->progress.total = 0;
	imported = import_selected(run, folder, error);
	run->progress.folder = NULL;
	return imported;
}
