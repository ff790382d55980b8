/* The mails that a user's imports could not retrieve, as the archive has them noted for another
 * try: by folder. Asks no server. */
#pragma once

#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "user/user.h"

/* Those of one folder. */
typedef struct RetryGroup {
	char *mailbox;
	char *folder;
	unsigned count;
	char *reason;	  /* of the first, a German sentence */
	int64_t tried_at; /* the last try of all */
} RetryGroup;

void retry_group_free(RetryGroup *group);

/* RetryGroup *, yours; of mailboxes that are the user's as the settings say now. At most
 * RETRIES_LIMIT mails are counted. */
GPtrArray *retries_list(Office *office, const User *user, GError **error);
#define RETRIES_LIMIT 5000

/* Those of FOLDER as a pick for an import, "4,6:8" under *UID_VALIDITY, yours; "": none. */
char *retries_uids(Office *office, const char *user, const char *mailbox, const char *folder,
	uint32_t *uid_validity, GError **error);
