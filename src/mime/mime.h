/* Reading mails: what header and structure say, attachments, text. Mails are taken apart only
 * inside the sealed worker (amtspost parse-worker); the program's other processes use it through a
 * MimeWorker. It knows no archive: a mail is a range of an open file, read by pread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "base/cancel.h"
#include "model/mail.h"

/* Where a mail's raw bytes are. */
typedef struct MimeRange {
	uint64_t offset;
	uint64_t size;
} MimeRange;

/* A child process; one thread at a time. It is started at the first use and again after a death. */
typedef struct MimeWorker MimeWorker;

MimeWorker *mime_worker_new(void);
void mime_worker_free(MimeWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeWorker, mime_worker_free)

#define MIME_BATCH_MAILS 256
#define MIME_BATCH_BYTES (1024 * 1024) /* one mail may be larger */

/* Reads up to MIME_BATCH_MAILS mails that lie at RANGES of DESCRIPTOR (read only, not closed).
 * CONTENTS[i] is yours. If the worker dies, answers nonsense or exceeds its time (a minute, and
 * more for large mails), the mails answered so far are filled, the others stay NULL, and the
 * failure is FAILURE_PARSER_DIED: the first NULL one is to blame. FAILURE_CANCELLED likewise, but
 * nobody is to blame. FAILURE_INTERNAL: the worker does not start; no mail was looked at. */
bool mime_worker_read(MimeWorker *worker, int descriptor, const MimeRange *ranges, size_t count,
	MailContent **contents, const Cancel *cancel, GError **error);

/* The same for one mail that killed the worker before: only what its header says, without text and
 * attachments, and marked as truncated. */
bool mime_worker_read_header(MimeWorker *worker, int descriptor, MimeRange range,
	MailContent **content, const Cancel *cancel, GError **error);

/* *VIEW, yours, becomes the mail at RANGE ready to be shown: its HTML sanitised, with its own
 * images in it. The failures of mime_worker_read. */
bool mime_worker_view(MimeWorker *worker, int descriptor, MimeRange range, MailView **view,
	const Cancel *cancel, GError **error);

/* Writes the bytes of attachment NUMBER (from 1, in MailContent order), without their transfer
 * encoding and otherwise as in the mail, to the descriptor OUTPUT. It may be a pipe to somebody who
 * reads slowly: only the CPU time is limited. FAILURE_ATTACHMENT_UNKNOWN, FAILURE_OUTPUT, and those
 * of mime_worker_read. */
bool mime_worker_extract(MimeWorker *worker, int descriptor, MimeRange range, unsigned number,
	int output, const Cancel *cancel, GError **error);

/* main() of `amtspost parse-worker`: serves requests on descriptor 3 until it closes. */
int mime_worker_main(void);

/* The reader itself, for the worker, tests and fuzzing: never fails, whatever the bytes are. */
MailContent *mime_read(int descriptor, MimeRange range);
MailContent *mime_read_bytes(const void *data, size_t size);
MailView *mime_view_bytes(const void *data, size_t size);
