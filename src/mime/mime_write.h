/* Writing mails (RFC 5322, 2045 to 2047, 2231; 6532 where an address asks for it): what a person
 * typed becomes a message. Pure: no files but those handed over open, no clock, no network. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct MimeAddress {
	char *name;    /* UTF-8; NULL: none */
	char *address; /* local@domain; a domain in Unicode is kept as typed */
} MimeAddress;

void mime_address_free(MimeAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeAddress, mime_address_free)

/* "Name <local@domain>" or "local@domain"; yours. FAILURE_ADDRESS_INVALID with TEXT: no local part
 * or domain, control characters, several addresses, too long (RFC 5321 section 4.5.3.1). */
MimeAddress *mime_address_parse(const char *text, GError **error);

/* ADDRESS as it stands in an envelope: a domain with other letters than ASCII in its A-labels
 * (RFC 5890) wherever the local part is ASCII, so that SMTPUTF8 is asked for only if it must be;
 * yours. FAILURE_ADDRESS_INVALID. */
char *mime_address_wire(const char *address, GError **error);

/* A file in a mail. Its bytes are at DATA, or, if that is NULL, read from DESCRIPTOR by pread. A
 * file that has less or more than SIZE bytes when it is read is FAILURE_FILE_CHANGED (name), one
 * that cannot be read FAILURE_INPUT_UNREADABLE. */
typedef struct MimeFile {
	const char *name; /* as the receiver sees it: the last part of a path, UTF-8 */
	/* "application/pdf", further parameters are dropped; NULL: by the name's ending. What may
	 * not be in base64 (message/, multipart/) becomes application/octet-stream. */
	const char *type;
	const void *data;
	int descriptor;
	uint64_t size;
} MimeFile;

/* Yours: TYPE, foreign, as a MimeFile may have it: application/octet-stream where it is none. */
char *mime_foreign_type(const char *type);

typedef struct MimeMessage {
	const MimeAddress *from;
	const GPtrArray *to, *cc; /* const MimeAddress *; Bcc stands in no message */
	const char *subject;	  /* "" allowed */
	const char *text;	  /* UTF-8, any line ends */
	const char *message_id;	  /* without <> */
	int64_t date;		  /* seconds since 1970; written in the local zone */
	/* Without <>, the oldest first. Foreign ids that cannot be written (blanks, control
	 * characters, other letters than ASCII) are left out. */
	const char *in_reply_to;     /* NULL: an answer to nothing; follows the references */
	const GPtrArray *references; /* const char *; NULL: none */
	const MimeFile *files;
	size_t file_count;
} MimeMessage;

/* Takes the next SIZE bytes of a message. */
typedef bool MimeSink(const void *bytes, size_t size, void *data, GError **error);

/* What was written. */
typedef struct MimeWritten {
	uint64_t size; /* bytes */
	bool has_8bit; /* bytes above 127, in the content */
	bool has_utf8; /* in the header: an address could not be written otherwise */
} MimeWritten;

/* Writes MESSAGE, line by line ended with CRLF, into SINK, in memory that does not grow with the
 * files. Refuses before the first byte: an address that is none (FAILURE_ADDRESS_INVALID), control
 * characters and line separators in any field but line ends and tabs in the text, what is not
 * UTF-8 or too long (FAILURE_FIELD_INVALID with the field's name). No recipient is no matter. It
 * needs no library that must be started. */
bool mime_write(const MimeMessage *message, MimeSink *sink, void *data, MimeWritten *written,
	GError **error);

/* "a1b2….c3d4@DOMAIN", random, without <>; the domain is that of ADDRESS. Yours. */
char *mime_message_id_new(const char *address);

/* TEXT, foreign, as the quotation in an answer ("> " before each line, RFC 3676 section 4.5),
 * yours, at most LIMIT bytes of it, whole lines, without control characters. */
char *mime_quote(const char *text, size_t limit);

/* SUBJECT with "AW: " before it unless it has an answer's beginning already (Re:, AW:, Antwort:),
 * yours. */
char *mime_answer_subject(const char *subject);

/* ---- a message that is there already (mime_ready.c): what a program hands over as .eml ---- */

/* What its header says about where it goes; read by plain rules, not by the reader of foreign
 * mails: who hands it over wants to send it. */
typedef struct MimeReady {
	MimeAddress *from;
	GPtrArray *senders;    /* char *: the addresses of Sender, Resent-From and Resent-Sender */
	GPtrArray *recipients; /* char *: To, Cc, Bcc, each once, as in an envelope */
	GByteArray *fields;    /* the MailField of each */
	char *message_id;      /* without <>; made where it has none */
	char *subject;	       /* decoded; "" */
	GByteArray *content;   /* as it is sent: CRLF, without Bcc and Return-Path, with Date,
				  Message-ID and MIME-Version where they were missing */
	bool has_8bit, has_utf8;
} MimeReady;

void mime_ready_free(MimeReady *ready);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeReady, mime_ready_free)

#define MIME_READY_LIMIT ((size_t)1 << 30) /* bytes; more is the caller's mistake */

/* FAILURE_FIELD_INVALID: From missing, or it or another sender's field with anything but one
 * address (groups, names with "@" that are not quoted), a field twice that may be there
 * once, a line that is no field, control characters (NUL and bare CR too) or no UTF-8 in the
 * header; FAILURE_ADDRESS_INVALID; FAILURE_RECIPIENT_MISSING. In the body anything is kept. DATE is
 * used where it has none. Yours. */
MimeReady *mime_ready_read(const void *bytes, size_t size, int64_t date, GError **error);
