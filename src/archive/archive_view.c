/* Who may see which mails: those with a source in one's mailboxes, as the settings say now, and
 * those filed by oneself. A mail that one may not see is one that does not exist. */
#include "archive/archive_internal.h"

#include <inttypes.h>
#include "base/text.h"
#include "failure/failure.h"

void archive_fail_unknown(int64_t id, GError **error)
{
	g_autofree char *number = g_strdup_printf("%" PRId64, id);

	failure_set(error, FAILURE_MAIL_UNKNOWN, number, "no mail %s", number);
}

static bool lies_in(
	DbTransaction *transaction, int64_t id, const char *mailbox, int64_t *found, GError **error)
{
	g_autofree char *folded = text_fold_address(mailbox);

	return db_get_int(transaction, found, 0, error,
		"SELECT 1 FROM mailboxes b JOIN mail_mailboxes m ON m.mailbox_id = b.id"
		" WHERE b.address_folded = $1 AND m.mail_id = $2",
		db_text(folded), db_int(id));
}

bool archive_may_see(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *sees, GError **error)
{
	int64_t found = 1;

	if (viewer && !db_get_int(transaction, &found, 0, error,
			      "SELECT 1 FROM mail_filers WHERE mail_id = $1 AND user_id = $2",
			      db_int(id), db_int(viewer->user_id)))
		return false;
	for (const char *const *mailbox = viewer ? viewer->mailboxes : NULL;
		!found && mailbox && *mailbox; mailbox++) {
		if (!lies_in(transaction, id, *mailbox, &found, error))
			return false;
	}
	*sees = found != 0;
	return true;
}

bool archive_check_sight(
	DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id, GError **error)
{
	bool sees;

	if (!archive_may_see(transaction, viewer, id, &sees, error))
		return false;
	if (!sees)
		archive_fail_unknown(id, error);
	return sees;
}

bool archive_find_mailbox(
	DbTransaction *transaction, const char *address, int64_t *id, GError **error)
{
	g_autofree char *folded = text_fold_address(address);

	return db_get_int(transaction, id, 0, error,
		"SELECT id FROM mailboxes WHERE address_folded = $1", db_text(folded));
}

GArray *archive_find_mailboxes(
	DbTransaction *transaction, const ArchiveViewer *viewer, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	for (const char *const *mailbox = viewer->mailboxes; mailbox && *mailbox; mailbox++) {
		int64_t id;

		if (!archive_find_mailbox(transaction, *mailbox, &id, error))
			return NULL;
		if (id != 0)
			g_array_append_val(ids, id);
	}
	return g_steal_pointer(&ids);
}
