/* Trying again what an import did not manage: only the mails that failed, where nothing else did.
 */
#include "app/import_jobs.h"

#include "app/sign_in.h"
#include "base/text.h"
#include "failure/failure.h"
#include "imap/imap.h"

/* So many failures may not all be listed. */
#define AGAIN_LIMIT 5000

bool import_job_wants_sign_in(const ImportJob *job)
{
	return job->problem && sign_in_helps(job->problem);
}

/* Whether all that failed is mails of one folder, whose error is the first. */
static bool is_of_one_folder(const GPtrArray *errors)
{
	const ImportError *first;

	if (errors->len == 0 || errors->len > AGAIN_LIMIT)
		return false;
	first = errors->pdata[0];
	for (guint i = 0; i < errors->len; i++) {
		const ImportError *one = errors->pdata[i];

		if (!one->uid || !one->folder || one->uid_validity != first->uid_validity ||
			g_strcmp0(one->folder, first->folder) != 0 ||
			!text_is_same(one->mailbox, first->mailbox))
			return false;
	}
	return true;
}

static int compare_uids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* "4,6:8"; yours. */
static char *failed_uids(const GPtrArray *errors)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (guint i = 0; i < errors->len; i++)
		g_array_append_val(uids, ((const ImportError *)errors->pdata[i])->uid);
	g_array_sort(uids, compare_uids);
	return imap_uid_set_format((const uint32_t *)(void *)uids->data, uids->len);
}

void import_job_again(const ImportJob *job, const char *actor, ImportAgain *again)
{
	const GPtrArray *errors = job->result.errors;
	bool some = failure_is(job->problem, FAILURE_SOME_FAILED) && is_of_one_folder(errors);
	const ImportError *first = some ? errors->pdata[0] : NULL;

	*again = (ImportAgain){
		.mailboxes = {some ? first->mailbox : job->mailbox},
		.folders = {some ? first->folder : job->folder},
		.uids = some ? failed_uids(errors) : g_strdup(job->uids),
	};
	again->request = (ImportRequest){
		.user = job->user,
		.mailboxes = again->mailboxes[0] ? again->mailboxes : NULL,
		.folders = again->folders[0] ? again->folders : NULL,
		.uids = again->uids,
		.unpicked = job->unpicked || (some && !job->uids),
		.uid_validity = some ? first->uid_validity : job->uid_validity,
		.since = some ? 0 : job->since,
		.case_number = job->case_number,
		.actor = actor,
	};
}

void import_again_clear(ImportAgain *again)
{
	g_clear_pointer(&again->uids, g_free);
}
