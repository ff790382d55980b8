/* A protocol dialogue from a text file, its scripted server, and the client that is tested with it.
 *
 * A file's lines:
 *   # remark
 *   @ CAPABILITIES  the greeting and the first CAPABILITY with this answer
 *   S: line         the server says, CRLF added
 *   s: text         the same without CRLF, with the escapes of C
 *   C: line         what the client must say now
 *   c: pattern      the same with * and ?
 *   ! action        what the client does next (dialogue_client.c has the list)
 *   = line          what comes of it; a failure by its name, and it is the last */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct Step {
	enum { STEP_SAY, STEP_HEAR } kind;
	char *text;
	size_t size;
	bool pattern; /* STEP_HEAR */
} Step;

typedef struct Dialogue {
	GPtrArray *steps;    /* Step * */
	GPtrArray *actions;  /* char * */
	GPtrArray *expected; /* char * */
} Dialogue;

/* Ends the program with a message if PATH is no dialogue. */
Dialogue *dialogue_read(const char *path);
void dialogue_free(Dialogue *dialogue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dialogue, dialogue_free)

/* How the server plays. */
typedef struct Play {
	bool byte_by_byte;
	size_t cut_step; /* closes in this step, G_MAXSIZE: never */
	size_t cut_size; /* having said so many of its bytes */
} Play;

/* Plays DIALOGUE with the client at the other end. LINES gets what came of the actions, WRONG
 * (yours, NULL: nothing) what the server did not expect to hear. */
void dialogue_play(const Dialogue *dialogue, const Play *play, GPtrArray *lines, char **wrong);

/* The client: runs ACTIONS over the connected DESCRIPTOR (taken), adds to LINES, stops at a
 * failure. */
void dialogue_run_client(int descriptor, const GPtrArray *actions, GPtrArray *lines);
