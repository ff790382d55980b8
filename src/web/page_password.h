/* Passwords for Amtspost itself: what the pages that choose one share. */
#pragma once

#include "user/user_session.h"
#include "web/page.h"

/* The new password, twice, with what PROBLEM (nullable) says against it. */
void page_password_fields(Html *h, const GError *problem);
/* PROBLEM (nullable) above them: in full only if it stands at no field. */
void page_password_alert(Html *h, const GError *problem);
/* What was typed into them, yours. FAILURE_PASSWORDS_DIFFER. */
Secret *page_chosen_password(const Visit *visit, GError **error);
/* Sets the failure of a try that did not lead in; WAIT: seconds until the next may. */
void page_explain_try(Db *db, SessionTry outcome, int64_t wait, const char *name, GError **problem);
