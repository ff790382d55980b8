/* The baseline of the measurements: logs in, asks for all mails of INBOX with one pipelined FETCH
 * and only drains the socket. Prints bytes and seconds from the FETCH to its end.
 *
 *   drain PORT plain|tls USER PASSWORD */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)

typedef struct Peer {
	int socket;
	SSL *tls; /* NULL: plain */
} Peer;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static ssize_t receive(Peer *peer, char *data, size_t size)
{
	ssize_t got =
		peer->tls ? SSL_read(peer->tls, data, (int)size) : read(peer->socket, data, size);

	if (got <= 0)
		die("connection lost");
	return got;
}

static void send_text(Peer *peer, const char *text)
{
	int size = (int)strlen(text);

	if ((peer->tls ? SSL_write(peer->tls, text, size)
		       : write(peer->socket, text, (size_t)size)) != size)
		die("write");
}

/* Reads until a line begins with END, which may lie across two reads. */
static size_t read_until(Peer *peer, const char *end)
{
	static char data[BUFFER_SIZE];
	size_t keep = 0, total = 0, length = strlen(end);

	for (;;) {
		size_t got = (size_t)receive(peer, data + keep, sizeof(data) - keep);
		total += got;
		/* Only the tail can hold it: the server says nothing behind its tagged answer. */
		size_t have = keep + got, tail = have > 4096 ? have - 4096 : 0;
		if (memmem(data + tail, have - tail, end, length))
			return total;
		keep = have < length ? have : length;
		memmove(data, data + have - keep, keep);
	}
}

static Peer connect_to(int port, bool tls)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	Peer peer = {.socket = socket(AF_INET, SOCK_STREAM, 0)};

	if (connect(peer.socket, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");
	if (tls) {
		peer.tls = SSL_new(SSL_CTX_new(TLS_client_method()));
		SSL_set_fd(peer.tls, peer.socket);
		if (SSL_connect(peer.tls) != 1)
			die("TLS");
	}
	return peer;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	char login[512];

	if (argc != 5)
		return 2;
	Peer peer = connect_to(atoi(argv[1]), strcmp(argv[2], "tls") == 0);
	read_until(&peer, "* OK");
	snprintf(login, sizeof(login), "a LOGIN \"%s\" \"%s\"\r\n", argv[3], argv[4]);
	send_text(&peer, login);
	read_until(&peer, "a OK");
	send_text(&peer, "b EXAMINE INBOX\r\n");
	read_until(&peer, "b OK");
	double begin = now();
	send_text(&peer, "c UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n");
	size_t bytes = read_until(&peer, "\r\nc OK");
	printf("%zu %.6f\n", bytes, now() - begin);
	return 0;
}
