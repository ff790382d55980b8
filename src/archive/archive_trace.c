/* What the audit log keeps of deletions, uploads and exports: numbers and hashes, no content. */
#include "archive/archive_internal.h"

#include <inttypes.h>
#include "audit/audit.h"

typedef struct Deleted {
	int64_t copies;
	int64_t sources;
	char sha256[SHA256_HEX_SIZE];
} Deleted;

static bool look_at(DbTransaction *transaction, int64_t id, Deleted *deleted, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT c.sha256, (SELECT count(*) FROM copies WHERE mail_id = $1),"
		" (SELECT count(*) FROM copies o JOIN sources s ON s.copy_id = o.id"
		"  WHERE o.mail_id = $1)"
		" + (SELECT count(*) FROM copies o JOIN uploads u ON u.copy_id = o.id"
		"  WHERE o.mail_id = $1)"
		" FROM copies c WHERE c.mail_id = $1 ORDER BY c.id LIMIT 1",
		db_int(id));

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		size_t size;
		const uint8_t *digest = db_rows_blob(rows, 0, &size);

		g_assert(size == SHA256_SIZE);
		sha256_to_hex(digest, deleted->sha256);
		deleted->copies = db_rows_int(rows, 1);
		deleted->sources = db_rows_int(rows, 2);
	}
	return db_rows_end(failed, error);
}

/* What people wrote stands first, so that what is behind it is surely not theirs. */
char *archive_describe_deleted(DbTransaction *transaction, int64_t id, const char *case_number,
	const char *reason, GError **error)
{
	Deleted deleted = {0};

	if (!look_at(transaction, id, &deleted, error))
		return NULL;
	return g_strdup_printf("reason: %s%s%s; sha256: %s; copies: %" PRId64 "; sources: %" PRId64,
		reason, case_number ? "; case: " : "", case_number ? case_number : "",
		deleted.sha256, deleted.copies, deleted.sources);
}

/* "3, 7"; yours. */
static char *list_ids(const int64_t *ids, size_t count)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < count; i++) {
		if (ids[i] != 0)
			g_string_append_printf(
				text, "%s%" PRId64, text->len > 0 ? ", " : "", ids[i]);
	}
	return g_string_free(text, FALSE);
}

bool archive_note_upload(DbTransaction *transaction, const char *actor, uint64_t imported,
	uint64_t known, const int64_t *ids, size_t count, GError **error)
{
	g_autofree char *listed = list_ids(ids, count);
	g_autofree char *detail = g_strdup_printf(
		"new: %" PRIu64 "; known: %" PRIu64 "; ids: %s", imported, known, listed);

	return audit_add(transaction, actor, "archive.upload", NULL, detail, error);
}

/* ---- exports ---- */

typedef struct Export {
	const GArray *ids;
	const char *actor;
} Export;

static bool note_export(DbTransaction *transaction, void *data, GError **error)
{
	const Export *taken = data;
	g_autofree char *listed =
		list_ids((const int64_t *)(void *)taken->ids->data, taken->ids->len);
	g_autofree char *detail = g_strdup_printf("count: %u; ids: %s", taken->ids->len, listed);

	return audit_add(transaction, taken->actor, "archive.export", NULL, detail, error);
}

bool archive_note_export(Archive *archive, const GArray *ids, const char *actor, GError **error)
{
	Export taken = {ids, actor};

	return db_write(archive->db, note_export, &taken, error);
}
