/* Between the program and its parse worker: what goes over their socket, and the worker's life. The
 * worker may be in an attacker's hands, so the program trusts nothing that comes from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include "mime/mime.h"

#define MIME_WORKER_SOCKET 3 /* the worker's only descriptor when it starts */
/* Of one frame. The largest MailContent is below 4 MiB; a MailView has that, two more lists of
 * people, and HTML of 1.5 MiB with images of 4 MiB, which base64 makes 5.4. */
#define MIME_FRAME_LIMIT (13u << 20)
#define MIME_FRAME_DESCRIPTORS 2

/* ---- frames (mime_frame.c) ---- */

typedef enum MimeFrameKind {
	MIME_FRAME_READY = 0x4d494d45, /* worker: sealed, go on */
	MIME_FRAME_READ,	       /* program: ranges; with the pack's descriptor */
	MIME_FRAME_READ_HEADER,	       /* the same; answered from the header alone */
	MIME_FRAME_EXTRACT,	       /* program: one range, a number; with pack and output */
	MIME_FRAME_MAIL,	       /* worker: one mail's content */
	MIME_FRAME_EXTRACTED,	       /* worker: how it ended */
	MIME_FRAME_VIEW,	       /* program: one range; with the pack's descriptor */
	MIME_FRAME_VIEWED,	       /* worker: the mail to be shown */
} MimeFrameKind;

typedef struct MimeFrame {
	uint32_t kind;
	GBytes *body;
	int descriptors[MIME_FRAME_DESCRIPTORS]; /* -1: none */
} MimeFrame;

void mime_frame_clear(MimeFrame *frame);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MimeFrame, mime_frame_clear)

/* Called before each wait for the socket's EVENTS; false ends the transfer with errno as it leaves
 * it. */
typedef bool (*MimeWait)(int socket, short events, void *user_data);

/* Sends BODY (floating reference taken), with DESCRIPTOR and OUTPUT unless -1. WAIT NULL: the
 * socket blocks. False leaves errno. */
bool mime_frame_send(int socket, MimeFrameKind kind, GVariant *body, const int *descriptors,
	MimeWait wait, void *user_data);
/* False leaves errno: 0 at the peer's end, EBADMSG for a frame beyond the limits. */
bool mime_frame_receive(int socket, MimeFrame *frame, MimeWait wait, void *user_data);

/* ---- bodies (mime_codec.c) ---- */

/* What a request asks for; NUMBER is MIME_FRAME_EXTRACT's. */
GVariant *mime_encode_request(const MimeRange *ranges, size_t count, unsigned number);
/* Yours: the ranges, 1 to MIME_BATCH_MAILS of them; NULL for anything else. */
MimeRange *mime_decode_request(GBytes *body, size_t *count, unsigned *number);

GVariant *mime_encode_content(uint32_t index, const MailContent *content);
/* Yours; NULL for anything that is not exactly what mime_encode_content makes for INDEX. */
MailContent *mime_decode_content(GBytes *body, uint32_t index);

GVariant *mime_encode_view(const MailView *view);
/* Yours; NULL for anything that is not exactly what mime_encode_view makes. Whether its HTML is
 * safe cannot be told here. */
MailView *mime_decode_view(GBytes *body);

typedef enum MimeExtracted {
	MIME_EXTRACTED,
	MIME_EXTRACT_UNKNOWN,
	MIME_EXTRACT_OUTPUT
} MimeExtracted;

GVariant *mime_encode_extracted(MimeExtracted result, int number);
/* False for anything else. *NUMBER: the errno of MIME_EXTRACT_OUTPUT. */
bool mime_decode_extracted(GBytes *body, MimeExtracted *result, int *number);

/* ---- the sealed side (mime_seal.c) ---- */

/* Takes away from this process all but reading its descriptors, computing and answering; for good.
 * False leaves errno. Nothing happens under sanitizers, which need what it takes. */
bool mime_seal(void);
/* Gives up what root may, should root have started us; in the first thread, before any other. False
 * leaves errno. */
bool mime_seal_drop_capabilities(void);
/* Whether mime_seal does anything in this build. */
bool mime_seal_is_real(void);
/* From now on at most SECONDS of CPU time; then the kernel kills. */
void mime_seal_allow_seconds(unsigned seconds);

/* ---- for tests (mime_worker.c) ---- */

/* The program to start as "PROGRAM parse-worker" instead of ourselves. Borrowed. */
void mime_worker_set_program(MimeWorker *worker, const char *program);
/* How long a batch may take. */
void mime_worker_set_deadline(MimeWorker *worker, int milliseconds);
/* The running child, 0: none. */
pid_t mime_worker_pid(const MimeWorker *worker);
