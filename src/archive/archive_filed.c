/* Which mails of a folder on the server are filed, whoever did it: colleagues share mailboxes. */
#include "archive/archive_internal.h"

#include <stdlib.h>

#define UIDS_AT_ONCE 50

static void filed_clear(void *data)
{
	ArchiveFiled *filed = data;

	g_free(filed->filed_by);
	g_free(filed->case_number);
}

typedef struct FiledQuery {
	const ArchiveFolder *folder;
	const uint32_t *uids;
	size_t count;
	GArray *filed;
} FiledQuery;

/* $5 and on: UIDs, 0 where there are fewer. */
static const char filed_sql[] =
	"SELECT s.uid, s.imported_by, s.imported_at, m.id, m.case_number FROM folders f"
	" JOIN sources s ON s.folder_id = f.id JOIN copies c ON c.id = s.copy_id"
	" JOIN mails m ON m.id = c.mail_id"
	" WHERE f.mailbox_id = $1 AND f.name = $2 AND f.uid_validity = $3 AND f.server = $4"
	" AND s.uid IN ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,"
	" $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,"
	" $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53,"
	" $54) ORDER BY s.uid, s.imported_at, s.folder_id";

/* Of several who filed one UID, the first. */
static bool take_filed(DbRows *rows, GArray *result, GError **error)
{
	GError *failed = NULL;

	while (db_rows_next(rows, &failed)) {
		ArchiveFiled filed = {
			.uid = (uint32_t)db_rows_int(rows, 0),
			.filed_at = db_rows_int(rows, 2),
			.mail_id = db_rows_int(rows, 3),
		};

		if (result->len > 0 &&
			g_array_index(result, ArchiveFiled, result->len - 1).uid == filed.uid)
			continue;
		filed.filed_by = g_strdup(db_rows_text(rows, 1));
		filed.case_number = g_strdup(db_rows_text(rows, 4));
		g_array_append_val(result, filed);
	}
	return db_rows_end(failed, error);
}

static bool select_some(DbTransaction *transaction, const FiledQuery *query, int64_t mailbox_id,
	size_t first, GError **error)
{
	DbValue values[4 + UIDS_AT_ONCE] = {db_int(mailbox_id), db_text(query->folder->name),
		db_int(query->folder->uid_validity), db_text(query->folder->server)};
	g_autoptr(DbRows) rows = NULL;

	for (size_t i = 0; i < UIDS_AT_ONCE; i++)
		values[4 + i] = db_int(first + i < query->count ? query->uids[first + i] : 0);
	rows = db_select_values(transaction, filed_sql, values, G_N_ELEMENTS(values), error);
	return rows && take_filed(rows, query->filed, error);
}

static bool select_all(DbTransaction *transaction, void *data, GError **error)
{
	const FiledQuery *query = data;
	int64_t mailbox_id;

	if (!archive_find_mailbox(transaction, query->folder->mailbox, &mailbox_id, error))
		return false;
	for (size_t i = 0; mailbox_id != 0 && i < query->count; i += UIDS_AT_ONCE) {
		if (!select_some(transaction, query, mailbox_id, i, error))
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

GArray *archive_filed(Archive *archive, const ArchiveFolder *folder, const uint32_t *uids,
	size_t count, GError **error)
{
	g_autofree uint32_t *sorted = g_memdup2(uids, count * sizeof *uids);
	g_autoptr(GArray) filed = g_array_new(FALSE, FALSE, sizeof(ArchiveFiled));
	FiledQuery query = {folder, sorted, count, filed};

	g_array_set_clear_func(filed, filed_clear);
	if (count > 0)
		qsort(sorted, count, sizeof *sorted, compare_uids);
	return db_read(archive->db, select_all, &query, error) ? g_steal_pointer(&filed) : NULL;
}
