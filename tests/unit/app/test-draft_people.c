/* Whom answers go to, of mails that want to lead them elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <glib.h>
#include "app/draft.h"
#include "app/draft_people.h"
#include "base/sanitizer.h"
#include "failure/failure.h"
#include "mime/mime.h"
#include "mime/mime_write.h"
#include "outbox/outbox.h"

/* For any mail; what was quadratic took a minute and more, and ten times as long under a sanitizer.
 */
#define SECONDS_LIMIT (UNDER_SANITIZER ? 40.0 : 4.0)

static void find(const char *mail, bool all, DraftPeople *people)
{
	static char *mailboxes[] = {(char *)"bau@amt.example"};
	GPtrArray further = {(gpointer *)mailboxes, 1};
	Account account = {.address = (char *)"ich@amt.example", .mailboxes = &further};
	g_autoptr(MailView) view = mime_view_bytes(mail, strlen(mail));
	g_autoptr(GError) error = NULL;

	if (!draft_people_find(view, &account, all, people, NULL, &error))
		fail_msg("%s", error->message);
}

/* The addresses that FIELD goes to, joined by blanks; yours. */
static char *sent_to(const char *field)
{
	g_auto(GStrv) parts = draft_split(field);
	g_autoptr(GString) addresses = g_string_new(NULL);

	for (size_t i = 0; parts[i]; i++) {
		g_autoptr(MimeAddress) address = mime_address_parse(parts[i], NULL);

		g_string_append_printf(
			addresses, "%s%s", i > 0 ? " " : "", address ? address->address : "-");
	}
	return g_string_free(g_steal_pointer(&addresses), FALSE);
}

typedef struct Case {
	const char *header;
	const char *to, *cc; /* whom it goes to; NULL: not looked at */
} Case;

static const Case cases[] = {
	{"From: A <a@x.example>\nTo: ich@amt.example, B <b@x.example>, A@x.example\n"
	 "Cc: BAU@amt.example, c@x.example, b@x.example\n",
		"a@x.example", "b@x.example c@x.example"},
	{"From: ich@amt.example\nTo: B <b@x.example>\nCc: c@x.example\n", "b@x.example",
		"c@x.example"},
	{"From: a@x.example\nReply-To: Amt <r@x.example>, niemand\nTo: ich@amt.example\n",
		"r@x.example", ""},
	{"From: a@x.example\nReply-To: niemand\n", "a@x.example", ""},
	{"From: a@x.example, Muster, Max <b@x.example>\n", "a@x.example b@x.example", ""},
	/* Names that would be somebody else, or swallow somebody. */
	{"From: a@x.example\nCc: =?utf-8?q?Alice_=22?= <alice@good.example>,\n"
	 " =?utf-8?q?Bob_=22?= <b@x.example>, \"\\\\\" <c@x.example>, d@x.example\n",
		"a@x.example", "alice@good.example b@x.example c@x.example d@x.example"},
	{"From: =?utf-8?q?opfer=40amt.example=2C_Herr_X?= <ab@x.example>\n", "ab@x.example", ""},
	{"From: =?utf-8?q?X_=3Copfer=40amt.example=3E=2C_Y?= <ab@x.example>\n", "ab@x.example", ""},
	{"From: =?utf-8?q?X=3B_opfer=40amt.example=3B?= <ab@x.example>\n", "ab@x.example", ""},
	{"From: a@x.example\nCc: =?utf-8?q?opfer=40amt.example=2C?=\n", "a@x.example", "-"},
	{"From: \"Muster (alt: x@alt.example), Max\" <max@neu.example>\n", "max@neu.example", ""},
	{"From: a@x.example\nReply-To: =?utf-8?q?opfer=40amt.example=2C_X?= <r@x.example>\n",
		"r@x.example", ""},
};

static void test_whom(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *mail = g_strconcat(cases[i].header, "\nText\n", NULL);
		g_auto(DraftPeople) people = {0};
		g_autofree char *to = NULL, *cc = NULL;

		find(mail, true, &people);
		to = sent_to(people.to);
		cc = sent_to(people.cc);
		assert_string_equal(to, cases[i].to);
		assert_string_equal(cc, cases[i].cc);
		assert_false(people.cut);
	}
}

static void test_the_sender_alone(void **state)
{
	g_auto(DraftPeople) people = {0};

	(void)state;
	find("From: A <a@x.example>\nCc: c@x.example\n\n", false, &people);
	assert_string_equal(people.to, "A <a@x.example>");
	assert_string_equal(people.cc, "");
}

static void test_names(void **state)
{
	static const char *const rows[][2] = {
		{"a@x.example", "a@x.example"},
		{"Erika Müßig <e@x.example>", "Erika Müßig <e@x.example>"},
		{"M. O'Neill <e@x.example>", "M. O'Neill <e@x.example>"},
		{"Muster, Max <m@x.example>", "\"Muster, Max\" <m@x.example>"},
		{"a \"b\" \\c <m@x.example>", "\"a \\\"b\\\" \\\\c\" <m@x.example>"},
		{"Verteiler, Bau", "\"Verteiler, Bau\""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *typed = draft_person(rows[i][0]);

		assert_string_equal(typed, rows[i][1]);
	}
}

static void test_too_long_a_name_is_left_out(void **state)
{
	g_autofree char *name = g_strnfill(3000, '"');
	g_autofree char *person = g_strconcat(name, " <m@x.example>", NULL);
	g_autofree char *typed = draft_person(person);

	(void)state;
	assert_string_equal(typed, "m@x.example");
}

/* FIELD with COUNT people, each named NAME. */
static void add_many(GString *mail, const char *field, const char *name, int count)
{
	g_string_append_printf(mail, "%s: ", field);
	for (int i = 0; i < count; i++)
		g_string_append_printf(
			mail, "%s%s <%c%d@x.example>", i > 0 ? ",\n " : "", name, *field, i);
	g_string_append_c(mail, '\n');
}

static void assert_quick(GString *mail, bool all, int to_count, int count)
{
	g_autoptr(GTimer) timer = g_timer_new();
	g_auto(DraftPeople) people = {0};
	g_auto(GStrv) to = NULL, cc = NULL;

	g_string_append(mail, "\nText\n");
	find(mail->str, all, &people);
	assert_true(g_timer_elapsed(timer, NULL) < SECONDS_LIMIT);
	assert_true(people.cut);
	to = draft_split(people.to);
	cc = draft_split(people.cc);
	assert_int_equal(g_strv_length(to), to_count);
	assert_int_equal(g_strv_length(to) + g_strv_length(cc), count);
	assert_true(strlen(people.to) <= DRAFT_LINE_LIMIT && strlen(people.cc) <= DRAFT_LINE_LIMIT);
}

static void test_hostile_numbers(void **state)
{
	g_autoptr(GString) wanted = g_string_new("From: a@x.example\n");
	g_autoptr(GString) others = g_string_new("From: a@x.example\n");

	(void)state;
	add_many(wanted, "Reply-To", "", 9000);
	assert_quick(wanted, false, OUTBOX_RECIPIENT_LIMIT, OUTBOX_RECIPIENT_LIMIT);
	add_many(others, "To", "", 9000);
	add_many(others, "Cc", "", 9000);
	assert_quick(others, true, 1, OUTBOX_RECIPIENT_LIMIT);
}

static void test_a_field_is_full(void **state)
{
	g_autoptr(GString) mail = g_string_new("From: a@x.example\n");
	g_auto(DraftPeople) people = {0};

	(void)state;
	add_many(mail, "Cc", "Wer einen Namen hat, von dem keine tausend in das Feld passen", 999);
	g_string_append(mail, "\nText\n");
	find(mail->str, true, &people);
	assert_true(people.cut && strlen(people.cc) <= DRAFT_LINE_LIMIT);
}

static void test_can_be_cancelled(void **state)
{
	static const char mail[] = "From: a@x.example\nTo: b@x.example\n\n";
	GPtrArray none = {NULL, 0};
	const Account account = {.mailboxes = &none};
	g_autoptr(MailView) view = mime_view_bytes(mail, sizeof mail - 1);
	g_autoptr(Cancel) cancel = cancel_new();
	g_autoptr(GError) error = NULL;
	g_auto(DraftPeople) people = {0};

	(void)state;
	cancel_trigger(cancel);
	assert_false(draft_people_find(view, &account, true, &people, cancel, &error));
	assert_true(failure_is(error, FAILURE_CANCELLED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whom),
		cmocka_unit_test(test_the_sender_alone),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_too_long_a_name_is_left_out),
		cmocka_unit_test(test_hostile_numbers),
		cmocka_unit_test(test_a_field_is_full),
		cmocka_unit_test(test_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
