/* Files that survive a crash, and folders that belong to us. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>

/* Every function here that fails leaves errno set and answers false, -1 or NULL; the caller knows
 * which failure it means. */

/* Closes *DESCRIPTOR if it is open; for g_auto(Descriptor). */
typedef int Descriptor;
void descriptor_close(Descriptor *descriptor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Descriptor, descriptor_close)

/* Makes PATH and its parents with MODE (0700 for ours). */
bool file_make_folder(const char *path, mode_t mode);

/* Writes all bytes, going on after EINTR and short writes. */
bool file_write_all(int descriptor, const void *data, size_t size);

/* Reads exactly SIZE bytes at OFFSET; false with errno 0 at an early end. */
bool file_read_at(int descriptor, void *data, size_t size, uint64_t offset);

/* fsync of the folder PATH. */
bool file_sync_folder(const char *path);

/* Temp file, fdatasync, rename over PATH (a link there is replaced, not followed), fsync of the
 * folder. Readers see the old or the new content, never a part. */
bool file_replace(const char *path, const void *data, size_t size, mode_t mode);

/* The same by way of the file TEMPORARY, in the same folder, where only one writer at a time uses
 * that name; what a writer that died left there goes. */
bool file_replace_through(
	const char *path, const char *temporary, const void *data, size_t size, mode_t mode);

/* Reads PATH whole, at most LIMIT bytes (EFBIG above), yours, NUL behind the last byte. SIZE may be
 * NULL. No other copy of the bytes stays in memory, so it serves for secrets too. */
char *file_read(const char *path, size_t limit, size_t *size);

/* Reads DESCRIPTOR to its end, otherwise as file_read. */
char *file_read_descriptor(int descriptor, size_t limit, size_t *size);

/* Free bytes for us on the file system of PATH and its size in all. */
bool file_free_space(const char *path, uint64_t *available, uint64_t *total);
