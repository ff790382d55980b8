/* What somebody typed into a form whose session was over when it was sent: carried through signing
 * in and put back into the form. Never a password nor any other secret. */
#pragma once

#include <glib.h>
#include "web/form.h"
#include "web/html.h"

/* The hidden field that says whose form it is. */
#define AGAIN_WHO "wer"

/* FORM's fields that can be put back, yours; NULL: there are none, or it is too much. */
Form *again_pick(const Form *form);
/* As hidden fields of another form, and back again (NULL: none there). */
void again_write(Html *h, const Form *picked);
Form *again_read(const Form *form);
