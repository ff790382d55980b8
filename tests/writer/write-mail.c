/* Writes mails as the program does, for tests that read them with other programs' readers.
 *
 *   write-mail < ORDER.json          {"from", "to": [], "cc": [], "subject", "text", "message_id",
 *                                    "date", "in_reply_to", "references": [], "files": [{"name",
 *                                    "type", "path"}]}; people as "Name <address>"
 *   write-mail --ready < MAIL.eml    a finished message as it is sent
 *
 * The mail is on standard output. Status 2: refused, the failure's name is on standard error. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <jansson.h>
#include "base/file.h"
#include "failure/failure.h"
#include "mime/mime_write.h"

#define INPUT_LIMIT ((size_t)256 << 20)

static bool print(const void *bytes, size_t size, void *data, GError **error)
{
	if (fwrite(bytes, 1, size, data) == size)
		return true;
	failure_set(error, FAILURE_OUTPUT, "stdout", "cannot write");
	return false;
}

static int refuse(const GError *error)
{
	fprintf(stderr, "%s: %s\n", failure_name(error), error->message);
	return 2;
}

static void free_address(gpointer address)
{
	mime_address_free(address);
}

/* Yours: the people of ORDER's member NAME; NULL: one is none. */
static GPtrArray *people_of(const json_t *order, const char *name, GError **error)
{
	g_autoptr(GPtrArray) people = g_ptr_array_new_with_free_func(free_address);
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(order, name), index, value)
	{
		MimeAddress *person = mime_address_parse(json_string_value(value), error);

		if (!person)
			return NULL;
		g_ptr_array_add(people, person);
	}
	return g_steal_pointer(&people);
}

static GPtrArray *strings_of(const json_t *order, const char *name)
{
	GPtrArray *strings = g_ptr_array_new();
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(order, name), index, value)
		g_ptr_array_add(strings, (gpointer)json_string_value(value));
	return strings;
}

static const char *string_of(const json_t *order, const char *name, const char *otherwise)
{
	const char *value = json_string_value(json_object_get(order, name));

	return value ? value : otherwise;
}

/* Yours: ORDER's files, open until the process ends. */
static MimeFile *files_of(const json_t *order, size_t *count)
{
	json_t *list = json_object_get(order, "files"), *value;
	MimeFile *files = g_new0(MimeFile, json_array_size(list) + 1);
	size_t index;

	*count = json_array_size(list);
	json_array_foreach(list, index, value)
	{
		struct stat status = {0};
		int descriptor = open(string_of(value, "path", ""), O_RDONLY | O_CLOEXEC);

		fstat(descriptor, &status);
		files[index] = (MimeFile){.name = string_of(value, "name", "?"),
			.type = string_of(value, "type", NULL),
			.descriptor = descriptor,
			.size = (uint64_t)status.st_size};
	}
	return files;
}

static int write_order(const json_t *order)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MimeAddress) from = mime_address_parse(string_of(order, "from", ""), &error);
	g_autoptr(GPtrArray) to = from ? people_of(order, "to", &error) : NULL;
	g_autoptr(GPtrArray) cc = to ? people_of(order, "cc", &error) : NULL;
	g_autoptr(GPtrArray) references = strings_of(order, "references");
	size_t count;
	g_autofree MimeFile *files = files_of(order, &count);
	const MimeMessage message = {.from = from,
		.to = to,
		.cc = cc,
		.subject = string_of(order, "subject", ""),
		.text = string_of(order, "text", ""),
		.message_id = string_of(order, "message_id", "1@amt.example"),
		.date = json_integer_value(json_object_get(order, "date")),
		.in_reply_to = string_of(order, "in_reply_to", NULL),
		.references = references,
		.files = files,
		.file_count = count};
	MimeWritten written;

	if (!cc || !mime_write(&message, print, stdout, &written, &error))
		return refuse(error);
	fprintf(stderr, "%s\n", written.has_utf8 ? "utf8" : "ascii");
	return EXIT_SUCCESS;
}

static int write_ready(const char *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MimeReady) ready = mime_ready_read(bytes, size, 0, &error);

	if (!ready || !print(ready->content->data, ready->content->len, stdout, &error))
		return refuse(error);
	for (guint i = 0; i < ready->recipients->len; i++)
		fprintf(stderr, "%s\n", (char *)g_ptr_array_index(ready->recipients, i));
	return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
	size_t size;
	g_autofree char *input = file_read_descriptor(STDIN_FILENO, INPUT_LIMIT, &size);
	json_error_t fault;
	json_t *order;
	int status;

	if (!input)
		return EXIT_FAILURE;
	if (count == 2 && strcmp(arguments[1], "--ready") == 0)
		return write_ready(input, size);
	order = json_loadb(input, size, 0, &fault);
	if (!order) {
		fprintf(stderr, "%s\n", fault.text);
		return EXIT_FAILURE;
	}
	status = write_order(order);
	json_decref(order);
	return status;
}
