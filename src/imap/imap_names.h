/* Folder names between the wire and people: modified UTF-7 (RFC 3501 section 5.1.3) or UTF-8. */
#pragma once

#include <stdbool.h>

/* What a person reads for RAW, yours, always valid UTF-8 without NUL. A shift sequence that is
 * broken or hides a control character stays as it is. UTF8: RAW is UTF-8 (RFC 6855). */
char *imap_name_decode(const char *raw, bool utf8);

/* The name on the wire, yours; NULL if NAME is empty, no UTF-8 or holds a control character. */
char *imap_name_encode(const char *name, bool utf8);
