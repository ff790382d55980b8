/* Bytes go through a file without a name first: their hash is checked before anybody gets them, and
 * a slow browser keeps nothing open but that. */
#include "web/download_mail.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "app/document.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "failure/failure.h"
#include "web/download.h"
#include "zip/zip.h"

#define BLOCK ((size_t)64 * 1024)

/* ---- numbers ---- */

int64_t download_number(const char *text)
{
	guint64 number;

	return text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &number, NULL)
		       ? (int64_t)number
		       : 0;
}

bool download_add_id(GArray *ids, const char *text, GError **error)
{
	int64_t id = download_number(text);

	if (id == 0) {
		failure_set(error, FAILURE_MAIL_UNKNOWN, text, "no mail %s", text);
		return false;
	}
	for (guint i = 0; i < ids->len; i++) {
		if (g_array_index(ids, int64_t, i) == id)
			return true;
	}
	g_array_append_val(ids, id);
	return true;
}

/* ---- one file ---- */

/* A file without a name for what is sent; -1: FAILURE_OUTPUT. */
static int make_file(const Visit *visit, GError **error)
{
	const char *folder = office_folder(visit->office);
	int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (file < 0)
		failure_set_errno(error, FAILURE_OUTPUT, folder, errno);
	return file;
}

/* The answer's header; its pieces follow. */
static void start(Visit *visit, const char *name, const char *type)
{
	g_autofree char *disposition = download_disposition(name);

	web_response_header(visit->response, "Content-Disposition", disposition);
	web_response_header(visit->response, "Cache-Control", "no-store");
	web_response_start(visit->response, type);
}

static bool send_file(Visit *visit, int file, const char *name, const char *type)
{
	g_autofree char *block = g_malloc(BLOCK);
	off_t place = 0;
	ssize_t got;

	start(visit, name, type);
	while ((got = pread(file, block, BLOCK, place)) > 0 &&
		web_response_write(visit->response, block, (size_t)got))
		place += got;
	if (got < 0)
		web_response_break(visit->response);
	return true;
}

bool download_copy(Visit *visit, const ArchiveViewer *viewer, int64_t id, int64_t number,
	const char *type, GError **error)
{
	g_autofree char *name = document_copy_name(id, number);
	g_auto(Descriptor) file = make_file(visit, error);

	return file >= 0 && document_write_copy(visit->office, viewer, id, number, file, error) &&
	       send_file(visit, file, name, type);
}

bool download_attachment(
	Visit *visit, const ArchiveViewer *viewer, int64_t id, int64_t number, GError **error)
{
	Archive *archive = office_archive(visit->office, error);
	g_autoptr(ArchiveMail) mail = archive ? archive_find(archive, viewer, id, error) : NULL;
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
	g_auto(Descriptor) file = -1;

	if (!mail)
		return false;
	if (number < 1 || number > mail->attachments->len) {
		failure_set(error, FAILURE_ATTACHMENT_UNKNOWN, text, "no attachment %s", text);
		return false;
	}
	file = make_file(visit, error);
	/* Whatever the sender calls it: nothing that a browser would open by itself. */
	return file >= 0 &&
	       document_write_attachment(visit->office, viewer, id, number, file,
		       web_request_cancel(visit->request), error) &&
	       send_file(visit, file,
		       ((const MailPart *)mail->attachments->pdata[number - 1])->name,
		       "application/octet-stream");
}

/* ---- several ---- */

static bool pass_on(const void *data, size_t size, void *user)
{
	Visit *visit = user;

	return web_response_write(visit->response, data, size);
}

/* FILE's bytes, from its beginning. */
static bool zip_file(Zip *zip, int file, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);
	off_t place = 0;
	ssize_t got;

	while ((got = pread(file, block, BLOCK, place)) > 0) {
		if (!zip_write(zip, block, (size_t)got, error))
			return false;
		place += got;
	}
	if (got < 0)
		failure_set_errno(error, FAILURE_OUTPUT, "ZIP", errno);
	return got == 0;
}

static bool zip_copy(
	Visit *visit, Zip *zip, const ArchivePlace *place, int64_t number, GError **error)
{
	g_autofree char *name = document_copy_name(place->mail_id, number);
	g_auto(Descriptor) file = make_file(visit, error);

	return file >= 0 &&
	       archive_write_copy(office_archive(visit->office, NULL), place, file, error) &&
	       zip_begin(zip, name, place->size, clock_now(), error) && zip_file(zip, file, error);
}

static bool zip_all(Visit *visit, const GArray *places, GError **error)
{
	g_autoptr(Zip) zip = zip_new(pass_on, visit, error);
	int64_t number = 0;

	for (guint i = 0; zip && i < places->len; i++) {
		const ArchivePlace *place = &g_array_index(places, ArchivePlace, i);

		number = i > 0 && place->mail_id == (place - 1)->mail_id ? number + 1 : 1;
		if (!zip_copy(visit, zip, place, number, error))
			return false;
	}
	return zip && zip_finish(zip, error);
}

bool download_zip(Visit *visit, const ArchiveViewer *viewer, const GArray *ids, GError **error)
{
	g_autoptr(GArray) places = NULL;
	g_autoptr(GError) problem = NULL;
	g_autofree char *day = clock_format(clock_now());
	g_autofree char *name = g_strdup_printf("Archiv-%.10s.zip", day);

	if (ids->len == 0) {
		failure_set(error, FAILURE_EXPORT_EMPTY, NULL, "no mail");
		return false;
	}
	places = document_plan_export(visit->office, viewer, ids, error);
	if (!places)
		return false;
	start(visit, name, "application/zip");
	if (zip_all(visit, places, &problem))
		return true;
	/* The header is on its way: all that is left is not to pretend that this is whole. */
	if (!cancel_triggered(web_request_cancel(visit->request)))
		log_warning("ZIP of %u mails: %s", ids->len, problem->message);
	web_response_break(visit->response);
	return true;
}
