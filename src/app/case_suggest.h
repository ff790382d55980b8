/* Which Aktenzeichen a mail on the server may belong to, and why: offered, never set. */
#pragma once

#include <glib.h>
#include "app/office.h"
#include "app/viewing.h"

typedef struct CaseSuggestion {
	char *case_number;
	enum {
		SUGGESTED_BY_REFERENCE, /* it answers a mail with that number */
		SUGGESTED_BY_SUBJECT,	/* the number stands in its subject */
	} reason;
} CaseSuggestion;

void case_suggestion_free(CaseSuggestion *suggestion);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaseSuggestion, case_suggestion_free)

/* Among the mails that VIEWING sees: by REFERENCES (nullable; Message-IDs without <>,
 * NULL-terminated, the nearest first), else by SUBJECT. *SUGGESTION NULL: nothing. */
bool case_suggest(Office *office, const Viewing *viewing, const char *const *references,
	const char *subject, CaseSuggestion **suggestion, GError **error);
