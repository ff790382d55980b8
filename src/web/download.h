/* Files that browsers store: what they are called. */
#pragma once

/* Yours: NAME, somebody else's, as a name that every system takes for a plain file's: no path, no
 * reserved or invisible letter, no device, no blank or dot at an end that Windows would cut off; ""
 * becomes "Anlage". */
char *download_name(const char *name);

/* Yours: the value of Content-Disposition that has NAME stored, never shown (RFC 6266): in ASCII
 * for all, and whole for those who know more. */
char *download_disposition(const char *name);
