/* Sessions with mail servers that wait for their user's next click: for looking at folders and
 * mails, not for imports. A session serves nobody but its user, and only in the generation of the
 * settings in which it was opened: whoever changes how somebody signs in begins a new one, also in
 * another process. Any thread. */
#pragma once

#include "app/mailbox.h"

MailPool *mail_pool_new(void);
/* Nothing may be out any more. */
void mail_pool_free(MailPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailPool, mail_pool_free)

/* Closes what has waited too long; every now and then. */
void mail_pool_sweep(MailPool *pool);

/* mailbox_open (without a retry), or one that OFFICE's pool has kept and that still answers soon.
 */
Mailbox *mail_pool_take(Office *office, const Account *account, const char *address,
	const Cancel *cancel, GError **error);
/* Takes MAILBOX back, alive or not; which of its folders is selected does not matter. It is closed
 * without a pool, or if it is of a former generation. */
void mail_pool_give(Office *office, const Account *account, Mailbox *mailbox);
