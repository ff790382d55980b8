/* Streams read ahead a few positions by one statement each, and more where nothing is jumped over:
 * no statement stays open, so that all streams of a kind share one. */
#include "archive/archive_sequence.h"

#include "archive/archive_internal.h"

#define AHEAD_AT_FIRST 4
#define AHEAD_LIMIT 128

/* The expression is the one of the indices. */
#define POSITION "((date << 29) | id)"
#define MAILS_IN_RANGE                                                                             \
	"SELECT " POSITION " FROM mails WHERE " POSITION " <= $1 AND " POSITION " >= $2"
#define MAILS_IN_ORDER " ORDER BY " POSITION " DESC LIMIT $3"

static const char *const selects[] = {
	[STREAM_ALL] = MAILS_IN_RANGE MAILS_IN_ORDER,
	[STREAM_WITH_ATTACHMENTS] = MAILS_IN_RANGE " AND attachment_count > 0" MAILS_IN_ORDER,
	[STREAM_CASE] = MAILS_IN_RANGE " AND case_number = $4" MAILS_IN_ORDER,
	[STREAM_MAILBOX] = "SELECT position FROM mail_mailboxes"
			   " WHERE position <= $1 AND position >= $2 AND mailbox_id = $4"
			   " ORDER BY position DESC LIMIT $3",
	[STREAM_FILER] = "SELECT position FROM mail_filers"
			 " WHERE position <= $1 AND position >= $2 AND user_id = $4"
			 " ORDER BY position DESC LIMIT $3",
};

typedef struct Stream {
	StreamKind kind;
	DbValue key;
	bool at_end; /* nothing below what was read ahead */
	size_t next;
	size_t count;
	size_t piece; /* how many to read ahead */
	int64_t ahead[AHEAD_LIMIT];
} Stream;

struct Sequence {
	DbTransaction *transaction;
	int64_t last;
	GPtrArray *streams;
};

Sequence *sequence_new(DbTransaction *transaction, int64_t last)
{
	Sequence *sequence = g_new0(Sequence, 1);

	sequence->transaction = transaction;
	sequence->last = last;
	sequence->streams = g_ptr_array_new_with_free_func(g_free);
	return sequence;
}

void sequence_free(Sequence *sequence)
{
	if (!sequence)
		return;
	g_ptr_array_unref(sequence->streams);
	g_free(sequence);
}

void sequence_add(Sequence *sequence, StreamKind kind, DbValue key)
{
	Stream *stream = g_new0(Stream, 1);

	stream->kind = kind;
	stream->key = key;
	stream->piece = AHEAD_AT_FIRST;
	g_ptr_array_add(sequence->streams, stream);
}

static bool read_ahead(const Sequence *sequence, Stream *stream, int64_t position, GError **error)
{
	GError *failed = NULL;
	const DbValue values[] = {db_int(position), db_int(sequence->last),
		db_int((int64_t)stream->piece), stream->key};
	size_t count = stream->kind >= STREAM_CASE ? 4 : 3;
	g_autoptr(DbRows) rows = db_select_values(
		sequence->transaction, selects[stream->kind], values, count, error);

	if (!rows)
		return false;
	stream->next = 0;
	stream->count = 0;
	while (stream->count < stream->piece && db_rows_next(rows, &failed))
		stream->ahead[stream->count++] = db_rows_int(rows, 0);
	stream->at_end = stream->count < stream->piece;
	return db_rows_end(failed, error);
}

/* More ahead where the list is read without a gap, little where it is jumped through. */
static void choose_piece(Stream *stream, int64_t position)
{
	bool goes_on = stream->count > 0 && stream->ahead[stream->count - 1] == position + 1;

	stream->piece = goes_on ? MIN(stream->piece * 4, AHEAD_LIMIT) : AHEAD_AT_FIRST;
}

static bool seek_stream(
	const Sequence *sequence, Stream *stream, int64_t *position, size_t *effort, GError **error)
{
	while (stream->next < stream->count && stream->ahead[stream->next] > *position)
		stream->next++;
	if (stream->next == stream->count && !stream->at_end) {
		choose_piece(stream, *position);
		if (!read_ahead(sequence, stream, *position, error))
			return false;
		*effort += 1 + stream->count;
	}
	*position = stream->next < stream->count ? stream->ahead[stream->next] : -1;
	return true;
}

bool sequence_seek(Sequence *sequence, int64_t *position, size_t *effort, GError **error)
{
	int64_t best = -1;

	*effort += 1;
	for (guint i = 0; i < sequence->streams->len; i++) {
		int64_t found = *position;

		if (!seek_stream(sequence, g_ptr_array_index(sequence->streams, i), &found, effort,
			    error))
			return false;
		best = MAX(best, found);
	}
	*position = best;
	return true;
}
