/* What a mail's rows become: copies, sources and recipients in their order. */
#include "fixture.h"

static void test_unread_mail(void **state)
{
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 42, "x\r\n");
	GError *error = NULL;
	g_autoptr(ArchiveMail) mail = archive_find(fixture->archive, NULL, id, &error);
	const ArchiveSource *source;

	assert_no_failure(error);
	assert_int_equal(mail->state, ARCHIVE_UNREAD);
	assert_string_equal(mail->subject, "");
	assert_string_equal(mail->from, "");
	assert_int_equal(mail->to->len, 0);
	assert_null(mail->case_number);
	assert_null(mail->message_id);
	assert_int_equal(mail->date, 1000042);
	assert_int_equal(mail->size, 3);
	assert_int_equal(mail->sources->len, 1);
	source = g_ptr_array_index(mail->sources, 0);
	assert_string_equal(source->user, "mueller");
	assert_string_equal(source->mailbox, "info@example.org");
	assert_string_equal(source->folder, "INBOX");
	assert_int_equal(source->uid_validity, 7);
	assert_int_equal(source->uid, 42);
	assert_int_equal(source->received, 1000042);
	assert_true(source->imported > 1000000000);
}

static void test_first_copy_first(void **state)
{
	static const char first[] = "Received: longer\r\nMessage-ID: <1@x>\r\n\r\nb";
	static const char second[] = "Message-ID: <1@x>\r\n\r\nb";
	Fixture *fixture = *state;
	int64_t id = fixture_file(fixture, 1, first);
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	g_autoptr(ArchiveMail) mail = NULL;
	GError *error = NULL;

	fixture_file(fixture, 2, second);
	mail = archive_find(fixture->archive, NULL, id, &error);
	assert_int_equal(mail->copies->len, 2);
	assert_int_equal(mail->size, strlen(first));
	sha256_of(first, strlen(first), digest);
	sha256_to_hex(digest, hex);
	assert_string_equal(g_ptr_array_index(mail->copies, 0), hex);
	sha256_of(second, strlen(second), digest);
	sha256_to_hex(digest, hex);
	assert_string_equal(g_ptr_array_index(mail->copies, 1), hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unread_mail, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			test_first_copy_first, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
