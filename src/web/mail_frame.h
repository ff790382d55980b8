/* The document within the frame that shows a mail, wherever it comes from: a foreign page
 * (Route.foreign), with nothing of ours but these words. */
#pragma once

#include "model/mail.h"
#include "web/html.h"
#include "web/route.h"

/* Yours, up to the body's beginning. */
Html *mail_frame_begin(void);
/* The header's main fields and the names of the attachments. */
void mail_frame_head(Html *h, const MailView *view);
/* What was blocked, and the mail itself. */
void mail_frame_content(Html *h, const MailView *view);
/* Each of the two alone: the mail as text. */
void mail_frame_blocked(Html *h, const MailView *view);
void mail_frame_text(Html *h, const MailView *view);
/* A sentence of ours. */
void mail_frame_note(Html *h, const char *text);
/* Answers with it; takes H. */
void mail_frame_end(Visit *visit, Html *h);
