/* Working the outbox off: a user at a time, one connection for all that the user sends. */
#include "app/send_internal.h"

#include "app/sign_in.h"
#include "base/clock.h"
#include "failure/failure.h"

#define CLAIM ((size_t)100)
/* Exchange Online: so many mails of one mailbox within a minute. */
#define OFFICE365_MINUTE 30
/* How long a mail that has gone is waited for when all is to end, milliseconds. */
#define GRACE 10000
#define RATE_LOOK 500 /* milliseconds between looks whether there is room again */

/* One call of send_work. */
typedef struct Work {
	SendRun run; /* the session and account of the user that was served last */
	Account *account;
} Work;

static void leave_user(Work *work)
{
	g_clear_pointer(&work->run.session, smtp_close);
	g_clear_pointer(&work->account, account_free);
	work->run.account = NULL;
}

static void work_clear(Work *work)
{
	leave_user(work);
	g_clear_pointer(&work->run.worker, outbox_worker_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

/* ---- one user's mails ---- */

/* Whether the outbox is what failed, so that no mail's fate can be noted. A damaged page is one
 * mail's matter. */
static bool is_of_store(const GError *problem)
{
	return failure_is(problem, FAILURE_STORE) || failure_is(problem, FAILURE_STORE_BUSY) ||
	       failure_is(problem, FAILURE_DISK_FULL) || failure_is(problem, FAILURE_SCHEMA_NEWER);
}

/* Whether PROBLEM, behind COUNT mails, says nothing about the others. */
static bool is_of_one_mail(const GError *problem, guint count)
{
	return count > 0 && failure_is(problem, FAILURE_ARCHIVE_DAMAGED);
}

/* Notes PROBLEM for MAILS from DONE on. */
static bool note_rest(
	const Work *work, GPtrArray *mails, guint done, const GError *problem, GError **error)
{
	for (; done < mails->len; done++) {
		if (!send_note_problem(&work->run, mails->pdata[done], problem, error))
			return false;
	}
	return true;
}

/* The settings of the moment, for each claim anew: a locked user sends no further. */
static bool enter_user(Work *work, const OutboxMail *mail, GError **error)
{
	bool same = work->account && work->account->user_id == mail->user_id;

	if (!same)
		leave_user(work);
	account_free(work->account);
	work->account = sign_in_account(work->run.office, mail->user, error);
	work->run.account = work->account;
	return work->account && settings_require(work->account, MAIL_PROTOCOL_SMTP, error);
}

static bool connect(SendRun *run, GError **error)
{
	if (run->session && smtp_is_alive(run->session))
		return true;
	g_clear_pointer(&run->session, smtp_close);
	run->session = sign_in_smtp(run->office, run->account, run->cancel, error);
	return run->session != NULL;
}

/* How many mails may be sent now; waits until it is at least one, without a connection that would
 * be gone by then. 0: cancelled, or *ERROR. */
static guint wait_for_room(SendRun *run, GError **error)
{
	if (run->account->interface != INTERFACE_OFFICE365)
		return G_MAXUINT;
	while (!cancel_triggered(run->cancel)) {
		unsigned used;

		if (!outbox_rate(run->outbox, run->account->user_id, 60, &used, error))
			return 0;
		if (used < OFFICE365_MINUTE)
			return OFFICE365_MINUTE - used;
		g_clear_pointer(&run->session, smtp_close);
		cancel_wait(run->cancel, RATE_LOOK);
	}
	failure_set(error, FAILURE_CANCELLED, NULL, "cancelled");
	return 0;
}

/* A connection that was of use is followed by another one; one that was not says how the others
 * would fare. */
static bool send_claimed(Work *work, GPtrArray *mails, guint *done, GError **error)
{
	SendRun *run = &work->run;

	while (*done < mails->len) {
		unsigned sent = run->sent;
		guint first = *done;
		guint room = wait_for_room(run, error);
		g_autoptr(GError) problem = NULL;

		if (room == 0)
			return false;
		run->end = *done + MIN(room, mails->len - *done);
		if (connect(run, &problem) && send_mails(run, mails, done, &problem))
			continue;
		/* It may stand within a mail. */
		g_clear_pointer(&run->session, smtp_close);
		if (is_of_store(problem) || failure_is(problem, FAILURE_CANCELLED) ||
			(run->sent == sent && !is_of_one_mail(problem, *done - first))) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
	return true;
}

static bool work_mails(Work *work, GPtrArray *mails, GError **error)
{
	g_autoptr(GError) problem = NULL;
	guint done = 0;

	if (enter_user(work, mails->pdata[0], &problem) &&
		send_claimed(work, mails, &done, &problem))
		return true;
	if (!is_of_store(problem) && !note_rest(work, mails, done, problem, error))
		return false;
	if (!is_of_store(problem) && !failure_is(problem, FAILURE_CANCELLED))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* ---- all ---- */

static bool work_copies(Work *work, const OutboxPick *pick, GError **error)
{
	while (true) {
		g_autoptr(GPtrArray) mails =
			outbox_claim_copies(work->run.worker, pick, CLAIM, error);

		if (!mails)
			return false;
		if (mails->len == 0)
			return true;
		if (!send_copies(
			    work->run.office, work->run.worker, mails, work->run.cancel, error))
			return false;
	}
}

static bool work_queue(Work *work, const OutboxPick *pick, GError **error)
{
	while (true) {
		g_autoptr(GPtrArray) mails = outbox_claim(work->run.worker, pick, CLAIM, error);

		if (!mails)
			return false;
		if (mails->len == 0)
			return true;
		if (!work_mails(work, mails, error))
			return false;
	}
}

bool send_work(
	Office *office, const OutboxPick *pick, bool logs, const Cancel *cancel, GError **error)
{
	Outbox *outbox = office_outbox(office, error);
	g_autoptr(Cancel) late = cancel_new_late(cancel, GRACE);
	g_auto(Work) work = {.run = {.office = office,
				     .outbox = outbox,
				     .cancel = cancel,
				     .late = late,
				     .logs = logs}};

	if (!outbox || !outbox_recover(outbox, NULL, error))
		return false;
	work.run.worker = outbox_worker_new(outbox, error);
	return work.run.worker && work_queue(&work, pick, error) && work_copies(&work, pick, error);
}
