/* A cancel flag with an event descriptor, so that poll wakes too. */
#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct Cancel {
	atomic_bool triggered;
	int descriptor;
};

Cancel *cancel_new(void)
{
	Cancel *cancel = g_new0(Cancel, 1);

	cancel->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cancel->descriptor < 0)
		g_error("eventfd: %s", g_strerror(errno));
	return cancel;
}

void cancel_free(Cancel *cancel)
{
	if (!cancel)
		return;
	close(cancel->descriptor);
	g_free(cancel);
}

void cancel_trigger(Cancel *cancel)
{
	int saved = errno;
	ssize_t written;

	atomic_store(&cancel->triggered, true);
	/* A full counter is readable already, so a failed write changes nothing. */
	written = write(cancel->descriptor, &(uint64_t){1}, sizeof(uint64_t));
	(void)written;
	errno = saved;
}

bool cancel_triggered(const Cancel *cancel)
{
	return cancel && atomic_load(&cancel->triggered);
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
