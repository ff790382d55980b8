/* Durable files. Failures leave errno; the caller names them. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void descriptor_close(Descriptor *descriptor)
{
	int saved = errno;

	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
	errno = saved;
}

bool file_make_folder(const char *path, mode_t mode)
{
	return g_mkdir_with_parents(path, (int)mode) == 0;
}

bool file_write_all(int descriptor, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(descriptor, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		at += written;
		size -= (size_t)written;
	}
	return true;
}

bool file_read_at(int descriptor, void *data, size_t size, uint64_t offset)
{
	char *at = data;

	while (size > 0) {
		ssize_t got = pread(descriptor, at, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = 0;
			return false;
		}
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return true;
}

bool file_sync_folder(const char *path)
{
	g_auto(Descriptor) folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return folder >= 0 && fsync(folder) == 0;
}

/* Writes DATA durably to the new file TEMPORARY. */
static bool write_new(const char *temporary, const void *data, size_t size, mode_t mode)
{
	g_auto(Descriptor) file =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	return file >= 0 && fchmod(file, mode) == 0 && file_write_all(file, data, size) &&
	       fdatasync(file) == 0;
}

bool file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *temporary =
		g_strdup_printf("%s.%08x%08x", path, g_random_int(), g_random_int());

	if (write_new(temporary, data, size, mode) && rename(temporary, path) == 0)
		return file_sync_folder(folder);
	int saved = errno;
	unlink(temporary);
	errno = saved;
	return false;
}

char *file_read_descriptor(int descriptor, size_t limit, size_t *size)
{
	g_autoptr(GString) content = g_string_new(NULL);

	for (;;) {
		char piece[16384];
		ssize_t got = read(descriptor, piece, sizeof piece);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return NULL;
		if (got == 0)
			break;
		if (content->len + (size_t)got > limit) {
			errno = EFBIG;
			return NULL;
		}
		g_string_append_len(content, piece, got);
	}
	if (size)
		*size = content->len;
	return g_string_free(g_steal_pointer(&content), FALSE);
}

char *file_read(const char *path, size_t limit, size_t *size)
{
	g_auto(Descriptor) file = open(path, O_RDONLY | O_CLOEXEC);

	return file < 0 ? NULL : file_read_descriptor(file, limit, size);
}

bool file_free_space(const char *path, uint64_t *available, uint64_t *total)
{
	struct statvfs state;

	if (statvfs(path, &state) != 0)
		return false;
	*available = (uint64_t)state.f_bavail * state.f_frsize;
	*total = (uint64_t)state.f_blocks * state.f_frsize;
	return true;
}
