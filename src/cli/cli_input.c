/* Secrets and texts from standard input, a file or the terminal. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "cli/cli_terminal.h"
#include "failure/failure.h"

#define INPUT_LIMIT (8 * 1024 * 1024)

/* SIZE without one line end: LF or CRLF. */
static size_t without_newline(const char *text, size_t size)
{
	if (size == 0 || text[size - 1] != '\n')
		return size;
	size--;
	return size > 0 && text[size - 1] == '\r' ? size - 1 : size;
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

/* The SIZE bytes of a line, without its end. */
static Secret *take_line(const char *text, size_t size)
{
	return secret_new(text, without_newline(text, size));
}

/* Standard input to its end; where it is a terminal all the same, without showing what is typed. */
static char *read_hidden(size_t *size, GError **error)
{
	char *text;

	cli_hide_echo();
	text = read_all(NULL, size, error);
	cli_show_input();
	return text;
}

bool cli_read_secrets(Secret **first, Secret **second, GError **error)
{
	size_t size;
	char *text = read_hidden(&size, error);
	char *end;
	size_t length;

	if (!text)
		return false;
	end = memchr(text, '\n', size);
	length = end ? (size_t)(end - text) + 1 : size;
	if (size > length) {
		const char *rest = text + length;
		const char *rest_end = memchr(rest, '\n', size - length);

		*second = take_line(rest, rest_end ? (size_t)(rest_end - rest) + 1 : size - length);
	}
	*first = take_line(text, length);
	secret_wipe(text, size);
	g_free(text);
	return true;
}

Secret *cli_read_secret(const Cli *cli, const char *path, const char *prompt, GError **error)
{
	size_t size;
	char *text;
	Secret *secret;

	if (!path && cli_has_person(cli))
		return cli_ask_secret(cli, prompt, error);
	text = path ? read_all(path, &size, error) : read_hidden(&size, error);
	if (!text)
		return NULL;
	secret = secret_new(text, without_newline(text, size));
	secret_wipe(text, size);
	g_free(text);
	return secret;
}
