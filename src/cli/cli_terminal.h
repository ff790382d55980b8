/* The person at the terminal: asked without echo, asked yes or no, and left with a terminal that
 * works, however the program ends. Only for cli*.c. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "cli/cli_internal.h"

/* Whether there is a person to ask: standard input and error are terminals, and no --json. */
bool cli_has_person(const Cli *cli);

/* A sentence or more for people beside the command's output, as one line. */
void cli_say(const char *text);

/* One line without echo behind PROMPT; yours, may be empty. FAILURE_CANCELLED. */
Secret *cli_ask_secret(const Cli *cli, const char *prompt, GError **error);

/* Yes to QUESTION; false also for anything unclear, and on cancelling. */
bool cli_ask_yes(const Cli *cli, const char *question);

/* Shows nothing of what is typed, until cli_show_input. */
void cli_hide_echo(void);
/* Shows nothing of what is typed or pasted, and takes it byte by byte, until cli_show_input: no
 * line is cut at the terminal's 4,096 letters. */
void cli_hide_input(void);
/* Async-signal-safe; does nothing if nothing is hidden. */
void cli_show_input(void);

/* Whether progress is shown: at a terminal, to people who did not say --quiet. */
bool cli_is_lively(const Cli *cli);
/* Says there that the server is being asked, until cli_clear_notice. */
void cli_show_notice(const Cli *cli);
void cli_clear_notice(const Cli *cli);
