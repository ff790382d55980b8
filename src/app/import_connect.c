/* The import's connection: opened when needed, opened again after a loss. */
#include "app/import_internal.h"

#include <poll.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

/* Pauses before the next try: doubled each time from here. */
#define FIRST_WAIT 500 /* milliseconds */
/* The longest pause a throttling server gets; above it the run ends and says so. */
#define LONGEST_WAIT (5 * 60 * 1000)
/* How often it is looked whether the user may still import: about as often as is committed. */
#define LOOK_MILLISECONDS 500

ImapSession *import_session(const ImportRun *run)
{
	return mailbox_session(run->mailbox);
}

void import_disconnect(ImportRun *run)
{
	if (run->mailbox) {
		run->result->wire_bytes += imap_bytes(import_session(run));
		run->backoff = imap_backoff(import_session(run));
	}
	g_clear_pointer(&run->mailbox, mailbox_close);
}

/* Whether the run's user may still import from the mailbox at hand, by the settings as they are
 * now: ACCOUNT. Another server, or another user of the same name, would be another import. */
static bool check_account(const ImportRun *run, const Account *account, GError **error)
{
	g_autofree char *server = NULL;

	if (!settings_require(account, MAIL_PROTOCOL_IMAP, error))
		return false;
	server = folder_key_server(account);
	if (strcmp(server, run->server) != 0 || account->user_id != run->account->user_id ||
		strcmp(account->address, run->account->address) != 0) {
		failure_set(error, FAILURE_ACCOUNT_CHANGED, account->user_name,
			"server or account of %s changed during the import", account->user_name);
		return false;
	}
	if (!account_find_mailbox(account, run->address)) {
		failure_set(error, FAILURE_MAILBOX_LOST, run->address,
			"no longer among the mailboxes of %s", account->user_name);
		return false;
	}
	return true;
}

bool import_check_right(ImportRun *run, GError **error)
{
	int64_t now = clock_monotonic();
	g_autoptr(Account) account = NULL;

	if (now - run->looked < LOOK_MILLISECONDS)
		return true;
	run->looked = now;
	account = sign_in_account(run->office, run->request->user, error);
	return account && check_account(run, account, error);
}

/* A later connection takes the settings as they are then. */
static bool refresh_account(ImportRun *run, GError **error)
{
	g_autoptr(Account) account = sign_in_account(run->office, run->request->user, error);

	if (!account || !check_account(run, account, error))
		return false;
	/* The name and addresses that others borrow stay the run's. */
	endpoint_clear(&run->account->imap);
	endpoint_copy(&run->account->imap, &account->imap);
	return true;
}

bool import_connect(ImportRun *run, GError **error)
{
	GError *problem = NULL;

	if (run->mailbox && imap_is_alive(import_session(run)))
		return true;
	import_disconnect(run);
	run->progress.phase = IMPORT_CONNECTING;
	import_report(run, true);
	if (run->connected_before && !refresh_account(run, error))
		return false;
	run->mailbox =
		mailbox_open(run->office, run->account, run->address, NULL, run->cancel, &problem);
	run->connected_before |= run->mailbox != NULL;
	run->opened |= run->mailbox != NULL;
	if (run->mailbox)
		return true;
	/* What a moment ago opened was taken away meanwhile. */
	if (run->opened && (failure_is(problem, FAILURE_MAILBOX_DENIED) ||
				   failure_is(problem, FAILURE_MAILBOX_DENIED_BEFORE))) {
		failure_set(error, FAILURE_MAILBOX_LOST, run->address, "%s", problem->message);
		g_error_free(problem);
	} else {
		g_propagate_error(error, problem);
	}
	return false;
}

bool import_is_recoverable(const GError *error)
{
	FailureCode code = failure_code(error);

	return code == FAILURE_CODE_RETRY || code == FAILURE_CODE_PROTOCOL;
}

/* How long to pause, in milliseconds. */
static int64_t pause_length(const ImportRun *run, unsigned tries)
{
	int64_t told = run->mailbox ? imap_backoff(import_session(run)) : run->backoff;

	return MAX(told, (int64_t)FIRST_WAIT << MIN(tries, 8));
}

bool import_wait(ImportRun *run, unsigned tries, GError **error)
{
	int64_t length = pause_length(run, tries);
	int64_t end = clock_monotonic() + length;

	if (length > LONGEST_WAIT) {
		failure_set(error, FAILURE_THROTTLED, run->account->imap.host,
			"the server asks for a pause of %d s", (int)(length / 1000));
		return false;
	}
	run->progress.phase = IMPORT_WAITING;
	while (!cancel_triggered(run->cancel) && clock_monotonic() < end) {
		struct pollfd cancelled = {.fd = cancel_descriptor(run->cancel), .events = POLLIN};
		int64_t left = end - clock_monotonic();

		run->progress.wait = (int)((left + 999) / 1000);
		import_report(run, true);
		poll(&cancelled, 1, (int)CLAMP(left, 0, 1000));
	}
	return import_check_cancel(run, error);
}
