/* Queries of search.db: a person's words, and the mails they are in, in the list's order. FTS5
 * hands them out by itself; what is costly there is asking anew from further down, which is
 * therefore put off while stepping, or asking for one mail, may do. */
#include "archive/archive_search.h"

#include <string.h>
#include "archive/archive_internal.h"
#include "base/text.h"

/* A query is a person's line, not a text. */
#define QUERY_LIMIT 1024

/* The last word of a query is a beginning, if it has so many bytes. It is replaced by the words
 * that begin so: FTS5 would otherwise gather all their mails before it hands out the first. Of more
 * than these, a page gets the first ones, and the command line lets FTS5 gather. (Its own index of
 * beginnings would halve the speed of indexing.) */
#define BEGINNING_BYTES 3
#define WORDS_OF_BEGINNING 500
#define WORDS_OF_BEGINNING_ON_PAGE 64

/* Asking anew costs as much as stepping over so many hits, and more with each word; by far the most
 * where FTS5 gathers all mails of a beginning. Asking for one mail costs a few times less. */
#define STEPS_OF_ASKING 400
#define STEPS_OF_WORD 100
#define STEPS_OF_GATHERING 200000
#define PATIENCE_LIMIT 512
#define MISSES_BEFORE_JUMP 5

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
	size_t patience;  /* how many steps to try before */
	int misses;	  /* mails asked for one by one that were no hits, since a jump */
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
	hits->patience = PATIENCE_LIMIT;
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

/* All words that begin so, as far as LIMIT goes, and one more. Yours. */
static GPtrArray *find_words(
	DbTransaction *transaction, const char *beginning, guint limit, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	char *word = g_strdup(beginning);

	for (bool first = true; word && words->len <= limit; first = false) {
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
	guint limit = hits->whole ? WORDS_OF_BEGINNING : WORDS_OF_BEGINNING_ON_PAGE;
	g_autoptr(GPtrArray) words = NULL;

	if (strlen(beginning) < BEGINNING_BYTES) {
		g_string_append_printf(hits->query, "\"%s\"", beginning);
		return true;
	}
	words = find_words(hits->transaction, beginning, limit, error);
	if (!words)
		return false;
	hits->at_end = words->len == 0;
	hits->narrowed = words->len > limit && !hits->whole;
	if (words->len == 0 || (words->len > limit && hits->whole)) {
		hits->asking = STEPS_OF_GATHERING;
		hits->patience = STEPS_OF_GATHERING;
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

/* Steps down to POSITION, as long as that is likely to be short. */
static bool step_down(SearchHits *hits, int64_t position, size_t *effort, GError **error)
{
	size_t steps = 0;

	while (!hits->at_end && hits->position > position && steps < hits->patience) {
		if (!advance(hits, error))
			return false;
		steps++;
	}
	*effort += steps;
	if (hits->at_end || hits->position <= position)
		hits->patience = MAX(hits->patience, MIN(hits->patience * 2, PATIENCE_LIMIT));
	else
		hits->patience = MAX(hits->patience / 2, 1);
	return true;
}

/* Whether the mail at POSITION is a hit, which costs FTS5 less than finding the next one. */
static bool test_one(SearchHits *hits, int64_t position, bool *is_hit, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(hits->transaction, error,
		"SELECT rowid FROM words WHERE words MATCH $1 AND rowid = $2",
		db_text(hits->query->str), db_int(position));

	if (!rows)
		return false;
	*is_hit = db_rows_next(rows, &failed);
	return archive_pass(failed, error);
}

static bool jump_down(SearchHits *hits, int64_t position, size_t *effort, GError **error)
{
	hits->misses = 0;
	*effort += hits->asking;
	return ask(hits, position, error) && advance(hits, error);
}

bool search_hits_seek(
	SearchHits *hits, int64_t *position, bool *is_hit, size_t *effort, GError **error)
{
	*effort += 1;
	if (!hits->rows && !hits->at_end && !jump_down(hits, *position, effort, error))
		return false;
	if (!step_down(hits, *position, effort, error))
		return false;
	if (!hits->at_end && hits->position > *position && hits->misses < MISSES_BEFORE_JUMP) {
		*effort += hits->asking / MISSES_BEFORE_JUMP;
		if (!test_one(hits, *position, is_hit, error))
			return false;
		hits->misses = *is_hit ? 0 : hits->misses + 1;
		*position -= *is_hit ? 0 : 1;
		return true;
	}
	if (!hits->at_end && hits->position > *position &&
		!jump_down(hits, *position, effort, error))
		return false;
	*is_hit = !hits->at_end;
	*position = hits->at_end ? -1 : hits->position;
	return true;
}
