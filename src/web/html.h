/* Writing HTML: literals as they are, everything else escaped by where it stands. Yours is the
 * GString inside; there is no tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct Html Html;

Html *html_new(void);
void html_free(Html *html);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Html, html_free)

/* "" LITERAL "" compiles for literals only. */
#define html(h, literal) html_bytes(h, "" literal "", sizeof(literal) - 1)
void html_bytes(Html *h, const char *literal, size_t size);
void html_literal(Html *h, const char *literal);

/* TEXT (NULL: nothing) between tags, or in an attribute that is only read (aria-label,
 * title); invisible and direction-changing characters are made visible.
 */
void html_text(Html *h, const char *text);
void html_printf(Html *h, const char *format, ...) G_GNUC_PRINTF(2, 3); /* then as html_text */
/* What a form gives back, within a textarea: only escaped, so that it comes back as it was. */
void html_value(Html *h, const char *text);
/* The same within double quotes: html(h, "<a title=\""); html_attr(h, title); html(h, "\">"); */
void html_attr(Html *h, const char *value);
/* ' name="value"', with html_attr's escaping; NULL value: nothing at all. */
#define html_attribute(h, name, value) html_attribute_literal(h, "" name "", value)
void html_attribute_literal(Html *h, const char *name, const char *value);
/* ' name' if ON. */
#define html_flag(h, name, on) html_flag_literal(h, "" name "", on)
void html_flag_literal(Html *h, const char *name, bool on);
/* One part of a path or query value, percent-encoded. */
void html_url(Html *h, const char *part);
/* What html_take gave, as it is. */
void html_piece(Html *h, const char *piece);
void html_number(Html *h, int64_t number);

/* What was written since the last call or the beginning, and forgets it: for streams. Yours. */
char *html_take(Html *h);
/* All of it as a page's body; empties H. */
GBytes *html_steal(Html *h);
