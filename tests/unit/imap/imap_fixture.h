/* What the tests of imap/ share: a session whose server's bytes are all there beforehand. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "imap/imap_internal.h"

/* Opens a session with CAPABILITIES; what the server says afterwards is ANSWERS, in pieces of
 * CHUNK. */
static inline ImapSession *fixture_open_chunked(
	const char *capabilities, const char *answers, size_t size, size_t chunk)
{
	GByteArray *all = g_byte_array_new();
	g_autofree char *greeting =
		g_strdup_printf("* OK ready\r\n* CAPABILITY %s\r\nM1 OK done\r\n", capabilities);
	g_autoptr(GBytes) input = NULL;
	g_autoptr(GError) error = NULL;
	ImapSession *session;

	g_byte_array_append(all, (const guint8 *)greeting, (guint)strlen(greeting));
	g_byte_array_append(all, (const guint8 *)answers, (guint)size);
	input = g_byte_array_free_to_bytes(all);
	session = imap_open(stream_open_memory(input, chunk), &error);
	assert_null(error);
	assert_non_null(session);
	return session;
}

static inline ImapSession *fixture_open(const char *capabilities, const char *answers)
{
	return fixture_open_chunked(capabilities, answers, strlen(answers), 1 << 20);
}

/* What the client has said so far. */
static inline const char *fixture_said(ImapSession *session)
{
	assert_true(stream_flush(session->stream, NULL));
	return stream_memory_output(session->stream)->str;
}

static inline void fixture_assert_failure(GError **error, Failure failure)
{
	assert_non_null(*error);
	if (!failure_is(*error, failure))
		fail_msg("%s: %s", failure_name(*error), (*error)->message);
	g_clear_error(error);
}
