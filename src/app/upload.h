/* Mails that come as files through the page and the API: filed like imported ones, all or none.
 * What came of each is remembered for a while in the daemon's memory, so that a repeated request (a
 * program that lost the answer, a page that is loaded again) answers the same; nothing is lost with
 * it, as the same bytes are one copy however often they come. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "archive/archive.h"
#include "base/cancel.h"

#define UPLOAD_FILES 200
#define UPLOAD_BYTES ((size_t)50 * 1000 * 1000) /* together */
#define UPLOAD_KEY_LIMIT 200
#define UPLOAD_KEYS_LIMIT 1000 /* of a user that are remembered */

typedef struct Uploads Uploads;

Uploads *uploads_new(Office *office);
void uploads_free(Uploads *uploads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Uploads, uploads_free)

typedef struct UploadFile {
	const char *name; /* for people: which one is no mail */
	const char *data;
	size_t size;
} UploadFile;

/* All borrowed. */
typedef struct UploadOrder {
	const UploadFile *files;
	size_t count;
	const char *case_number;     /* NULL: none */
	const char *actor;	     /* the user's name */
	int64_t user_id;	     /* who then sees them */
	const ArchiveViewer *viewer; /* what that user sees otherwise; NULL: all */
	const char *key;	     /* Idempotency-Key; NULL: none */
} UploadOrder;

/* What came of one. */
typedef struct Upload {
	uint64_t id;
	GArray *ids; /* int64_t, of the mails in the files' order */
	uint64_t imported, known;
	char *case_number;	   /* that was asked for; NULL: none */
	GPtrArray *case_conflicts; /* char *, as ArchiveTally's */
} Upload;

void upload_free(Upload *upload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Upload, upload_free)

/* Files them; yours. The same key of the same user within a day, as long as it is one of the latest
 * UPLOAD_KEYS_LIMIT uploads with at most 20000 mails together, answers what the first one did if
 * the files and the case number are the same, else FAILURE_IDEMPOTENCY_KEY. FAILURE_UPLOAD_EMPTY,
 * FAILURE_UPLOAD_LARGE, filing_check_mail's (named), FAILURE_CASE_INVALID. */
Upload *uploads_file(
	Uploads *uploads, const UploadOrder *order, const Cancel *cancel, GError **error);

/* What came of the upload ID of that user, yours; NULL: it is not known, or too old. */
Upload *uploads_look(Uploads *uploads, int64_t user_id, uint64_t id);
