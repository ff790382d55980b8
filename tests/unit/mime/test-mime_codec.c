/* Bodies of frames: there and back, and every way of being wrong. */
#include "mime_fixture.h"

static GBytes *bytes_of(GVariant *value)
{
	g_autoptr(GVariant) sunk = g_variant_ref_sink(value);

	return g_variant_get_data_as_bytes(sunk);
}

/* A content with something in every field. */
static MailContent *full_content(void)
{
	MailContent *content = mail_content_new();
	MailPart *part = g_new0(MailPart, 1);

	g_free(content->subject);
	content->subject = g_strdup("Änderung");
	g_free(content->from);
	content->from = g_strdup("A <a@b>");
	g_ptr_array_add(content->to, g_strdup("B <b@b>"));
	g_ptr_array_add(content->to, g_strdup("c@b"));
	g_ptr_array_add(content->cc, g_strdup("d@b"));
	content->has_date = true;
	content->date = -5;
	content->message_id = g_strdup("id@b");
	part->name = g_strdup("Pläne.pdf");
	part->type = g_strdup("application/pdf");
	part->size = 1ULL << 40;
	g_ptr_array_add(content->attachments, part);
	g_free(content->text);
	content->text = g_strdup("Text\nzwei");
	content->truncated = true;
	return content;
}

static void test_content_there_and_back(void **state)
{
	g_autoptr(MailContent) content = full_content();
	g_autoptr(GBytes) bytes = bytes_of(mime_encode_content(7, content));
	g_autoptr(MailContent) back = mime_decode_content(bytes, 7);

	(void)state;
	assert_non_null(back);
	assert_string_equal(back->subject, "Änderung");
	assert_string_equal(back->from, "A <a@b>");
	assert_int_equal(back->to->len, 2);
	assert_string_equal(back->to->pdata[1], "c@b");
	assert_string_equal(back->cc->pdata[0], "d@b");
	assert_true(back->has_date && back->date == -5);
	assert_string_equal(back->message_id, "id@b");
	assert_null(back->in_reply_to);
	assert_string_equal(part_at(back, 0)->name, "Pläne.pdf");
	assert_string_equal(part_at(back, 0)->type, "application/pdf");
	assert_true(part_at(back, 0)->size == 1ULL << 40);
	assert_string_equal(back->text, "Text\nzwei");
	assert_true(back->truncated);
	assert_null(mime_decode_content(bytes, 8));
}

/* Every body with one byte changed, or cut, is refused or still sound: nothing in between. */
static void test_damaged_content(void **state)
{
	g_autoptr(MailContent) content = full_content();
	g_autoptr(GBytes) bytes = bytes_of(mime_encode_content(0, content));
	gsize size;
	const char *data = g_bytes_get_data(bytes, &size);
	unsigned refused = 0;

	(void)state;
	for (gsize i = 0; i < size; i++) {
		static const int masks[] = {0xff, 0x01, 0x80};

		for (size_t m = 0; m < G_N_ELEMENTS(masks); m++) {
			g_autofree char *copy = g_memdup2(data, size);
			g_autoptr(GBytes) damaged = NULL;
			g_autoptr(MailContent) back = NULL;

			copy[i] = (char)(copy[i] ^ masks[m]);
			damaged = g_bytes_new_take(g_steal_pointer(&copy), size);
			back = mime_decode_content(damaged, 0);
			refused += !back;
			if (back) {
				assert_true(g_utf8_validate(back->subject, -1, NULL));
				assert_true(g_utf8_validate(back->text, -1, NULL));
			}
		}
		g_autoptr(GBytes) cut = g_bytes_new(data, i);
		assert_null(mime_decode_content(cut, 0));
	}
	assert_true(refused > size);
}

static void assert_refused(MailContent *content)
{
	g_autoptr(GBytes) bytes = bytes_of(mime_encode_content(0, content));

	assert_null(mime_decode_content(bytes, 0));
	mail_content_free(content);
}

static char *long_text(size_t size)
{
	return g_strnfill(size, 'x');
}

static void test_content_beyond_limits(void **state)
{
	MailContent *content = full_content();

	(void)state;
	g_free(content->text);
	content->text = long_text(MAIL_TEXT_LIMIT + 1);
	assert_refused(content);
	content = full_content();
	g_free(content->subject);
	content->subject = long_text(MIME_SUBJECT_LIMIT + 1);
	assert_refused(content);
	content = full_content();
	g_ptr_array_add(content->cc, long_text(3 * MIME_SUBJECT_LIMIT));
	assert_refused(content);
	content = full_content();
	for (int i = 0; i < MIME_PEOPLE_LIMIT; i++)
		g_ptr_array_add(content->to, g_strdup("x"));
	assert_refused(content);
	content = full_content();
	for (int i = 0; i < MIME_PART_LIMIT; i++) {
		MailPart *part = g_new0(MailPart, 1);

		part->name = g_strdup("x");
		part->type = g_strdup("x");
		g_ptr_array_add(content->attachments, part);
	}
	assert_refused(content);
}

/* The largest that the reader makes passes, and fits a frame. */
static void test_largest_content(void **state)
{
	MailContent *content = full_content();
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(MailContent) back = NULL;

	(void)state;
	g_free(content->text);
	content->text = long_text(MAIL_TEXT_LIMIT);
	while (content->to->len < MIME_PEOPLE_LIMIT)
		g_ptr_array_add(content->to, long_text(100));
	while (content->attachments->len < MIME_PART_LIMIT) {
		MailPart *part = g_new0(MailPart, 1);

		part->name = long_text(MIME_NAME_LIMIT);
		part->type = long_text(MIME_TYPE_LIMIT);
		g_ptr_array_add(content->attachments, part);
	}
	bytes = bytes_of(mime_encode_content(0, content));
	mail_content_free(content);
	assert_true(g_bytes_get_size(bytes) < MIME_FRAME_LIMIT);
	back = mime_decode_content(bytes, 0);
	assert_non_null(back);
	assert_int_equal(back->to->len, MIME_PEOPLE_LIMIT);
}

static void test_requests(void **state)
{
	const MimeRange ranges[] = {{0, 5}, {1ULL << 60, UINT64_MAX}};
	g_autoptr(GBytes) bytes = bytes_of(mime_encode_request(ranges, 2, 9));
	g_autoptr(GBytes) none = bytes_of(mime_encode_request(ranges, 0, 9));
	g_autoptr(GBytes) junk = g_bytes_new_static("junk", 4);
	g_autofree MimeRange *many = g_new0(MimeRange, MIME_BATCH_MAILS + 1);
	g_autoptr(GBytes) over = bytes_of(mime_encode_request(many, MIME_BATCH_MAILS + 1, 0));
	size_t count = 0;
	unsigned number = 0;
	g_autofree MimeRange *back = mime_decode_request(bytes, &count, &number);

	(void)state;
	assert_int_equal(count, 2);
	assert_int_equal(number, 9);
	assert_memory_equal(back, ranges, sizeof ranges);
	assert_null(mime_decode_request(none, &count, &number));
	assert_null(mime_decode_request(junk, &count, &number));
	assert_null(mime_decode_request(over, &count, &number));
}

static void test_extracted(void **state)
{
	g_autoptr(GBytes) bytes = bytes_of(mime_encode_extracted(MIME_EXTRACT_OUTPUT, 28));
	g_autoptr(GBytes) unknown = bytes_of(mime_encode_extracted((MimeExtracted)9, 0));
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	MimeExtracted result;
	int number;

	(void)state;
	assert_true(mime_decode_extracted(bytes, &result, &number));
	assert_int_equal(result, MIME_EXTRACT_OUTPUT);
	assert_int_equal(number, 28);
	assert_false(mime_decode_extracted(unknown, &result, &number));
	assert_false(mime_decode_extracted(empty, &result, &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_there_and_back),
		cmocka_unit_test(test_damaged_content),
		cmocka_unit_test(test_content_beyond_limits),
		cmocka_unit_test(test_largest_content),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_extracted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
