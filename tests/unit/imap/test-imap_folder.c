/* Folders in numbers and with names that lie. The conversations are in tests/dialogue. */
#include "imap_fixture.h"

#include "base/clock.h"

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

static char *answer_with_name(size_t size)
{
	g_autofree char *name = g_strnfill(size, 'n');

	return g_strdup_printf("* LIST () \"/\" {%zu}\r\n%s\r\nM2 OK\r\n", size, name);
}

static void test_length_of_a_name(void **state)
{
	g_autofree char *most = answer_with_name(IMAP_NAME_LIMIT);
	g_autofree char *more = answer_with_name(IMAP_NAME_LIMIT + 1);
	const char *const answers[] = {most, more};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(ImapSession) session = fixture_open("IMAP4rev1", answers[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) folders = imap_list(session, &error);

		assert_int_equal(folders != NULL, i == 0);
		if (error)
			fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	}
}

/* COUNT names of SIZE bytes, each of which is FILL but for a number. */
static GPtrArray *list_long_names(unsigned count, int size, char fill, GError **error)
{
	g_autoptr(GString) answers = g_string_new(NULL);
	g_autofree char *rest = g_strnfill((gsize)size - 8, fill);
	g_autoptr(ImapSession) session = NULL;

	for (unsigned i = 0; i < count; i++)
		g_string_append_printf(answers, "* LIST () \"/\" \"%08u%s\"\r\n", i, rest);
	g_string_append(answers, "M2 OK\r\n");
	session = fixture_open("IMAP4rev1", answers->str);
	return imap_list(session, error);
}

/* Each byte that is no UTF-8 becomes three of a replacement character. */
static void test_length_of_all_names(void **state)
{
	const unsigned most = IMAP_NAMES_LIMIT / 4096;
	const struct {
		unsigned count;
		int size;
		char fill;
		bool fits;
	} rows[] = {
		{most, 4096, 'n', true},
		{most + 1, 4096, 'n', false},
		{most / 3, 4096, '\xff', true},
		{most / 2, 4096, '\xff', false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) folders =
			list_long_names(rows[i].count, rows[i].size, rows[i].fill, &error);

		assert_int_equal(folders != NULL, rows[i].fits);
		if (error)
			fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	}
}

static void test_many_namespaces(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		g_autoptr(GString) answers = g_string_new("* NAMESPACE NIL NIL (");
		g_autoptr(ImapSession) session = NULL;
		g_autoptr(GPtrArray) found = NULL;
		g_autoptr(GError) error = NULL;

		for (unsigned i = 0; i < IMAP_NAMESPACE_LIMIT + more; i++)
			g_string_append(answers, "({3}\r\na/b \"/\")");
		g_string_append(answers, ")\r\nM2 OK\r\n");
		session = fixture_open("IMAP4rev1 NAMESPACE", answers->str);
		found = imap_namespaces(session, &error);
		assert_int_equal(found != NULL, more == 0);
		if (error)
			fixture_assert_failure(&error, FAILURE_SERVER_GARBAGE);
	}
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

/* The number NUMBER as BITS of "o" and "&AG8-", which look the same. */
static void append_spelling(GString *text, unsigned number, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		g_string_append(text, number >> i & 1 ? "&AG8-" : "o");
}

/* As many as may be: each gets its number without trying all before it. */
static void test_many_names_that_look_the_same(void **state)
{
	enum { COUNT = 65536, BITS = 16 };
	g_autoptr(GString) answers = g_string_new("* LIST () \"/\" \"oooooooooooooooo (3)\"\r\n");
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) folders = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(ImapSession) session = NULL;
	int64_t start = clock_monotonic();

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		g_string_append(answers, "* LIST () \"/\" ");
		append_spelling(answers, i, BITS);
		g_string_append(answers, "\r\n");
	}
	g_string_append(answers, "M2 OK\r\n");
	session = fixture_open("IMAP4rev1", answers->str);
	folders = imap_list(session, &error);
	assert_non_null(folders);
	assert_int_equal(folders->len, COUNT + 1);
	for (guint i = 0; i < folders->len; i++) {
		const ImapFolder *folder = g_ptr_array_index(folders, i);

		assert_true(g_hash_table_add(names, folder->name));
	}
	assert_true(g_hash_table_contains(names, "oooooooooooooooo (65537)"));
	assert_true(clock_monotonic() - start < 10000);
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
		cmocka_unit_test(test_length_of_a_name),
		cmocka_unit_test(test_length_of_all_names),
		cmocka_unit_test(test_many_namespaces),
		cmocka_unit_test(test_name_with_line_break),
		cmocka_unit_test(test_names_that_look_the_same),
		cmocka_unit_test(test_many_names_that_look_the_same),
		cmocka_unit_test(test_many_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
