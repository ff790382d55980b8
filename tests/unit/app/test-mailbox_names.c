/* Mailboxes in other users' namespaces: where they are looked for, which folders are theirs, what
 * these are called. The server's answers are written down beforehand. */
#include "../imap/imap_fixture.h"

#include "app/mailbox_internal.h"

#define SLASHES "* NAMESPACE ((\"\" \"/\")) ((\"user/\" \"/\")) NIL\r\nM2 OK done\r\n"
#define DOTS "* NAMESPACE ((\"INBOX.\" \".\")) ((\"user.\" \".\")) NIL\r\nM2 OK done\r\n"
#define FLAT "* NAMESPACE ((\"\" \"/\")) ((\"user-\" NIL)) NIL\r\nM2 OK done\r\n"

typedef struct Place {
	Account account;
	Mailbox *mailbox;
} Place;

static void place_clear(Place *place)
{
	g_clear_pointer(&place->mailbox, mailbox_close);
	g_clear_pointer(&place->account.mailboxes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* Looks for ADDRESS, one of maier@amt.example's further mailboxes beside OTHER (NULL: none), at a
 * server that gives ANSWERS to NAMESPACE and whatever follows. */
static Place look_beside(const char *address, const char *other, const char *answers)
{
	Place place = {.account = {.address = (char *)"maier@amt.example"}};
	GError *error = NULL;

	place.account.mailboxes = g_ptr_array_new();
	g_ptr_array_add(place.account.mailboxes, (gpointer)(uintptr_t)address);
	if (other)
		g_ptr_array_add(place.account.mailboxes, (gpointer)(uintptr_t)other);
	place.mailbox = mailbox_adopt(fixture_open("IMAP4rev1 NAMESPACE", answers));
	assert_true(mailbox_names_find(place.mailbox, &place.account, address, &error));
	assert_null(error);
	return place;
}

static Place look(const char *address, const char *answers)
{
	return look_beside(address, NULL, answers);
}

/* The patterns of all LIST commands so far are EXPECTED, each with a comma behind it. */
static void assert_asked(const Place *place, const char *expected)
{
	g_auto(GStrv) lines = g_strsplit(fixture_said(place->mailbox->session), "\r\n", -1);
	g_autoptr(GString) asked = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		const char *pattern = strstr(*line, "LIST \"\" ");

		if (pattern)
			g_string_append_printf(asked, "%s,", pattern + strlen("LIST \"\" "));
	}
	assert_string_equal(asked->str, expected);
}

/* The mailbox's folders are EXPECTED, each with a comma behind it. */
static void assert_folders(Place *place, const char *expected)
{
	g_autoptr(GPtrArray) folders = mailbox_list(place->mailbox, NULL);
	g_autoptr(GString) names = g_string_new(NULL);

	assert_non_null(folders);
	for (guint i = 0; i < folders->len; i++)
		g_string_append_printf(
			names, "%s,", ((const ImapFolder *)g_ptr_array_index(folders, i))->name);
	assert_string_equal(names->str, expected);
}

/* The server's name for FOLDER; NULL: there is none. */
static void assert_server_name(const Place *place, const char *folder, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = mailbox_server_name(place->mailbox, folder, &error);

	if (g_strcmp0(name, expected) != 0)
		fail_msg("%s is %s", folder, name ? name : "nothing");
	if (!expected)
		fixture_assert_failure(&error, FAILURE_FOLDER_UNKNOWN);
}

/* ---- where it is looked for ---- */

static void test_candidates(void **state)
{
	static const struct {
		const char *address;
		const char *name_space;
		const char *asked;
	} cases[] = {
		{"Info.Amt@Amt.Example", SLASHES,
			"\"user/Info.Amt@Amt.Example*\",\"user/info.amt@amt.example*\","
			"\"user/Info.Amt*\",\"user/info.amt*\","},
		/* Cyrus: a dot would part levels, and lead to a folder of somebody else. */
		{"Info.Amt@Amt.Example", DOTS,
			"\"user.Info^Amt@Amt^Example*\",\"user.info^amt@amt^example*\","
			"\"user.Info^Amt*\",\"user.info^amt*\","},
		{"info@amt.example", SLASHES, "\"user/info@amt.example*\",\"user/info*\","},
		{"info@amt.example", FLAT, "\"user-info@amt.example*\",\"user-info*\","},
		{"a/b@amt.example", SLASHES, ""},
		/* People of another domain, or with the user's own name, are somebody else. */
		{"info@stadt.example", SLASHES, "\"user/info@stadt.example*\","},
		{"MAIER@amt.example", SLASHES,
			"\"user/MAIER@amt.example*\",\"user/maier@amt.example*\","},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *answers = g_strconcat(
			cases[i].name_space, "M3 OK\r\nM4 OK\r\nM5 OK\r\nM6 OK\r\nM7 OK\r\n", NULL);
		g_auto(Place) place = look(cases[i].address, answers);

		assert_null(place.mailbox->root);
		assert_asked(&place, cases[i].asked);
	}
}

/* "info" may be either. */
static void test_two_domains(void **state)
{
	g_auto(Place) place =
		look_beside("info@amt.example", "Info@stadt.example", SLASHES "M3 OK\r\nM4 OK\r\n");

	(void)state;
	assert_asked(&place, "\"user/info@amt.example*\",");
}

/* The user's own name at the server is nobody else's. */
static void test_users_own_login(void **state)
{
	Account account = {.address = (char *)"maier@amt.example",
		.imap = {.username = (char *)"Info@amt.example"},
		.mailboxes = g_ptr_array_new()};
	g_auto(Place) place = {.account = account,
		.mailbox = mailbox_adopt(
			fixture_open("IMAP4rev1 NAMESPACE", SLASHES "M3 OK\r\nM4 OK\r\n"))};

	(void)state;
	assert_true(mailbox_names_find(place.mailbox, &account, "info@amt.example", NULL));
	assert_asked(&place, "\"user/info@amt.example*\",");
}

/* What is found first is it. */
static void test_nothing_else_is_asked(void **state)
{
	g_auto(Place) place = look(
		"Info@Amt.Example", SLASHES "* LIST () \"/\" user/Info@Amt.Example\r\nM3 OK\r\n");

	(void)state;
	assert_string_equal(place.mailbox->root, "user/Info@Amt.Example");
	assert_asked(&place, "\"user/Info@Amt.Example*\",");
}

/* A server with endlessly many namespaces is not asked for ever. */
static void test_many_namespaces(void **state)
{
	g_autoptr(GString) answers = g_string_new("* NAMESPACE NIL (");
	g_auto(Place) place = {0};

	(void)state;
	for (int i = 0; i < 40; i++)
		g_string_append_printf(answers, "(\"user%d/\" \"/\")", i);
	g_string_append(answers, ") NIL\r\nM2 OK\r\n");
	for (int i = 3; i < 100; i++)
		g_string_append_printf(answers, "M%d OK\r\n", i);
	place = look("info@stadt.example", answers->str);
	assert_non_null(strstr(fixture_said(place.mailbox->session), "\"user15/info@"));
	assert_null(strstr(fixture_said(place.mailbox->session), "\"user16/info@"));
}

static void test_refused_search(void **state)
{
	const Account account = {
		.address = (char *)"maier@amt.example", .mailboxes = g_ptr_array_new()};
	g_autoptr(Mailbox) mailbox = mailbox_adopt(
		fixture_open("IMAP4rev1 NAMESPACE", SLASHES "M3 NO [UNAVAILABLE] later\r\n"));
	GError *error = NULL;

	(void)state;
	assert_false(mailbox_names_find(mailbox, &account, "info@amt.example", &error));
	fixture_assert_failure(&error, FAILURE_SERVER_UNAVAILABLE);
	g_ptr_array_unref(account.mailboxes);
}

/* ---- which folders are its ---- */

static void test_neighbours_begin_alike(void **state)
{
	g_auto(Place) place = look("info1@amt.example",
		SLASHES "* LIST () \"/\" user/info1@amt.example.org\r\nM3 OK\r\n"
			"* LIST () \"/\" user/info10\r\n"
			"* LIST () \"/\" user/info10/Alt\r\n"
			"* LIST () \"/\" user/info1\r\n"
			"* LIST () \"/\" user/info1/Alt\r\n"
			"* LIST () \"/\" user/info1-alt/Alt\r\nM4 OK\r\n");

	(void)state;
	assert_string_equal(place.mailbox->root, "user/info1");
	assert_folders(&place, "INBOX,Alt,");
}

/* A wildcard in the address finds others; a neighbour alone is not it. */
static void test_only_neighbours(void **state)
{
	g_auto(Place) neighbour =
		look("info1@amt.example", SLASHES "M3 OK\r\n* LIST () \"/\" user/info10\r\n"
						  "* LIST () \"/\" user/info10/Alt\r\nM4 OK\r\n");
	g_auto(Place) wild =
		look("in*@amt.example", SLASHES "* LIST () \"/\" user/info@amt.example\r\nM3 OK\r\n"
						"* LIST () \"/\" user/info\r\nM4 OK\r\n");
	g_auto(Place) flat = look("info1@amt.example",
		FLAT "* LIST () NIL user-info1@amt.example/x\r\nM3 OK\r\nM4 OK\r\n");

	(void)state;
	assert_null(neighbour.mailbox->root);
	assert_null(wild.mailbox->root);
	assert_null(flat.mailbox->root);
}

/* The listing later on is sifted as the search was. */
static void test_neighbours_later(void **state)
{
	g_auto(Place) place = look("info1@amt.example",
		SLASHES "* LIST () \"/\" user/info1@amt.example\r\nM3 OK\r\n"
			"* LIST () \"/\" user/info1@amt.example\r\n"
			"* LIST () \"/\" user/info1@amt.example.org\r\n"
			"* LIST () \"/\" user/info1@amt.example/Neu\r\nM4 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,");
	assert_folders(&place, "INBOX,Neu,");
}

static void test_nothing_to_open(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		SLASHES "* LIST (\\Noselect) \"/\" user/info@amt.example\r\n"
			"* LIST () \"/\" user/info@amt.example/\r\nM3 OK\r\nM4 OK\r\n");

	(void)state;
	assert_null(place.mailbox->root);
}

/* The user's own listing is without other users' folders, and with those that begin alike and those
 * that are shared by all. */
static void test_own_folders(void **state)
{
	g_auto(Place)
		place = {.mailbox = mailbox_adopt(fixture_open("IMAP4rev1 NAMESPACE",
				 "* LIST () \"/\" INBOX\r\n* LIST () \"/\" INBOX/Alt\r\n"
				 "* LIST () \"/\" user/info\r\n* LIST () \"/\" users/x\r\n"
				 "* LIST () \"/\" user\r\n* LIST () \"/\" alle/x\r\nM2 OK\r\n"
				 "* NAMESPACE ((\"INBOX/\" \"/\")) ((\"user/\" \"/\")(\"\" \"/\"))"
				 " ((\"alle/\" \"/\"))\r\nM3 OK\r\n"))};

	(void)state;
	assert_folders(&place, "INBOX,INBOX/Alt,users/x,user,alle/x,");
	assert_server_name(&place, "user/info", "user/info");
}

/* ---- what they are called ---- */

static void test_prefix(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		DOTS "* LIST () \".\" user.info@amt^example\r\n"
		     "* LIST () \".\" user.info@amt^example.Archiv\r\n"
		     "* LIST () \".\" user.info@amt^example.Archiv.2026\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,INBOX.Archiv,INBOX.Archiv.2026,");
	assert_server_name(&place, "INBOX", "user.info@amt^example");
	assert_server_name(&place, "inbox", "user.info@amt^example");
	assert_server_name(&place, "INBOX.Archiv.2026", "user.info@amt^example.Archiv.2026");
	assert_server_name(&place, "Archiv", "user.info@amt^example.Archiv");
	assert_server_name(&place, "INBOX.", NULL);
	assert_server_name(&place, "", NULL);
}

/* A root that is no mailbox: INBOX lies below it, best the one in capitals. */
static void test_inbox_below(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		SLASHES "* LIST (\\Noselect) \"/\" user/info@amt.example\r\n"
			"* LIST () \"/\" user/info@amt.example/Inbox\r\n"
			"* LIST () \"/\" user/info@amt.example/INBOX\r\n"
			"* LIST () \"/\" user/info@amt.example/Alt\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "Inbox (2),INBOX,Alt,");
	assert_server_name(&place, "INBOX", "user/info@amt.example/INBOX");
	assert_server_name(&place, "Inbox (2)", "user/info@amt.example/Inbox");
}

static void test_inbox_below_in_any_order(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		SLASHES "* LIST () \"/\" user/info@amt.example/INBOX\r\n"
			"* LIST () \"/\" user/info@amt.example/Inbox\r\nM3 OK\r\n");
	g_auto(Place) other = look("info@amt.example",
		SLASHES "* LIST () \"/\" user/info@amt.example/Inbox\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,Inbox (2),");
	assert_folders(&other, "INBOX,");
	assert_server_name(&other, "INBOX", "user/info@amt.example/Inbox");
}

/* "ROOT/", which some servers list beside it, is no folder. */
static void test_empty_name_below(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		SLASHES "* LIST () \"/\" user/info@amt.example\r\n"
			"* LIST () \"/\" user/info@amt.example/\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,");
}

/* Nothing of the user's own: no prefix. */
static void test_no_personal_namespace(void **state)
{
	g_auto(Place) place =
		look("info@amt.example", "* NAMESPACE NIL ((\"user.\" \".\")) NIL\r\nM2 OK\r\n"
					 "* LIST () \".\" user.info@amt^example.Alt\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "Alt,");
	assert_server_name(&place, "INBOX", "user.info@amt^example.INBOX");
}

#define ROOT_AND_INBOX                                                                             \
	SLASHES "* LIST () \"/\" user/info@amt.example\r\n"                                        \
		"* LIST () \"/\" \"user/info@amt.example/INBOX (2)\"\r\n"                          \
		"* LIST () \"/\" user/info@amt.example/INBOX\r\nM3 OK\r\n"                         \
		"* STATUS user/info@amt.example"                                                   \
		" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1)\r\nM4 OK\r\n"

/* The root is INBOX, and a folder of that name is another one if it differs in anything, or if the
 * server does not tell. */
static void test_inbox_beside_the_root(void **state)
{
	static const char *const answers[] = {
		"* STATUS user/info@amt.example/INBOX"
		" (MESSAGES 4 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1)\r\nM5 OK\r\n",
		"* STATUS user/info@amt.example/INBOX"
		" (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 7 UNSEEN 1)\r\nM5 OK\r\n",
		"* STATUS user/info@amt.example/INBOX"
		" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 6 UNSEEN 1)\r\nM5 OK\r\n",
		"* STATUS user/info@amt.example/INBOX"
		" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 0)\r\nM5 OK\r\n",
		"M5 NO [NOPERM] not for you\r\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *all = g_strconcat(ROOT_AND_INBOX, answers[i], NULL);
		g_auto(Place) place = look("info@amt.example", all);

		assert_folders(&place, "INBOX,INBOX (2),INBOX (3),");
		assert_server_name(&place, "INBOX", "user/info@amt.example");
		assert_server_name(&place, "INBOX (2)", "user/info@amt.example/INBOX (2)");
		assert_server_name(&place, "INBOX (3)", "user/info@amt.example/INBOX");
	}
}

/* Dovecot has two names for one inbox. */
static void test_inbox_of_two_names(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		ROOT_AND_INBOX "* STATUS user/info@amt.example/INBOX"
			       " (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1)\r\nM5 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,INBOX (2),");
	assert_server_name(&place, "INBOX", "user/info@amt.example");
	assert_server_name(&place, "INBOX (2)", "user/info@amt.example/INBOX (2)");
}

/* Without a delimiter there is nothing below the root. */
static void test_flat_names(void **state)
{
	g_auto(Place) place =
		look("info@amt.example", FLAT "* LIST () NIL user-info@amt.example\r\nM3 OK\r\n");

	(void)state;
	assert_folders(&place, "INBOX,");
	assert_server_name(&place, "INBOX", "user-info@amt.example");
	assert_server_name(&place, "Archiv", NULL);
}

/* ---- what goes over the wire ---- */

#define ONE_FOLDER                                                                                 \
	SLASHES "* LIST () \"/\" user/info@amt.example\r\n"                                        \
		"* LIST () \"/\" user/info@amt.example/Alt\r\nM3 OK\r\n"

/* People read the owner's name of the folder, with each failure. */
static void test_failures_name_the_owners_folder(void **state)
{
	static const struct {
		const char *answer;
		Failure failure;
		bool of_folder;
	} cases[] = {
		{"M4 NO [NONEXISTENT] gone\r\n", FAILURE_FOLDER_UNKNOWN, true},
		{"M4 NO [NOPERM] not yours\r\n", FAILURE_FOLDER_DENIED, true},
		{"M4 NO [UNAVAILABLE] later\r\n", FAILURE_SERVER_UNAVAILABLE, false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *answers = g_strconcat(ONE_FOLDER, cases[i].answer, NULL);
		g_auto(Place) place = look("info@amt.example", answers);
		g_autoptr(GError) error = NULL;
		ImapStatus status;

		assert_false(mailbox_select(place.mailbox, "Alt", IMAP_READ_ONLY, &status, &error));
		assert_true(failure_is(error, cases[i].failure));
		assert_int_equal(strstr(failure_subject(error), "Alt") != NULL, cases[i].of_folder);
		assert_null(strstr(failure_subject(error), "user/"));
		assert_non_null(strstr(fixture_said(place.mailbox->session),
			"M4 EXAMINE \"user/info@amt.example/Alt\"\r\n"));
	}
}

static void test_status_of_many(void **state)
{
	g_auto(Place) place = look("info@amt.example",
		ONE_FOLDER "* STATUS user/info@amt.example (MESSAGES 3 UIDVALIDITY 7)\r\nM4 OK\r\n"
			   "* STATUS user/info@amt.example/Alt (MESSAGES 5 UIDVALIDITY 8)\r\n"
			   "M5 OK\r\n");
	g_autoptr(GPtrArray) folders = g_ptr_array_new();
	ImapStatus statuses[2] = {0};

	(void)state;
	assert_true(mailbox_status_many(place.mailbox, folders, statuses, NULL));
	g_ptr_array_add(folders, (gpointer)(uintptr_t) "INBOX");
	g_ptr_array_add(folders, (gpointer)(uintptr_t) "Alt");
	assert_true(mailbox_status_many(place.mailbox, folders, statuses, NULL));
	assert_int_equal(statuses[0].messages, 3);
	assert_int_equal(statuses[1].messages, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_two_domains),
		cmocka_unit_test(test_users_own_login),
		cmocka_unit_test(test_nothing_else_is_asked),
		cmocka_unit_test(test_many_namespaces),
		cmocka_unit_test(test_refused_search),
		cmocka_unit_test(test_neighbours_begin_alike),
		cmocka_unit_test(test_only_neighbours),
		cmocka_unit_test(test_neighbours_later),
		cmocka_unit_test(test_nothing_to_open),
		cmocka_unit_test(test_own_folders),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_inbox_below),
		cmocka_unit_test(test_inbox_below_in_any_order),
		cmocka_unit_test(test_empty_name_below),
		cmocka_unit_test(test_no_personal_namespace),
		cmocka_unit_test(test_inbox_beside_the_root),
		cmocka_unit_test(test_inbox_of_two_names),
		cmocka_unit_test(test_flat_names),
		cmocka_unit_test(test_failures_name_the_owners_folder),
		cmocka_unit_test(test_status_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
