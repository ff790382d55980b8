/* Queries of search.db: a person's words, and the mails in which all of them are, in the list's
 * order. FTS5 hands out the mails of one word in that order; what is dear is to begin there anew
 * further down, and it cannot be stopped while it looks for mails with two words. So each word is a
 * stream of its own, opened or moved down only once looking into single mails has cost as much. */
#include "archive/archive_search.h"

#include <string.h>
#include "archive/archive_internal.h"
#include "base/text.h"

/* A query is a person's line, not a text. */
#define QUERY_LIMIT 1024

/* The last word of a query is a beginning, if it has so many bytes. It is replaced by the words
 * that begin so; of more than these, the mails are gathered: at first up to a few, later up to
 * more, at last not at all. (An index of beginnings would halve the speed of indexing.) */
#define BEGINNING_BYTES 3
#define WORDS_OF_BEGINNING 8
#define GATHERED_AT_FIRST 2000
#define GATHERED_FACTOR 4
#define GATHERED_FOR_PAGE 8000
#define GATHERED_FOR_ALL 4000000

/* In steps of a stream, each about 0.2 µs: */
#define STEPS_OF_FIRST_ASKING 1500 /* of a rare word */
#define STEPS_OF_ASKING 3000	   /* of one in very many mails, further down */
#define STEPS_OF_WORD 700
#define STEPS_OF_GATHERING 2
#define STEPS_OF_TEST 15
#define BYTES_A_STEP 512
#define PATIENCE_LIMIT 128

/* So many moves of streams against each other in one call. */
#define MOVES_LIMIT 64

GStrv search_split_query(const char *text)
{
	g_autoptr(GString) words = g_string_new(NULL);

	text_append_words(words, text, QUERY_LIMIT);
	return words->len > 0 ? g_strsplit(words->str, " ", -1) : NULL;
}

/* One word and its mails. Not opened: neither rows nor gathered, and not at its end. */
typedef struct Stream {
	char *word;
	size_t length;
	bool is_beginning;
	char *query;	  /* its words for FTS5; NULL: not known, or too many */
	bool is_wide;	  /* too many words: they are gathered */
	bool overflows;	  /* too many to be gathered: never opened */
	size_t asking;	  /* what opening or moving it down costs, in steps */
	size_t tested;	  /* what looking into mails without the word has cost since */
	size_t patience;  /* how many steps to try before */
	DbRows *rows;	  /* of a word */
	GArray *gathered; /* of a beginning: positions, descending */
	guint next;	  /* of gathered */
	int64_t position; /* where it stands; INT64_MAX: not opened */
	bool at_end;
} Stream;

struct SearchHits {
	DbTransaction *transaction;
	GPtrArray *streams; /* Stream *, one a word */
	size_t limit;	    /* so many are gathered at most */
};

static void stream_free(void *data)
{
	Stream *stream = data;

	db_rows_free(stream->rows);
	if (stream->gathered)
		g_array_unref(stream->gathered);
	g_free(stream->query);
	g_free(stream->word);
	g_free(stream);
}

SearchHits *search_hits_new(DbTransaction *transaction, char *const *words, bool whole)
{
	SearchHits *hits = g_new0(SearchHits, 1);

	hits->transaction = transaction;
	hits->limit = whole ? GATHERED_FOR_ALL : GATHERED_FOR_PAGE;
	hits->streams = g_ptr_array_new_with_free_func(stream_free);
	for (; *words; words++) {
		Stream *stream = g_new0(Stream, 1);

		stream->word = g_strdup(*words);
		stream->length = strlen(*words);
		stream->is_beginning = !words[1] && stream->length >= BEGINNING_BYTES;
		/* Words hold letters and digits only: nothing in them can end the quotes. */
		if (!stream->is_beginning)
			stream->query = g_strdup_printf("\"%s\"", *words);
		stream->asking = STEPS_OF_FIRST_ASKING;
		stream->patience = PATIENCE_LIMIT;
		stream->position = INT64_MAX;
		g_ptr_array_add(hits->streams, stream);
	}
	return hits;
}

void search_hits_free(SearchHits *hits)
{
	if (!hits)
		return;
	g_ptr_array_unref(hits->streams);
	g_free(hits);
}

/* ---- streams ---- */

/* To its next mail. */
static bool advance(Stream *stream, GError **error)
{
	GError *failed = NULL;

	if (stream->gathered) {
		stream->at_end = stream->next == stream->gathered->len;
		if (!stream->at_end)
			stream->position = g_array_index(stream->gathered, int64_t, stream->next++);
		return true;
	}
	stream->at_end = !db_rows_next(stream->rows, &failed);
	if (!stream->at_end)
		stream->position = db_rows_int(stream->rows, 0);
	return db_rows_end(failed, error);
}

static bool ask(SearchHits *hits, Stream *stream, int64_t position, GError **error)
{
	db_rows_free(stream->rows);
	stream->rows = db_select(hits->transaction, error,
		"SELECT rowid FROM words WHERE words MATCH $1 AND rowid <= $2"
		" ORDER BY rowid DESC",
		db_text(stream->query), db_int(position));
	return stream->rows && advance(stream, error);
}

/* ---- beginnings ---- */

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
	return db_rows_end(failed, error);
}

/* Finds the words that begin so: a query, or none at all, or the stream is wide. */
static bool find_words(SearchHits *hits, Stream *stream, size_t *effort, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);
	g_autofree char *from = g_strdup(stream->word);

	for (int count = 0; count <= WORDS_OF_BEGINNING; count++) {
		g_autofree char *word = NULL;

		*effort += STEPS_OF_WORD;
		if (!find_word(hits->transaction, stream->word, from, &word, error))
			return false;
		if (!word) {
			stream->at_end = count == 0;
			stream->asking = STEPS_OF_FIRST_ASKING * (size_t)MAX(count, 1);
			stream->query = g_string_free(g_steal_pointer(&query), FALSE);
			return true;
		}
		g_string_append_printf(query, "%s\"%s\"", count > 0 ? " OR " : "", word);
		/* What stands before all words behind it: "term > word" would go through all its
		 * mails. */
		g_free(from);
		from = g_strconcat(word, " ", NULL);
	}
	stream->is_wide = true;
	stream->asking = GATHERED_AT_FIRST;
	return true;
}

static int compare_down(const void *a, const void *b)
{
	const int64_t *left = a;
	const int64_t *right = b;

	return *left > *right ? -1 : *left < *right;
}

/* The mails of all words that begin so, each word's in turn; *WHOLE: that was all. */
static bool gather(
	SearchHits *hits, const Stream *stream, GArray *positions, bool *whole, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(hits->transaction, error,
		"SELECT term, doc FROM terms WHERE term >= $1", db_text(stream->word));

	if (!rows)
		return false;
	*whole = true;
	while (*whole && db_rows_next(rows, &failed) &&
		g_str_has_prefix(db_rows_text(rows, 0), stream->word)) {
		int64_t position = db_rows_int(rows, 1);

		g_array_append_val(positions, position);
		*whole = positions->len < stream->asking;
	}
	return db_rows_end(failed, error);
}

static bool open_wide(SearchHits *hits, Stream *stream, size_t *effort, GError **error)
{
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(int64_t));
	bool whole;

	if (!gather(hits, stream, positions, &whole, error))
		return false;
	*effort += STEPS_OF_GATHERING * (size_t)positions->len;
	if (!whole) {
		stream->asking *= GATHERED_FACTOR;
		stream->overflows = stream->asking > hits->limit;
		return true;
	}
	g_array_sort(positions, compare_down);
	stream->gathered = g_steal_pointer(&positions);
	return advance(stream, error);
}

/* Opens it at POSITION or moves it down there, or learns what that takes. */
static bool jump_down(
	SearchHits *hits, Stream *stream, int64_t position, size_t *effort, GError **error)
{
	stream->tested = 0;
	if (stream->is_wide)
		return open_wide(hits, stream, effort, error);
	if (!stream->query)
		return find_words(hits, stream, effort, error);
	*effort += stream->asking;
	stream->asking = MAX(stream->asking, STEPS_OF_ASKING);
	return ask(hits, stream, position, error);
}

static bool is_behind(const Stream *stream, int64_t position)
{
	return !stream->at_end && stream->position > position;
}

/* Steps down to POSITION, as long as that is likely to be short. */
static bool step_down(Stream *stream, int64_t position, size_t *effort, GError **error)
{
	size_t steps = 0;

	if (!stream->rows && !stream->gathered)
		return true;
	for (; is_behind(stream, position) && (stream->gathered || steps < stream->patience);
		steps++) {
		if (!advance(stream, error))
			return false;
	}
	*effort += steps;
	if (is_behind(stream, position))
		stream->patience = MAX(stream->patience / 2, 1);
	else if (steps > 0)
		stream->patience = MIN(stream->patience * 2, PATIENCE_LIMIT);
	return true;
}

/* ---- single mails ---- */

/* Whether the mail's words, between blanks, have the stream's among them. */
static bool is_among(const char *words, const Stream *stream)
{
	for (const char *place = words; (place = strstr(place, stream->word));
		place += stream->length) {
		char behind = place[stream->length];

		if ((place == words || place[-1] == ' ') &&
			(stream->is_beginning || behind == ' ' || behind == '\0'))
			return true;
	}
	return false;
}

/* Looks into the mail at POSITION for the words whose streams are behind it. */
static bool test_mail(
	SearchHits *hits, int64_t position, bool *is_hit, size_t *effort, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(hits->transaction, error,
		"SELECT c0 FROM words_content WHERE id = $1", db_int(position));
	const char *words;
	size_t cost;

	if (!rows)
		return false;
	words = db_rows_next(rows, &failed) ? db_rows_text(rows, 0) : NULL;
	words = words ? words : "";
	cost = STEPS_OF_TEST + strlen(words) / BYTES_A_STEP;
	*effort += cost;
	*is_hit = true;
	for (guint i = 0; i < hits->streams->len && *is_hit; i++) {
		Stream *stream = hits->streams->pdata[i];

		*is_hit = !is_behind(stream, position) || is_among(words, stream);
		stream->tested += *is_hit ? 0 : cost;
	}
	return db_rows_end(failed, error);
}

/* ---- all words ---- */

/* Brings STREAM to POSITION as far as that is worth it; *FOUND lower: it has no mail above. */
static bool seek(SearchHits *hits, Stream *stream, int64_t position, int64_t *found, size_t *effort,
	GError **error)
{
	if (!step_down(stream, position, effort, error))
		return false;
	if (is_behind(stream, position) && !stream->overflows && stream->tested >= stream->asking &&
		!jump_down(hits, stream, position, effort, error))
		return false;
	*found = stream->at_end ? -1 : MIN(stream->position, position);
	return true;
}

/* Moves *POSITION down until no stream has it lower, for a while. */
static bool settle(
	SearchHits *hits, int64_t *position, bool *settled, size_t *effort, GError **error)
{
	guint count = hits->streams->len;
	guint agreed = 0;

	for (guint i = 0; agreed < count && *position >= 0 && i < count + MOVES_LIMIT; i++) {
		int64_t found;

		if (!seek(hits, hits->streams->pdata[i % count], *position, &found, effort, error))
			return false;
		agreed = found < *position ? 1 : agreed + 1;
		*position = found;
	}
	*settled = agreed == count && *position >= 0;
	return true;
}

bool search_hits_seek(
	SearchHits *hits, int64_t *position, bool *is_hit, size_t *effort, GError **error)
{
	bool is_known = true;

	*effort += 1;
	if (!settle(hits, position, is_hit, effort, error))
		return false;
	for (guint i = 0; i < hits->streams->len; i++)
		is_known = is_known && !is_behind(hits->streams->pdata[i], *position);
	if (!*is_hit || is_known)
		return true;
	if (!test_mail(hits, *position, is_hit, effort, error))
		return false;
	*position -= *is_hit ? 0 : 1;
	return true;
}
