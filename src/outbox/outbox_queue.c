/* Mails on their way into the outbox. A small one is written in the transaction that queues it; of
 * a large one all but the end is put down before, piece by piece, and belongs to nobody but the
 * process that does so until its mail is queued. */
#include "outbox/outbox_internal.h"

#include <inttypes.h>
#include <string.h>
#include "audit/audit.h"
#include "base/clock.h"
#include "failure/failure.h"

/* In memory at most; a multiple of OUTBOX_PIECE. */
#define MEMORY_LIMIT ((size_t)1024 * 1024)

/* As in the SQL: a content's pieces are numbered within so many. */
#define PIECES 1024
G_STATIC_ASSERT(OUTBOX_CONTENT_LIMIT / OUTBOX_PIECE < PIECES);
G_STATIC_ASSERT(MEMORY_LIMIT % OUTBOX_PIECE == 0);

struct OutboxWriter {
	Outbox *outbox;
	GByteArray *buffer;
	int64_t stage;	 /* where the pieces before the buffer are; 0: there are none */
	unsigned pieces; /* how many */
	uint64_t size;	 /* in all */
};

OutboxWriter *outbox_writer_new(Outbox *outbox)
{
	OutboxWriter *writer = g_new0(OutboxWriter, 1);

	writer->outbox = outbox;
	writer->buffer = g_byte_array_new();
	return writer;
}

/* ---- pieces ---- */

/* Writes the buffer as pieces of CONTENT (an id, or a stage's negative one). */
static bool put_pieces(
	DbTransaction *transaction, const OutboxWriter *writer, int64_t content, GError **error)
{
	const GByteArray *buffer = writer->buffer;
	unsigned number = writer->pieces;

	for (size_t at = 0; at < buffer->len; at += OUTBOX_PIECE) {
		if (!db_run(transaction, error,
			    "INSERT INTO outbox_pieces (id, bytes) VALUES ($1, $2)",
			    db_int(content * PIECES + number++),
			    db_blob(buffer->data + at, MIN(OUTBOX_PIECE, buffer->len - at))))
			return false;
	}
	return true;
}

typedef struct Staging {
	const OutboxWriter *writer;
	const char *owner;
	int64_t stage;
} Staging;

static bool put_stage(DbTransaction *transaction, void *data, GError **error)
{
	Staging *staging = data;

	staging->stage = staging->writer->stage;
	if (staging->stage == 0 &&
		!db_get_int(transaction, &staging->stage, 0, error,
			"INSERT INTO outbox_stages (owner) VALUES ($1) RETURNING id",
			db_text(staging->owner)))
		return false;
	return put_pieces(transaction, staging->writer, -staging->stage, error);
}

/* The name that stages carry, borrowed; NULL: failed. */
static const char *find_owner(Outbox *outbox, GError **error)
{
	const char *name;

	pthread_mutex_lock(&outbox->mutex);
	if (!outbox->lease)
		outbox->lease = outbox_lease_new(outbox, error);
	name = outbox->lease ? outbox->lease->name : NULL;
	pthread_mutex_unlock(&outbox->mutex);
	return name;
}

/* Relaxed: the commit that queues the mail is durable, and this with it. */
static bool put_down(OutboxWriter *writer, GError **error)
{
	Staging staging = {.writer = writer, .owner = find_owner(writer->outbox, error)};

	if (!staging.owner || !db_write_relaxed(writer->outbox->db, put_stage, &staging, error))
		return false;
	writer->stage = staging.stage;
	writer->pieces += (unsigned)(writer->buffer->len / OUTBOX_PIECE);
	g_byte_array_set_size(writer->buffer, 0);
	return true;
}

bool outbox_writer_write(OutboxWriter *writer, const void *bytes, size_t size, GError **error)
{
	const uint8_t *at = bytes;

	if (size > OUTBOX_CONTENT_LIMIT - writer->size) {
		failure_set(error, FAILURE_MAIL_TOO_LARGE, "150 MB", "more than %" PRIu64 " bytes",
			OUTBOX_CONTENT_LIMIT);
		return false;
	}
	while (size > 0) {
		size_t part = MIN(size, MEMORY_LIMIT - writer->buffer->len);

		g_byte_array_append(writer->buffer, at, (guint)part);
		at += part;
		size -= part;
		writer->size += part;
		/* What is full goes with the next byte, so that no mail ends with an empty piece.
		 */
		if (size > 0 && !put_down(writer, error))
			return false;
	}
	return true;
}

bool outbox_drop_stage(DbTransaction *transaction, int64_t id, GError **error)
{
	return db_run(transaction, error, "DELETE FROM outbox_pieces WHERE id >= $1 AND id < $2",
		       db_int(-id * PIECES), db_int((-id + 1) * PIECES)) &&
	       db_run(transaction, error, "DELETE FROM outbox_stages WHERE id = $1", db_int(id));
}

static bool drop_in(DbTransaction *transaction, void *data, GError **error)
{
	return outbox_drop_stage(transaction, *(const int64_t *)data, error);
}

static void empty(OutboxWriter *writer)
{
	g_byte_array_set_size(writer->buffer, 0);
	writer->stage = 0;
	writer->pieces = 0;
	writer->size = 0;
}

void outbox_writer_free(OutboxWriter *writer)
{
	if (!writer)
		return;
	/* Where that fails, it goes once this process has ended. */
	if (writer->stage != 0)
		db_write_relaxed(writer->outbox->db, drop_in, &writer->stage, NULL);
	g_byte_array_unref(writer->buffer);
	g_free(writer);
}

/* ---- queueing ---- */

typedef struct Queueing {
	Outbox *outbox;
	OutboxWriter *const *writers;
	const OutboxOrder *orders;
	size_t count;
	int64_t *ids;
	bool *taken; /* whether the writer's content is used */
	int64_t now;
} Queueing;

/* What is looked for. */
typedef struct KeySearch {
	int64_t user_id;
	const char *key;
	const char *digest;
	int64_t id; /* 0: there is none */
} KeySearch;

/* As its owner knows it. */
static const char *plain_key(const char *key)
{
	return g_str_has_prefix(key, OUTBOX_KEY_API) ? key + strlen(OUTBOX_KEY_API) : key;
}

static bool find_key(DbTransaction *transaction, void *data, GError **error)
{
	KeySearch *search = data;
	int64_t other = 0;

	search->id = 0;
	if (!search->key)
		return true;
	if (!db_get_int(transaction, &search->id, 0, error,
		    "SELECT id FROM outbox_mails WHERE user_id = $1 AND idempotency_key = $2",
		    db_int(search->user_id), db_text(search->key)) ||
		!db_get_int(transaction, &other, 0, error,
			"SELECT count(*) FROM outbox_mails WHERE id = $1"
			" AND idempotency_digest IS DISTINCT FROM $2",
			db_int(search->id), db_text(search->digest)))
		return false;
	if (other == 0)
		return true;
	failure_set(error, FAILURE_IDEMPOTENCY_KEY, plain_key(search->key),
		"mail %" PRId64 " had it", search->id);
	return false;
}

bool outbox_find_key(Outbox *outbox, int64_t user_id, const char *key, const char *digest,
	int64_t *id, GError **error)
{
	KeySearch search = {user_id, key, digest, 0};
	bool found = db_read(outbox->db, find_key, &search, error);

	*id = search.id;
	return found;
}

static bool add_mail(DbTransaction *transaction, const OutboxOrder *order,
	const OutboxWriter *writer, int64_t now, int64_t id, GError **error)
{
	return db_run(transaction, error,
		"INSERT INTO outbox_mails (user_id, user_name, sender, subject, message_id,"
		" case_number, size, has_8bit, has_utf8, idempotency_key, content, created_at,"
		" sent_copy, id, idempotency_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
		" $10, $11, $12, $13, $14, $15)",
		db_int(order->user_id), db_text(order->user), db_text(order->sender),
		db_text(order->subject), db_text(order->message_id), db_text(order->case_number),
		db_int((int64_t)writer->size), db_int(order->has_8bit), db_int(order->has_utf8),
		db_text(order->key), db_int(-writer->stage), db_int(now),
		db_int(order->wants_sent_copy ? OUTBOX_COPY_PENDING : OUTBOX_COPY_NONE), db_int(id),
		db_text(order->digest));
}

static bool add_recipients(
	DbTransaction *transaction, const OutboxOrder *order, int64_t id, GError **error)
{
	for (size_t i = 0; i < order->recipient_count; i++) {
		if (!db_run(transaction, error,
			    "INSERT INTO outbox_recipients (mail_id, number, address, field)"
			    " VALUES ($1, $2, $3, $4)",
			    db_int(id), db_int((int64_t)i), db_text(order->recipients[i]),
			    db_int(order->fields ? order->fields[i] : MAIL_TO)))
			return false;
	}
	return true;
}

/* From now on the stage is the mail's. */
static bool take_stage(
	const Outbox *outbox, DbTransaction *transaction, int64_t stage, GError **error)
{
	int64_t changed = 0;

	if (!db_run_counted(transaction, &changed, error,
		    "DELETE FROM outbox_stages WHERE id = $1 AND owner = $2", db_int(stage),
		    db_text(outbox->lease->name)))
		return false;
	if (changed == 1)
		return true;
	failure_set(error, FAILURE_STORE, NULL, "stage %" PRId64 " of the outbox is gone", stage);
	return false;
}

static bool add_content(const Outbox *outbox, DbTransaction *transaction,
	const OutboxWriter *writer, int64_t id, GError **error)
{
	if (writer->stage == 0)
		return put_pieces(transaction, writer, id, error);
	return put_pieces(transaction, writer, -writer->stage, error) &&
	       take_stage(outbox, transaction, writer->stage, error);
}

static bool note_queued(
	DbTransaction *transaction, const OutboxOrder *order, int64_t id, GError **error)
{
	g_autofree char *subject = g_strdup_printf("%" PRId64, id);
	g_autofree char *case_number = g_strdup(order->case_number ? order->case_number : "");
	g_autofree char *detail = NULL;

	g_strdelimit(case_number, ";", ','); /* what parts the fields */
	detail = g_strdup_printf("user: %s; mailbox: %s; recipients: %zu%s%s", order->user,
		order->sender, order->recipient_count, *case_number ? "; case: " : "", case_number);
	return audit_add(transaction, order->actor ? order->actor : order->user, "mail.queue",
		subject, detail, error);
}

/* *LAST is the id that was given last. */
static bool queue_one(DbTransaction *transaction, const Queueing *queueing, size_t i, int64_t *last,
	GError **error)
{
	const OutboxOrder *order = &queueing->orders[i];
	const OutboxWriter *writer = queueing->writers[i];
	int64_t *id = &queueing->ids[i];
	KeySearch search = {order->user_id, order->key, order->digest, 0};

	if (!find_key(transaction, &search, error))
		return false;
	*id = search.id;
	queueing->taken[i] = *id == 0;
	if (*id != 0)
		return true;
	*id = ++*last;
	return add_mail(transaction, order, writer, queueing->now, *id, error) &&
	       add_recipients(transaction, order, *id, error) &&
	       add_content(queueing->outbox, transaction, writer, *id, error) &&
	       note_queued(transaction, order, *id, error);
}

static bool queue_all(DbTransaction *transaction, void *data, GError **error)
{
	const Queueing *queueing = data;
	int64_t last = 0;

	if (!db_get_int(transaction, &last, 0, error, "SELECT max(id) FROM outbox_mails"))
		return false;
	for (size_t i = 0; i < queueing->count; i++) {
		if (!queue_one(transaction, queueing, i, &last, error))
			return false;
	}
	return true;
}

bool outbox_queue(Outbox *outbox, OutboxWriter *const *writers, const OutboxOrder *orders,
	size_t count, int64_t *ids, GError **error)
{
	g_autofree bool *taken = g_new0(bool, count);
	g_autofree int64_t *found = g_new0(int64_t, count);
	Queueing queueing = {outbox, writers, orders, count, found, taken, clock_now()};

	for (size_t i = 0; i < count; i++)
		g_assert(orders[i].recipient_count >= 1 &&
			 orders[i].recipient_count <= OUTBOX_RECIPIENT_LIMIT);
	if (!db_write(outbox->db, queue_all, &queueing, error))
		return false;
	for (size_t i = 0; i < count; i++) {
		ids[i] = found[i];
		if (taken[i])
			empty(writers[i]);
	}
	return true;
}
