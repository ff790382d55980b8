/* Mail contents: what a new one promises, and that all of it is freed (memory is ASan's to watch).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "model/mail.h"

static void test_new_is_empty_but_whole(void **state)
{
	g_autoptr(MailContent) content = mail_content_new();

	(void)state;
	assert_string_equal(content->subject, "");
	assert_string_equal(content->from, "");
	assert_string_equal(content->text, "");
	assert_int_equal(content->to->len + content->cc->len + content->attachments->len, 0);
	assert_false(content->has_date);
	assert_null(content->message_id);
	assert_null(content->in_reply_to);
	assert_false(content->truncated);
}

static MailPart *part_new(const char *name)
{
	MailPart *part = g_new0(MailPart, 1);

	part->name = g_strdup(name);
	part->type = g_strdup("application/pdf");
	return part;
}

static void test_free_frees_all(void **state)
{
	g_autoptr(MailContent) content = mail_content_new();

	(void)state;
	g_ptr_array_add(content->to, g_strdup("Erna <erna@amt.example>"));
	g_ptr_array_add(content->cc, g_strdup("info@amt.example"));
	g_ptr_array_add(content->attachments, part_new("bescheid.pdf"));
	g_ptr_array_add(content->attachments, part_new("plan.pdf"));
	content->message_id = g_strdup("1@amt.example");
	content->in_reply_to = g_strdup("0@amt.example");
	g_ptr_array_set_size(content->attachments, 1);
	assert_int_equal(content->attachments->len, 1);
}

static void test_lists_may_be_taken_out(void **state)
{
	MailContent *content = mail_content_new();
	g_autoptr(GPtrArray) to = g_steal_pointer(&content->to);

	(void)state;
	mail_content_free(content);
	g_ptr_array_add(to, g_strdup("erna@amt.example"));
	assert_int_equal(to->len, 1);
}

static void test_none(void **state)
{
	(void)state;
	mail_content_free(NULL);
	mail_part_free(NULL);
	mail_part_free(g_new0(MailPart, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_is_empty_but_whole),
		cmocka_unit_test(test_free_frees_all),
		cmocka_unit_test(test_lists_may_be_taken_out),
		cmocka_unit_test(test_none),
	};

	/* GLib only complains about a NULL that it does not take. */
	g_log_set_always_fatal((GLogLevelFlags)G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
