/* The start page's cards about mails: imports, what could not be retrieved, what is new. */
#pragma once

#include "app/people_page.h"
#include "web/page.h"

/* Cards from what is stored or in memory; adds how many to *COUNT. */
void page_start_mail_cards(Html *h, const Visit *visit, unsigned *count);
/* The part that asks the mail server only once the page stands: by script, or by its button.
 * False, and nothing, where PERSON cannot use mail. */
bool page_start_new_mails(Html *h, const Person *person);
