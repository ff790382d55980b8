/* Any bytes as a finished message, as an address and as text that is answered. What is taken keeps
 * every promise; what a message becomes is taken again and stays as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "mime/mime_write.h"
#include "mime/mime_write_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool collect(const void *bytes, size_t size, void *data, GError **error)
{
	(void)error;
	g_string_append_len(data, bytes, (gssize)size);
	return true;
}

/* Lines end with CRLF and nothing else. */
static void check_lines(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		check(bytes[i] != '\r' || (i + 1 < size && bytes[i + 1] == '\n'));
		check(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
	}
	check(size >= 2 && bytes[size - 1] == '\n');
}

static void check_ready(const MimeReady *ready)
{
	g_autoptr(MimeReady) again =
		mime_ready_read(ready->content->data, ready->content->len, 0, NULL);

	check_lines((const char *)ready->content->data, ready->content->len);
	check(g_utf8_validate(ready->subject, -1, NULL) && !text_has_control(ready->subject));
	for (guint i = 0; i < ready->senders->len; i++)
		check(text_is_address(g_ptr_array_index(ready->senders, i)));
	check(ready->recipients->len > 0);
	for (guint i = 0; i < ready->recipients->len; i++) {
		const char *address = g_ptr_array_index(ready->recipients, i);
		g_autofree char *wire = mime_address_wire(address, NULL);

		check(wire && strcmp(wire, address) == 0);
	}
	/* Without Bcc it may have no recipient any more. */
	if (!again)
		return;
	check(again->content->len == ready->content->len);
	check(memcmp(again->content->data, ready->content->data, again->content->len) == 0);
	check(strcmp(again->message_id, ready->message_id) == 0);
	check(strcmp(again->from->address, ready->from->address) == 0);
}

/* A message with LINE in all fields that take one; it must be one that is ready. */
static void fuzz_write(const MimeAddress *person, const char *line, const char *text)
{
	g_autoptr(GPtrArray) to = g_ptr_array_new();
	g_autoptr(GString) sent = g_string_new(NULL);
	const MimeFile file = {.name = line, .data = text, .size = strlen(text)};
	MimeMessage message = {.from = person,
		.to = to,
		.subject = line,
		.text = text,
		.message_id = "1@amt.example",
		.files = &file,
		.file_count = 1};
	g_autoptr(MimeReady) ready = NULL;
	MimeWritten written;

	g_ptr_array_add(to, (gpointer)person);
	if (!mime_write(&message, collect, sent, &written, NULL)) {
		check(sent->len == 0);
		return;
	}
	ready = mime_ready_read(sent->str, sent->len, 0, NULL);
	check(ready && ready->content->len == sent->len && written.size == sent->len);
	check(memcmp(ready->content->data, sent->str, sent->len) == 0);
	check(ready->recipients->len == 1);
	check(ready->has_utf8 == written.has_utf8 && ready->has_8bit == written.has_8bit);
}

static void fuzz_text(const char *text)
{
	MimeAddress person = {(char *)text, (char *)"a@amt.example"};
	g_autoptr(MimeAddress) address = mime_address_parse(text, NULL);
	g_autofree char *quotation = mime_quote(text, strlen(text));
	g_autofree char *subject = NULL;

	check(g_utf8_validate(quotation, -1, NULL));
	if (address)
		fuzz_write(address, "x", text);
	fuzz_write(&person, text, text);
	person.name = NULL;
	fuzz_write(&person, "x", quotation);
	if (g_utf8_validate(text, -1, NULL))
		subject = mime_answer_subject(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(MimeReady) ready = mime_ready_read(data, size, 1795442645, NULL);
	g_autofree char *text = g_strndup((const char *)data, size);

	if (ready)
		check_ready(ready);
	fuzz_text(text);
	return 0;
}
