/* Drafts: mails that a user is writing, with their files, as they were typed. They belong to the
 * user alone: every function takes the user's id, and somebody else's draft is one that does not
 * exist (FAILURE_DRAFT_UNKNOWN). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include "db/db.h"

#define DRAFTS_LIMIT 100				/* of one user */
#define DRAFT_DAYS 90					/* that one is kept after its last change */
#define DRAFT_FILES_LIMIT 100				/* of one draft */
#define DRAFT_NAME_LIMIT ((size_t)255)			/* bytes of a file's name */
#define DRAFT_TEXT_LIMIT ((size_t)128 * 1024)		/* bytes */
#define DRAFT_LINE_LIMIT ((size_t)64 * 1024)		/* bytes of any other field */
#define DRAFT_BYTES_LIMIT ((uint64_t)150 * 1024 * 1024) /* of a mail; no larger one is queued */
#define DRAFTS_BYTES_LIMIT ((uint64_t)1000 * 1000 * 1000) /* of all files of a user's drafts */

/* What the form holds, borrowed; NULL: "". */
typedef struct DraftFields {
	const char *sender; /* NULL or "": the main mailbox */
	const char *to, *cc, *bcc;
	const char *subject;
	const char *text;
	const char *case_number;
	int64_t reply_to; /* the archived mail that is answered; 0: none */
} DraftFields;

typedef struct DraftFile {
	int64_t id;
	char *name;
	char *type; /* NULL: by the name's ending */
	uint64_t size;
} DraftFile;

typedef struct Draft {
	int64_t id;
	int64_t revision; /* of the fields */
	int64_t changes;  /* of the files */
	int64_t changed_at;
	char *sender; /* "": the main mailbox */
	char *to, *cc, *bcc;
	char *subject;
	char *text; /* NULL in lists */
	char *case_number;
	int64_t reply_to;
	GPtrArray *files; /* DraftFile *, those that are whole, in the order of their coming */
} Draft;

void draft_free(Draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

/* ---- fields (drafts.c) ---- */

/* Makes a draft. KEY (nullable): where a draft of that key is there already, *ID and *REVISION are
 * that one's, and nothing is changed. FAILURE_DRAFTS_MANY, FAILURE_DRAFT_LONG. */
bool drafts_create(Db *db, int64_t user_id, const char *key, const DraftFields *fields, int64_t *id,
	int64_t *revision, GError **error);

/* *REVISION is what was seen, and becomes what it is now. FAILURE_DRAFT_CHANGED: it is another one
 * by now, with other fields than these. */
bool drafts_save(Db *db, int64_t user_id, int64_t id, int64_t *revision, const DraftFields *fields,
	GError **error);

/* What became of a draft that is not there any more. */
typedef struct DraftSent {
	int64_t mail_id; /* in the outbox; 0: it was not sent */
	int64_t at;
	bool is_same; /* the mail says what is asked for */
} DraftSent;

/* Keeps what a page holds, in one transaction: in the draft *ID (*REVISION is what was seen) or,
 * where that is 0 or was discarded, in KEY's (nullable), which is made if need be. *ID and
 * *REVISION become the draft's. FAILURE_DRAFT_CHANGED; FAILURE_DRAFT_SENT, with *SENT: nothing is
 * made anew of one that went, so that it does not go twice. */
bool drafts_keep(Db *db, int64_t user_id, const char *key, const DraftFields *fields, int64_t *id,
	int64_t *revision, DraftSent *sent, GError **error);

/* Yours. */
Draft *drafts_get(Db *db, int64_t user_id, int64_t id, GError **error);
/* Draft *, yours, changed last first. */
GPtrArray *drafts_list(Db *db, int64_t user_id, GError **error);
bool drafts_discard(Db *db, int64_t user_id, int64_t id, GError **error);

/* Takes DRAFT away, which MAIL_ID of the outbox was made of, unless it was changed since; then it
 * stays. */
bool drafts_finish(Db *db, int64_t user_id, const Draft *draft, int64_t mail_id, GError **error);
/* Of all that DRAFT says and has, in hexadecimal digits; yours. */
char *draft_digest(const Draft *draft);
/* DRAFT's fields, borrowed. */
DraftFields draft_fields(const Draft *draft);

/* Drafts that are too old go, and traces of sent ones. */
bool drafts_tidy(Db *db, GError **error);

/* ---- files (draft_files.c) ---- */

/* How many bytes of a mail SIZE bytes of a file become: base64 in lines, and a header. */
uint64_t draft_file_weight(uint64_t size);
/* That of all DRAFT's files. */
uint64_t draft_weight(const Draft *draft);

/* What is to come. NAME as people see it; one above DRAFT_NAME_LIMIT is cut before its ending. */
typedef struct DraftFileOrder {
	const char *name;
	const char *type; /* NULL: by the name's ending */
	uint64_t size;
	uint64_t limit; /* of the mail, at most DRAFT_BYTES_LIMIT */
} DraftFileOrder;

/* FAILURE_DRAFT_FILES_MANY, FAILURE_DRAFT_LARGE (the mail would exceed the limit),
 * FAILURE_DRAFTS_LARGE (all drafts would). Files that were
 * begun an hour ago and never became whole go. */
bool draft_file_begin(Db *db, int64_t user_id, int64_t draft_id, const DraftFileOrder *order,
	int64_t *file_id, GError **error);
/* SIZE bytes from OFFSET, which is where the last ones ended, or where these began if they come
 * again. *WHOLE: these were the last. FAILURE_DRAFT_FILE: out of turn, too much, or the file is not
 * there (any more). */
bool draft_file_write(Db *db, int64_t user_id, int64_t file_id, uint64_t offset, const void *bytes,
	size_t size, bool *whole, GError **error);
/* At most SIZE bytes from OFFSET; how many, 0: the end, -1: failed. */
ssize_t draft_file_read(Db *db, int64_t user_id, int64_t file_id, uint64_t offset, void *buffer,
	size_t size, GError **error);
/* Also one that is not there any more. */
bool draft_file_remove(Db *db, int64_t user_id, int64_t draft_id, int64_t file_id, GError **error);
