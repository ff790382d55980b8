/* Looking: lists, single mails, content, and what has changed. */
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
	return db_rows_end(failed, error);
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

/* ---- for a page ---- */

typedef struct Looking {
	const OutboxLook *look;
	GPtrArray *mails;
} Looking;

static DbRows *select_look(DbTransaction *transaction, const OutboxLook *look, GError **error)
{
	int64_t before = look->before ? look->before : INT64_MAX;

	if (look->open_only)
		return db_select(transaction, error,
			"SELECT id FROM outbox_mails INDEXED BY outbox_open"
			" WHERE state NOT IN (2, 6) AND user_id = $1 AND id < $2 AND (state IN (0, "
			"1, 3) OR seen = 0) ORDER BY id DESC LIMIT "
			"$3",
			db_int(look->user_id), db_int(before), db_int((int64_t)look->limit));
	return db_select(transaction, error,
		"SELECT id FROM outbox_mails WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT "
		"$3",
		db_int(look->user_id), db_int(before), db_int((int64_t)look->limit));
}

static bool look_in(DbTransaction *transaction, void *data, GError **error)
{
	const Looking *looking = data;
	GError *failed = NULL;
	g_autoptr(DbRows) rows = select_look(transaction, looking->look, error);

	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		OutboxMail *mail = NULL;

		if (!outbox_load_some(transaction, db_rows_int(rows, 0), looking->look->recipients,
			    &mail, error))
			return false;
		g_ptr_array_add(looking->mails, mail);
	}
	return db_rows_end(failed, error);
}

GPtrArray *outbox_look(Outbox *outbox, const OutboxLook *look, GError **error)
{
	g_autoptr(GPtrArray) mails = new_mails();
	Looking looking = {look, mails};

	return db_read(outbox->db, look_in, &looking, error) ? g_steal_pointer(&mails) : NULL;
}

/* ---- for who sends ---- */

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

/* ---- one ---- */

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
		return db_rows_end(failed, error) && explain_missing(transaction, reading, error);
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

/* ---- changes ---- */

typedef struct Numbering {
	int64_t user_id;
	int64_t since;
	int64_t number;
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
