/* The catalogue: every row whole and in line with the exit statuses; errors keep row and subject.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "failure/failure.h"

typedef struct Row {
	Failure failure;
	const char *name;
	FailureCode code;
	int status;
	FailureActor actor;
	const char *sentence;
	const char *advice;
} Row;

#undef N_
#define N_(text) text

static const Row rows[] = {
#define FAILURE(id, name, code, status, actor, sentence, advice)                                   \
	{id, name, code, status, actor, sentence, advice},
#include "failure/failure_table.h"
#undef FAILURE
};

/* Which statuses may follow from a code: the table of exit statuses in the manual. */
static const int statuses[][3] = {
	[FAILURE_CODE_SETUP] = {3},
	[FAILURE_CODE_LOGIN] = {4},
	[FAILURE_CODE_RETRY] = {5},
	[FAILURE_CODE_REFUSED] = {6, 2}, /* 2: an unknown folder was named */
	[FAILURE_CODE_PROTOCOL] = {5},
	[FAILURE_CODE_LIMIT] = {6, 2},
	[FAILURE_CODE_INPUT] = {2},
	[FAILURE_CODE_CONFLICT] = {2, 1},
	[FAILURE_CODE_STORE] = {1},
	[FAILURE_CODE_CANCELLED] = {130},
};

static bool fits(const Row *row)
{
	for (size_t i = 0; i < G_N_ELEMENTS(statuses[0]) && statuses[row->code][i]; i++) {
		if (statuses[row->code][i] == row->status)
			return true;
	}
	return false;
}

static void test_codes_and_statuses_agree(void **state)
{
	(void)state;
	assert_int_equal(G_N_ELEMENTS(rows), FAILURE_COUNT);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_in_range(rows[i].code, 0, FAILURE_CODE_CANCELLED);
		if (!fits(&rows[i]))
			fail_msg("%s: status %d", rows[i].name, rows[i].status);
	}
}

static void test_names_are_unique_and_plain(void **state)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		char *name = (char *)rows[i].name;

		assert_true(strlen(name) > 0 && name[0] != '-' && !g_str_has_suffix(name, "-"));
		assert_int_equal(
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
		if (!g_hash_table_add(names, name))
			fail_msg("%s: twice", name);
	}
}

static unsigned count(const char *text, const char *part)
{
	unsigned found = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		found++;
	return found;
}

static void test_placeholders(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];

		if (count(row->sentence, "%") > 1 ||
			count(row->sentence, "%") != count(row->sentence, "%s"))
			fail_msg("%s: at most one %%s in the sentence", row->name);
		if (strchr(row->advice, '%'))
			fail_msg("%s: no %% in the advice", row->name);
	}
}

static bool is_sentence(const char *text)
{
	const char *end = text + strlen(text);

	/* A %s at the end is a sentence of its own or a list. */
	return strlen(text) > 10 && !text_has_control(text) && !strstr(text, "  ") &&
	       text[0] != ' ' && (end[-1] == '.' || g_str_has_suffix(text, "%s"));
}

static void test_sentences_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!is_sentence(rows[i].sentence))
			fail_msg("%s: '%s'", rows[i].name, rows[i].sentence);
		if (!is_sentence(rows[i].advice) || !g_str_has_suffix(rows[i].advice, "."))
			fail_msg("%s: '%s'", rows[i].name, rows[i].advice);
	}
}

/* A setting is never a clerk's to correct, and somebody has to. */
static void test_actors_fit_the_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Row *row = &rows[i];
		bool by_clerk_or_nobody = row->actor == ACTOR_CLERK || row->actor == ACTOR_NOBODY;

		assert_in_range(row->actor, ACTOR_NOBODY, ACTOR_PROVIDER);
		if (row->code == FAILURE_CODE_SETUP && by_clerk_or_nobody)
			fail_msg("%s: who corrects the setting?", row->name);
		if (row->code == FAILURE_CODE_LOGIN && row->actor == ACTOR_NOBODY)
			fail_msg("%s: who signs in?", row->name);
	}
}

static void test_answers_come_from_the_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *advice = NULL;

		failure_set(&error, rows[i].failure, "x", "technical %d", 7);
		advice = failure_advice(error);
		assert_true(error->domain == FAILURE_DOMAIN);
		assert_int_equal(error->code, rows[i].code);
		assert_string_equal(error->message, "technical 7");
		assert_true(failure_is(error, rows[i].failure));
		assert_int_equal(failure_code(error), rows[i].code);
		assert_int_equal(failure_status(error), rows[i].status);
		assert_string_equal(failure_name(error), rows[i].name);
		assert_int_equal(failure_actor(error), rows[i].actor);
		assert_string_equal(advice, rows[i].advice);
	}
}

static void assert_advice(Failure failure, const char *user, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *advice = NULL;

	failure_set(&error, failure, "erna", "x");
	advice = failure_advice_for(error, user);
	if (!strstr(advice, expected))
		fail_msg("'%s' lacks '%s'", advice, expected);
}

static void test_advice_names_the_user(void **state)
{
	(void)state;
	assert_advice(FAILURE_LOGIN_MISSING, "erna", "„amtspost login --user erna“");
	assert_advice(FAILURE_LOGIN_MISSING, NULL, "„amtspost login --user NAME“");
	assert_advice(FAILURE_SETTING_SCOPE, "erna", "--user NAME");
}

static void test_pages_show_no_calls(void **state)
{
	(void)state;
	for (int failure = 0; failure < FAILURE_COUNT; failure++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *advice = NULL;

		failure_set(&error, (Failure)failure, "x", "x");
		advice = failure_advice_on_page(error);
		assert_null(strstr(advice, ": „amtspost"));
		assert_null(strstr(advice, "(„amtspost"));
		assert_true(g_str_has_suffix(advice, "."));
	}
}

static void test_pages_keep_the_rest(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *advice = NULL;

	(void)state;
	failure_set(&error, FAILURE_LOGIN_NOT_STORED, "erna", "x");
	advice = failure_advice_on_page(error);
	assert_string_equal(advice,
		"Bitte geben Sie es noch einmal ein. Ein bisher gespeichertes Kennwort bleibt, wie "
		"es war.");
}

static void assert_code_name(Failure failure, const char *expected)
{
	g_autoptr(GError) error = NULL;

	failure_set(&error, failure, NULL, "x");
	assert_string_equal(failure_code_name(error), expected);
}

static void test_code_names(void **state)
{
	(void)state;
	assert_code_name(FAILURE_SETTING_MISSING, "setup");
	assert_code_name(FAILURE_LOGIN_REFUSED, "login");
	assert_code_name(FAILURE_TIMEOUT, "retry");
	assert_code_name(FAILURE_SOME_FAILED, "refused");
	assert_code_name(FAILURE_SERVER_GARBAGE, "protocol");
	assert_code_name(FAILURE_MESSAGE_TOO_LARGE, "limit");
	assert_code_name(FAILURE_USAGE, "input");
	assert_code_name(FAILURE_USER_EXISTS, "conflict");
	assert_code_name(FAILURE_STORE, "store");
	assert_code_name(FAILURE_CANCELLED, "cancelled");
}

static void assert_sentence(const GError *error, const char *expected)
{
	g_autofree char *sentence = failure_sentence(error);

	assert_string_equal(sentence, expected);
}

static void test_subjects(void **state)
{
	static const struct {
		const char *subject;
		const char *sentence;
	} cases[] = {
		{"erna", "Den Benutzer „erna“ gibt es nicht."},
		{"", "Den Benutzer „“ gibt es nicht."},
		{NULL, "Den Benutzer „?“ gibt es nicht."},
		{"%s%n%s%99999d", "Den Benutzer „%s%n%s%99999d“ gibt es nicht."},
		{"100 %", "Den Benutzer „100 %“ gibt es nicht."},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		failure_set(&error, FAILURE_USER_UNKNOWN, cases[i].subject, "no user");
		assert_sentence(error, cases[i].sentence);
	}
}

static void test_subject_without_a_place_is_not_shown(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	failure_set(&error, FAILURE_CANCELLED, "erna", "stop");
	assert_sentence(error, "Der Vorgang wurde abgebrochen.");
}

static void test_subject_is_a_copy(void **state)
{
	char subject[] = "erna";
	g_autoptr(GError) error = NULL;

	(void)state;
	failure_set(&error, FAILURE_USER_UNKNOWN, subject, "no user %s", subject);
	memset(subject, 'x', 4);
	assert_sentence(error, "Den Benutzer „erna“ gibt es nicht.");
	assert_string_equal(error->message, "no user erna");
}

static void test_copies_keep_row_and_subject(void **state)
{
	GError *error = NULL;
	g_autoptr(GError) copy = NULL;
	g_autoptr(GError) target = NULL;

	(void)state;
	failure_set(&error, FAILURE_USER_UNKNOWN, "erna", "no user");
	copy = g_error_copy(error);
	g_propagate_prefixed_error(&target, error, "Zeile %d: ", 3);
	assert_true(failure_is(copy, FAILURE_USER_UNKNOWN));
	assert_sentence(copy, "Den Benutzer „erna“ gibt es nicht.");
	assert_true(failure_is(target, FAILURE_USER_UNKNOWN));
	assert_sentence(target, "Den Benutzer „erna“ gibt es nicht.");
	assert_string_equal(target->message, "Zeile 3: no user");
	g_prefix_error(&target, "erna: ");
	assert_string_equal(target->message, "erna: Zeile 3: no user");
	assert_sentence(target, "Den Benutzer „erna“ gibt es nicht.");
}

static void test_nobody_listens(void **state)
{
	(void)state;
	failure_set(NULL, FAILURE_STORE, "x", "x");
	failure_set_errno(NULL, FAILURE_STORE, "x", EIO);
	assert_false(failure_is(NULL, FAILURE_INTERNAL));
}

/* Errors of GLib, and of our domain without a row, do not look like any other row. */
static void test_foreign_errors_are_internal(void **state)
{
	GQuark domains[] = {G_FILE_ERROR, G_CONVERT_ERROR, FAILURE_DOMAIN};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
		g_autoptr(GError) error =
			g_error_new(domains[i], FAILURE_CODE_LOGIN, "%s", "foreign");

		assert_true(failure_is(error, FAILURE_INTERNAL));
		assert_int_equal(failure_code(error), FAILURE_CODE_STORE);
		assert_int_equal(failure_status(error), 1);
		assert_string_equal(failure_code_name(error), "store");
		assert_string_equal(failure_name(error), "internal");
		assert_sentence(error, rows[FAILURE_INTERNAL].sentence);
	}
}

static void assert_errno(Failure failure, const char *subject, int number, Failure expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *message = g_strdup_printf(
		"%s%s%s", subject ? subject : "", subject ? ": " : "", g_strerror(number));

	failure_set_errno(&error, failure, subject, number);
	assert_true(failure_is(error, expected));
	assert_string_equal(error->message, message);
}

static void test_errno(void **state)
{
	(void)state;
	assert_errno(FAILURE_OUTPUT, "datei", EACCES, FAILURE_OUTPUT);
	assert_errno(FAILURE_STORE, NULL, EIO, FAILURE_STORE);
	assert_errno(FAILURE_STORE, "a%nb", EIO, FAILURE_STORE);
	/* Our own disk is full; the one that a person writes to is another. */
	assert_errno(FAILURE_STORE, NULL, ENOSPC, FAILURE_DISK_FULL);
	assert_errno(FAILURE_STORE, "daten", EDQUOT, FAILURE_DISK_FULL);
	assert_errno(FAILURE_OUTPUT, "datei", ENOSPC, FAILURE_OUTPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_and_statuses_agree),
		cmocka_unit_test(test_names_are_unique_and_plain),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_sentences_are_whole),
		cmocka_unit_test(test_actors_fit_the_codes),
		cmocka_unit_test(test_answers_come_from_the_row),
		cmocka_unit_test(test_advice_names_the_user),
		cmocka_unit_test(test_pages_show_no_calls),
		cmocka_unit_test(test_pages_keep_the_rest),
		cmocka_unit_test(test_code_names),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_subject_without_a_place_is_not_shown),
		cmocka_unit_test(test_subject_is_a_copy),
		cmocka_unit_test(test_copies_keep_row_and_subject),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_foreign_errors_are_internal),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
