/* Single mails in and out: filing .eml files, reading a mail's text, getting attachments out. A
 * mail that the viewer does not see is FAILURE_MAIL_UNKNOWN; a NULL viewer sees all. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "archive/archive.h"
#include "base/cancel.h"

/* Files the COUNT files at PATHS like imported mails, all or none, counted as picked by hand. The
 * mails' ids, in order: GArray of int64_t, yours. FAILURE_INPUT_UNREADABLE,
 * FAILURE_UPLOAD_UNUSABLE. ACTOR_ID: the user's, who then sees them; 0: not a user. CASE_CONFLICTS
 * gets "ID: case on file" (char *) for each mail that has another case number already. */
GArray *document_add_files(Office *office, const char *const *paths, size_t count,
	const char *case_number, const char *actor, int64_t actor_id, GPtrArray *case_conflicts,
	const Cancel *cancel, GError **error);

/* Writes attachment NUMBER (from 1) of mail ID to DESCRIPTOR. */
bool document_write_attachment(Office *office, const ArchiveViewer *viewer, int64_t id,
	int64_t number, int descriptor, const Cancel *cancel, GError **error);

/* Deletes mail ID with all its copies, and lets their bytes leave the disk. */
bool document_delete(Office *office, const ArchiveViewer *viewer, int64_t id, const char *reason,
	const char *actor, GError **error);

/* Mail ID's first copy ready to be shown, yours. One that kills the parser is FAILURE_PARSER_DIED.
 */
MailView *document_view(Office *office, const ArchiveViewer *viewer, int64_t id,
	const Cancel *cancel, GError **error);

/* Writes the raw bytes of copy NUMBER (from 1) of mail ID to DESCRIPTOR (archive_write_copy).
 * FAILURE_COPY_UNKNOWN. */
bool document_write_copy(Office *office, const ArchiveViewer *viewer, int64_t id, int64_t number,
	int descriptor, GError **error);
/* What a file with copy NUMBER (from 1) of mail ID is called: "7.eml", "7-2.eml"; yours. */
char *document_copy_name(int64_t id, int64_t number);

/* Whether DATA begins like a mail: among the first lines is a header field ("Name: ..."), and no
 * NUL before. */
bool document_is_mail(const char *data, size_t size);

/* The places of all copies of the mails IDS (int64_t), mail by mail, to be exported together:
 * GArray of ArchivePlace, yours. FAILURE_EXPORT_LARGE: too many or too large. */
GArray *document_plan_export(
	Office *office, const ArchiveViewer *viewer, const GArray *ids, GError **error);
#define DOCUMENT_EXPORT_MAILS 500
#define DOCUMENT_EXPORT_BYTES (INT64_C(1) << 30)

/* Gives all mails IDS the CASE_NUMBER; none if one of them is not in sight. */
bool document_assign(Office *office, const ArchiveViewer *viewer, const GArray *ids,
	const char *case_number, const char *actor, GError **error);

/* The readable text of mail ID's first copy, yours; "" if it cannot be read. */
char *document_read_text(Office *office, const ArchiveViewer *viewer, int64_t id,
	const Cancel *cancel, GError **error);
