/* Address fields as offices receive them, and those made to hurt. */
#include "mime_fixture.h"

#include <time.h>
#include "base/sanitizer.h"

/* The people of a To field of VALUE, joined by " | ". */
static char *people_of(const char *value)
{
	g_autofree char *mail = g_strdup_printf("To: %s\r\n\r\n", value);
	g_autoptr(MailContent) content = read_string(mail);

	g_ptr_array_add(content->to, NULL);
	return g_strjoinv(" | ", (char **)content->to->pdata);
}

static void test_people(void **state)
{
	static const struct {
		const char *raw;
		const char *people;
	} rows[] = {
		{"a@b.de", "a@b.de"},
		{"<a@b.de>", "a@b.de"},
		{"Hans Meier <h@x.de>", "Hans Meier <h@x.de>"},
		{"Hans Meier<h@x.de>", "Hans Meier <h@x.de>"},
		{"\"Meier, Hans\" <h@x.de>, b@y.de", "Meier, Hans <h@x.de> | b@y.de"},
		{"Meier, Hans <h@x.de>, b@y.de", "Meier, Hans <h@x.de> | b@y.de"},
		{"a@b.de, Hans <h@x.de>", "a@b.de | Hans <h@x.de>"},
		{"=?utf-8?Q?M=C3=BCller,_Hans?= <h@x.de>", "Müller, Hans <h@x.de>"},
		{"\"=?iso-8859-1?Q?J=FCrgen?=\" <j@x.de>", "Jürgen <j@x.de>"},
		{"=?utf-8?Q?Hans?= =?utf-8?Q?_M=C3=BCller?= <h@x.de>", "Hans Müller <h@x.de>"},
		{"J\xfcrgen <j@x.de>", "Jürgen <j@x.de>"},
		{"Jürgen <j@x.de>", "Jürgen <j@x.de>"},
		{"\"a\\\"b\" <c@d.de>", "a\"b <c@d.de>"},
		{"'h@x.de' <h@x.de>", "h@x.de"},
		{"h@x.de <H@X.de>", "H@X.de"},
		{"h@x.de (Hans Meier)", "Hans Meier <h@x.de>"},
		{"Stadt (Bauamt) <bau@x.de>", "Stadt (Bauamt) <bau@x.de>"},
		{"Hans <h@x.de>; Berta <b@y.de>", "Hans <h@x.de> | Berta <b@y.de>"},
		{"Bürger:innen-Büro <b@x.de>, c@d.de", "Bürger:innen-Büro <b@x.de> | c@d.de"},
		{"undisclosed-recipients:;", ""},
		{"Amt: a@b.de, \"B\" <b@b.de>;, c@d.de", "a@b.de | B <b@b.de> | c@d.de"},
		{"A: B: c@d.de;;", "c@d.de"},
		{"Poststelle <>, a@b.de", "Poststelle | a@b.de"},
		{"MAILER-DAEMON", "MAILER-DAEMON"},
		{"/O=STADT/OU=X/CN=HANS", "/O=STADT/OU=X/CN=HANS"},
		{"Hans <h@x.de", "Hans <h@x.de>"},
		{"\"Hans <h@x.de>", "Hans <h@x.de>"},
		{"Hans h@x.de", "Hans <h@x.de>"},
		{"a@b.de,,c@d.de,", "a@b.de | c@d.de"},
		{"Hans\r\n\t<h@x.de>,\r\n b@y.de", "Hans <h@x.de> | b@y.de"},
		{"", ""},
		{" , ;", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *people = people_of(rows[i].raw);

		assert_string_equal(people, rows[i].people);
	}
}

static void test_from_joins_and_falls_back_to_sender(void **state)
{
	g_autoptr(MailContent) two = read_string("From: A <a@x.de>, b@x.de" CRLF CRLF);
	g_autoptr(MailContent) sender = read_string("Sender: S <s@x.de>" CRLF CRLF);
	g_autoptr(MailContent) none = read_string("Subject: x" CRLF CRLF);

	(void)state;
	assert_string_equal(two->from, "A <a@x.de>, b@x.de");
	assert_string_equal(sender->from, "S <s@x.de>");
	assert_string_equal(none->from, "");
}

static void test_repeated_fields_are_one_list(void **state)
{
	g_autoptr(MailContent) content = read_string(
		"To: a@x.de" CRLF "Cc: c@x.de" CRLF "To: b@x.de" CRLF "Cc: d@x.de" CRLF CRLF);

	(void)state;
	assert_int_equal(content->to->len, 2);
	assert_string_equal(content->to->pdata[1], "b@x.de");
	assert_int_equal(content->cc->len, 2);
}

/* How much processor time reading MAIL takes, in seconds. */
static double time_reading(const char *mail)
{
	clock_t start = clock();
	g_autoptr(MailContent) content = read_string(mail);
	clock_t end = clock();

	assert_string_equal(content->subject, "danach");
	assert_sound(content);
	return (double)(end - start) / CLOCKS_PER_SEC;
}

/* A sanitizer looks at the whole string in each call that takes one. */
#define NASTY_UNITS (UNDER_SANITIZER ? 40000 : 200000)

/* Each of these takes minutes or a deep stack if somewhere each character looks at all others. A
 * machine may stand still for seconds: one quick reading of three is enough. */
static void test_nasty_lists_are_quick(void **state)
{
	static const char *const units[] = {"a:", "\"a ", "\"a\\\" ", "(a ", "a <", "<", "<;", ",",
		"a@", "=?a", "a b ", "a:;", "=?utf-8?Q?", "\\", "\"\\"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) list = repeat(units[i], NASTY_UNITS);
		g_autofree char *mail =
			g_strdup_printf("To: %s\r\nSubject: danach\r\n\r\n", list->str);

		assert_true(time_reading(mail) < 10 || time_reading(mail) < 10 ||
			    time_reading(mail) < 10);
	}
}

static void test_number_of_people_is_limited(void **state)
{
	g_autoptr(GString) list = repeat("a@b.de,", 20000);
	g_autofree char *mail = g_strdup_printf("To: %s\r\n\r\n", list->str);
	g_autoptr(MailContent) content = read_string(mail);

	(void)state;
	assert_int_equal(content->to->len, MIME_PEOPLE_LIMIT);
	assert_true(content->truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_from_joins_and_falls_back_to_sender),
		cmocka_unit_test(test_repeated_fields_are_one_list),
		cmocka_unit_test(test_nasty_lists_are_quick),
		cmocka_unit_test(test_number_of_people_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
