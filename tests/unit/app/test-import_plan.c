/* The plan's bookkeeping: what is open, what was handed, out of order and doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "app/import_internal.h"

static ImportPlan *plan_of(const uint32_t *uids, guint count)
{
	ImportPlan *plan = g_new0(ImportPlan, 1);

	plan->uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_array_append_vals(plan->uids, uids, count);
	plan->handed = g_new0(bool, count + 1);
	return plan;
}

static void test_index(void **state)
{
	const uint32_t uids[] = {3, 7, 4294967295u};
	g_autoptr(ImportPlan) plan = plan_of(uids, 3);

	(void)state;
	assert_int_equal(import_uid_index(plan->uids, 0), 0);
	assert_int_equal(import_uid_index(plan->uids, 3), 0);
	assert_int_equal(import_uid_index(plan->uids, 4), 1);
	assert_int_equal(import_uid_index(plan->uids, 8), 2);
	assert_int_equal(import_uid_index(plan->uids, 4294967295u), 2);
}

static void test_hand_in_any_order(void **state)
{
	const uint32_t uids[] = {1, 5, 6, 9};
	g_autoptr(ImportPlan) plan = plan_of(uids, 4);
	g_autoptr(GArray) open = NULL;

	(void)state;
	assert_true(import_plan_hand(plan, 5));
	assert_int_equal(plan->first_open, 0);
	assert_false(import_plan_hand(plan, 5)); /* a second answer for the same mail */
	assert_false(import_plan_hand(plan, 4)); /* one nobody asked for */
	assert_true(import_plan_hand(plan, 1));
	assert_int_equal(plan->first_open, 2);
	open = import_plan_remaining(plan, 10);
	assert_int_equal(open->len, 2);
	assert_int_equal(g_array_index(open, uint32_t, 0), 6);
	assert_int_equal(g_array_index(open, uint32_t, 1), 9);
	assert_true(import_plan_hand(plan, 9));
	assert_true(import_plan_hand(plan, 6));
	assert_int_equal(plan->first_open, 4);
	assert_int_equal(plan->handed_count, 4);
}

static void test_open_is_limited(void **state)
{
	const uint32_t uids[] = {1, 2, 3, 4, 5};
	g_autoptr(ImportPlan) plan = plan_of(uids, 5);
	g_autoptr(GArray) open = import_plan_remaining(plan, 2);

	(void)state;
	assert_int_equal(open->len, 2);
	assert_int_equal(g_array_index(open, uint32_t, 1), 2);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_hand_in_any_order),
		cmocka_unit_test(test_open_is_limited),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
