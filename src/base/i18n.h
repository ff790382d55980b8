/* Sentences for people: the message id is the German text, catalogues translate it. */
#pragma once

#include <libintl.h>

#define _(text) i18n_text(text)
#define N_(text) (text)

/* TEXT in the person's language; borrowed. Without a catalogue that is TEXT itself, found without
 * gettext's locks and its look at the environment. */
const char *i18n_text(const char *text) __attribute__((format_arg(1)));

/* Chooses the language by LC_MESSAGES and LANGUAGE; German where there is no catalogue. */
void i18n_start(void);
