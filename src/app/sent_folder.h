/* The folder of a mailbox that holds what was sent from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "app/mailbox.h"

/* Which of FOLDERS (ImapFolder *) that is, borrowed: by its role, else by its name; NULL: none. */
const char *sent_folder_choose(const GPtrArray *folders);

/* Adds the SIZE BYTES of a message, seen and received at DATE (seconds since 1970), to MAILBOX's
 * folder with the role \Sent, else to one with a usual German or English name, else to a new one
 * ("Gesendet"); nothing if a mail with MESSAGE_ID (without <>) is there already. */
bool sent_folder_add(Mailbox *mailbox, const char *message_id, const void *bytes, size_t size,
	int64_t date, GError **error);
