/* Words for people about sending. */
#pragma once

#include "outbox/outbox.h"

/* "gesendet" and so on, borrowed. */
const char *words_outbox_state(OutboxState state);
/* "Nr. 7, gesendet: Ihr Antrag (an a@amt.example und 2 weitere)"; yours. */
char *words_outbox_head(const OutboxMail *mail);
