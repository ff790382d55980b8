/* Rows of a page of the list: what a table shows of a mail, many with one statement. */
#include "archive/archive_internal.h"

#define ROWS_AT_ONCE 50

void archive_row_free(ArchiveRow *row)
{
	if (!row)
		return;
	g_free(row->subject);
	g_free(row->from);
	g_free(row->case_number);
	g_free(row);
}

/* The ids are the parameters, 0 where there are fewer. Without ORDER BY, which takes a third more
 * than sorting the rows here. */
static const char rows_sql[] =
	"SELECT m.id, m.state, m.subject, m.sender, m.date, m.case_number, m.attachment_count,"
	" m.size,"
	/* ARCHIVE_MAILBOX_COUNT_LIMIT: there may be very many. */
	" (SELECT count(*) FROM"
	"  (SELECT 1 FROM mail_mailboxes b WHERE b.mail_id = m.id LIMIT 100) AS some)"
	" FROM mails m WHERE m.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
	"$15,"
	" $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32,"
	" $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, "
	"$50)";

static ArchiveRow *make_row(DbRows *rows)
{
	ArchiveRow *row = g_new0(ArchiveRow, 1);

	row->id = db_rows_int(rows, 0);
	row->state = (ArchiveState)db_rows_int(rows, 1);
	row->subject = g_strdup(db_rows_text(rows, 2));
	row->from = g_strdup(db_rows_text(rows, 3));
	row->date = db_rows_int(rows, 4);
	row->case_number = g_strdup(db_rows_text(rows, 5));
	row->attachments = (unsigned)db_rows_int(rows, 6);
	row->size = (uint64_t)db_rows_int(rows, 7);
	row->mailboxes = (unsigned)db_rows_int(rows, 8);
	return row;
}

/* COUNT, at most ROWS_AT_ONCE. */
static bool load_some(DbTransaction *transaction, const int64_t *positions, size_t count,
	GPtrArray *result, GError **error)
{
	DbValue values[ROWS_AT_ONCE];
	GError *failed = NULL;
	g_autoptr(DbRows) rows = NULL;

	for (size_t i = 0; i < ROWS_AT_ONCE; i++)
		values[i] = db_int(i < count ? search_position_id(positions[i]) : 0);
	rows = db_select_values(transaction, rows_sql, values, ROWS_AT_ONCE, error);
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		g_ptr_array_add(result, make_row(rows));
	return db_rows_end(failed, error);
}

/* As in the list. */
static int compare_rows(const void *a, const void *b)
{
	const ArchiveRow *left = *(ArchiveRow *const *)a;
	const ArchiveRow *right = *(ArchiveRow *const *)b;

	if (left->date != right->date)
		return left->date > right->date ? -1 : 1;
	return left->id > right->id ? -1 : left->id < right->id;
}

/* *OWN: whether the mail of ROW lies in one of MAILBOXES. *FIRST is the one to begin with, which
 * becomes the one that it lies in: many mails in a row lie in the same one. */
static bool is_in_any(DbTransaction *transaction, const ArchiveRow *row, const GArray *mailboxes,
	guint *first, bool *own, GError **error)
{
	int64_t found = 0;
	guint at = *first;

	for (guint i = 0; i < mailboxes->len && !found; i++) {
		at = (*first + i) % mailboxes->len;
		if (!db_get_int(transaction, &found, 0, error,
			    "SELECT 1 FROM mail_mailboxes WHERE mail_id = $1 AND mailbox_id = $2",
			    db_int(row->id), db_int(g_array_index(mailboxes, int64_t, at))))
			return false;
	}
	*first = at;
	*own = found != 0;
	return true;
}

/* Only who received a mail learns how many mailboxes it came to. Rows of one mailbox, as most are,
 * cost nothing here. */
static bool hide_mailboxes(
	DbTransaction *transaction, const ArchiveViewer *viewer, GPtrArray *rows, GError **error)
{
	g_autoptr(GArray) mailboxes = archive_find_mailboxes(transaction, viewer, error);
	guint first = 0;

	for (guint i = 0; mailboxes && i < rows->len; i++) {
		ArchiveRow *row = rows->pdata[i];
		bool own = true;

		if (row->mailboxes > 1 &&
			!is_in_any(transaction, row, mailboxes, &first, &own, error))
			return false;
		if (!own)
			row->mailboxes = 0;
	}
	return mailboxes != NULL;
}

bool archive_load_rows(DbTransaction *transaction, const ArchiveViewer *viewer,
	const GArray *positions, GPtrArray *rows, GError **error)
{
	const int64_t *all = (const int64_t *)(const void *)positions->data;

	for (guint i = 0; i < positions->len; i += ROWS_AT_ONCE) {
		if (!load_some(transaction, all + i, MIN(positions->len - i, ROWS_AT_ONCE), rows,
			    error))
			return false;
	}
	if (viewer && !hide_mailboxes(transaction, viewer, rows, error))
		return false;
	g_ptr_array_sort(rows, compare_rows);
	return true;
}
