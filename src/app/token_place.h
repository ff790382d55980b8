/* Where a user's token file goes, and the lock that makes refreshing single-flight. Only for
 * token*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "app/office.h"
#include "base/cancel.h"
#include "base/file.h"

/* The path for ACCOUNT's token file as the settings say now, placeholders replaced; yours. Empty
 * places of the environment, or a path that is not absolute: FAILURE_TOKEN_FOLDER. */
char *token_place(const Office *office, const Account *account, GError **error);

/* Waits for USER's lock (users/USER/refresh.lock below the data folder) at most SECONDS;
 * FAILURE_CANCELLED, FAILURE_STORE_BUSY. Closing *LOCK lets go. */
bool token_lock(const Office *office, const char *user, int seconds, const Cancel *cancel,
	Descriptor *lock, GError **error);

/* Removes the user's folder below the data folder, if it is empty but for the lock. */
void token_place_remove(const Office *office, const char *user);
