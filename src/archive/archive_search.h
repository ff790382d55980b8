/* search.db: the words of each mail, rebuildable, with transactions of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "db/db.h"

typedef struct Search Search; /* any thread */

/* Opens FOLDER/search.db. One that is missing, broken, from another version or another archive
 * than MAIN is made anew, and MAIN's mails are marked as not read. */
Search *search_open(Db *main, const char *folder, GError **error);
void search_close(Search *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Search, search_close)

/* The order of the list as one number: by date, then by id. (The same expression stands in the
 * archive's SQL.) */
int64_t search_position(int64_t date, int64_t id);
int64_t search_position_id(int64_t position);
int64_t search_position_date(int64_t position);

/* Dates of mails are seconds from 0 to this (the year 2514); others count as no date. */
#define SEARCH_DATE_LIMIT ((INT64_C(1) << 34) - 1)
#define SEARCH_ID_LIMIT ((INT64_C(1) << 29) - 1)

typedef struct SearchEntry {
	int64_t id;
	int64_t date;
	char *words;
} SearchEntry;

/* Adds or replaces the words of COUNT mails; sorts ENTRIES by position. */
bool search_put(Search *search, SearchEntry *entries, size_t count, GError **error);
bool search_remove(Search *search, const int64_t *ids, size_t count, GError **error);
/* Removed words are found no more, but still stand in the index's files and its log: this takes
 * them out of there. One call does a bounded amount of work; the next goes on. */
bool search_forget_removed(Search *search, GError **error);

/* In a transaction of the main database: fails with FAILURE_STORE_BUSY if another process has made
 * search.db anew, so that what SEARCH wrote is lost. */
bool search_check_current(const Search *search, DbTransaction *transaction, GError **error);

/* After a failure in search.db: damage makes the next search_open build it anew. */
void search_note_failure(Search *search, const GError *failure);

/* The words of a person's query. Yours; NULL: there is no word in TEXT. */
GStrv search_split_query(const char *text);

typedef struct SearchHits SearchHits;

/* The mails in which each of WORDS occurs, the last one (from three bytes on) as a beginning.
 * WHOLE: all of them are wanted, not a page. TRANSACTION belongs to search_db. */
SearchHits *search_hits_new(DbTransaction *transaction, char *const *words, bool whole);
void search_hits_free(SearchHits *hits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchHits, search_hits_free)

/* Moves *POSITION, which only goes down from call to call, to the first hit at or below it; -1:
 * none is left. Where that is dear, maybe only down to above where one may be: then *IS_HIT is
 * false, and no mail above *POSITION is one. Adds to *EFFORT what it took (ARCHIVE_EFFORT). */
bool search_hits_seek(
	SearchHits *hits, int64_t *position, bool *is_hit, size_t *effort, GError **error);

Db *search_db(Search *search);
