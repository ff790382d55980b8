/* What the files of *Zustand* share. Only for page_state*.c. */
#pragma once

#include "web/page.h"
#include "web/web_internal.h"

#define PAGE_STATE "/zustand"

/* How the outbox stands: how much, whose and why, never what (page_state_outbox.c). */
bool page_state_outbox(Html *h, const Visit *visit, GError **error);
