/* The token file: what a sign-in left, as JSON with its secrets sealed. One user's file lies at one
 * path; only whoever holds that user's lock (app/) stores or recovers it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "base/keyring.h"
#include "oauth/oauth.h"

#define OAUTH_TOKEN_FILE "eurowig_office365_token.json"

/* Whose it is. */
typedef struct OauthOwner {
	int64_t user_id;
	const char *user;
	const char *installation; /* tells two data folders apart */
} OauthOwner;

typedef struct OauthToken {
	char *account;	/* the mailbox that it was made for */
	char *identity; /* who signed in; NULL: not told */
	char *authority;
	char *tenant;
	char *client_id;
	OauthGrant grant; /* its identity is NULL */
} OauthToken;

void oauth_token_free(OauthToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OauthToken, oauth_token_free)

/* Reads PATH; yours. KEYRING NULL: secrets do not open. Failures: FAILURE_TOKEN_MISSING,
 * _UNREADABLE, _BROKEN (no file of ours, cut off), _UNKNOWN (another program's), _NEWER (of a newer
 * version), _FOREIGN, _FOREIGN_OFFICE, _FOREIGN_OWNER
 * (another user's, installation's, account's of the machine), _SEALED. */
OauthToken *oauth_token_load(
	const char *path, const OauthOwner *owner, const Keyring *keyring, GError **error);

/* Brings in what a process that died had written but not yet put in place. */
void oauth_token_recover(const char *path, const OauthOwner *owner, const Keyring *keyring);

/* Whether a token of OWNER may be put at PATH: its folder can be made and written in, by its owner
 * alone, there is room, and what lies there is nobody else's (FAILURE_TOKEN_FOLDER,
 * FAILURE_DISK_FULL, FAILURE_TOKEN_FOREIGN …). */
bool oauth_token_check_place(const char *path, const OauthOwner *owner, GError **error);

/* Puts TOKEN at PATH: atomically, for the owner alone, on the disk before it returns. A file there
 * that is not Amtspost's, or a newer one's, is kept beside it as PATH.alt, .alt2 …
 * FAILURE_TOKEN_FOREIGN, FAILURE_TOKEN_FOLDER, FAILURE_KEYRING_MISSING, FAILURE_DISK_FULL. */
bool oauth_token_store(const OauthToken *token, const char *path, const OauthOwner *owner,
	const Keyring *keyring, GError **error);

/* Removes PATH if it is OWNER's, or broken; what is somebody else's stays (true).
 * FAILURE_TOKEN_FOLDER: it is still there. */
bool oauth_token_remove(const char *path, const OauthOwner *owner, GError **error);
