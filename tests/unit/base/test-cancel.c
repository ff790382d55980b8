/* Cancelling from a thread and from a signal handler wakes who polls. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include "base/cancel.h"
#include "base/clock.h"
#include "scratch.h"

#define PATIENCE 10000 /* milliseconds */

/* Whether CANCEL's descriptor is readable within MILLISECONDS. */
static bool wakes(const Cancel *cancel, int milliseconds)
{
	struct pollfd poller = {.fd = cancel_descriptor(cancel), .events = POLLIN};
	int ready;

	do {
		ready = poll(&poller, 1, milliseconds);
	} while (ready < 0 && errno == EINTR);
	return ready == 1 && (poller.revents & POLLIN);
}

static void test_starts_untriggered(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();

	(void)state;
	assert_false(cancel_triggered(cancel));
	assert_false(wakes(cancel, 0));
}

static void test_stays_triggered(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();

	(void)state;
	for (int i = 0; i < 3; i++) {
		cancel_trigger(cancel);
		assert_true(cancel_triggered(cancel));
		assert_true(wakes(cancel, 0));
	}
}

static void test_none_cannot_be_cancelled(void **state)
{
	(void)state;
	assert_false(cancel_triggered(NULL));
	assert_int_equal(cancel_descriptor(NULL), -1);
	/* poll passes over a descriptor of -1, so that callers need no case of their own. */
	assert_false(wakes(NULL, 1));
	cancel_free(NULL);
}

static void *trigger_later(void *cancel)
{
	g_usleep(20000);
	cancel_trigger(cancel);
	return NULL;
}

static void test_wakes_other_threads(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, trigger_later, cancel), 0);
	assert_true(wakes(cancel, PATIENCE));
	assert_true(cancel_triggered(cancel));
	pthread_join(thread, NULL);
}

static Cancel *interrupted;

static void on_signal(int number)
{
	(void)number;
	cancel_trigger(interrupted);
}

static void *raise_later(void *thread)
{
	g_usleep(20000);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void test_serves_signal_handlers(void **state)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;
	pthread_t self = pthread_self();
	pthread_t thread;

	(void)state;
	interrupted = cancel_new();
	sigaction(SIGUSR1, &action, &before);
	assert_int_equal(pthread_create(&thread, NULL, raise_later, &self), 0);
	assert_true(wakes(interrupted, PATIENCE));
	pthread_join(thread, NULL);
	assert_true(cancel_triggered(interrupted));
	sigaction(SIGUSR1, &before, NULL);
	cancel_free(interrupted);
}

static void test_keeps_errno(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new();

	(void)state;
	/* A handler interrupts code that is about to look at errno. */
	errno = EPIPE;
	cancel_trigger(cancel);
	assert_int_equal(errno, EPIPE);
}

static void test_comes_in_time(void **state)
{
	g_autoptr(Cancel) cancel = cancel_new_within(NULL, 50);

	(void)state;
	assert_false(cancel_triggered(cancel));
	assert_true(wakes(cancel, PATIENCE));
	assert_true(cancel_triggered(cancel));
}

static void test_comes_with_its_parent(void **state)
{
	g_autoptr(Cancel) parent = cancel_new();
	g_autoptr(Cancel) cancel = cancel_new_within(parent, PATIENCE);

	(void)state;
	assert_false(cancel_triggered(cancel));
	assert_false(wakes(cancel, 0));
	cancel_trigger(parent);
	assert_true(cancel_triggered(cancel));
	assert_true(wakes(cancel, 0));
}

static void test_with_a_limit_leaves_its_parent(void **state)
{
	g_autoptr(Cancel) parent = cancel_new();
	g_autoptr(Cancel) cancel = cancel_new_within(parent, PATIENCE);

	(void)state;
	cancel_trigger(cancel);
	assert_true(cancel_triggered(cancel));
	assert_true(wakes(cancel, 0));
	assert_false(cancel_triggered(parent));
}

static void test_late_comes_after_its_parent(void **state)
{
	g_autoptr(Cancel) parent = cancel_new();
	g_autoptr(Cancel) cancel = cancel_new_late(parent, 100);
	int64_t start;

	(void)state;
	assert_false(wakes(cancel, 200));
	start = clock_monotonic();
	cancel_trigger(parent);
	assert_false(cancel_triggered(cancel));
	assert_true(wakes(cancel, PATIENCE));
	assert_true(cancel_triggered(cancel));
	assert_in_range(clock_monotonic() - start, 99, PATIENCE);
}

static void test_late_ends_before_it_comes(void **state)
{
	g_autoptr(Cancel) parent = cancel_new();
	g_autoptr(Cancel) never = cancel_new_late(NULL, 1);
	int64_t start = clock_monotonic();

	(void)state;
	cancel_trigger(parent);
	cancel_free(cancel_new_late(parent, PATIENCE));
	assert_in_range(clock_monotonic() - start, 0, PATIENCE - 1);
	assert_false(wakes(never, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_comes_after_its_parent),
		cmocka_unit_test(test_late_ends_before_it_comes),
		cmocka_unit_test(test_starts_untriggered),
		cmocka_unit_test(test_stays_triggered),
		cmocka_unit_test(test_none_cannot_be_cancelled),
		cmocka_unit_test(test_wakes_other_threads),
		cmocka_unit_test(test_serves_signal_handlers),
		cmocka_unit_test(test_keeps_errno),
		cmocka_unit_test(test_comes_in_time),
		cmocka_unit_test(test_comes_with_its_parent),
		cmocka_unit_test(test_with_a_limit_leaves_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
