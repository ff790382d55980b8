/* What could not be retrieved from servers, over all folders of a user. */
#include "archive/archive_internal.h"

void archive_retry_free(ArchiveRetry *retry)
{
	if (!retry)
		return;
	g_free(retry->mailbox);
	g_free(retry->folder);
	g_free(retry->reason);
	g_free(retry);
}

typedef struct RetryQuery {
	int64_t user_id;
	const char *server;
	size_t limit;
	GPtrArray *found;
} RetryQuery;

static bool take_retries(DbRows *rows, GPtrArray *found, GError **error)
{
	GError *failed = NULL;

	g_ptr_array_set_size(found, 0);
	while (db_rows_next(rows, &failed)) {
		ArchiveRetry *retry = g_new0(ArchiveRetry, 1);

		retry->mailbox = g_strdup(db_rows_text(rows, 0));
		retry->folder = g_strdup(db_rows_text(rows, 1));
		retry->uid = (uint32_t)db_rows_int(rows, 2);
		retry->reason = g_strdup(db_rows_text(rows, 3));
		retry->tried_at = db_rows_int(rows, 4);
		retry->uid_validity = (uint32_t)db_rows_int(rows, 5);
		g_ptr_array_add(found, retry);
	}
	return db_rows_end(failed, error);
}

static bool select_all(DbTransaction *transaction, void *data, GError **error)
{
	const RetryQuery *query = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT b.address, f.name, r.uid, r.reason, r.tried_at, f.uid_validity FROM "
		"folders f"
		" JOIN retries r ON r.folder_id = f.id JOIN mailboxes b ON b.id = f.mailbox_id"
		" WHERE f.user_id = $1 AND f.server = $2"
		" ORDER BY b.address_folded, f.name, r.uid LIMIT $3",
		db_int(query->user_id), db_text(query->server), db_int((int64_t)query->limit));

	return rows && take_retries(rows, query->found, error);
}

GPtrArray *archive_retries(
	Archive *archive, int64_t user_id, const char *server, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)archive_retry_free);
	RetryQuery query = {user_id, server, limit, found};

	return db_read(archive->db, select_all, &query, error) ? g_steal_pointer(&found) : NULL;
}

typedef struct AnyRetries {
	int64_t user_id;
	bool *any;
} AnyRetries;

static bool select_any(DbTransaction *transaction, void *data, GError **error)
{
	const AnyRetries *query = data;
	int64_t found;

	if (!db_get_int(transaction, &found, 0, error,
		    "SELECT EXISTS (SELECT 1 FROM folders f JOIN retries r ON r.folder_id = f.id"
		    " WHERE f.user_id = $1)",
		    db_int(query->user_id)))
		return false;
	*query->any = found != 0;
	return true;
}

bool archive_any_retries(Archive *archive, int64_t user_id, bool *any, GError **error)
{
	AnyRetries query = {user_id, any};

	return db_read(archive->db, select_any, &query, error);
}
