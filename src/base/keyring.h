/* Sealing of secrets at rest: XChaCha20-Poly1305 under the newest key of a ring file. A sealed
 * value carries its key's id; the field's identity ("user id/key") is associated data, so that a
 * value moved to another row does not open. */
#pragma once

#include <glib.h>
#include "base/secret.h"

typedef struct Keyring Keyring;

/* Reads PATH. NULL with errno: ENOENT there is none, EINVAL a broken ring, EPERM readable by
 * others, EACCES somebody else's, otherwise the file's. */
Keyring *keyring_read(const char *path);
/* As keyring_read, but makes a missing ring (temporary file, fsync, link: two processes at once get
 * one ring; mode 0600). */
Keyring *keyring_open(const char *path);
void keyring_free(Keyring *keyring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keyring, keyring_free)

/* Yours: printable (base64 with the key id in front). IDENTITY names user and field. */
char *keyring_seal(const Keyring *keyring, const char *identity, const Secret *secret);

/* Yours; NULL if SEALED was not made by this ring for this IDENTITY, or was changed. */
Secret *keyring_open_sealed(const Keyring *keyring, const char *identity, const char *sealed);
