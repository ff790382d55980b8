/* Opening and closing the archive, and what all of it needs: space and the lock on packs. */
#include "archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "failure/failure.h"

/* The folders must be there after a power cut too, or the packs in them are not. */
static bool make_folders(const Archive *archive, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(archive->folder);

	if (access(archive->packs, F_OK) == 0)
		return true;
	if (file_make_folder(archive->packs, 0700) && file_sync_folder(archive->folder) &&
		file_sync_folder(parent))
		return true;
	failure_set_errno(error, FAILURE_STORE, archive->packs, errno);
	return false;
}

Archive *archive_open(Db *db, const char *folder, GError **error)
{
	g_autoptr(Archive) archive = g_new0(Archive, 1);

	archive->db = db;
	archive->folder = g_strdup(folder);
	archive->packs = g_build_filename(folder, "packs", NULL);
	archive->reserve = ARCHIVE_RESERVE_AUTO;
	archive->effort = ARCHIVE_EFFORT;
	if (!make_folders(archive, error) || !archive_fold_addresses(archive, error))
		return NULL;
	archive->search = search_open(db, folder, error);
	if (!archive->search || !archive_drain_removals(archive, error))
		return NULL;
	return g_steal_pointer(&archive);
}

void archive_close(Archive *archive)
{
	if (!archive)
		return;
	search_close(archive->search);
	g_free(archive->folder);
	g_free(archive->packs);
	g_free(archive);
}

bool archive_check_space(const Archive *archive, uint64_t coming, GError **error)
{
	uint64_t available;
	uint64_t total;
	uint64_t reserve = archive->reserve;

	if (!file_free_space(archive->packs, &available, &total)) {
		failure_set_errno(error, FAILURE_STORE, archive->packs, errno);
		return false;
	}
	if (reserve == ARCHIVE_RESERVE_AUTO)
		reserve = CLAMP(
			total / ARCHIVE_RESERVE_PART, ARCHIVE_RESERVE_LEAST, ARCHIVE_RESERVE_LIMIT);
	if (available >= reserve && available - reserve >= coming)
		return true;
	failure_set(error, FAILURE_DISK_FULL, archive->packs,
		"%s: %" G_GUINT64_FORMAT " bytes free, %" G_GUINT64_FORMAT " kept in reserve",
		archive->packs, available, reserve);
	return false;
}

bool archive_lock_packs(
	const Archive *archive, bool alone, bool wait, int *descriptor, bool *taken, GError **error)
{
	g_autofree char *path = g_build_filename(archive->folder, "packs.lock", NULL);
	g_auto(Descriptor) lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock whole = {.l_type = alone ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

	*taken = lock >= 0 && fcntl(lock, wait ? F_OFD_SETLKW : F_OFD_SETLK, &whole) == 0;
	if (*taken) {
		*descriptor = g_steal_fd(&lock);
		return true;
	}
	if (lock >= 0 && (errno == EAGAIN || errno == EACCES))
		return true;
	failure_set_errno(error, FAILURE_STORE, path, errno);
	return false;
}
