/* The listening socket, who takes connections in, and the addresses at both ends. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "failure/failure.h"
#include "web/web_http_internal.h"

#define BACKLOG 1024
#define FULL_WAIT 50 /* milliseconds until a connection or a descriptor may be free again */

static struct addrinfo *find_address(const char *address, uint16_t port)
{
	struct addrinfo wanted = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char service[sizeof("65535")];

	g_snprintf(service, sizeof(service), "%u", port);
	return getaddrinfo(address, service, &wanted, &found) == 0 ? found : NULL;
}

/* -1 with errno. */
static int listen_at(const struct addrinfo *place)
{
	int yes = 1;
	int no = 0;
	int saved;
	int listener = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (listener < 0)
		return -1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	/* "::" is every address, whatever the machine's default. */
	if (place->ai_family == AF_INET6)
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(listener, place->ai_addr, place->ai_addrlen) == 0 &&
		listen(listener, BACKLOG) == 0)
		return listener;
	saved = errno;
	close(listener);
	errno = saved;
	return -1;
}

int listen_open(const char *address, uint16_t port, GError **error)
{
	struct addrinfo *place = find_address(address, port);
	g_autofree char *name =
		g_strdup_printf(strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
	int listener;

	if (!place) {
		failure_set(error, FAILURE_LISTEN, name, "%s: not an IP address", address);
		return -1;
	}
	listener = listen_at(place);
	if (listener < 0)
		failure_set_errno(error, FAILURE_LISTEN, name, errno);
	freeaddrinfo(place);
	return listener;
}

typedef union Address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
} Address;

static Address own_address(int listener)
{
	Address address = {0};
	socklen_t size = sizeof(address);

	getsockname(listener, &address.any, &size);
	return address;
}

uint16_t listen_port(int listener)
{
	Address address = own_address(listener);

	return ntohs(
		address.any.sa_family == AF_INET6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
}

static WebReach reach_of_ipv4(const uint8_t bytes[static 4])
{
	static const uint8_t any[4];

	if (memcmp(bytes, any, sizeof(any)) == 0)
		return WEB_REACH_ANY;
	return bytes[0] == IN_LOOPBACKNET ? WEB_REACH_LOOPBACK : WEB_REACH_ADDRESS;
}

WebReach listen_reach(int listener)
{
	Address address = own_address(listener);
	const struct in6_addr *ipv6 = &address.ipv6.sin6_addr;

	if (address.any.sa_family == AF_INET)
		return reach_of_ipv4((const uint8_t *)&address.ipv4.sin_addr);
	if (IN6_IS_ADDR_V4MAPPED(ipv6))
		return reach_of_ipv4(&ipv6->s6_addr[12]);
	if (IN6_IS_ADDR_UNSPECIFIED(ipv6))
		return WEB_REACH_ANY;
	return IN6_IS_ADDR_LOOPBACK(ipv6) ? WEB_REACH_LOOPBACK : WEB_REACH_ADDRESS;
}

void peer_write(char peer[static INET6_ADDRSTRLEN], const struct sockaddr *address)
{
	const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, peer,
			INET6_ADDRSTRLEN);
	else if (IN6_IS_ADDR_V4MAPPED(ipv6))
		inet_ntop(AF_INET, &ipv6->s6_addr[12], peer, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, ipv6, peer, INET6_ADDRSTRLEN);
}

/* ---- taking in ---- */

/* The one with the fewest connections; NULL: each has as many as it may. */
static Crew *find_room(WebServer *server)
{
	Crew *best = NULL;
	unsigned fewest = CONNECTION_LIMIT / server->crew_count;

	for (unsigned i = 0; i < server->crew_count; i++) {
		unsigned count = atomic_load(&server->crews[i].connections);

		if (count >= fewest)
			continue;
		best = &server->crews[i];
		fewest = count;
	}
	return best;
}

/* False: there are as many from PEER as may be. */
static bool peer_enter(Crew *crew, const char *peer)
{
	WebServer *server = crew->server;
	unsigned count;

	pthread_mutex_lock(&server->lock);
	count = GPOINTER_TO_UINT(g_hash_table_lookup(server->peers, peer));
	if (count < CONNECTIONS_A_PEER)
		g_hash_table_insert(server->peers, g_strdup(peer), GUINT_TO_POINTER(count + 1));
	pthread_mutex_unlock(&server->lock);
	if (count >= CONNECTIONS_A_PEER)
		return false;
	atomic_fetch_add(&crew->connections, 1);
	return true;
}

void peer_leave(Crew *crew, const char *peer)
{
	WebServer *server = crew->server;
	unsigned count;

	pthread_mutex_lock(&server->lock);
	count = GPOINTER_TO_UINT(g_hash_table_lookup(server->peers, peer));
	if (count > 1)
		g_hash_table_insert(server->peers, g_strdup(peer), GUINT_TO_POINTER(count - 1));
	else
		g_hash_table_remove(server->peers, peer);
	pthread_mutex_unlock(&server->lock);
	atomic_fetch_sub(&crew->connections, 1);
}

/* Gives CONNECTION away, or closes it. */
static void hand_over(Crew *crew, int connection, const Address *address, socklen_t size)
{
	char peer[INET6_ADDRSTRLEN];

	peer_write(peer, &address->any);
	if (!peer_enter(crew, peer)) {
		close(connection);
		return;
	}
	/* It closes what it cannot take, and tells nobody of that end. */
	if (MHD_add_connection(crew->daemon, connection, &address->any, size) != MHD_YES)
		peer_leave(crew, peer);
}

/* False: there is nobody to take in, or no room for anybody. */
static bool take_in(WebServer *server)
{
	Crew *crew = find_room(server);
	Address address = {0};
	socklen_t size = sizeof(address);
	int connection =
		crew ? accept4(server->listener, &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK)
		     : -1;

	if (connection >= 0) {
		hand_over(crew, connection, &address, size);
		return true;
	}
	if (!crew || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
		g_usleep(FULL_WAIT * 1000L);
	return false;
}

void *listen_run(void *data)
{
	WebServer *server = data;
	struct pollfd places[] = {
		{.fd = server->listener, .events = POLLIN},
		{.fd = cancel_descriptor(server->stop), .events = POLLIN},
	};

	while (!cancel_triggered(server->stop)) {
		if (poll(places, G_N_ELEMENTS(places), -1) < 0)
			continue;
		while (!cancel_triggered(server->stop) && take_in(server))
			continue;
	}
	return NULL;
}
