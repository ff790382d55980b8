/* Folders of servers: the row that cursor and sources hang on, and what is done in it. */
#include "archive/archive_internal.h"

#include <string.h>
#include "base/text.h"

typedef struct Opening {
	ArchiveFolder *folder;
	char *mailbox_folded;
	bool found;
} Opening;

/* UIDVALIDITY 0 asks for the row that was made last. */
static bool find_folder(DbTransaction *transaction, void *data, GError **error)
{
	Opening *opening = data;
	ArchiveFolder *folder = opening->folder;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT f.id, f.cursor, f.uid_validity FROM folders f"
		" JOIN mailboxes b ON b.id = f.mailbox_id"
		" WHERE f.user_id = $1 AND f.server = $2 AND b.address_folded = $3 AND f.name = $4"
		" AND ($5 = 0 OR f.uid_validity = $5) ORDER BY f.id DESC LIMIT 1",
		db_int(folder->user_id), db_text(folder->server), db_text(opening->mailbox_folded),
		db_text(folder->name), db_int(folder->uid_validity));

	if (!rows)
		return false;
	opening->found = db_rows_next(rows, &failed);
	folder->id = opening->found ? db_rows_int(rows, 0) : 0;
	folder->cursor = opening->found ? (uint32_t)db_rows_int(rows, 1) : 0;
	if (opening->found)
		folder->uid_validity = (uint32_t)db_rows_int(rows, 2);
	return db_rows_end(failed, error);
}

/* UIDs of another UIDVALIDITY mean nothing any more: nothing of the former rows is to be done. */
static bool forget_former(
	DbTransaction *transaction, const ArchiveFolder *folder, int64_t mailbox_id, GError **error)
{
	return db_run(transaction, error,
		       "DELETE FROM actions WHERE folder_id IN (SELECT id FROM folders"
		       " WHERE user_id = $1 AND server = $2 AND mailbox_id = $3 AND name = $4)",
		       db_int(folder->user_id), db_text(folder->server), db_int(mailbox_id),
		       db_text(folder->name)) &&
	       db_run(transaction, error,
		       "DELETE FROM retries WHERE folder_id IN (SELECT id FROM folders"
		       " WHERE user_id = $1 AND server = $2 AND mailbox_id = $3 AND name = $4)",
		       db_int(folder->user_id), db_text(folder->server), db_int(mailbox_id),
		       db_text(folder->name));
}

static bool find_or_add_mailbox(
	DbTransaction *transaction, const Opening *opening, int64_t *mailbox_id, GError **error)
{
	return db_run(transaction, error,
		       "INSERT INTO mailboxes (address, address_folded) VALUES ($1, $2)"
		       " ON CONFLICT (address_folded) DO NOTHING",
		       db_text(opening->folder->mailbox), db_text(opening->mailbox_folded)) &&
	       db_get_int(transaction, mailbox_id, 0, error,
		       "SELECT id FROM mailboxes WHERE address_folded = $1",
		       db_text(opening->mailbox_folded));
}

static bool add_folder(DbTransaction *transaction, void *data, GError **error)
{
	Opening *opening = data;
	ArchiveFolder *folder = opening->folder;
	int64_t mailbox_id;

	if (!find_folder(transaction, opening, error))
		return false;
	if (opening->found)
		return true;
	return find_or_add_mailbox(transaction, opening, &mailbox_id, error) &&
	       forget_former(transaction, folder, mailbox_id, error) &&
	       db_get_int(transaction, &folder->id, 0, error,
		       "INSERT INTO folders"
		       " (user_id, user_name, server, mailbox_id, name, uid_validity)"
		       " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		       db_int(folder->user_id), db_text(folder->user), db_text(folder->server),
		       db_int(mailbox_id), db_text(folder->name), db_int(folder->uid_validity));
}

bool archive_folder_open(Archive *archive, ArchiveFolder *folder, GError **error)
{
	g_autofree char *mailbox_folded = text_fold_address(folder->mailbox);
	Opening opening = {.folder = folder, .mailbox_folded = mailbox_folded};

	if (!db_read(archive->db, find_folder, &opening, error))
		return false;
	if (opening.found || folder->uid_validity == 0)
		return true;
	return db_write(archive->db, add_folder, &opening, error);
}

/* ---- addresses ---- */

/* A mailbox whose row has its address folded as it was done before: by case as a reader sees it,
 * where two addresses could become one. */
typedef struct Outdated {
	int64_t id;
	char *folded; /* as it is done now */
} Outdated;

static void outdated_clear(Outdated *outdated)
{
	g_free(outdated->folded);
}

static bool find_outdated(DbTransaction *transaction, void *data, GError **error)
{
	GArray *found = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows =
		db_select(transaction, error, "SELECT id, address, address_folded FROM mailboxes");

	if (!rows)
		return false;
	g_array_set_size(found, 0);
	while (db_rows_next(rows, &failed)) {
		g_autofree char *folded = text_fold_address(db_rows_text(rows, 1));
		Outdated outdated = {.id = db_rows_int(rows, 0)};

		if (strcmp(folded, db_rows_text(rows, 2)) == 0)
			continue;
		outdated.folded = g_steal_pointer(&folded);
		g_array_append_val(found, outdated);
	}
	return db_rows_end(failed, error);
}

/* Under the former folding none of two such addresses has a row of its own, so nothing collides. */
static bool fold_anew(DbTransaction *transaction, void *data, GError **error)
{
	const GArray *found = data;

	for (guint i = 0; i < found->len; i++) {
		const Outdated *outdated = &g_array_index(found, Outdated, i);

		if (!db_run(transaction, error,
			    "UPDATE mailboxes SET address_folded = $1 WHERE id = $2",
			    db_text(outdated->folded), db_int(outdated->id)))
			return false;
	}
	return true;
}

bool archive_fold_addresses(Archive *archive, GError **error)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Outdated));

	g_array_set_clear_func(found, (GDestroyNotify)outdated_clear);
	return db_read(archive->db, find_outdated, found, error) &&
	       (found->len == 0 || db_write(archive->db, fold_anew, found, error));
}

/* ---- UIDs ---- */

typedef struct UidList {
	const ArchiveFolder *folder;
	GArray *uids;
} UidList;

static bool take_uids(DbRows *rows, GArray *uids, GError **error)
{
	GError *failed = NULL;

	g_array_set_size(uids, 0);
	while (db_rows_next(rows, &failed)) {
		uint32_t uid = (uint32_t)db_rows_int(rows, 0);

		g_array_append_val(uids, uid);
	}
	return db_rows_end(failed, error);
}

static bool select_done(DbTransaction *transaction, void *data, GError **error)
{
	UidList *list = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT uid FROM sources WHERE folder_id = $1 AND uid > $2 ORDER BY uid",
		db_int(list->folder->id), db_int(list->folder->cursor));

	return rows && take_uids(rows, list->uids, error);
}

static bool select_retries(DbTransaction *transaction, void *data, GError **error)
{
	UidList *list = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT uid FROM retries WHERE folder_id = $1 ORDER BY uid",
		db_int(list->folder->id));

	return rows && take_uids(rows, list->uids, error);
}

static GArray *list_uids(
	Archive *archive, const ArchiveFolder *folder, DbFunction *select, GError **error)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	UidList list = {folder, uids};

	return db_read(archive->db, select, &list, error) ? g_steal_pointer(&uids) : NULL;
}

GArray *archive_folder_done(Archive *archive, const ArchiveFolder *folder, GError **error)
{
	return list_uids(archive, folder, select_done, error);
}

GArray *archive_folder_retries(Archive *archive, const ArchiveFolder *folder, GError **error)
{
	return list_uids(archive, folder, select_retries, error);
}

typedef struct FiledUids {
	const ArchiveFolder *folder;
	const uint32_t *uids;
	size_t count;
	bool *done;
} FiledUids;

static bool select_filed(DbTransaction *transaction, void *data, GError **error)
{
	const FiledUids *filed = data;

	for (size_t i = 0; i < filed->count; i++) {
		int64_t found;

		if (!db_get_int(transaction, &found, 0, error,
			    "SELECT 1 FROM sources WHERE folder_id = $1 AND uid = $2"
			    " AND copy_id IS NOT NULL",
			    db_int(filed->folder->id), db_int(filed->uids[i])))
			return false;
		filed->done[i] = found != 0;
	}
	return true;
}

bool archive_folder_filed(Archive *archive, const ArchiveFolder *folder, const uint32_t *uids,
	size_t count, bool *done, GError **error)
{
	FiledUids filed = {folder, uids, count, done};

	return db_read(archive->db, select_filed, &filed, error);
}

typedef struct OneUid {
	const ArchiveFolder *folder;
	uint32_t uid;
} OneUid;

static bool delete_retry(DbTransaction *transaction, void *data, GError **error)
{
	const OneUid *one = data;

	return db_run(transaction, error, "DELETE FROM retries WHERE folder_id = $1 AND uid = $2",
		db_int(one->folder->id), db_int(one->uid));
}

bool archive_folder_forget(
	Archive *archive, const ArchiveFolder *folder, uint32_t uid, GError **error)
{
	OneUid one = {folder, uid};

	return db_write(archive->db, delete_retry, &one, error);
}

typedef struct Busy {
	const ArchiveFolder *folder;
	bool *busy;
} Busy;

static bool select_busy(DbTransaction *transaction, void *data, GError **error)
{
	const Busy *busy = data;
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT EXISTS (SELECT 1 FROM retries WHERE folder_id = $1)"
		    " OR EXISTS (SELECT 1 FROM actions WHERE folder_id = $1)",
		    db_int(busy->folder->id)))
		return false;
	*busy->busy = found != 0;
	return true;
}

bool archive_folder_is_busy(
	Archive *archive, const ArchiveFolder *folder, bool *busy, GError **error)
{
	Busy state = {folder, busy};

	return db_read(archive->db, select_busy, &state, error);
}
