/* Case numbers: which were given where, so that they can be offered to those who see their mails.
 */
#include "archive/archive_internal.h"

#include <string.h>
#include "base/clock.h"
#include "base/text.h"

/* Of the numbers that were used last so many are looked through for the beginning; if that is not
 * enough, so many of those that begin so. */
#define RECENT_LIMIT 2000
#define BEGINNING_LIMIT 5000

/* For the test whether a number still has a mail that one may see. */
#define CASE_EFFORT 8000

/* ---- keeping ---- */

bool archive_note_case(DbTransaction *transaction, int64_t mail_id, int64_t mailbox_id,
	int64_t user_id, int64_t now, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO case_uses (scope, case_number, used)"
		" SELECT s.scope, m.case_number, $2 FROM mails m,"
		" (SELECT 0 AS scope UNION SELECT $3 UNION SELECT $4) s"
		" WHERE m.id = $1 AND m.case_number IS NOT NULL"
		" ON CONFLICT (scope, case_number) DO UPDATE SET used = excluded.used",
		db_int(mail_id), db_int(now), db_int(mailbox_id), db_int(-user_id));
}

bool archive_note_case_everywhere(DbTransaction *transaction, int64_t mail_id, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO case_uses (scope, case_number, used)"
		" SELECT s.scope, m.case_number, $2 FROM mails m, (SELECT 0 AS scope"
		" UNION SELECT mailbox_id FROM mail_mailboxes WHERE mail_id = $1"
		" UNION SELECT -user_id FROM mail_filers WHERE mail_id = $1) s"
		" WHERE m.id = $1 AND m.case_number IS NOT NULL"
		" ON CONFLICT (scope, case_number) DO UPDATE SET used = excluded.used",
		db_int(mail_id), db_int(clock_now()));
}

bool archive_forget_case(DbTransaction *transaction, const char *case_number, GError **error)
{
	return !case_number || db_run(transaction, error,
				       "DELETE FROM case_uses WHERE case_number = $1 AND NOT EXISTS"
				       " (SELECT 1 FROM mails WHERE case_number = $1)",
				       db_text(case_number));
}

/* ---- offering ---- */

typedef struct CaseUse {
	char *case_number;
	int64_t used;
} CaseUse;

static void case_use_clear(void *data)
{
	CaseUse *use = data;

	g_free(use->case_number);
}

typedef struct Offer {
	Archive *archive;
	const ArchiveViewer *viewer;
	const char *prefix;
	char *prefix_end; /* above all that begins so */
	bool exact;	  /* it is all of it: few are, whose place in the index is known */
	size_t limit;
	GArray *uses; /* CaseUse */
	GPtrArray *cases;
} Offer;

static bool take_uses(Offer *offer, DbRows *rows, size_t *count, GError **error)
{
	GError *failed = NULL;

	*count = 0;
	while (db_rows_next(rows, &failed)) {
		CaseUse use = {g_strdup(db_rows_text(rows, 0)), db_rows_int(rows, 1)};

		g_array_append_val(offer->uses, use);
		*count += 1;
	}
	return db_rows_end(failed, error);
}

/* The beginning is folded by the database, as the column is. */
#define FOLDED(value) "lower(replace(replace(replace(" value ", 'Ä', 'ä'), 'Ö', 'ö'), 'Ü', 'ü'))"
#define BEGINS_SO "folded >= " FOLDED("$2") " AND folded < " FOLDED("$3")

/* More than wanted, since some may have no mail in sight any more. */
static int64_t with_spare(const Offer *offer)
{
	return (int64_t)offer->limit * 2 + 10;
}

/* Without a beginning the first ones are it. */
static int64_t recent_limit(const Offer *offer)
{
	return *offer->prefix ? RECENT_LIMIT : with_spare(offer);
}

static bool find_recent(
	Offer *offer, DbTransaction *transaction, int64_t scope, size_t *count, GError **error)
{
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT case_number, used FROM (SELECT case_number, used, folded FROM case_uses"
		" WHERE scope = $1 ORDER BY used DESC, folded DESC LIMIT $5) AS recent"
		" WHERE " BEGINS_SO " ORDER BY used DESC, folded DESC LIMIT $4",
		db_int(scope), db_text(offer->prefix), db_text(offer->prefix_end),
		db_int(with_spare(offer)), db_int(recent_limit(offer)));

	return rows && take_uses(offer, rows, count, error);
}

static bool find_beginning(Offer *offer, DbTransaction *transaction, int64_t scope, GError **error)
{
	size_t count;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT case_number, used FROM (SELECT case_number, used FROM case_uses"
		" WHERE scope = $1 AND " BEGINS_SO " ORDER BY folded LIMIT $5) AS beginning"
		" ORDER BY used DESC LIMIT $4",
		db_int(scope), db_text(offer->prefix), db_text(offer->prefix_end),
		db_int(with_spare(offer)), db_int(BEGINNING_LIMIT));

	return rows && take_uses(offer, rows, &count, error);
}

static bool look_into(Offer *offer, DbTransaction *transaction, int64_t scope, GError **error)
{
	size_t count;

	if (offer->exact)
		return find_beginning(offer, transaction, scope, error);
	return find_recent(offer, transaction, scope, &count, error) &&
	       (count >= (size_t)with_spare(offer) ||
		       find_beginning(offer, transaction, scope, error));
}

static bool gather(Offer *offer, DbTransaction *transaction, GError **error)
{
	g_autoptr(GArray) mailboxes = NULL;

	if (!offer->viewer)
		return look_into(offer, transaction, 0, error);
	mailboxes = archive_find_mailboxes(transaction, offer->viewer, error);
	if (!mailboxes || !look_into(offer, transaction, -offer->viewer->user_id, error))
		return false;
	for (guint i = 0; i < mailboxes->len; i++) {
		if (!look_into(offer, transaction, g_array_index(mailboxes, int64_t, i), error))
			return false;
	}
	return true;
}

static int compare_uses(const void *a, const void *b)
{
	const CaseUse *left = a;
	const CaseUse *right = b;

	if (left->used != right->used)
		return left->used > right->used ? -1 : 1;
	return strcmp(left->case_number, right->case_number);
}

/* Adds the number unless none of its mails is in sight any more. */
static bool offer_case(Offer *offer, const char *case_number, GError **error)
{
	ArchiveFilter filter = {.viewer = offer->viewer, .case_number = case_number, .limit = 1};
	bool any;

	if (!archive_has_any(offer->archive, &filter, CASE_EFFORT, &any, error))
		return false;
	if (any)
		g_ptr_array_add(offer->cases, g_strdup(case_number));
	return true;
}

static bool offer_cases(DbTransaction *transaction, void *data, GError **error)
{
	Offer *offer = data;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!gather(offer, transaction, error))
		return false;
	g_array_sort(offer->uses, compare_uses);
	for (guint i = 0; i < offer->uses->len && offer->cases->len < offer->limit; i++) {
		char *case_number = g_array_index(offer->uses, CaseUse, i).case_number;

		if (g_hash_table_add(seen, case_number) && !offer_case(offer, case_number, error))
			return false;
	}
	return true;
}

#define BEHIND_ALL "\xf4\x8f\xbf\xbf"
/* No case number has control characters. */
#define BEHIND_ITSELF "\x01"

/* Those that begin with PREFIX, or EXACT: are it. */
static GPtrArray *find_cases(Archive *archive, const ArchiveViewer *viewer, const char *prefix,
	bool exact, size_t limit, GError **error)
{
	g_autofree char *valid = text_make_valid(prefix, strlen(prefix));
	g_autofree char *end = g_strconcat(valid, exact ? BEHIND_ITSELF : BEHIND_ALL, NULL);
	g_autoptr(GArray) uses = g_array_new(FALSE, FALSE, sizeof(CaseUse));
	g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(g_free);
	Offer offer = {archive, viewer, valid, end, exact, limit, uses, cases};

	g_array_set_clear_func(uses, case_use_clear);
	return db_read(archive->db, offer_cases, &offer, error) ? g_steal_pointer(&cases) : NULL;
}

GPtrArray *archive_cases(Archive *archive, const ArchiveViewer *viewer, const char *prefix,
	size_t limit, GError **error)
{
	return find_cases(archive, viewer, prefix, false, limit, error);
}

GPtrArray *archive_cases_named(Archive *archive, const ArchiveViewer *viewer, const char *text,
	size_t limit, GError **error)
{
	g_autofree char *stripped = archive_strip_case(text);

	if (!*stripped)
		return g_ptr_array_new_with_free_func(g_free);
	return find_cases(archive, viewer, stripped, true, limit, error);
}

GPtrArray *archive_cases_like(Archive *archive, const ArchiveViewer *viewer, const char *text,
	size_t limit, GError **error)
{
	g_autofree char *stripped = archive_strip_case(text);
	g_autoptr(GPtrArray) named = archive_cases_named(archive, viewer, stripped, limit, error);

	if (!named || named->len > 0 || !*stripped)
		return g_steal_pointer(&named);
	return archive_cases(archive, viewer, stripped, limit, error);
}

/* ---- of mails with certain Message-IDs ---- */

void archive_known_case_free(ArchiveKnownCase *known)
{
	if (!known)
		return;
	g_free(known->message_id);
	g_free(known->case_number);
	g_free(known);
}

/* Of mails with one Message-ID the newest so many are looked at. */
#define SAME_ID_LIMIT 20

typedef struct Lookup {
	const ArchiveViewer *viewer;
	const char *const *message_ids;
	GPtrArray *found;
} Lookup;

static GPtrArray *select_by_message_id(
	DbTransaction *transaction, const char *message_id, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)archive_known_case_free);
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT id, case_number FROM mails WHERE message_id = $1"
		" AND case_number IS NOT NULL ORDER BY id DESC LIMIT $2",
		db_text(message_id), db_int(SAME_ID_LIMIT));

	if (!rows)
		return NULL;
	while (db_rows_next(rows, &failed)) {
		ArchiveKnownCase *known = g_new0(ArchiveKnownCase, 1);

		known->message_id = g_strdup(message_id);
		known->mail_id = db_rows_int(rows, 0);
		known->case_number = g_strdup(db_rows_text(rows, 1));
		g_ptr_array_add(found, known);
	}
	return db_rows_end(failed, error) ? g_steal_pointer(&found) : NULL;
}

static bool look_up_id(
	Lookup *lookup, DbTransaction *transaction, const char *message_id, GError **error)
{
	g_autoptr(GPtrArray) candidates = select_by_message_id(transaction, message_id, error);

	while (candidates && candidates->len > 0) {
		g_autoptr(ArchiveKnownCase) known = g_ptr_array_steal_index(candidates, 0);
		bool sees;

		if (!archive_may_see(transaction, lookup->viewer, known->mail_id, &sees, error))
			return false;
		if (sees)
			g_ptr_array_add(lookup->found, g_steal_pointer(&known));
	}
	return candidates != NULL;
}

static bool look_up_all(DbTransaction *transaction, void *data, GError **error)
{
	Lookup *lookup = data;

	for (const char *const *id = lookup->message_ids; *id; id++) {
		if (g_utf8_validate(*id, -1, NULL) && !look_up_id(lookup, transaction, *id, error))
			return false;
	}
	return true;
}

GPtrArray *archive_case_of_message_ids(Archive *archive, const ArchiveViewer *viewer,
	const char *const *message_ids, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)archive_known_case_free);
	Lookup lookup = {viewer, message_ids, found};

	return db_read(archive->db, look_up_all, &lookup, error) ? g_steal_pointer(&found) : NULL;
}
