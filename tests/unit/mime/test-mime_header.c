/* Fields, their decoding in every encoding that mails use, dates and ids. */
#include "mime_fixture.h"

/* The subject of a mail whose subject field is RAW. */
static char *subject_of(const char *raw)
{
	g_autofree char *mail = g_strdup_printf("Subject: %s\r\n\r\n", raw);
	g_autoptr(MailContent) content = read_string(mail);

	return g_strdup(content->subject);
}

typedef struct Row {
	const char *raw;
	const char *decoded;
} Row;

static void test_subjects(void **state)
{
	static const Row rows[] = {
		{"Einfach", "Einfach"},
		{"", ""},
		{"   \t ", ""},
		{"=?utf-8?Q?Stra=C3=9Fenverkehrsbeh=C3=B6rde?=", "Straßenverkehrsbehörde"},
		{"=?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=", "Grüße aus Köln"},
		{"=?iso-8859-1?Q?Geb=FChrenbescheid_f=FCr_M=E4rz?=", "Gebührenbescheid für März"},
		{"=?ISO-8859-15?Q?100_=A4?=", "100 €"},
		{"=?windows-1252?Q?=84Anh=F6rung=93_=96_=80?=", "„Anhörung“ – €"},
		{"=?windows-1252?B?R2Vi/GhyIDUwIIA=?=", "Gebühr 50 €"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"=?utf-8?Q?geteil?= =?utf-8?Q?t_=C3=BC?=", "geteilt ü"},
		/* A character cut by the end of an encoded word. */
		{"=?utf-8?B?w7zD?= =?utf-8?B?pA==?=", "üä"},
		{"Re: =?utf-8?Q?=C3=84nderung?= heute", "Re: Änderung heute"},
		{"Roh: Übergabe", "Roh: Übergabe"},
		{"Roh: \xdc"
		 "bergabe \x80",
			"Roh: Übergabe €"},
		{"=?unbekannt?Q?abc?=", "abc"},
		{"a\r\n b\r\n\tc", "a b c"},
		{"=?utf-8?Q?Zeile=0AZwei=09?=", "Zeile Zwei"},
		{"Steuer \x01\x1b[31m", "Steuer   [31m"},
		{"Rechnung \xe2\x80\xae"
		 "fdp.exe",
			"Rechnung fdp.exe"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *subject = subject_of(rows[i].raw);

		assert_string_equal(subject, rows[i].decoded);
	}
}

static void test_broken_words_stay_readable(void **state)
{
	static const char *const raw[] = {"=?utf-8?Q?abc",
		"=?utf-8?X?abc?=", "=?utf-8?B?!!!?=", "=?utf-8?Q?=C3?=", "=?=?=?=?",
		"=?utf-8?Q?a=00b?=", "=?utf-8?Q?\x3f=", "\xff\xfe\xc3"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(raw); i++) {
		g_autofree char *subject = subject_of(raw[i]);

		assert_true(g_utf8_validate(subject, -1, NULL));
	}
	g_autofree char *kept = subject_of("=?utf-8?Q?abc");
	assert_string_equal(kept, "=?utf-8?Q?abc");
}

static void test_long_folded_subject(void **state)
{
	g_autoptr(GString) raw = repeat("=?utf-8?Q?W=C3=B6rter_und_?=\r\n ", 60);
	g_autofree char *subject = subject_of(raw->str);
	g_autoptr(GString) expected = repeat("Wörter und ", 60);

	(void)state;
	assert_string_equal(subject, g_strchomp(expected->str));
}

static void test_subject_has_a_limit(void **state)
{
	g_autoptr(GString) raw = repeat("ä", 100000);
	g_autofree char *mail = g_strdup_printf("Subject: %s\r\n\r\nText", raw->str);
	g_autoptr(MailContent) content = read_string(mail);

	(void)state;
	assert_int_equal(strlen(content->subject), MIME_SUBJECT_LIMIT);
	assert_true(content->truncated);
	assert_sound(content);
}

static void test_dates(void **state)
{
	static const struct {
		const char *raw;
		bool valid;
		int64_t seconds;
	} rows[] = {
		{"Mon, 23 Nov 2026 15:04:05 +0100", true, 1795442645},
		{"23 Nov 2026 14:04:05 GMT", true, 1795442645},
		{"Mon, 23 Nov 2026 09:04:05 EST", true, 1795442645},
		{"Mon, 23 Nov 2026 15:04:05 +0100 (CET)", true, 1795442645},
		{"Thu, 01 Jan 1970 00:00:00 +0000", true, 0},
		{"Wed, 31 Dec 1969 23:59:59 +0000", false, 0},
		{"Mon, 99 Nov 2026 15:04:05 +0100", false, 0},
		{"gestern", false, 0},
		{"", false, 0},
		{"Fri, 1 Jan 99999999 00:00:00 +0000", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *mail = g_strdup_printf("Date: %s\r\n\r\n", rows[i].raw);
		g_autoptr(MailContent) content = read_string(mail);

		assert_int_equal(content->has_date, rows[i].valid);
		if (rows[i].valid)
			assert_int_equal(content->date, rows[i].seconds);
	}
}

static void test_message_ids(void **state)
{
	static const Row rows[] = {
		{"<abc@example.org>", "abc@example.org"},
		{"  <abc@\r\n example.org> (Kommentar)", "abc@example.org"},
		{"abc@example.org zweites", "abc@example.org"},
		{"<erste@a> <zweite@b>", "erste@a"},
		{"<ohne-ende@x", "ohne-ende@x"},
		{"<>", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *mail = g_strdup_printf(
			"Message-ID: %s\r\nIn-Reply-To: %s\r\n\r\n", rows[i].raw, rows[i].raw);
		g_autoptr(MailContent) content = read_string(mail);

		if (rows[i].decoded) {
			assert_string_equal(content->message_id, rows[i].decoded);
			assert_string_equal(content->in_reply_to, rows[i].decoded);
		} else {
			assert_null(content->message_id);
			assert_null(content->in_reply_to);
		}
	}
}

static void test_first_field_counts_and_names_have_no_case(void **state)
{
	g_autoptr(MailContent) content =
		read_string("X-Subject: nein" CRLF "SUBJECT : erster" CRLF "subject: zweiter" CRLF
			    "  Fortsetzung" CRLF CRLF "Text");

	(void)state;
	assert_string_equal(content->subject, "erster");
	assert_string_equal(content->text, "Text");
}

static void test_nul_in_header(void **state)
{
	static const char mail[] = "Subject: vor\0nach\r\n\r\nText";
	g_autoptr(MailContent) content = mime_read_bytes(mail, sizeof mail - 1);

	(void)state;
	assert_string_equal(content->subject, "vor nach");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_broken_words_stay_readable),
		cmocka_unit_test(test_long_folded_subject),
		cmocka_unit_test(test_subject_has_a_limit),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_message_ids),
		cmocka_unit_test(test_first_field_counts_and_names_have_no_case),
		cmocka_unit_test(test_nul_in_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
