/* Claim, read in the worker, keep: until nothing is left. */
#include "app/indexer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/file.h"
#include "base/queue.h"
#include "failure/failure.h"
#include "mime/mime.h"

/* How often the thread looks for new mails while an import runs. */
#define LOOK_MILLISECONDS 200
/* Listing yields to fetching and storing on a busy machine. */
#define NICENESS 10

struct Indexer {
	pthread_t thread;
	Archive *archive;
	MimeWorker *worker;
	const Cancel *cancel;
	Queue *end; /* never holds anything: closed to end the thread */
	GError *error;
};

/* Mails that were not answered: the first has killed the worker and counts an attempt, those behind
 * it go back untouched. */
static bool keep_answers(Archive *archive, const ArchivePlace *places, MailContent **contents,
	size_t count, GError **error)
{
	size_t answered = 0;

	while (answered < count && contents[answered])
		answered++;
	if (answered == count)
		return archive_keep_contents(archive, places, contents, count, error);
	return archive_keep_contents(archive, places, contents, answered + 1, error) &&
	       archive_unclaim(archive, places + answered + 1, count - answered - 1, error);
}

/* Reads RANGES of PACK; of a mail that killed the worker before, which comes alone, the header. */
static bool ask_worker(Indexer *indexer, int pack, const ArchivePlace *places,
	const MimeRange *ranges, size_t count, MailContent **contents, GError **error)
{
	if (places[0].header_only)
		return mime_worker_read_header(
			indexer->worker, pack, ranges[0], &contents[0], indexer->cancel, error);
	return mime_worker_read(
		indexer->worker, pack, ranges, count, contents, indexer->cancel, error);
}

/* Their pack could not be opened, which proves nothing about the mails. What was moved or deleted
 * meanwhile is just looked up anew with the next claim. */
static bool give_back(Archive *archive, const ArchivePlace *places, size_t count,
	const GError *problem, GError **error)
{
	if (failure_is(problem, FAILURE_STORE_BUSY) || failure_is(problem, FAILURE_MAIL_UNKNOWN))
		return archive_unclaim(archive, places, count, error);
	archive_unclaim(archive, places, count, NULL);
	g_propagate_error(error, g_error_copy(problem));
	return false;
}

/* Reads COUNT claimed mails of one pack. */
static bool read_claimed(Indexer *indexer, const ArchivePlace *places, size_t count, GError **error)
{
	MimeRange ranges[MIME_BATCH_MAILS];
	MailContent *contents[MIME_BATCH_MAILS] = {NULL};
	g_autoptr(GError) problem = NULL;
	g_auto(Descriptor) pack = archive_open_pack(indexer->archive, &places[0], &problem);
	bool kept = false;

	/* Bytes that are gone are verify's business; here they count as an attempt. */
	if (failure_is(problem, FAILURE_ARCHIVE_DAMAGED))
		return archive_keep_contents(indexer->archive, places, contents, count, error);
	if (pack < 0)
		return give_back(indexer->archive, places, count, problem, error);
	for (size_t i = 0; i < count; i++)
		ranges[i] = (MimeRange){.offset = places[i].offset, .size = places[i].size};
	if (ask_worker(indexer, pack, places, ranges, count, contents, &problem) ||
		failure_is(problem, FAILURE_PARSER_DIED)) {
		kept = keep_answers(indexer->archive, places, contents, count, error);
	} else {
		archive_unclaim(indexer->archive, places, count, NULL);
		g_propagate_error(error, g_steal_pointer(&problem));
	}
	for (size_t i = 0; i < count; i++)
		mail_content_free(contents[i]);
	return kept;
}

/* Reads all that can be claimed now. */
static bool read_all(Indexer *indexer, GError **error)
{
	for (;;) {
		ArchivePlace places[MIME_BATCH_MAILS];
		size_t found;

		if (cancel_triggered(indexer->cancel)) {
			failure_set(error, FAILURE_CANCELLED, NULL, "cancelled while listing");
			return false;
		}
		if (!archive_claim_unread(indexer->archive, places, MIME_BATCH_MAILS,
			    MIME_BATCH_BYTES, &found, error))
			return false;
		if (found == 0)
			return true;
		if (!read_claimed(indexer, places, found, error))
			return false;
	}
}

static void *run_thread(void *data)
{
	Indexer *indexer = data;
	bool timed_out = true;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while (timed_out && read_all(indexer, &indexer->error))
		queue_pop_timed(indexer->end, LOOK_MILLISECONDS, &timed_out);
	return NULL;
}

Indexer *indexer_start(Archive *archive, const Cancel *cancel)
{
	Indexer *indexer = g_new0(Indexer, 1);

	indexer->archive = archive;
	indexer->cancel = cancel;
	indexer->worker = mime_worker_new();
	indexer->end = queue_new(1, NULL);
	if (pthread_create(&indexer->thread, NULL, run_thread, indexer) != 0)
		g_error("pthread_create failed");
	return indexer;
}

bool indexer_finish(Indexer *indexer, GError **error)
{
	bool good;

	queue_close(indexer->end);
	pthread_join(indexer->thread, NULL);
	good = !indexer->error && read_all(indexer, &indexer->error);
	if (indexer->error)
		g_propagate_error(error, indexer->error);
	queue_free(indexer->end);
	mime_worker_free(indexer->worker);
	g_free(indexer);
	return good;
}

bool indexer_run(Archive *archive, const Cancel *cancel, GError **error)
{
	Indexer indexer = {.archive = archive, .cancel = cancel, .worker = mime_worker_new()};
	bool good = read_all(&indexer, error);

	mime_worker_free(indexer.worker);
	return good;
}
