/* What a mail's header and structure say, read once by mime/ and kept by archive/. */
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

MailContent *mail_content_new(void);
void mail_content_free(MailContent *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailContent, mail_content_free)
