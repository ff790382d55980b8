/* Looking: lists, single mails, content, counts. */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "failure/failure.h"

/* What claimed mails carry: each, and all of one claim. */
#define FILLED_IN ((uint64_t)64 * 1024)
#define FILLED_IN_SUM ((uint64_t)4 * 1024 * 1024)
G_STATIC_ASSERT(FILLED_IN <= OUTBOX_PIECE);

typedef struct Listing {
	int64_t user_id;
	int64_t before;
	int64_t limit;
	GPtrArray *mails;
} Listing;

static GPtrArray *new_mails(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)outbox_mail_free);
}

/* Loads the mails of the ids in ROWS (taken; NULL: *ERROR is set). */
static bool load_all(DbTransaction *transaction, DbRows *taken, GPtrArray *mails, GError **error)
{
	g_autoptr(DbRows) rows = taken;
	GError *failed = NULL;

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		OutboxMail *mail = NULL;

		if (!outbox_load(transaction, db_rows_int(rows, 0), &mail, error))
			return false;
		g_ptr_array_add(mails, mail);
	}
	return outbox_pass(failed, error);
}

static bool list_in(DbTransaction *transaction, void *data, GError **error)
{
	const Listing *listing = data;
	DbRows *rows;

	if (listing->user_id == 0)
		rows = db_select(transaction, error,
			"SELECT id FROM outbox_mails WHERE id < $1 ORDER BY id DESC LIMIT $2",
			db_int(listing->before), db_int(listing->limit));
	else
		rows = db_select(transaction, error,
			"SELECT id FROM outbox_mails WHERE user_id = $1 AND id < $2"
			" ORDER BY id DESC LIMIT $3",
			db_int(listing->user_id), db_int(listing->before), db_int(listing->limit));
	return load_all(transaction, rows, listing->mails, error);
}

GPtrArray *outbox_list(
	Outbox *outbox, int64_t user_id, int64_t before, size_t limit, GError **error)
{
	g_autoptr(GPtrArray) mails = new_mails();
	Listing listing = {
		user_id, before ? before : INT64_MAX, limit ? (int64_t)limit : INT64_MAX, mails};

	return db_read(outbox->db, list_in, &listing, error) ? g_steal_pointer(&mails) : NULL;
}

static bool list_open_in(DbTransaction *transaction, void *data, GError **error)
{
	return load_all(transaction,
		db_select(transaction, error,
			"SELECT id FROM (SELECT id FROM outbox_mails WHERE state NOT IN (2, 6)"
			" AND state IN (0, 3) UNION SELECT id FROM outbox_mails"
			" WHERE copy_due IS NOT NULL) AS open_mails ORDER BY id"),
		data, error);
}

GPtrArray *outbox_list_open(Outbox *outbox, GError **error)
{
	g_autoptr(GPtrArray) mails = new_mails();

	return db_read(outbox->db, list_open_in, mails, error) ? g_steal_pointer(&mails) : NULL;
}

typedef struct Getting {
	int64_t id;
	int64_t user_id;
	OutboxMail *mail;
} Getting;

static bool get_in(DbTransaction *transaction, void *data, GError **error)
{
	Getting *getting = data;

	return outbox_load_known(transaction, getting->id, getting->user_id, &getting->mail, error);
}

OutboxMail *outbox_get(Outbox *outbox, int64_t id, int64_t user_id, GError **error)
{
	Getting getting = {.id = id, .user_id = user_id};

	return db_read(outbox->db, get_in, &getting, error) ? getting.mail : NULL;
}

/* ---- content ---- */

typedef struct Reading {
	int64_t id;
	uint64_t offset;
	void *buffer;
	size_t size;
	ssize_t count;
} Reading;

/* Where no piece was found: at the end, erased, or never there. */
static bool explain_missing(DbTransaction *transaction, const Reading *reading, GError **error)
{
	int64_t size = 0;
	g_autofree char *number = g_strdup_printf("%" PRId64, reading->id);

	if (!db_get_int(transaction, &size, -1, error,
		    "SELECT CASE WHEN content IS NULL THEN -2 ELSE size END FROM outbox_mails"
		    " WHERE id = $1",
		    db_int(reading->id)))
		return false;
	if (size >= 0 && reading->offset >= (uint64_t)size)
		return true;
	if (size == -1)
		failure_set(
			error, FAILURE_OUTBOX_UNKNOWN, number, "no mail %s in the outbox", number);
	else if (size == -2)
		failure_set(
			error, FAILURE_OUTBOX_ERASED, number, "mail %s: content erased", number);
	else
		failure_set(error, FAILURE_STORE, NULL, "mail %s of the outbox: content missing",
			number);
	return false;
}

static bool read_in(DbTransaction *transaction, void *data, GError **error)
{
	Reading *reading = data;
	GError *failed = NULL;
	size_t skipped = reading->offset % OUTBOX_PIECE;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT p.bytes FROM outbox_mails m JOIN outbox_pieces p"
		" ON p.id = (CASE m.content WHEN 0 THEN m.id ELSE m.content END) * 1024 + $2"
		" WHERE m.id = $1",
		db_int(reading->id), db_int((int64_t)(reading->offset / OUTBOX_PIECE)));
	const uint8_t *bytes;
	size_t size = 0;

	if (!rows)
		return false;
	reading->count = 0;
	if (!db_rows_next(rows, &failed))
		return outbox_pass(failed, error) && explain_missing(transaction, reading, error);
	bytes = db_rows_blob(rows, 0, &size);
	if (size <= skipped)
		return explain_missing(transaction, reading, error);
	reading->count = (ssize_t)MIN(reading->size, size - skipped);
	memcpy(reading->buffer, bytes + skipped, (size_t)reading->count);
	return true;
}

ssize_t outbox_read(
	Outbox *outbox, int64_t id, uint64_t offset, void *buffer, size_t size, GError **error)
{
	Reading reading = {id, offset, buffer, size, 0};

	return db_read(outbox->db, read_in, &reading, error) ? reading.count : -1;
}

/* One query for each, but one transaction for all: asking for each by itself costs four times that.
 */
static bool fill_in(DbTransaction *transaction, void *data, GError **error)
{
	const GPtrArray *mails = data;
	uint64_t sum = 0;

	for (guint i = 0; i < mails->len; i++) {
		OutboxMail *mail = mails->pdata[i];
		g_autofree char *bytes = NULL;
		Reading reading = {mail->id, 0, NULL, (size_t)mail->size, 0};

		if (mail->content || mail->size > FILLED_IN || sum + mail->size > FILLED_IN_SUM)
			continue;
		bytes = g_malloc(mail->size + 1);
		reading.buffer = bytes;
		if (!read_in(transaction, &reading, error))
			return false;
		if ((uint64_t)reading.count != mail->size)
			continue;
		mail->content = g_bytes_new_take(g_steal_pointer(&bytes), (gsize)mail->size);
		sum += mail->size;
	}
	return true;
}

bool outbox_fill_in(Outbox *outbox, GPtrArray *mails, GError **error)
{
	return db_read(outbox->db, fill_in, mails, error);
}

/* ---- numbers ---- */

typedef struct Numbering {
	int64_t user_id;
	int64_t now;
	int64_t since;
	int64_t number;
	OutboxCounts *counts;
} Numbering;

static bool version_in(DbTransaction *transaction, void *data, GError **error)
{
	Numbering *numbering = data;

	if (numbering->user_id == 0)
		return db_get_int(transaction, &numbering->number, 0, error,
			"SELECT sum(version) FROM outbox_versions");
	return db_get_int(transaction, &numbering->number, 0, error,
		"SELECT version FROM outbox_versions WHERE user_id = $1",
		db_int(numbering->user_id));
}

bool outbox_version(Outbox *outbox, int64_t user_id, int64_t *version, GError **error)
{
	Numbering numbering = {.user_id = user_id};

	if (!db_read(outbox->db, version_in, &numbering, error))
		return false;
	*version = numbering.number;
	return true;
}

/* Among the newest alone: an index would cost more with each mail that is sent than this does with
 * each question. */
static bool rate_in(DbTransaction *transaction, void *data, GError **error)
{
	Numbering *numbering = data;

	return db_get_int(transaction, &numbering->number, 0, error,
		"SELECT count(*) FROM (SELECT handed_at FROM outbox_mails WHERE user_id = $1"
		" ORDER BY id DESC LIMIT 1000) AS newest WHERE handed_at > $2",
		db_int(numbering->user_id), db_int(numbering->since));
}

bool outbox_rate(Outbox *outbox, int64_t user_id, int seconds, unsigned *count, GError **error)
{
	Numbering numbering = {.user_id = user_id, .since = clock_now() - seconds};

	if (!db_read(outbox->db, rate_in, &numbering, error))
		return false;
	*count = (unsigned)numbering.number;
	return true;
}

static void earlier(OutboxCounts *counts, int64_t time)
{
	if (counts->next == 0 || time < counts->next)
		counts->next = time;
}

static void take_count(OutboxCounts *counts, DbRows *rows, int64_t now)
{
	uint64_t count = (uint64_t)db_rows_int(rows, 1);

	switch ((OutboxState)db_rows_int(rows, 0)) {
	case OUTBOX_QUEUED:
		counts->queued = count;
		earlier(counts, now);
		break;
	case OUTBOX_SENDING:
		counts->sending = count;
		break;
	case OUTBOX_WAITING:
		counts->waiting = count;
		earlier(counts, db_rows_int(rows, 2));
		break;
	case OUTBOX_FAILED:
		counts->failed = count;
		break;
	case OUTBOX_UNKNOWN:
		counts->unknown = count;
		break;
	case OUTBOX_SENT:
	case OUTBOX_CANCELLED:
		break;
	}
}

static DbRows *select_counts(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error,
			"SELECT state, count(*), min(next) FROM outbox_mails"
			" WHERE state NOT IN (2, 6) GROUP BY state");
	return db_select(transaction, error,
		"SELECT state, count(*), min(next) FROM outbox_mails WHERE state NOT IN (2, 6)"
		" AND state IN (0, 1, 3, 4, 5) AND user_id = $1 GROUP BY state",
		db_int(user_id));
}

static DbRows *select_copies(DbTransaction *transaction, int64_t user_id, GError **error)
{
	if (user_id == 0)
		return db_select(transaction, error,
			"SELECT count(*), min(CASE WHEN copy_worker IS NULL THEN copy_due END)"
			" FROM outbox_mails WHERE copy_due IS NOT NULL");
	return db_select(transaction, error,
		"SELECT count(*), min(CASE WHEN copy_worker IS NULL THEN copy_due END)"
		" FROM outbox_mails WHERE copy_due IS NOT NULL AND user_id = $1",
		db_int(user_id));
}

static bool count_copies(DbTransaction *transaction, const Numbering *numbering, GError **error)
{
	OutboxCounts *counts = numbering->counts;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_copies(transaction, numbering->user_id, error);

	if (!rows)
		return false;
	if (db_rows_next(rows, &failed)) {
		counts->copies = (uint64_t)db_rows_int(rows, 0);
		if (!db_rows_is_null(rows, 1))
			earlier(counts, MAX(db_rows_int(rows, 1), 1));
	}
	return outbox_pass(failed, error);
}

static bool count_in(DbTransaction *transaction, void *data, GError **error)
{
	const Numbering *numbering = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = NULL;

	*numbering->counts = (OutboxCounts){0};
	rows = select_counts(transaction, numbering->user_id, error);
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed))
		take_count(numbering->counts, rows, numbering->now);
	return outbox_pass(failed, error) && count_copies(transaction, numbering, error);
}

bool outbox_count(Outbox *outbox, int64_t user_id, OutboxCounts *counts, GError **error)
{
	OutboxCounts found;
	Numbering numbering = {.user_id = user_id, .now = clock_now(), .counts = &found};

	if (!db_read(outbox->db, count_in, &numbering, error))
		return false;
	*counts = found;
	return true;
}
