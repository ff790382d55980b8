/* Mails that come as files, whoever brings them: what counts as one, and how they are filed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "app/office.h"
#include "archive/archive.h"
#include "base/cancel.h"

/* Whether the SIZE bytes at DATA, which a NUL follows, begin with a header: everything else would
 * be filed as a mail without subject, sender and text. NAME is for people. FAILURE_UPLOAD_BLANK,
 * FAILURE_UPLOAD_OUTLOOK, FAILURE_UPLOAD_UNUSABLE. */
bool filing_check_mail(const char *name, const char *data, size_t size, GError **error);

/* Adds all mails to BATCH; called again if somebody deleted one of them at the same moment. */
typedef bool FilingWriter(ArchiveBatch *batch, const void *data, GError **error);

/* Files what WRITE adds, all or none, and adds to the empty TALLY; its lists are emptied before
 * another try. That they cannot be read at once (a full disk, say) is only logged: they are on
 * file. */
bool filing_run(Office *office, const ArchiveOrder *order, FilingWriter *write, const void *data,
	ArchiveTally *tally, const Cancel *cancel, GError **error);
