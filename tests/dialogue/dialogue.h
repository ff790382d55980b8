/* A protocol dialogue from a text file, its scripted server, and the client that is tested with it.
 *
 * The folder of a file names its protocol. A file's lines:
 *   # remark
 *   @ OFFER         the greeting and the first question with this answer: what the server can do
 *   S: line         the server says, CRLF added
 *   s: text         the same without CRLF, with the escapes of C
 *   C: line         what the client must say now
 *   c: pattern      the same with * and ?
 *   ! action        what the client does next (dialogue_imap.c, dialogue_smtp.c have the lists)
 *   = line          what comes of it; a failure by its name, and it is the last
 *   + text          stands in the failure's message
 *   - text          stands neither there nor in its sentence */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "imap/imap.h"
#include "smtp/smtp.h"

/* Of a client's stream: longer than any dialogue takes; one that hangs fails by it. */
#define DIALOGUE_TIMEOUT 2

typedef struct Step {
	enum { STEP_SAY, STEP_HEAR } kind;
	char *text;
	size_t size;
	bool pattern; /* STEP_HEAR */
} Step;

typedef struct Dialogue {
	const struct Protocol *protocol;
	GPtrArray *steps;    /* Step * */
	GPtrArray *actions;  /* char * */
	GPtrArray *expected; /* char * */
	GPtrArray *told;     /* char *: "+" */
	GPtrArray *untold;   /* char *: "-" */
} Dialogue;

/* Ends the program with a message if PATH is no dialogue. */
Dialogue *dialogue_read(const char *path);
void dialogue_free(Dialogue *dialogue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dialogue, dialogue_free)

/* For what "@" stands for: the server says LINE, hears LINE or something like PATTERN. */
void dialogue_say(Dialogue *dialogue, const char *line);
void dialogue_hear(Dialogue *dialogue, const char *line);
void dialogue_hear_like(Dialogue *dialogue, const char *pattern);

/* How the server plays. */
typedef struct Play {
	bool byte_by_byte;
	size_t cut_step; /* closes in this step, G_MAXSIZE: never */
	size_t cut_size; /* having said so many of its bytes */
} Play;

/* Plays DIALOGUE with the client at the other end. LINES gets what came of the actions, WRONG
 * (yours, NULL: nothing) what the server did not expect to hear. */
void dialogue_play(const Dialogue *dialogue, const Play *play, GPtrArray *lines, char **wrong);

typedef struct Client {
	int descriptor; /* until a session is open */
	ImapSession *imap;
	SmtpSession *smtp;
	GPtrArray *lines;
} Client;

typedef struct Action {
	const char *name;
	bool (*run)(Client *client, char **words, GError **error);
	unsigned words; /* at least */
} Action;

typedef struct Protocol {
	const char *name;				      /* of the folder with its dialogues */
	const Action *actions;				      /* ends with one without name */
	void (*offer)(Dialogue *dialogue, const char *offer); /* what "@" stands for */
	bool (*is_alive)(const Client *client);
	void (*note_more)(Client *client); /* behind a failure; NULL: there is nothing to tell */
	void (*close)(Client *client);
} Protocol;

extern const Protocol dialogue_imap, dialogue_smtp;

/* The client: runs the actions of DIALOGUE over the connected DESCRIPTOR (taken), adds to LINES,
 * stops at a failure. */
void dialogue_run_client(const Dialogue *dialogue, int descriptor, GPtrArray *lines);

/* For actions: adds a line to what came of them. */
void dialogue_note(Client *client, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A session's stream over the client's descriptor. */
Stream *dialogue_stream(Client *client);
/* "login USER PASSWORD [AS]" and "login-token USER TOKEN [HOST PORT]": whom SECRET, yours, and the
 * words behind it make. */
SaslIdentity dialogue_identity(char **words, Secret **secret);
