/* Runs of encoded words in base64, which GMime alone shows the first of. */
#include "mime_fixture.h"

static char *joined(const char *text)
{
	return mime_join_words(g_strdup(text));
}

static void test_runs(void **state)
{
	static const struct {
		const char *raw, *subject;
	} rows[] = {
		{"=?UTF-8?B?w6Q=?= =?UTF-8?B?w6Q=?=", "ää"},
		{"=?UTF-8?B?w6TDpA==?=\r\n =?utf-8?b?w7bDtsO2?= Ende", "ääööö Ende"},
		{"=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?= =?UTF-8?B?w7w=?=", "äöü"},
		/* A letter cut in two. */
		{"=?UTF-8?B?YcM=?= =?UTF-8?B?pA==?=", "aä"},
		{"=?iso-8859-1?B?5A==?= =?UTF-8?B?w7Y=?= =?iso-8859-1?B?5A==?=", "äöä"},
		{"=?UTF-8?B?w6Q=?= =?UTF-8?Q?=C3=B6?= =?UTF-8?B?w6Q=?=", "äöä"},
		{"a =?UTF-8?B?w6Q=?= b =?UTF-8?B?w6Q=?= c", "a ä b ä c"},
		{"=?UTF-8?B?w6Q=?=", "ä"},
		{"=?UTF-8?B?w6Q=?= =?UTF-8?B?w6Q", "ä =?UTF-8?B?w6Q"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *mail = g_strdup_printf("Subject: %s\r\n\r\n", rows[i].raw);
		g_autoptr(MailContent) content = read_string(mail);

		assert_string_equal(content->subject, rows[i].subject);
	}
}

static void test_people_and_files(void **state)
{
	g_autoptr(MailContent) content =
		read_string("To: \"=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?=\" <a@b.de>, =?UTF-8?B?w6Q=?= "
			    "=?UTF-8?B?w7w=?=" CRLF " <c@d.de>" CRLF
			    "Content-Type: application/pdf; name=\"=?UTF-8?B?w6Q=?=" CRLF
			    " =?UTF-8?B?w7YucGRm?=\"" CRLF CRLF "x");

	(void)state;
	assert_string_equal(g_ptr_array_index(content->to, 0), "äö <a@b.de>");
	assert_string_equal(g_ptr_array_index(content->to, 1), "äü <c@d.de>");
	assert_string_equal(part_at(content, 0)->name, "äö.pdf");
}

static void test_all_else_stays(void **state)
{
	static const char *const rows[] = {"",
		"=?=", "=?UTF-8?B?w6Q=?=", "=?x?B?YQ==?= a =?x?B?YQ==?=",
		"=?x?B?YQ==?= =?y?B?YQ==?=", "=??B?YQ==?= =??B?YQ==?=", "=?x?B?YQ==?= =?x?Q?a?=",
		"=?x?B?YQ==?= =?x?B?Y Q==?=", "=?x?B?YQ=?= =?x?B"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = joined(rows[i]);

		assert_string_equal(text, rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_people_and_files),
		cmocka_unit_test(test_all_else_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
