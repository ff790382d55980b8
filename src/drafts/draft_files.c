/* Files of drafts: they come in pieces, one after another, and are read in pieces, so that nobody
 * holds a whole one. */
#include "drafts/drafts_internal.h"

#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"

#define PIECE ((size_t)256 * 1024)
#define PIECES 1024 /* as in the SQL */
G_STATIC_ASSERT(DRAFT_BYTES_LIMIT / PIECE < PIECES);

#define STALE_SECONDS (60 * 60)

/* Base64 makes lines of 76 letters and a line's end of 57 bytes; a part's header is below 1,000. */
uint64_t draft_file_weight(uint64_t size)
{
	return (size + 56) / 57 * 78 + 1000;
}

uint64_t draft_weight(const Draft *draft)
{
	uint64_t weight = 0;

	for (guint i = 0; i < draft->files->len; i++) {
		const DraftFile *file = draft->files->pdata[i];

		weight += draft_file_weight(file->size);
	}
	return weight;
}

/* ---- in ---- */

typedef struct Begin {
	int64_t user_id, draft_id;
	const DraftFileOrder *order;
	int64_t file_id;
} Begin;

/* What is there, and what is on its way, counts. */
static bool check_room(DbTransaction *transaction, const Begin *begin, GError **error)
{
	const DraftFileOrder *order = begin->order;
	uint64_t weight = draft_file_weight(order->size);
	uint64_t count = 0;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT size FROM draft_files WHERE draft_id = $1", db_int(begin->draft_id));

	if (!rows)
		return false;
	for (; db_rows_next(rows, &failed); count++)
		weight += draft_file_weight((uint64_t)db_rows_int(rows, 0));
	if (!db_rows_end(failed, error))
		return false;
	if (count >= DRAFT_FILES_LIMIT)
		failure_set(error, FAILURE_DRAFT_FILES_MANY, NULL, "a file more than %d",
			DRAFT_FILES_LIMIT);
	else if (weight > MIN(order->limit, DRAFT_BYTES_LIMIT))
		failure_set(error, FAILURE_DRAFT_LARGE, order->name, "%" G_GUINT64_FORMAT " bytes",
			weight);
	else
		return true;
	return false;
}

static bool check_all(DbTransaction *transaction, const Begin *begin, GError **error)
{
	int64_t sum;

	if (!db_get_int(transaction, &sum, 0, error,
		    "SELECT coalesce(sum(f.size), 0) FROM drafts d JOIN draft_files f"
		    " ON f.draft_id = d.id WHERE d.user_id = $1",
		    db_int(begin->user_id)))
		return false;
	if ((uint64_t)sum + begin->order->size <= DRAFTS_BYTES_LIMIT)
		return true;
	failure_set(error, FAILURE_DRAFTS_LARGE, NULL, "%" G_GINT64_FORMAT " bytes of files", sum);
	return false;
}

static bool remove_stale(DbTransaction *transaction, int64_t draft_id, GError **error)
{
	return db_run(transaction, error,
		"DELETE FROM draft_files WHERE draft_id = $1 AND received < size"
		" AND touched_at < $2",
		db_int(draft_id), db_int(clock_now() - STALE_SECONDS));
}

/* A whole file more or less. */
static bool note_change(DbTransaction *transaction, int64_t draft_id, GError **error)
{
	return db_run(transaction, error,
		"UPDATE drafts SET files = files + 1, changed_at = $2 WHERE id = $1",
		db_int(draft_id), db_int(clock_now()));
}

static bool begin_in(DbTransaction *transaction, void *data, GError **error)
{
	Begin *begin = data;
	const DraftFileOrder *order = begin->order;

	if (!drafts_check_owner(transaction, begin->user_id, begin->draft_id, error) ||
		!remove_stale(transaction, begin->draft_id, error) ||
		!check_room(transaction, begin, error) || !check_all(transaction, begin, error) ||
		!db_get_int(transaction, &begin->file_id, 0, error,
			"INSERT INTO draft_files (draft_id, name, type, size, touched_at)"
			" VALUES ($1, $2, $3, $4, $5) RETURNING id",
			db_int(begin->draft_id), db_text(order->name), db_text(order->type),
			db_int((int64_t)order->size), db_int(clock_now())))
		return false;
	return order->size > 0 || note_change(transaction, begin->draft_id, error);
}

#define ENDING_LIMIT ((size_t)16) /* bytes of what counts as a name's ending */

/* Its ending says what the file is. Yours. */
static char *cut_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *ending = dot && strlen(dot) <= ENDING_LIMIT ? dot : "";
	g_autofree char *stem = NULL;
	const char *end;

	if (strlen(name) <= DRAFT_NAME_LIMIT)
		return g_strdup(name);
	stem = g_strndup(name, DRAFT_NAME_LIMIT - strlen(ending));
	g_utf8_validate(stem, -1, &end);
	stem[end - stem] = '\0';
	return g_strconcat(stem, ending, NULL);
}

bool draft_file_begin(Db *db, int64_t user_id, int64_t draft_id, const DraftFileOrder *order,
	int64_t *file_id, GError **error)
{
	g_autofree char *name = cut_name(order->name);
	const DraftFileOrder named = {name, order->type, order->size, order->limit};
	Begin begin = {user_id, draft_id, &named, 0};

	if (order->size > DRAFT_BYTES_LIMIT) {
		failure_set(error, FAILURE_DRAFT_LARGE, name, "%" G_GUINT64_FORMAT " bytes",
			order->size);
		return false;
	}
	if (!db_write(db, begin_in, &begin, error))
		return false;
	*file_id = begin.file_id;
	return true;
}

/* A part of a file, in or out. */
typedef struct Part {
	int64_t user_id, file_id;
	uint64_t offset;
	const uint8_t *bytes;
	size_t size;
	void *buffer;
	ssize_t count;
	bool whole;
	int64_t draft_id;
	uint64_t file_size, received;
} Part;

static bool refuse_part(const Part *part, GError **error)
{
	failure_set(error, FAILURE_DRAFT_FILE, NULL,
		"file %" G_GINT64_FORMAT ": %zu bytes from %" G_GUINT64_FORMAT, part->file_id,
		part->size, part->offset);
	return false;
}

static bool find_file(DbTransaction *transaction, Part *part, GError **error)
{
	GError *failed = NULL;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT f.draft_id, f.size, f.received FROM draft_files f"
		" JOIN drafts d ON d.id = f.draft_id WHERE f.id = $1 AND d.user_id = $2",
		db_int(part->file_id), db_int(part->user_id));

	if (!rows)
		return false;
	if (!db_rows_next(rows, &failed))
		return db_rows_end(failed, error) && refuse_part(part, error);
	part->draft_id = db_rows_int(rows, 0);
	part->file_size = (uint64_t)db_rows_int(rows, 1);
	part->received = (uint64_t)db_rows_int(rows, 2);
	return true;
}

/* Whole pieces only, but for the last. */
static bool is_next(const Part *part)
{
	return part->offset == part->received && part->size > 0 &&
	       part->size <= part->file_size - part->received &&
	       (part->size % PIECE == 0 || part->offset + part->size == part->file_size);
}

static bool put_pieces(DbTransaction *transaction, const Part *part, GError **error)
{
	int64_t number = part->file_id * PIECES + (int64_t)(part->offset / PIECE);

	for (size_t at = 0; at < part->size; at += PIECE) {
		if (!db_run(transaction, error,
			    "INSERT INTO draft_pieces (id, bytes) VALUES ($1, $2)",
			    db_int(number++),
			    db_blob(part->bytes + at, MIN(PIECE, part->size - at))))
			return false;
	}
	return true;
}

static bool write_in(DbTransaction *transaction, void *data, GError **error)
{
	Part *part = data;
	uint64_t end;

	if (!find_file(transaction, part, error))
		return false;
	end = part->offset + part->size;
	/* The answer to these was lost. */
	if (end <= part->received) {
		part->whole = part->received == part->file_size;
		return true;
	}
	if (!is_next(part))
		return refuse_part(part, error);
	part->whole = end == part->file_size;
	return put_pieces(transaction, part, error) &&
	       db_run(transaction, error,
		       "UPDATE draft_files SET received = $2, touched_at = $3 WHERE id = $1",
		       db_int(part->file_id), db_int((int64_t)end), db_int(clock_now())) &&
	       (!part->whole || note_change(transaction, part->draft_id, error));
}

bool draft_file_write(Db *db, int64_t user_id, int64_t file_id, uint64_t offset, const void *bytes,
	size_t size, bool *whole, GError **error)
{
	Part part = {.user_id = user_id,
		.file_id = file_id,
		.offset = offset,
		.bytes = bytes,
		.size = size};

	if (!db_write(db, write_in, &part, error))
		return false;
	*whole = part.whole;
	return true;
}

/* ---- out ---- */

static bool copy_pieces(Part *part, DbRows *rows, GError **error)
{
	uint64_t skip = part->offset % PIECE;
	char *to = part->buffer;
	size_t left = part->size;
	GError *failed = NULL;

	while (left > 0 && db_rows_next(rows, &failed)) {
		size_t size;
		const char *bytes = db_rows_blob(rows, 0, &size);
		size_t count = size > skip ? MIN(size - skip, left) : 0;

		memcpy(to, bytes + skip, count);
		to += count;
		left -= count;
		skip = 0;
	}
	part->count = (ssize_t)(part->size - left);
	return db_rows_end(failed, error);
}

static bool read_in(DbTransaction *transaction, void *data, GError **error)
{
	Part *part = data;
	g_autoptr(DbRows) rows = NULL;
	int64_t first = part->file_id * PIECES;

	if (!find_file(transaction, part, error))
		return false;
	if (part->offset >= part->received)
		return true;
	rows = db_select(transaction, error,
		"SELECT bytes FROM draft_pieces WHERE id >= $1 AND id < $2 ORDER BY id",
		db_int(first + (int64_t)(part->offset / PIECE)), db_int(first + PIECES));
	return rows && copy_pieces(part, rows, error);
}

ssize_t draft_file_read(Db *db, int64_t user_id, int64_t file_id, uint64_t offset, void *buffer,
	size_t size, GError **error)
{
	Part part = {.user_id = user_id,
		.file_id = file_id,
		.offset = offset,
		.buffer = buffer,
		.size = size};

	return db_read(db, read_in, &part, error) ? part.count : -1;
}

/* ---- away ---- */

typedef struct Removal {
	int64_t user_id, draft_id, file_id;
} Removal;

static bool remove_in(DbTransaction *transaction, void *data, GError **error)
{
	const Removal *removal = data;
	int64_t removed;

	return drafts_check_owner(transaction, removal->user_id, removal->draft_id, error) &&
	       db_run_counted(transaction, &removed, error,
		       "DELETE FROM draft_files WHERE id = $1 AND draft_id = $2",
		       db_int(removal->file_id), db_int(removal->draft_id)) &&
	       (removed == 0 || note_change(transaction, removal->draft_id, error));
}

bool draft_file_remove(Db *db, int64_t user_id, int64_t draft_id, int64_t file_id, GError **error)
{
	Removal removal = {user_id, draft_id, file_id};

	return db_write(db, remove_in, &removal, error);
}
