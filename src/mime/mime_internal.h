/* Inside mime/: the pieces of the reader, from bytes to MailContent. Nothing here knows the worker.
 *
 * GMime decodes (RFC 2047, 2231, transfer encodings, dates); the structure is cut by
 * mime_scan.c in one pass, because GMime's own parser holds prologues, epilogues and any number of
 * header fields and parts in memory, loses the exact bytes of attached messages, and cannot be
 * stopped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include <gmime/gmime.h>
#include "mime/mime.h"

/* ---- limits ---- */

#define MIME_DEPTH_LIMIT 50	   /* multiparts within each other */
#define MIME_MESSAGE_DEPTH_LIMIT 5 /* attached messages within each other that are searched */
#define MIME_MESSAGE_BYTES_LIMIT (1 << 20) /* of an encoded attached message that are searched */
#define MIME_PART_LIMIT 2000	/* parts of a mail, those of attached messages included */
#define MIME_BOUNDARY_LIMIT 256 /* RFC 2046 allows 70 */
#define MIME_PEOPLE_BYTES_LIMIT (256 << 10) /* of one address field, about 6,000 people */
#define MIME_FIELD_BYTES_LIMIT (16 << 10)   /* of every other field */
#define MIME_PEOPLE_LIMIT 10000
#define MIME_TEXT_LIMIT ((size_t)MAIL_TEXT_LIMIT)
#define MIME_SUBJECT_LIMIT (8 << 10)
#define MIME_MESSAGE_ID_LIMIT 512
#define MIME_NAME_LIMIT 200 /* bytes of an attachment's name: fits a file system's 255 */
#define MIME_TYPE_LIMIT 127
#define MIME_BODY_BYTES_LIMIT                                                                      \
	(1 << 20) /* of one text part, decoded, before it is made readable                         \
		   */
#define MIME_HTML_MEMORY_LIMIT (16 << 20)
#define MIME_HTML_TIME_LIMIT 2000000 /* CPU microseconds for all HTML of a mail; 1 MiB: 30,000 */
/* The same for a mail that a person waits for, once for the text and once for what is shown. */
#define MIME_VIEW_TIME_LIMIT 400000

/* Once a process, before anything else here; repeated calls do nothing. */
void mime_start_library(void);
/* How GMime is to read: leniently, raw 8-bit as UTF-8, else windows-1252. */
GMimeParserOptions *mime_options(void);

/* ---- bytes (mime_source.c) ---- */

/* A range of bytes in memory or in a file, read through a window by pread: the file's own offset,
 * which other processes may share, is never moved. */
typedef struct MimeSource {
	const char *memory; /* NULL: a file */
	int descriptor;
	uint64_t offset; /* of the range in the file */
	uint64_t size;
	char *window;
	uint64_t window_start;
	size_t window_size;
	bool failed; /* the file ended early or could not be read */
} MimeSource;

void mime_source_init_memory(MimeSource *source, const void *data, size_t size);
void mime_source_init_file(MimeSource *source, int descriptor, MimeRange range);
/* A part of OUTER, whose memory or descriptor it borrows. */
void mime_source_init_within(
	MimeSource *source, const MimeSource *outer, uint64_t start, uint64_t end);
void mime_source_clear(MimeSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MimeSource, mime_source_clear)

/* *DATA becomes the bytes at POSITION, borrowed until the next call; answers how many, at most
 * END - POSITION, 0 at the end. */
size_t mime_source_read(MimeSource *source, uint64_t position, uint64_t end, const char **data);

/* As mime_source_read, up to and including the next LF (*ENDS), or a piece of a longer line. At a
 * line's start the piece is long enough to hold a boundary. */
size_t mime_source_line(
	MimeSource *source, uint64_t position, uint64_t end, const char **data, bool *ends);

/* ---- header fields (mime_header.c) ---- */

typedef enum MimeField {
	MIME_FROM,
	MIME_SENDER,
	MIME_REPLY_TO,
	MIME_TO,
	MIME_CC,
	MIME_SUBJECT,
	MIME_DATE,
	MIME_MESSAGE_ID,
	MIME_IN_REPLY_TO,
	MIME_CONTENT_ID,
	MIME_CONTENT_TYPE,
	MIME_CONTENT_DISPOSITION,
	MIME_CONTENT_TRANSFER_ENCODING,
	MIME_FIELD_COUNT
} MimeField;

/* The fields of one header that anybody asks for, unfolded, without NUL, otherwise raw; the first
 * of a name, address fields joined by commas. All others are skipped, however many there are. */
typedef struct MimeHeader {
	GString *fields[MIME_FIELD_COUNT]; /* NULL: absent */
	GString *current;		   /* the field that a folded line belongs to, borrowed */
	size_t limit;			   /* of current */
	bool truncated;
} MimeHeader;

void mime_header_clear(MimeHeader *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MimeHeader, mime_header_clear)

/* Whether LINE begins a field ("Name:"). */
bool mime_header_is_field(const char *line, size_t size);
/* Takes a line's first piece, then its further ones. */
void mime_header_add_line(MimeHeader *header, const char *line, size_t size);
void mime_header_add_piece(MimeHeader *header, const char *piece, size_t size);

/* Yours: the value as UTF-8 as it stands, raw 8-bit guessed; NULL if absent. */
char *mime_header_value(const MimeHeader *header, MimeField field);
/* Takes TEXT; yours: the same with neighbouring encoded words in base64 made one, which GMime needs
 * (mime_words.c). */
char *mime_join_words(char *text);
/* Yours: decoded (RFC 2047), one line, at most LIMIT bytes; "" if absent. */
char *mime_header_text(const MimeHeader *header, MimeField field, size_t limit);
bool mime_header_date(const MimeHeader *header, int64_t *seconds);
/* Yours: the first <…> of the field without brackets, NULL if there is none. */
char *mime_header_id(const MimeHeader *header, MimeField field);

/* Yours: text on one line: controls become blanks, deceptive direction marks go, ends are stripped.
 */
char *mime_clean_line(const char *text, size_t limit);

/* ---- people (mime_people.c) ---- */

/* Appends "Name <address>" of every person of FIELD; what is no address stays as readable text.
 * False if a limit cut the list. */
bool mime_people_read(const MimeHeader *header, MimeField field, GPtrArray *people);
/* The same for who wrote the mail: From, else Sender. */
bool mime_senders_read(const MimeHeader *header, GPtrArray *senders);

/* ---- structure (mime_scan.c) ---- */

typedef struct MimeEntity {
	int parent;	    /* index of the multipart that holds it, -1: the mail itself */
	char *type;	    /* "text/plain", lower case */
	char *charset;	    /* NULL: not said */
	char *name;	    /* file name, decoded and safe, NULL: none */
	char *content_id;   /* without <>, NULL: none */
	bool is_attachment; /* by its disposition */
	GMimeContentEncoding encoding;
	uint64_t start, end; /* of the body */
} MimeEntity;

typedef struct MimeStructure {
	MimeHeader header;
	GPtrArray *entities; /* MimeEntity *, in the mail's order, the mail itself first */
	bool truncated;
} MimeStructure;

/* Cuts SOURCE, at most PART_LIMIT entities. Never fails. */
void mime_scan(MimeStructure *structure, MimeSource *source, unsigned part_limit);
/* Only the header; no entities. */
void mime_scan_header(MimeStructure *structure, MimeSource *source);
void mime_structure_clear(MimeStructure *structure);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MimeStructure, mime_structure_clear)

bool mime_entity_is_multipart(const MimeEntity *entity);
bool mime_entity_is_message(const MimeEntity *entity);
/* Text that is the mail's own, neither a container nor an attachment. */
bool mime_entity_is_body(const MimeEntity *entity);
bool mime_entity_is_attachment(const MimeEntity *entity);

/* ---- transfer encodings (mime_decode.c) ---- */

bool mime_entity_is_encoded(const MimeEntity *entity);
/* Takes decoded bytes; false ends the decoding. */
typedef bool (*MimeTaker)(const void *data, size_t size, void *user_data);

/* False if SINK ended it. */
bool mime_decode(MimeSource *source, const MimeEntity *entity, MimeTaker sink, void *user_data);
uint64_t mime_decoded_size(MimeSource *source, const MimeEntity *entity);
/* Yours: at most LIMIT decoded bytes; *TRUNCATED is set, never cleared. */
GString *mime_decode_bytes(
	MimeSource *source, const MimeEntity *entity, size_t limit, bool *truncated);

/* ---- text (mime_text.c, mime_html.c) ---- */

/* Yours: DATA in CHARSET (NULL or unknown: guessed) as valid UTF-8 without NUL. */
char *mime_text_to_utf8(const char *data, size_t size, const char *charset);
/* Yours: lines ended by LF, no other controls than tab, no blanks at the end. */
char *mime_text_tidy(const char *text);
/* Appends TEXT as far as LIMIT bytes allow, whole characters; false if it was cut. */
bool mime_text_append(GString *to, const char *text, size_t limit);
struct GumboInternalNode;
typedef void (*MimeTreeVisit)(const struct GumboInternalNode *document, void *user_data);

/* Calls VISIT once with the tree of HTML, or of its longest beginning that MEMORY bytes and the
 * time allow, or not at all; false unless it was the whole. The tree is gone afterwards.
 * *MICROSECONDS is the CPU time that it may take, and goes down by what it took. */
bool mime_html_parse(const char *html, size_t memory, int64_t *microseconds, MimeTreeVisit visit,
	void *user_data);
/* Appends the readable text of an HTML document; false if a limit cut it. *MICROSECONDS as
 * above. */
bool mime_html_append(GString *to, const char *html, size_t limit, int64_t *microseconds);
/* Opens converters for every charset that mails use and keeps them: the sealed worker cannot. */
void mime_text_open_charsets(void);

/* ---- the reader (mime_read.c) ---- */

MailContent *mime_read_source(MimeSource *source);
/* The same, without what attached messages say in the text. *STRUCTURE, to be cleared by you, is
 * how the mail was cut. */
MailContent *mime_read_own(MimeSource *source, MimeStructure *structure);
/* Yours: at most LIMIT bytes of the body ENTITY, decoded, as valid UTF-8. */
char *mime_read_body(MimeSource *source, const MimeEntity *entity, size_t limit, bool *truncated);
bool mime_entity_is_html(const MimeEntity *entity);
/* Only the header, whatever follows it. */
MailContent *mime_read_header(MimeSource *source);
/* Decodes attachment NUMBER (from 1) into SINK. False: there is none; a sink that ends is no
 * failure. */
bool mime_extract(MimeSource *source, unsigned number, MimeTaker sink, void *user_data);

/* ---- showing (mime_view.c) ---- */

MailView *mime_view_source(MimeSource *source);
