/* Unknown names apart from names that cannot be asked for at the moment. */
#include "peer.h"

#include "base/clock.h"
#include "net/stream_internal.h"

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(stream_name_failure("999.1.1.1.", clock_monotonic() + 5000, NULL),
		FAILURE_NAME_UNKNOWN);
}

/* It has an address now: whoever asked a moment ago was unlucky. */
static void test_known_again(void **state)
{
	(void)state;
	assert_int_equal(stream_name_failure("127.0.0.1", clock_monotonic() + 5000, NULL),
		FAILURE_NAME_TEMPORARY);
}

static void test_no_time(void **state)
{
	(void)state;
	assert_int_equal(stream_name_failure("localhost", clock_monotonic() - 1, NULL),
		FAILURE_NAME_TEMPORARY);
}

static void test_cancelled(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();

	(void)state;
	cancel_trigger(cancel);
	assert_int_equal(stream_name_failure("name.invalid", clock_monotonic() + 5000, cancel),
		FAILURE_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_known_again),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
