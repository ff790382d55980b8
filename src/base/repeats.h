/* Whether a text of a peer repeats a secret. Servers and proxies like to name what they could not
 * make sense of or did not accept: the command, its argument, what they decoded of it, all of that
 * or a part, at once or in any later answer. Messages go into logs and to other people, secrets do
 * not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "base/secret.h"

/* What is looked for, and what may stand in a text anyway. */
typedef struct Repeats Repeats;

Repeats *repeats_new(void);
void repeats_free(Repeats *repeats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Repeats, repeats_free)

/* Adds a copy of SECRET (NULL: nothing). */
void repeats_add_secret(Repeats *repeats, const Secret *secret);
/* Adds NAME (NULL: nothing), a user's or a host's: it, and either side of its "@", are no repeated
 * secret, even where one is like it or holds it. */
void repeats_add_name(Repeats *repeats, const char *name);

/* Whether the SIZE bytes of TEXT, which a peer says, repeat a piece of a secret: eight bytes one
 * behind the other, or all of a secret of four to seven; shorter ones are not looked for. Pieces
 * are found in small and capital letters, plainly or anywhere inside base64, hexadecimal digits,
 * percent-encoding or UTF-16. Ordinary words of servers, and the names, do not count unless they
 * are the whole secret and stand there like an argument ("password" in quotes). Looks at the bytes
 * as they came; what was replaced or escaped otherwise is not known again. REPEATS NULL: no. */
bool repeats_in_text(const Repeats *repeats, const char *text, size_t size);

/* The same for a TEXT that may be ours for the most part. A name never counts, nor does a piece
 * without letters or of letters only, unless it is a whole secret of at least eight bytes that
 * stands there as only an argument does ("X-LAST=Sonnenblume") or is longer than any word. */
bool repeats_in_report(const Repeats *repeats, const char *text);

/* Stands in a message in place of a text that repeats a secret. */
#define REPEATS_WITHHELD "(withheld: the server's text repeats the secret)"

/* TEXT, or REPEATS_WITHHELD if it repeats_in_text; borrowed. NULL stays NULL. */
const char *repeats_withhold(const Repeats *repeats, const char *text);
