/* A secret (password, token, key): opaque, wiped when freed, printable by nothing. */
#pragma once

#include <glib.h>

typedef struct Secret Secret;

/* Copies SIZE bytes of DATA; the caller wipes its own copy (secret_wipe). */
Secret *secret_new(const void *data, size_t size);
Secret *secret_copy(const Secret *secret); /* NULL gives NULL */
void secret_free(Secret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_free)

/* The bytes, borrowed, with a NUL behind the last one. */
const char *secret_text(const Secret *secret);
size_t secret_size(const Secret *secret);

/* Overwrites memory in a way that no compiler removes. */
void secret_wipe(void *memory, size_t size);

/* Nothing of this process's memory comes to rest in a core file, whatever handles those, and no
 * other process of the same account reads it (not under a sanitizer, which reads itself). */
void secret_guard_memory(void);
