/* Who may see which mails: those with a source in one's mailboxes, as the settings say now, and
 * those filed by oneself. A mail that one may not see is one that does not exist. Who may change
 * them is fewer: bytes that somebody has do not make the mail theirs. */
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

/* *FOUND, 0 before: the mail came to one of the viewer's mailboxes. */
static bool is_received(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	int64_t *found, GError **error)
{
	for (const char *const *mailbox = viewer->mailboxes; !*found && mailbox && *mailbox;
		mailbox++) {
		if (!lies_in(transaction, id, *mailbox, found, error))
			return false;
	}
	return true;
}

bool archive_has_received(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *received, GError **error)
{
	int64_t found = 0;

	if (viewer && !is_received(transaction, viewer, id, &found, error))
		return false;
	*received = !viewer || found != 0;
	return true;
}

bool archive_may_see(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *sees, GError **error)
{
	int64_t found = 0;

	if (viewer && (!db_get_int(transaction, &found, 0, error,
			       "SELECT 1 FROM mail_filers WHERE mail_id = $1 AND user_id = $2",
			       db_int(id), db_int(viewer->user_id)) ||
			      !is_received(transaction, viewer, id, &found, error)))
		return false;
	*sees = !viewer || found != 0;
	return true;
}

/* Filed by the viewer, and nobody else has filed or received it. */
static bool is_own_alone(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	int64_t *found, GError **error)
{
	return db_get_int(transaction, found, 0, error,
		"SELECT EXISTS (SELECT 1 FROM mail_filers WHERE mail_id = $1 AND user_id = $2)"
		" AND NOT EXISTS (SELECT 1 FROM mail_filers WHERE mail_id = $1 AND user_id <> $2)"
		" AND NOT EXISTS (SELECT 1 FROM copies c JOIN uploads u ON u.copy_id = c.id"
		" WHERE c.mail_id = $1 AND u.imported_by <> $3)",
		db_int(id), db_int(viewer->user_id), db_text(viewer->user));
}

bool archive_may_change(DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id,
	bool *may, GError **error)
{
	int64_t found = 0;

	if (viewer && !is_received(transaction, viewer, id, &found, error))
		return false;
	if (viewer && !found && !is_own_alone(transaction, viewer, id, &found, error))
		return false;
	*may = !viewer || found != 0;
	return true;
}

bool archive_check_change(
	DbTransaction *transaction, const ArchiveViewer *viewer, int64_t id, GError **error)
{
	g_autofree char *number = g_strdup_printf("%" PRId64, id);
	bool may;

	if (!archive_check_sight(transaction, viewer, id, error) ||
		!archive_may_change(transaction, viewer, id, &may, error))
		return false;
	if (!may)
		failure_set(error, FAILURE_MAIL_OTHERS, number, "mail %s is others', too", number);
	return may;
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
