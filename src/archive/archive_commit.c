/* The commit: packs and their folder are synced, then one transaction names them. That transaction
 * may run several times; its results leave it only at the end.
 *
 * A pack that a transaction has named is never unlinked here, not even if the commit failed: after
 * an I/O error nobody knows whether the rows come back with the next recovery. Without rows, the
 * reaper takes it. */
#include "archive/archive_batch.h"

#include <inttypes.h>
#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "failure/failure.h"

/* The transaction and what comes out of it. */
typedef struct Filing {
	const ArchiveBatch *batch;
	GPtrArray *sorted; /* const Staged *, by hash: all processes lock rows in one order */
	uint32_t cursor;
	int64_t now;
	bool any_erased;
	bool any_retries;
	int64_t mailbox_id; /* 0: uploads */
	int64_t filer_id;   /* the user who files; 0: none */

	uint64_t imported;
	uint64_t known;
	GArray *lost; /* uint32_t, UIDs */
	uint64_t bytes;
	int64_t *ids;
	GPtrArray *conflicts;
} Filing;

/* Where a mail stands in the transaction. */
typedef struct Filed {
	const Staged *mail; /* NULL: one that was filed before */
	int64_t mail_id;
	int64_t copy_id; /* 0: deleted earlier, stays away */
	bool is_new;
	bool is_lost; /* on file when it was looked up, deleted since: its bytes were left out */
} Filed;

/* FOUND (taken; NULL: *ERROR is set): a copy's id and its mail's, or nothing. */
static bool take_copy(DbRows *found, Filed *filed, GError **error)
{
	g_autoptr(DbRows) rows = found;
	GError *failed = NULL;

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		filed->copy_id = db_rows_int(rows, 0);
		filed->mail_id = db_rows_int(rows, 1);
	}
	return db_rows_end(failed, error);
}

static bool find_copy(DbTransaction *transaction, Filed *filed, GError **error)
{
	return take_copy(
		db_select(transaction, error, "SELECT id, mail_id FROM copies WHERE sha256 = $1",
			db_blob(filed->mail->sha256, SHA256_SIZE)),
		filed, error);
}

static DbValue key_of(const Staged *mail)
{
	return mail->has_key ? db_blob(mail->content_key, SHA256_SIZE) : db_null();
}

/* Whether a person deleted this copy, or the mail that it would be a copy of. */
static bool is_erased(
	DbTransaction *transaction, const Staged *mail, int64_t *erased, GError **error)
{
	return db_get_int(transaction, erased, 0, error,
		"SELECT 1 FROM erased WHERE digest IN ($1, $2) LIMIT 1",
		db_blob(mail->sha256, SHA256_SIZE), key_of(mail));
}

static bool forgive(DbTransaction *transaction, const Staged *mail, GError **error)
{
	return db_run(transaction, error, "DELETE FROM erased WHERE digest IN ($1, $2)",
		db_blob(mail->sha256, SHA256_SIZE), key_of(mail));
}

static bool add_garbage(DbTransaction *transaction, const Staged *mail, GError **error)
{
	return !mail->pack || mail->size == 0 ||
	       db_run(transaction, error,
		       "INSERT INTO garbage (pack_id, start, size) VALUES ($1, $2, $3)",
		       db_int(mail->pack->id), db_int((int64_t)mail->start),
		       db_int((int64_t)mail->size));
}

/* Dates that no calendar of ours holds are no dates (search_position). */
static int64_t first_date(const Filing *filing, const Staged *mail)
{
	bool usable = mail->received > 0 && mail->received <= SEARCH_DATE_LIMIT;

	return usable ? mail->received : filing->now;
}

/* The mail of this content, or a new row. */
static bool find_or_add_mail(
	Filing *filing, DbTransaction *transaction, Filed *filed, GError **error)
{
	const Staged *mail = filed->mail;

	filed->mail_id = 0;
	if (mail->has_key && !db_get_int(transaction, &filed->mail_id, 0, error,
				     "SELECT id FROM mails WHERE content_key = $1", key_of(mail)))
		return false;
	if (filed->mail_id != 0)
		return true;
	return db_get_int(transaction, &filed->mail_id, 0, error,
		"INSERT INTO mails (content_key, date, size) VALUES ($1, $2, $3)"
		" ON CONFLICT (content_key) DO UPDATE SET content_key = excluded.content_key"
		" RETURNING id",
		key_of(mail), db_int(first_date(filing, mail)), db_int((int64_t)mail->size));
}

/* Inserts by hash; somebody who was faster wins, and our bytes become garbage. */
static bool add_copy(Filing *filing, DbTransaction *transaction, Filed *filed, GError **error)
{
	const Staged *mail = filed->mail;

	if (!find_or_add_mail(filing, transaction, filed, error) ||
		!db_get_int(transaction, &filed->copy_id, 0, error,
			"INSERT INTO copies (mail_id, sha256, size, pack_id, start)"
			" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sha256) DO NOTHING RETURNING id",
			db_int(filed->mail_id), db_blob(mail->sha256, SHA256_SIZE),
			db_int((int64_t)mail->size), db_int(mail->pack->id),
			db_int((int64_t)mail->start)))
		return false;
	filed->is_new = filed->copy_id != 0;
	if (filed->is_new)
		return true;
	return db_run(transaction, error,
		       "DELETE FROM mails WHERE id = $1 AND NOT EXISTS"
		       " (SELECT 1 FROM copies WHERE mail_id = $1)",
		       db_int(filed->mail_id)) &&
	       add_garbage(transaction, mail, error) && find_copy(transaction, filed, error);
}

/* Brings the bytes on file, unless they are or must not be. */
static bool file_copy(Filing *filing, DbTransaction *transaction, Filed *filed, GError **error)
{
	const Staged *mail = filed->mail;
	int64_t erased = 0;

	if (!find_copy(transaction, filed, error))
		return false;
	if (filed->copy_id == 0 && filing->any_erased &&
		!is_erased(transaction, mail, &erased, error))
		return false;
	if (filed->copy_id != 0 || (erased && !filing->batch->order.by_hand))
		return add_garbage(transaction, mail, error);
	filed->is_lost = !mail->pack;
	if (filed->is_lost)
		return true;
	return (!erased || forgive(transaction, mail, error)) &&
	       add_copy(filing, transaction, filed, error);
}

/* ---- what belongs to a copy ---- */

static DbValue copy_or_null(const Filed *filed)
{
	return filed->copy_id != 0 ? db_int(filed->copy_id) : db_null();
}

/* A UID that was filed before keeps its row, unless its copy was deleted or the server now gives
 * other bytes: then the row follows. */
static bool add_source(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	const ArchiveOrder *order = &filing->batch->order;

	return db_run(transaction, error,
		"INSERT INTO sources (folder_id, uid, copy_id, received, imported_at, imported_by)"
		" VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (folder_id, uid) DO UPDATE"
		" SET copy_id = excluded.copy_id, received = excluded.received,"
		" imported_at = excluded.imported_at, imported_by = excluded.imported_by"
		" WHERE excluded.copy_id IS NOT NULL"
		" AND (sources.copy_id IS NULL OR sources.copy_id <> excluded.copy_id)",
		db_int(order->folder->id), db_int(filed->mail->uid), copy_or_null(filed),
		db_int(filed->mail->received), db_int(filing->now), db_text(order->imported_by));
}

static bool add_to_mailbox(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO mail_mailboxes (mail_id, mailbox_id, position)"
		" SELECT id, $2, (date << 29) | id FROM mails WHERE id = $1"
		" ON CONFLICT (mail_id, mailbox_id) DO NOTHING",
		db_int(filed->mail_id), db_int(filing->mailbox_id));
}

static bool add_filer(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	return filing->filer_id == 0 ||
	       db_run(transaction, error,
		       "INSERT INTO mail_filers (mail_id, user_id, position)"
		       " SELECT id, $2, (date << 29) | id FROM mails WHERE id = $1"
		       " ON CONFLICT (mail_id, user_id) DO NOTHING",
		       db_int(filed->mail_id), db_int(filing->filer_id));
}

static bool add_upload(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	return filed->copy_id == 0 ||
	       (db_run(transaction, error,
			"INSERT INTO uploads (copy_id, imported_by, imported_at)"
			" VALUES ($1, $2, $3) ON CONFLICT (copy_id, imported_by) DO NOTHING",
			db_int(filed->copy_id), db_text(filing->batch->order.imported_by),
			db_int(filing->now)) &&
		       add_filer(filing, transaction, filed, error));
}

static bool add_action(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	const ArchiveOrder *order = &filing->batch->order;

	return !order->action || filed->copy_id == 0 ||
	       db_run(transaction, error,
		       "INSERT INTO actions (folder_id, action, target, uid)"
		       " VALUES ($1, $2, $3, $4)"
		       " ON CONFLICT (folder_id, action, target, uid) DO NOTHING",
		       db_int(order->folder->id), db_text(order->action),
		       db_text(order->action_folder ? order->action_folder : ""),
		       db_int(filed->mail->uid));
}

static bool end_retry(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	return !filing->any_retries ||
	       db_run(transaction, error, "DELETE FROM retries WHERE folder_id = $1 AND uid = $2",
		       db_int(filing->batch->folder.id), db_int(filed->mail->uid));
}

static bool note_origin(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	if (!filing->batch->order.folder)
		return add_upload(filing, transaction, filed, error);
	return add_source(filing, transaction, filed, error) &&
	       (filed->copy_id == 0 || (add_to_mailbox(filing, transaction, filed, error) &&
					       add_filer(filing, transaction, filed, error))) &&
	       add_action(filing, transaction, filed, error) &&
	       end_retry(filing, transaction, filed, error);
}

/* ---- case numbers ---- */

static void add_conflict(Filing *filing, const char *line)
{
	if (!g_ptr_array_find_with_equal_func(filing->conflicts, line, g_str_equal, NULL))
		g_ptr_array_add(filing->conflicts, g_strdup(line));
}

static bool list_conflict(
	Filing *filing, DbTransaction *transaction, int64_t mail_id, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT case_number FROM mails WHERE id = $1 AND case_number <> $2",
		db_int(mail_id), db_text(filing->batch->order.case_number));

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		g_autofree char *line =
			g_strdup_printf("%" PRId64 ": %s", mail_id, db_rows_text(rows, 0));

		add_conflict(filing, line);
	}
	return db_rows_end(failed, error);
}

/* A mail that was on file before gets an audit row, as if assigned by hand. */
static bool audit_case(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	const ArchiveOrder *order = &filing->batch->order;
	g_autofree char *subject = g_strdup_printf("%" PRId64, filed->mail_id);

	return filed->is_new || audit_add(transaction, order->imported_by, "archive.assign",
					subject, order->case_number, error);
}

/* Bytes that somebody has do not make the mail theirs: its case number is none of their business,
 * unless it is the very one that they give. */
static bool refuse_case(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	g_autofree char *line = g_strdup_printf("%" PRId64, filed->mail_id);
	int64_t same;

	if (!db_get_int(transaction, &same, 0, error,
		    "SELECT 1 FROM mails WHERE id = $1 AND case_number = $2",
		    db_int(filed->mail_id), db_text(filing->batch->order.case_number)))
		return false;
	if (!same)
		add_conflict(filing, line);
	return true;
}

static bool fill_case(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	const char *case_number = filing->batch->order.case_number;
	int64_t changed;
	bool may;

	if (!case_number || filed->copy_id == 0)
		return true;
	if (!archive_may_change(
		    transaction, filing->batch->order.viewer, filed->mail_id, &may, error))
		return false;
	if (!may)
		return refuse_case(filing, transaction, filed, error);
	if (!db_run_counted(transaction, &changed, error,
		    "UPDATE mails SET case_number = $2 WHERE id = $1 AND case_number IS NULL",
		    db_int(filed->mail_id), db_text(case_number)))
		return false;
	return changed > 0 ? audit_case(filing, transaction, filed, error)
			   : list_conflict(filing, transaction, filed->mail_id, error);
}

/* So that it is offered where the mail is now; one that was on file may have a number of its own.
 */
static bool note_case(
	Filing *filing, DbTransaction *transaction, const Filed *filed, GError **error)
{
	if (filed->copy_id == 0 || (filed->is_new && !filing->batch->order.case_number))
		return true;
	return archive_note_case(transaction, filed->mail_id, filing->mailbox_id, filing->filer_id,
		filing->now, error);
}

/* ---- the transaction ---- */

/* A UID that was filed meanwhile is not noted. */
static bool note_retry(Filing *filing, DbTransaction *transaction, uint32_t uid, const char *reason,
	GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO retries (folder_id, uid, reason, tried_at)"
		" SELECT $1, $2, $3, $4 WHERE NOT EXISTS"
		" (SELECT 1 FROM sources WHERE folder_id = $1 AND uid = $2"
		" AND copy_id IS NOT NULL)"
		" ON CONFLICT (folder_id, uid) DO UPDATE SET reason = excluded.reason,"
		" tried_at = excluded.tried_at, attempts = retries.attempts + 1",
		db_int(filing->batch->folder.id), db_int(uid), db_text(reason),
		db_int(filing->now));
}

/* Its bytes must come again: from the server in the next run, from a person at once. */
static bool note_lost(
	Filing *filing, DbTransaction *transaction, const Staged *mail, GError **error)
{
	g_autoptr(GError) reason = NULL;

	failure_set(&reason, FAILURE_STORE_BUSY, NULL, "a copy was deleted meanwhile");
	if (!filing->batch->order.folder) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	g_array_append_val(filing->lost, mail->uid);
	return note_retry(filing, transaction, mail->uid, failure_name(reason), error);
}

static bool file_mail(
	Filing *filing, DbTransaction *transaction, const Staged *mail, GError **error)
{
	Filed filed = {.mail = mail};

	filing->ids[mail->number] = 0;
	if (!file_copy(filing, transaction, &filed, error))
		return false;
	if (filed.is_lost)
		return note_lost(filing, transaction, mail, error);
	if (!note_origin(filing, transaction, &filed, error) ||
		!fill_case(filing, transaction, &filed, error) ||
		!note_case(filing, transaction, &filed, error))
		return false;
	if (filed.is_new) {
		filing->imported++;
		filing->bytes += mail->size;
	} else {
		filing->known++;
	}
	filing->ids[mail->number] = filed.copy_id != 0 ? filed.mail_id : 0;
	return true;
}

static bool note_failures(Filing *filing, DbTransaction *transaction, GError **error)
{
	const ArchiveBatch *batch = filing->batch;

	for (guint i = 0; batch->order.folder && i < batch->failures->len; i++) {
		const StagedFailure *failure = &g_array_index(batch->failures, StagedFailure, i);

		if (!note_retry(filing, transaction, failure->uid, failure->reason, error))
			return false;
	}
	return true;
}

/* Deleted ones have no copy. */
static bool find_filed(const Filing *filing, DbTransaction *transaction, uint32_t uid, Filed *filed,
	GError **error)
{
	return take_copy(db_select(transaction, error,
				 "SELECT c.id, c.mail_id FROM sources s JOIN copies c ON c.id = "
				 "s.copy_id WHERE s.folder_id = $1 AND s.uid = $2",
				 db_int(filing->batch->folder.id), db_int(uid)),
		filed, error);
}

static bool fill_known(Filing *filing, DbTransaction *transaction, GError **error)
{
	const GArray *known = filing->batch->known;

	for (guint i = 0; i < known->len; i++) {
		Filed filed = {0};

		if (!find_filed(filing, transaction, g_array_index(known, uint32_t, i), &filed,
			    error) ||
			!fill_case(filing, transaction, &filed, error) ||
			!note_case(filing, transaction, &filed, error))
			return false;
		filing->known++;
	}
	return true;
}

static bool move_cursor(Filing *filing, DbTransaction *transaction, GError **error)
{
	return filing->cursor == 0 ||
	       db_run(transaction, error,
		       "UPDATE folders SET cursor = $2 WHERE id = $1 AND cursor < $2",
		       db_int(filing->batch->folder.id), db_int(filing->cursor));
}

/* Facts that spare a statement a mail. */
static bool look_around(Filing *filing, DbTransaction *transaction, GError **error)
{
	int64_t erased;
	int64_t retries;
	DbValue folder = db_int(filing->batch->folder.id);

	if (!db_get_int(transaction, &erased, 0, error, "SELECT 1 FROM erased LIMIT 1") ||
		!db_get_int(transaction, &retries, 0, error,
			"SELECT 1 FROM retries WHERE folder_id = $1 LIMIT 1", folder) ||
		!db_get_int(transaction, &filing->mailbox_id, 0, error,
			"SELECT mailbox_id FROM folders WHERE id = $1", folder) ||
		!db_get_int(transaction, &filing->filer_id, filing->batch->order.imported_by_id,
			error, "SELECT user_id FROM folders WHERE id = $1", folder))
		return false;
	filing->any_erased = erased != 0;
	filing->any_retries = retries != 0;
	return true;
}

static bool note_upload(const Filing *filing, DbTransaction *transaction, GError **error)
{
	const ArchiveBatch *batch = filing->batch;

	return batch->order.folder || batch->staged->len == 0 ||
	       archive_note_upload(transaction, batch->order.imported_by, filing->imported,
		       filing->known, filing->ids, batch->staged->len, error);
}

static void reset(Filing *filing)
{
	filing->imported = 0;
	filing->known = 0;
	g_array_set_size(filing->lost, 0);
	filing->bytes = 0;
	g_ptr_array_set_size(filing->conflicts, 0);
}

static bool file_batch(DbTransaction *transaction, void *data, GError **error)
{
	Filing *filing = data;
	const ArchiveBatch *batch = filing->batch;

	reset(filing);
	if (!look_around(filing, transaction, error))
		return false;
	for (guint i = 0; i < batch->packs->len; i++) {
		if (!pack_add_row(g_ptr_array_index(batch->packs, i), transaction, error))
			return false;
	}
	for (guint i = 0; i < batch->staged->len; i++) {
		if (!file_mail(filing, transaction, g_ptr_array_index(filing->sorted, i), error))
			return false;
	}
	return fill_known(filing, transaction, error) &&
	       note_failures(filing, transaction, error) &&
	       move_cursor(filing, transaction, error) && note_upload(filing, transaction, error);
}

/* ---- around it ---- */

static int compare_hashes(const void *a, const void *b)
{
	const Staged *const *left = a;
	const Staged *const *right = b;
	int order = memcmp((*left)->sha256, (*right)->sha256, SHA256_SIZE);

	return order != 0 ? order : ((*left)->number > (*right)->number ? 1 : -1);
}

static GPtrArray *sort_by_hash(const ArchiveBatch *batch)
{
	GPtrArray *sorted = g_ptr_array_sized_new(batch->staged->len);

	for (guint i = 0; i < batch->staged->len; i++)
		g_ptr_array_add(sorted, &g_array_index(batch->staged, Staged, i));
	g_ptr_array_sort(sorted, compare_hashes);
	return sorted;
}

static void hand_over(const Filing *filing, ArchiveTally *tally)
{
	tally->imported += filing->imported;
	tally->known += filing->known;
	tally->lost += filing->lost->len;
	if (tally->lost_uids)
		g_array_append_vals(tally->lost_uids, filing->lost->data, filing->lost->len);
	tally->bytes += filing->bytes;
	if (tally->ids)
		g_array_append_vals(tally->ids, filing->ids, filing->batch->staged->len);
	while (tally->case_conflicts && filing->conflicts->len > 0)
		g_ptr_array_add(
			tally->case_conflicts, g_ptr_array_steal_index(filing->conflicts, 0));
}

static bool write_rows(ArchiveBatch *batch, uint32_t cursor, ArchiveTally *tally, GError **error)
{
	g_autoptr(GPtrArray) sorted = sort_by_hash(batch);
	g_autofree int64_t *ids = g_new0(int64_t, batch->staged->len + 1);
	g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	Filing filing = {
		.batch = batch,
		.sorted = sorted,
		.cursor = cursor,
		.now = clock_now(),
		.lost = lost,
		.ids = ids,
		.conflicts = conflicts,
	};

	for (guint i = 0; i < batch->packs->len; i++) {
		Pack *pack = g_ptr_array_index(batch->packs, i);

		pack->keep = true;
	}
	if (!db_write(batch->archive->db, file_batch, &filing, error))
		return false;
	hand_over(&filing, tally);
	return true;
}

static bool commit(ArchiveBatch *batch, uint32_t cursor, ArchiveTally *tally, GError **error)
{
	if (batch->staged->len == 0 && batch->failures->len == 0 && batch->known->len == 0 &&
		cursor == 0)
		return true;
	return archive_batch_write_window(batch, error) &&
	       pack_sync_all(batch->archive, (Pack *const *)batch->packs->pdata, batch->packs->len,
		       error) &&
	       write_rows(batch, cursor, tally, error);
}

bool archive_batch_commit(ArchiveBatch *batch, uint32_t cursor, ArchiveTally *tally, GError **error)
{
	bool done;

	g_assert(!batch->open && (cursor == 0 || batch->order.folder));
	done = commit(batch, cursor, tally, error);
	archive_batch_clear(batch);
	return done;
}
