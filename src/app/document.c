/* .eml files into the archive, attachments out of it. */
#include "app/document.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "app/indexer.h"
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime.h"

#define PIECE (256 * 1024)
/* How far the first header field of a mail file may be away. */
#define HEADER_LOOK 4096
/* As for imported mails. */
#define FILE_LIMIT (2LL * 1024 * 1024 * 1024)

static int open_upload(const char *path, struct stat *state, GError **error)
{
	g_auto(Descriptor) file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (file < 0 || fstat(file, state) != 0) {
		failure_set_errno(error, FAILURE_INPUT_UNREADABLE, path, errno);
		return -1;
	}
	if (!S_ISREG(state->st_mode) || state->st_size == 0 || state->st_size > FILE_LIMIT) {
		failure_set(error, FAILURE_UPLOAD_UNUSABLE, path,
			"%s: not a file of 1 byte to 2 GiB", path);
		return -1;
	}
	return g_steal_fd(&file);
}

bool document_is_mail(const char *data, size_t size)
{
	const char *nul = memchr(data, '\0', MIN(size, HEADER_LOOK));
	const char *end = nul ? nul : data + MIN(size, HEADER_LOOK);
	const char *line = g_str_has_prefix(data, "\xef\xbb\xbf") ? data + 3 : data;

	while (line && line < end) {
		const char *at = line;

		while (at<end && * at> ' ' && *at < 127 && *at != ':')
			at++;
		if (at > line && at < end && *at == ':')
			return true;
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return false;
}

static bool copy_upload(ArchiveBatch *batch, int file, const char *path, GError **error)
{
	g_autofree char *piece = g_malloc(PIECE + 1);
	bool first = true;
	ssize_t got;

	while ((got = read(file, piece, PIECE)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			failure_set_errno(error, FAILURE_INPUT_UNREADABLE, path, errno);
			return false;
		}
		piece[got] = '\0';
		if (first && !document_is_mail(piece, (size_t)got)) {
			failure_set(
				error, FAILURE_UPLOAD_UNUSABLE, path, "%s: no header field", path);
			return false;
		}
		first = false;
		if (!archive_batch_write(batch, piece, (size_t)got, error))
			return false;
	}
	return true;
}

static bool upload_file(ArchiveBatch *batch, const char *path, GError **error)
{
	struct stat state;
	g_auto(Descriptor) file = open_upload(path, &state, error);

	return file >= 0 && archive_batch_begin(batch, (uint64_t)state.st_size, error) &&
	       copy_upload(batch, file, path, error) && archive_batch_finish(batch, 0, 0, error);
}

GArray *document_add_files(Office *office, const char *const *paths, size_t count,
	const char *case_number, const char *actor, int64_t actor_id, GPtrArray *case_conflicts,
	const Cancel *cancel, GError **error)
{
	ArchiveOrder order = {.imported_by = actor,
		.imported_by_id = actor_id,
		.by_hand = true,
		.case_number = case_number};
	Archive *archive = office_archive(office, error);
	g_autoptr(ArchiveBatch) batch = NULL;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
	ArchiveTally tally = {.ids = ids, .case_conflicts = case_conflicts};

	if (!archive || (case_number && !archive_check_case(case_number, error)))
		return NULL;
	batch = archive_batch_new(archive, &order);
	for (size_t i = 0; i < count; i++) {
		if (!upload_file(batch, paths[i], error))
			return NULL;
	}
	if (!archive_batch_commit(batch, 0, &tally, error) || !indexer_run(archive, cancel, error))
		return NULL;
	return g_steal_pointer(&ids);
}

bool document_delete(Office *office, const ArchiveViewer *viewer, int64_t id, const char *reason,
	const char *actor, GError **error)
{
	Archive *archive = office_archive(office, error);

	if (!archive || !archive_delete(archive, viewer, id, reason, actor, error))
		return false;
	office_tidy(office);
	return true;
}

/* The reaper may move a copy between looking it up and opening its pack; then it is looked up
 * again. */
#define OPEN_TRIES 5

static int try_first_copy(
	Archive *archive, const ArchiveViewer *viewer, int64_t id, MimeRange *range, GError **error)
{
	g_autoptr(GArray) places = archive_places(archive, viewer, id, error);
	const ArchivePlace *place;

	if (!places)
		return -1;
	place = &g_array_index(places, ArchivePlace, 0);
	*range = (MimeRange){.offset = place->offset, .size = place->size};
	return archive_open_pack(archive, place, error);
}

/* Opens the pack of mail ID's first copy; -1 on failure. */
static int open_first_copy(
	Office *office, const ArchiveViewer *viewer, int64_t id, MimeRange *range, GError **error)
{
	Archive *archive = office_archive(office, error);
	GError *problem = NULL;

	for (int tries = 0; archive && tries < OPEN_TRIES; tries++) {
		int pack;

		g_clear_error(&problem);
		pack = try_first_copy(archive, viewer, id, range, &problem);
		if (pack >= 0)
			return pack;
		if (!failure_is(problem, FAILURE_STORE_BUSY))
			break;
	}
	if (problem)
		g_propagate_error(error, problem);
	return -1;
}

bool document_write_attachment(Office *office, const ArchiveViewer *viewer, int64_t id,
	int64_t number, int descriptor, const Cancel *cancel, GError **error)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	MimeRange range;
	g_auto(Descriptor) pack = open_first_copy(office, viewer, id, &range, error);

	return pack >= 0 && mime_worker_extract(worker, pack, range,
				    (unsigned)MIN(number, G_MAXINT), descriptor, cancel, error);
}

char *document_read_text(Office *office, const ArchiveViewer *viewer, int64_t id,
	const Cancel *cancel, GError **error)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	g_autoptr(MailContent) content = NULL;
	g_autoptr(GError) problem = NULL;
	MimeRange range;
	g_auto(Descriptor) pack = open_first_copy(office, viewer, id, &range, error);

	if (pack < 0)
		return NULL;
	if (mime_worker_read(worker, pack, &range, 1, &content, cancel, &problem))
		return g_steal_pointer(&content->text);
	if (failure_is(problem, FAILURE_PARSER_DIED))
		return g_strdup("");
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

MailView *document_view(Office *office, const ArchiveViewer *viewer, int64_t id,
	const Cancel *cancel, GError **error)
{
	g_autoptr(MimeWorker) worker = mime_worker_new();
	MailView *view = NULL;
	MimeRange range;
	g_auto(Descriptor) pack = open_first_copy(office, viewer, id, &range, error);

	return pack >= 0 && mime_worker_view(worker, pack, range, &view, cancel, error) ? view
											: NULL;
}

bool document_write_copy(Office *office, const ArchiveViewer *viewer, int64_t id, int64_t number,
	int descriptor, GError **error)
{
	Archive *archive = office_archive(office, error);
	g_autoptr(GArray) places = archive ? archive_places(archive, viewer, id, error) : NULL;
	g_autofree char *text = g_strdup_printf("%" PRId64, number);

	if (!places)
		return false;
	if (number < 1 || number > places->len) {
		failure_set(error, FAILURE_COPY_UNKNOWN, text, "no copy %s", text);
		return false;
	}
	return archive_write_copy(
		archive, &g_array_index(places, ArchivePlace, number - 1), descriptor, error);
}

/* ---- several ---- */

char *document_copy_name(int64_t id, int64_t number)
{
	return number == 1 ? g_strdup_printf("%" PRId64 ".eml", id)
			   : g_strdup_printf("%" PRId64 "-%" PRId64 ".eml", id, number);
}

static bool refuse_export(GError **error)
{
	failure_set(error, FAILURE_EXPORT_LARGE, NULL, "above %d mails or %" PRId64 " bytes",
		DOCUMENT_EXPORT_MAILS, DOCUMENT_EXPORT_BYTES);
	return false;
}

static bool plan_mail(Archive *archive, const ArchiveViewer *viewer, int64_t id, GArray *all,
	uint64_t *bytes, GError **error)
{
	g_autoptr(GArray) places = archive_places(archive, viewer, id, error);

	if (!places)
		return false;
	for (guint i = 0; i < places->len; i++)
		*bytes += g_array_index(places, ArchivePlace, i).size;
	if (*bytes > DOCUMENT_EXPORT_BYTES)
		return refuse_export(error);
	g_array_append_vals(all, places->data, places->len);
	return true;
}

GArray *document_plan_export(
	Office *office, const ArchiveViewer *viewer, const GArray *ids, GError **error)
{
	Archive *archive = office_archive(office, error);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(ArchivePlace));
	uint64_t bytes = 0;

	if (!archive || (ids->len > DOCUMENT_EXPORT_MAILS && !refuse_export(error)))
		return NULL;
	for (guint i = 0; i < ids->len; i++) {
		if (!plan_mail(archive, viewer, g_array_index(ids, int64_t, i), all, &bytes, error))
			return NULL;
	}
	return g_steal_pointer(&all);
}

bool document_assign(Office *office, const ArchiveViewer *viewer, const GArray *ids,
	const char *case_number, const char *actor, GError **error)
{
	Archive *archive = office_archive(office, error);

	if (!archive || !archive_check_case(case_number, error))
		return false;
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(ArchiveMail) mail =
			archive_find(archive, viewer, g_array_index(ids, int64_t, i), error);

		if (!mail)
			return false;
	}
	for (guint i = 0; i < ids->len; i++) {
		if (!archive_assign(archive, viewer, g_array_index(ids, int64_t, i), case_number,
			    actor, error))
			return false;
	}
	return true;
}
