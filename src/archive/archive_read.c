/* Single mails and their bytes, for those who may see them. */
#include "archive/archive_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "archive/archive_pack.h"
#include "base/file.h"
#include "base/i18n.h"
#include "failure/failure.h"

typedef struct Finding {
	const ArchiveViewer *viewer;
	int64_t id;
	ArchiveMail *mail;
	GArray *places;
} Finding;

static bool find_mail(DbTransaction *transaction, void *data, GError **error)
{
	Finding *finding = data;

	if (!archive_check_sight(transaction, finding->viewer, finding->id, error) ||
		!archive_load_mail(
			transaction, finding->viewer, finding->id, &finding->mail, error))
		return false;
	return !finding->mail || archive_may_change(transaction, finding->viewer, finding->id,
					 &finding->mail->may_change, error);
}

ArchiveMail *archive_find(Archive *archive, const ArchiveViewer *viewer, int64_t id, GError **error)
{
	Finding finding = {.viewer = viewer, .id = id};

	if (!db_read(archive->db, find_mail, &finding, error))
		return NULL;
	if (!finding.mail)
		archive_fail_unknown(id, error);
	return finding.mail;
}

static bool load_places(DbTransaction *transaction, const Finding *finding, GError **error)
{
	GError *failed = NULL;
	bool all;
	g_autoptr(DbRows) rows = NULL;

	if (!archive_has_received(transaction, finding->viewer, finding->id, &all, error))
		return false;
	rows = archive_select_copies(transaction, finding->viewer, all, finding->id, error);
	if (!rows)
		return false;
	while (db_rows_next(rows, &failed)) {
		ArchivePlace place = {
			.mail_id = finding->id,
			.copy_id = db_rows_int(rows, 0),
			.offset = (uint64_t)db_rows_int(rows, 2),
			.size = (uint64_t)db_rows_int(rows, 3),
		};

		g_strlcpy(place.pack, db_rows_text(rows, 1), sizeof place.pack);
		g_array_append_val(finding->places, place);
	}
	return db_rows_end(failed, error);
}

static bool find_places(DbTransaction *transaction, void *data, GError **error)
{
	const Finding *finding = data;

	return archive_check_sight(transaction, finding->viewer, finding->id, error) &&
	       load_places(transaction, finding, error);
}

GArray *archive_places(Archive *archive, const ArchiveViewer *viewer, int64_t id, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(ArchivePlace));
	Finding finding = {.viewer = viewer, .id = id, .places = places};

	if (!db_read(archive->db, find_places, &finding, error))
		return NULL;
	if (places->len == 0) {
		archive_fail_unknown(id, error);
		return NULL;
	}
	return g_steal_pointer(&places);
}

/* ---- bytes ---- */

/* The pack of a row that was read just now; if it is gone, the row is looked up again, since the
 * reaper may have moved the copy in between. -1: a failure; one that cannot be opened, as for want
 * of descriptors or rights, is not damaged. */
static int open_current(
	Archive *archive, ArchivePlace *place, uint8_t sha256[static SHA256_SIZE], GError **error)
{
	bool found;

	for (int attempt = 0; attempt < 3; attempt++) {
		int pack;

		if (!archive_look_up_copy(archive, place->copy_id, place, sha256, &found, error))
			return -1;
		if (!found) {
			archive_fail_unknown(place->mail_id, error);
			return -1;
		}
		pack = pack_open(archive, place->pack);
		if (pack >= 0)
			return pack;
		if (errno != ENOENT) {
			failure_set_errno(error, FAILURE_STORE, place->pack, errno);
			return -1;
		}
	}
	failure_set(error, FAILURE_ARCHIVE_DAMAGED, place->pack, "pack %s: %s", place->pack,
		g_strerror(errno));
	return -1;
}

int archive_open_pack(Archive *archive, const ArchivePlace *place, GError **error)
{
	ArchivePlace now = *place;
	uint8_t sha256[SHA256_SIZE];
	g_auto(Descriptor) pack = pack_open(archive, place->pack);

	if (pack >= 0)
		return g_steal_fd(&pack);
	pack = open_current(archive, &now, sha256, error);
	if (pack < 0)
		return -1;
	if (now.offset == place->offset && g_str_equal(now.pack, place->pack))
		return g_steal_fd(&pack);
	failure_set(error, FAILURE_STORE_BUSY, NULL, "copy %" PRId64 " was moved to pack %s",
		now.copy_id, now.pack);
	return -1;
}

typedef struct Output {
	int descriptor;
	int failed; /* errno of a failed write */
} Output;

static bool write_piece(const void *data, size_t size, void *user)
{
	Output *output = user;

	if (file_write_all(output->descriptor, data, size))
		return true;
	output->failed = errno;
	return false;
}

bool archive_write_copy(Archive *archive, const ArchivePlace *place, int descriptor, GError **error)
{
	ArchivePlace now = *place;
	Output output = {.descriptor = descriptor};
	uint8_t wanted[SHA256_SIZE];
	uint8_t found[SHA256_SIZE];
	g_auto(Descriptor) pack = open_current(archive, &now, wanted, error);

	if (pack < 0)
		return false;
	if (archive_read_span(pack, now.offset, now.size, found, write_piece, &output) &&
		memcmp(wanted, found, SHA256_SIZE) == 0)
		return true;
	if (output.failed)
		failure_set_errno(error, FAILURE_OUTPUT, _("die Ausgabe"), output.failed);
	else
		failure_set(error, FAILURE_ARCHIVE_DAMAGED, now.pack,
			"pack %s: copy %" PRId64 " does not have the bytes that were filed",
			now.pack, now.copy_id);
	return false;
}
