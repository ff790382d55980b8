/* Bytes from memory and from files, in windows and lines. */
#include "mime_fixture.h"

/* All bytes of SOURCE by mime_source_line; LINES counts those that end. */
static GString *read_lines(MimeSource *source, unsigned *lines)
{
	GString *all = g_string_new(NULL);
	const char *piece;
	size_t size;
	bool ends;

	*lines = 0;
	while ((size = mime_source_line(source, all->len, UINT64_MAX, &piece, &ends)) > 0) {
		assert_int_equal(ends, piece[size - 1] == '\n');
		*lines += ends;
		g_string_append_len(all, piece, (gssize)size);
	}
	return all;
}

static void test_lines_are_the_same_from_memory_and_file(void **state)
{
	g_autoptr(GString) long_line = repeat("0123456789", 20000);
	g_autoptr(GString) text = repeat("eine Zeile von mittlerer Laenge\r\n", 9000);
	g_auto(MimeSource) memory = {0}, file = {0};
	g_auto(Descriptor) descriptor = -1;
	unsigned in_memory, in_file;

	(void)state;
	g_string_append_printf(text, "%s\n\nEnde", long_line->str);
	descriptor = file_with(text->str, text->len);
	mime_source_init_memory(&memory, text->str, text->len);
	mime_source_init_file(&file, descriptor, (MimeRange){0, text->len});
	g_autoptr(GString) first = read_lines(&memory, &in_memory);
	g_autoptr(GString) second = read_lines(&file, &in_file);
	assert_true(g_string_equal(first, text));
	assert_true(g_string_equal(second, text));
	assert_int_equal(in_memory, 9002);
	assert_int_equal(in_file, 9002);
	assert_false(file.failed);
}

/* A boundary line that begins just before a window ends must not be cut. */
static void test_line_start_is_never_cut(void **state)
{
	for (size_t before = 65500; before <= 65540; before++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_auto(MimeSource) source = {0};
		g_auto(Descriptor) file = -1;
		const char *piece;
		bool ends;

		(void)state;
		for (size_t i = 1; i < before; i++)
			g_string_append_c(text, 'x');
		g_string_append(text, "\n--grenze--\nNachwort\n");
		file = file_with(text->str, text->len);
		mime_source_init_file(&source, file, (MimeRange){0, text->len});
		mime_source_line(&source, 0, UINT64_MAX, &piece, &ends);
		assert_int_equal(mime_source_line(&source, before, UINT64_MAX, &piece, &ends), 11);
		assert_true(ends);
		assert_memory_equal(piece, "--grenze--\n", 11);
	}
}

static void test_range_and_end(void **state)
{
	g_auto(Descriptor) file = file_with("vorher|mail|nachher", 19);
	g_auto(MimeSource) source = {0}, inner = {0};
	const char *data;

	(void)state;
	mime_source_init_file(&source, file, (MimeRange){7, 4});
	assert_int_equal(mime_source_read(&source, 0, UINT64_MAX, &data), 4);
	assert_memory_equal(data, "mail", 4);
	assert_int_equal(mime_source_read(&source, 1, 3, &data), 2);
	assert_memory_equal(data, "ai", 2);
	assert_int_equal(mime_source_read(&source, 4, UINT64_MAX, &data), 0);
	mime_source_init_within(&inner, &source, 1, 3);
	assert_int_equal(mime_source_read(&inner, 0, UINT64_MAX, &data), 2);
	assert_memory_equal(data, "ai", 2);
	assert_int_equal(lseek(file, 0, SEEK_CUR), 19);
}

static void test_short_file_is_noticed(void **state)
{
	g_auto(Descriptor) file = file_with("kurz", 4);
	g_auto(MimeSource) source = {0}, far = {0};
	const char *data;

	(void)state;
	mime_source_init_file(&source, file, (MimeRange){0, 100});
	assert_int_equal(mime_source_read(&source, 0, UINT64_MAX, &data), 4);
	assert_int_equal(mime_source_read(&source, 4, UINT64_MAX, &data), 0);
	assert_true(source.failed);
	mime_source_init_file(&far, file, (MimeRange){UINT64_MAX - 5, 100});
	assert_int_equal(mime_source_read(&far, 0, UINT64_MAX, &data), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_the_same_from_memory_and_file),
		cmocka_unit_test(test_line_start_is_never_cut),
		cmocka_unit_test(test_range_and_end),
		cmocka_unit_test(test_short_file_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
