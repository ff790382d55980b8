/* A cancel flag with an event descriptor, so that poll wakes too. One with a limit has a descriptor
 * around three: its own event, its timer and its parent's descriptor. A late one has a thread that
 * waits for its parent. */
#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/clock.h"

struct Cancel {
	atomic_bool triggered;
	int descriptor; /* what poll looks at */
	int event;
	int timer; /* -1: no limit, and descriptor is event */
	const Cancel *parent;
	int64_t deadline; /* monotonic milliseconds; 0: none */
	/* Of a late one */
	pthread_t thread;
	Cancel *over; /* ends the thread; NULL: it has none */
	const Cancel *sooner;
	int delay; /* milliseconds */
};

static int check(int result, const char *call)
{
	if (result < 0)
		g_error("%s: %s", call, g_strerror(errno));
	return result;
}

Cancel *cancel_new(void)
{
	Cancel *cancel = g_new0(Cancel, 1);

	cancel->event = check(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
	cancel->descriptor = cancel->event;
	cancel->timer = -1;
	return cancel;
}

static void gather(const Cancel *cancel, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN};

	check(epoll_ctl(cancel->descriptor, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

Cancel *cancel_new_within(const Cancel *parent, int milliseconds)
{
	Cancel *cancel = cancel_new();
	struct itimerspec limit = {.it_value = {.tv_sec = milliseconds / 1000,
					   .tv_nsec = milliseconds % 1000 * 1000000L}};

	cancel->parent = parent;
	cancel->deadline = clock_monotonic() + milliseconds;
	cancel->timer = check(
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create");
	check(timerfd_settime(cancel->timer, 0, &limit, NULL), "timerfd_settime");
	cancel->descriptor = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	gather(cancel, cancel->event);
	gather(cancel, cancel->timer);
	if (parent)
		gather(cancel, parent->descriptor);
	return cancel;
}

static void *come_late(void *data)
{
	Cancel *cancel = data;
	struct pollfd waited[] = {
		{.fd = cancel->sooner->descriptor, .events = POLLIN},
		{.fd = cancel->over->descriptor, .events = POLLIN},
	};

	while (!cancel_triggered(cancel->sooner) && !cancel_triggered(cancel->over))
		poll(waited, G_N_ELEMENTS(waited), -1);
	if (!cancel_wait(cancel->over, cancel->delay))
		cancel_trigger(cancel);
	return NULL;
}

Cancel *cancel_new_late(const Cancel *parent, int milliseconds)
{
	Cancel *cancel = cancel_new();

	if (!parent)
		return cancel;
	cancel->over = cancel_new();
	cancel->sooner = parent;
	cancel->delay = milliseconds;
	if (pthread_create(&cancel->thread, NULL, come_late, cancel) != 0)
		g_error("pthread_create failed");
	return cancel;
}

void cancel_free(Cancel *cancel)
{
	if (!cancel)
		return;
	if (cancel->over) {
		cancel_trigger(cancel->over);
		pthread_join(cancel->thread, NULL);
		cancel_free(cancel->over);
	}
	if (cancel->timer >= 0) {
		close(cancel->descriptor);
		close(cancel->timer);
	}
	close(cancel->event);
	g_free(cancel);
}

void cancel_trigger(Cancel *cancel)
{
	int saved = errno;
	ssize_t written;

	atomic_store(&cancel->triggered, true);
	/* A full counter is readable already, so a failed write changes nothing. */
	written = write(cancel->event, &(uint64_t){1}, sizeof(uint64_t));
	(void)written;
	errno = saved;
}

bool cancel_triggered(const Cancel *cancel)
{
	/* The timer may come a moment before the millisecond of the clock. */
	return cancel && (atomic_load(&cancel->triggered) || cancel_triggered(cancel->parent) ||
				 (cancel->deadline && clock_monotonic() >= cancel->deadline - 1));
}

bool cancel_wait(const Cancel *cancel, int milliseconds)
{
	struct pollfd descriptor = {.fd = cancel_descriptor(cancel), .events = POLLIN};

	while (!cancel_triggered(cancel)) {
		int ready = poll(&descriptor, 1, milliseconds);

		if (ready == 0 || (ready < 0 && errno != EINTR))
			break;
	}
	return cancel_triggered(cancel);
}

int cancel_descriptor(const Cancel *cancel)
{
	return cancel ? cancel->descriptor : -1;
}
