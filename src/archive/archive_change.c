/* Changing what is on file: case numbers and deletion. Bytes never change; deleted ones leave with
 * the reaper, and their words leave search.db. */
#include "archive/archive_internal.h"

#include <inttypes.h>
#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "failure/failure.h"

/* How much of a wrong one an error repeats, in characters. */
#define CASE_SHOWN 40

char *archive_strip_case(const char *case_number)
{
	const char *start = case_number;
	const char *end;

	if (!case_number)
		return NULL;
	if (!g_utf8_validate(case_number, -1, NULL))
		return g_strdup(case_number);
	while (*start && g_unichar_isspace(g_utf8_get_char(start)))
		start = g_utf8_next_char(start);
	end = start + strlen(start);
	while (end > start && g_unichar_isspace(g_utf8_get_char(g_utf8_prev_char(end))))
		end = g_utf8_prev_char(end);
	return g_strndup(start, (gsize)(end - start));
}

bool archive_check_case(const char *case_number, GError **error)
{
	g_autofree char *stripped = archive_strip_case(case_number);
	g_autofree char *valid = text_make_valid(stripped, strlen(stripped));
	g_autofree char *shown = NULL;

	if (*stripped != '\0' && !text_has_control(stripped) &&
		g_utf8_strlen(stripped, -1) <= ARCHIVE_CASE_LIMIT)
		return true;
	if (g_utf8_strlen(valid, -1) > CASE_SHOWN)
		*g_utf8_offset_to_pointer(valid, CASE_SHOWN) = '\0';
	shown = g_strconcat(valid, strlen(valid) < strlen(stripped) ? "…" : "", NULL);
	failure_set(error, FAILURE_CASE_INVALID, shown,
		"case number is empty, too long or has"
		" control characters");
	return false;
}

typedef struct Change {
	const ArchiveViewer *viewer;
	int64_t id;
	char *number; /* id as text */
	const char *case_number;
	const char *former; /* that its author saw, "": none; NULL: whatever it is */
	const char *reason;
	const char *actor;
} Change;

/* ---- case numbers ---- */

/* FORMER gets the mail's case number, yours. FAILURE_MAIL_UNKNOWN; the viewer's right comes first,
 * so that an answer takes as long for a mail out of sight as for none. */
static bool find_former(
	DbTransaction *transaction, const Change *change, char **former, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = NULL;
	bool found;

	if (!archive_check_change(transaction, change->viewer, change->id, error))
		return false;
	rows = db_select(transaction, error, "SELECT case_number FROM mails WHERE id = $1",
		db_int(change->id));
	if (!rows)
		return false;
	found = db_rows_next(rows, &failed);
	if (found)
		*former = g_strdup(db_rows_text(rows, 0));
	else if (!failed)
		archive_fail_unknown(change->id, &failed);
	return db_rows_end(failed, error);
}

/* "12/34 -> 12/35", yours. */
static char *describe_case(const Change *change, const char *former)
{
	const char *now = change->case_number ? change->case_number : "-";

	return former ? g_strdup_printf("%s -> %s", former, now) : g_strdup(now);
}

static bool check_former(const Change *change, const char *former, GError **error)
{
	if (!change->former || strcmp(change->former, former ? former : "") == 0)
		return true;
	failure_set(error, FAILURE_CASE_CHANGED, former ? former : "–", "mail %s has \"%s\" by now",
		change->number, former ? former : "");
	return false;
}

static bool assign(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autofree char *former = NULL;
	g_autofree char *detail = NULL;

	if (!find_former(transaction, change, &former, error))
		return false;
	if (g_strcmp0(former, change->case_number) == 0)
		return true;
	if (!check_former(change, former, error))
		return false;
	detail = describe_case(change, former);
	return db_run(transaction, error, "UPDATE mails SET case_number = $2 WHERE id = $1",
		       db_int(change->id), db_text(change->case_number)) &&
	       archive_note_case_everywhere(transaction, change->id, error) &&
	       archive_forget_case(transaction, former, error) &&
	       audit_add(
		       transaction, change->actor, "archive.assign", change->number, detail, error);
}

bool archive_assign(Archive *archive, const ArchiveViewer *viewer, int64_t id,
	const char *case_number, const char *actor, GError **error)
{
	return archive_reassign(archive, viewer, id, case_number, NULL, actor, error);
}

bool archive_reassign(Archive *archive, const ArchiveViewer *viewer, int64_t id,
	const char *case_number, const char *former, const char *actor, GError **error)
{
	g_autofree char *stripped = archive_strip_case(case_number);
	g_autofree char *number = g_strdup_printf("%" PRId64, id);
	Change change = {.viewer = viewer,
		.id = id,
		.number = number,
		.case_number = stripped,
		.former = former,
		.actor = actor};

	if (case_number && !archive_check_case(case_number, error))
		return false;
	return db_write(archive->db, assign, &change, error);
}

/* ---- deletion ---- */

/* What may not come back by itself: the copies, and copies of the same content. */
static bool note_erased(DbTransaction *transaction, const Change *change, GError **error)
{
	DbValue now = db_int(clock_now());

	return db_run(transaction, error,
		       "INSERT INTO erased (digest, erased_at)"
		       " SELECT sha256, $2 FROM copies WHERE mail_id = $1"
		       " ON CONFLICT (digest) DO NOTHING",
		       db_int(change->id), now) &&
	       db_run(transaction, error,
		       "INSERT INTO erased (digest, erased_at)"
		       " SELECT content_key, $2 FROM mails"
		       " WHERE id = $1 AND content_key IS NOT NULL"
		       " ON CONFLICT (digest) DO NOTHING",
		       db_int(change->id), now);
}

/* A reader that holds the mail may still bring its words: the row waits for that. */
static bool note_removal(DbTransaction *transaction, const Change *change, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO search_removals (mail_id, keep_until)"
		" SELECT id, CASE WHEN state = 0 AND claimed_at > 0 THEN claimed_at + $2 ELSE 0 END"
		" FROM mails WHERE id = $1 ON CONFLICT (mail_id) DO NOTHING",
		db_int(change->id), db_int(ARCHIVE_CLAIM_SECONDS));
}

static bool delete_rows(DbTransaction *transaction, const Change *change, GError **error)
{
	DbValue id = db_int(change->id);

	return db_run(transaction, error,
		       "INSERT INTO garbage (pack_id, start, size)"
		       " SELECT pack_id, start, size FROM copies WHERE mail_id = $1 AND size > 0",
		       id) &&
	       db_run(transaction, error, "DELETE FROM copies WHERE mail_id = $1", id) &&
	       db_run(transaction, error, "DELETE FROM mails WHERE id = $1", id);
}

static bool delete_mail(DbTransaction *transaction, void *data, GError **error)
{
	const Change *change = data;
	g_autofree char *former = NULL;
	g_autofree char *detail = NULL;

	if (!find_former(transaction, change, &former, error))
		return false;
	detail = archive_describe_deleted(transaction, change->id, former, change->reason, error);
	return detail && note_erased(transaction, change, error) &&
	       note_removal(transaction, change, error) &&
	       delete_rows(transaction, change, error) &&
	       archive_forget_case(transaction, former, error) &&
	       audit_add(
		       transaction, change->actor, "archive.delete", change->number, detail, error);
}

#define REASON_LIMIT 500 /* letters */

/* A reason is a sentence for the log: not blank, not endless, no control characters. */
static bool check_reason(const char *reason, GError **error)
{
	g_autofree char *stripped = g_strstrip(g_strdup(reason));

	if (*stripped && !text_has_control(stripped) && g_utf8_strlen(stripped, -1) <= REASON_LIMIT)
		return true;
	failure_set(error, FAILURE_REASON_MISSING, NULL, "no usable reason for the deletion");
	return false;
}

bool archive_delete(Archive *archive, const ArchiveViewer *viewer, int64_t id, const char *reason,
	const char *actor, GError **error)
{
	g_autofree char *number = g_strdup_printf("%" PRId64, id);
	Change change = {
		.viewer = viewer, .id = id, .number = number, .reason = reason, .actor = actor};

	if (!check_reason(reason, error))
		return false;
	return db_write(archive->db, delete_mail, &change, error) &&
	       archive_drain_removals(archive, error);
}

/* ---- words of deleted mails ---- */

static bool select_removals(DbTransaction *transaction, void *data, GError **error)
{
	GArray *ids = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows =
		db_select(transaction, error, "SELECT mail_id FROM search_removals");

	if (!rows)
		return false;
	g_array_set_size(ids, 0);
	while (db_rows_next(rows, &failed)) {
		int64_t id = db_rows_int(rows, 0);

		g_array_append_val(ids, id);
	}
	return db_rows_end(failed, error);
}

static bool forget_removals(DbTransaction *transaction, void *data, GError **error)
{
	const GArray *ids = data;

	for (guint i = 0; i < ids->len; i++) {
		if (!db_run(transaction, error,
			    "DELETE FROM search_removals WHERE mail_id = $1 AND keep_until < $2",
			    db_int(g_array_index(ids, int64_t, i)), db_int(clock_now())))
			return false;
	}
	return true;
}

bool archive_drain_removals(Archive *archive, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

	if (!db_read(archive->db, select_removals, ids, error))
		return false;
	return ids->len == 0 || (search_remove(archive->search, (const int64_t *)(void *)ids->data,
					 ids->len, error) &&
					db_write(archive->db, forget_removals, ids, error));
}
