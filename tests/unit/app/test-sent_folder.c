/* Which folder holds what was sent, and what is put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "app/sent_folder.h"
#include "failure/failure.h"

static void add(GPtrArray *folders, const char *name, ImapRole role, bool selectable)
{
	ImapFolder *folder = g_new0(ImapFolder, 1);

	*folder = (ImapFolder){
		.name = g_strdup(name),
		.delimiter = '.',
		.role = role,
		.selectable = selectable,
	};
	g_ptr_array_add(folders, folder);
}

static void test_chooses_by_role_then_by_name(void **state)
{
	g_autoptr(GPtrArray) folders =
		g_ptr_array_new_with_free_func((GDestroyNotify)imap_folder_free);

	(void)state;
	add(folders, "INBOX", IMAP_ROLE_NONE, true);
	add(folders, "Archiv.Sent", IMAP_ROLE_NONE, true);
	add(folders, "Gesendet", IMAP_ROLE_NONE, false);
	assert_null(sent_folder_choose(folders));
	add(folders, "INBOX.sent items", IMAP_ROLE_NONE, true);
	assert_string_equal(sent_folder_choose(folders), "INBOX.sent items");
	add(folders, "Gesendete Objekte", IMAP_ROLE_NONE, true);
	assert_string_equal(sent_folder_choose(folders), "Gesendete Objekte");
	add(folders, "Ausgang", IMAP_ROLE_SENT, false);
	assert_string_equal(sent_folder_choose(folders), "Gesendete Objekte");
	add(folders, "Verschickt", IMAP_ROLE_SENT, true);
	assert_string_equal(sent_folder_choose(folders), "Verschickt");
}

/* A main mailbox whose server says ANSWERS. */
static Mailbox *open_mailbox(const char *capabilities, const char *answers)
{
	g_autofree char *text = g_strdup_printf(
		"* OK ready\r\n* CAPABILITY %s\r\nM1 OK done\r\n%s", capabilities, answers);
	g_autoptr(GBytes) input = g_bytes_new(text, strlen(text));
	ImapSession *session = imap_open(stream_open_memory(input, 1 << 20), NULL);

	assert_non_null(session);
	return mailbox_adopt(session);
}

static void test_adds_what_is_not_there(void **state)
{
	g_autoptr(Mailbox) mailbox = open_mailbox("IMAP4rev1 LITERAL+",
		"* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"Sent\"\r\nM2 OK\r\n"
		"* 1 EXISTS\r\nM3 OK [READ-ONLY]\r\n* SEARCH\r\nM4 OK\r\nM5 OK\r\n");
	GError *error = NULL;

	(void)state;
	assert_true(sent_folder_add(mailbox, "1@x.example", "A: b\r\n\r\n", 8, 1700000000, &error));
	assert_null(error);
}

static void test_tells_what_was_refused(void **state)
{
	g_autoptr(Mailbox) mailbox = open_mailbox("IMAP4rev1 LITERAL+",
		"* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"Sent\"\r\nM2 OK\r\n"
		"* 1 EXISTS\r\nM3 OK [READ-ONLY]\r\n* SEARCH\r\nM4 OK\r\n"
		"M5 NO [OVERQUOTA] full\r\n");
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(
		sent_folder_add(mailbox, "1@x.example", "A: b\r\n\r\n", 8, 1700000000, &error));
	assert_true(failure_is(error, FAILURE_COMMAND_REFUSED));
}

static void test_leaves_what_is_there(void **state)
{
	g_autoptr(Mailbox) mailbox = open_mailbox("IMAP4rev1 LITERAL+",
		"* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"Sent\"\r\nM2 OK\r\n"
		"* 1 EXISTS\r\nM3 OK [READ-ONLY]\r\n* SEARCH 7\r\nM4 OK\r\n");
	GError *error = NULL;

	(void)state;
	assert_true(sent_folder_add(mailbox, "1@x.example", "A: b\r\n\r\n", 8, 1700000000, &error));
	assert_null(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chooses_by_role_then_by_name),
		cmocka_unit_test(test_adds_what_is_not_there),
		cmocka_unit_test(test_tells_what_was_refused),
		cmocka_unit_test(test_leaves_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
