/* Fuzzes folder names: what is decoded is text without NUL, and encoding it leads to something that
 * is decoded to the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "imap/imap_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool right)
{
	if (!right)
		abort();
}

static void check(const char *raw, bool utf8)
{
	g_autofree char *name = imap_name_decode(raw, utf8);
	g_autofree char *encoded = NULL, *again = NULL;

	require(g_utf8_validate(name, -1, NULL));
	encoded = imap_name_encode(name, utf8);
	if (!encoded)
		return;
	require(utf8 || g_str_is_ascii(encoded));
	require(!strpbrk(encoded, "\r\n"));
	again = imap_name_decode(encoded, utf8);
	require(strcmp(again, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *raw = g_strndup((const char *)data, size);

	check(raw, false);
	check(raw, true);
	return 0;
}
