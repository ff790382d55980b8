/* Which folders the import hides: the user's list or the standard with its aliases.
 * Pure. */
#pragma once

#include <glib.h>
#include "imap/imap.h"
#include "model/account.h"

typedef struct HiddenRules HiddenRules;

HiddenRules *hidden_rules_new(const Account *account);
void hidden_rules_free(HiddenRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HiddenRules, hidden_rules_free)

/* Those of a mailbox's FOLDERS (ImapFolder *, borrowed) that have a role. */
GPtrArray *hidden_list_marked(const GPtrArray *folders);

/* The entry that hides FOLDER, as written in the list, borrowed; NULL: it is shown. MARKED
 * (nullable) are those of its mailbox with a role, which hides what lies below them too. */
const char *hidden_rules_match(
	const HiddenRules *rules, const ImapFolder *folder, const GPtrArray *marked);

/* The entry that hides the whole mailbox ADDRESS, borrowed; NULL: none. */
const char *hidden_rules_match_mailbox(const HiddenRules *rules, const char *address);

/* Notes which entries match FOLDER, also where another one hides it already. */
void hidden_rules_note(HiddenRules *rules, const ImapFolder *folder, const GPtrArray *marked);
/* The entries that matched no folder noted so far and are no mailbox of ACCOUNT's, borrowed. */
GPtrArray *hidden_rules_unmatched(const HiddenRules *rules, const Account *account);
