/* Secrets: allocated outside GLib's string helpers, wiped when freed. */
#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sodium.h>
#include "base/sanitizer.h"

struct Secret {
	size_t size;
	char text[];
};

Secret *secret_new(const void *data, size_t size)
{
	Secret *secret = g_malloc(sizeof *secret + size + 1);

	secret->size = size;
	if (size > 0)
		memcpy(secret->text, data, size);
	secret->text[size] = '\0';
	return secret;
}

Secret *secret_copy(const Secret *secret)
{
	return secret ? secret_new(secret->text, secret->size) : NULL;
}

void secret_free(Secret *secret)
{
	if (!secret)
		return;
	sodium_memzero(secret->text, secret->size);
	g_free(secret);
}

const char *secret_text(const Secret *secret)
{
	return secret->text;
}

size_t secret_size(const Secret *secret)
{
	return secret->size;
}

void secret_wipe(void *memory, size_t size)
{
	sodium_memzero(memory, size);
}

void secret_guard_memory(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (!UNDER_SANITIZER)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
