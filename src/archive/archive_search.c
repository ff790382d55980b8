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
#include "base/text.h"
#include "archive/archive_internal.h"
#include "failure/failure.h"

/* A query is a person's line, not a text. */
#define QUERY_LIMIT 1024

/* The last word of a query is a beginning, if it has so many bytes. It is replaced by the words
 * that begin so: FTS5 would otherwise gather all their mails before it hands out the first. Of more
 * than these, a page gets the first ones, and the command line lets FTS5 gather. (Its own index of
 * beginnings would halve the speed of indexing.) */
#define BEGINNING_BYTES 3
#define WORDS_OF_BEGINNING 500

/* Asking anew costs as much as stepping over so many hits, and more with each word; by far the most
 * where FTS5 gathers all mails of a beginning. */
#define STEPS_OF_ASKING 100
#define STEPS_OF_WORD 20
#define STEPS_OF_GATHERING 200000

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
	return archive_pass(failed, error);
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
	return archive_pass(failed, error);
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

/* ---- queries ---- */

GStrv search_split_query(const char *text)
{
	g_autoptr(GString) words = g_string_new(NULL);

	text_append_words(words, text, QUERY_LIMIT);
	return words->len > 0 ? g_strsplit(words->str, " ", -1) : NULL;
}

struct SearchHits {
	DbTransaction *transaction;
	GString *query; /* empty: not made yet */
	GStrv words;
	size_t asking;	  /* what it costs, in steps */
	DbRows *rows;	  /* NULL: not asked yet */
	int64_t position; /* of the row read last */
	bool at_end;
	bool whole;
	bool narrowed;
};

SearchHits *search_hits_new(DbTransaction *transaction, char *const *words, bool whole)
{
	SearchHits *hits = g_new0(SearchHits, 1);

	hits->transaction = transaction;
	hits->whole = whole;
	hits->words = g_strdupv((char **)words);
	hits->asking = STEPS_OF_ASKING + STEPS_OF_WORD * g_strv_length(hits->words);
	hits->query = g_string_new(NULL);
	return hits;
}

void search_hits_free(SearchHits *hits)
{
	if (!hits)
		return;
	db_rows_free(hits->rows);
	g_strfreev(hits->words);
	g_string_free(hits->query, TRUE);
	g_free(hits);
}

/* The first word of the index at or behind FROM, if it begins with BEGINNING; yours, NULL: none. */
static bool find_word(DbTransaction *transaction, const char *beginning, const char *from,
	char **word, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT term FROM terms WHERE term >= $1 LIMIT 1", db_text(from));

	*word = NULL;
	if (!rows)
		return false;
	if (db_rows_next(rows, &failed) && g_str_has_prefix(db_rows_text(rows, 0), beginning))
		*word = g_strdup(db_rows_text(rows, 0));
	return archive_pass(failed, error);
}

/* What stands before all words behind WORD: "term > word" would go through all its mails. Yours. */
static char *place_behind(const char *word)
{
	return g_strconcat(word, " ", NULL);
}

/* All words that begin so, as far as WORDS_OF_BEGINNING goes. Yours. */
static GPtrArray *find_words(DbTransaction *transaction, const char *beginning, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	char *word = g_strdup(beginning);

	for (bool first = true; word && words->len <= WORDS_OF_BEGINNING; first = false) {
		g_autofree char *from = first ? g_steal_pointer(&word) : place_behind(word);

		if (!find_word(transaction, beginning, from, &word, error))
			return NULL;
		if (word)
			g_ptr_array_add(words, word);
	}
	return g_steal_pointer(&words);
}

static bool append_beginning(SearchHits *hits, const char *beginning, GError **error)
{
	g_autoptr(GPtrArray) words = NULL;

	if (strlen(beginning) < BEGINNING_BYTES) {
		g_string_append_printf(hits->query, "\"%s\"", beginning);
		return true;
	}
	words = find_words(hits->transaction, beginning, error);
	if (!words)
		return false;
	hits->at_end = words->len == 0;
	hits->narrowed = words->len > WORDS_OF_BEGINNING && !hits->whole;
	if (words->len == 0 || (words->len > WORDS_OF_BEGINNING && hits->whole)) {
		hits->asking = STEPS_OF_GATHERING;
		g_string_append_printf(hits->query, "\"%s\" *", beginning);
		return true;
	}
	hits->asking += STEPS_OF_WORD * words->len;
	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(hits->query, "%s\"%s\"", i == 0 ? "(" : " OR ",
			(const char *)g_ptr_array_index(words, i));
	g_string_append_c(hits->query, ')');
	return true;
}

/* Words hold letters and digits only: nothing in them can end the quotes. */
static bool make_query(SearchHits *hits, GError **error)
{
	char **word = hits->words;

	for (; word[1]; word++)
		g_string_append_printf(hits->query, "\"%s\" AND ", *word);
	return append_beginning(hits, *word, error);
}

static bool ask(SearchHits *hits, int64_t position, GError **error)
{
	if (hits->query->len == 0 && !make_query(hits, error))
		return false;
	db_rows_free(hits->rows);
	hits->rows = db_select(hits->transaction, error,
		"SELECT rowid FROM words WHERE words MATCH $1 AND rowid <= $2"
		" ORDER BY rowid DESC",
		db_text(hits->query->str), db_int(position));
	return hits->rows != NULL;
}

/* The next row into position. */
static bool advance(SearchHits *hits, GError **error)
{
	GError *failed = NULL;

	if (db_rows_next(hits->rows, &failed))
		hits->position = db_rows_int(hits->rows, 0);
	else
		hits->at_end = true;
	return archive_pass(failed, error);
}

bool search_hits_are_narrowed(const SearchHits *hits)
{
	return hits->narrowed;
}

bool search_hits_seek(SearchHits *hits, int64_t *position, size_t *effort, GError **error)
{
	size_t steps = 0;

	while (!hits->at_end && (!hits->rows || hits->position > *position)) {
		if (!hits->rows || steps++ == hits->asking) {
			if (!ask(hits, *position, error))
				return false;
			*effort += hits->asking;
		}
		if (!hits->at_end && !advance(hits, error))
			return false;
	}
	*effort += 1 + steps;
	*position = hits->at_end ? -1 : hits->position;
	return true;
}
