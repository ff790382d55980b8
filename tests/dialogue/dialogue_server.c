/* The scripted server: a thread at the other end of a socket pair. Byte by byte means one packet
 * for each byte, so that no two of them can be read at once. */
#include "dialogue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client that says nothing for so long hangs. */
#define PATIENCE 10000

typedef struct Server {
	const Dialogue *dialogue;
	const Play *play;
	int descriptor;
	GString *heard;
	char *wrong;
} Server;

static bool say(Server *server, const char *text, size_t size)
{
	size_t piece = server->play->byte_by_byte ? 1 : size;

	while (size > 0) {
		ssize_t sent = send(server->descriptor, text, MIN(piece, size), MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		text += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* More of what the client says; false at its end. */
static bool hear_more(Server *server)
{
	struct pollfd place = {.fd = server->descriptor, .events = POLLIN};
	char buffer[65536];
	ssize_t count;

	if (poll(&place, 1, PATIENCE) <= 0)
		return false;
	count = recv(server->descriptor, buffer, sizeof buffer, 0);
	if (count <= 0)
		return false;
	g_string_append_len(server->heard, buffer, count);
	return true;
}

/* The client's next line, yours; NULL: it went away. */
static char *hear_line(Server *server)
{
	char *end, *line;

	while (!(end = strstr(server->heard->str, "\r\n"))) {
		if (!hear_more(server))
			return NULL;
	}
	line = g_strndup(server->heard->str, (gsize)(end - server->heard->str));
	g_string_erase(server->heard, 0, end + 2 - server->heard->str);
	return line;
}

static bool hear(Server *server, const Step *step)
{
	g_autofree char *line = hear_line(server);
	bool right = line && (step->pattern ? g_pattern_match_simple(step->text, line)
					    : strcmp(step->text, line) == 0);

	if (!right)
		server->wrong = g_strdup_printf(
			"expected <%s>, heard <%s>", step->text, line ? line : "nothing");
	return right;
}

static bool play_step(Server *server, size_t index)
{
	const Step *step = g_ptr_array_index(server->dialogue->steps, index);

	if (index == server->play->cut_step) {
		say(server, step->text, server->play->cut_size);
		return false;
	}
	if (step->kind == STEP_HEAR)
		return hear(server, step);
	return say(server, step->text, step->size);
}

static void *serve(void *context)
{
	Server *server = context;
	size_t count = server->dialogue->steps->len;
	size_t index = 0;

	while (index < count && play_step(server, index))
		index++;
	/* The client closes first, unless it was cut off. */
	while (index == count && hear_more(server))
		;
	close(server->descriptor);
	return NULL;
}

void dialogue_play(const Dialogue *dialogue, const Play *play, GPtrArray *lines, char **wrong)
{
	Server server = {.dialogue = dialogue, .play = play};
	int pair[2];
	pthread_t thread;

	if (socketpair(AF_UNIX, (play->byte_by_byte ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC,
		    0, pair) != 0)
		g_error("socketpair: %s", g_strerror(errno));
	server.descriptor = pair[1];
	server.heard = g_string_new(NULL);
	if (pthread_create(&thread, NULL, serve, &server) != 0)
		g_error("pthread_create");
	dialogue_run_client(dialogue, pair[0], lines);
	pthread_join(thread, NULL);
	g_string_free(server.heard, TRUE);
	*wrong = server.wrong;
}
