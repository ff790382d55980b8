/* Any bytes as a mail: read from memory, written into a frame and back, every attachment decoded.
 * The first byte of an input chooses what else is made of it: an answer of a worker, an address
 * field, HTML. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "mime/mime_internal.h"
#include "mime/mime_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count_bytes(const void *data, size_t size, void *user_data)
{
	(void)data;
	*(uint64_t *)user_data += size;
	return true;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Decodes each attachment: as many bytes as the reader said. */
static void check_attachments(const void *data, size_t size, const MailContent *content)
{
	for (guint i = 0; i < content->attachments->len; i++) {
		const MailPart *part = g_ptr_array_index(content->attachments, i);
		g_auto(MimeSource) source = {0};
		uint64_t bytes = 0;

		mime_source_init_memory(&source, data, size);
		check(mime_extract(&source, i + 1, count_bytes, &bytes));
		check(bytes == part->size && *part->name && !strpbrk(part->name, "/\\"));
	}
}

static void fuzz_mail(const void *data, size_t size)
{
	g_autoptr(MailContent) content = mime_read_bytes(data, size);
	g_autoptr(GVariant) encoded = g_variant_ref_sink(mime_encode_content(0, content));
	g_autoptr(GBytes) body = g_variant_get_data_as_bytes(encoded);
	g_autoptr(MailContent) decoded = mime_decode_content(body, 0);

	check(decoded && strcmp(decoded->text, content->text) == 0);
	check(decoded->attachments->len == content->attachments->len);
	check_attachments(data, size, content);
}

static void fuzz_answer(const void *data, size_t size)
{
	g_autoptr(GBytes) body = g_bytes_new(data, size);
	g_autoptr(MailContent) content = mime_decode_content(body, 0);
	MimeExtracted result;
	unsigned asked;
	size_t count;
	int number;

	check(!content || g_utf8_validate(content->text, -1, NULL));
	mime_decode_extracted(body, &result, &number);
	g_free(mime_decode_request(body, &count, &asked));
}

static void fuzz_people(const void *data, size_t size)
{
	g_auto(MimeHeader) header = {0};
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func(g_free);

	mime_header_add_line(&header, "To:", 3);
	mime_header_add_piece(&header, data, size);
	mime_people_read(&header, MIME_TO, people);
	for (guint i = 0; i < people->len; i++)
		check(g_utf8_validate(g_ptr_array_index(people, i), -1, NULL));
}

static void fuzz_html(const void *data, size_t size)
{
	g_autofree char *html = mime_text_to_utf8(data, size, NULL);
	int64_t time = MIME_HTML_TIME_LIMIT;
	g_autoptr(GString) text = g_string_new(NULL);

	mime_html_append(text, html, MIME_TEXT_LIMIT, &time);
	check(g_utf8_validate(text->str, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mime_start_library();
	fuzz_mail(data, size);
	switch (size > 0 ? data[0] : 0) {
	case 1:
		fuzz_answer(data + 1, size - 1);
		break;
	case 2:
		fuzz_people(data + 1, size - 1);
		break;
	case 3:
		fuzz_html(data + 1, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
