/* One office's installation: the data folder with database, key ring, settings and archive, opened
 * once a process and handed to every use case. Opening sets the process's umask
 * to 077, guards its memory and starts libraries; otherwise it knows no protocol. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "archive/archive.h"
#include "db/db.h"
#include "outbox/outbox.h"
#include "settings/settings.h"

typedef struct Office Office;
typedef struct MailPool MailPool; /* app/mail_pool.h */

/* FOLDER is made (0700) if only its last part is missing; below the XDG data folder all of it.
 * DATABASE NULL: "sqlite:FOLDER/amtspost.db". As root the process becomes the owner of an existing
 * folder. Refused are a folder that is none (FAILURE_DATA_FOLDER), is somebody else's
 * (FAILURE_STORE_FOREIGN), that others may change (FAILURE_DATA_FOLDER_OPEN), or that lost its
 * database (FAILURE_DATABASE_MISSING). Without its key ring it opens (settings_open). */
Office *office_open(const char *folder, const char *database, GError **error);
void office_close(Office *office);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Office, office_close)

Db *office_db(Office *office);
Settings *office_settings(Office *office);
/* The data folder, absolute, borrowed. */
const char *office_folder(const Office *office);
/* NULL: it is missing. */
const Keyring *office_keyring(const Office *office);

/* Opened at the first use; NULL with *ERROR on failure. */
Archive *office_archive(Office *office, GError **error);

/* The same for the outbox. */
Outbox *office_outbox(Office *office, GError **error);

/* Sessions that wait for their users; NULL: nobody keeps any. Borrowed, set before any thread. */
MailPool *office_pool(const Office *office);
void office_set_pool(Office *office, MailPool *pool);

/* Lets the archive take away bytes that no row names any more; after imports and deletions. It
 * works a bounded time, goes on with the next call, and a failure is only logged. */
void office_tidy(Office *office);
