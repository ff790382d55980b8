/* The credentials of its own that a user's further mailbox may have, and their refusals. Only for
 * mailbox*.c, login*.c and check_withhold.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/secret.h"
#include "model/account.h"

typedef struct MailboxLogin {
	char *username;	  /* NULL: it has no credentials of its own */
	Secret *password; /* the same */
	char *stored;	  /* which ones these are: no others have the same */
	bool refused;	  /* the server said no to them */
	int64_t since;	  /* when it did, while refused */
} MailboxLogin;

void mailbox_login_clear(MailboxLogin *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailboxLogin, mailbox_login_clear)

/* What is stored of ADDRESS for ACCOUNT's user and server. A refusal holds until there are other
 * credentials. FAILURE_SECRET_UNREADABLE. */
bool mailbox_login_load(Office *office, const Account *account, const char *address,
	MailboxLogin *login, GError **error);

/* Stores credentials of its own, with an audit row. FAILURE_KEYRING_MISSING. */
bool mailbox_login_store(Office *office, const Account *account, const char *address,
	const char *username, const Secret *password, const char *actor, GError **error);
/* Forgets those of ADDRESS (NULL: of all); *REMOVED: there were some. */
bool mailbox_login_remove(Office *office, const Account *account, const char *address,
	const char *actor, bool *removed, GError **error);

/* Whether the server REFUSED what LOGIN says; only written where it changes, and where no others
 * were stored meanwhile. A failure to note it is only logged. */
void mailbox_login_note(Office *office, const Account *account, const char *address,
	const MailboxLogin *login, bool refused);
