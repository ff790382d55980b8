/* Which folders are hidden: standard list, aliases, roles, own lists, paths, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "app/hidden.h"

static HiddenRules *rules_of(const char *const *entries)
{
	Account account = {.hidden_standard = !entries};
	HiddenRules *rules;

	account.hidden_folders = g_ptr_array_new();
	for (; entries && *entries; entries++)
		g_ptr_array_add(account.hidden_folders, (char *)*entries);
	rules = hidden_rules_new(&account);
	g_ptr_array_unref(account.hidden_folders);
	return rules;
}

static const char *match(const HiddenRules *rules, const char *name, char delimiter)
{
	ImapFolder folder = {.name = (char *)name, .delimiter = delimiter, .selectable = true};

	return hidden_rules_match(rules, &folder, NULL);
}

static void test_standard_and_aliases(void **state)
{
	g_autoptr(HiddenRules) rules = rules_of(NULL);
	static const char *const hidden[][2] = {
		{"Kalender", "Kalender"},
		{"Calendar", "Kalender"},
		{"Kontakte/Lieferanten", "Kontakte"},
		{"Gelöschte Elemente", "Gelöscht"},
		{"GELÖSCHTE ELEMENTE/2025", "Gelöscht"},
		{"Papierkorb", "Gelöscht"},
		{"INBOX/Trash", "Gelöscht"},
		{"Junk-E-Mail", "Junk-E-Mail"},
		{"Spam", "Junk-E-Mail"},
		{"Aufgezeichnete Unterhaltungen", "Verlauf der Unterhaltung"},
		{"RSS-Feeds", "RSS-Abonnements"},
		{"Synchronisierungsprobleme/Konflikte", "Synchronisierungsprobleme"},
		{"Journal", "Journal"},
		{"Notes", "Notizen"},
		/* decomposed: o + combining diaeresis */
		{"Gelo\xcc\x88scht", "Gelöscht"},
	};
	static const char *const shown[] = {"INBOX", "Gesendete Elemente", "Archiv/2026/Bußgeld",
		"Kalendereinträge", "Mein Journalist", "Spamverdacht"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++)
		assert_string_equal(match(rules, hidden[i][0], '/'), hidden[i][1]);
	for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
		assert_null(match(rules, shown[i], '/'));
}

static void test_delimiters(void **state)
{
	g_autoptr(HiddenRules) rules = rules_of(NULL);

	(void)state;
	assert_non_null(match(rules, "INBOX.Papierkorb", '.'));
	assert_null(match(rules, "INBOX.Papierkorb", '/'));
	assert_null(match(rules, "Papierkorb/x", 0));
	assert_non_null(match(rules, "Papierkorb", 0));
}

static void test_roles(void **state)
{
	g_autoptr(HiddenRules) rules = rules_of(NULL);
	g_autoptr(GPtrArray) folders = g_ptr_array_new();
	g_autoptr(GPtrArray) marked = NULL;
	ImapFolder trash = {.name = (char *)"Corbeille", .delimiter = '/', .role = IMAP_ROLE_TRASH};
	ImapFolder below = {.name = (char *)"Corbeille/2026", .delimiter = '/'};
	ImapFolder other = {.name = (char *)"Corbeilles", .delimiter = '/'};

	(void)state;
	g_ptr_array_add(folders, &trash);
	g_ptr_array_add(folders, &below);
	g_ptr_array_add(folders, &other);
	marked = hidden_list_marked(folders);
	assert_int_equal(marked->len, 1);
	assert_string_equal(hidden_rules_match(rules, &trash, marked), "Gelöscht");
	assert_string_equal(hidden_rules_match(rules, &below, marked), "Gelöscht");
	assert_null(hidden_rules_match(rules, &other, marked));
}

static void test_own_list(void **state)
{
	static const char *const entries[] = {
		"Archiv/Alt", "intern", "info@beispielstadt.example", NULL};
	g_autoptr(HiddenRules) rules = rules_of(entries);

	(void)state;
	assert_string_equal(match(rules, "Archiv/Alt", '/'), "Archiv/Alt");
	assert_string_equal(match(rules, "archiv/alt/2019", '/'), "Archiv/Alt");
	assert_null(match(rules, "Archiv/Altes", '/'));
	assert_null(match(rules, "INBOX/Archiv/Alt", '/'));
	assert_string_equal(match(rules, "A/Intern/B", '/'), "intern");
	assert_null(match(rules, "Kalender", '/'));
	assert_string_equal(hidden_rules_match_mailbox(rules, "Info@Beispielstadt.example"),
		"info@beispielstadt.example");
	assert_null(hidden_rules_match_mailbox(rules, "gewerbe@beispielstadt.example"));
}

static void test_emptied_list_hides_nothing(void **state)
{
	static const char *const entries[] = {NULL};
	g_autoptr(HiddenRules) rules = rules_of(entries);

	(void)state;
	assert_null(match(rules, "Kalender", '/'));
	assert_null(match(rules, "Papierkorb", '/'));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_standard_and_aliases),
		cmocka_unit_test(test_delimiters),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_own_list),
		cmocka_unit_test(test_emptied_list_hides_nothing),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
