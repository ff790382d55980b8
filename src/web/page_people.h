/* What the files of the Benutzerverwaltung share. */
#pragma once

#include "web/page.h"

#define HELPLESS_SHOWN 500
#define ROW_ERRORS_SHOWN 200

/* "/benutzer/NAME" and BEHIND ("", "/office"), for an attribute. */
void page_person_path(Html *h, const char *name, const char *behind);
/* A page about the user NAME with the tabs, TAB ("", "/office", "/wirksam") being the present one.
 */
Html *page_person_begin(const Visit *visit, const char *name, const char *tab, bool wide);
/* The whole address that TOKEN opens, as the browser of VISIT came here; yours. */
char *page_invitation_link(const Visit *visit, const char *token);
/* Offers to invite everybody who has no password, if there is anybody. */
bool page_invite_all_offer(Html *h, const Visit *visit, GError **error);
