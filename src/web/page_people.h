/* What the files of the Benutzerverwaltung share. */
#pragma once

#include "web/page.h"

#define HELPLESS_SHOWN 500
#define ROW_ERRORS_SHOWN 200

/* "/benutzer/NAME" and BEHIND ("", "/office"), for an attribute. */
void page_person_path(Html *h, const char *name, const char *behind);
