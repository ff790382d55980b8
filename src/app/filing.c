/* Files mails that came as files. */
#include "app/filing.h"

#include <string.h>
#include "app/indexer.h"
#include "base/log.h"
#include "failure/failure.h"

/* How far the first header field of a mail file may be away. */
#define HEADER_LOOK 4096

#define TRIES 5

/* What Outlook's own files, and older ones of Office, begin with. */
static const char outlook[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

static bool has_header(const char *data, size_t size)
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

static bool is_outlook(const char *name, const char *data, size_t size)
{
	const char *end = strrchr(name, '.');

	return (end && g_ascii_strcasecmp(end, ".msg") == 0) ||
	       (size >= sizeof(outlook) - 1 && memcmp(data, outlook, sizeof(outlook) - 1) == 0);
}

bool filing_check_mail(const char *name, const char *data, size_t size, GError **error)
{
	if (size == 0)
		failure_set(error, FAILURE_UPLOAD_BLANK, name, "%s: empty", name);
	else if (has_header(data, size))
		return true;
	else if (is_outlook(name, data, size))
		failure_set(error, FAILURE_UPLOAD_OUTLOOK, name, "%s: not a mail, but .msg", name);
	else
		failure_set(error, FAILURE_UPLOAD_UNUSABLE, name, "%s: no header field", name);
	return false;
}

static void start_again(ArchiveTally *tally)
{
	*tally = (ArchiveTally){.ids = tally->ids, .case_conflicts = tally->case_conflicts};
	if (tally->ids)
		g_array_set_size(tally->ids, 0);
	if (tally->case_conflicts)
		g_ptr_array_set_size(tally->case_conflicts, 0);
}

static bool try_filing(Archive *archive, const ArchiveOrder *order, FilingWriter *write,
	const void *data, ArchiveTally *tally, GError **error)
{
	g_autoptr(ArchiveBatch) batch = archive_batch_new(archive, order);

	start_again(tally);
	return write(batch, data, error) && archive_batch_commit(batch, 0, tally, error);
}

static void read_filed(Archive *archive, const Cancel *cancel)
{
	g_autoptr(GError) problem = NULL;

	if (!indexer_run(archive, cancel, &problem) && !failure_is(problem, FAILURE_CANCELLED))
		log_warning("some mails are not listed yet: %s", problem->message);
}

bool filing_run(Office *office, const ArchiveOrder *order, FilingWriter *write, const void *data,
	ArchiveTally *tally, const Cancel *cancel, GError **error)
{
	Archive *archive = office_archive(office, error);

	if (!archive || (order->case_number && !archive_check_case(order->case_number, error)))
		return false;
	for (int tries = 0; tries == 0 || (tally->lost > 0 && tries < TRIES); tries++) {
		if (!try_filing(archive, order, write, data, tally, error))
			return false;
	}
	if (tally->lost > 0) {
		failure_set(error, FAILURE_STORE_BUSY, NULL, "deleted while they were filed");
		return false;
	}
	read_filed(archive, cancel);
	return true;
}
