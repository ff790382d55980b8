/* Writing a ZIP file piece by piece, never whole in memory or on disk. (libarchive's functions
 * begin with archive_, as our own archive's do: they are used in here only.) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct Zip Zip;

/* Takes the next bytes of the file; false: nobody wants more. */
typedef bool ZipSink(const void *data, size_t size, void *user);

/* Failures of all: FAILURE_OUTPUT, also after the sink answered false. */
Zip *zip_new(ZipSink *sink, void *user, GError **error);
/* Without zip_finish what was written is not whole. */
void zip_free(Zip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zip, zip_free)

/* Begins the file NAME within it, of SIZE bytes, changed at TIME (seconds since 1970). */
bool zip_begin(Zip *zip, const char *name, uint64_t size, int64_t time, GError **error);
bool zip_write(Zip *zip, const void *data, size_t size, GError **error);
bool zip_finish(Zip *zip, GError **error);
