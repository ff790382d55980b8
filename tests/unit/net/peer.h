/* A scripted mail server for the tests of net/: a child process that speaks as much IMAP or SMTP as
 * the connecting phase needs, with real TLS by libssl limited to one version. Whatever it receives
 * in the clear is kept, so that a test can prove that nothing secret was among it. */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib.h>
#include <openssl/ssl.h>
#include "failure/failure.h"
#include "net/stream.h"

#define PEER_LINE 1000
#define PEER_CLEAR 65536

typedef struct PeerChannel PeerChannel;

typedef struct PeerScript {
	bool smtp;
	bool ipv6;		 /* listens on ::1 in place of 127.0.0.1 */
	bool implicit;		 /* TLS from the first byte */
	int version;		 /* TLS1_VERSION …; 0: all */
	const char *certificate; /* PEM with key; NULL: no TLS at all */
	const char *greeting;	 /* NULL: the protocol's usual one */
	bool hides_starttls;
	bool refuses_starttls;
	const char *injected; /* in the packet of STARTTLS's answer */
	bool talks_plain;     /* after STARTTLS, in place of a handshake */
	/* Comes first (a proxy, say); false ends the connection. */
	bool (*before)(PeerChannel *channel, const void *data);
	const void *data;
	/* Speaks with LINES in place of a mail server. */
	void (*talk)(PeerChannel *channel, const void *lines);
	const void *lines;
} PeerScript;

typedef struct Peer {
	pid_t process;
	uint16_t port;
	struct PeerMemory {
		atomic_int connections;
		atomic_size_t clear_size;
		char clear[PEER_CLEAR];
	} * shared;
} Peer;

struct PeerChannel {
	const PeerScript *script;
	struct PeerMemory *shared;
	int descriptor;
	SSL *tls; /* NULL: in the clear */
	bool closed;
};

static inline int peer_get(PeerChannel *channel)
{
	unsigned char byte;
	ssize_t count = channel->tls ? SSL_read(channel->tls, &byte, 1)
				     : recv(channel->descriptor, &byte, 1, 0);

	if (count != 1)
		return -1;
	if (!channel->tls) {
		size_t place = atomic_fetch_add(&channel->shared->clear_size, 1);

		if (place < PEER_CLEAR)
			channel->shared->clear[place] = (char)byte;
	}
	return byte;
}

static inline void peer_put(PeerChannel *channel, const char *text)
{
	if (channel->tls)
		SSL_write(channel->tls, text, (int)strlen(text));
	else if (send(channel->descriptor, text, strlen(text), MSG_NOSIGNAL) < 0)
		channel->closed = true;
}

static inline bool peer_get_line(PeerChannel *channel, char line[static PEER_LINE])
{
	size_t size = 0;
	int byte;

	while ((byte = peer_get(channel)) >= 0 && byte != '\n' && size < PEER_LINE - 1) {
		if (byte != '\r')
			line[size++] = (char)byte;
	}
	line[size] = '\0';
	return byte >= 0;
}

static inline bool peer_shake_hands(PeerChannel *channel)
{
	const PeerScript *script = channel->script;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
	SSL_CTX_set_min_proto_version(context, script->version ? script->version : TLS1_VERSION);
	SSL_CTX_set_max_proto_version(context, script->version);
	SSL_CTX_use_certificate_chain_file(context, script->certificate);
	SSL_CTX_use_PrivateKey_file(context, script->certificate, SSL_FILETYPE_PEM);
	channel->tls = SSL_new(context);
	SSL_set_fd(channel->tls, channel->descriptor);
	return SSL_accept(channel->tls) == 1;
}

/* Answers STARTTLS and does what the script says behind it; false ends the connection. */
static inline bool peer_start_tls(PeerChannel *channel, const char *accepted, const char *refused)
{
	const PeerScript *script = channel->script;
	g_autofree char *answer =
		g_strconcat(accepted, script->injected ? script->injected : "", NULL);

	if (script->refuses_starttls) {
		peer_put(channel, refused);
		return true;
	}
	peer_put(channel, answer);
	if (script->talks_plain) {
		peer_put(channel, "* OK no handshake here\r\n");
		return true;
	}
	return peer_shake_hands(channel);
}

static inline bool peer_offers_starttls(const PeerChannel *channel)
{
	return channel->script->certificate && !channel->tls && !channel->script->hides_starttls;
}

static inline bool peer_answer_imap(PeerChannel *channel, const char *line)
{
	const char *command = strchr(line, ' ');
	g_autofree char *tag = g_strndup(line, command ? (gsize)(command - line) : 0);
	g_autofree char *done = g_strdup_printf("%s OK done\r\n", tag);
	g_autofree char *refused = g_strdup_printf("%s NO not now\r\n", tag);

	if (!command)
		return false;
	if (g_ascii_strcasecmp(command, " STARTTLS") == 0)
		return peer_start_tls(channel, done, refused);
	if (g_ascii_strcasecmp(command, " CAPABILITY") == 0)
		peer_put(channel, peer_offers_starttls(channel)
					  ? "* CAPABILITY IMAP4rev1 STARTTLS\r\n"
					  : "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
	peer_put(channel, done);
	return true;
}

static inline bool peer_answer_smtp(PeerChannel *channel, const char *line)
{
	if (g_ascii_strncasecmp(line, "STARTTLS", 8) == 0)
		return peer_start_tls(channel, "220 go\r\n", "454 not now\r\n");
	if (g_ascii_strncasecmp(line, "EHLO", 4) == 0 && peer_offers_starttls(channel))
		peer_put(channel, "250-peer.test\r\n250 STARTTLS\r\n");
	else
		peer_put(channel, "250 peer.test\r\n");
	return true;
}

static inline void peer_talk(PeerChannel *channel)
{
	const PeerScript *script = channel->script;
	const char *usual = script->smtp ? "220 peer.test ESMTP\r\n" : "* OK peer ready\r\n";
	char line[PEER_LINE];
	bool going = !script->before || script->before(channel, script->data);

	going = going && (!script->implicit || peer_shake_hands(channel));
	if (going && script->talk) {
		script->talk(channel, script->lines);
		return;
	}
	if (going)
		peer_put(channel, script->greeting ? script->greeting : usual);
	while (going && !channel->closed && peer_get_line(channel, line))
		going = script->smtp ? peer_answer_smtp(channel, line)
				     : peer_answer_imap(channel, line);
}

/* One process a connection, so that a probe is served while another connection waits. */
static inline void peer_accept(Peer *peer, const PeerScript *script, int listener)
{
	for (;;) {
		int descriptor = accept(listener, NULL, NULL);
		PeerChannel channel = {script, peer->shared, descriptor, NULL, false};

		if (descriptor < 0)
			_exit(1);
		atomic_fetch_add(&peer->shared->connections, 1);
		setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			peer_talk(&channel);
			_exit(0);
		}
		close(descriptor);
	}
}

/* A listener on a free port of ::1. */
static inline int peer_listen6(uint16_t *port)
{
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(address);

	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(listen(listener, 16), 0);
	assert_return_code(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin6_port);
	return listener;
}

/* A listener on a free port of 127.0.0.1. */
static inline int peer_listen(uint16_t *port)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(listen(listener, 16), 0);
	assert_return_code(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return listener;
}

static inline Peer peer_start(const PeerScript *script)
{
	Peer peer = {0};
	int listener = script->ipv6 ? peer_listen6(&peer.port) : peer_listen(&peer.port);

	peer.shared = mmap(NULL, sizeof(*peer.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(peer.shared, MAP_FAILED);
	peer.process = fork();
	if (peer.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
		peer_accept(&peer, script, listener);
	}
	close(listener);
	return peer;
}

static inline void peer_stop(Peer *peer)
{
	if (peer->process == 0)
		return;
	kill(peer->process, SIGKILL);
	waitpid(peer->process, NULL, 0);
	munmap(peer->shared, sizeof(*peer->shared));
	*peer = (Peer){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Peer, peer_stop)

/* True if TEXT arrived at PEER without encryption. */
static inline bool peer_saw_clear(const Peer *peer, const char *text)
{
	size_t size = MIN(atomic_load(&peer->shared->clear_size), PEER_CLEAR);

	return memmem(peer->shared->clear, size, text, strlen(text)) != NULL;
}

/* Credentials that no test may find in the clear. */
#define PEER_USERNAME "Geheimnisname"
#define PEER_PASSWORD "Geheimniswort"

/* An endpoint of PEER on 127.0.0.1 with a time-out of two seconds; nothing in it is owned. */
static inline Endpoint peer_endpoint(const Peer *peer, TlsMode tls, const char *ca_file)
{
	return (Endpoint){
		.host = (char *)"127.0.0.1",
		.port = peer->port,
		.tls = tls,
		.timeout = 2,
		.ca_file = (char *)ca_file,
	};
}

/* Asserts that ERROR is FAILURE, and says what it is otherwise. */
static inline void assert_failure(const GError *error, Failure failure)
{
	assert_non_null(error);
	if (failure_of(error) != failure)
		fail_msg("got %s: %s", failure_name(error), error->message);
}
