/* What the tests of mime/ share: mails from literals, files that vanish. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "mime/mime_internal.h"
#include "mime/mime_wire.h"

#define CRLF "\r\n"

static inline MailContent *read_string(const char *mail)
{
	return mime_read_bytes(mail, strlen(mail));
}

/* A file in memory with SIZE bytes of DATA; close it. */
static inline int file_with(const void *data, size_t size)
{
	int file = memfd_create("mail", MFD_CLOEXEC);

	assert_true(file >= 0);
	assert_true(file_write_all(file, data, size));
	return file;
}

/* Yours: TEXT repeated COUNT times. */
static inline GString *repeat(const char *text, unsigned count)
{
	GString *all = g_string_new(NULL);

	for (unsigned i = 0; i < count; i++)
		g_string_append(all, text);
	return all;
}

static inline const MailPart *part_at(const MailContent *content, unsigned index)
{
	assert_true(index < content->attachments->len);
	return g_ptr_array_index(content->attachments, index);
}

/* Every promise that MailContent makes for any bytes. */
static inline void assert_sound(const MailContent *content)
{
	assert_non_null(content);
	assert_true(g_utf8_validate(content->subject, -1, NULL));
	assert_true(g_utf8_validate(content->from, -1, NULL));
	assert_true(g_utf8_validate(content->text, -1, NULL));
	assert_true(strlen(content->text) <= MAIL_TEXT_LIMIT);
	assert_true(content->attachments->len <= MIME_PART_LIMIT);
	for (guint i = 0; i < content->attachments->len; i++) {
		assert_true(g_utf8_validate(part_at(content, i)->name, -1, NULL));
		assert_true(*part_at(content, i)->name);
		assert_null(strpbrk(part_at(content, i)->name, "/\\\n\r\t"));
	}
}
