/* Secrets and texts from standard input, a file or the terminal. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/file.h"
#include "failure/failure.h"

#define INPUT_LIMIT (8 * 1024 * 1024)

/* Drops one line end: LF or CRLF. */
static size_t without_newline(char *text, size_t size)
{
	if (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (size > 0 && text[size] == '\0' && text[size - 1] == '\r')
		text[--size] = '\0';
	return size;
}

/* All of PATH, NULL: of standard input. */
static char *read_all(const char *path, size_t *size, GError **error)
{
	char *text = path ? file_read(path, INPUT_LIMIT, size)
			  : file_read_descriptor(STDIN_FILENO, INPUT_LIMIT, size);

	if (!text)
		failure_set_errno(
			error, FAILURE_INPUT_UNREADABLE, path ? path : _("Standardeingabe"), errno);
	return text;
}

char *cli_read_text(const char *path, GError **error)
{
	size_t size;
	char *text = read_all(path, &size, error);

	if (text && memchr(text, '\0', size)) {
		failure_set(error, FAILURE_INPUT_UNREADABLE, path ? path : _("Standardeingabe"),
			"a NUL byte in the text");
		g_clear_pointer(&text, g_free);
	}
	return text;
}

Secret *cli_take_line(const char *text, size_t size)
{
	if (size > 0 && text[size - 1] == '\n')
		size--;
	if (size > 0 && text[size - 1] == '\r')
		size--;
	return secret_new(text, size);
}

/* One line from the terminal with the echo off; yours. */
static Secret *ask(const char *prompt, GError **error)
{
	struct termios before, silent;
	char line[1024];
	char *got;
	Secret *secret = NULL;

	/* Silent before the prompt: whoever types at once is not shown either. */
	tcgetattr(STDIN_FILENO, &before);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fprintf(stderr, "%s: ", prompt);
	got = fgets(line, sizeof line, stdin);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	if (got)
		secret = secret_new(line, without_newline(line, strlen(line)));
	else
		failure_set(error, FAILURE_CANCELLED, NULL, "no input");
	secret_wipe(line, sizeof line);
	return secret;
}

Secret *cli_read_secret(const Cli *cli, const char *path, const char *prompt, GError **error)
{
	size_t size;
	char *text;
	Secret *secret;

	if (!path && !cli->options.json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return ask(prompt, error);
	text = read_all(path, &size, error);
	if (!text)
		return NULL;
	secret = secret_new(text, without_newline(text, size));
	secret_wipe(text, size);
	g_free(text);
	return secret;
}
