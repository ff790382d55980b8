/* Packs: write-once files with raw mails back to back. Which bytes are whose stand in the rows. */
#include "archive/archive_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/file.h"
#include "failure/failure.h"

#define RANDOM_SIZE 16

char *pack_path(const Archive *archive, const char *name)
{
	return g_strdup_printf("%s/%s.pack", archive->packs, name);
}

int pack_open(const Archive *archive, const char *name)
{
	g_autofree char *path = pack_path(archive, name);

	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static void make_name(char name[static PACK_NAME_SIZE])
{
	uint8_t random[RANDOM_SIZE];
	ssize_t got = getrandom(random, sizeof random, 0);

	g_assert(got == sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		g_snprintf(name + 2 * i, 3, "%02x", random[i]);
}

Pack *pack_create(const Archive *archive, bool into_reserve, GError **error)
{
	g_autoptr(Pack) pack = g_new0(Pack, 1);
	g_autofree char *path = NULL;

	pack->archive = archive;
	pack->keep = true; /* until there is a file */
	pack->into_reserve = into_reserve;
	pack->descriptor = -1;
	if (!into_reserve && !archive_check_space(archive, 0, error))
		return NULL;
	make_name(pack->name);
	path = pack_path(archive, pack->name);
	pack->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (pack->descriptor < 0) {
		failure_set_errno(error, FAILURE_STORE, path, errno);
		return NULL;
	}
	pack->keep = false;
	return g_steal_pointer(&pack);
}

void pack_free(Pack *pack)
{
	if (!pack)
		return;
	descriptor_close(&pack->descriptor);
	if (!pack->keep) {
		g_autofree char *path = pack_path(pack->archive, pack->name);

		unlink(path);
	}
	g_free(pack);
}

bool pack_write(Pack *pack, const void *data, size_t size, GError **error)
{
	if (size == 0)
		return true;
	if (!pack->into_reserve && !archive_check_space(pack->archive, size, error))
		return false;
	if (!file_write_all(pack->descriptor, data, size)) {
		failure_set_errno(error, FAILURE_STORE, pack->name, errno);
		return false;
	}
	pack->size += size;
	return true;
}

/* Never repeated after a failure: the kernel may have dropped the pages and would answer yes. */
static bool sync_data(Pack *pack, GError **error)
{
	int descriptor = pack->descriptor;

	pack->descriptor = -1;
	if (fdatasync(descriptor) == 0 && close(descriptor) == 0)
		return true;
	failure_set_errno(error, FAILURE_STORE, pack->name, errno);
	return false;
}

bool pack_sync_all(const Archive *archive, Pack *const *packs, size_t count, GError **error)
{
	for (size_t i = 0; i < count; i++) {
		if (!sync_data(packs[i], error))
			return false;
	}
	if (count == 0 || file_sync_folder(archive->packs))
		return true;
	failure_set_errno(error, FAILURE_STORE, archive->packs, errno);
	return false;
}

bool pack_add_row(Pack *pack, DbTransaction *transaction, GError **error)
{
	g_autofree char *path = pack_path(pack->archive, pack->name);

	if (access(path, F_OK) != 0) {
		failure_set(error, FAILURE_STORE_BUSY, NULL, "pack %s is gone: %s", pack->name,
			g_strerror(errno));
		return false;
	}
	return db_get_int(transaction, &pack->id, 0, error,
		"INSERT INTO packs (name, size) VALUES ($1, $2) RETURNING id", db_text(pack->name),
		db_int((int64_t)pack->size));
}

bool archive_read_span(int pack, uint64_t start, uint64_t size, uint8_t sha256[static SHA256_SIZE],
	bool (*take)(const void *data, size_t size, void *user), void *user)
{
	g_autoptr(Sha256) hash = sha256_new();
	g_autofree char *piece = g_malloc(MIN(size + 1, ARCHIVE_PIECE));

	while (size > 0) {
		size_t length = MIN(size, ARCHIVE_PIECE);

		if (!file_read_at(pack, piece, length, start))
			return false;
		sha256_update(hash, piece, length);
		if (take && !take(piece, length, user))
			return false;
		start += length;
		size -= length;
	}
	sha256_finish(hash, sha256);
	return true;
}
