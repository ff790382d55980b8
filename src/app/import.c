/* The run as a whole: its request, its result, the indexer behind it. */
#include "app/import_internal.h"

#include <string.h>
#include "app/indexer.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "failure/failure.h"

/* How often the reporter hears of progress. */
#define REPORT_MILLISECONDS 100
/* In bytes: names are no longer on servers (imap_list). */
#define FOLDER_NAME_LIMIT ((size_t)4 * 1024)
/* Errors that are listed; more are counted only. */
#define ERROR_LIMIT 10000
/* How many mails one pick may name. */
#define UIDS_LIMIT 1000000

static void import_error_free(ImportError *problem)
{
	g_free(problem->mailbox);
	g_free(problem->folder);
	g_free(problem->reason);
	g_free(problem->advice);
	g_free(problem);
}

void import_result_init(ImportResult *result)
{
	*result = (ImportResult){
		.errors = g_ptr_array_new_with_free_func((GDestroyNotify)import_error_free),
		.case_conflicts = g_ptr_array_new_with_free_func(g_free),
	};
}

void import_result_clear(ImportResult *result)
{
	g_clear_pointer(&result->errors, g_ptr_array_unref);
	g_clear_pointer(&result->case_conflicts, g_ptr_array_unref);
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t import_result_measure(const ImportResult *result)
{
	size_t size = 0;

	for (guint i = 0; i < result->errors->len; i++) {
		const ImportError *error = result->errors->pdata[i];

		size += sizeof(*error) + size_of(error->mailbox) + size_of(error->folder) +
			size_of(error->reason) + size_of(error->advice);
	}
	for (guint i = 0; i < result->case_conflicts->len; i++)
		size += size_of(result->case_conflicts->pdata[i]);
	return size;
}

bool import_check_cancel(const ImportRun *run, GError **error)
{
	if (cancel_triggered(run->cancel))
		failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
	return !cancel_triggered(run->cancel);
}

void import_report(ImportRun *run, bool at_once)
{
	int64_t now = clock_monotonic();

	if (!run->report || (!at_once && now - run->reported < REPORT_MILLISECONDS))
		return;
	run->reported = now;
	run->report(&run->progress, run->report_data);
}

static void count_miss(ImportResult *result, const ImportMiss *miss)
{
	result->failed++;
	if (!miss->folder)
		result->failed_mailboxes++;
	else if (miss->filed)
		result->unmarked++;
	else if (!miss->uid)
		result->failed_folders++;
}

void import_add_error(ImportRun *run, const ImportMiss *miss)
{
	ImportError *entry;

	count_miss(run->result, miss);
	if (run->result->errors->len >= ERROR_LIMIT)
		return;
	entry = g_new0(ImportError, 1);
	entry->mailbox = g_strdup(miss->mailbox);
	entry->folder = g_strdup(miss->folder);
	entry->uid = miss->uid;
	entry->uid_validity = miss->uid_validity;
	entry->vain = miss->gone || failure_is(miss->problem, FAILURE_FOLDER_RENEWED) ||
		      failure_is(miss->problem, FAILURE_FOLDER_UNKNOWN) ||
		      failure_is(miss->problem, FAILURE_FOLDER_BARE);
	entry->reason = miss->reason ? g_strdup(miss->reason) : failure_sentence(miss->problem);
	entry->advice = miss->problem ? failure_advice(miss->problem) : NULL;
	g_ptr_array_add(run->result->errors, entry);
}

static bool check_request(const ImportRequest *request, GError **error)
{
	bool one_folder = request->folders && request->folders[0] && !request->folders[1];

	if (request->uids && (!one_folder || request->since)) {
		failure_set(error, FAILURE_USAGE,
			_("--uids braucht genau ein Postfach und genau einen Ordner und verträgt "
			  "sich nicht mit --since."),
			"uids without exactly one folder");
		return false;
	}
	return !request->case_number || archive_check_case(request->case_number, error);
}

/* Settings that are not complete are told when the import runs. */
static bool check_mailboxes(Office *office, const ImportRequest *request, GError **error)
{
	g_autoptr(Account) account = NULL;

	if (!request->mailboxes)
		return true;
	account = settings_resolve(office_settings(office), request->user, error);
	if (!account)
		return false;
	for (const char *const *mailbox = request->mailboxes; *mailbox; mailbox++) {
		if (!mailbox_find(account, *mailbox, error))
			return false;
	}
	return true;
}

bool import_check(Office *office, const ImportRequest *request, GError **error)
{
	g_autoptr(GArray) uids = NULL;

	if (!check_request(request, error))
		return false;
	uids = request->uids ? imap_uid_set_parse(request->uids, UIDS_LIMIT, error) : NULL;
	if (request->uids && !uids)
		return false;
	for (const char *const *name = request->folders; name && *name; name++) {
		if (**name && strlen(*name) <= FOLDER_NAME_LIMIT && !text_has_control(*name))
			continue;
		failure_set(error, FAILURE_FOLDER_NAME, NULL,
			"folder: empty, too long, no UTF-8 or with control characters");
		return false;
	}
	return check_mailboxes(office, request, error);
}

/* Moving needs to know where to. */
static bool check_target(const Account *account, GError **error)
{
	if (account->after != AFTER_MOVE || account->after_folder)
		return true;
	failure_set(error, FAILURE_AFTER_FOLDER_MISSING, NULL,
		"import.after is move, but import.after-folder is not set");
	return false;
}

/* Whoever has the name by now may be somebody else. */
static bool check_user(const ImportRun *run, GError **error)
{
	const ImportRequest *request = run->request;

	if (request->user_id == 0 || request->user_id == run->account->user_id)
		return true;
	failure_set(error, FAILURE_USER_UNKNOWN, request->user, "%s is somebody else by now",
		request->user);
	return false;
}

static bool prepare(ImportRun *run, GError **error)
{
	if (!check_request(run->request, error))
		return false;
	if (run->request->uids &&
		!(run->uids = imap_uid_set_parse(run->request->uids, UIDS_LIMIT, error)))
		return false;
	run->account = sign_in_account(run->office, run->request->user, error);
	if (!run->account || !check_user(run, error) ||
		!settings_require(run->account, MAIL_PROTOCOL_IMAP, error) ||
		!check_target(run->account, error))
		return false;
	run->server = folder_key_server(run->account);
	run->archive = office_archive(run->office, error);
	return run->archive != NULL;
}

/* Fetches and files with the indexer at work behind, then waits for it. */
static bool file_and_list(ImportRun *run, int64_t started, GError **error)
{
	Indexer *indexer = indexer_start(run->archive, run->cancel);
	g_autoptr(GError) indexing = NULL;
	GError *problem = NULL;
	bool filed = import_mailboxes(run, &problem);

	import_disconnect(run);
	if (failure_is(problem, FAILURE_THROTTLED))
		imap_tell_pause(problem, run->backoff);
	if (problem)
		g_propagate_error(error, problem);
	run->result->ms_durable = clock_monotonic() - started;
	if (run->result->imported > 0) {
		run->progress.phase = IMPORT_LISTING;
		import_report(run, true);
	}
	if (!indexer_finish(indexer, &indexing) && filed) {
		g_propagate_error(error, g_steal_pointer(&indexing));
		filed = false;
	}
	run->result->ms_listed = clock_monotonic() - started;
	return filed;
}

static bool run_prepared(ImportRun *run, GError **error)
{
	int64_t started = clock_monotonic();

	return prepare(run, error) && file_and_list(run, started, error);
}

static void tell_failed(const ImportResult *result, GError **error)
{
	g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, result->failed);

	failure_set(error, FAILURE_SOME_FAILED, count,
		"of %s failures %" G_GUINT64_FORMAT " mailboxes, %" G_GUINT64_FORMAT " folders",
		count, result->failed_mailboxes, result->failed_folders);
}

bool import_run(Office *office, const ImportRequest *request, ImportReporter *report, void *data,
	const Cancel *cancel, ImportResult *result, GError **error)
{
	ImportRun run = {
		.office = office,
		.request = request,
		.result = result,
		.report = report,
		.report_data = data,
		.cancel = cancel,
	};
	GError *problem = NULL;
	bool done = run_prepared(&run, &problem);

	if (done && run.server_failure) {
		problem = g_steal_pointer(&run.server_failure);
		done = false;
	}
	g_clear_error(&run.server_failure);
	if (result->imported > 0)
		office_tidy(office);
	if (done && result->failed > 0) {
		tell_failed(result, &problem);
		done = false;
	}
	if (run.account)
		import_note(&run, problem);
	account_free(run.account);
	g_free(run.server);
	g_clear_pointer(&run.uids, g_array_unref);
	if (problem)
		g_propagate_error(error, problem);
	return done;
}
