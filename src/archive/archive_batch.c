/* Gathers a batch: mails stream in, are hashed on the way, and go to packs. Nothing of it counts
 * before archive_commit.c has named it in a transaction.
 *
 * Small mails wait in a window, so that those on file are left out of the pack. A mail larger than
 * the window gets a pack of its own and passes through. */
#include "archive/archive_batch.h"
#include "archive/archive_internal.h"

#include <string.h>
#include "base/text.h"
#include "failure/failure.h"

#define WINDOW_SIZE ((size_t)4 * 1024 * 1024)

static void staged_failure_clear(void *data)
{
	StagedFailure *failure = data;

	g_free(failure->reason);
}

static void copy_order(ArchiveBatch *batch, const ArchiveOrder *order)
{
	batch->order = *order;
	batch->order.imported_by = g_strdup(order->imported_by);
	batch->order.case_number = archive_strip_case(order->case_number);
	batch->order.action = g_strdup(order->action);
	batch->order.action_folder = g_strdup(order->action_folder);
	if (!order->folder)
		return;
	batch->folder = (ArchiveFolder){.id = order->folder->id};
	batch->order.folder = &batch->folder;
}

ArchiveBatch *archive_batch_new(Archive *archive, const ArchiveOrder *order)
{
	ArchiveBatch *batch = g_new0(ArchiveBatch, 1);

	batch->archive = archive;
	copy_order(batch, order);
	batch->staged = g_array_new(FALSE, FALSE, sizeof(Staged));
	batch->failures = g_array_new(FALSE, FALSE, sizeof(StagedFailure));
	g_array_set_clear_func(batch->failures, staged_failure_clear);
	batch->known = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	batch->kept = g_hash_table_new_full(
		g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
	batch->packs = g_ptr_array_new_with_free_func((GDestroyNotify)pack_free);
	batch->hash = sha256_new();
	batch->digest = archive_digest_new();
	batch->window = g_byte_array_new();
	return batch;
}

void archive_batch_free(ArchiveBatch *batch)
{
	if (!batch)
		return;
	g_array_unref(batch->staged);
	g_array_unref(batch->failures);
	g_array_unref(batch->known);
	g_hash_table_unref(batch->kept);
	g_ptr_array_unref(batch->packs);
	sha256_free(batch->hash);
	archive_digest_free(batch->digest);
	g_byte_array_unref(batch->window);
	g_free((char *)batch->order.imported_by);
	g_free((char *)batch->order.case_number);
	g_free((char *)batch->order.action);
	g_free((char *)batch->order.action_folder);
	g_free(batch);
}

size_t archive_batch_mails(const ArchiveBatch *batch)
{
	return batch->staged->len;
}

uint64_t archive_batch_bytes(const ArchiveBatch *batch)
{
	return batch->bytes;
}

void archive_batch_clear(ArchiveBatch *batch)
{
	archive_batch_discard(batch);
	g_array_set_size(batch->staged, 0);
	g_array_set_size(batch->failures, 0);
	g_array_set_size(batch->known, 0);
	g_hash_table_remove_all(batch->kept);
	g_ptr_array_set_size(batch->packs, 0);
	g_byte_array_set_size(batch->window, 0);
	batch->bytes = 0;
	batch->written = 0;
	batch->shared = NULL;
}

void archive_batch_note_failure(ArchiveBatch *batch, uint32_t uid, const char *reason)
{
	StagedFailure failure = {.uid = uid, .reason = text_make_valid(reason, strlen(reason))};

	g_array_append_val(batch->failures, failure);
}

void archive_batch_note_known(ArchiveBatch *batch, uint32_t uid)
{
	g_array_append_val(batch->known, uid);
}

/* ---- which bytes are needed ---- */

typedef struct LookUp {
	const ArchiveBatch *batch;
	const Staged *mails;
	size_t count;
	bool *needed;
} LookUp;

/* Not on file, and not to stay away for good. */
static bool look_up_one(DbTransaction *transaction, const ArchiveBatch *batch, const Staged *mail,
	bool *needed, GError **error)
{
	DbValue hash = db_blob(mail->sha256, SHA256_SIZE);
	int64_t out = 0;

	if (!db_get_int(
		    transaction, &out, 0, error, "SELECT 1 FROM copies WHERE sha256 = $1", hash))
		return false;
	if (out == 0 && !batch->order.by_hand &&
		!db_get_int(transaction, &out, 0, error, "SELECT 1 FROM erased WHERE digest = $1",
			hash))
		return false;
	*needed = out == 0;
	return true;
}

static bool look_up_all(DbTransaction *transaction, void *data, GError **error)
{
	const LookUp *look_up = data;

	for (size_t i = 0; i < look_up->count; i++) {
		if (!look_up_one(transaction, look_up->batch, &look_up->mails[i],
			    &look_up->needed[i], error))
			return false;
	}
	return true;
}

/* NEEDED[i]: the bytes of MAILS[i] must go to a pack. */
static bool find_needed(
	ArchiveBatch *batch, const Staged *mails, size_t count, bool *needed, GError **error)
{
	LookUp look_up = {batch, mails, count, needed};

	if (!db_read(batch->archive->db, look_up_all, &look_up, error))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (needed[i])
			needed[i] = g_hash_table_add(
				batch->kept, g_bytes_new(mails[i].sha256, SHA256_SIZE));
	}
	return true;
}

/* ---- from the window to packs ---- */

static Pack *add_pack(ArchiveBatch *batch, GError **error)
{
	Pack *pack = pack_create(batch->archive, false, error);

	if (pack)
		g_ptr_array_add(batch->packs, pack);
	return pack;
}

/* Mails that stand side by side in the window go out in one piece. */
static bool write_needed(ArchiveBatch *batch, const bool *needed, GError **error)
{
	Staged *mails = &g_array_index(batch->staged, Staged, batch->written);
	size_t count = batch->staged->len - batch->written;
	uint64_t run_start = 0;
	uint64_t run_size = 0;

	for (size_t i = 0; i <= count; i++) {
		if (i < count && needed[i]) {
			if (run_size == 0)
				run_start = mails[i].start;
			mails[i].pack = batch->shared;
			mails[i].start = batch->shared->size + run_size;
			run_size += mails[i].size;
			continue;
		}
		if (!pack_write(batch->shared, batch->window->data + run_start, run_size, error))
			return false;
		run_size = 0;
	}
	return true;
}

static bool any(const bool *needed, size_t count)
{
	return count > 0 && memchr(needed, true, count) != NULL;
}

/* Empties the window but for the beginning of the mail that is coming in. */
static bool write_window(ArchiveBatch *batch, GError **error)
{
	size_t count = batch->staged->len - batch->written;
	g_autofree bool *needed = g_new0(bool, count + 1);
	const Staged *mails;

	if (count == 0)
		return true;
	mails = &g_array_index(batch->staged, Staged, batch->written);
	if (!find_needed(batch, mails, count, needed, error))
		return false;
	if (any(needed, count)) {
		if (!batch->shared)
			batch->shared = add_pack(batch, error);
		if (!batch->shared || !write_needed(batch, needed, error))
			return false;
	}
	batch->written = batch->staged->len;
	g_byte_array_remove_range(
		batch->window, 0, (guint)(batch->open ? batch->window_start : batch->window->len));
	batch->window_start = 0;
	return true;
}

bool archive_batch_write_window(ArchiveBatch *batch, GError **error)
{
	if (write_window(batch, error))
		return true;
	archive_batch_clear(batch);
	return false;
}

/* ---- one mail ---- */

/* From here on the window holds nothing but the large mail's bytes on their way to its pack. */
static bool begin_own_pack(ArchiveBatch *batch, GError **error)
{
	if (!write_window(batch, error))
		return false;
	batch->own = add_pack(batch, error);
	return batch->own != NULL;
}

static bool begin(ArchiveBatch *batch, uint64_t size_hint, GError **error)
{
	if (!archive_check_space(batch->archive, size_hint, error))
		return false;
	return size_hint <= WINDOW_SIZE || begin_own_pack(batch, error);
}

bool archive_batch_begin(ArchiveBatch *batch, uint64_t size_hint, GError **error)
{
	g_assert(!batch->open);
	batch->open = true;
	batch->size = 0;
	batch->window_start = batch->window->len;
	if (begin(batch, size_hint, error))
		return true;
	archive_batch_clear(batch);
	return false;
}

static bool empty_into_own(ArchiveBatch *batch, GError **error)
{
	if (!pack_write(batch->own, batch->window->data, batch->window->len, error))
		return false;
	g_byte_array_set_size(batch->window, 0);
	return true;
}

/* Makes room in the window for SIZE bytes more. */
static bool make_room(ArchiveBatch *batch, size_t size, GError **error)
{
	size_t limit = batch->own ? ARCHIVE_PIECE : WINDOW_SIZE;

	if (batch->window->len + size <= limit)
		return true;
	if (!batch->own && !write_window(batch, error))
		return false;
	if (!batch->own && batch->window->len + size <= limit)
		return true;
	if (!batch->own && !begin_own_pack(batch, error))
		return false;
	return empty_into_own(batch, error);
}

static bool take(ArchiveBatch *batch, const uint8_t *data, size_t size, GError **error)
{
	batch->size += size;
	sha256_update(batch->hash, data, size);
	archive_digest_update(batch->digest, data, size);
	while (size > 0) {
		size_t length = MIN(size, ARCHIVE_PIECE);

		if (!make_room(batch, length, error))
			return false;
		g_byte_array_append(batch->window, data, (guint)length);
		data += length;
		size -= length;
	}
	return true;
}

bool archive_batch_write(ArchiveBatch *batch, const void *data, size_t size, GError **error)
{
	g_assert(batch->open);
	if (take(batch, data, size, error))
		return true;
	archive_batch_clear(batch);
	return false;
}

/* The own pack's bytes are written; if nobody needs them, it goes. */
static bool finish_own_pack(ArchiveBatch *batch, Staged *mail, GError **error)
{
	bool needed;

	if (!empty_into_own(batch, error) || !find_needed(batch, mail, 1, &needed, error))
		return false;
	if (needed)
		mail->pack = batch->own;
	else
		g_ptr_array_remove(batch->packs, batch->own);
	batch->own = NULL;
	batch->written++;
	return true;
}

bool archive_batch_finish(ArchiveBatch *batch, uint32_t uid, int64_t internal_date, GError **error)
{
	Staged mail = {.uid = uid, .received = internal_date, .size = batch->size};

	g_assert(batch->open);
	sha256_finish(batch->hash, mail.sha256);
	mail.has_key = archive_digest_finish(batch->digest, mail.content_key);
	mail.start = batch->own ? 0 : batch->window_start;
	mail.number = batch->staged->len;
	if (batch->own && !finish_own_pack(batch, &mail, error)) {
		archive_batch_clear(batch);
		return false;
	}
	batch->open = false;
	batch->bytes += mail.size;
	g_array_append_val(batch->staged, mail);
	return true;
}

void archive_batch_discard(ArchiveBatch *batch)
{
	uint8_t unused[SHA256_SIZE];

	if (!batch->open)
		return;
	batch->open = false;
	sha256_finish(batch->hash, unused);
	archive_digest_finish(batch->digest, unused);
	if (batch->own)
		g_ptr_array_remove(batch->packs, batch->own);
	batch->own = NULL;
	g_byte_array_set_size(batch->window, (guint)batch->window_start);
}
