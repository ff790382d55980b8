/* What the tests of smtp/ share: a session whose server's bytes are all there beforehand. They come
 * one by one, since a reply that comes along with another one is none that was asked for. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "smtp/smtp_internal.h"

/* A stream on which the server says SIZE bytes in pieces of CHUNK. */
static inline Stream *fixture_stream(const char *text, size_t size, size_t chunk)
{
	g_autoptr(GBytes) input = g_bytes_new(text, size);

	return stream_open_memory(input, chunk);
}

/* Opens a session in which EHLO's answer ends with the lines OFFER ("250-SIZE\r\n250 DSN\r\n");
 * what the server says afterwards is ANSWERS. */
static inline SmtpSession *fixture_open(const char *offer, const char *answers)
{
	g_autofree char *text =
		g_strconcat("220 mail.example ready\r\n250-mail.example\r\n", offer, answers, NULL);
	g_autoptr(GError) error = NULL;
	SmtpSession *session = smtp_open(fixture_stream(text, strlen(text), 1), &error);

	assert_null(error);
	assert_non_null(session);
	return session;
}

/* What the client has said after its first EHLO. */
static inline const char *fixture_said(SmtpSession *session)
{
	const char *output;

	assert_true(stream_flush(session->stream, NULL));
	output = stream_memory_output(session->stream)->str;
	assert_true(g_str_has_prefix(output, "EHLO "));
	return strstr(output, "\r\n") + 2;
}

static inline void fixture_assert_failure(GError **error, Failure failure)
{
	assert_non_null(*error);
	if (!failure_is(*error, failure))
		fail_msg("%s: %s", failure_name(*error), (*error)->message);
	g_clear_error(error);
}
