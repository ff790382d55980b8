/* What the filer tells of its folder. */
#include "../archive/fixture.h"
#include "app/import_internal.h"

/* More than the filer's queue holds: once it is written, the filer has taken what came before. */
#define LARGE ((size_t)16 * 1024 * 1024)

/* Deleted by somebody while it is filed once more: listed, not just counted. */
static void test_deleted_meanwhile(void **state)
{
	Fixture *fixture = *state;
	const uint32_t uids[] = {4, 5};
	bool handed[2] = {false};
	g_autoptr(GArray) planned = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	const ImportPlan plan = {.folder = fixture->inbox, .uids = planned, .handed = handed};
	ArchiveOrder order = fixture_order(&fixture->inbox);
	g_auto(ImportResult) result = {0};
	ImportRun run = {.archive = fixture->archive, .result = &result};
	g_autofree char *large = g_strnfill(LARGE, 'x');
	const ImportError *listed;
	GError *error = NULL;
	Filer *filer;

	import_result_init(&result);
	g_array_append_vals(planned, uids, 2);
	order.by_hand = true;
	fixture_file(fixture, 1, "raced\r\n");
	filer = filer_start(fixture->archive, &order, &plan);
	filer_begin(filer, 7);
	assert_true(filer_write(filer, "raced\r\n", 7));
	assert_true(filer_end(filer, 4, 1000));
	filer_begin(filer, LARGE);
	assert_true(filer_write(filer, large, LARGE));
	assert_true(archive_delete(fixture->archive, NULL, 1, "r", "a", &error));
	assert_true(filer_end(filer, 5, 1000));
	assert_true(filer_finish(filer, 0, &run, &error));
	assert_no_failure(error);
	assert_int_equal(result.imported, 1);
	assert_int_equal(result.failed, 1);
	assert_int_equal(result.errors->len, 1);
	listed = result.errors->pdata[0];
	assert_int_equal(listed->uid, 4);
	assert_int_equal(listed->uid_validity, 7);
	assert_string_equal(listed->folder, "INBOX");
	assert_non_null(strstr(listed->reason, "gelöscht"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_deleted_meanwhile, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
