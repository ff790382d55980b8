/* Mails, attachments and ZIP files as downloads: to be stored, never to be shown. A mail that the
 * viewer does not see is FAILURE_MAIL_UNKNOWN. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "archive/archive.h"
#include "web/route.h"

/* Copy NUMBER (from 1) of mail ID as a file of TYPE. */
bool download_copy(Visit *visit, const ArchiveViewer *viewer, int64_t id, int64_t number,
	const char *type, GError **error);
/* Attachment NUMBER (from 1). */
bool download_attachment(
	Visit *visit, const ArchiveViewer *viewer, int64_t id, int64_t number, GError **error);
/* All copies of the mails IDS (int64_t). FAILURE_EXPORT_EMPTY, FAILURE_EXPORT_LARGE. */
bool download_zip(Visit *visit, const ArchiveViewer *viewer, const GArray *ids, GError **error);

/* A number from 1 to most, as it stands in an address; 0: it is none. */
int64_t download_number(const char *text);
/* Adds the mail's number that TEXT is to IDS unless it is there. FAILURE_MAIL_UNKNOWN. */
bool download_add_id(GArray *ids, const char *text, GError **error);
