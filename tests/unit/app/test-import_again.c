/* What is tried again: the failed mails of one folder, or all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "app/import_jobs.h"
#include "failure/failure.h"

static ImportJob *make_job(Failure failure)
{
	ImportJob *job = g_new0(ImportJob, 1);

	job->user = g_strdup("anna");
	job->mailbox = g_strdup("anna@amt.example");
	job->uids = g_strdup("1:9");
	job->since = 86400;
	job->case_number = g_strdup("2026/4711");
	import_result_init(&job->result);
	failure_set(&job->problem, failure, NULL, "test");
	return job;
}

static void add_error(ImportJob *job, const char *mailbox, const char *folder, uint32_t uid)
{
	ImportError *error = g_new0(ImportError, 1);

	error->mailbox = g_strdup(mailbox);
	error->folder = g_strdup(folder);
	error->uid = uid;
	error->uid_validity = 7;
	error->reason = g_strdup("weil");
	g_ptr_array_add(job->result.errors, error);
}

static void expect_all(const ImportJob *job)
{
	g_auto(ImportAgain) again = {0};

	import_job_again(job, "anna", &again);
	assert_string_equal(again.request.user, "anna");
	assert_string_equal(again.request.mailboxes[0], "anna@amt.example");
	assert_null(again.request.mailboxes[1]);
	assert_null(again.request.folders);
	assert_string_equal(again.request.uids, "1:9");
	assert_int_equal(again.request.since, 86400);
	assert_string_equal(again.request.case_number, "2026/4711");
}

static void test_only_what_failed(void **state)
{
	g_autoptr(ImportJob) job = make_job(FAILURE_SOME_FAILED);
	g_auto(ImportAgain) again = {0};

	(void)state;
	add_error(job, "bau@amt.example", "Eingang", 9);
	add_error(job, "Bau@amt.example", "Eingang", 3);
	add_error(job, "bau@amt.example", "Eingang", 4);
	import_job_again(job, "anna", &again);
	assert_string_equal(again.request.mailboxes[0], "bau@amt.example");
	assert_string_equal(again.request.folders[0], "Eingang");
	assert_null(again.request.folders[1]);
	assert_string_equal(again.request.uids, "3:4,9");
	assert_int_equal(again.request.since, 0);
	assert_string_equal(again.request.case_number, "2026/4711");
	assert_int_equal(again.request.uid_validity, 7);
	assert_false(again.request.unpicked);
}

/* What whole folders failed at was picked by nobody, however often it is tried. */
static void test_what_nobody_picked(void **state)
{
	g_autoptr(ImportJob) job = make_job(FAILURE_SOME_FAILED);
	g_auto(ImportAgain) again = {0};
	g_auto(ImportAgain) once_more = {0};

	(void)state;
	g_clear_pointer(&job->uids, g_free);
	add_error(job, "bau@amt.example", "Eingang", 9);
	import_job_again(job, "anna", &again);
	assert_string_equal(again.request.uids, "9");
	assert_int_equal(again.request.uid_validity, 7);
	assert_true(again.request.unpicked);
	job->uids = g_strdup("9");
	job->unpicked = true;
	import_job_again(job, "anna", &once_more);
	assert_true(once_more.request.unpicked);
}

static void test_all_of_it(void **state)
{
	g_autoptr(ImportJob) folders = make_job(FAILURE_SOME_FAILED);
	g_autoptr(ImportJob) mailbox = make_job(FAILURE_SOME_FAILED);
	g_autoptr(ImportJob) early = make_job(FAILURE_CANCELLED);
	g_autoptr(ImportJob) nothing = make_job(FAILURE_SOME_FAILED);

	(void)state;
	add_error(folders, "bau@amt.example", "Eingang", 9);
	add_error(folders, "bau@amt.example", "Ausgang", 9);
	expect_all(folders);
	add_error(mailbox, "bau@amt.example", "Eingang", 9);
	add_error(mailbox, "bau@amt.example", NULL, 0);
	expect_all(mailbox);
	add_error(early, "bau@amt.example", "Eingang", 9);
	expect_all(early);
	expect_all(nothing);
}

static void test_a_sign_in(void **state)
{
	g_autoptr(ImportJob) refused = make_job(FAILURE_LOGIN_REFUSED);
	g_autoptr(ImportJob) cancelled = make_job(FAILURE_CANCELLED);

	(void)state;
	assert_true(import_job_wants_sign_in(refused));
	assert_false(import_job_wants_sign_in(cancelled));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_failed),
		cmocka_unit_test(test_what_nobody_picked),
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_a_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
