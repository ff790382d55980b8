/* Why a name has no address: getaddrinfo asked once more, since curl does not tell. In a thread,
 * because getaddrinfo can neither be cancelled nor given a deadline. */
#include "net/stream_internal.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/file.h"

/* Shared by the thread and who waits for it; the last one frees it. */
typedef struct Lookup {
	char *host;
	Descriptor done;
	atomic_int answer;
	atomic_int users;
} Lookup;

static void lookup_release(Lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->users, 1) > 1)
		return;
	descriptor_close(&lookup->done);
	g_free(lookup->host);
	g_free(lookup);
}

static void *look_up(void *data)
{
	Lookup *lookup = data;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int answer = getaddrinfo(lookup->host, NULL, &hints, &found);

	if (answer == 0)
		freeaddrinfo(found);
	atomic_store(&lookup->answer, answer);
	eventfd_write(lookup->done, 1);
	lookup_release(lookup);
	return NULL;
}

static Lookup *lookup_start(const char *host)
{
	Lookup *lookup = g_new0(Lookup, 1);
	pthread_t thread;

	lookup->host = g_strdup(host);
	lookup->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Without an answer in time the name counts as temporarily unknown. */
	atomic_init(&lookup->answer, EAI_AGAIN);
	atomic_init(&lookup->users, 2);
	if (pthread_create(&thread, NULL, look_up, lookup) != 0)
		atomic_store(&lookup->users, 1);
	else
		pthread_detach(thread);
	return lookup;
}

Failure stream_name_failure(const char *host, int64_t deadline, const Cancel *cancel)
{
	Lookup *lookup = lookup_start(host);
	struct pollfd places[] = {
		{.fd = lookup->done, .events = POLLIN},
		{.fd = cancel_descriptor(cancel), .events = POLLIN},
	};
	int64_t left = MAX(deadline - clock_monotonic(), 0);
	int answer;

	poll(places, G_N_ELEMENTS(places), (int)left);
	answer = atomic_load(&lookup->answer);
	lookup_release(lookup);
	if (cancel_triggered(cancel))
		return FAILURE_CANCELLED;
	/* An answer now, where curl had none a moment ago: temporary as well. */
	return answer == EAI_AGAIN || answer == 0 ? FAILURE_NAME_TEMPORARY : FAILURE_NAME_UNKNOWN;
}
