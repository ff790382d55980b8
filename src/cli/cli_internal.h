/* Inside of the command line: what a command is given, how it reads and prints. Only for cli*.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>
#include "app/office.h"
#include "base/cancel.h"
#include "base/i18n.h"
#include "base/secret.h"
#include "failure/failure.h"

/* All options of all commands; a command's row says which it takes. */
typedef struct CliOptions {
	char *data;
	char *database;
	gboolean json;
	gboolean quiet;
	gboolean verbose;
	gboolean help;
	gboolean version;
	char *user;
	char **mailboxes;
	char **folders;
	char *uids;
	char *since;
	char *case_number;
	char *search;
	char *limit;
	char *output;
	char *reason;
	char *display_name;
	char *password_file;
	char *username;
	char *listen;
	char *tls_cert;
	char *from;
	char **to;
	char **cc;
	char **bcc;
	char *subject;
	char **attach;
	char *reply;
	char *send_to;
	char **eml;
	char *trusted_proxy;
	char *tls_key;
	char *expires;
	gboolean admin;
	gboolean archive;
	gboolean no_admin;
	gboolean no_archive;
	gboolean all;
	gboolean dry_run;
	gboolean new;
} CliOptions;

typedef struct Cli {
	CliOptions options;
	const struct CliCommand *command; /* NULL: none that there is */
	char **arguments;		  /* behind the command's words, NULL-terminated */
	int argument_count;
	const char *actor; /* "cli:LOGIN" */
	Office *office;
	Cancel *cancel;
	bool printed;	/* a JSON document stands on standard output */
	bool told;	/* people know already what the failure at the end says */
	bool explained; /* and its advice and technical message */
	bool asks;	/* what fails for want of a sign-in is tried again after one */
} Cli;

typedef bool CliRun(Cli *cli, GError **error);

typedef struct CliCommand {
	const char *words;     /* "archive list" */
	const char *arguments; /* as the usage shows them */
	int least, most;       /* how many; most -1: any number */
	const char *options;   /* names separated by blanks; one with '!' is required */
	CliRun *run;
	const char *summary; /* N_(…) */
} CliCommand;

/* The rows of each file, ended by NULL words. */
extern const CliCommand cli_user_commands[];
extern const CliCommand cli_settings_commands[];
extern const CliCommand cli_login_commands[];
extern const CliCommand cli_check_commands[];
extern const CliCommand cli_mail_commands[];
extern const CliCommand cli_archive_commands[];
extern const CliCommand cli_send_commands[];
extern const CliCommand cli_apikey_commands[];
extern const CliCommand cli_audit_commands[];
extern const CliCommand cli_serve_commands[];

/* ---- cli_options.c ---- */

/* Parses ARGV by COMMAND's options (NULL: only the common ones) into CLI. FAILURE_USAGE. */
bool cli_parse(Cli *cli, const CliCommand *command, int argc, char **argv, GError **error);
/* Where COMMAND (nullable) takes no arguments, a word behind a list option's value is one more
 * value of it ("--to a@amt.example b@amt.example"). ARGV with the option before each; the vector is
 * yours, the texts are ARGV's. */
char **cli_spread_lists(const CliCommand *command, char *const *argv, int *argc);
void cli_options_clear(CliOptions *options);
/* The usage of COMMAND, or of all COMMANDS (NULL-terminated lists of rows), on standard output. */
void cli_print_help(const CliCommand *command, const CliCommand *const *tables);

/* "amtspost login --user NAME": the call that COMMAND needs at least; yours. */
char *cli_describe_call(const CliCommand *command);

/* A positive whole number from an option's text; NULL text gives FALLBACK. FAILURE_USAGE. */
bool cli_parse_number(const char *text, int64_t fallback, int64_t *number, GError **error);
/* --since, --expires: a day or a time; NULL text gives 0. */
bool cli_parse_time(const char *text, int64_t *seconds, GError **error);

/* The one --mailbox of commands that work on one, borrowed; NULL: not given. FAILURE_USAGE. */
bool cli_single_mailbox(const Cli *cli, const char **mailbox, GError **error);

/* ---- cli_input.c ---- */

/* Text from standard input (or PATH), without one trailing newline; a prompt without echo at a
 * terminal. */
Secret *cli_read_secret(const Cli *cli, const char *path, const char *prompt, GError **error);
char *cli_read_text(const char *path, GError **error);
/* Two secrets, a line each, from standard input; *SECOND NULL: there is no second line. */
bool cli_read_secrets(Secret **first, Secret **second, GError **error);

/* ---- cli_output.c ---- */

void cli_print(const char *format, ...) G_GNUC_PRINTF(1, 2); /* standard output, UTF-8 */
/* TEXT made safe for a terminal. */
void cli_print_line(const char *text);
/* TEXT in lines that mail programs leave alone: the first behind HEAD, which fills COLUMN columns,
 * the others below its beginning. A word that is longer than a line is broken. */
void cli_print_wrapped(const char *head, int column, const char *text);
/* Takes DOCUMENT and prints it as the command's one JSON document. */
void cli_print_json(Cli *cli, json_t *document);
/* Elements of an array that may be long, printed one by one; finish always, also after none. */
void cli_print_element(Cli *cli, json_t *element);
void cli_finish_array(Cli *cli);

/* The call, as advice names it. */
FailureCall cli_call(const Cli *cli);

/* A table for people: columns as wide as their widest cell, the last one free. */
typedef struct CliTable CliTable;
CliTable *cli_table_new(const char *const *titles); /* NULL-terminated */
/* As many cells as titles; NULL prints as "–". */
void cli_table_add(CliTable *table, const char *const *cells);
/* Prints and frees it. */
void cli_table_print(CliTable *table);
