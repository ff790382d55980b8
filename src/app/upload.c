/* A table of uploads behind one lock. What came of one never changes any more. */
#include "app/upload.h"

#include <pthread.h>
#include <string.h>
#include "app/filing.h"
#include "base/clock.h"
#include "base/hash.h"
#include "failure/failure.h"

#define KEPT_A_USER UPLOAD_KEYS_LIMIT
#define KEPT ((guint)20000)
/* Mails of them. */
#define MAILS_A_USER ((guint)20000)
#define MAILS ((guint)200000)
#define KEPT_SECONDS (24 * 60 * 60)

typedef struct Entry {
	int64_t user_id;
	int64_t begun;
	char *key; /* NULL: none */
	uint8_t digest[SHA256_SIZE];
	Upload upload; /* its ids are NULL while it is under way */
} Entry;

struct Uploads {
	Office *office;
	pthread_mutex_t lock;
	GPtrArray *entries; /* Entry *, the oldest first; under LOCK */
	uint64_t last_id;
};

/* ---- life ---- */

static void clear_upload(Upload *upload)
{
	g_clear_pointer(&upload->ids, g_array_unref);
	g_clear_pointer(&upload->case_conflicts, g_ptr_array_unref);
	g_clear_pointer(&upload->case_number, g_free);
}

void upload_free(Upload *upload)
{
	if (!upload)
		return;
	clear_upload(upload);
	g_free(upload);
}

static void entry_free(Entry *entry)
{
	clear_upload(&entry->upload);
	g_free(entry->key);
	g_free(entry);
}

Uploads *uploads_new(Office *office)
{
	Uploads *uploads = g_new0(Uploads, 1);

	uploads->office = office;
	/* An address of an upload before a restart is not that of one after it. */
	uploads->last_id = (uint64_t)clock_now() * 1000;
	uploads->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
	pthread_mutex_init(&uploads->lock, NULL);
	return uploads;
}

void uploads_free(Uploads *uploads)
{
	if (!uploads)
		return;
	g_ptr_array_unref(uploads->entries);
	pthread_mutex_destroy(&uploads->lock);
	g_free(uploads);
}

/* Lists are shared once they are there; they do not change. */
static Upload *copy(const Upload *upload)
{
	Upload *own = g_memdup2(upload, sizeof(*upload));

	own->ids = g_array_ref(upload->ids);
	own->case_conflicts = g_ptr_array_ref(upload->case_conflicts);
	own->case_number = g_strdup(upload->case_number);
	return own;
}

/* ---- what was asked for ---- */

static void digest_part(Sha256 *hash, const void *data, size_t size)
{
	uint64_t length = size;

	sha256_update(hash, &length, sizeof(length));
	sha256_update(hash, data, size);
}

/* The names do not matter. */
static void digest_order(const UploadOrder *order, uint8_t digest[static SHA256_SIZE])
{
	g_autoptr(Sha256) hash = sha256_new();
	const char *case_number = order->case_number ? order->case_number : "";

	digest_part(hash, case_number, strlen(case_number));
	for (size_t i = 0; i < order->count; i++)
		digest_part(hash, order->files[i].data, order->files[i].size);
	sha256_finish(hash, digest);
}

static bool check_order(const UploadOrder *order, GError **error)
{
	size_t bytes = 0;

	if (order->count == 0) {
		failure_set(error, FAILURE_UPLOAD_EMPTY, NULL, "no file");
		return false;
	}
	for (size_t i = 0; i < order->count; i++)
		bytes += order->files[i].size;
	if (order->count > UPLOAD_FILES || bytes > UPLOAD_BYTES) {
		failure_set(error, FAILURE_UPLOAD_LARGE, NULL, "%zu files, %zu bytes", order->count,
			bytes);
		return false;
	}
	for (size_t i = 0; i < order->count; i++) {
		const UploadFile *file = &order->files[i];

		if (!filing_check_mail(file->name, file->data, file->size, error))
			return false;
	}
	return !order->case_number || archive_check_case(order->case_number, error);
}

/* ---- the table, under the lock ---- */

/* Forgets what is old, or too much of one user or of all. */
static void tidy(Uploads *uploads, int64_t user_id)
{
	int64_t oldest = clock_now() - KEPT_SECONDS;
	guint own = 0, own_mails = 0, mails = 0, count = uploads->entries->len;

	for (guint i = count; i > 0; i--) {
		const Entry *entry = uploads->entries->pdata[i - 1];
		guint size = entry->upload.ids ? entry->upload.ids->len : 0;
		bool is_own = entry->user_id == user_id;

		own += is_own;
		own_mails += is_own ? size : 0;
		mails += size;
		/* What is under way is somebody's. */
		if (entry->upload.ids &&
			(entry->begun < oldest || count - i >= KEPT || mails > MAILS ||
				(is_own && (own >= KEPT_A_USER || own_mails > MAILS_A_USER))))
			g_ptr_array_remove_index(uploads->entries, i - 1);
	}
}

static Entry *find_key(const Uploads *uploads, const UploadOrder *order)
{
	for (guint i = 0; order->key && i < uploads->entries->len; i++) {
		Entry *entry = uploads->entries->pdata[i];

		if (entry->user_id == order->user_id && g_strcmp0(entry->key, order->key) == 0)
			return entry;
	}
	return NULL;
}

static Entry *add_entry(
	Uploads *uploads, const UploadOrder *order, const uint8_t digest[static SHA256_SIZE])
{
	Entry *entry = g_new0(Entry, 1);

	entry->user_id = order->user_id;
	entry->begun = clock_now();
	entry->key = g_strdup(order->key);
	memcpy(entry->digest, digest, SHA256_SIZE);
	entry->upload.id = ++uploads->last_id;
	g_ptr_array_add(uploads->entries, entry);
	return entry;
}

/* *FORMER, yours, is what the key's first request did; NULL: it is new, or that one is still under
 * way, and *ENTRY is to be filled. */
static bool enter(
	Uploads *uploads, const UploadOrder *order, Entry **entry, Upload **former, GError **error)
{
	uint8_t digest[SHA256_SIZE];
	const Entry *found;
	bool same;

	digest_order(order, digest);
	pthread_mutex_lock(&uploads->lock);
	tidy(uploads, order->user_id);
	found = find_key(uploads, order);
	same = !found || memcmp(found->digest, digest, sizeof(digest)) == 0;
	if (found && same && found->upload.ids)
		*former = copy(&found->upload);
	else if (same)
		*entry = add_entry(uploads, order, digest);
	pthread_mutex_unlock(&uploads->lock);
	if (!same)
		failure_set(error, FAILURE_IDEMPOTENCY_KEY, order->key, "another request had it");
	return same;
}

/* UPLOAD NULL: it failed, and the key is free again. */
static void leave(Uploads *uploads, Entry *entry, const Upload *upload)
{
	pthread_mutex_lock(&uploads->lock);
	if (upload) {
		entry->upload.imported = upload->imported;
		entry->upload.known = upload->known;
		entry->upload.case_number = g_strdup(upload->case_number);
		entry->upload.case_conflicts = g_ptr_array_ref(upload->case_conflicts);
		entry->upload.ids = g_array_ref(upload->ids);
	} else {
		g_ptr_array_remove(uploads->entries, entry);
	}
	pthread_mutex_unlock(&uploads->lock);
}

/* ---- filing ---- */

static bool write_files(ArchiveBatch *batch, const void *data, GError **error)
{
	const UploadOrder *order = data;

	for (size_t i = 0; i < order->count; i++) {
		const UploadFile *file = &order->files[i];

		if (!archive_batch_begin(batch, file->size, error) ||
			!archive_batch_write(batch, file->data, file->size, error) ||
			!archive_batch_finish(batch, 0, 0, error))
			return false;
	}
	return true;
}

static Upload *file_all(
	Office *office, const UploadOrder *order, const Cancel *cancel, GError **error)
{
	g_autoptr(Upload) upload = g_new0(Upload, 1);
	const ArchiveOrder filing = {.imported_by = order->actor,
		.imported_by_id = order->user_id,
		.viewer = order->viewer,
		.by_hand = true,
		.case_number = order->case_number};
	ArchiveTally tally = {0};

	upload->case_number = g_strdup(order->case_number);
	upload->ids = tally.ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	upload->case_conflicts = tally.case_conflicts = g_ptr_array_new_with_free_func(g_free);
	if (!filing_run(office, &filing, write_files, order, &tally, cancel, error))
		return NULL;
	upload->imported = tally.imported;
	upload->known = tally.known;
	return g_steal_pointer(&upload);
}

Upload *uploads_file(
	Uploads *uploads, const UploadOrder *order, const Cancel *cancel, GError **error)
{
	Upload *upload = NULL;
	Entry *entry = NULL;

	if (!check_order(order, error) || !enter(uploads, order, &entry, &upload, error))
		return NULL;
	if (upload)
		return upload;
	upload = file_all(uploads->office, order, cancel, error);
	if (upload)
		upload->id = entry->upload.id;
	leave(uploads, entry, upload);
	return upload;
}

Upload *uploads_look(Uploads *uploads, int64_t user_id, uint64_t id)
{
	Upload *found = NULL;

	pthread_mutex_lock(&uploads->lock);
	for (guint i = 0; i < uploads->entries->len && !found; i++) {
		const Entry *entry = uploads->entries->pdata[i];

		if (entry->user_id == user_id && entry->upload.id == id && entry->upload.ids)
			found = copy(&entry->upload);
	}
	pthread_mutex_unlock(&uploads->lock);
	return found;
}
