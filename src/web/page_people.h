/* What the files of the Benutzerverwaltung share. */
#pragma once

#include "app/people.h"
#include "web/page.h"

#define PEOPLE_A_PAGE 50
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

/* A page with the tabs of all users, TAB being the present one. */
Html *page_people_begin(const Visit *visit, const char *tab, bool wide);
/* The form that searches at ACTION; REASON (nullable) is its "grund". */
void page_people_search(Html *h, const char *action, const char *text, const char *reason);
/* Cells of their tables. */
void page_people_name(Html *h, const Person *person);
void page_people_sign_in(Html *h, const SignInReport *report);
