/* What the tests of the writer share: a message that can be changed field by field, and what it
 * becomes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "failure/failure.h"
#include "mime/mime.h"
#include "mime/mime_write.h"
#include "mime/mime_write_internal.h"

#define CRLF "\r\n"
#define EMOJI "\xf0\x9f\x98\x80"
#define SEPARATOR "\xe2\x80\xa8" /* U+2028 */
#define SURROGATE "\xed\xa0\x80" /* half a letter of UTF-16 */

/* A MimeSink. */
static inline bool collect(const void *bytes, size_t size, void *data, GError **error)
{
	(void)error;
	g_string_append_len(data, bytes, (gssize)size);
	return true;
}

/* An array of one, borrowed; yours. */
static inline GPtrArray *only(const MimeAddress *person)
{
	GPtrArray *people = g_ptr_array_new();

	g_ptr_array_add(people, (gpointer)person);
	return people;
}

static inline MimeMessage message_from(const MimeAddress *from, const GPtrArray *to)
{
	return (MimeMessage){.from = from,
		.to = to,
		.subject = "Bescheid",
		.text = "Guten Tag\n",
		.message_id = "1.2@amt.example",
		.date = 1795442645};
}

/* Yours: what MESSAGE becomes, each line looked at. */
static inline GString *write_message(const MimeMessage *message, MimeWritten *written)
{
	g_autoptr(GError) error = NULL;
	MimeWritten ignored;
	GString *text = g_string_new(NULL);

	if (!mime_write(message, collect, text, written ? written : &ignored, &error))
		fail_msg("refused: %s", error->message);
	for (const char *line = text->str; *line;) {
		const char *end = strstr(line, CRLF);

		assert_non_null(end);
		assert_true(end - line <= 998);
		assert_null(memchr(line, '\n', (size_t)(end - line)));
		assert_null(memchr(line, '\r', (size_t)(end - line)));
		line = end + 2;
	}
	return text;
}

/* Yours: the same, read by the reader of foreign mails. */
static inline MailContent *read_back(const MimeMessage *message)
{
	g_autoptr(GString) text = write_message(message, NULL);

	return mime_read_bytes(text->str, text->len);
}

/* MESSAGE is refused as FAILURE, and nothing of it was written. */
static inline void assert_refused(const MimeMessage *message, Failure failure, const char *subject)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	MimeWritten written;

	assert_false(mime_write(message, collect, text, &written, &error));
	if (!failure_is(error, failure))
		fail_msg("another failure: %s", error->message);
	assert_int_equal(text->len, 0);
	if (subject)
		assert_string_equal(failure_subject(error), subject);
}
