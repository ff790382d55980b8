/* Durable files. Failures leave errno; the caller names them. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <sodium.h>
#include "base/secret.h"

#define READ_SIZE 16384

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

/* Unlinks PATH, with errno as it was. */
static void remove_quietly(const char *path)
{
	int saved = errno;

	unlink(path);
	errno = saved;
}

/* Writes DATA durably to the new file TEMPORARY; what fails leaves nothing behind. */
static bool write_new(const char *temporary, const void *data, size_t size, mode_t mode)
{
	g_auto(Descriptor) file =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (file < 0)
		return false;
	if (fchmod(file, mode) == 0 && file_write_all(file, data, size) && fdatasync(file) == 0)
		return true;
	remove_quietly(temporary);
	return false;
}

bool file_replace_through(
	const char *path, const char *temporary, const void *data, size_t size, mode_t mode)
{
	g_autofree char *folder = g_path_get_dirname(path);

	if (unlink(temporary) != 0 && errno != ENOENT)
		return false;
	if (!write_new(temporary, data, size, mode))
		return false;
	if (rename(temporary, path) == 0)
		return file_sync_folder(folder);
	remove_quietly(temporary);
	return false;
}

bool file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	g_autofree char *temporary =
		g_strdup_printf("%s.%08x%08x", path, randombytes_random(), randombytes_random());

	return file_replace_through(path, temporary, data, size, mode);
}

/* What has been read so far. It may be secret, so no memory is given back unwiped. */
typedef struct Content {
	char *data;
	size_t size;
	size_t room;
} Content;

static void content_clear(Content *content)
{
	secret_wipe(content->data, content->size);
	g_free(content->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Content, content_clear)

static void double_room(Content *content)
{
	size_t room = content->room * 2;
	char *data = g_malloc(room);

	memcpy(data, content->data, content->size);
	secret_wipe(content->data, content->size);
	g_free(content->data);
	content->data = data;
	content->room = room;
}

/* Reads on into CONTENT, in which one byte stays free; 0 at the end, -1 with errno. */
static ssize_t read_on(int descriptor, Content *content)
{
	ssize_t got;

	if (content->room - content->size < 2)
		double_room(content);
	do {
		got = read(descriptor, content->data + content->size,
			content->room - content->size - 1);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		content->size += (size_t)got;
	return got;
}

char *file_read_descriptor(int descriptor, size_t limit, size_t *size)
{
	g_auto(Content) content = {.data = g_malloc(READ_SIZE), .room = READ_SIZE};
	ssize_t got;

	while ((got = read_on(descriptor, &content)) > 0) {
		if (content.size > limit) {
			errno = EFBIG;
			return NULL;
		}
	}
	if (got < 0)
		return NULL;
	content.data[content.size] = '\0';
	if (size)
		*size = content.size;
	content.size = 0; /* handed over: nothing to wipe */
	return g_steal_pointer(&content.data);
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
