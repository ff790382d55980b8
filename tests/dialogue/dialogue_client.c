/* The client: runs the actions of its protocol's table and notes what comes of them. */
#include "dialogue.h"

#include <stdlib.h>
#include <string.h>
#include "failure/failure.h"

void dialogue_note(Client *client, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(client->lines, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

Stream *dialogue_stream(Client *client)
{
	int descriptor = client->descriptor;

	client->descriptor = -1;
	return stream_open_socket(descriptor, DIALOGUE_TIMEOUT, NULL);
}

SaslIdentity dialogue_identity(char **words, Secret **secret)
{
	SaslIdentity identity = {.username = words[1]};

	*secret = secret_new(words[2], strlen(words[2]));
	if (strcmp(words[0], "login-token") != 0) {
		identity.password = *secret;
		identity.authorize_as = words[3];
		return identity;
	}
	identity.token = *secret;
	identity.host = words[3];
	if (identity.host && words[4])
		identity.port = (uint16_t)g_ascii_strtoull(words[4], NULL, 10);
	return identity;
}

static bool run_action(const Protocol *protocol, Client *client, const char *line, GError **error)
{
	g_auto(GStrv) words = NULL;
	int count;

	if (!g_shell_parse_argv(line, &count, &words, NULL))
		g_error("not an action: %s", line);
	for (const Action *action = protocol->actions; action->name; action++) {
		if (strcmp(words[0], action->name) == 0 && (unsigned)count >= action->words)
			return action->run(client, words, error);
	}
	g_error("not an action: %s", line);
}

/* What the failure's message lacks and what it should not tell. A cut has a message of its own. */
static void note_message(const Dialogue *dialogue, Client *client, const GError *error)
{
	bool cut = failure_is(error, FAILURE_CONNECTION_LOST);
	g_autofree char *sentence = failure_sentence(error);

	for (guint i = 0; i < dialogue->told->len && !cut; i++) {
		const char *text = g_ptr_array_index(dialogue->told, i);

		if (!strstr(error->message, text))
			dialogue_note(client, "message without %s: %s", text, error->message);
	}
	for (guint i = 0; i < dialogue->untold->len; i++) {
		const char *text = g_ptr_array_index(dialogue->untold, i);

		if (strstr(error->message, text) || strstr(sentence, text))
			dialogue_note(client, "message with %s: %s", text, error->message);
	}
}

/* The failure's name, and whether the session outlives it, which the header promises to tell. */
static void note_failure(const Dialogue *dialogue, Client *client, const GError *error)
{
	const Protocol *protocol = dialogue->protocol;
	bool alive = protocol->is_alive(client);

	dialogue_note(client, "failure %s%s", failure_name(error), alive ? ", still alive" : "");
	if (protocol->note_more)
		protocol->note_more(client);
	note_message(dialogue, client, error);
}

void dialogue_run_client(const Dialogue *dialogue, int descriptor, GPtrArray *lines)
{
	const Protocol *protocol = dialogue->protocol;
	Client client = {.descriptor = descriptor, .lines = lines};
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < dialogue->actions->len && !error; i++) {
		if (!run_action(protocol, &client, g_ptr_array_index(dialogue->actions, i), &error))
			note_failure(dialogue, &client, error);
	}
	protocol->close(&client);
}
