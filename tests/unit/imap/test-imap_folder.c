/* Folders in numbers and with names that lie. The conversations are in tests/dialogue. */
#include "imap_fixture.h"

static void test_role_names(void **state)
{
	(void)state;
	assert_null(imap_role_name(IMAP_ROLE_NONE));
	assert_string_equal(imap_role_name(IMAP_ROLE_TRASH), "trash");
	for (ImapRole role = IMAP_ROLE_ALL; role <= IMAP_ROLE_IMPORTANT; role++)
		assert_non_null(imap_role_name(role));
}

static void append_folders(GString *answers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		g_string_append_printf(answers, "* LIST () \"/\" Ordner%u\r\n", i);
	g_string_append(answers, "M2 OK\r\n");
}

static void test_as_many_folders_as_may_be(void **state)
{
	g_autoptr(GString) answers = g_string_new(NULL);
	g_autoptr(GPtrArray) folders = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;

	(void)state;
	append_folders(answers, IMAP_FOLDER_LIMIT);
	session = fixture_open("IMAP4rev1", answers->str);
	folders = imap_list(session, &error);
	assert_non_null(folders);
	assert_int_equal(folders->len, IMAP_FOLDER_LIMIT);
}

static void test_too_many_folders(void **state)
{
	g_autoptr(GString) answers = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;

	(void)state;
	append_folders(answers, IMAP_FOLDER_LIMIT + 1);
	session = fixture_open("IMAP4rev1", answers->str);
	assert_null(imap_list(session, &error));
	fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
}

/* A folder's name cannot smuggle a command into our next one. */
static void test_name_with_line_break(void **state)
{
	g_autoptr(ImapSession) session =
		fixture_open("IMAP4rev1", "* LIST () \"/\" {20}\r\na\r\nM3 DELETE INBOX\r\n\r\n"
					  "* LIST () \"/\" &AA0ACg-\r\nM2 OK\r\nM3 OK\r\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) folders = imap_list(session, &error);
	const ImapFolder *folder;
	ImapStatus status;

	(void)state;
	assert_non_null(folders);
	assert_int_equal(folders->len, 1);
	folder = g_ptr_array_index(folders, 0);
	assert_string_equal(folder->name, "&AA0ACg-");
	assert_true(imap_select(session, folder->name, IMAP_READ_ONLY, &status, &error));
	assert_non_null(strstr(fixture_said(session), "M3 EXAMINE \"&AA0ACg-\"\r\n"));
}

/* Two names that look the same to a person stay two folders. */
static void test_names_that_look_the_same(void **state)
{
	g_autoptr(ImapSession) session = fixture_open("IMAP4rev1",
		"* LIST () \"/\" Entw&APw-rfe\r\n* LIST () \"/\" \"Entw\xc3\xbcrfe\"\r\n"
		"* LIST () \"/\" \"&AG8-\"\r\n* LIST () \"/\" o\r\nM2 OK\r\nM3 OK\r\nM4 OK\r\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) folders = imap_list(session, &error);
	ImapStatus status;

	(void)state;
	assert_non_null(folders);
	assert_int_equal(folders->len, 4);
	assert_true(imap_select(session, "o (2)", IMAP_READ_ONLY, &status, &error));
	assert_non_null(strstr(fixture_said(session), "M3 EXAMINE \"o\"\r\n"));
	assert_true(imap_select(session, "Entwürfe", IMAP_READ_ONLY, &status, &error));
	assert_non_null(strstr(fixture_said(session), "M4 EXAMINE \"Entw&APw-rfe\"\r\n"));
}

static void test_many_statuses(void **state)
{
	enum { COUNT = 500 };
	g_autoptr(GString) answers = g_string_new(NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree ImapStatus *statuses = g_new0(ImapStatus, COUNT);
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		g_ptr_array_add(names, g_strdup_printf("F%u", i));
		g_string_append_printf(answers,
			"* STATUS F%u (MESSAGES %u UIDVALIDITY 1)\r\nM%u OK\r\n", i, i, i + 2);
	}
	session = fixture_open("IMAP4rev1", answers->str);
	assert_true(imap_status_many(
		session, (const char *const *)names->pdata, COUNT, statuses, &error));
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(statuses[i].messages, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_role_names),
		cmocka_unit_test(test_as_many_folders_as_may_be),
		cmocka_unit_test(test_too_many_folders),
		cmocka_unit_test(test_name_with_line_break),
		cmocka_unit_test(test_names_that_look_the_same),
		cmocka_unit_test(test_many_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
