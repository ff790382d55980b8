/* Inside mime/: the pieces of the writer. None of them starts GMime or keeps anything, so any
 * thread may use them at any time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "mime/mime_write.h"

/* ---- limits, in bytes ---- */

#define MIME_WRITE_SUBJECT_LIMIT (16 << 10) /* twice what mime.h reads, for an answer to it */
#define MIME_WRITE_NAME_LIMIT 1000	    /* of a person or a file */
#define MIME_WRITE_ID_LIMIT 900		    /* a Message-ID stands on one line of at most 998 */
#define MIME_READY_HEADER_LIMIT (4 << 20)   /* of a finished message */

/* Whether TEXT may stand in a header field: UTF-8 on one line without control characters, at most
 * LIMIT bytes. */
bool mime_is_line(const char *text, size_t limit);

/* Sets *ERROR to FAILURE_FIELD_INVALID; LABEL names the field to people, WHY says it in a log. */
void mime_refuse_field(GError **error, const char *label, const char *why);

/* Appends SIGN and BYTE's two digits: "=C3", "%C3". */
static inline void mime_append_hex(GString *to, char sign, char byte)
{
	static const char digits[] = "0123456789ABCDEF";

	g_string_append_c(to, sign);
	g_string_append_c(to, digits[(unsigned char)byte >> 4]);
	g_string_append_c(to, digits[(unsigned char)byte & 15]);
}

/* ---- header fields (mime_write_header.c) ---- */

/* A header that grows field by field. Lines are folded where a blank stands, at 76 bytes (RFC 2047
 * section 2). */
typedef struct MimeFold {
	GString *text;
	size_t column;	/* bytes on the line so far */
	bool has_words; /* the field has more than its name */
} MimeFold;

void mime_fold_begin(MimeFold *fold, const char *name);
void mime_fold_end(MimeFold *fold);
/* A blank and WORD, never cut. */
void mime_fold_word(MimeFold *fold, const char *word);
/* Unstructured text: as it is where that reads back the same, else in encoded words. */
void mime_fold_text(MimeFold *fold, const char *text);
/* A person's name: atoms, a quoted string or encoded words. */
void mime_fold_phrase(MimeFold *fold, const char *name);
/* "; NAME=VALUE", in sections of UTF-8 where it needs that (RFC 2231). */
void mime_fold_parameter(MimeFold *fold, const char *name, const char *value);

/* ---- addresses (mime_address.c) ---- */

/* Appends each address of LIST (RFC 5322 section 3.4, groups included) to ADDRESSES, MimeAddress *,
 * names as they stand. FAILURE_ADDRESS_INVALID with the first that is none. */
bool mime_address_list(const char *list, GPtrArray *addresses, GError **error);
/* Yours: the one address of VALUE, a field that says who sends; NULL: it is none, several, a group,
 * or has an "@" in a name that is not quoted: other readers may see another sender there. */
MimeAddress *mime_address_sender(const char *value);
/* Yours: ADDRESS's domain in A-labels; NULL: it has none, or there are none for it. */
char *mime_address_domain(const char *address);

/* ---- files (mime_write_file.c) ---- */

/* Yours: what the receiver sees, the last part of a path. */
char *mime_file_name(const MimeFile *file);
/* Yours: the type that stands in the message, one that may be in base64; NULL: FILE's is none. */
char *mime_file_type(const MimeFile *file, const char *name);
/* Whether FILE, named NAME, is UTF-8 throughout, as far as that is quickly said. */
bool mime_file_is_utf8(const MimeFile *file, const char *name);
/* Hands FILE to SINK in base64 lines, DATA with each piece. */
bool mime_file_write(
	const MimeFile *file, const char *name, MimeSink *sink, void *data, GError **error);

/* ---- text (mime_write_text.c) ---- */

/* The line at TEXT without its end, its *SIZE, and where the next begins; NULL: TEXT is over. A
 * line ends with CRLF, LF or CR. */
const char *mime_text_line(const char *text, size_t *size);
/* Whether TEXT can be sent as it is: ASCII in short lines that nobody changes on the way. */
bool mime_text_is_plain(const char *text);
/* Hands TEXT to SINK, as it is or as quoted-printable; each line ended. */
bool mime_text_write(const char *text, bool plain, MimeSink *sink, void *data, GError **error);
