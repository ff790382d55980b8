/* The archive's notes of mails to try again, in words and by folder. */
#include "app/retries.h"

#include <inttypes.h>
#include <string.h>
#include "app/folder_key.h"
#include "app/sign_in.h"
#include "base/text.h"
#include "failure/failure.h"
#include "imap/imap.h"

void retry_group_free(RetryGroup *group)
{
	if (!group)
		return;
	g_free(group->mailbox);
	g_free(group->folder);
	g_free(group->reason);
	g_free(group);
}

/* All of ACCOUNT's, ArchiveRetry *. */
static GPtrArray *find_retries(Office *office, const Account *account, GError **error)
{
	Archive *archive = office_archive(office, error);
	g_autofree char *server = account->imap.host ? folder_key_server(account) : NULL;

	if (!archive)
		return NULL;
	return server ? archive_retries(archive, account->user_id, server, RETRIES_LIMIT, error)
		      : g_ptr_array_new();
}

/* What is noted is a failure's name. */
static char *describe_reason(const ArchiveRetry *retry)
{
	g_autofree char *uid = g_strdup_printf("%" PRIu32, retry->uid);
	g_autoptr(GError) told = NULL;
	Failure failure;

	if (!failure_find(retry->reason, &failure))
		return g_strdup(retry->reason);
	failure_set(&told, failure, uid, "noted earlier");
	return failure_sentence(told);
}

static RetryGroup *group_new(const ArchiveRetry *retry)
{
	RetryGroup *group = g_new0(RetryGroup, 1);

	group->mailbox = g_strdup(retry->mailbox);
	group->folder = g_strdup(retry->folder);
	group->reason = describe_reason(retry);
	return group;
}

static bool is_of_group(const RetryGroup *group, const ArchiveRetry *retry)
{
	return group && strcmp(group->mailbox, retry->mailbox) == 0 &&
	       strcmp(group->folder, retry->folder) == 0;
}

static GPtrArray *make_groups(const Account *account, const GPtrArray *retries)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)retry_group_free);
	RetryGroup *group = NULL;

	for (guint i = 0; i < retries->len; i++) {
		const ArchiveRetry *retry = retries->pdata[i];

		if (!account_find_mailbox(account, retry->mailbox))
			continue;
		if (!is_of_group(group, retry)) {
			group = group_new(retry);
			g_ptr_array_add(groups, group);
		}
		group->count++;
		group->tried_at = MAX(group->tried_at, retry->tried_at);
	}
	return groups;
}

/* Most have none, and then nothing need be known of their settings. */
GPtrArray *retries_list(Office *office, const User *user, GError **error)
{
	Archive *archive = office_archive(office, error);
	g_autoptr(Account) account = NULL;
	g_autoptr(GPtrArray) retries = NULL;
	bool any;

	if (!archive || !archive_any_retries(archive, user->id, &any, error))
		return NULL;
	if (!any)
		return g_ptr_array_new_with_free_func((GDestroyNotify)retry_group_free);
	account = sign_in_account(office, user->name, error);
	retries = account ? find_retries(office, account, error) : NULL;
	return retries ? make_groups(account, retries) : NULL;
}

char *retries_uids(Office *office, const char *user, const char *mailbox, const char *folder,
	uint32_t *uid_validity, GError **error)
{
	g_autoptr(Account) account = sign_in_account(office, user, error);
	g_autoptr(GPtrArray) retries = account ? find_retries(office, account, error) : NULL;
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	*uid_validity = 0;
	if (!retries)
		return NULL;
	for (guint i = 0; i < retries->len; i++) {
		const ArchiveRetry *retry = retries->pdata[i];

		if (!text_is_same(retry->mailbox, mailbox) || strcmp(retry->folder, folder) != 0)
			continue;
		if (uids->len == 0)
			*uid_validity = retry->uid_validity;
		if (retry->uid_validity == *uid_validity)
			g_array_append_val(uids, retry->uid);
	}
	return uids->len > 0 ? imap_uid_set_format((const uint32_t *)(void *)uids->data, uids->len)
			     : g_strdup("");
}
