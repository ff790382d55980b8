/* Text that comes from people and peers: checks, folding, words. Everything is UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

/* Yours: case folded and composed (NFC), so that equal means equal to a reader. Invalid UTF-8 is
 * replaced by U+FFFD first. */
char *text_fold(const char *text);

/* Yours: TEXT, an address, in small letters and composed (NFC): what identifies it. Narrower than
 * text_fold, which makes one name of "straße" and "strasse", as those are of different owners. */
char *text_fold_address(const char *text);

/* Whether both are the same address, or the same to a server, but for small letters; NULL equals
 * "". */
bool text_is_same(const char *one, const char *other);

/* Yours: valid UTF-8 without NUL; what is not is replaced by U+FFFD. */
char *text_make_valid(const char *data, size_t size);

/* True if TEXT holds a control character (C0, DEL, C1) or is no valid UTF-8. */
bool text_has_control(const char *text);

/* True for one part of a domain between dots: letters of any script, digits and inner hyphens, and
 * the letter EXTRA if it is not 0 (the underscore of Windows domains). */
bool text_is_label(const char *label, gunichar extra);

/* True for one e-mail address: local@domain without quotes, blanks, controls and invisible letters,
 * at most 254 bytes; also internationalised ones (RFC 6531). */
bool text_is_address(const char *text);

/* Control characters and those that change how the text around them is shown (bidi overrides). */
bool text_steers_terminal(gunichar letter);

/* Yours: TEXT safe to print on a terminal as one line: control characters, line separators and
 * bidirectional controls become U+FFFD. */
char *text_for_terminal(const char *text);

/* Yours: TEXT as one word of a command line that a person types. */
char *text_shell_word(const char *text);

/* Appends the words of TEXT to WORDS, folded, without diacritics, separated by single blanks: the
 * one tokeniser of search. At most LIMIT bytes are added, whole words only; false if some did not
 * fit. A word is a run of letters and digits and is cut at 64 bytes; in scripts without blanks
 * (Chinese, say) it is found by its beginning only. */
bool text_append_words(GString *words, const char *text, size_t limit);

/* Cuts TEXT at SEPARATOR into stripped, non-empty items, without doubles (compared as addresses).
 */
GPtrArray *text_split_list(const char *text, char separator);
