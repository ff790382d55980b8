/* Which addresses a name has, or why none: curl does not tell. getaddrinfo in a thread, because it
 * can neither be cancelled nor given a deadline. */
#include "net/stream_internal.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/file.h"

/* Addresses of one name that are told. */
#define ADDRESS_LIMIT 16

/* Shared by the thread and who waits for it; the last one frees it. */
typedef struct Lookup {
	char *host;
	Descriptor done;
	GPtrArray *addresses; /* char *; the thread's until there is an answer */
	atomic_int answer;
	atomic_int users;
} Lookup;

static void lookup_release(Lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->users, 1) > 1)
		return;
	descriptor_close(&lookup->done);
	g_ptr_array_unref(lookup->addresses);
	g_free(lookup->host);
	g_free(lookup);
}

static void keep_addresses(Lookup *lookup, const struct addrinfo *found)
{
	char text[NI_MAXHOST];

	for (; found && lookup->addresses->len < ADDRESS_LIMIT; found = found->ai_next) {
		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
			    NI_NUMERICHOST) == 0)
			g_ptr_array_add(lookup->addresses, g_strdup(text));
	}
}

static void *look_up(void *data)
{
	Lookup *lookup = data;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int answer = getaddrinfo(lookup->host, NULL, &hints, &found);

	if (answer == 0) {
		keep_addresses(lookup, found);
		freeaddrinfo(found);
	}
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
	lookup->addresses = g_ptr_array_new_with_free_func(g_free);
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

/* What there is of LOOKUP's answer by DEADLINE; *ADDRESSES, yours, for 0. */
static int lookup_wait(
	Lookup *lookup, int64_t deadline, const Cancel *cancel, GPtrArray **addresses)
{
	struct pollfd places[] = {
		{.fd = lookup->done, .events = POLLIN},
		{.fd = cancel_descriptor(cancel), .events = POLLIN},
	};
	int64_t left = MAX(deadline - clock_monotonic(), 0);
	int answer;

	poll(places, G_N_ELEMENTS(places), (int)left);
	answer = atomic_load(&lookup->answer);
	if (answer == 0)
		*addresses = g_ptr_array_ref(lookup->addresses);
	lookup_release(lookup);
	return answer;
}

Failure stream_name_failure(const char *host, int64_t deadline, const Cancel *cancel)
{
	g_autoptr(GPtrArray) addresses = NULL;
	int answer = lookup_wait(lookup_start(host), deadline, cancel, &addresses);

	if (cancel_triggered(cancel))
		return FAILURE_CANCELLED;
	/* An answer now, where curl had none a moment ago: temporary as well. */
	return answer == EAI_AGAIN || answer == 0 ? FAILURE_NAME_TEMPORARY : FAILURE_NAME_UNKNOWN;
}

GPtrArray *stream_resolve(const char *host, int timeout, const Cancel *cancel, GError **error)
{
	int64_t deadline = clock_monotonic() + timeout * INT64_C(1000);
	g_autoptr(GPtrArray) addresses = NULL;
	int answer = lookup_wait(lookup_start(host), deadline, cancel, &addresses);
	Failure failure = answer == EAI_AGAIN ? FAILURE_NAME_TEMPORARY : FAILURE_NAME_UNKNOWN;

	if (answer == 0 && !cancel_triggered(cancel))
		return g_steal_pointer(&addresses);
	failure_set(error, cancel_triggered(cancel) ? FAILURE_CANCELLED : failure, host, "%s: %s",
		host, gai_strerror(answer));
	return NULL;
}
