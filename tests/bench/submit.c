/* Sending many mails over one connection, by different hands:
 *
 *   submit sink                      a server that takes everything; prints its port
 *   submit bare PORT MAILS SIZE      a bare client, the next envelope behind each content
 *   submit chunk PORT MAILS SIZE     the same with BDAT (RFC 3030): a mail in one write
 *   submit chunks PORT MAILS SIZE    and without waiting for replies, twenty mails in flight
 *   submit curl PORT MAILS SIZE      one libcurl handle that is used again
 *   submit module PORT MAILS SIZE    smtp/
 *
 * The clients print seconds, from the second mail's begin to the last one's reply. */
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "smtp/smtp.h"

#define BUFFER_SIZE (256 * 1024)
#define IN_FLIGHT 20 /* mails of `chunks` that are not answered */

typedef struct Peer {
	int socket;
	char data[BUFFER_SIZE];
	size_t begin, end;
} Peer;

typedef struct Task {
	int port;
	unsigned mails;
	size_t size;
	char *content; /* ends in CRLF */
} Task;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void send_all(int socket, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);

		if (sent <= 0)
			die("send");
		data += sent;
		size -= (size_t)sent;
	}
}

static void set_nodelay(int socket)
{
	int on = 1;

	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* More input behind what is there; false at the end. */
static bool receive(Peer *peer)
{
	ssize_t got;

	if (peer->begin > 0) {
		memmove(peer->data, peer->data + peer->begin, peer->end - peer->begin);
		peer->end -= peer->begin;
		peer->begin = 0;
	}
	if (peer->end == BUFFER_SIZE)
		die("a line without end");
	got = recv(peer->socket, peer->data + peer->end, BUFFER_SIZE - peer->end, 0);
	if (got < 0)
		die("recv");
	peer->end += (size_t)got;
	return got > 0;
}

/* The next line with its LF, as long as nothing else is read; NULL: none is there. */
static char *take_line(Peer *peer)
{
	char *line = peer->data + peer->begin;
	char *end = memchr(line, '\n', peer->end - peer->begin);

	if (!end)
		return NULL;
	peer->begin += (size_t)(end + 1 - line);
	return line;
}

/* ---- the server ---- */

typedef struct Sink {
	Peer peer;
	char replies[4096];
	size_t replied;
} Sink;

static void flush_replies(Sink *sink)
{
	send_all(sink->peer.socket, sink->replies, sink->replied);
	sink->replied = 0;
}

static void reply(Sink *sink, const char *text)
{
	size_t size = strlen(text);

	if (sink->replied + size > sizeof sink->replies)
		flush_replies(sink);
	memcpy(sink->replies + sink->replied, text, size);
	sink->replied += size;
}

/* Replies go out once there is nothing left to read, as Postfix does it. */
static bool sink_receive(Sink *sink)
{
	if (sink->replied > 0)
		flush_replies(sink);
	return receive(&sink->peer);
}

static void drop_content(Sink *sink)
{
	static const char dot[] = "\r\n.\r\n";
	Peer *peer = &sink->peer;
	char *end;

	while (!(end = memmem(peer->data + peer->begin, peer->end - peer->begin, dot, 5))) {
		if (peer->end - peer->begin > 4)
			peer->begin = peer->end - 4;
		if (!sink_receive(sink))
			return;
	}
	peer->begin = (size_t)(end + 5 - peer->data);
}

static void drop_chunk(Sink *sink, size_t size)
{
	Peer *peer = &sink->peer;

	while (size > peer->end - peer->begin) {
		size -= peer->end - peer->begin;
		peer->begin = peer->end;
		if (!sink_receive(sink))
			return;
	}
	peer->begin += size;
}

static bool serve_line(Sink *sink, const char *line)
{
	if (strncmp(line, "EHLO", 4) == 0)
		reply(sink, "250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n"
			    "250 SIZE 50000000\r\n");
	else if (strncmp(line, "DATA", 4) == 0) {
		reply(sink, "354 End data with <CR><LF>.<CR><LF>\r\n");
		sink->peer.begin -= 2; /* an empty content begins with the dot */
		drop_content(sink);
		reply(sink, "250 2.0.0 Ok: queued as 4CYzXk1JbWz4x\r\n");
	} else if (strncmp(line, "BDAT", 4) == 0) {
		drop_chunk(sink, strtoul(line + 5, NULL, 10));
		reply(sink, "250 2.0.0 Ok: queued as 4CYzXk1JbWz4x\r\n");
	} else if (strncmp(line, "RCPT", 4) == 0)
		reply(sink, "250 2.1.5 Ok\r\n");
	else
		reply(sink, "250 2.1.0 Ok\r\n");
	return strncmp(line, "QUIT", 4) != 0;
}

static void *serve(void *context)
{
	Sink *sink = context;
	char *line;
	bool goes_on = true;

	set_nodelay(sink->peer.socket);
	reply(sink, "220 sink ESMTP\r\n");
	while (goes_on) {
		while (goes_on && (line = take_line(&sink->peer)))
			goes_on = serve_line(sink, line);
		goes_on = goes_on && sink_receive(sink);
	}
	close(sink->peer.socket);
	free(sink);
	return NULL;
}

static int run_sink(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 10) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		die("listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		Sink *sink = calloc(1, sizeof *sink);
		pthread_t thread;

		sink->peer.socket = accept(listener, NULL, NULL);
		if (sink->peer.socket < 0 || pthread_create(&thread, NULL, serve, sink) != 0)
			die("accept");
		pthread_detach(thread);
	}
}

/* ---- bare clients ---- */

/* Reads a reply and wants it to begin with CODE; smtp-sink has other texts, but no other codes. */
static void expect(Peer *peer, const char *code)
{
	char *line;

	do {
		while (!(line = take_line(peer))) {
			if (!receive(peer))
				die("closed");
		}
		if (strncmp(line, code, 3) != 0)
			die(code);
	} while (line[3] == '-');
}

static Peer *open_peer(int port)
{
	static const char hello[] = "EHLO bench.example.org\r\n";
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	Peer *peer = calloc(1, sizeof *peer);

	peer->socket = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(peer->socket, (struct sockaddr *)&address, sizeof address) != 0)
		die("connect");
	set_nodelay(peer->socket);
	expect(peer, "220");
	send_all(peer->socket, hello, strlen(hello));
	expect(peer, "250");
	return peer;
}

#define ENVELOPE "MAIL FROM:<clerk@amt.example>\r\nRCPT TO:<citizen@example.org>\r\n"

static double run_bare(const Task *task)
{
	Peer *peer = open_peer(task->port);
	static const char first[] = ENVELOPE "DATA\r\n";
	char *text = malloc(task->size + 1000);
	double begin = 0;
	size_t last, length;

	memcpy(text, task->content, task->size);
	memcpy(text + task->size, ".\r\n" ENVELOPE "DATA\r\n", 3 + strlen(first));
	last = task->size + 3;
	length = last + strlen(first);
	send_all(peer->socket, first, strlen(first));
	for (unsigned i = 0; i < task->mails; i++) {
		if (i == 1)
			begin = now();
		expect(peer, "250");
		expect(peer, "250");
		expect(peer, "354");
		send_all(peer->socket, text, i + 1 < task->mails ? length : last);
		expect(peer, "250");
	}
	return now() - begin;
}

static double send_chunks(const Task *task, unsigned in_flight)
{
	Peer *peer = open_peer(task->port);
	char *text = malloc(task->size + 1000);
	int head = snprintf(text, 1000, ENVELOPE "BDAT %zu LAST\r\n", task->size);
	double begin = now();

	memcpy(text + head, task->content, task->size);
	for (unsigned i = 0; i < task->mails + in_flight; i++) {
		if (i < task->mails)
			send_all(peer->socket, text, (size_t)head + task->size);
		for (unsigned part = 0; part < 3 && i >= in_flight; part++)
			expect(peer, "250");
	}
	return now() - begin;
}

static double run_chunk(const Task *task)
{
	return send_chunks(task, 0);
}

static double run_chunks(const Task *task)
{
	return send_chunks(task, IN_FLIGHT);
}

/* ---- libcurl ---- */

typedef struct Upload {
	const Task *task;
	size_t sent;
} Upload;

static size_t give(char *buffer, size_t size, size_t count, void *data)
{
	Upload *upload = data;
	size_t piece = MIN(size * count, upload->task->size - upload->sent);

	memcpy(buffer, upload->task->content + upload->sent, piece);
	upload->sent += piece;
	return piece;
}

static double run_curl(const Task *task)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *recipients = curl_slist_append(NULL, "<citizen@example.org>");
	char url[100];
	double begin = 0;

	snprintf(url, sizeof url, "smtp://127.0.0.1:%d/bench.example.org", task->port);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<clerk@amt.example>");
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	for (unsigned i = 0; i < task->mails; i++) {
		Upload upload = {task, 0};
		CURLcode code;

		if (i == 1)
			begin = now();
		curl_easy_setopt(easy, CURLOPT_READDATA, &upload);
		code = curl_easy_perform(easy);
		if (code != CURLE_OK)
			die(curl_easy_strerror(code));
	}
	return now() - begin;
}

/* ---- smtp/ ---- */

static void check(bool done, const GError *error)
{
	if (done)
		return;
	fprintf(stderr, "%s\n", error ? error->message : "not accepted");
	exit(1);
}

static SmtpSession *open_session(int port)
{
	Endpoint endpoint = {.protocol = MAIL_PROTOCOL_SMTP,
		.host = "127.0.0.1",
		.port = (uint16_t)port,
		.timeout = 30};
	g_autoptr(Secret) password = secret_new("Tannenbaum-4711", 15);
	GError *error = NULL;
	Stream *stream = stream_open(&endpoint, NULL, &error);
	SmtpSession *session = stream ? smtp_open(stream, &error) : NULL;

	check(session != NULL, error);
	/* As behind a login: what must not come back is looked for in all that the server says. */
	repeats_add_secret(stream_secrets(stream), password);
	return session;
}

static double run_module(const Task *task)
{
	const char *recipient = "citizen@example.org";
	const SmtpMail mail = {"clerk@amt.example", &recipient, 1, task->size};
	SmtpSession *session = open_session(task->port);
	double begin = 0;
	GError *error = NULL;

	check(smtp_mail_offer(session, &mail, &error), error);
	for (unsigned i = 0; i < task->mails; i++) {
		g_auto(SmtpAnswer) sender = {0}, answer = {0}, final = {0};
		bool ready = false;

		if (i == 1)
			begin = now();
		check(smtp_mail_begin(session, &sender, &answer, &ready, &error), error);
		check(ready && smtp_mail_write(session, task->content, task->size, &error), error);
		check(smtp_mail_finish(session, &error), error);
		if (i + 1 < task->mails)
			check(smtp_mail_offer(session, &mail, &error), error);
		check(smtp_mail_reply(session, &final, &error), error);
		check(final.code == 250, NULL);
	}
	return now() - begin;
}

/* Lines of 76 letters behind a short header, as base64 has them. */
static char *make_content(size_t size)
{
	char *content = malloc(size + 1);
	size_t head = (size_t)snprintf(content, size, "Subject: bench\r\n\r\n");

	for (size_t i = head; i < size; i++)
		content[i] = (i - head) % 78 == 76 ? '\r' : (i - head) % 78 == 77 ? '\n' : 'x';
	memcpy(content + size - 3, "x\r\n", 3);
	return content;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		double (*run)(const Task *task);
	} hands[] = {{"bare", run_bare}, {"chunk", run_chunk}, {"chunks", run_chunks},
		{"curl", run_curl}, {"module", run_module}};
	Task task;

	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	stream_start_library();
	if (argc == 2 && strcmp(argv[1], "sink") == 0)
		return run_sink();
	if (argc != 5)
		return 2;
	task = (Task){atoi(argv[2]), (unsigned)atoi(argv[3]), (size_t)atol(argv[4])};
	task.content = make_content(task.size);
	for (size_t i = 0; i < G_N_ELEMENTS(hands); i++) {
		if (strcmp(argv[1], hands[i].name) == 0) {
			printf("%.6f\n", hands[i].run(&task));
			return 0;
		}
	}
	return 2;
}
