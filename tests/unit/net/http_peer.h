/* A scripted HTTP server for tests, spoken by a peer: it reads each request whole, which the peer
 * keeps (peer_saw_clear), and answers what the script says, one request a connection. */
#pragma once

#include "peer.h"

#include <stdlib.h>

/* Reads head and body of a request; false: the client left before. */
static inline bool http_peer_read(PeerChannel *channel)
{
	static const char name[] = "Content-Length:";
	char line[PEER_LINE];
	unsigned long left = 0;

	do {
		if (!peer_get_line(channel, line))
			return false;
		if (g_ascii_strncasecmp(line, name, strlen(name)) == 0)
			left = strtoul(line + strlen(name), NULL, 10);
	} while (*line != '\0');
	for (; left > 0; left--) {
		if (peer_get(channel) < 0)
			return false;
	}
	return true;
}

/* For PeerScript.talk: ANSWERS are texts ended by NULL, one for each connection; the last one is
 * for all that follow. */
static inline void http_peer_answer(PeerChannel *channel, const void *answers)
{
	const char *const *answer = answers;
	int number = atomic_load(&channel->shared->connections);

	if (!http_peer_read(channel))
		return;
	while (--number > 0 && answer[1])
		answer++;
	peer_put(channel, *answer);
}

static inline Peer http_peer_start(const char *const *answers)
{
	return peer_start(&(const PeerScript){.talk = http_peer_answer, .lines = answers});
}

/* What PEER received in the clear, all requests one behind the other; yours. */
static inline GBytes *http_peer_requests(const Peer *peer)
{
	size_t size = MIN(atomic_load(&peer->shared->clear_size), PEER_CLEAR);

	return g_bytes_new(peer->shared->clear, size);
}
