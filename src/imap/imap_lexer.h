/* The tokens of RFC 3501 section 9, read straight from the stream: no response is ever held as a
 * whole. The first failure sticks: from then on every function answers its empty value,
 * imap_lexer_peek answers -1, and the parser checks imap_lexer_failed once at its end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>
#include "net/stream.h"

/* Bytes of one response outside literals; a SEARCH answer is counted a number at a time. */
#define IMAP_LINE_LIMIT (1024 * 1024)
/* A string, atom or literal that is kept or skipped as one token; bodies are no tokens. */
#define IMAP_TOKEN_LIMIT (64 * 1024)
/* What is kept of a human-readable text. */
#define IMAP_TEXT_LIMIT 1024
#define IMAP_DEPTH_LIMIT 32

typedef struct ImapLexer {
	Stream *stream; /* borrowed */
	/* The stream's buffer as far as it is looked at; consumed with the next refill or sync. */
	const unsigned char *window;
	size_t size, used;
	size_t line;	  /* bytes of this response so far, for IMAP_LINE_LIMIT */
	uint64_t literal; /* bytes of the open literal that are still to come */
	GError *error;	  /* the one that sticks */
	bool failed;	  /* stays, also when the error was taken */
} ImapLexer;

void imap_lexer_init(ImapLexer *lexer, Stream *stream);
void imap_lexer_clear(ImapLexer *lexer);

/* Gives the stream back what was read; needed before anything is written, since writing may read.
 */
void imap_lexer_sync(ImapLexer *lexer);

bool imap_lexer_failed(const ImapLexer *lexer);
/* The failure, yours; the lexer stays failed. */
GError *imap_lexer_take_error(ImapLexer *lexer);
/* Fails with FAILURE_SERVER_GARBAGE; FORMAT says what was wrong. */
void imap_lexer_garbage(ImapLexer *lexer, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The next byte without taking it, -1 after a failure. */
int imap_lexer_peek(ImapLexer *lexer);
/* Takes BYTE if it is next. */
bool imap_lexer_accept(ImapLexer *lexer, char byte);
/* Takes BYTE, anything else is garbage. */
void imap_lexer_expect(ImapLexer *lexer, char byte);
/* Blanks (some servers leave one), then CRLF or a bare LF: a response ends. */
void imap_lexer_end_line(ImapLexer *lexer);
/* Starts counting IMAP_LINE_LIMIT anew, in lists that may be long. */
void imap_lexer_forgive_length(ImapLexer *lexer);

/* Digits of at most MAXIMUM; nonsense is garbage. */
uint64_t imap_lexer_number(ImapLexer *lexer, uint64_t maximum);

/* These overwrite TOKEN. An atom ends before a blank, a bracket of a list or the line's end. */
void imap_lexer_atom(ImapLexer *lexer, GString *token);
/* A quoted string or a literal of at most IMAP_TOKEN_LIMIT bytes, without NUL. */
void imap_lexer_string(ImapLexer *lexer, GString *token);
/* A string, or an atom. */
void imap_lexer_astring(ImapLexer *lexer, GString *token);
/* A string, or NIL: false. */
bool imap_lexer_nstring(ImapLexer *lexer, GString *token);
/* "BODY[HEADER.FIELDS (FROM)]<0>": the name of a FETCH item with its section. */
void imap_lexer_item(ImapLexer *lexer, GString *token);
/* All before STOP or the line's end, of which at most LIMIT bytes are kept; answers whether all
 * were. */
bool imap_lexer_text(ImapLexer *lexer, GString *token, char stop, size_t limit);

/* A literal's head ("{5}", "{5+}", "~{5}" and the line's end): its length. */
uint64_t imap_lexer_literal(ImapLexer *lexer);
/* Points *DATA at the literal's next bytes (borrowed until the next call) and answers how many; 0
 * at its end, -1 on failure. */
ssize_t imap_lexer_literal_read(ImapLexer *lexer, const void **data);
void imap_lexer_literal_skip(ImapLexer *lexer);

/* Passes over one value of any kind, lists of at most IMAP_DEPTH_LIMIT inside each other. */
void imap_lexer_skip_value(ImapLexer *lexer);
/* Passes over the rest of a response, its literals too, not its line's end. */
void imap_lexer_skip_rest(ImapLexer *lexer);
