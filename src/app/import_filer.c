/* The filer: one thread a folder that takes parcels from a bounded queue, hashes and writes them
 * into the archive's batch and commits every so many mails, bytes or milliseconds. */
#include "app/import_internal.h"

#include <pthread.h>
#include <string.h>
#include "base/clock.h"
#include "base/i18n.h"
#include "base/queue.h"
#include "failure/failure.h"

/* How far the network may run ahead of the disk. */
#define QUEUE_BYTES (8 * 1024 * 1024)
/* What a parcel weighs beside its bytes. */
#define PARCEL_WEIGHT 128
/* A small mail travels in one parcel, a large one in pieces of this size. */
#define PARCEL_LIMIT (256 * 1024)

/* When a commit is due. */
#define COMMIT_MAILS 1000
#define COMMIT_BYTES (64 * 1024 * 1024)
#define COMMIT_MILLISECONDS 500

typedef enum ParcelKind {
	PARCEL_MAIL,
	PARCEL_DISCARD,
	PARCEL_FAILED,
	PARCEL_GONE,
	PARCEL_KNOWN
} ParcelKind;

typedef struct Parcel {
	ParcelKind kind;
	bool first, last;
	uint32_t uid;
	int64_t internal_date;
	uint64_t mail_size; /* first */
	char *reason;	    /* PARCEL_FAILED */
	size_t size;
	size_t room;
	unsigned char bytes[];
} Parcel;

struct Filer {
	pthread_t thread;
	Queue *queue;
	Parcel *open; /* being filled by the network's side */

	/* The thread's own: */
	ArchiveBatch *batch;
	const ImportPlan *plan;
	const GArray *uids; /* the plan's */
	bool *done;	    /* a flag an UID: filed or noted */
	size_t first_open;
	bool moves_cursor;
	bool inside;	   /* a mail is begun */
	size_t noted;	   /* failures, known and gone mails since the last commit */
	int64_t committed; /* when, monotonic ms */
	ArchiveTally tally;
	GError *error;
};

static void parcel_free(Parcel *parcel)
{
	if (!parcel)
		return;
	g_free(parcel->reason);
	g_free(parcel);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parcel, parcel_free)

static Parcel *parcel_new(ParcelKind kind, size_t room)
{
	Parcel *parcel = g_malloc(sizeof *parcel + room);

	*parcel = (Parcel){.kind = kind, .room = room};
	return parcel;
}

static bool push(Filer *filer, Parcel *parcel)
{
	return queue_push(filer->queue, parcel, parcel->size + PARCEL_WEIGHT);
}

/* UID is through: the cursor may pass it with the next commit. */
static void mark_done(Filer *filer, uint32_t uid)
{
	size_t index = import_uid_index(filer->uids, uid);

	if (index < filer->uids->len && g_array_index(filer->uids, uint32_t, index) == uid)
		filer->done[index] = true;
	while (filer->first_open < filer->uids->len && filer->done[filer->first_open])
		filer->first_open++;
}

/* How far the cursor may go: the last UID before the first that is open. */
static uint32_t cursor_so_far(const Filer *filer)
{
	if (!filer->moves_cursor || filer->first_open == 0)
		return 0;
	return g_array_index(filer->uids, uint32_t, filer->first_open - 1);
}

static bool commit(Filer *filer, uint32_t cursor)
{
	filer->committed = clock_monotonic();
	filer->noted = 0;
	return archive_batch_commit(filer->batch, cursor, &filer->tally, &filer->error);
}

static bool file_bytes(Filer *filer, const Parcel *parcel)
{
	if (parcel->first && !archive_batch_begin(filer->batch, parcel->mail_size, &filer->error))
		return false;
	filer->inside = true;
	if (!archive_batch_write(filer->batch, parcel->bytes, parcel->size, &filer->error))
		return false;
	if (!parcel->last)
		return true;
	filer->inside = false;
	mark_done(filer, parcel->uid);
	return archive_batch_finish(
		filer->batch, parcel->uid, parcel->internal_date, &filer->error);
}

static bool take(Filer *filer, const Parcel *parcel)
{
	switch (parcel->kind) {
	case PARCEL_MAIL:
		return file_bytes(filer, parcel);
	case PARCEL_DISCARD:
		if (filer->inside)
			archive_batch_discard(filer->batch);
		filer->inside = false;
		return true;
	case PARCEL_FAILED:
		archive_batch_note_failure(filer->batch, parcel->uid, parcel->reason);
		break;
	case PARCEL_KNOWN:
		archive_batch_note_known(filer->batch, parcel->uid);
		break;
	case PARCEL_GONE:
		break;
	}
	filer->noted++;
	mark_done(filer, parcel->uid);
	return true;
}

static bool is_commit_due(const Filer *filer)
{
	size_t waiting = archive_batch_mails(filer->batch) + filer->noted;

	return !filer->inside && waiting > 0 &&
	       (waiting >= COMMIT_MAILS || archive_batch_bytes(filer->batch) >= COMMIT_BYTES ||
		       clock_monotonic() - filer->committed >= COMMIT_MILLISECONDS);
}

static void *file_all(void *data)
{
	Filer *filer = data;
	bool good = true;

	filer->committed = clock_monotonic();
	while (good) {
		bool timed_out;
		g_autoptr(Parcel) parcel =
			queue_pop_timed(filer->queue, COMMIT_MILLISECONDS, &timed_out);

		if (!parcel && !timed_out)
			return NULL;
		good = (!parcel || take(filer, parcel)) &&
		       (!is_commit_due(filer) || commit(filer, cursor_so_far(filer)));
	}
	queue_abort(filer->queue);
	return NULL;
}

Filer *filer_start(Archive *archive, const ArchiveOrder *order, const ImportPlan *plan)
{
	Filer *filer = g_new0(Filer, 1);

	filer->queue = queue_new(QUEUE_BYTES, (GDestroyNotify)parcel_free);
	filer->batch = archive_batch_new(archive, order);
	filer->plan = plan;
	filer->uids = plan->uids;
	filer->done = g_new0(bool, plan->uids->len + 1);
	filer->moves_cursor = plan->final_cursor != 0;
	filer->tally.case_conflicts = g_ptr_array_new_with_free_func(g_free);
	filer->tally.lost_uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	if (pthread_create(&filer->thread, NULL, file_all, filer) != 0)
		g_error("pthread_create failed");
	return filer;
}

void filer_begin(Filer *filer, uint64_t size)
{
	parcel_free(filer->open);
	filer->open = parcel_new(PARCEL_MAIL, (size_t)MIN(size, PARCEL_LIMIT));
	filer->open->first = true;
	filer->open->mail_size = size;
}

bool filer_write(Filer *filer, const void *data, size_t size)
{
	const unsigned char *at = data;

	while (size > 0) {
		size_t part = MIN(size, filer->open->room - filer->open->size);

		memcpy(filer->open->bytes + filer->open->size, at, part);
		filer->open->size += part;
		at += part;
		size -= part;
		if (size > 0) {
			if (!push(filer, g_steal_pointer(&filer->open)))
				return false;
			filer->open = parcel_new(PARCEL_MAIL, PARCEL_LIMIT);
		}
	}
	return true;
}

bool filer_end(Filer *filer, uint32_t uid, int64_t internal_date)
{
	filer->open->last = true;
	filer->open->uid = uid;
	filer->open->internal_date = internal_date;
	return push(filer, g_steal_pointer(&filer->open));
}

bool filer_discard(Filer *filer)
{
	g_clear_pointer(&filer->open, parcel_free);
	return push(filer, parcel_new(PARCEL_DISCARD, 0));
}

bool filer_note_failure(Filer *filer, uint32_t uid, const char *reason)
{
	Parcel *parcel = parcel_new(PARCEL_FAILED, 0);

	parcel->uid = uid;
	parcel->reason = g_strdup(reason);
	return push(filer, parcel);
}

bool filer_note_gone(Filer *filer, uint32_t uid)
{
	Parcel *parcel = parcel_new(PARCEL_GONE, 0);

	parcel->uid = uid;
	return push(filer, parcel);
}

bool filer_note_known(Filer *filer, uint32_t uid)
{
	Parcel *parcel = parcel_new(PARCEL_KNOWN, 0);

	parcel->uid = uid;
	return push(filer, parcel);
}

static void list_lost(const Filer *filer, ImportRun *run)
{
	const GArray *lost = filer->tally.lost_uids;

	for (guint i = 0; i < lost->len; i++)
		import_add_error(run, &(ImportMiss){
					      .mailbox = filer->plan->folder.mailbox,
					      .folder = filer->plan->folder.name,
					      .uid = g_array_index(lost, uint32_t, i),
					      .uid_validity = filer->plan->folder.uid_validity,
					      .reason = _("Diese E-Mail wurde während des Imports "
							  "aus dem Archiv gelöscht."),
				      });
}

static void add_tally(const ArchiveTally *tally, ImportResult *result)
{
	result->imported += tally->imported;
	result->known += tally->known;
	result->bytes += tally->bytes;
	for (guint i = 0; i < tally->case_conflicts->len; i++)
		g_ptr_array_add(result->case_conflicts,
			g_strdup(g_ptr_array_index(tally->case_conflicts, i)));
}

bool filer_finish(Filer *filer, uint32_t final_cursor, ImportRun *run, GError **error)
{
	bool good;

	queue_close(filer->queue);
	pthread_join(filer->thread, NULL);
	if (filer->inside && !filer->error)
		archive_batch_discard(filer->batch);
	if (!filer->error)
		commit(filer, final_cursor ? final_cursor : cursor_so_far(filer));
	add_tally(&filer->tally, run->result);
	list_lost(filer, run);
	good = !filer->error;
	if (filer->error)
		g_propagate_error(error, filer->error);
	archive_batch_free(filer->batch);
	parcel_free(filer->open);
	queue_free(filer->queue);
	g_ptr_array_unref(filer->tally.case_conflicts);
	g_array_unref(filer->tally.lost_uids);
	g_free(filer->done);
	g_free(filer);
	return good;
}
