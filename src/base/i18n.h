/* Sentences for people: the message id is the German text, catalogues translate it. */
#pragma once

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) (text)

/* Chooses the language by LC_MESSAGES and LANGUAGE; German where there is no catalogue. */
void i18n_start(void);
