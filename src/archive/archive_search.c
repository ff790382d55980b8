/* The full-text index. A row's number is the mail's position in the list, so that FTS5 hands out
 * hits in the list's order by itself and a page costs the same wherever it begins.
 *
 * FTS5 sees only words that base/text made (letters and digits, folded, between blanks); its ascii
 * tokeniser then cuts just at the blanks. Neither order in the text nor a rank is asked for:
 * detail=none and columnsize=0 keep the index small. */
#include "archive/archive_search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "archive/archive_internal.h"
#include "failure/failure.h"

/* What one call merges of the index so that deleted words leave it: MERGES_A_CALL transactions of
 * about 32 MiB each. */
#define MERGE_PAGES 8192
#define MERGES_A_CALL 4

#define ID_BITS 29

struct Search {
	Db *main;
	Db *db;
	char *token; /* the same in both databases: they belong together */
};

/* A mail's words are each kept once. hashsize is what FTS5 gathers before it writes: one commit of
 * the indexer; a higher automerge trades a few more files to look into for less rewriting. */
static const char *const migrations[] = {
	"CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;"
	"CREATE TABLE positions (mail_id INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;"
	"CREATE VIRTUAL TABLE words USING fts5 (list, tokenize = 'ascii', detail = 'none',"
	" columnsize = 0);"
	"CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance);"
	"INSERT INTO words (words, rank) VALUES ('hashsize', 4194304);"
	"INSERT INTO words (words, rank) VALUES ('automerge', 8);",
	NULL,
};

int64_t search_position(int64_t date, int64_t id)
{
	g_assert(date >= 0 && date <= SEARCH_DATE_LIMIT && id >= 0 && id <= SEARCH_ID_LIMIT);
	return date << ID_BITS | id;
}

int64_t search_position_id(int64_t position)
{
	return position & SEARCH_ID_LIMIT;
}

int64_t search_position_date(int64_t position)
{
	return position >> ID_BITS;
}

Db *search_db(Search *search)
{
	return search->db;
}

/* ---- opening ---- */

/* Yours; NULL without a failure: none. */
static bool read_token(DbTransaction *transaction, void *data, GError **error)
{
	char **token = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT value FROM meta WHERE name = 'archive-search'");

	if (!rows)
		return false;
	g_clear_pointer(token, g_free);
	if (db_rows_next(rows, &failed))
		*token = g_strdup(db_rows_text(rows, 0));
	return db_rows_end(failed, error);
}

static bool write_token(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO meta (name, value) VALUES ('archive-search', $1)"
		" ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		db_text(data));
}

static bool forget_token(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error,
		"DELETE FROM meta WHERE name = 'archive-search' AND value = $1", db_text(data));
}

/* All mails that were read have lost their words; unreadable ones those of their headers. */
static bool start_anew(DbTransaction *transaction, void *data, GError **error)
{
	return write_token(transaction, data, error) &&
	       db_run(transaction, error,
		       "UPDATE mails SET failures = CASE state WHEN 2 THEN $1 ELSE 0 END,"
		       " state = 0, attempts = 0, claimed_at = 0, claimed_by = NULL"
		       " WHERE state <> 0",
		       db_int(ARCHIVE_PARSER_DEATHS));
}

static Db *open_file(const char *folder, GError **error)
{
	g_autofree char *url = g_strdup_printf("sqlite:%s/search.db", folder);

	return db_open(url, DB_RELAXED, migrations, error);
}

static void remove_files(const char *folder)
{
	static const char *const names[] = {"search.db", "search.db-wal", "search.db-shm"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		unlink(path);
	}
}

static bool is_broken(const GError *failure)
{
	return failure_is(failure, FAILURE_ARCHIVE_DAMAGED) || failure_is(failure, FAILURE_STORE) ||
	       failure_is(failure, FAILURE_SCHEMA_NEWER);
}

/* Whether search.db belongs to this archive; opens it on the way. */
static bool open_present(Search *search, const char *folder, bool *good, GError **error)
{
	g_autofree char *wanted = NULL;
	g_autoptr(GError) failed = NULL;

	if (!db_read(search->main, read_token, &wanted, error))
		return false;
	search->db = open_file(folder, &failed);
	if (search->db)
		db_read(search->db, read_token, &search->token, &failed);
	if (failed && !is_broken(failed)) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	*good = !failed && wanted && g_strcmp0(wanted, search->token) == 0;
	return true;
}

static bool make_anew(Search *search, const char *folder, GError **error)
{
	db_close(search->db);
	g_free(search->token);
	search->token = g_uuid_string_random();
	remove_files(folder);
	search->db = open_file(folder, error);
	return search->db && db_write(search->db, write_token, search->token, error) &&
	       db_write(search->main, start_anew, search->token, error);
}

/* One process at a time looks and makes; closing the descriptor gives the lock back. */
static int lock_opening(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "search.lock", NULL);
	g_auto(Descriptor) lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (lock >= 0 && fcntl(lock, F_OFD_SETLKW, &whole) == 0)
		return g_steal_fd(&lock);
	failure_set_errno(error, FAILURE_STORE, path, errno);
	return -1;
}

Search *search_open(Db *main, const char *folder, GError **error)
{
	g_autoptr(Search) search = g_new0(Search, 1);
	g_auto(Descriptor) lock = lock_opening(folder, error);
	bool good = false;

	search->main = main;
	if (lock < 0 || !open_present(search, folder, &good, error))
		return NULL;
	if (!good && !make_anew(search, folder, error))
		return NULL;
	return g_steal_pointer(&search);
}

void search_close(Search *search)
{
	if (!search)
		return;
	db_close(search->db);
	g_free(search->token);
	g_free(search);
}

bool search_check_current(const Search *search, DbTransaction *transaction, GError **error)
{
	g_autofree char *token = NULL;

	if (!read_token(transaction, &token, error))
		return false;
	if (g_strcmp0(token, search->token) == 0)
		return true;
	failure_set(error, FAILURE_STORE_BUSY, NULL, "search.db is being made anew");
	return false;
}

void search_note_failure(Search *search, const GError *failure)
{
	if (is_broken(failure))
		db_write(search->main, forget_token, search->token, NULL);
}

/* ---- words in and out ---- */

static bool remove_words(DbTransaction *transaction, int64_t id, GError **error)
{
	int64_t position;

	if (!db_get_int(transaction, &position, -1, error,
		    "SELECT position FROM positions WHERE mail_id = $1", db_int(id)))
		return false;
	if (position < 0)
		return true;
	return db_run(transaction, error, "DELETE FROM words WHERE rowid = $1", db_int(position)) &&
	       db_run(transaction, error, "DELETE FROM positions WHERE mail_id = $1", db_int(id));
}

static bool put_words(DbTransaction *transaction, const SearchEntry *entry, GError **error)
{
	int64_t position = search_position(entry->date, entry->id);
	int64_t added;

	if (!db_run_counted(transaction, &added, error,
		    "INSERT INTO positions (mail_id, position) VALUES ($1, $2)"
		    " ON CONFLICT (mail_id) DO NOTHING",
		    db_int(entry->id), db_int(position)))
		return false;
	if (added == 0 &&
		(!remove_words(transaction, entry->id, error) ||
			!db_run(transaction, error,
				"INSERT INTO positions (mail_id, position) VALUES ($1, $2)",
				db_int(entry->id), db_int(position))))
		return false;
	return db_run(transaction, error, "INSERT INTO words (rowid, list) VALUES ($1, $2)",
		db_int(position), db_text(entry->words));
}

typedef struct Entries {
	const SearchEntry *entries;
	const int64_t *ids;
	size_t count;
} Entries;

static bool put_all(DbTransaction *transaction, void *data, GError **error)
{
	const Entries *entries = data;

	for (size_t i = 0; i < entries->count; i++) {
		if (!put_words(transaction, &entries->entries[i], error))
			return false;
	}
	return true;
}

static bool remove_all(DbTransaction *transaction, void *data, GError **error)
{
	const Entries *entries = data;

	for (size_t i = 0; i < entries->count; i++) {
		if (!remove_words(transaction, entries->ids[i], error))
			return false;
	}
	return db_run(transaction, error,
		"INSERT INTO meta (name, value) VALUES ('words-removed', hex(randomblob(8)))"
		" ON CONFLICT (name) DO UPDATE SET value = excluded.value");
}

static int compare_entries(const void *a, const void *b)
{
	const SearchEntry *left = a;
	const SearchEntry *right = b;
	int64_t left_position = search_position(left->date, left->id);
	int64_t right_position = search_position(right->date, right->id);

	return left_position < right_position ? -1 : left_position > right_position;
}

static bool write_entries(Search *search, DbFunction *function, Entries *entries, GError **error)
{
	GError *failed = NULL;

	if (entries->count == 0 || db_write(search->db, function, entries, &failed))
		return true;
	search_note_failure(search, failed);
	g_propagate_error(error, failed);
	return false;
}

bool search_put(Search *search, SearchEntry *entries, size_t count, GError **error)
{
	Entries all = {.entries = entries, .count = count};

	/* FTS5 writes out what it holds whenever a row number goes down. */
	if (count > 0)
		qsort(entries, count, sizeof *entries, compare_entries);
	return write_entries(search, put_all, &all, error);
}

bool search_remove(Search *search, const int64_t *ids, size_t count, GError **error)
{
	Entries all = {.ids = ids, .count = count};

	return write_entries(search, remove_all, &all, error);
}

/* ---- leaving no trace ---- */

static bool read_mark(DbTransaction *transaction, void *data, GError **error)
{
	char **mark = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(
		transaction, error, "SELECT value FROM meta WHERE name = 'words-removed'");

	if (!rows)
		return false;
	g_clear_pointer(mark, g_free);
	if (db_rows_next(rows, &failed))
		*mark = g_strdup(db_rows_text(rows, 0));
	return db_rows_end(failed, error);
}

/* Another removal meanwhile has set another mark, which stays. */
static bool clear_mark(DbTransaction *transaction, void *data, GError **error)
{
	return db_run(transaction, error,
		"DELETE FROM meta WHERE name = 'words-removed' AND value = $1", db_text(data));
}

/* FTS5 documents this as the way to see whether there was anything to merge. */
static bool merge_some(DbTransaction *transaction, void *data, GError **error)
{
	bool *merged = data;
	int64_t before;
	int64_t after;

	if (!db_get_int(transaction, &before, 0, error, "SELECT total_changes()") ||
		!db_run(transaction, error, "INSERT INTO words (words, rank) VALUES ('merge', $1)",
			db_int(-MERGE_PAGES)) ||
		!db_get_int(transaction, &after, 0, error, "SELECT total_changes()"))
		return false;
	*merged = after - before >= 2;
	return true;
}

/* MAIN's log holds what lists showed of the mail. */
static bool empty_logs(Search *search, bool *emptied, GError **error)
{
	bool main_emptied;

	if (!db_empty_log(search->main, &main_emptied, error) ||
		!db_empty_log(search->db, emptied, error))
		return false;
	*emptied = *emptied && main_emptied;
	return true;
}

bool search_forget_removed(Search *search, GError **error)
{
	g_autofree char *mark = NULL;
	bool more = true;
	bool emptied;

	if (!db_read(search->db, read_mark, &mark, error))
		return false;
	if (!mark)
		return true;
	for (int i = 0; i < MERGES_A_CALL && more; i++) {
		if (!db_write(search->db, merge_some, &more, error))
			return false;
	}
	if (more)
		return true;
	return empty_logs(search, &emptied, error) &&
	       (!emptied || db_write(search->db, clear_mark, mark, error));
}
