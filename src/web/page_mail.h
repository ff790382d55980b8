/* What the pages of one archived mail share. */
#pragma once

#include "app/viewing.h"
#include "web/page.h"

/* The mail that the address names, as far as the person may see it. */
typedef struct MailAsked {
	int64_t id;
	Viewing viewing;
} MailAsked;

bool mail_asked_read(const Visit *visit, MailAsked *asked, GError **error);
void mail_asked_clear(MailAsked *asked);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailAsked, mail_asked_clear)

/* Yours; FAILURE_MAIL_UNKNOWN. */
ArchiveMail *mail_asked_find(const Visit *visit, const MailAsked *asked, GError **error);
/* "/archiv/7" and what stands BEHIND it. */
void mail_write_path(Html *h, int64_t id, const char *behind);
/* What it is called on screen, borrowed. */
const char *mail_title(const ArchiveMail *mail);
/* The mail's page. PROBLEM (nullable): why what a form on it asked for was not done; what was typed
 * there is shown again. */
bool mail_show(Visit *visit, const GError *problem, GError **error);
/* page_send_answer.c: the buttons that answer it or pass it on. */
void mail_write_answers(Html *h, const Visit *visit, const ArchiveMail *mail);
