/* What a mail's header and structure say, read once by mime/ and kept by archive/; and a mail to be
 * shown, made anew each time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* An attachment: a part with a file name, a disposition "attachment", or one that is no text. */
typedef struct MailPart {
	char *name; /* decoded; never NULL: a name is made up from the type where there is none */
	char *type; /* "application/pdf" */
	uint64_t size; /* decoded bytes */
} MailPart;

void mail_part_free(MailPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailPart, mail_part_free)

/* All text is valid UTF-8 without NUL. Strings are "" where the mail says nothing, but for those
 * that say NULL. */
typedef struct MailContent {
	char *subject;
	char *from;    /* "Name <address>" decoded; several joined by ", " */
	GPtrArray *to; /* char *, "Name <address>" each */
	GPtrArray *cc; /* the same */
	bool has_date;
	int64_t date;		/* the Date header, seconds since 1970 */
	char *message_id;	/* without <>, NULL if there is none */
	char *in_reply_to;	/* the same */
	GPtrArray *attachments; /* MailPart * */
	char *text; /* the readable text, plain or made from HTML, at most MAIL_TEXT_LIMIT bytes */
	bool truncated; /* a limit cut structure or text */
} MailContent;

#define MAIL_TEXT_LIMIT (512 * 1024)

/* The header field that names a recipient; databases hold the numbers. */
typedef enum MailField {
	MAIL_TO,
	MAIL_CC,
	MAIL_BCC, /* which no copy of the mail says */
} MailField;

MailContent *mail_content_new(void);
void mail_content_free(MailContent *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailContent, mail_content_free)

/* A mail to be shown. Everything in it is the sender's, and made harmless as far as that goes: who
 * shows HTML puts it into a sandboxed frame with a policy of its own all the same. */
typedef struct MailView {
	MailContent *content;  /* its text is the mail's own, without that of attached messages */
	GPtrArray *senders;    /* char *, "Name <address>" each: those of content->from */
	GPtrArray *reply_to;   /* the same: where the sender wants answers */
	GPtrArray *references; /* char *, without <>, the oldest first */
	char *header;	       /* as it was sent, lines ended by LF */
	char *html;	       /* a fragment, sanitised; NULL: the mail has none, or none to see */
	unsigned blocked_remote; /* images, styles and the like that are not fetched */
	unsigned blocked_active; /* scripts, forms, frames, event handlers and the like */
	bool truncated;		 /* a limit cut something, content->truncated included */
} MailView;

#define MAIL_REFERENCES_LIMIT 100
#define MAIL_HEADER_LIMIT (64 * 1024)
/* Bytes of MailView.html: without the images, which are data: URIs in it, and with them. */
#define MAIL_HTML_LIMIT (1536 * 1024)
#define MAIL_HTML_WHOLE_LIMIT (MAIL_HTML_LIMIT + 6 * 1024 * 1024)

MailView *mail_view_new(void);
void mail_view_free(MailView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailView, mail_view_free)
