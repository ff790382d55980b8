/* Attachments: names, types, bytes from memory and from files that change. */
#include "write_fixture.h"

#include <sys/mman.h>
#include <unistd.h>
#include "base/file.h"

static int file_with(const void *data, size_t size)
{
	int file = memfd_create("attachment", MFD_CLOEXEC);

	assert_true(file >= 0);
	assert_true(file_write_all(file, data, size));
	return file;
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{"Plan.pdf", "Plan.pdf"},
		{"/tmp/a b/Plan.pdf", "Plan.pdf"},
		{"C:\\Eigene Dateien\\Plan.pdf", "Plan.pdf"},
		{" Plan.pdf ", "Plan.pdf"},
		{"../..", ".."},
		{"a/", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = mime_file_name(&(MimeFile){.name = rows[i].path});

		assert_string_equal(name, rows[i].name);
	}
}

static void test_types(void **state)
{
	static const struct {
		const char *name, *said, *type;
	} rows[] = {
		{"Plan.PDF", NULL, "application/pdf"},
		{"Plan", NULL, "application/octet-stream"},
		{"a.pdf.exe", NULL, "application/octet-stream"},
		{"mail.eml", NULL, "application/octet-stream"},
		{"a.txt", "Image/PNG", "image/png"},
		{"a.txt", "text/plain; charset=utf-8", "text/plain"},
		{"a.eml", "message/rfc822", "application/octet-stream"},
		{"a", "multipart/mixed", "application/octet-stream"},
		{"a", "", NULL},
		{"a", "image", NULL},
		{"a", "image/", NULL},
		{"a", "/png", NULL},
		{"a", "image/png/x", NULL},
		{"a", "image/png\r\nX: y", NULL},
		{"a", "im age/png", NULL},
		{"a", "image/p\xc3\xa4", NULL},
		{"a", "application/x'y", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *type =
			mime_file_type(&(MimeFile){.type = rows[i].said}, rows[i].name);

		assert_int_equal(g_strcmp0(type, rows[i].type), 0);
		if (rows[i].said && !rows[i].type) {
			g_autofree char *foreign = mime_foreign_type(rows[i].said);

			assert_string_equal(foreign, "application/octet-stream");
		}
	}
}

/* Whether FILE becomes lines of base64 that are SIZE bytes of DATA again. */
static void assert_content(const MimeFile *file, const char *data, size_t size)
{
	g_autoptr(GString) sent = g_string_new(NULL);
	g_autofree guchar *decoded = NULL;
	g_auto(GStrv) lines = NULL;
	gsize length;

	assert_true(mime_file_write(file, "a", collect, sent, NULL));
	lines = g_strsplit(sent->str, CRLF, -1);
	for (char **line = lines; *line; line++) {
		/* All but the last are full, and behind the last there is nothing. */
		assert_true(strlen(*line) == 76 || !line[1] || !*line[1]);
		assert_null(strpbrk(*line, "\r\n"));
		assert_true(**line || !line[1]);
	}
	decoded = g_base64_decode(sent->str, &length);
	assert_int_equal(length, size);
	assert_memory_equal(decoded, data, size);
}

static void test_content(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 56, 57, 58, 114, 57 * 1024 - 1, 57 * 1024,
		57 * 1024 + 1, 3 * 57 * 1024, 200001};
	g_autofree char *data = g_malloc(200001);

	(void)state;
	for (size_t i = 0; i < 200001; i++)
		data[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_auto(Descriptor) file = file_with(data, sizes[i]);

		assert_content(
			&(MimeFile){.name = "a", .data = data, .size = sizes[i]}, data, sizes[i]);
		/* Its own place in the file is another's business. */
		lseek(file, 3, SEEK_SET);
		assert_content(&(MimeFile){.name = "a", .descriptor = file, .size = sizes[i]}, data,
			sizes[i]);
		assert_int_equal(lseek(file, 0, SEEK_CUR), 3);
	}
}

static void test_charset_of_texts(void **state)
{
	g_autofree char *large = g_strnfill((1 << 20) + 1, 'a');
	g_auto(Descriptor) file = file_with("Grüße", 7), other = file_with("Gr\xfc\xdf", 4);
	const MimeFile memory = {.data = "Grüße", .size = 7}, half = {.data = "Grüße", .size = 3};
	const MimeFile empty = {.data = "", .size = 0}, nul = {.data = "a\0b", .size = 3};

	(void)state;
	assert_true(mime_file_is_utf8(&memory, "a"));
	assert_true(mime_file_is_utf8(&empty, "a"));
	assert_true(mime_file_is_utf8(&(MimeFile){.descriptor = file, .size = 7}, "a"));
	assert_false(mime_file_is_utf8(&(MimeFile){.descriptor = file, .size = 8}, "a"));
	assert_false(mime_file_is_utf8(&(MimeFile){.descriptor = other, .size = 4}, "a"));
	assert_false(mime_file_is_utf8(&half, "a"));
	assert_false(mime_file_is_utf8(&nul, "a"));
	assert_false(mime_file_is_utf8(&(MimeFile){.data = large, .size = (1 << 20) + 1}, "a"));
}

static void assert_fails(int descriptor, uint64_t size, Failure failure)
{
	g_autoptr(GString) sent = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const MimeFile file = {.name = "Plan.pdf", .descriptor = descriptor, .size = size};

	assert_false(mime_file_write(&file, "Plan.pdf", collect, sent, &error));
	assert_true(failure_is(error, failure));
	assert_string_equal(failure_subject(error), "Plan.pdf");
}

static void test_files_that_change(void **state)
{
	g_auto(Descriptor) file = file_with("Inhalt", 6);

	(void)state;
	assert_fails(file, 5, FAILURE_FILE_CHANGED);
	assert_fails(file, 7, FAILURE_FILE_CHANGED);
	assert_fails(file, 0, FAILURE_FILE_CHANGED);
	assert_fails(file, (uint64_t)1 << 40, FAILURE_FILE_CHANGED);
	assert_fails(1000, 6, FAILURE_INPUT_UNREADABLE);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_fails(file, 6, FAILURE_FILE_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_charset_of_texts),
		cmocka_unit_test(test_files_that_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
