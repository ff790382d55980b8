/* libarchive's ZIP writer on a sink of ours. */
#include "zip/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>
#include "base/i18n.h"
#include "failure/failure.h"

/* Mails are text: the fastest level takes most of what there is to gain. UTF-8 whatever the locale
 * is. */
#define OPTIONS "zip:compression=deflate,zip:compression-level=1,zip:hdrcharset=UTF-8"

struct Zip {
	struct archive *archive;
	ZipSink *sink;
	void *user;
};

static la_ssize_t pass_on(struct archive *archive, void *data, const void *bytes, size_t size)
{
	Zip *zip = data;

	if (zip->sink(bytes, size, zip->user))
		return (la_ssize_t)size;
	archive_set_error(archive, EPIPE, "nobody wants more");
	return -1;
}

static bool check(Zip *zip, la_ssize_t result, GError **error)
{
	const char *why;

	if (result >= ARCHIVE_OK)
		return true;
	why = archive_error_string(zip->archive);
	failure_set(error, FAILURE_OUTPUT, _("die ZIP-Datei"), "ZIP: %s", why ? why : "unknown");
	return false;
}

Zip *zip_new(ZipSink *sink, void *user, GError **error)
{
	g_autoptr(Zip) zip = g_new0(Zip, 1);

	zip->sink = sink;
	zip->user = user;
	zip->archive = archive_write_new();
	if (!zip->archive) {
		failure_set(error, FAILURE_OUTPUT, _("die ZIP-Datei"), "ZIP: no memory");
		return NULL;
	}
	if (!check(zip, archive_write_set_format_zip(zip->archive), error) ||
		!check(zip, archive_write_set_options(zip->archive, OPTIONS), error) ||
		!check(zip, archive_write_set_bytes_in_last_block(zip->archive, 1), error) ||
		!check(zip, archive_write_open(zip->archive, zip, NULL, pass_on, NULL), error))
		return NULL;
	return g_steal_pointer(&zip);
}

void zip_free(Zip *zip)
{
	if (!zip)
		return;
	if (zip->archive) {
		/* Else it would write the end of a file that is not whole. */
		archive_write_fail(zip->archive);
		archive_write_free(zip->archive);
	}
	g_free(zip);
}

bool zip_begin(Zip *zip, const char *name, uint64_t size, int64_t time, GError **error)
{
	struct archive_entry *entry = archive_entry_new();
	bool begun;

	archive_entry_set_pathname_utf8(entry, name);
	archive_entry_set_filetype(entry, S_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, (time_t)time, 0);
	begun = check(zip, archive_write_header(zip->archive, entry), error);
	archive_entry_free(entry);
	return begun;
}

bool zip_write(Zip *zip, const void *data, size_t size, GError **error)
{
	return check(zip, archive_write_data(zip->archive, data, size), error);
}

bool zip_finish(Zip *zip, GError **error)
{
	return check(zip, archive_write_close(zip->archive), error);
}
