/* Words for people about sending. */
#pragma once

#include "outbox/outbox.h"

/* "gesendet" and so on, borrowed. */
const char *words_outbox_state(OutboxState state);
/* The same of one of MAIL's recipients: those who have not got it share in what it does just now.
 */
const char *words_outbox_recipient(const OutboxMail *mail, const OutboxRecipient *recipient);
/* "a@amt.example (Blindkopie)"; yours. */
char *words_outbox_address(const OutboxRecipient *recipient);
/* MAIL's state, with what else tells how it stands: "nächster Versuch 15:04 Uhr", "nicht an
 * alle gesendet"; yours. */
char *words_outbox_mail(const OutboxMail *mail);
/* Whom it is for: "a@amt.example, b@amt.example und 3 weitere"; yours. */
char *words_outbox_people(const OutboxMail *mail);
/* What it is about, borrowed; "(ohne Betreff)". */
const char *words_outbox_subject(const OutboxMail *mail);
/* Who can do what about CONDITION (nullable), which made a mail of STATE wait or fail, for a page;
 * NULL: nothing did. Yours. */
char *words_outbox_advice(const char *condition, OutboxState state);
/* What of COUNTS is not over, in sentences: "1 E-Mail ist nicht gesendet. 2 E-Mails warten …";
 * NULL: nothing. Yours. */
char *words_outbox_counts(const OutboxCounts *counts);
/* "Nr. 7, gesendet: Ihr Antrag (an a@amt.example und 2 weitere)"; yours. */
char *words_outbox_head(const OutboxMail *mail);
